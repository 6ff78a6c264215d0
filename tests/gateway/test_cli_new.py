"""`session-gateway new api`: what it writes, and how it says what is wrong."""

import os
import re
from pathlib import Path

import pytest

from gateway.cli import main

DATA = Path(__file__).parents[1] / "data"
SAMPLE = DATA / "requests" / "biot-usage-session.json"


def run(*words: object) -> int:
    return main(["new", "api", *map(str, words)])


def test_a_package_is_written_and_what_to_do_next_is_said(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    assert run("my-api", "--from", SAMPLE) == 0
    told = capsys.readouterr().out
    assert re.match(r"session-gateway-my-api: my-api is written and answers its sample request; \d TODO are left", told)
    assert "pytest --conformance my-api --conformance-level smoke" in told
    written = {str(path.relative_to(tmp_path / "session-gateway-my-api")) for path in tmp_path.rglob("*.*")}
    assert {
        "pyproject.toml",
        "README.rst",
        "session_gateway_my_api/api.py",
        "session_gateway_my_api/messages.py",
        "session_gateway_my_api/py.typed",
        "tests/test_my_api.py",
        "tests/golden/my-api/conformance.toml",
        "tests/golden/my-api/my_api__as_sampled/response.http",
    } <= written
    assert not [path for path in written if "__pycache__" in path]


def test_a_folder_that_exists_is_left_alone_unless_forced(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    folder = tmp_path / "here"
    folder.mkdir()
    (folder / "mine.txt").write_text("mine")
    assert run("my-api", "--from", SAMPLE, "--into", folder) == 2
    assert capsys.readouterr().err == (
        f"session-gateway: {folder} exists; name another folder with --into, or write into it with --force\n"
    )
    assert os.listdir(folder) == ["mine.txt"]
    assert run("my-api", "--from", SAMPLE, "--into", folder, "--force") == 0
    assert {"mine.txt", "pyproject.toml"} <= set(os.listdir(folder))


@pytest.mark.parametrize(
    ("name", "status", "told"),
    [
        ("workstation", 2, "there is an API 'workstation' already"),
        ("My Api", 1, "'My Api' cannot be an API's name"),
        ("a" * 41, 1, "use at most 40"),
    ],
)
def test_a_name_that_cannot_be_is_refused(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], name: str, status: int, told: str
) -> None:
    assert run(name, "--from", SAMPLE, "--into", tmp_path / "x") == status
    assert told in capsys.readouterr().err
    assert not (tmp_path / "x").exists()


@pytest.mark.parametrize(
    ("content", "told"),
    [
        (None, "No such file"),
        (b"", "is empty"),
        (b"<a>", "not well-formed"),
        (b"[]", "must be a JSON object, not a list"),
    ],
)
def test_a_file_that_cannot_be_is_one_line(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], content: bytes | None, told: str
) -> None:
    file = tmp_path / "sample"
    if content is not None:
        file.write_bytes(content)
    assert run("my-api", "--from", file, "--into", tmp_path / "x") == 1
    error = capsys.readouterr().err
    assert told in error
    assert error.count("\n") == 1
    assert str(file.name) in error
    assert not (tmp_path / "x").exists()
