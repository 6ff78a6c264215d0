"""A request must not become dearer unnoticed: instructions, counted by callgrind, against those of the last time."""

import json
import math
from pathlib import Path

import pytest

from benchmarks import instructions

KNOWN = Path(__file__).parent.parent / "data" / "instructions.json"
TOLERANCE = 1.10
"""Between two runs of the same code there are 2 %."""


@pytest.mark.external
def test_a_request_costs_no_more_instructions_than_the_last_time():
    if why := instructions.missing():
        pytest.skip(why)
    known = json.loads(KNOWN.read_text(encoding="utf-8"))
    found = instructions.counted()
    dearer = {name: (count, known.get(name)) for name, count in found.items() if count > _most(known, name)}
    assert dearer == {}, f"now and then; if it is meant: python -m benchmarks.instructions --json > {KNOWN}"


def _most(known: dict[str, int], name: str) -> float:
    """A figure that was never recorded has no bound yet."""
    return known[name] * TOLERANCE if name in known else math.inf
