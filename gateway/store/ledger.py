"""The ledger: the one thread of a process that writes.

It takes all that waits, takes the lock that all processes share, runs every write against the unit of work, commits
once, and only then hands the outcomes over. When that fails, nothing was written, and each is tried alone.
"""

import logging
import queue
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from itertools import chain, repeat

from gateway.guard import blame
from gateway.handler import Draft, Policy, execute
from gateway.outcome import Fault, FaultKind, Outcome
from gateway.store.ahead import look_ahead
from gateway.store.dialect import Connection, Lock
from gateway.store.flush import flush
from gateway.store.jobs import Job, Result, deliver, job
from gateway.store.snapshot import Snapshot
from gateway.store.statements import Statements
from gateway.store.unit import Unit
from gateway.store.values import micros
from gateway.work import Batch, Work

_log = logging.getLogger(__name__)
RETRY_AFTER = 1
"""Seconds after which a caller may try again, and between two probes of a store that does not take writes."""
_EXPIRY_SECONDS = 30.0
_ALONE_SECONDS = 5.0
_PATIENCE_SECONDS = 15.0
_PAUSES = (0.0, 0.005, 0.02, 0.05, 0.1, 0.2, 0.5)
"""Seconds between the tries of a batch that another try may help."""


@dataclass(frozen=True, slots=True)
class Bounds:
    """How much one commit holds, how much of a raw request is kept, and how long a repeat is known."""

    batch: int
    raw_bytes: int
    policy: Policy


class Ledger:
    """Takes jobs from any thread; ``trouble`` says why the store takes no writes, None while it does."""

    def __init__(self, connection: Connection, statements: Statements, lock: Lock, bounds: Bounds) -> None:
        self.trouble: str | None = None
        self.observer: Callable[[int, float], None] | None = None
        self.batches = 0
        self.writes = 0
        self._connection = connection
        self._sql = statements
        self._lock = lock
        self._bounds = bounds
        self._queue: queue.SimpleQueue[Job | None] = queue.SimpleQueue()
        self._door = threading.Lock()
        self._closed = False
        self._expired = time.monotonic()
        self._thread = threading.Thread(target=self._run, name="ledger", daemon=True)
        self._thread.start()

    def put(self, waiting: Job) -> None:
        """Let a job wait for the next batch. Raises a Fault once the store is closing."""
        with self._door:
            if self._closed:
                raise Fault(FaultKind.BUSY, "The server is shutting down.", retry_after=RETRY_AFTER)
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
                self._begin()
                jobs, last = self._waiting(first)
                results = self._process(jobs)
            deliver(results)
            self._observe(sum(waiting.size for waiting in jobs), time.perf_counter() - began)
            first = None if last else self._next()
        self._connection.close()

    def _next(self) -> Job | None:
        """The next job; while the store is in trouble, a probe when nobody asks for a second."""
        try:
            return self._queue.get(timeout=RETRY_AFTER if self.trouble else None)
        except queue.Empty:
            return job(self._probe)

    def _waiting(self, first: Job) -> tuple[list[Job], bool]:
        """Everything that waits, up to a full batch; and whether the end of all work was among it."""
        jobs, size = [first], first.size
        while size < self._bounds.batch:
            try:
                waiting = self._queue.get_nowait()
            except queue.Empty:
                break
            if waiting is None:
                return jobs, True
            jobs.append(waiting)
            size += waiting.size
        return jobs, False

    def _observe(self, size: int, seconds: float) -> None:
        self.batches += 1
        self.writes += size
        try:
            if self.observer is not None:
                self.observer(size, seconds)
        except Exception:
            _log.exception("the observer of the ledger failed")

    def _begin(self) -> None:
        try:
            self._connection.begin()
        except Exception as error:
            # The batch tries again, and tells its callers.
            self._reset(error)

    def _process(self, jobs: list[Job]) -> list[tuple[Job, Result]]:
        """Results of a batch. Nothing escapes: the ledger must outlive whatever happens to one batch."""
        try:
            return self._persist(jobs)
        except Exception as error:
            self._reset(error)
            if len(jobs) == 1 or self._connection.dialect.is_lost(error):
                return [(waiting, self._failure(error)) for waiting in jobs]
        return self._each_alone(jobs)

    def _persist(self, jobs: list[Job]) -> list[tuple[Job, Result]]:
        """Commit a batch; again, for a while, as long as that may help: its connection was lost, or another writer met
        it. A database may be away for as long as it takes to elect another node."""
        dialect, deadline = self._connection.dialect, time.monotonic() + _PATIENCE_SECONDS
        for pause in chain(_PAUSES, repeat(_PAUSES[-1])):
            try:
                return self._commit(jobs)
            except Exception as error:
                passing = dialect.is_lost(error) or dialect.is_again(error)
                if not passing or time.monotonic() + pause > deadline:
                    raise
                self._reset(error)
                if dialect.is_lost(error):
                    self.trouble = _trouble(error)
                time.sleep(pause)
        raise AssertionError("there is always another pause")

    def _each_alone(self, jobs: list[Job]) -> list[tuple[Job, Result]]:
        results: list[tuple[Job, Result]] = []
        deadline = time.monotonic() + _ALONE_SECONDS
        for waiting in jobs:
            if time.monotonic() > deadline and self.trouble:
                results.append((waiting, _unavailable(self.trouble)))
                continue
            try:
                results += self._commit([waiting])
            except Exception as error:
                self._reset(error)
                results.append((waiting, self._failure(error)))
        return results

    def _commit(self, jobs: list[Job]) -> list[tuple[Job, Result]]:
        """Run all jobs in one transaction, and commit it; what is raised means that nothing was written."""
        connection = self._connection
        if not connection.begun:
            connection.begin()
        stored = Snapshot(connection, self._sql)
        pairs = [pair for waiting in jobs for pair in zip(waiting.works, waiting.drafts, strict=True)]
        look_ahead(stored, pairs, self._bounds.policy)
        unit = Unit(stored, connection.one(self._sql.last_position)[0] or 0)
        results = [(waiting, self._perform(unit, waiting)) for waiting in jobs]
        tasks = any(callable(waiting.prepared) for waiting in jobs)
        if not unit.changed and not tasks:
            connection.rollback()
            return results
        flush(unit, connection, self._sql, self._bounds.raw_bytes)
        self._expire(jobs)
        self._finish(unit)
        self.trouble = None
        return results

    def _finish(self, unit: Unit) -> None:
        """Commit. When the connection is lost meanwhile, only the database knows whether it has."""
        try:
            self._connection.commit()
        except Exception as error:
            if not self._connection.dialect.is_lost(error) or not self._is_there(unit, error):
                raise

    def _is_there(self, unit: Unit, error: Exception) -> bool:
        """Whether the first event of a batch is stored; asked within a transaction of its own, so that the one before
        has ended."""
        connection, first = self._connection, next(iter(unit.events.values()), None)
        self._reset(error)
        if first is None:
            return False
        connection.begin()
        try:
            return connection.one(self._sql.event_with, first[0].id.bytes) is not None
        finally:
            connection.rollback()

    def _perform(self, unit: Unit, waiting: Job) -> Result:
        prepared = waiting.prepared
        if isinstance(prepared, Work):
            return self._one(unit, prepared, waiting.drafts[0])
        if isinstance(prepared, Batch):
            return self._many(unit, prepared, waiting.drafts)
        return prepared(self._connection)

    def _one(self, unit: Unit, work: Work, drafted: Draft | None) -> Outcome | Fault:
        """One write; a refused one leaves no change behind."""
        mark = unit.mark()
        try:
            return execute(unit, work, self._bounds.policy, drafted)
        except Fault as fault:
            unit.undo(mark)
            return fault
        except self._connection.failures:
            raise
        except Exception as error:
            unit.undo(mark)
            blame("api", work.api.name, error)
            _log.exception("%s of %s failed", work.operation.name, work.api.name)
            return Fault(FaultKind.INTERNAL, log=repr(error))

    def _many(self, unit: Unit, batch: Batch, drafts: tuple[Draft | None, ...]) -> Result:
        """Writes in order up to the first fault; when the batch is atomic, the fault alone, and nothing is kept. With
        ``each`` all of them are run."""
        mark = unit.mark()
        results: list[Outcome | Fault] = []
        for work, drafted in zip(batch.works, drafts, strict=True):
            result = self._one(unit, work, drafted)
            if isinstance(result, Fault) and batch.atomic:
                unit.undo(mark)
                result.details = {**result.details, "index": len(results)}
                return result
            results.append(result)
            if isinstance(result, Fault) and not batch.each:
                break
        return results

    def _expire(self, jobs: list[Job]) -> None:
        """Forget what expired outcomes need now and then; the clock is the requests' own."""
        if time.monotonic() - self._expired < _EXPIRY_SECONDS:
            return
        moments = [work.received_at for waiting in jobs for work in waiting.works]
        if moments:
            self._expired = time.monotonic()
            self._connection.run(self._sql.expire, micros(min(moments)))

    def _probe(self, connection: Connection) -> None:
        connection.run(self._sql.probe)

    def _reset(self, error: Exception) -> None:
        """Undo the transaction, and connect anew: the file below the connection may be another one by now."""
        self._connection.rollback()
        self._connection.close()
        if not isinstance(error, self._connection.failures):
            _log.error("a batch failed", exc_info=error)

    def _failure(self, error: Exception) -> Fault:
        """What the caller is told of a write that failed alone."""
        if self._connection.dialect.is_clash(error):
            return Fault(FaultKind.CONFLICT, "A session or an event with this id exists.", log=str(error))
        if not isinstance(error, self._connection.failures):
            return Fault(FaultKind.INTERNAL, log=repr(error))
        self.trouble = _trouble(error)
        return _unavailable(self.trouble)


def _trouble(error: Exception) -> str:
    return f"The store takes no writes: {str(error).strip()}."


def _unavailable(trouble: str) -> Fault:
    message = "The store takes no writes at the moment; try again."
    return Fault(FaultKind.STORE_UNAVAILABLE, message, log=trouble, retry_after=RETRY_AFTER)
