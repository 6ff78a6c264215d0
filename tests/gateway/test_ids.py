"""Identifiers sort by when they were made, whatever the clock does."""

import time
import uuid
from concurrent.futures import ThreadPoolExecutor

import pytest

from gateway import ids


def milliseconds(made: uuid.UUID) -> int:
    return made.int >> 80


def test_an_event_id_tells_its_moment_and_that_it_is_a_uuid_of_version_7() -> None:
    before = time.time_ns() // 1_000_000
    made = ids.event_id()
    assert before <= milliseconds(made) <= time.time_ns() // 1_000_000 + 1
    assert (made.version, made.variant) == (7, uuid.RFC_4122)


def test_each_is_greater_than_the_one_before_within_a_millisecond_too() -> None:
    made = [ids.event_id() for _ in range(10_000)]
    assert made == sorted(made)
    assert len(set(made)) == len(made)


def test_setting_the_clock_back_does_not_make_older_ones(monkeypatch: pytest.MonkeyPatch) -> None:
    first = ids.event_id()
    now = time.time_ns()
    monkeypatch.setattr(ids.time, "time_ns", lambda: now - 3600 * 10**9)
    made = [first, *(ids.event_id() for _ in range(100))]
    assert made == sorted(set(made))
    assert {one.version for one in made} == {7}
    assert {one.variant for one in made} == {uuid.RFC_4122}


@pytest.mark.parametrize(
    ("random", "milliseconds_later"), [((1 << 62) - 1, 0), (0xFFF << 64 | (1 << 62) - 1, 1)], ids=["low bits", "all"]
)
def test_a_step_is_carried_past_the_variant_and_the_version(
    monkeypatch: pytest.MonkeyPatch, random: int, milliseconds_later: int
) -> None:
    at = time.time_ns() // 1_000_000 + 10_000
    monkeypatch.setattr(ids, "_last", at << 80 | 7 << 76 | 2 << 62 | random)
    last = uuid.UUID(int=ids._last)
    made = ids.event_id()
    assert made > last
    assert milliseconds(made) == at + milliseconds_later
    assert (made.version, made.variant) == (7, uuid.RFC_4122)


def test_threads_never_get_the_same() -> None:
    with ThreadPoolExecutor(8) as pool:
        made = [one for part in pool.map(lambda _: [ids.event_id() for _ in range(500)], range(16)) for one in part]
    assert len(set(made)) == len(made)
