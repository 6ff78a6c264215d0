"""Each row of the page on failures names a test that is there."""

import re
from pathlib import Path

import pytest

from tests.faults.test_sweep import UNAVAILABLE

pytestmark = pytest.mark.once

ROOT = Path(__file__).parent.parent.parent
PAGE = (ROOT / "docs" / "operate" / "failures.rst").read_text(encoding="utf-8")
ROWS = PAGE.split("   * - ")[2:]
NAMED = re.compile(r"``(tests/[\w/]+\.py)::(test_\w+)``")


def test_each_row_names_a_test_that_is_there() -> None:
    assert len(ROWS) >= 15
    for row in ROWS:
        named = NAMED.findall(row)
        assert named, row
        for file, test in named:
            assert f"def {test}(" in (ROOT / file).read_text(encoding="utf-8"), f"{file}::{test}"


def test_every_test_of_a_fault_stands_in_a_row() -> None:
    here = Path(__file__).parent
    tests = {
        name
        for file in here.glob("test_*.py")
        if file != Path(__file__)
        for name in re.findall(r"^def (test_\w+)\(", file.read_text(encoding="utf-8"), re.MULTILINE)
    }
    assert tests - {test for _, test in NAMED.findall(PAGE)} == {"test_an_answer_that_left_too_early_would_be_seen"}


def test_the_page_tells_what_each_api_answers_without_a_store() -> None:
    assert {str(status) for status, _ in UNAVAILABLE.values()} == set(
        re.findall(r"^\S.*?  (\d{3})  ", PAGE, re.MULTILINE)
    )
