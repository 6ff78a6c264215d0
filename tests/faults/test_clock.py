"""The clock is set back by an hour and forward by a day while the server runs."""

import sqlite3
import uuid
from collections.abc import Callable
from contextlib import closing

import pytest

from benchmarks import traffic
from gateway.store.check import check
from tests.e2e.conftest import Server
from tests.faults.load import ready
from tests.faults.shim import Shim
from tests.faults.test_store_away import send

pytestmark = pytest.mark.external

HOUR, DAY = 3600, 86_400


def accepted(server: Server, keys: traffic.Keys, number: int) -> list[str]:
    """Send a write of each API but BioT, whose tokens have a time to live; gives the names of those accepted."""
    found = send(server, keys, number)
    return [row[0].name for row in found if row[0].accepted(row[2].status_code, row[2].text)]


def test_order_ids_and_repeats_while_the_clock_jumps(
    shim: Shim, serve: Callable[..., Server], keys: traffic.Keys
) -> None:
    names = [write.name for write in traffic.WRITES]
    server = serve("--workers", "1")
    assert accepted(server, keys, 0) == names
    shim.set_clock(-HOUR)
    assert accepted(server, keys, 0) == names, "a repeat within the window is answered"
    assert accepted(server, keys, 100) == names
    shim.set_clock(DAY)
    assert accepted(server, keys, 200) == names
    shim.set_clock(0)
    assert accepted(server, keys, 300) == names
    assert ready(server)
    server.stop()
    with closing(sqlite3.connect(server.database)) as connection:
        rows = connection.execute("SELECT position, id, body FROM events ORDER BY position").fetchall()
    ids = [uuid.UUID(bytes=row[1]) for row in rows if "SessionEnd" in row[2]]
    assert ids == sorted(ids), "a process never goes back"
    assert len({row[1] for row in rows}) == len(rows)
    assert all(one.version == 7 for one in ids)
    order = [found for row in rows for start in (0, 100, 200, 300) if (found := place(row[2], start)) is not None]
    order = list(dict.fromkeys(order))
    assert order == sorted(order), "positions are the order in which writes were accepted"
    ended = [row for row in rows if traffic.mark(1, 0) in row[2]]
    assert len(ended) == 1, "the repeat after the step back was known"
    assert check(str(server.database)).problems == ()


def place(body: str, start: int) -> int | None:
    """The number of the write that an event is of, if it is one of those sent from ``start`` on."""
    return next((n for n in range(start + 1, start + len(traffic.WRITES)) if traffic.mark(1, n) in body), None)
