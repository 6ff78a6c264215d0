"""Does a store hold together? Looked at in one snapshot, with nothing changed; the store may be in use.

What is compared: positions are dense, every event has its session and its request, every session is what its events
left, and whatever is kept twice for the sake of speed (columns, names, tallies, outcomes) says the same both times.
"""

import hashlib
import zlib
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from itertools import groupby, islice
from typing import Any

from gateway.model import EventKind, Session, SessionEvent
from gateway.places import key_of
from gateway.store import keyring
from gateway.store.columns import indexed, session_name, terms
from gateway.store.databases import address, shown
from gateway.store.dialect import Connection, StoreError
from gateway.store.options import option
from gateway.store.packing import unpacked
from gateway.store.schema import SCHEMA_VERSION, version_of
from gateway.store.tables import TABLES
from gateway.store.tallies import LEVELS
from gateway.store.values import event_of, loads, micros, session_of

SHOWN = 10
"""Problems of one rule that are told; the rest is only counted."""
_PAGE = 500


@dataclass(frozen=True, slots=True)
class Report:
    """How many rows each table has, and a sentence for each thing that does not hold; none: the store is whole."""

    rows: Mapping[str, int]
    problems: tuple[str, ...]


def check(database: str, settings: Mapping[str, Any] | None = None) -> Report:
    """Look through a store. Raises StoreError when it cannot be opened at all, or has another schema version."""
    dialect, place = address(database)
    connection = Connection(dialect, place, float(option(settings, "store.busy_seconds")), read_only=True)
    try:
        connection.begin(dialect.begin_read)
        if (version := version_of(connection)) != SCHEMA_VERSION:
            raise StoreError(f"The store has schema version {version}; this release checks version {SCHEMA_VERSION}.")
        return Report(_counts(connection), tuple(_problems(connection)))
    except connection.failures as error:
        raise StoreError(f"The store {shown(place)} cannot be read: {error}.") from error
    finally:
        connection.rollback()
        connection.close()


def _counts(connection: Connection) -> dict[str, int]:
    names = (model._meta.table_name for model in TABLES)
    return {name: connection.one(f"SELECT COUNT(*) FROM {name}")[0] for name in names}  # noqa: S608 - names of models


def _problems(connection: Connection) -> Iterator[str]:
    """What each rule finds, shortened; a rule that cannot be followed to its end is a problem itself."""
    for rule in RULES:
        found = rule(connection)
        try:
            yield from islice(found, SHOWN)
            if more := sum(1 for _ in found):
                yield f"... and {more} more like this"
        except Exception as error:
            yield f"{_name(rule)}: cannot be looked through: {str(error) or repr(error)}"


def _name(rule: Callable[[Connection], Iterator[str]]) -> str:
    return rule.__name__.strip("_").replace("_", " ")


def _file(connection: Connection) -> Iterator[str]:
    if connection.dialect.name == "sqlite":
        for (line,) in connection.all("PRAGMA integrity_check"):
            if line != "ok":
                yield f"the file: {line}"


_NEVER: tuple[tuple[str, str], ...] = (
    (
        "event {}: there is no event at the position before",
        "SELECT position FROM events AS event WHERE position > 1"
        " AND position > 1 + (SELECT value FROM meta WHERE name = 'pruned')"
        " AND NOT EXISTS (SELECT 1 FROM events WHERE position = event.position - 1)",
    ),
    ("event {}: positions begin at 1", "SELECT position FROM events WHERE position < 1"),
    (
        "session {}: no event of its tenant made it",
        "SELECT ordinal FROM sessions LEFT JOIN events ON position = ordinal"
        " AND events.tenant = sessions.tenant AND session_uid = uid WHERE position IS NULL",
    ),
    (
        "a kept session {}: there is no event at this position",
        "SELECT states.position FROM states LEFT JOIN events ON events.position = states.position"
        " WHERE events.position IS NULL",
    ),
    (
        "a place of event {}: there is no such event",
        "SELECT names.position FROM names LEFT JOIN events ON events.position = names.position"
        " WHERE events.position IS NULL AND names.position > (SELECT value FROM meta WHERE name = 'pruned')",
    ),
    (
        "a place of session {}: there is no such session",
        "SELECT position FROM names LEFT JOIN sessions ON ordinal = position AND is_open = tag"
        " WHERE tag IN (0, 1) AND ordinal IS NULL",
    ),
    (
        "a session's secret: no event made session {}",
        "SELECT ordinal FROM tokens LEFT JOIN events ON position = ordinal WHERE position IS NULL"
        " AND ordinal > (SELECT value FROM meta WHERE name = 'pruned')",
    ),
    (
        "a name of session {}: there is no such session",
        "SELECT terms.ordinal FROM terms LEFT JOIN sessions ON sessions.ordinal = terms.ordinal"
        " WHERE sessions.ordinal IS NULL",
    ),
)
"""Sentences, and the rows of which each is true: there must be none."""


def _references(connection: Connection) -> Iterator[str]:
    for sentence, sql in _NEVER:
        for (number,) in connection.all(sql):
            yield sentence.format(number)


def _events(connection: Connection) -> Iterator[str]:
    """Each event and its raw request, read as the gateway reads them."""
    for position, *columns, text, head, size, raw in _paged(connection, _EVENTS):
        try:
            event = event_of(position, text)
        except Exception as error:
            yield f"event {position}: its text cannot be read: {error!r}"
            continue
        uid = event.session_uid.bytes if event.session_uid is not None else None
        if not _same((event.id.bytes, event.tenant, uid), columns):
            yield f"event {position}: its columns are not those of its text"
        if (trouble := _raw(event, text, head, size, raw)) is not None:
            yield f"event {position}: {trouble}"


_EVENTS = (
    "SELECT position, id, tenant, session_uid, body, head, size, raw FROM events"
    " WHERE position > {mark} ORDER BY position LIMIT {page}"
)


def _raw(event: SessionEvent, text: str, head: Any, size: Any, raw: Any) -> str | None:
    try:
        loads(head)
        body = unpacked(bytes(raw), text)
    except (ValueError, zlib.error) as error:
        return f"its request cannot be read: {error}"
    if len(body) == size and hashlib.sha256(body).hexdigest() != event.digest:
        return "its request is not the one that its digest is of"
    return None


def _sessions(connection: Connection) -> Iterator[str]:
    """Each session against its columns and against its events."""
    for ordinal, *columns, text in _paged(connection, _SESSIONS):
        try:
            session = session_of(text)
        except Exception as error:
            yield f"session {ordinal}: its text cannot be read: {error!r}"
            continue
        own = (session.uid.bytes, session.tenant, key_of(session.key), *indexed(session), session.key.api)
        if not _same(own, columns):
            yield f"session {ordinal}: its columns are not those of its text"
        if not connection.all(_PLACE.format(mark=connection.database.param), session_name(ordinal, session)):
            yield f"session {ordinal}: it is not found by its key"
        changes = [event for event in _events_of(connection, session) if event.position >= ordinal]
        if (session.version, str(session.last_event)) != (len(changes), str(changes[-1].id) if changes else ""):
            yield f"session {ordinal}: it is not what its {len(changes)} events left"


_SESSIONS = (
    'SELECT ordinal, uid, tenant, "key", is_open, sort_at, started_at, state, api, body FROM sessions'
    " WHERE ordinal > {mark} ORDER BY ordinal LIMIT {page}"
)


_PLACE = "SELECT 1 FROM names WHERE place = {mark} AND tag = {mark} AND position = {mark}"


def _events_of(connection: Connection, session: Session) -> list[SessionEvent]:
    """The events that changed a session; what is merely recorded leaves it as it is."""
    mark = connection.database.param
    sql = f"SELECT position, body FROM events WHERE tenant = {mark} AND session_uid = {mark} ORDER BY position"  # noqa: S608
    found = (event_of(*row) for row in connection.all(sql, (session.tenant, session.uid.bytes)))
    return [event for event in found if event.kind is not EventKind.RECORDED]


def _names(connection: Connection) -> Iterator[str]:
    """The names by which lists find each session."""
    for ordinal, text in _paged(connection, _BODIES):
        session = session_of(text)
        place = (session.tenant, micros(session.sort_at), int(session.started_at is not None))
        expected = {(term, *place) for term in terms(session)}
        if {(bytes(term), *rest) for term, *rest in _names_of(connection, session, ordinal)} != expected:
            yield f"session {ordinal}: it is not found by its names"
    count = sum(len(terms(session_of(text))) for _, text in _paged(connection, _BODIES))
    if (found := connection.one("SELECT COUNT(*) FROM terms")[0]) != count:
        yield f"names: there are {found}, and the sessions have {count}"


_BODIES = "SELECT ordinal, body FROM sessions WHERE ordinal > {mark} ORDER BY ordinal LIMIT {page}"


def _names_of(connection: Connection, session: Session, ordinal: int) -> Iterator[Any]:
    """The rows of a session's own names, found by the index that the lists use."""
    mark = connection.database.param
    sql = (
        "SELECT term, tenant, sort_at, started FROM terms WHERE"  # noqa: S608 - a placeholder
        f" tenant = {mark} AND term = {mark} AND sort_at = {mark} AND ordinal = {mark}"
    )
    for term in terms(session):
        yield from connection.all(sql, (session.tenant, term, micros(session.sort_at), ordinal))


def _lost_sessions(connection: Connection) -> Iterator[str]:
    """An event's session is there, unless the last that happened to it was that it was deleted."""
    rows = connection.all(
        "SELECT session_uid, position, events.body FROM events LEFT JOIN sessions ON uid = session_uid"
        " WHERE session_uid IS NOT NULL AND uid IS NULL"
        " AND position > (SELECT value FROM meta WHERE name = 'pruned') ORDER BY session_uid, position"
    )
    for _, found in groupby(rows, key=lambda row: bytes(row[0])):
        events = [event_of(position, text) for _, position, text in found]
        if events[-1].kind is not EventKind.DELETED:
            yield f"event {events[-1].position}: its session {events[-1].session_uid} is missing"


def _outcomes(connection: Connection) -> Iterator[str]:
    """What was kept for repeats."""
    for position, text in connection.all("SELECT position, body FROM states"):
        try:
            session_of(text)
        except Exception as error:
            yield f"the outcome of event {position}: its session cannot be read: {error!r}"


def _tallies(connection: Connection) -> Iterator[str]:
    """Tallies against the sessions counted one by one."""
    kept = {row[:3]: row[3:] for row in connection.all("SELECT tenant, level, bucket, sessions, started FROM tallies")}
    for level, size in enumerate(LEVELS):
        # Division cuts off towards zero; before 1970 that is the wrong way.
        by = "DIV" if connection.dialect.name == "mariadb" else "/"
        bucket = f"(sort_at - CASE WHEN sort_at < 0 THEN {size - 1} ELSE 0 END) {by} {size}"
        counted = connection.all(
            f"SELECT tenant, {level}, {bucket}, COUNT(*), COUNT(started_at) FROM sessions GROUP BY tenant, {bucket}"  # noqa: S608
        )
        for row in counted:
            found = kept.pop(row[:3], (0, 0))
            if found != row[3:]:
                yield f"tally {row[:3]}: {found} instead of {row[3:]}"
    yield from (f"tally {place}: {found} instead of none" for place, found in kept.items() if any(found))


def _credentials(connection: Connection) -> Iterator[str]:
    try:
        keyring.credentials(connection)
    except (ValueError, TypeError, KeyError) as error:
        yield f"credentials: one cannot be read: {error!r}"


RULES: tuple[Callable[[Connection], Iterator[str]], ...] = (
    _file,
    _references,
    _events,
    _sessions,
    _names,
    _lost_sessions,
    _outcomes,
    _tallies,
    _credentials,
)
"""What must hold; each gives a sentence for whatever does not."""


def _paged(connection: Connection, sql: str) -> Iterator[Any]:
    """All rows in the order of their first column, a page at a time."""
    last = -(2**62)
    text = sql.format(mark=connection.database.param, page=_PAGE)
    while rows := connection.all(text, (last,)):
        yield from rows
        last = rows[-1][0]


def _same(expected: Iterable[Any], found: Iterable[Any]) -> bool:
    """Whether columns hold what they should; drivers give bytes in forms of their own."""
    return list(expected) == [bytes(value) if isinstance(value, memoryview) else value for value in found]
