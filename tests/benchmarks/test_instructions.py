"""A request must not become dearer unnoticed: instructions, counted by callgrind, against those of the last time."""

import json
import math
from collections.abc import Mapping
from pathlib import Path

import pytest

from benchmarks import instructions

KNOWN = Path(__file__).parent.parent / "data" / "instructions.json"
TOLERANCE = 1.10
"""Between two runs of the same code there are 2 %."""


@pytest.mark.external
def test_a_request_costs_no_more_instructions_than_the_last_time():
    # ``why`` names what is missing and how to install it.
    if why := instructions.missing():
        pytest.skip(why)
    known = json.loads(KNOWN.read_text(encoding="utf-8"))
    found = instructions.counted()
    if _dearer(found, known):
        # Now and then a timer of the gateway falls into what is counted; hardly twice into the same.
        again = instructions.counted()
        found = {name: min(count, again[name]) for name, count in found.items()}
    dearer = _dearer(found, known)
    assert dearer == {}, f"now and then; if it is meant: python -m benchmarks.instructions --json > {KNOWN}"


def _dearer(found: Mapping[str, int], known: dict[str, int]) -> dict[str, tuple[int, int | None]]:
    return {name: (count, known.get(name)) for name, count in found.items() if count > _most(known, name)}


def _most(known: dict[str, int], name: str) -> float:
    """A figure that was never recorded has no bound yet."""
    return known[name] * TOLERANCE if name in known else math.inf
