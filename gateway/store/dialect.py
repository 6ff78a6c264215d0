"""What differs between databases, in one table: how to connect, and how a writing and a reading transaction begin.

SQLite is the one dialect so far; another is another row of :data:`DIALECTS`.
"""

import re
import sqlite3
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import closing, suppress
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from peewee import Database, PeeweeException, SqliteDatabase


class StoreError(Exception):
    """The store cannot be opened or used as asked; the text says why and what to do."""


@dataclass(frozen=True, slots=True)
class Dialect:
    """One kind of database.

    ``prepare`` makes what must be there before the first connection, and gives the path of the writers' lock file.
    ``copy`` copies a live database, as of one moment. ``failures`` are what its driver raises; ``clash`` is a broken
    unique constraint.
    """

    name: str
    open: Callable[[str, float, bool], Database]
    begin_write: str
    begin_read: str
    failures: tuple[type[Exception], ...]
    clash: tuple[type[Exception], ...]
    prepare: Callable[[str], Path]
    copy: Callable[[str, Path], None]


def _sqlite(path: str, busy_seconds: float, read_only: bool) -> Database:
    # A page costs a write of its own, whatever its size; the size of a store that is there stays as it is.
    pragmas: list[tuple[str, Any]] = [] if read_only else [("page_size", 8192)]
    # wal_autocheckpoint in pages: a checkpoint costs two more fsyncs, so it should not come too often.
    pragmas += [("synchronous", "FULL"), ("wal_autocheckpoint", 4000), ("cache_size", -32_000)]
    pragmas += [("query_only", 1)] if read_only else [("journal_mode", "WAL"), ("journal_size_limit", 1 << 26)]
    return SqliteDatabase(
        path,
        pragmas=pragmas,
        timeout=busy_seconds,
        thread_safe=False,
        check_same_thread=False,
        cached_statements=512,
    )


def _sqlite_file(path: str) -> Path:
    """Requests hold personal data: the file, and those that SQLite lays beside it, are for their owner alone."""
    Path(path).touch(mode=0o600)
    return Path(path + ".lock")


def _sqlite_copy(path: str, target: Path) -> None:
    target.touch(mode=0o600)
    try:
        with closing(sqlite3.connect(path)) as source, closing(sqlite3.connect(target)) as copy:
            source.execute("PRAGMA query_only = 1")
            source.backup(copy)
            # One file without a log beside it, so that it can be moved about.
            copy.execute("PRAGMA journal_mode = DELETE")
    except sqlite3.Error as error:
        raise StoreError(str(error)) from error


SQLITE = Dialect(
    "sqlite",
    _sqlite,
    "BEGIN IMMEDIATE",
    "BEGIN",
    (PeeweeException, sqlite3.Error),
    (sqlite3.IntegrityError,),
    _sqlite_file,
    _sqlite_copy,
)
DIALECTS = {"sqlite": SQLITE}


def address(database: str) -> tuple[Dialect, str]:
    """The dialect and the place of ``sqlite:///path`` or of a bare path."""
    scheme, separator, rest = database.partition("://")
    if not separator:
        return SQLITE, str(Path(database).absolute())
    if scheme not in DIALECTS:
        raise StoreError(f"A database of kind {scheme!r} is not supported; use sqlite:///PATH.")
    path = rest.removeprefix("/")
    if not path:
        raise StoreError("The database address names no file; use sqlite:///PATH.")
    return SQLITE, str(Path(path).absolute())


def compiled(database: Any, query: Any) -> tuple[str, Sequence[Any]]:
    """The SQL text and the values of a query that was built with the models, which are bound to no database."""
    sql, values = database.get_sql_context().sql(query).query()
    return str(sql), values


_ROW = re.compile(r"VALUES (\([?%s, ]+\))")
_WIDTHS = (64, 32, 16, 8, 4, 2, 1)


@cache
def _wide(sql: str, rows: int) -> str:
    """A statement over one row of VALUES as the same statement over several rows."""
    return _ROW.sub(lambda found: "VALUES " + ", ".join([found[1]] * rows), sql, count=1)


def _widened(sql: str, rows: Sequence[Sequence[Any]]) -> Iterator[tuple[str, list[Any]]]:
    """Statements over all rows, of a few widths only, so that each is prepared once."""
    start = 0
    for width in _WIDTHS:
        while len(rows) - start >= width:
            yield _wide(sql, width), [value for row in rows[start : start + width] for value in row]
            start += width


class Connection:
    """One connection, used by one thread at a time: fixed statements in, rows out."""

    def __init__(self, dialect: Dialect, place: str, busy_seconds: float, read_only: bool = False) -> None:
        self.dialect = dialect
        self.database: Any = dialect.open(place, busy_seconds, read_only)
        self._cursor: Any = None

    def cursor(self) -> Any:
        """The driver's cursor; connects when there is no connection."""
        if self._cursor is None:
            self.database.connect(reuse_if_open=True)
            self._cursor = self.database.connection().cursor()
        return self._cursor

    def one(self, sql: str, *values: Any) -> Any:
        """The first row, None when there is none."""
        cursor = self.cursor()
        cursor.execute(sql, values)
        return cursor.fetchone()

    def all(self, sql: str, values: Sequence[Any] = ()) -> list[Any]:
        """Every row."""
        cursor = self.cursor()
        cursor.execute(sql, values)
        rows: list[Any] = cursor.fetchall()
        return rows

    def rows(self, query: Any) -> list[Any]:
        """Every row of a query that was built with the models."""
        return self.all(*compiled(self.database, query))

    def change(self, query: Any) -> None:
        """Execute a change that was built with the models."""
        sql, values = compiled(self.database, query)
        self.run(sql, *values)

    def run(self, sql: str, *values: Any) -> None:
        """Execute one statement."""
        self.cursor().execute(sql, values)

    def many(self, sql: str, rows: Iterable[Sequence[Any]]) -> None:
        """Execute one statement once for each row."""
        self.cursor().executemany(sql, rows)

    def together(self, sql: str, rows: Sequence[Sequence[Any]]) -> list[Any]:
        """Execute a statement over ``VALUES (…)`` for many rows at a time; gives the rows that it found.

        At each step of a statement the driver lets other threads run, and waits for its next turn: what counts beside
        a busy event loop is the number of steps.
        """
        found: list[Any] = []
        for wide, values in _widened(sql, rows):
            found += self.all(wide, values)
        return found

    def begin(self) -> None:
        """Begin a writing transaction."""
        self.run(self.dialect.begin_write)

    def commit(self) -> None:
        """Make the transaction durable."""
        self.run("COMMIT")

    def rollback(self) -> None:
        """Undo the transaction, if there is one; a connection that cannot even do that is dropped."""
        try:
            if self._cursor is not None and self._cursor.connection.in_transaction:
                self.run("ROLLBACK")
        except self.dialect.failures:
            self.close()

    def close(self) -> None:
        """Disconnect; the next use connects again."""
        self._cursor = None
        with suppress(*self.dialect.failures):
            self.database.close()
