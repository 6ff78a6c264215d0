"""The schema's version, and how an older store becomes a newer one."""

import threading
from collections.abc import Callable

from gateway.store.dialect import Connection, StoreError
from gateway.store.tables import TABLES, TallyRow
from gateway.store.tallies import count_anew

_binding = threading.Lock()


def _first(connection: Connection) -> None:
    """Version 1: every table of that time."""
    with _binding, connection.database.bind_ctx(TABLES):
        connection.database.create_tables(TABLES)
    connection.many(
        "INSERT INTO meta (name, value) VALUES (?, ?)",
        [("schema_version", 0), ("credentials_version", 1), ("probe", 0)],
    )


def _second(connection: Connection) -> None:
    """Version 2: tallies of the sessions; terms tell whether the start is known."""
    if "started" not in {column.name for column in connection.database.get_columns("terms")}:
        connection.run("ALTER TABLE terms ADD COLUMN started INTEGER NOT NULL DEFAULT 1")
        connection.run(
            "UPDATE terms SET started = 0 WHERE ordinal IN (SELECT ordinal FROM sessions WHERE started_at IS NULL)"
        )
    with _binding, connection.database.bind_ctx([TallyRow]):
        connection.database.create_tables([TallyRow])
    count_anew(connection)


MIGRATIONS: tuple[Callable[[Connection], None], ...] = (_first, _second)
"""Step ``n`` turns a store of version ``n`` into one of version ``n + 1``; steps are added, never changed."""

SCHEMA_VERSION = len(MIGRATIONS)


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
    connection.begin()
    try:
        before = version_of(connection)
        check_version(before)
        for step in MIGRATIONS[before:]:
            step(connection)
        if before < SCHEMA_VERSION:
            connection.run("UPDATE meta SET value = ? WHERE name = 'schema_version'", SCHEMA_VERSION)
        connection.commit()
    except BaseException:
        connection.rollback()
        raise
    return before
