"""Packages made from samples and contracts, each once for all tests."""

from collections.abc import Callable
from functools import cache
from pathlib import Path

import pytest

from gateway import registry
from gateway.scaffold import generate, record

ROOT = Path(__file__).parents[3]
DATA = ROOT / "tests" / "data"


def write(files: dict[str, bytes], folder: Path) -> Path:
    for path, content in files.items():
        file = folder / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(content)
    return folder


@pytest.fixture(scope="session", name="package")
def packages(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Path]:
    """The folder of the package made from a file below tests/data or wsdl/published, its golden cases recorded."""
    found = registry.discover()

    @cache
    def made(source: str) -> Path:
        file = next(path for path in (DATA / source, ROOT / source) if path.exists())
        name = api(source)
        folder = tmp_path_factory.mktemp(name)
        write(generate.files(file, name, record.operations(found, name)), folder)
        record.record(folder, name, found)
        return folder

    return made


def api(source: str) -> str:
    """The name of the API made from a file."""
    return "made-" + "".join(letter if letter.isalnum() else "-" for letter in Path(source).name.lower())
