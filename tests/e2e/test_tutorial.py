"""The tutorial, followed to the letter: its blocks make a package, its commands give the answers that it shows."""

import os
import re
import subprocess
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.databases import free_port
from tests.e2e.conftest import BIN, ROOT
from tests.e2e.test_readme import shown

pytestmark = pytest.mark.once

TUTORIAL = (ROOT / "docs" / "tutorial.rst").read_text(encoding="utf-8")
EXAMPLE = ROOT / "examples" / "kiosk-checkout"
ADDRESS = "127.0.0.1:8080"
SERVE = "session-gateway serve"


def blocks(language: str) -> Iterator[tuple[str, str]]:
    """Options and text of each code block, in order."""
    pattern = rf"\.\. code-block:: {language}\n((?:   :.*\n)*)\n((?:   .*\n|\n)+)"
    for options, body in re.findall(pattern, TUTORIAL):
        yield options, "\n".join(line[3:] for line in body.rstrip("\n").split("\n"))


def written(language: str, name: str) -> str:
    """A file that the tutorial writes, block by block."""
    parts = [text.strip("\n") for options, text in blocks(language) if f":caption: {name}\n" in options]
    assert parts, f"no block writes {name}"
    return "\n\n\n".join(parts) + "\n"


def commands() -> list[tuple[str, str]]:
    """Each command that can be run here, with the lines shown after it."""
    found: list[tuple[str, str]] = []
    for options, text in blocks("console"):
        if "not-run" in options:
            continue
        for line in text.split("\n"):
            if line.startswith("$ "):
                found.append((line[2:], ""))
            elif line:
                found[-1] = (found[-1][0], found[-1][1] + line)
    return found


def lines(text: str) -> list[str]:
    return [line for line in text.splitlines() if line.strip()]


def test_it_ends_with_the_example() -> None:
    module = (EXAMPLE / "kiosk_checkout.py").read_text(encoding="utf-8")
    assert lines(written("python", "kiosk_checkout.py")) == lines(module)
    taught = tomllib.loads(written("toml", "pyproject.toml"))
    example = tomllib.loads((EXAMPLE / "pyproject.toml").read_text(encoding="utf-8"))
    del example["tool"]["pytest"]
    assert taught == example


@pytest.fixture
def package(tmp_path: Path) -> Path:
    """What ``pip install --editable .`` would lead to, without changing the environment of the tests."""
    (tmp_path / "kiosk_checkout.py").write_text(written("python", "kiosk_checkout.py"), encoding="utf-8")
    project = tomllib.loads(written("toml", "pyproject.toml"))["project"]
    info = tmp_path / f"kiosk_checkout-{project['version']}.dist-info"
    info.mkdir()
    head = f"Metadata-Version: 2.1\nName: {project['name']}\nVersion: {project['version']}\n"
    (info / "METADATA").write_text(head, encoding="utf-8")
    ((group, points),) = project["entry-points"].items()
    rows = "".join(f"{name} = {value}\n" for name, value in points.items())
    (info / "entry_points.txt").write_text(f"[{group}]\n{rows}", encoding="utf-8")
    return tmp_path


def test_every_command_gives_the_answer_that_is_shown(package: Path) -> None:
    wanted = commands()
    assert len(wanted) >= 9
    address = f"127.0.0.1:{free_port()}"
    script = ["set -e", "trap 'kill $server; wait $server || true' EXIT"]
    for command, _ in wanted:
        line = command.replace(ADDRESS, address)
        if line.startswith(SERVE):
            ready = f"curl -sf --retry 50 --retry-delay 1 --retry-connrefused -o /dev/null http://{address}/-/live"
            line = f"{line} --workers 1 --bind {address} >log 2>&1 & server=$!; {ready}"
        script.append(f"{line}\necho; echo '--next--'")
    environment = {**os.environ, "PATH": f"{BIN}:{os.environ['PATH']}", "PYTHONPATH": f"{package}:{ROOT}"}
    words = ["bash", "-c", "\n".join(script)]
    done = subprocess.run(words, cwd=package, env=environment, capture_output=True, text=True, timeout=90, check=False)
    log = package / "log"
    assert done.returncode == 0, done.stderr + (log.read_text(encoding="utf-8") if log.exists() else "")
    answers = [part.strip() for part in done.stdout.split("--next--")]
    for (command, expected), answer in zip(wanted, answers, strict=False):
        if expected and not shown(expected).fullmatch(answer):
            pytest.fail(f"{command}\nshown:  {expected}\nanswer: {answer}")
