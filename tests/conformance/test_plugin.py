"""``pytest --conformance NAME``, as an author of a plug-in calls it: from any folder, without tests of one's own."""

import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = pytest.mark.once
ROOT = Path(__file__).parent.parent.parent


def run(place: Path, *words: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "pytest", "-p", "no:cacheprovider", *words]
    return subprocess.run(command, cwd=place, capture_output=True, text=True, check=False, timeout=120)


def test_an_api_and_a_protocol_are_checked_from_any_folder(tmp_path: Path) -> None:
    (tmp_path / "test_never_run.py").write_text("def test_fails():\n    assert False\n", encoding="utf-8")
    done = run(tmp_path, "--conformance", "partstream", "--conformance", "soap", "-k", "declared or unknown", "-v")
    assert done.returncode == 0, done.stdout
    assert "conformance/partstream::declared[SWServiceLogin]" in done.stdout
    assert "conformance/soap::unknown[ontime]" in done.stdout
    assert "test_never_run" not in done.stdout


def test_tests_of_ones_own_are_run_beside_when_they_are_named(tmp_path: Path) -> None:
    (tmp_path / "test_own.py").write_text("def test_declared():\n    pass\n", encoding="utf-8")
    done = run(tmp_path, "test_own.py", "--conformance", "ontime", "-k", "declared", "-v")
    assert "test_own.py::test_declared PASSED" in done.stdout
    assert "conformance/ontime::declared[api]" in done.stdout


def test_the_smoke_level_needs_no_golden_cases(tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    done = run(
        tmp_path, "--conformance=ontime", "--conformance-level=smoke", "--conformance-cases=empty", "-q", "-n", "2"
    )
    assert done.returncode == 0, done.stdout
    assert "passed" in done.stdout


def test_the_full_level_asks_for_golden_cases(tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    done = run(tmp_path, "--conformance=ontime", "--conformance-cases=empty", "-q", "-k", "coverage or presence")
    assert done.returncode == 1
    assert "no golden case of UserSessionPost succeeds" in done.stdout


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (("--conformance", "nothing"), "no API and no protocol is called 'nothing'; installed are biot"),
        (("--conformance", "ontime", "--conformance-cases", "nowhere"), "nowhere is no folder"),
    ],
)
def test_what_cannot_be_tested_is_wrong_usage(tmp_path: Path, words: tuple[str, ...], told: str) -> None:
    done = run(tmp_path, *words)
    assert done.returncode == 4
    assert told in done.stderr + done.stdout


BROKEN = """
from gateway import registry
from tests.conformance import tally

found = tally.with_plugin(registry.ApiPlugin("tally", lambda settings: tally.api_of(count={"doc": ""})))
registry.discover = lambda: found
"""


def test_a_failure_says_what_where_and_what_to_do(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "broken_tally.py").write_text(BROKEN, encoding="utf-8")
    monkeypatch.setenv("PYTHONPATH", f"{tmp_path}:{ROOT}")
    done = run(tmp_path, "-p", "broken_tally", "--conformance", "tally", "--conformance-level", "smoke")
    assert done.returncode == 1
    failure = (
        "The promise: The API, each operation, setting and member says what it is.\n\n"
        "wrong: it is not documented\nwhere: Operation('Count')\n   do: say in `doc` what it does"
    )
    assert failure in done.stdout
    assert "Traceback" not in done.stdout


def test_cases_are_recorded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PYTHONPATH", f"{tmp_path}:{ROOT}")
    (tmp_path / "broken_tally.py").write_text(BROKEN, encoding="utf-8")
    case = tmp_path / "tests" / "golden" / "tally" / "Count__unknown_key"
    case.mkdir(parents=True)
    text = "POST /tally/count HTTP/1.1\nX-Key: wrong\nContent-Type: application/json\n\n{}"
    (case / "request.http").write_text(text, encoding="utf-8")
    done = run(tmp_path, "-p", "broken_tally", "--conformance", "tally", "--conformance-record")
    assert done.returncode == 0, done.stdout
    assert (case / "response.http").read_bytes().endswith(b'{"Code":"unauthenticated","Count":0}')
    assert not (case / "command.json").exists()
