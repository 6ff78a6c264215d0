"""What waits for the ledger, and how results get back to those who wait: to threads, and to event loops."""

import asyncio
from collections.abc import Callable, Iterable
from concurrent.futures import Future, InvalidStateError
from contextlib import suppress
from dataclasses import dataclass
from typing import Any, TypeAlias

from gateway.handler import Draft, draft
from gateway.outcome import Fault, Outcome
from gateway.store.dialect import Connection
from gateway.store.forms import add_forms
from gateway.work import Batch, Work

Task: TypeAlias = Callable[[Connection], Any]
"""Something else that is to be written under the ledger's lock, in a batch's transaction."""
Result: TypeAlias = "Outcome | list[Outcome | Fault] | Any"


@dataclass(slots=True)
class Job:
    """One caller's work, and where its result goes: to ``future``, or to ``then``, which is called with the result or
    with what went wrong. ``loop`` is None when a thread waits.

    ``drafts`` are made before the lock of all writers is held (:func:`draft_all`), so that it is held for less time.
    """

    prepared: Work | Batch | Task
    future: Any
    loop: asyncio.AbstractEventLoop | None = None
    drafts: tuple[Draft | None, ...] = ()
    drafted: bool = False
    then: Callable[[Any], None] | None = None

    @property
    def works(self) -> tuple[Work, ...]:
        """The requests that it holds."""
        if isinstance(self.prepared, Batch):
            return self.prepared.works
        return (self.prepared,) if isinstance(self.prepared, Work) else ()

    @property
    def size(self) -> int:
        """How much it takes of a batch."""
        return len(self.prepared.works) if isinstance(self.prepared, Batch) else 1


def job(prepared: Work | Batch | Task) -> Job:
    """A job that a thread waits for."""
    return Job(prepared, Future())


def loop_job(prepared: Work | Batch, then: Callable[[Any], None] | None = None) -> Job:
    """A job that the running event loop waits for, or in which ``then`` is called."""
    loop = asyncio.get_running_loop()
    return Job(prepared, loop.create_future() if then is None else None, loop, then=then)


def draft_all(jobs: Iterable[Job]) -> None:
    """Draft what is not drafted yet; one step after the other, as in :mod:`gateway.gathering`."""
    new = [waiting for waiting in jobs if not waiting.drafted]
    for waiting in new:
        waiting.drafts, waiting.drafted = tuple([_draft(work) for work in waiting.works]), True
    for waiting in new:
        for made in waiting.drafts:
            if made is not None:
                add_forms(made)


def _draft(work: Work) -> Draft | None:
    try:
        return draft(work)
    except TypeError:
        # A command that has no canonical form is a bug of its API; the ledger meets it again, and tells it as a fault.
        return None


def deliver(results: Iterable[tuple[Job, Result]], here: asyncio.AbstractEventLoop | None = None) -> None:
    """Hand every result over, with one wake-up for each event loop but the one that this runs on (``here``)."""
    loops: dict[asyncio.AbstractEventLoop, list[tuple[Job, Result]]] = {}
    for waiting, result in results:
        if waiting.loop is None or waiting.loop is here:
            _settle(waiting, result)
        else:
            loops.setdefault(waiting.loop, []).append((waiting, result))
    for loop, pairs in loops.items():
        # A loop that has been closed has nobody left who waits.
        with suppress(RuntimeError):
            loop.call_soon_threadsafe(_settle_all, pairs)


def _settle_all(pairs: list[tuple[Job, Result]]) -> None:
    for waiting, result in pairs:
        _settle(waiting, result)


def _settle(waiting: Job, result: Result) -> None:
    if waiting.then is not None:
        waiting.then(result)
        return
    future = waiting.future
    if future.done():
        return
    try:
        if isinstance(result, Exception):
            future.set_exception(result)
        else:
            future.set_result(result)
    except InvalidStateError:
        # A thread that waits may give up at any moment.
        return
