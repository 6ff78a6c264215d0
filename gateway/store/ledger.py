"""The ledger: the one thread of a process that writes.

It takes all that waits, takes the lock that all processes share, lets the writer run and commit every job, and only
then hands the outcomes over. A server's workers write by :mod:`gateway.store.turns` instead, where the database allows.
"""

import queue
import threading
import time

from gateway.outcome import Fault, FaultKind
from gateway.store.dialect import Lock
from gateway.store.jobs import Job, deliver, draft_all, job
from gateway.store.writer import RETRY_AFTER, Writer


class Ledger:
    """Takes jobs from any thread."""

    def __init__(self, writer: Writer, lock: Lock) -> None:
        self._writer = writer
        self._lock = lock
        self._queue: queue.SimpleQueue[Job | None] = queue.SimpleQueue()
        self._door = threading.Lock()
        self._closed = False
        self._thread = threading.Thread(target=self._run, name="ledger", daemon=True)
        self._thread.start()

    def put(self, waiting: Job) -> None:
        """Let a job wait for the next batch. Raises a Fault once the store is closing."""
        draft_all((waiting,))
        with self._door:
            if self._closed:
                raise closing()
            self._queue.put(waiting)

    def close(self) -> None:
        """Finish what waits, and end the thread."""
        with self._door:
            if not self._closed:
                self._closed = True
                self._queue.put(None)
        self._thread.join()

    def _run(self) -> None:
        first = self._next()
        while first is not None:
            began = time.perf_counter()
            with self._lock.held():
                # Whoever comes while this waits for its turn to write belongs to the batch.
                self._writer.begin()
                jobs, last = self._waiting(first)
                results = self._writer.process(jobs)
            deliver(self._writer.settle(results, self._lock))
            self._writer.observe(jobs, time.perf_counter() - began)
            first = None if last else self._next()
        self._writer.connection.close()

    def _next(self) -> Job | None:
        """The next job; while the store is in trouble, a probe when nobody asks for a second."""
        try:
            return self._queue.get(timeout=RETRY_AFTER if self._writer.trouble else None)
        except queue.Empty:
            return job(self._writer.probe)

    def _waiting(self, first: Job) -> tuple[list[Job], bool]:
        """Everything that waits, up to a full batch; and whether the end of all work was among it."""
        jobs, size = [first], first.size
        while size < self._writer.bounds.batch:
            try:
                waiting = self._queue.get_nowait()
            except queue.Empty:
                break
            if waiting is None:
                return jobs, True
            jobs.append(waiting)
            size += waiting.size
        return jobs, False


def closing() -> Fault:
    """The fault of a write that comes while the store closes."""
    return Fault(FaultKind.BUSY, "The server is shutting down.", retry_after=RETRY_AFTER)
