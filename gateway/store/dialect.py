"""What differs between databases: how to connect, how a writing and a reading transaction begin, and what errors mean.

Each database is a module with a :class:`Dialect` (:mod:`gateway.store.sqlite`, :mod:`gateway.store.postgresql`,
:mod:`gateway.store.mariadb`); :mod:`gateway.store.databases` finds the one for an address.
"""

import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import AbstractContextManager, nullcontext, suppress
from dataclasses import dataclass
from functools import cache, partial
from itertools import chain, islice
from operator import methodcaller
from pathlib import Path
from typing import Any, Protocol

from peewee import Database

from gateway.store.logsync import LogSync


class StoreError(Exception):
    """The store cannot be opened or used as asked; the text says why and what to do."""


class Lock(Protocol):
    """What writers of one machine hold while they write."""

    def held(self) -> AbstractContextManager[None]:
        """Wait for the lock, and hold it."""

    def hold(self) -> None:
        """Wait for the lock; :meth:`release` gives it back."""

    def try_hold(self) -> bool:
        """Take the lock if it is free."""

    def release(self) -> None:
        """Let others have the lock."""

    def close(self) -> None:
        """Give it back."""


class _NoLock:
    """For databases whose transactions themselves wait for each other."""

    def held(self) -> AbstractContextManager[None]:
        return nullcontext()

    def hold(self) -> None:
        pass

    def try_hold(self) -> bool:
        return True

    def release(self) -> None:
        pass

    def close(self) -> None:
        pass


NO_LOCK = _NoLock()


def _never(_: BaseException) -> bool:
    return False


def _as_it_is(sql: str) -> str:
    return sql


@dataclass(frozen=True, slots=True)
class Dialect:
    """One kind of database.

    ``lock`` makes what must be there before the first connection, and gives the lock of the writers. ``begin_write``
    and ``begin_read`` are the statements that begin a transaction, ``begin_first`` (where it differs) a writing one in
    a database that has no tables yet. ``failures`` are what its driver raises; of these ``is_clash`` tells a broken
    unique constraint, ``is_again`` a transaction that may succeed when it is run again, and ``is_lost`` a connection
    that is gone: what was being committed may be committed or not. ``is_surprise`` tells that something was found where
    an optimistic batch expected nothing. ``copy`` copies a live database, as of one moment.
    ``hurry`` lets what this thread runs on a cursor not wait for long, and fail instead, so that an event loop may run
    it. ``checkpoint`` is the statement of :mod:`gateway.store.checkpoints`, and ``log`` gives what brings commits to
    the disk, where they do not go there by themselves. ``cursor`` gives what runs statements on a driver's connection;
    with ``pipelines`` it has the methods of :meth:`Connection.pipelined` and :meth:`Connection.complete`. ``ddl`` and
    ``rewrite`` turn statements, of tables and over rows of values, into the database's own words.
    """

    name: str
    open: Callable[[str, float, bool], Database]
    begin_write: tuple[str, ...]
    begin_read: tuple[str, ...]
    failures: Callable[[], tuple[type[Exception], ...]]
    is_clash: Callable[[BaseException], bool]
    lock: Callable[[str], Lock]
    copy: Callable[[str, Path], None]
    begin_first: tuple[str, ...] = ()
    is_lost: Callable[[BaseException], bool] = _never
    is_again: Callable[[BaseException], bool] = _never
    is_surprise: Callable[[BaseException], bool] = _never
    hurry: Callable[[Any], object] | None = None
    checkpoint: str | None = None
    log: Callable[[str], LogSync] | None = None
    cursor: Callable[[Any], Any] = methodcaller("cursor")
    pipelines: bool = False
    ddl: Callable[[str], str] = _as_it_is
    rewrite: Callable[[str], str] = _as_it_is


def server_copy(command: str) -> Callable[[str, Path], None]:
    """The copy of a database that brings a tool of its own for that."""

    def copy(place: str, target: Path) -> None:
        raise StoreError(f"This database has a tool of its own for backups: {command}.")

    return copy


def compiled(database: Any, query: Any) -> tuple[str, Sequence[Any]]:
    """The SQL text and the values of a query that was built with the models, which are bound to no database."""
    sql, values = database.get_sql_context().sql(query).query()
    return str(sql), values


ROW = re.compile(r"VALUES (\([?%s, ]+\))")
"""The one row of values that a statement is written with."""
_WIDEST = (64, 32, 16)
"""Rows of the widest statements; what is left is one statement of as many rows as there are. So there are few enough
that each is prepared once, and the usual batch is one or two of them."""


@cache
def _wide(sql: str, rows: int) -> str:
    """A statement over one row of VALUES as the same statement over several rows."""
    return ROW.sub(lambda found: "VALUES " + ", ".join([found[1]] * rows), sql, count=1)


def _widened(sql: str, rows: Sequence[Sequence[Any]]) -> Iterator[tuple[str, list[Any]]]:
    """Statements over all rows."""
    start = 0
    for width in (*_WIDEST, len(rows) % _WIDEST[-1]):
        while width and len(rows) - start >= width:
            yield _wide(sql, width), list(chain.from_iterable(rows[start : start + width]))
            start += width


Question = tuple[str, Sequence[Sequence[Any]]]
"""A statement over ``VALUES (…)``, and the rows of values that it is asked with; one of no values has an empty row."""


class Connection:
    """One connection, used by one thread at a time: fixed statements in, rows out."""

    def __init__(self, dialect: Dialect, place: str, busy_seconds: float, read_only: bool = False) -> None:
        self.dialect = dialect
        self.database: Any = dialect.open(place, busy_seconds, read_only)
        self.failures = dialect.failures()
        self._cursor: Any = None
        self.begun = False

    def cursor(self) -> Any:
        """What runs statements; connects when there is no connection."""
        if self._cursor is None:
            self.database.connect(reuse_if_open=True)
            self._cursor = self.dialect.cursor(self.database.connection())
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
        return list(cursor.fetchall())

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

    def put(self, questions: Sequence[Question], beginning: Sequence[str] = ()) -> Callable[[], list[list[Any]]]:
        """Ask several questions, after the statements that begin a transaction, in one way there and back where the
        driver can do that. What it gives waits for the rows of each question."""
        cursor = self.cursor()
        parts = [list(_widened(sql, rows)) for sql, rows in questions] if self.dialect.pipelines else []
        with self.pipelined(wait=False):
            for statement in beginning:
                cursor.execute(statement)
                self.begun = True
            for sql, values in chain(*parts):
                cursor.execute(sql, values)
        if not self.dialect.pipelines:
            return lambda: [self.together(sql, rows) for sql, rows in questions]
        return partial(self._found, [len(part) for part in parts])

    def _found(self, lengths: list[int]) -> list[list[Any]]:
        self.complete()
        found = iter(self._cursor.fetchlast(sum(lengths)))
        return [list(chain.from_iterable(islice(found, length))) for length in lengths]

    def pipelined(self, wait: bool = True) -> AbstractContextManager[Any]:
        """Statements within it that find no rows do not wait for each other, where the driver can do that; what one of
        them raises is raised at its end, or by :meth:`complete`, where its end is not to wait."""
        cursor = self.cursor()
        pipeline: AbstractContextManager[Any] = cursor.pipeline(wait) if self.dialect.pipelines else nullcontext()
        return pipeline

    @property
    def is_open(self) -> bool:
        """Whether there is a connection; if not, whatever comes next connects."""
        return self._cursor is not None

    @property
    def pending(self) -> bool:
        """Whether there is something for :meth:`complete` to wait for."""
        return self.dialect.pipelines and self._cursor is not None and bool(self._cursor.pending)

    @property
    def socket(self) -> int | None:
        """What an event loop may watch until the server answers what is pending; None where that is to be waited for,
        since not all was sent, or nothing will come."""
        socket: int | None = None
        with suppress(*self.failures):
            socket = self._cursor.socket
        return socket

    def has_come(self) -> bool:
        """Whether :meth:`complete` would not wait; to be asked when the socket can be read."""
        with suppress(*self.failures):
            return bool(self._cursor.has_come())
        return True

    def wait(self) -> None:
        """Wait until :meth:`complete` would not wait; what goes wrong is left to it."""
        with suppress(*self.failures):
            self._cursor.wait()

    def complete(self) -> None:
        """Wait for all that was sent; raises what the server refused."""
        if self.pending:
            try:
                self._cursor.complete()
            except self.failures:
                # The commit behind what was refused was not run.
                self.begun = True
                raise

    def begin(self, statements: Sequence[str] | None = None) -> None:
        """Begin a transaction: a writing one, if no statements are given."""
        self.put((), self.dialect.begin_write if statements is None else statements)()

    def commit(self) -> None:
        """Make the transaction durable."""
        self.run("COMMIT")
        self.begun = False

    def rollback(self, wait: bool = True) -> None:
        """Undo the transaction, if there is one; a connection that cannot even do that is dropped. ``wait`` as in
        :meth:`pipelined`."""
        begun, self.begun = self.begun, False
        try:
            if self._cursor is not None and begun:
                with self.pipelined(wait):
                    self.run("ROLLBACK")
        except self.failures:
            self.close()

    def close(self) -> None:
        """Disconnect; the next use connects again."""
        self._cursor, self.begun = None, False
        with suppress(*self.failures):
            self.database.close()
