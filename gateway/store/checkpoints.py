"""Checkpoints beside the writers: what the write-ahead log holds is copied into the database by a thread of its own.

SQLite by itself does so within a commit, while every writer waits. Here nearly all of it is done without the writers'
lock, which is held for the last pages alone; the next writer then begins the log anew.
"""

import logging
import random
import threading
from collections.abc import Callable

from gateway.store.dialect import Connection, Lock

_log = logging.getLogger(__name__)
PAGES = 8_000
"""Pages that this process wrote to the log since it was worked off: 32 MB."""
_BATCH_PAGES, _WRITE_PAGES = 11, 3
"""About what a commit writes: some pages whatever it holds, and some for each write (:mod:`benchmarks.ledger`)."""
_FEW = 800
"""Pages that may be left when the writers are stopped for the rest: some milliseconds."""
_PASSES = 5


class Checkpoints:
    """A thread that works off the log when it has grown, until it is closed. ``statement`` copies what it can without
    stopping anybody, and tells how many pages the log holds and how many of them are copied."""

    def __init__(self, connect: Callable[[], tuple[Connection, Lock]], statement: str) -> None:
        self._connect = connect
        self._statement = statement
        # Each process begins elsewhere, so that they take turns.
        self._pages = random.randrange(PAGES)  # noqa: S311 - nothing is kept secret by it
        self._due = threading.Event()
        self._closed = False
        self._thread = threading.Thread(target=self._run, name="checkpoints", daemon=True)
        self._thread.start()

    def count(self, writes: int) -> None:
        """Tell of a commit of so many writes."""
        self._pages += _BATCH_PAGES + _WRITE_PAGES * writes
        if self._pages >= PAGES:
            self._pages = 0
            self._due.set()

    def close(self) -> None:
        """End, after the checkpoint that runs."""
        self._closed = True
        self._due.set()
        self._thread.join()

    def _run(self) -> None:
        while self._due.wait() and not self._closed:
            self._due.clear()
            try:
                self._work_off()
            except Exception:
                # The log grows meanwhile; SQLite's own checkpoint comes later, and stops the writers for longer.
                _log.exception("the write-ahead log could not be worked off")

    def _work_off(self) -> None:
        connection, lock = self._connect()
        try:
            copied = 0
            for _ in range(_PASSES):
                _, there, now = connection.one(self._statement)
                if there - copied <= _FEW:
                    break
                copied = now
            with lock.held():
                connection.one(self._statement)
        finally:
            connection.close()
            lock.close()
