"""Bulk loads for :mod:`benchmarks.growth`: copies of one event and its session, straight into the tables of a store.

Rows are made in the order in which a gateway would have written them, and the indexes that follow this order are kept
while they are filled, so that their pages are as full as a gateway leaves them. The index of places alone is in an
order of its own: it is filled at the end.
"""

import mmap
import uuid
from collections.abc import Iterator
from contextlib import AbstractContextManager, closing, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import apsw

from benchmarks.ledger import fresh, opened
from gateway.model import Key
from gateway.places import key_of, number_of, place_of
from gateway.store.columns import terms
from gateway.store.databases import address
from gateway.store.dialect import Connection
from gateway.store.packing import packed, unpacked
from gateway.store.tallies import count_anew
from gateway.store.values import event_text, micros, session_text
from gateway.work import Work

BEGIN = datetime(2023, 1, 1, tzinfo=UTC)
STEP = timedelta(days=730) / 10_000_000
_USERS = 997
_CHUNK = 20_000
_EMPTIED = ("sessions", "events", "names", "terms", "tokens", "states")
_COLUMNS = {
    "sessions": "ordinal, uid, tenant, key, is_open, sort_at, state, api, latest, kept_until, body",
    "events": "position, id, tenant, session_uid, created, body, head, size, raw",
    "terms": "tenant, term, sort_at, ordinal, started",
    "names": "place, tag, position",
}
Rows = dict[str, list[tuple[Any, ...]]]


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


def mould(first: Work, database: Path) -> Mould:
    """Written by the gateway itself, into a file of its own."""
    gateway = opened(database)
    outcome = gateway.store.submit(next(fresh(first))).result()
    gateway.close()
    session, event = outcome.session, outcome.event
    with _file(database) as connection:
        found = connection.execute("SELECT head, raw, body FROM events WHERE position = ?", (event.position,))
        head, raw, text = found.fetchone()
    # The texts of the copies are others; packed alone it is as large.
    raw = packed(unpacked(raw, text))
    texts = (session_text(session), event_text(event), str(session.uid), str(event.id), session.index)
    return Mould(session.tenant, session.key.realm, *texts, head, raw, tuple(sorted(terms(session))))


def key(cast: Mould, position: int) -> Key:
    """The key of the session that the event at this position made."""
    return Key("workstation", cast.realm, f"user{position % _USERS}@example.org/{position:08}")


def _chunks(cast: Mould, count: int) -> Iterator[Rows]:
    """The rows of every table, some thousands of events at a time."""
    for start in range(1, count + 1, _CHUNK):
        rows: Rows = {table: [] for table in _COLUMNS}
        for position in range(start, min(start + _CHUNK, count + 1)):
            _add(rows, cast, position, micros(BEGIN + STEP * position))
        yield rows


def _add(rows: Rows, cast: Mould, position: int, at: int) -> None:
    """One closed session and its event."""
    uid, event_id, of = uuid.UUID(int=position << 64), uuid.UUID(int=position << 64 | 1), key(cast, position)
    text, told = (
        text.replace(cast.uid, str(uid)).replace(cast.event_id, str(event_id)).replace(cast.index, of.id[-8:])
        for text in (cast.session, cast.event)
    )
    session = (position, uid.bytes, cast.tenant, key_of(of), 0, at, "closed", "workstation", position, 0, text)
    rows["sessions"].append(session)
    rows["events"].append(
        (position, event_id.bytes, cast.tenant, uid.bytes, 1, told, cast.head, len(cast.raw), cast.raw)
    )
    rows["terms"] += [(cast.tenant, term, at, position, 0) for term in cast.terms]
    rows["names"].append((number_of(place_of(cast.tenant, of)), 0, position))


def _file(database: str | Path) -> AbstractContextManager[apsw.Connection]:
    """A connection of the SQLite that the gateway in this process has: one of two would see none of the other's
    locks."""
    return closing(apsw.Connection(str(database)))


def load_sqlite(database: str, cast: Mould, count: int) -> None:
    """``count`` events, each of a closed session of its own, the oldest first; nothing else is left."""
    with _file(database) as connection:
        for pragma in ("cache_size = -400000", "journal_mode = OFF", "synchronous = OFF", "temp_store = FILE"):
            connection.execute(f"PRAGMA {pragma}").fetchall()
        for table in _EMPTIED:
            connection.execute(f"DELETE FROM {table}")
        connection.execute("CREATE TEMP TABLE aside AS SELECT * FROM names WHERE 0")
        for rows in _chunks(cast, count):
            connection.execute("BEGIN")
            for table, names in _COLUMNS.items():
                into, marks = "aside" if table == "names" else table, ", ".join("?" * len(names.split(",")))
                connection.executemany(f"INSERT INTO {into} ({names}) VALUES ({marks})", rows[table])
            connection.execute("COMMIT")
        connection.execute("INSERT INTO names SELECT * FROM aside ORDER BY place")
    # The first connection of the gateway's own turns the log on again, and this writes everything to the disk.
    for statement in (*_tally(database), "PRAGMA wal_checkpoint(TRUNCATE)"):
        _said(database, statement)


def load_postgresql(url: str, cast: Mould, count: int) -> None:
    """As :func:`load_sqlite`. In one transaction that empties the tables first, so that nothing needs to be logged."""
    import psycopg

    with psycopg.connect(url) as connection:
        connection.execute(f"TRUNCATE {', '.join(_EMPTIED)}")
        connection.execute("ALTER TABLE names DROP CONSTRAINT names_pkey")
        for rows in _chunks(cast, count):
            for table, names in _COLUMNS.items():
                _copy(connection, table, names, rows[table])
        connection.execute("SET maintenance_work_mem = '1GB'")
        connection.execute("ALTER TABLE names ADD PRIMARY KEY (place, tag, position)")
    _tally(url)
    with psycopg.connect(url, autocommit=True) as connection:
        for statement in ("VACUUM (ANALYZE)", "CHECKPOINT"):
            connection.execute(statement)


def _copy(connection: Any, table: str, names: str, rows: list[tuple[Any, ...]]) -> None:
    cursor = connection.execute(f"SELECT {names} FROM {table} LIMIT 0")
    types = [column.type_code for column in cursor.description]
    # FREEZE: as rows are that have been there for long, so that no vacuum has to write them again.
    with cursor.copy(f"COPY {table} ({names}) FROM STDIN (FORMAT BINARY, FREEZE)") as copy:
        copy.set_types(types)
        for row in rows:
            copy.write_row(row)


def _tally(database: str) -> tuple[()]:
    dialect, place = address(database)
    counting = Connection(dialect, place, 60.0)
    counting.begin()
    count_anew(counting)
    counting.commit()
    counting.close()
    return ()


def _said(database: str, statement: str) -> list[Any]:
    dialect, place = address(database)
    connection = Connection(dialect, place, 60.0)
    try:
        return connection.all(statement)
    finally:
        connection.close()


def last_position(database: str) -> int:
    """The position of the last event."""
    return int(_said(database, "SELECT MAX(position) FROM events")[0][0])


_WEIGHED = 1 << 34
"""Bytes of a file in which tables are weighed one by one: for that every page is read."""


def sizes_sqlite(database: str) -> dict[str, int]:
    """Bytes of the whole under '', and of each table and index, where the database can tell that soon."""
    whole = {"": Path(database).stat().st_size}
    if whole[""] > _WEIGHED:
        return whole
    with _file(database) as connection:
        try:
            return whole | dict(connection.execute("SELECT name, SUM(pgsize) FROM dbstat GROUP BY name").fetchall())
        except apsw.SQLError:
            return whole


_RELATIONS = """
SELECT relname, CASE relkind WHEN 'r' THEN pg_table_size(oid) ELSE pg_relation_size(oid) END
FROM pg_class WHERE relkind IN ('r', 'i') AND relnamespace = 'public'::regnamespace
UNION ALL SELECT '', pg_database_size(current_database())
"""


def sizes_postgresql(url: str) -> dict[str, int]:
    """As :func:`sizes_sqlite`; a table's has that of its long values."""
    return {name: int(size) for name, size in _said(url, _RELATIONS)}


def index_sqlite(database: str) -> Iterator[tuple[Path, int]]:
    """Where the index of places lies: a file, and an offset in it for each page of the machine."""
    with _file(database) as connection:
        # What lies in the log alone has no place in the file yet.
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
        size = connection.pragma("page_size")
        for (offset,) in connection.execute("SELECT pgoffset FROM dbstat WHERE name = 'names'"):
            yield from ((Path(database), part) for part in range(offset, offset + size, mmap.PAGESIZE))


def index_postgresql(url: str) -> Iterator[tuple[Path, int]]:
    """As :func:`index_sqlite`."""
    path = _said(url, "SELECT current_setting('data_directory') || '/' || pg_relation_filepath('names_pkey')")[0][0]
    for file in sorted(Path(path).parent.glob(f"{Path(path).name}*")):
        if file.name.partition(".")[0] == Path(path).name:
            yield from ((file, offset) for offset in range(0, file.stat().st_size, mmap.PAGESIZE))


@contextmanager
def held(pages: Iterator[tuple[Path, int]]) -> Iterator[int]:
    """Keep pages of files in memory, by mapping them; gives their number."""
    maps: dict[Path, mmap.mmap] = {}
    every = sorted(pages)
    for file, offset in every:
        if file not in maps:
            with file.open("rb") as stream:
                maps[file] = mmap.mmap(stream.fileno(), 0, prot=mmap.PROT_READ)
            maps[file].madvise(mmap.MADV_RANDOM)
        assert maps[file][offset] >= 0
    try:
        yield len(every)
    finally:
        for mapped in maps.values():
            mapped.close()
