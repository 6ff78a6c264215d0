"""The schema's version, and how an older store becomes a newer one."""

import threading
from collections.abc import Callable, Iterator, Sequence
from typing import Any

from gateway.store.columns import session_name, slot_name
from gateway.store.dialect import Connection, StoreError
from gateway.store.tables import TABLES, EventRow, MetaRow, NameRow, StateRow, TallyRow
from gateway.store.tallies import count_anew
from gateway.store.values import session_of

_binding = threading.Lock()


def create(connection: Connection, models: Sequence[Any]) -> None:
    """Make tables and their indexes, in the database's own words."""
    with _binding, connection.database.bind_ctx(models):
        for model in models:
            for query in (model._schema._create_table(), *model._schema._create_indexes()):
                sql, values = query.query()
                connection.run(connection.dialect.ddl(sql), *values)


def _fresh(connection: Connection) -> None:
    """Every table of the present version."""
    create(connection, TABLES)
    facts = {"schema_version": SCHEMA_VERSION, "credentials_version": 1, "probe": 0, "pruned": 0, "writer": 0}
    rows = [{"name": name, "value": value} for name, value in facts.items()]
    connection.change(MetaRow.insert_many(rows).on_conflict_ignore())


def _second(connection: Connection) -> None:
    """Version 2: tallies of the sessions; terms tell whether the start is known."""
    if "started" not in {column.name for column in connection.database.get_columns("terms")}:
        connection.run("ALTER TABLE terms ADD COLUMN started INTEGER NOT NULL DEFAULT 1")
        connection.run(
            "UPDATE terms SET started = 0 WHERE ordinal IN (SELECT ordinal FROM sessions WHERE started_at IS NULL)"
        )
    create(connection, [TallyRow])
    count_anew(connection)


def _third(connection: Connection) -> None:
    """Version 3: one row for an event with its request and its outcome; one index for a key's sessions and outcomes."""
    for name in ("events_tenant", "events_session", "sessions_key"):
        connection.run(f"DROP INDEX {name}")
    connection.run("ALTER TABLE sessions ADD COLUMN latest BIGINT NOT NULL DEFAULT 0")
    connection.run("ALTER TABLE sessions ADD COLUMN kept_until BIGINT NOT NULL DEFAULT 0")
    connection.run("ALTER TABLE events RENAME TO old_events")
    # Its index keeps its name otherwise, and that is the new one's.
    connection.run("DROP INDEX IF EXISTS events_id")
    create(connection, [NameRow, EventRow, StateRow])
    connection.run("CREATE INDEX old_outcomes ON outcomes (position)")
    for statement in _MOVES:
        connection.run(statement)
    connection.many("INSERT OR IGNORE INTO names (place, tag, position) VALUES (?, ?, ?)", sorted(_names(connection)))
    for table in ("outcomes", "raw_requests", "old_events"):
        connection.run(f"DROP TABLE {table}")
    connection.run("INSERT INTO meta (name, value) VALUES ('pruned', 0)")


_MOVES = (
    "INSERT INTO events (position, id, tenant, session_uid, slot, command, expires_at, created, body, head, size, raw)"
    " SELECT e.position, e.id, e.tenant, e.session_uid, SUBSTR(o.slot, 9), o.command, o.expires_at,"
    " COALESCE(o.created, 0), e.body, r.head, r.size, r.body FROM old_events e JOIN raw_requests r"
    " ON r.position = e.position LEFT JOIN outcomes o ON o.position = e.position ORDER BY e.position",
    "INSERT INTO states (position, expires_at, body)"
    " SELECT position, expires_at, session FROM outcomes WHERE session IS NOT NULL ORDER BY position",
    "UPDATE sessions SET latest = COALESCE((SELECT MAX(position) FROM events"
    " WHERE events.tenant = sessions.tenant AND session_uid = sessions.uid), ordinal)",
)


def _names(connection: Connection) -> Iterator[tuple[int, int, int]]:
    """Of each session its name, and of each kept outcome two: nothing tells whether its key is part of its slot."""
    last, page = 0, "SELECT ordinal, body FROM sessions WHERE ordinal > ? ORDER BY ordinal LIMIT 1000"
    while rows := connection.all(page, (last,)):
        yield from (session_name(ordinal, session_of(body)) for ordinal, body in rows)
        last = rows[-1][0]
    for slot, position, body in connection.all("SELECT slot, position, session FROM outcomes"):
        place, tag = slot_name(bytes(slot).hex())
        yield place, tag, position
        if body is not None:
            yield session_name(0, session_of(body))[0], tag, position


MIGRATIONS: tuple[Callable[[Connection], None], ...] = (_second, _third)
"""Step ``n`` turns a store of version ``n + 1`` into the next; steps are added, never changed."""

SCHEMA_VERSION = 1 + len(MIGRATIONS)


def version_of(connection: Connection) -> int:
    """The version of the store's tables, 0 for an empty database."""
    if not connection.database.table_exists("meta"):
        return 0
    row = connection.one("SELECT value FROM meta WHERE name = 'schema_version'")
    return int(row[0]) if row else 0


def check_version(version: int) -> None:
    """Raise StoreError for a store that a later release has written."""
    if version > SCHEMA_VERSION:
        raise StoreError(
            f"The store has schema version {version}, and this release knows versions up to {SCHEMA_VERSION}. "
            "Install the release that last used this store, or a later one."
        )


def upgrade(connection: Connection) -> int:
    """Bring the store to :data:`SCHEMA_VERSION` in one transaction, under the writer lock; gives the version before.

    A store of the present version is only read, so that a worker can start while something else holds the store.
    """
    if (present := version_of(connection)) == SCHEMA_VERSION:
        return present
    connection.begin(None if present else connection.dialect.begin_first or None)
    try:
        before = version_of(connection)
        check_version(before)
        for step in MIGRATIONS[before - 1 :] if before else (_fresh,):
            step(connection)
        if 0 < before < SCHEMA_VERSION:
            connection.run("UPDATE meta SET value = ? WHERE name = 'schema_version'", SCHEMA_VERSION)
        connection.commit()
    except BaseException:
        connection.rollback()
        raise
    return before
