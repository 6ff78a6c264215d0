"""A worker that lives says so whatever the clock shows, and one whose master is gone ends."""

import asyncio
import os
from types import SimpleNamespace

import pytest

from gateway import heartbeat


@pytest.fixture(autouse=True)
def fast(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(heartbeat, "SECONDS", 0.01)


def beaten(ppid: int, seconds: float = 0.2) -> tuple[int, bool]:
    """How often a worker of this master said that it lives, and whether it was told to end."""
    signs: list[None] = []
    worker = SimpleNamespace(ppid=ppid, notify=lambda: signs.append(None))
    server = SimpleNamespace(should_exit=False)

    async def run() -> None:
        task = asyncio.create_task(heartbeat.beat(worker, server))
        await asyncio.sleep(seconds)
        task.cancel()

    asyncio.run(run())
    return len(signs), server.should_exit


def test_a_worker_says_that_it_lives_while_the_clock_stands_in_the_past(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("time.time", lambda: 0.0)
    signs, ended = beaten(os.getppid())
    assert signs >= 5
    assert not ended


def test_a_worker_whose_master_is_gone_ends() -> None:
    assert beaten(os.getppid() + 1) == (0, True)
