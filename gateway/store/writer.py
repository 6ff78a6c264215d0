"""The writer: runs jobs against the unit of work, and commits them, in transactions of one connection.

It is called by one thread at a time, which holds the lock that all processes share. Whatever fails is run again by
itself, in the end each job alone: nothing that befalls one batch, or one of its jobs, escapes.
"""

import logging
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from itertools import chain, repeat
from typing import Any

from gateway.guard import blame
from gateway.handler import Draft, Policy, execute
from gateway.outcome import Fault, FaultKind, Outcome
from gateway.store.ahead import look_ahead
from gateway.store.batch import Ran, Results, Sent
from gateway.store.dialect import Connection, Lock, Question
from gateway.store.flush import flush
from gateway.store.jobs import Job, Result, draft_all
from gateway.store.logsync import LogSync
from gateway.store.optimistic import LAST_POSITION, NOTHING_AT, Nothing, Surprise, move, relative
from gateway.store.snapshot import Snapshot
from gateway.store.statements import Statements
from gateway.store.steps import Steps, finished
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


class Writer:
    """``trouble`` says why the store takes no writes, None while it does; ``observer`` is called after each batch with
    the number of its writes and its seconds, ``committed`` after each commit with the number of its events."""

    def __init__(
        self, connection: Connection, statements: Statements, bounds: Bounds, log: LogSync | None = None
    ) -> None:
        self.connection = connection
        self.bounds = bounds
        self.trouble: str | None = None
        self.observer: Callable[[int, float], None] | None = None
        self.committed: Callable[[int], object] = int
        self.batches = 0
        self.writes = 0
        self._sql = statements
        self._relative = relative(statements) if connection.dialect.pipelines else statements
        self._expired = time.monotonic()
        self._last = 0
        self._log = log
        self._logged = 0
        self._hurried: Any = None

    def observe(self, jobs: list[Job], seconds: float) -> None:
        """Count a batch that is over."""
        size = sum([waiting.size for waiting in jobs])
        self.batches += 1
        self.writes += size
        try:
            if self.observer is not None:
                self.observer(size, seconds)
        except Exception:
            _log.exception("the observer of the ledger failed")

    def begin(self) -> None:
        """Begin a transaction, so that others wait from now on. What fails here fails again with the batch."""
        try:
            finished(self._ask(()))
        except Exception as error:
            self.reset(error)

    def look(self, jobs: list[Job]) -> Steps[Snapshot]:
        """Begin a transaction, if there is none, and look up what the jobs will ask. Raises what the driver raises."""
        draft_all(jobs)
        stored = Snapshot(self.connection, self._sql)
        pairs = [pair for waiting in jobs for pair in zip(waiting.works, waiting.drafts, strict=True)]
        if len(pairs) > 1 or self.connection.dialect.pipelines:
            yield from look_ahead(stored, pairs, self.bounds.policy, self._ask)
        if not self.connection.begun:
            yield from self._ask(())
        return stored

    def _ask(self, questions: Sequence[Question]) -> Steps[list[list[Any]]]:
        """The rows of several questions; the first are asked together with what begins the transaction."""
        if self.connection.begun:
            answers = self.connection.put(questions)
            yield
            return answers()
        if self._log is not None and self._log.doubtful:
            self._mend(self._log)
        answers = self.connection.put(
            [(self._sql.last_position, [()]), *questions], self.connection.dialect.begin_write
        )
        yield
        last, *found = answers()
        self._last = last[0][0] or 0
        return found

    def run(self, jobs: list[Job], stored: Snapshot | None = None) -> Ran:
        """Run all jobs in one transaction, which is left open. Raises what the driver raises. ``stored`` is what was
        looked up for them."""
        unit = Unit(stored or finished(self.look(jobs)), self._last)
        results = [(waiting, self._perform(unit, waiting)) for waiting in jobs]
        idle = not unit.changed and not any(callable(waiting.prepared) for waiting in jobs)
        return Ran(results, None if idle else unit)

    def expect(self, jobs: list[Job]) -> Ran | None:
        """Run jobs as an optimistic batch (:mod:`gateway.store.optimistic`), which has yet to begin its transaction;
        None where they cannot be one."""
        if any(callable(waiting.prepared) for waiting in jobs):
            return None
        draft_all(jobs)
        nothing = Nothing(self.connection, self._sql)
        unit = Unit(nothing, 0)
        try:
            results = [(waiting, self._perform(unit, waiting)) for waiting in jobs]
        except Surprise:
            return None
        return Ran(results, unit, nothing) if unit.events else None

    def finish(self, ran: Ran) -> Results:
        """Write and commit; what is raised means that nothing was written. :meth:`settle` comes next."""
        return self.confirm(self.send(ran))

    def send(self, ran: Ran) -> Sent:
        """Write and commit, and leave it to :meth:`confirm` to wait for a server. Raises nothing."""
        if ran.unit is None:
            self.connection.rollback(wait=False)
            return Sent(ran)
        sql, sent = self._sql, Sent(ran)
        try:
            with self.connection.pipelined(wait=False):
                if ran.nothing is not None:
                    sql, sent = self._relative, Sent(ran, answers=self._begin_expecting(ran.nothing))
                self._expire(ran.results)
                flush(ran.unit, self.connection, sql, self.bounds.raw_bytes)
                self._commit()
        except Exception as error:
            return Sent(ran, error)
        return sent

    def _begin_expecting(self, nothing: Nothing) -> Callable[[], list[list[Any]]]:
        """Begin the transaction of an optimistic batch; gives what the server answers."""
        asked: list[Question] = [(NOTHING_AT, sorted(nothing.looked)), (LAST_POSITION, [()])]
        return self.connection.put(asked, self.connection.dialect.begin_write)

    def confirm(self, sent: Sent) -> Results:
        """See to it that what was sent is committed; what is raised means that nothing was written.

        When the connection is lost meanwhile, only the database knows whether it has committed.
        """
        ran = sent.ran
        if ran.unit is not None:
            try:
                if sent.failed is not None:
                    raise sent.failed
                self.connection.complete()
                by = 0 if ran.nothing is None else int(sent.answers()[1][0][0])
            except Exception as error:
                found = self._moved(ran.unit, error) if self.connection.dialect.is_lost(error) else None
                if found is None:
                    raise
                by = found
            move(ran.unit, by)
            self.trouble = None
            self.committed(len(ran.unit.events))
            return ran.results
        with suppress(*self.connection.failures):
            self.connection.complete()
        if self._log is not None:
            self._logged = self._log.latest
        return ran.results

    def _commit(self) -> None:
        if self._log is None:
            self.connection.commit()
            return
        number = self._log.begin()
        self.connection.commit()
        self._log.logged(number)
        self._logged = number

    def is_durable(self) -> bool:
        """Whether all that the last results tell of is on the disk."""
        return self._log is None or self._log.is_synced(self._logged)

    def sync_at_once(self) -> bool:
        """Sync what the last results tell of, if that takes no time to speak of; whether all of it is on the disk."""
        if self._log is not None and self._log.is_quick:
            with suppress(OSError):
                self._log.sync(self._logged)
        return self.is_durable()

    def settle(self, results: Results, lock: Lock) -> Results:
        """The last results, once all that they tell of is on the disk, whatever that takes; called without the lock."""
        if self._log is None:
            return results
        try:
            self._log.sync(self._logged)
        except OSError as error:
            return self._doubted(self._log, results, lock, error)
        return results

    def _doubted(self, log: LogSync, results: Results, lock: Lock, error: Exception) -> Results:
        """What was written may be gone after a power cut. Once all of the log is in the database, it is not."""
        for pause in _PAUSES:
            time.sleep(pause)
            try:
                with lock.held():
                    self._mend(log)
                return results
            except self.connection.failures as failure:
                error = failure
        _log.error("a batch is in the log, and may not be on the disk", exc_info=error)
        self.trouble = _trouble(error)
        return [(waiting, _unavailable(self.trouble)) for waiting, _ in results]

    def _mend(self, log: LogSync) -> None:
        """Copy the log into the database, unless another process has done so meanwhile. Raises what the driver
        raises."""
        if log.doubtful and self.connection.dialect.checkpoint is not None:
            log.mend(*self.connection.one(self.connection.dialect.checkpoint))

    def process(self, jobs: list[Job]) -> Results:
        """Results of a batch, each committed or refused. Nothing escapes."""
        try:
            return self._persist(jobs)
        except Exception as error:
            self.reset(error)
            if len(jobs) == 1 or self.connection.dialect.is_lost(error):
                return [(waiting, self._failure(error)) for waiting in jobs]
        return self._each_alone(jobs)

    def hurry(self) -> None:
        """Let what this thread runs on this connection not wait for long."""
        cursor, hurry = self.connection.cursor(), self.connection.dialect.hurry
        if hurry is not None and cursor is not self._hurried:
            hurry(cursor)
            self._hurried = cursor

    def probe(self, connection: Connection) -> None:
        """The job that finds out whether the store takes writes again."""
        connection.run(self._sql.probe)

    def _persist(self, jobs: list[Job]) -> Results:
        """Commit a batch; again, for a while, as long as that may help: its connection was lost, or another writer met
        it. A database may be away for as long as it takes to elect another node."""
        dialect, deadline = self.connection.dialect, time.monotonic() + _PATIENCE_SECONDS
        for pause in chain(_PAUSES, repeat(_PAUSES[-1])):
            try:
                return self.finish(self.run(jobs))
            except Exception as error:
                passing = dialect.is_lost(error) or dialect.is_again(error)
                if not passing or time.monotonic() + pause > deadline:
                    raise
                self.reset(error)
                if dialect.is_lost(error):
                    self.trouble = _trouble(error)
                time.sleep(pause)
        raise AssertionError("there is always another pause")

    def _each_alone(self, jobs: list[Job]) -> Results:
        results: Results = []
        deadline = time.monotonic() + _ALONE_SECONDS
        for waiting in jobs:
            if time.monotonic() > deadline and self.trouble:
                results.append((waiting, _unavailable(self.trouble)))
                continue
            try:
                results += self.finish(self.run([waiting]))
            except Exception as error:
                self.reset(error)
                results.append((waiting, self._failure(error)))
        return results

    def _moved(self, unit: Unit, error: Exception) -> int | None:
        """How much higher the first event of a batch is stored than it was to be, None where it is not there; asked
        within a transaction of its own, so that the one before has ended."""
        connection, first = self.connection, next(iter(unit.events.values()), None)
        self.reset(error)
        if first is None:
            return None
        connection.begin()
        try:
            found = connection.one(self._sql.event_with, first[0].id.bytes)
            return None if found is None else int(found[0]) - first[0].position
        finally:
            connection.rollback()

    def _perform(self, unit: Unit, waiting: Job) -> Result:
        prepared = waiting.prepared
        if isinstance(prepared, Work):
            return self._one(unit, prepared, waiting.drafts[0])
        if isinstance(prepared, Batch):
            return self._many(unit, prepared, waiting.drafts)
        return prepared(self.connection)

    def _one(self, unit: Unit, work: Work, drafted: Draft | None) -> Outcome | Fault:
        """One write; a refused one leaves no change behind."""
        mark = unit.mark()
        try:
            return execute(unit, work, self.bounds.policy, drafted)
        except Fault as fault:
            unit.undo(mark)
            return fault
        except self.connection.failures:
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

    def _expire(self, results: Results) -> None:
        """Forget what expired outcomes need now and then; the clock is the requests' own."""
        if time.monotonic() - self._expired < _EXPIRY_SECONDS:
            return
        moments = [work.received_at for waiting, _ in results for work in waiting.works]
        if moments:
            self._expired = time.monotonic()
            self.connection.run(self._sql.expire, micros(min(moments)))

    def reset(self, error: Exception) -> None:
        """Undo the transaction, and connect anew: the file below the connection may be another one by now."""
        self.connection.rollback()
        self.connection.close()
        if not isinstance(error, self.connection.failures):
            _log.error("a batch failed", exc_info=error)

    def _failure(self, error: Exception) -> Fault:
        """What the caller is told of a write that failed alone."""
        if self.connection.dialect.is_clash(error):
            return Fault(FaultKind.CONFLICT, "A session or an event with this id exists.", log=str(error))
        if not isinstance(error, self.connection.failures):
            return Fault(FaultKind.INTERNAL, log=repr(error))
        self.trouble = _trouble(error)
        return _unavailable(self.trouble)


def _trouble(error: Exception) -> str:
    return f"The store takes no writes: {str(error).strip()}."


def _unavailable(trouble: str) -> Fault:
    message = "The store takes no writes at the moment; try again."
    return Fault(FaultKind.STORE_UNAVAILABLE, message, log=trouble, retry_after=RETRY_AFTER)
