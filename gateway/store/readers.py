"""Readers: a few connections that cannot write, each read with a snapshot of its own, apart from the ledger."""

import logging
import queue
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import suppress
from typing import Any, TypeVar

from gateway.outcome import Fault, FaultKind
from gateway.store.dialect import Connection
from gateway.store.logsync import LogSync
from gateway.store.snapshot import Snapshot
from gateway.store.statements import Statements

_log = logging.getLogger(__name__)
T = TypeVar("T")


class Readers:
    """A pool of threads with one connection each; the connections are made when they are first needed."""

    def __init__(
        self, connect: Callable[[], Connection], statements: Statements, count: int, log: LogSync | None = None
    ) -> None:
        self._pool = ThreadPoolExecutor(max(1, count), thread_name_prefix="reader")
        self._sql = statements
        self._log = log
        self._all = [connect() for _ in range(max(1, count))]
        self._free: queue.SimpleQueue[Connection] = queue.SimpleQueue()
        for connection in self._all:
            self._free.put(connection)

    def submit(self, task: Callable[[Snapshot], T]) -> Future[T]:
        """Run ``task`` on a snapshot; the future raises nothing but a Fault."""
        try:
            return self._pool.submit(self._run, task)
        except RuntimeError:
            raise Fault(FaultKind.BUSY, "The server is shutting down.", retry_after=1) from None

    def _run(self, task: Callable[[Snapshot], T]) -> T:
        connection = self._free.get()
        try:
            try:
                return self._read(connection, task)
            except connection.failures as error:
                # A connection that nobody used for a while may be gone without a word.
                connection.close()
                if not connection.dialect.is_lost(error):
                    raise
                return self._read(connection, task)
        except Fault:
            raise
        except connection.failures as error:
            connection.close()
            message = "The store cannot be read at the moment; try again."
            raise Fault(FaultKind.STORE_UNAVAILABLE, message, log=str(error), retry_after=1) from error
        except Exception as error:
            _log.exception("a read failed")
            raise Fault(FaultKind.INTERNAL, log=repr(error)) from error
        finally:
            connection.rollback()
            self._free.put(connection)

    def _read(self, connection: Connection, task: Callable[[Snapshot], T]) -> T:
        connection.begin(connection.dialect.begin_read)
        found = task(Snapshot(connection, self._sql))
        if self._log is not None:
            # A disk that fails is the writers' trouble: what is there can still be read.
            with suppress(OSError):
                self._log.sync(self._log.latest)
        return found

    def close(self) -> None:
        """Finish what runs, and disconnect."""
        self._pool.shutdown(wait=True)
        for connection in self._all:
            connection.close()

    def statistics(self) -> dict[str, Any]:
        """How many connections there are, and how many are idle."""
        return {"readers": len(self._all), "readers_idle": self._free.qsize()}
