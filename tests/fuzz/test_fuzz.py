"""What fuzzing has found stays found, and every target runs."""

import importlib.util
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.fuzz.__main__ import NAMES
from tests.fuzz.targets import PIPELINE, TARGETS, run

HERE = Path(__file__).parent
RUNS = 500
"""Inputs of a short run of one target, its seeds included."""


def inputs(name: str) -> list[Path]:
    """The seeds of a target, and what was found."""
    return sorted(path for kind in ("seeds", "cases") for path in (HERE / kind / name).glob("*"))


@pytest.fixture(autouse=True)
def nothing_stays_patched() -> Iterator[None]:
    """The gateway that a target made ends with the test."""
    yield
    PIPELINE.close()


@pytest.mark.parametrize("name", NAMES)
def test_every_seed_and_every_finding_ends_as_it_must(name: str) -> None:
    found = inputs(name)
    for path in found:
        run(name, path.read_bytes())
    assert len(found) > 5


def test_every_target_is_fuzzed() -> None:
    assert tuple(TARGETS) == NAMES


@pytest.mark.skipif(
    importlib.util.find_spec("atheris") is None,
    reason="atheris is missing: it is installed for Python 3.11 on Linux alone",
)
@pytest.mark.parametrize("name", NAMES)
def test_a_short_run_finds_nothing(name: str, tmp_path: Path) -> None:
    words = [sys.executable, "-m", "tests.fuzz", name, "--runs", str(RUNS), "--place", str(tmp_path)]
    done = subprocess.run(words, cwd=HERE.parent.parent, capture_output=True, text=True, errors="replace", check=False)
    assert done.returncode == 0, done.stderr[-3000:]
    executed = re.search(r"#(\d+)\s+DONE", done.stderr)
    assert executed is not None, done.stderr[-3000:]
    assert int(executed[1]) >= RUNS
