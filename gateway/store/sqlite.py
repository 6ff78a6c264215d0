"""SQLite: one file, with a write-ahead log that is synced before an answer (:mod:`gateway.store.logsync`)."""

import sqlite3
from contextlib import closing
from operator import methodcaller
from pathlib import Path
from typing import Any

from peewee import Database, PeeweeException, SqliteDatabase

from gateway.store.dialect import Dialect, Lock, StoreError
from gateway.store.lock import WriterLock
from gateway.store.logsync import LogSync

# The driver looks for a way to store each value that is no number and no text, and makes an error where it finds none,
# before it stores the value as it is: a twentieth of what a write costs.
sqlite3.register_adapter(bytes, bytes)
sqlite3.register_adapter(type(None), {}.get)  # type: ignore[arg-type]


def _open(path: str, busy_seconds: float, read_only: bool) -> Database:
    # Smaller pages make a commit write less, but leave more room that no row fits into; and what is read from the disk
    # comes in pieces of this size in any case. A store that is there keeps the size of its pages.
    pragmas: list[tuple[str, Any]] = [] if read_only else [("page_size", 4096)]
    # SQLite's own checkpoint stops all writers: after so many pages, and so only where gateway.store.checkpoints fails.
    pragmas += [("synchronous", "NORMAL"), ("wal_autocheckpoint", 32_000)]
    # KiB of pages for each connection; a worker has one that writes and some that read.
    pragmas += [("cache_size", -4_000 if read_only else -24_000)]
    # A statement of many rows keeps what would undo it: in a file made for each batch, if not in memory.
    pragmas += [("temp_store", "MEMORY")]
    pragmas += [("query_only", 1)] if read_only else [("journal_mode", "WAL"), ("journal_size_limit", 1 << 28)]
    return SqliteDatabase(
        path,
        pragmas=pragmas,
        timeout=busy_seconds,
        field_types={"DIGEST": "BLOB", "NAME": "TEXT"},
        thread_safe=False,
        check_same_thread=False,
        cached_statements=512,
    )


def _lock(path: str) -> Lock:
    """Requests hold personal data: the file, and those that SQLite lays beside it, are for their owner alone."""
    Path(path).touch(mode=0o600)
    return WriterLock(Path(path + ".lock"))


def _copy(path: str, target: Path) -> None:
    target.touch(mode=0o600)
    try:
        with closing(sqlite3.connect(path)) as source, closing(sqlite3.connect(target)) as copy:
            source.execute("PRAGMA query_only = 1")
            source.backup(copy)
            # One file without a log beside it, so that it can be moved about.
            copy.execute("PRAGMA journal_mode = DELETE")
    except sqlite3.Error as error:
        raise StoreError(str(error)) from error


DIALECT = Dialect(
    name="sqlite",
    open=_open,
    begin_write=("BEGIN IMMEDIATE",),
    begin_read=("BEGIN",),
    failures=lambda: (PeeweeException, sqlite3.Error),
    is_clash=lambda error: isinstance(error, sqlite3.IntegrityError),
    lock=_lock,
    copy=_copy,
    checkpoint="PRAGMA wal_checkpoint(PASSIVE)",
    log=LogSync,
    hurry=methodcaller("execute", "PRAGMA busy_timeout = 0"),
)
