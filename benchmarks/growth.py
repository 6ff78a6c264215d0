"""``make bench-growth``: does a write cost the same in a store of ten million events as in an empty one?

Events and sessions are written by bulk SQL, in order, into a temporary SQLite file. Then writes are measured on it and
on an empty store in turns, so that whatever else the machine does meets both; and reads by key, first pages, and the
bytes of the file for each event. Exit status 1 when less than 0.9 of the empty store's writes were done.
"""

import argparse
import os
import platform
import sqlite3
import statistics
import sys
import tempfile
import time
import uuid
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from benchmarks.ledger import batches, commit, fresh, opened, template
from gateway.boot import Gateway
from gateway.commands import ByKey, GetSession, ListSessions
from gateway.model import Key
from gateway.places import key_of, number_of, place_of
from gateway.store.columns import terms
from gateway.store.dialect import Connection
from gateway.store.sqlite import DIALECT as SQLITE
from gateway.store.tallies import count_anew
from gateway.store.values import event_text, micros, session_text
from gateway.work import Work

LEAST = 0.9
BATCH = 32
BEGIN = datetime(2023, 1, 1, tzinfo=UTC)
_USERS = 997
_CHUNK = 20_000


@dataclass(frozen=True, slots=True)
class Mould:
    """The texts of one real event and of its session, of which all others are copies with other uids and keys."""

    tenant: str
    realm: str
    session: str
    event: str
    uid: str
    event_id: str
    index: str
    head: str
    raw: bytes
    terms: tuple[bytes, ...]


def mould(gateway: Gateway, first: Work, database: Path) -> Mould:
    """Written by the gateway itself."""
    outcome = gateway.store.submit(next(fresh(first))).result()
    session, event = outcome.session, outcome.event
    with sqlite3.connect(database) as connection:
        row = connection.execute("SELECT head, raw FROM events WHERE position = ?", (event.position,)).fetchone()
    connection.close()
    texts = (session_text(session), event_text(event), str(session.uid), str(event.id), session.index)
    return Mould(session.tenant, session.key.realm, *texts, *row, tuple(sorted(terms(session))))


def load(database: Path, cast: Mould, count: int) -> None:
    """``count`` events, each of a closed session of its own, the oldest first; nothing else is left."""
    connection = sqlite3.connect(database, isolation_level=None)
    for pragma in ("cache_size = -400000", "synchronous = OFF", "temp_store = FILE"):
        connection.execute(f"PRAGMA {pragma}")
    indexes = connection.execute(
        "SELECT name, sql FROM sqlite_master WHERE type = 'index' AND sql IS NOT NULL"
    ).fetchall()
    for table in ("sessions", "events", "names", "terms", "tokens", "states"):
        connection.execute(f"DELETE FROM {table}")
    for name, _ in indexes:
        connection.execute(f"DROP INDEX {name}")
    connection.execute("CREATE TEMP TABLE places (place INTEGER, position INTEGER)")
    _rows(connection, cast, count)
    connection.execute("BEGIN")
    connection.execute("INSERT INTO names SELECT place, 0, position FROM places ORDER BY place")
    for _, sql in indexes:
        connection.execute(sql)
    connection.execute("COMMIT")
    connection.close()
    _tally(database)


def _rows(connection: sqlite3.Connection, cast: Mould, count: int) -> None:
    step = timedelta(days=730) / count
    for start in range(1, count + 1, _CHUNK):
        made = [_row(cast, position, step) for position in range(start, min(start + _CHUNK, count + 1))]
        connection.execute("BEGIN")
        connection.executemany(
            "INSERT INTO sessions (ordinal, uid, tenant, key, is_open, sort_at, state, api, latest, kept_until, body)"
            " VALUES (?, ?, ?, ?, 0, ?, 'closed', 'workstation', ?, 0, ?)",
            [session for session, _, _ in made],
        )
        connection.executemany(
            "INSERT INTO events (position, id, tenant, session_uid, created, body, head, size, raw)"
            " VALUES (?, ?, ?, ?, 1, ?, ?, ?, ?)",
            [event for _, event, _ in made],
        )
        connection.executemany("INSERT INTO places VALUES (?, ?)", [place for _, _, place in made])
        for term in cast.terms:
            connection.executemany(
                "INSERT INTO terms (tenant, term, sort_at, ordinal, started) VALUES (?, ?, ?, ?, 0)",
                [(cast.tenant, term, session[4], session[0]) for session, _, _ in made],
            )
        connection.execute("COMMIT")


def _row(cast: Mould, position: int, step: timedelta) -> tuple[Any, Any, Any]:
    """One session, its event, and its place."""
    uid, event_id = uuid.UUID(int=position << 64), uuid.UUID(int=position << 64 | 1)
    key, at = _key(cast, position), micros(BEGIN + step * position)
    text = (
        cast.session.replace(cast.uid, str(uid)).replace(cast.event_id, str(event_id)).replace(cast.index, key.id[-8:])
    )
    told = cast.event.replace(cast.uid, str(uid)).replace(cast.event_id, str(event_id)).replace(cast.index, key.id[-8:])
    session = (position, uid.bytes, cast.tenant, key_of(key), at, position, text)
    event = (position, event_id.bytes, cast.tenant, uid.bytes, told, cast.head, len(cast.raw), cast.raw)
    return session, event, (number_of(place_of(cast.tenant, key)), position)


def _key(cast: Mould, position: int) -> Key:
    return Key("workstation", cast.realm, f"user{position % _USERS}@example.org/{position:08}")


def _tally(database: Path) -> None:
    counting = Connection(SQLITE, str(database), 10.0)
    counting.begin()
    count_anew(counting)
    counting.commit()
    counting.one("PRAGMA wal_checkpoint(TRUNCATE)")
    counting.close()


def throughput(gateways: list[Gateway], works: Iterator[Work], seconds: float) -> list[float]:
    """Writes a second on each store, measured in turns."""
    done, spent = [0] * len(gateways), [0.0] * len(gateways)
    while min(spent) < seconds:
        for number, gateway in enumerate(gateways):
            made = batches(works, BATCH, 40)
            began = time.perf_counter()
            for batch in made:
                commit(gateway, batch)
            spent[number] += time.perf_counter() - began
            done[number] += len(made) * BATCH
    return [count / time_spent for count, time_spent in zip(done, spent, strict=True)]


def reads(gateway: Gateway, first: Work, cast: Mould, count: int) -> dict[str, float]:
    """Median milliseconds of reads by key, spread over the whole store, and of the newest page."""
    keys = [GetSession(ByKey(_key(cast, 1 + number * 7919 % count))) for number in range(200)]
    asked = {"by key": keys, "first page": [ListSessions(limit=20)] * 50}
    return {
        name: statistics.median(_milliseconds(gateway, replace(first, command=command)) for command in commands)
        for name, commands in asked.items()
    }


def _milliseconds(gateway: Gateway, work: Work) -> float:
    began = time.perf_counter()
    outcome = gateway.store.submit(work).result()
    assert outcome.session is not None or outcome.sessions
    return (time.perf_counter() - began) * 1000


def main() -> int:
    """Print the figures; exit status 1 when writes are slower than they should be."""
    parser = argparse.ArgumentParser(prog="make bench-growth BENCH=…", description=__doc__)
    parser.add_argument("--events", type=int, default=10_000_000)
    parser.add_argument("--seconds", type=float, default=300.0, help="of writes, on each of the two stores")
    parser.add_argument("--folder", type=Path, help="where the files are made; default: the system's temporary folder")
    options = parser.parse_args()
    print(f"{platform.platform()}, {os.cpu_count()} processors, Python {platform.python_version()}")
    with tempfile.TemporaryDirectory(dir=options.folder) as folder:
        return _measure(Path(folder), options.events, options.seconds)


def _measure(folder: Path, count: int, seconds: float) -> int:
    grown, empty = opened(folder / "grown.db"), opened(folder / "empty.db")
    first = template(grown, "workstation")
    cast = mould(grown, first, folder / "grown.db")
    grown.close()
    began = time.perf_counter()
    load(folder / "grown.db", cast, count)
    size = (folder / "grown.db").stat().st_size
    print(f"{count} events written in {time.perf_counter() - began:.0f} s: {size / count:.0f} bytes for each")
    grown = opened(folder / "grown.db")
    for name, milliseconds in reads(grown, first, cast, count).items():
        print(f"{name:12} {milliseconds:7.2f} ms")
    rates = throughput([empty, grown], fresh(first), seconds)
    ratio = rates[1] / rates[0]
    print(f"writes: {rates[0]:.0f} a second when empty, {rates[1]:.0f} on the grown store: {ratio:.2f}")
    empty.close()
    grown.close()
    return 0 if ratio >= LEAST else 1


if __name__ == "__main__":
    sys.exit(main())
