"""A request that does not end is interrupted, whatever a plug-in catches."""

import time

import pytest

from gateway.conformance.hostile import TooSlow, interrupted


def endless() -> None:
    while True:
        try:
            time.sleep(1)
        except Exception:  # as a careless plug-in does
            continue


def test_what_does_not_end_is_interrupted() -> None:
    started = time.monotonic()
    with pytest.raises(TooSlow), interrupted(0.05):
        endless()
    assert time.monotonic() - started < 10


def test_what_ends_in_time_is_not() -> None:
    with interrupted(0.05):
        pass
    time.sleep(0.1)
