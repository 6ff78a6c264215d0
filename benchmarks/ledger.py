"""``python -m benchmarks.ledger``: what a write costs in the store, from the hand-over to the delivered outcome.

Fresh ends of workstation sessions, fresh OnTime and BioT sessions, and changes of one BioT session are committed in
batches, as prepared requests with their drafts, on a store that holds some thousands of events already, in one process
and without HTTP. For each size of batch the processor time (user and system), the wall time and the bytes that reached
the disk are told for each write; then, of one more run, the bytes that a write adds to the log (WAL), the statements of
a batch, and the database's bytes for each event. What a write costs must not grow with ``--filled``.
"""

import argparse
import gc
import itertools
import os
import platform
import tempfile
import time
import uuid
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from benchmarks.codec import BODY
from gateway import demo, ids
from gateway.boot import Gateway
from gateway.model import Key
from gateway.store.jobs import Job, deliver, job
from gateway.wire import Headers, WireRequest
from gateway.work import Work

BATCHES = (1, 8, 32, 64)
_BIOT = "/device/v1/devices/device-01/usage-sessions"
_BIOT_BODY = (
    b'{"_startTime":"2025-12-20T10:15:30Z","_state":"ACTIVE","_templateId":"3fa85f64-5717-4562-b3fc-2c963f66afa7",'
    b'"_patient":{"id":"3fa85f64-5717-4562-b3fc-2c963f66afa8"}}'
)
_ONTIME_BODY = (
    b'{"UserID":"7a1c1c0e-3c0f-4d5e-9a52-2f5b2d3c4e5f","Vehicle":null,"LogInType":"Driver",'
    b'"LogInTime":"2019-10-01T08:00:00","StartMileage":1200}'
)
_JSON = ("Content-Type", "application/json")
LOADS = ("workstation", "ontime", "biot", "biot-patch")


@dataclass(frozen=True, slots=True)
class Cost:
    """What one write cost, in microseconds and bytes."""

    cpu_us: float
    wall_us: float
    disk_bytes: float


def opened(database: Path) -> Gateway:
    """A gateway of the demonstration over this file."""
    # Not imported above: that module needs nothing of this one, and is long.
    from benchmarks.query import opened as open_demo

    return open_demo(database)


def template(gateway: Gateway, load: str) -> Work:
    """One prepared request of a load: one of :data:`LOADS`."""
    if load == "workstation":
        return _prepared(gateway, "/api/v1/workstation/session/end", BODY, ("Content-Type", "application/xml"))
    if load == "ontime":
        key = ("Authorization", demo.ONTIME_KEY)
        return _prepared(gateway, "/sites/acme/api/userSession/post", _ONTIME_BODY, _JSON, key)
    token = demo.token(demo.private_key(gateway.settings["database"]), "PROTECTED_API")
    headers = (_JSON, ("Authorization", f"Bearer {token}"))
    if load == "biot":
        return _prepared(gateway, _BIOT, _BIOT_BODY, *headers)
    return _prepared(gateway, f"{_BIOT}/{demo.BIOT_SESSION}", b'{"_state":"PAUSED"}', *headers, method="PATCH")


def _prepared(gateway: Gateway, path: str, body: bytes, *headers: tuple[str, str], method: str = "POST") -> Work:
    request = WireRequest(method, path, "", Headers(headers), body, received_at=datetime.now(UTC), raw_path=path)
    prepared = gateway.prepare(request)
    assert isinstance(prepared, Work), prepared
    return prepared


def fresh(first: Work) -> Iterator[Work]:
    """The same request again and again, each time new: with new ids, at the present moment, and of another session,
    where it does not change one that is there."""
    for number in itertools.count():
        yield replace(
            first,
            command=_renewed(first.command, number),
            event_id=ids.event_id(),
            session_uid=ids.session_uid(),
            received_at=datetime.now(UTC),
            correlation_id=ids.correlation_id(),
        )


def _renewed(command: Any, number: int) -> Any:
    """The command with a key of its own; one without a key has other content, since it were a repeat otherwise."""
    name, changed = uuid.uuid4().hex, dict(command.changes)
    if "index" in changed:
        changed["index"] = name
    if "start_mileage" in changed:
        changed["start_mileage"] = number
    other: dict[str, Any] = {"changes": changed}
    if command.key is not None and command.find is not None:
        key = replace(command.find.key, id=f"larry@newmedia.com/{name}")
        other |= {"find": replace(command.find, key=key), "key": key}
    elif command.key is not None and command.key.id:
        other |= {"key": Key(command.key.api, command.key.realm, name)}
    return replace(command, **other)


def commit(gateway: Gateway, jobs: list[Job]) -> None:
    """Commit one batch in this thread, and deliver its outcomes; the ledger's own thread has nothing to do."""
    store: Any = gateway.store
    with store._lock.held():
        results = store._writer.process(jobs)
    deliver(store._writer.settle(results, store._lock))
    for waiting in jobs:
        waiting.future.result()


def batches(works: Iterator[Work], size: int, count: int) -> list[list[Job]]:
    """``count`` batches, made beforehand."""
    return [[job(next(works)) for _ in range(size)] for _ in range(count)]


def fill(gateway: Gateway, works: Iterator[Work], count: int) -> None:
    """So many events more."""
    for batch in batches(works, 250, count // 250):
        commit(gateway, batch)


def measure(gateway: Gateway, works: Iterator[Work], size: int, writes: int) -> Cost:
    """The cost of a write in batches of one size: the best of three rounds."""
    return min((_round(gateway, works, size, writes) for _ in range(3)), key=lambda cost: cost.cpu_us)


def _round(gateway: Gateway, works: Iterator[Work], size: int, writes: int) -> Cost:
    count = max(1, writes // size)
    made = batches(works, size, count)
    # A server has a few requests in memory and not thousands: what was made beforehand is not to be collected.
    gc.collect()
    gc.freeze()
    disk, wall, cpu = _disk_bytes(), time.perf_counter(), time.process_time()
    for batch in made:
        commit(gateway, batch)
    cpu, wall, disk = time.process_time() - cpu, time.perf_counter() - wall, _disk_bytes() - disk
    gc.unfreeze()
    done = size * count
    return Cost(cpu / done * 1e6, wall / done * 1e6, disk / done)


def _disk_bytes() -> int:
    """Bytes that this process sent to its disks (Linux alone tells it; 0 elsewhere)."""
    try:
        lines = Path("/proc/self/io").read_text().splitlines()
    except OSError:
        return 0
    return int(dict(line.split(": ") for line in lines)["write_bytes"])


def traced(gateway: Gateway, database: Path, works: Iterator[Work], size: int) -> tuple[float, float]:
    """Of some batches: bytes that a write adds to the log, and the statements of a batch."""
    connection: Any = gateway.store._writer.connection
    driver = connection.cursor().connection
    log, count = Path(f"{database}-wal"), 20
    statements: list[str] = []
    driver.execute("PRAGMA wal_autocheckpoint = 0")
    driver.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()
    made = batches(works, size, count)
    driver.set_trace_callback(statements.append)
    for batch in made:
        commit(gateway, batch)
    driver.set_trace_callback(None)
    return log.stat().st_size / size / count, len(statements) / count


def main() -> None:
    """Print a table."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.ledger", description=__doc__)
    parser.add_argument("loads", nargs="*", default=LOADS, help=f"which of {', '.join(LOADS)}")
    parser.add_argument("--filled", type=int, default=20_000, help="events in the store before")
    parser.add_argument("--writes", type=int, default=2_000, help="writes of one round")
    options = parser.parse_args()
    print(f"{platform.platform()}, {os.cpu_count()} processors, Python {platform.python_version()}")
    for load in options.loads:
        with tempfile.TemporaryDirectory() as folder:
            _report(load, Path(folder) / "ledger.db", options.filled, options.writes)


def _report(load: str, database: Path, filled: int, writes: int) -> None:
    gateway = opened(database)
    works = fresh(template(gateway, load))
    fill(gateway, works, filled)
    print(f"{load}: {database.stat().st_size / max(1, filled):.0f} bytes for each of {filled} events")
    for size in BATCHES:
        cost = measure(gateway, works, size, min(writes, size * 100))
        print(
            f"  batch {size:3}  cpu {cost.cpu_us:6.1f} us  wall {cost.wall_us:7.1f} us"
            f"  disk {cost.disk_bytes:7.0f} bytes a write"
        )
    for size in BATCHES:
        logged, statements = traced(gateway, database, works, size)
        print(f"  batch {size:3}  log {logged:7.0f} bytes a write  {statements:5.1f} statements a batch")
    gateway.close()


if __name__ == "__main__":
    main()
