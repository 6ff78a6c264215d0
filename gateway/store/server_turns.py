"""The ledger of an event loop that writes to a database server (:mod:`gateway.store.turns`).

A server is another process, and tells by a socket when it has an answer: the loop watches it, and does other things
meanwhile. So a batch begins its transaction, in which it waits for all other writers, and asks what it has to look up,
in one way there and back; it is run in the loop, and sent with its commit. The second thread connects, and does again
what went wrong.
"""

import time
from asyncio import AbstractEventLoop
from collections.abc import Callable
from dataclasses import replace
from functools import partial

from gateway.store.batch import Ran, Sent
from gateway.store.dialect import Lock
from gateway.store.jobs import Job
from gateway.store.optimistic import Optimism
from gateway.store.snapshot import Snapshot
from gateway.store.steps import Steps, finished
from gateway.store.turns import LoopLedger
from gateway.store.writer import Writer


class ServerLedger(LoopLedger):
    """Writers wait for each other in the database's transactions."""

    def __init__(self, writer: Writer, lock: Lock, loop: AbstractEventLoop) -> None:
        super().__init__(writer, lock, loop)
        self._optimism = Optimism()

    def _ask(self) -> None:
        began, jobs = time.perf_counter(), self._batch()
        try:
            ran = self._expect(jobs)
        except Exception as error:
            self._end_apart(jobs, began, partial(self._again, jobs, error))
            return
        if ran is not None:
            self._commit(jobs, began, ran)
        else:
            self._begin(jobs, began)

    def _expect(self, jobs: list[Job]) -> Ran | None:
        """Run an optimistic batch, if this should and can be one."""
        if not (self._writer.connection.is_open and self._optimism.is_due()):
            return None
        ran = self._writer.expect(jobs)
        if ran is None:
            self._optimism.proved(right=False)
        return ran

    def _begin(self, jobs: list[Job], began: float) -> None:
        """The usual way. To connect may take long."""
        if self._writer.connection.is_open:
            self._writer.hurry()
            self._step(jobs, began, self._writer.look(jobs))
        else:
            self._do_apart(partial(self._look, jobs, began), lambda go_on: go_on())

    def _look(self, jobs: list[Job], began: float) -> Callable[[], None]:
        """Connect, begin, and look up; gives what the loop goes on with."""
        try:
            return partial(self._turn, jobs, finished(self._writer.look(jobs)))
        except Exception as error:
            return partial(self._over, jobs, began, self._again(jobs, error))

    def _step(self, jobs: list[Job], began: float, steps: Steps[Snapshot]) -> None:
        """Look up what comes next; when all of it is known, run the batch."""
        try:
            next(steps)
        except StopIteration as end:
            self._turn(jobs, end.value)
        except Exception as error:
            self._end_apart(jobs, began, partial(self._again, jobs, error))
        else:
            self._hear(partial(self._step, jobs, began, steps))

    def _sent(self, jobs: list[Job], began: float, sent: Sent) -> None:
        self._hear(partial(self._committed, jobs, began, sent))

    def _committed(self, jobs: list[Job], began: float, sent: Sent) -> None:
        connection, optimistic = self._writer.connection, sent.ran.nothing is not None
        try:
            # First by itself: to look for a commit that was lost takes long.
            connection.complete()
            results = self._writer.confirm(sent)
        except Exception as failed:
            if optimistic and connection.dialect.is_surprise(failed):
                self._surprised(jobs, began)
            else:
                self._end_apart(jobs, began, partial(self._confirm, jobs, replace(sent, failed=failed)))
            return
        if optimistic:
            self._optimism.proved(right=True)
        self._over(jobs, began, results)

    def _surprised(self, jobs: list[Job], began: float) -> None:
        """Run an optimistic batch again, in the usual way."""
        self._optimism.proved(right=False)
        self._writer.connection.rollback()
        self._begin(jobs, began)

    def _hear(self, then: Callable[[], None]) -> None:
        """Go on when the server has answered; at once where nothing is asked of it."""
        if not self._writer.connection.pending:
            then()
            return
        socket = self._writer.connection.socket
        if socket is None:
            # What does not fit into the socket is sent as the server takes it.
            self._do_apart(self._writer.connection.wait, lambda _: then())
        else:
            self._loop.add_reader(socket, self._heard, socket, then)

    def _heard(self, socket: int, then: Callable[[], None]) -> None:
        # First of all: a connection that is lost closes its socket.
        self._loop.remove_reader(socket)
        if self._writer.connection.has_come():
            then()
        else:
            self._hear(then)
