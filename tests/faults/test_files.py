"""No file descriptors are left: who is connected is served, who comes waits or is turned away, and it passes."""

import os
import resource
import socket
from collections.abc import Callable

import httpx
import pytest

from benchmarks import traffic
from tests.e2e.conftest import Server
from tests.faults.load import ready, until, workers
from tests.faults.test_store_away import assert_accepted, assert_stored, send

pytestmark = pytest.mark.once
ROOM = 12
FLOOD = 200


def opened(process: int) -> int:
    """How many files a process has open."""
    return len(os.listdir(f"/proc/{process}/fd"))


def test_a_worker_without_descriptors_keeps_what_it_has_and_recovers(
    serve: Callable[..., Server], keys: traffic.Keys
) -> None:
    server = serve("--workers", "1")
    kept = assert_accepted(send(server, keys, 0))
    (worker,) = workers(server)
    before = opened(worker)
    resource.prlimit(worker, resource.RLIMIT_NOFILE, (before + ROOM, before + ROOM))
    own = next(write for write in traffic.WRITES if write.name == "sessions")
    with server.client() as early:
        assert early.get("/-/live").status_code == 200
        flood = [connection for connection in (connected(server) for _ in range(FLOOD)) if connection is not None]
        assert len(flood) > ROOM
        until(lambda: opened(worker) >= before + ROOM - 2)
        asked = own.ask(traffic.mark(1, 50), keys)
        answer = early.request(asked.method, asked.path, headers=asked.headers, content=asked.body)
        kept += assert_accepted([(own, traffic.mark(1, 50), answer)])
        for connection in flood:
            connection.close()
    until(lambda: ready(server) and opened(worker) <= before + 3, 15.0)
    kept += assert_accepted(send(server, keys, 100))
    assert workers(server) == [worker]
    server.stop()
    assert_stored(server.database, kept)


def connected(server: Server) -> socket.socket | None:
    """A connection on which nothing is said."""
    try:
        return socket.create_connection(("127.0.0.1", server.port), 1.0)
    except (OSError, httpx.HTTPError):
        return None
