"""kill -9 of a worker, of the master, and of everything at once, at random moments under load."""

import os
import random
import signal
import time
from collections.abc import Callable, Iterator

import pytest

from benchmarks.traffic import Keys
from tests.e2e.conftest import Server
from tests.faults.conftest import ROUNDS
from tests.faults.load import Load, assert_kept, until, workers

pytestmark = pytest.mark.once
SEED = int(os.environ.get("SEED") or random.randrange(10_000))
KINDS = ("worker", "master", "everything")


def kill_worker(server: Server) -> None:
    """The master starts another, and callers go on."""
    os.kill(random.choice(workers(server)), signal.SIGKILL)


def kill_master(server: Server) -> None:
    """Its workers finish what they are at, and end."""
    left = workers(server)
    os.kill(server.process.pid, signal.SIGKILL)
    server.process.wait(10)
    until(lambda: not any(alive(worker) for worker in left), 10.0)


def alive(process: int) -> bool:
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    return True


KILL: dict[str, Callable[[Server], None]] = {
    "worker": kill_worker,
    "master": kill_master,
    "everything": Server.kill,
}


@pytest.fixture
def kinds() -> Iterator[list[str]]:
    """What is killed in each round; each kind comes up."""
    chance = random.Random(SEED)
    yield [KINDS[number % 3] if number < 3 else chance.choice(KINDS) for number in range(ROUNDS)]
    print(f"again with SEED={SEED}")


def test_what_was_answered_is_there_exactly_once_whatever_is_killed(
    serve: Callable[..., Server], keys: Keys, kinds: list[str]
) -> None:
    server = serve("--workers", "2")
    for round_, kind in enumerate(kinds):
        if server.process.poll() is not None:
            server = serve("--workers", "2")
        with Load(server.url, keys, round_ + 1) as load:
            load.wait(20)
            time.sleep(random.Random(SEED + round_).uniform(0, 0.3))
            KILL[kind](server)
            if kind == "worker":
                load.wait(20)
        assert_kept(server.database, load)
        assert load.odd == []
        assert load.refused == [], kind
