"""What `new api` writes: clean code that does what the kit asks, from every kind of source."""

import json
import subprocess
import sys
from collections.abc import Callable
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from gateway import registry
from gateway.conformance import checks, folder
from gateway.conformance.kit import Kit, Subject
from gateway.registry import Found
from gateway.scaffold import generate, record
from gateway.scaffold.names import key
from gateway.scaffold.package import Names
from gateway.scaffold.record import _imported

ROOT = Path(__file__).parents[3]
SAMPLES = (
    "requests/workstation-session-end.xml",
    "requests/workstation-session-end.json",
    "requests/ontime-user-session.json",
    "requests/biot-usage-session.json",
    "requests/mobileconnect-session-log.xml",
    "requests/partstream-logout.xml",
)
CONTRACTS = (
    "wsdl/published/partstream.wsdl",
    "wsdl/published/servicestack-soap11.wsdl",
    "wsdl/published/servicestack-soap12.wsdl",
    "wsdl/published/sessions.wsdl",
    "scaffold/customer.wsdl",
    "scaffold/petstore.yaml",
)
SOURCES = (*SAMPLES, *CONTRACTS)
WHOLE = ("requests/workstation-session-end.xml", "requests/biot-usage-session.json", "scaffold/customer.wsdl")
"""Those whose every fault is tried over every protocol; the others differ from them in nothing that faults know."""

Package = Callable[[str], Path]


def write(files: dict[str, bytes], folder: Path) -> Path:
    for path, content in files.items():
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_bytes(content)
    return folder


def name_of(made: Path) -> str:
    return next((made / "tests" / "golden").iterdir()).name


@pytest.mark.parametrize("source", SOURCES)
def test_the_kits_smoke_level_finds_nothing(package: Package, source: str) -> None:
    made = package(source)
    name, found = name_of(made), registry.discover()
    with _imported(made, Names(name).package) as plugin:
        among = replace(found, apis=(*found.apis, Found(plugin, "made")))
        golden = folder.read(made / "tests" / "golden" / name)
        with closing(Kit(among, Subject(plugin, golden), "smoke")) as kit:
            names = [check.name for check in wanted(kit, source)]
            told = [str(finding) for check in names for finding in checks.findings(kit, check)]
    assert told == []


def wanted(kit: Kit, source: str) -> list[checks.Check]:
    quick = ("declared", "documented", "golden")
    return [check for check in checks.of(kit) if source in WHOLE or check.name in quick]


@pytest.mark.parametrize("source", SOURCES)
def test_every_operation_has_a_golden_case_that_succeeds(package: Package, source: str) -> None:
    cases = list((package(source) / "tests" / "golden").glob("*/*/request.http"))
    assert cases
    assert [case.parent.name for case in cases if not (case.parent / "outcome.json").exists()] == []


def test_the_code_is_clean_to_ruff_and_the_type_checker(package: Package) -> None:
    made = [package(source) for source in SOURCES]
    for words in (["check", "--no-cache"], ["format", "--check", "--no-cache"]):
        done = subprocess.run(
            [sys.executable, "-m", "ruff", *words, *made], capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, done.stdout
    modules = [word for folder in made for word in ("-p", Names(name_of(folder)).package)]
    done = subprocess.run(
        [sys.executable, "-m", "mypy", "--config-file", ROOT / "pyproject.toml", *modules],
        capture_output=True,
        text=True,
        check=False,
        cwd=ROOT,
        env={"MYPYPATH": ":".join(map(str, made)), "PATH": ""},
    )
    assert [line for line in done.stdout.splitlines() if "session_gateway_" in line] == []
    assert "errors prevented" not in done.stdout
    assert done.stdout.startswith("Success") or "checked" in done.stdout


@pytest.mark.parametrize("source", SOURCES)
def test_only_the_spi_is_imported(package: Package, source: str) -> None:
    for module in package(source).glob("session_gateway_*/*.py"):
        lines = module.read_text(encoding="utf-8").splitlines()
        imported = {line.split()[1] for line in lines if line.startswith(("import ", "from "))}
        own = {name for name in imported if name.startswith("session_gateway_")}
        assert imported - own <= {"collections.abc", "decimal", "typing", "uuid", "gateway.spi"}


@pytest.mark.parametrize("source", SOURCES)
def test_the_same_file_makes_the_same_bytes(source: str) -> None:
    file = next(path for path in (ROOT / "tests" / "data" / source, ROOT / source) if path.exists())
    assert generate.files(file, "twice") == generate.files(file, "twice")


@pytest.mark.parametrize("source", SOURCES)
def test_what_is_unknown_is_a_todo(package: Package, source: str) -> None:
    made = next(package(source).glob("session_gateway_*"))
    lacking = [name for name in ("api", "commands", "faults") if "# TODO: " not in (made / f"{name}.py").read_text()]
    assert lacking == []


def test_an_operation_that_another_api_has_gets_a_name_of_its_own(package: Package) -> None:
    made = next(package("requests/mobileconnect-session-log.xml").glob("session_gateway_*"))
    text = (made / "api.py").read_text()
    assert '"UserClientSessionLogRequest2"' in text
    assert "published as UserClientSessionLogRequest: mobileconnect has an operation of this name" in text


def test_credentials_are_declared_and_never_kept(package: Package) -> None:
    made = package("requests/workstation-session-end.xml")
    assert "Key = fields.String(credential=True)" in next(made.glob("session_gateway_*/messages.py")).read_text()
    kept = next(made.glob("tests/golden/*/*/command.json")).read_text()
    assert '"Id": "170200123"' in kept
    assert "467512342123" not in kept


HOSTILE = {
    '"""\n\\': "1",
    "$name": "${name}",
    "é": 1,
    "a b": {"c-d": [1, {"x": None}]},
    "class": True,
    "fields": 1,
    "load": "x",
    "__init__": 2,
    "Nested": {"Nested": {"Nested": "'\""}},
    "# TODO": "\u2028",
    "1st": "1",
}


def test_names_and_texts_of_any_kind_stay_names_and_texts(tmp_path: Path) -> None:
    sample = tmp_path / "x\"'$name.json"
    sample.write_text(json.dumps(HOSTILE), encoding="utf-8")
    made = write(generate.files(sample, "hostile"), tmp_path / "made")
    record.record(made, "hostile", registry.discover())
    (command,) = json.loads(next(made.glob("tests/golden/*/*/command.json")).read_text())
    kept = command["changes"]["attributes"]["hostile"]
    assert sorted(map(str, kept.values())) == sorted(map(str, _keyed(HOSTILE).values()))
    for words in (["check", "--no-cache"], ["format", "--check", "--no-cache"]):
        done = subprocess.run([sys.executable, "-m", "ruff", *words, made], capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stdout


def _keyed(value: Any) -> Any:
    """A tree under the keys that Python allows."""
    if isinstance(value, dict):
        taken: list[str] = []
        for name in value:
            taken.append(key(name, taken))
        return dict(zip(taken, map(_keyed, value.values()), strict=True))
    return [_keyed(each) for each in value] if isinstance(value, list) else value
