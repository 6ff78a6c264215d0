"""SQLite: one file, with a write-ahead log that is synced before an answer (:mod:`gateway.store.logsync`).

SQLite comes with its driver, APSW, and not with Python: up to 3.51.2 a checkpoint of one connection beside the commits
of another may lose what was committed (https://sqlite.org/wal.html#walresetbug), and distributions have older ones.
"""

from contextlib import closing
from operator import methodcaller
from pathlib import Path
from typing import Any

import apsw
from peewee import Database, PeeweeException
from playhouse.apsw_ext import APSWDatabase

from gateway.store.dialect import Dialect, Lock, StoreError
from gateway.store.lock import WriterLock
from gateway.store.logsync import LogSync


class _Sqlite(APSWDatabase):  # type: ignore[misc]
    """A database whose statements are planned once."""

    def _connect(self) -> Any:
        connection = super()._connect()
        # This build keeps samples of indexes, and plans a statement anew for each value that these might tell of.
        connection.config(apsw.SQLITE_DBCONFIG_ENABLE_QPSG, 1)
        return connection


def _open(path: str, busy_seconds: float, read_only: bool) -> Database:
    pragmas: list[tuple[str, Any]] = [("busy_timeout", int(busy_seconds * 1000))]
    # Smaller pages make a commit write less, but leave more room that no row fits into; and what is read from the disk
    # comes in pieces of this size in any case. A store that is there keeps the size of its pages.
    pragmas += [] if read_only else [("page_size", 4096)]
    # SQLite's own checkpoint stops all writers: after so many pages, and so only where gateway.store.checkpoints fails.
    pragmas += [("synchronous", "NORMAL"), ("wal_autocheckpoint", 32_000)]
    # KiB of pages for each connection; a worker has one that writes and some that read.
    pragmas += [("cache_size", -4_000 if read_only else -24_000)]
    # A statement of many rows keeps what would undo it: in a file made for each batch, if not in memory.
    pragmas += [("temp_store", "MEMORY")]
    pragmas += [("query_only", 1)] if read_only else [("journal_mode", "WAL"), ("journal_size_limit", 1 << 28)]
    database: Database = _Sqlite(
        path,
        pragmas=pragmas,
        timeout=None,
        field_types={"DIGEST": "BLOB", "NAME": "TEXT"},
        thread_safe=False,
        statementcachesize=512,
    )
    return database


def _lock(path: str) -> Lock:
    """Requests hold personal data: the file, and those that SQLite lays beside it, are for their owner alone."""
    Path(path).touch(mode=0o600)
    return WriterLock(Path(path + ".lock"))


def _copy(path: str, target: Path) -> None:
    target.touch(mode=0o600)
    try:
        with closing(apsw.Connection(path)) as source, closing(apsw.Connection(str(target))) as copy:
            # Who recovers the log, or leaves it as the last, holds it for a moment.
            source.set_busy_timeout(5000)
            source.execute("PRAGMA query_only = 1")
            with copy.backup("main", source, "main") as pages:
                pages.step()
            # One file without a log beside it, so that it can be moved about.
            copy.execute("PRAGMA journal_mode = DELETE")
    except apsw.Error as error:
        raise StoreError(str(error)) from error


DIALECT = Dialect(
    name="sqlite",
    open=_open,
    begin_write=("BEGIN IMMEDIATE",),
    begin_read=("BEGIN",),
    failures=lambda: (PeeweeException, apsw.Error),
    is_clash=lambda error: isinstance(error, apsw.ConstraintError),
    lock=_lock,
    copy=_copy,
    checkpoint="PRAGMA wal_checkpoint(PASSIVE)",
    log=LogSync,
    hurry=methodcaller("execute", "PRAGMA busy_timeout = 0"),
)
