"""The ledger of an event loop: writes are run and committed between requests, in the loop's own thread.

Two threads that both compute hand the interpreter's lock to and fro, and each time one waits for the other while all
other processes wait for the writers' lock. So what computes stays in one thread; a second one does what blocks: it
waits for the writers' lock, and for a disk that is not quick. While it does, the loop reads the next requests and
answers the last ones.

A batch waits a moment for as many writes as there seem to be writers (:mod:`gateway.store.crowd`), since callers that
were answered together come again together; a caller who writes alone waits for nobody.

What goes wrong is done again in the second thread, with all the patience of
:meth:`gateway.store.writer.Writer.process`. How this is with a database server, see :mod:`gateway.store.server_turns`.
"""

import queue
import threading
import time
from asyncio import AbstractEventLoop, TimerHandle
from collections import deque
from collections.abc import Callable
from contextlib import suppress
from functools import partial
from typing import Any, TypeVar

from gateway.store.batch import Ran, Results, Sent
from gateway.store.crowd import Crowd
from gateway.store.dialect import Lock
from gateway.store.jobs import Job, deliver, draft_all, job
from gateway.store.ledger import closing
from gateway.store.snapshot import Snapshot
from gateway.store.writer import RETRY_AFTER, Writer

T = TypeVar("T")
GATHER_SECONDS = 0.004
"""For how long a batch waits at most for the writers that it expects."""


class LoopLedger:
    """Takes jobs from any thread."""

    def __init__(self, writer: Writer, lock: Lock, loop: AbstractEventLoop) -> None:
        self._writer = writer
        self._lock = lock
        self._loop = loop
        self._waiting: deque[Job] = deque()
        self._busy = self._asking = self._granted = self._closed = self._ending = self._considering = False
        self._crowd = Crowd()
        self._timer: TimerHandle | None = None
        self._probing: TimerHandle | None = None
        self._ended = threading.Event()
        self._apart: queue.SimpleQueue[tuple[Callable[[], Any], Callable[[Any], None]] | None] = queue.SimpleQueue()
        self._thread = threading.Thread(target=self._run_apart, name="ledger", daemon=True)
        self._thread.start()

    def put(self, waiting: Job) -> None:
        """Let a job wait for the next batch. Raises a Fault once the store is closing."""
        if self._closed:
            raise closing()
        if waiting.loop is self._loop:
            self._put(waiting)
        else:
            self._loop.call_soon_threadsafe(self._put, waiting)

    def close(self) -> None:
        """Finish what waits; for another thread than the loop's."""
        if not self._closed:
            self._closed = True
            self._loop.call_soon_threadsafe(self._end)
            self._ended.wait()
            self._apart.put(None)
            self._thread.join()
            self._writer.connection.close()

    def _end(self) -> None:
        """Called behind all that was put before the end."""
        self._ending = True
        self._consider()

    def _put(self, waiting: Job) -> None:
        if self._ended.is_set():
            deliver([(waiting, closing())], self._loop)
            return
        if self._asking:
            # It may be part of the batch that begins when the lock is held, as no draft should be made then.
            draft_all((waiting,))
        self._waiting.append(waiting)
        if self._granted:
            self._take_turn()
        elif not self._busy:
            self._consider_soon()

    def _consider_soon(self) -> None:
        """Behind those who are put, or were answered, in this turn of the loop."""
        if not self._considering:
            self._considering = True
            self._loop.call_soon(self._consider)

    def _consider(self) -> None:
        """Begin a batch, or wait a moment for others to join it."""
        self._considering = False
        if self._busy or not (self._waiting or self._ending):
            return
        if self._ending or len(self._waiting) >= self._crowd.expected:
            self._start()
        elif self._timer is None:
            self._timer = self._loop.call_later(GATHER_SECONDS, self._start_late)

    def _start_late(self) -> None:
        self._crowd.missed(len(self._waiting))
        self._start()

    def _start(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        if self._waiting:
            self._busy = True
            draft_all(self._waiting)
            self._ask()
        elif self._ending:
            self._ended.set()

    def _ask(self) -> None:
        """Take the writers' lock."""
        if self._lock.try_hold():
            self._turn(self._batch())
        else:
            self._asking = True
            self._do_apart(self._wait_for_lock, lambda _: self._take_turn())

    def _wait_for_lock(self) -> None:
        self._lock.hold()
        self._granted = True

    def _take_turn(self) -> None:
        """Run the batch that waited for the lock, as soon as the loop has a moment: others wait for it as well."""
        if self._granted:
            self._granted = self._asking = False
            self._turn(self._batch())

    def _turn(self, jobs: list[Job], stored: Snapshot | None = None) -> None:
        """Run a batch; the lock is held."""
        began = time.perf_counter()
        try:
            self._writer.hurry()
            ran = self._writer.run(jobs, stored)
        except Exception as error:
            self._end_apart(jobs, began, partial(self._again, jobs, error))
            return
        self._commit(jobs, began, ran)

    def _commit(self, jobs: list[Job], began: float, ran: Ran) -> None:
        sent = self._writer.send(ran)
        if sent.failed is not None:
            self._end_apart(jobs, began, partial(self._confirm, jobs, sent))
        else:
            self._sent(jobs, began, sent)

    def _sent(self, jobs: list[Job], began: float, sent: Sent) -> None:
        """A batch and its commit were sent: see it through."""
        results = self._writer.confirm(sent)
        self._lock.release()
        # Where the disk is quick the loop waits for it by itself, unless others wait for the loop.
        if self._writer.is_durable() or (not self._waiting and self._writer.sync_at_once()):
            self._over(jobs, began, results)
        else:
            self._end_apart(jobs, began, partial(self._writer.settle, results, self._lock))

    def _batch(self) -> list[Job]:
        jobs = [self._waiting.popleft()]
        size, most = jobs[0].size, self._writer.bounds.batch
        while self._waiting and size < most:
            jobs.append(self._waiting.popleft())
            size += jobs[-1].size
        return jobs

    def _confirm(self, jobs: list[Job], sent: Sent) -> Results:
        """Wait until a batch is committed, or run it again."""
        try:
            results = self._writer.confirm(sent)
        except Exception as error:
            return self._again(jobs, error)
        self._lock.release()
        return self._writer.settle(results, self._lock)

    def _again(self, jobs: list[Job], error: Exception) -> Results:
        """Run a batch that failed once more, on a new connection, which waits for others as long as it may."""
        try:
            self._writer.reset(error)
            results = self._writer.process(jobs)
        finally:
            self._lock.release()
        return self._writer.settle(results, self._lock)

    def _over(self, jobs: list[Job], began: float, results: Results) -> None:
        """Answer a batch, then begin the next one."""
        self._busy = self._asking = False
        self._crowd.came(len(jobs))
        deliver(results, self._loop)
        self._writer.observe(jobs, time.perf_counter() - began)
        if self._waiting or self._ending:
            self._consider_soon()
        elif self._writer.trouble and self._probing is None:
            self._probing = self._loop.call_later(RETRY_AFTER, self._probe)

    def _probe(self) -> None:
        """While the store is in trouble and nobody asks, find out whether it still is."""
        self._probing = None
        if not (self._busy or self._waiting or self._closed):
            self._put(job(self._writer.probe))

    def _end_apart(self, jobs: list[Job], began: float, task: Callable[[], Results]) -> None:
        """Let the second thread find out what becomes of a batch."""
        self._do_apart(task, partial(self._over, jobs, began))

    def _do_apart(self, task: Callable[[], T], then: Callable[[T], None]) -> None:
        """Do what blocks in the second thread, and go on with its result in the loop."""
        self._apart.put((task, then))

    def _run_apart(self) -> None:
        while (item := self._apart.get()) is not None:
            task, then = item
            done = task()
            # A loop that has been closed has nobody left who waits.
            with suppress(RuntimeError):
                self._loop.call_soon_threadsafe(then, done)
