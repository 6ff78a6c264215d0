"""Acknowledged means durable: no answer leaves before the log that holds its event was synced to the disk."""

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor

import pytest

from benchmarks import traffic
from tests.e2e.conftest import Server
from tests.faults.shim import Shim

pytestmark = pytest.mark.external

WRITES = 60
Line = Sequence[str]


def early(lines: Sequence[Line]) -> list[str]:
    """Marks that left by a socket before a sync of their log was over that had begun after they were written; whichever
    process synced it."""
    written: set[str] = set()
    syncing: dict[str, set[str]] = {}
    synced: set[str] = set()
    found = []
    for thread, what, *mark in lines:
        if what == "W":
            written.add(mark[0])
        elif what == "B":
            syncing[thread] = set(written)
        elif what == "S":
            synced |= syncing.pop(thread)
        elif mark[0] not in synced:
            found.append(mark[0])
    return found


def test_no_answer_leaves_before_its_event_is_synced(
    shim: Shim, serve: Callable[..., Server], keys: traffic.Keys
) -> None:
    own = next(write for write in traffic.WRITES if write.name == "sessions")
    server = serve("--workers", "2")

    def send(number: int) -> bool:
        mark = traffic.mark(1, number)
        asked = own.ask(mark, keys)
        with server.client() as client:
            answer = client.request(asked.method, asked.path, headers=asked.headers, content=asked.body)
        return own.accepted(answer.status_code, answer.text) and mark in answer.text

    with ThreadPoolExecutor(8) as pool:
        assert all(pool.map(send, range(WRITES)))
    lines = [line.split() for line in shim.order.read_text(encoding="ascii").splitlines()]
    left = {line[2] for line in lines if line[1] == "A"}
    assert left == {traffic.mark(1, number) for number in range(WRITES)}
    assert early(lines) == [], lines


def test_an_answer_that_left_too_early_would_be_seen() -> None:
    wrote, begins, synced, left = ["1", "W", "a"], ["2", "B"], ["2", "S"], ["1", "A", "a"]
    assert early([wrote, left, begins, synced]) == ["a"]
    assert early([wrote, begins, left, synced]) == ["a"]
    assert early([begins, wrote, synced, left]) == ["a"]
    assert early([wrote, begins, synced, left]) == []
