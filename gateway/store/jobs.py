"""What waits for the ledger, and how results get back to those who wait: to threads, and to event loops."""

import asyncio
from collections.abc import Callable, Iterable
from concurrent.futures import Future, InvalidStateError
from contextlib import suppress
from dataclasses import dataclass
from typing import Any, TypeAlias

from gateway.handler import Draft
from gateway.outcome import Fault, Outcome
from gateway.store.dialect import Connection
from gateway.store.forms import drafted
from gateway.work import Batch, Work

Task: TypeAlias = Callable[[Connection], Any]
"""Something else that is to be written under the ledger's lock, in a batch's transaction."""
Result: TypeAlias = "Outcome | list[Outcome | Fault] | Any"


@dataclass(frozen=True, slots=True)
class Job:
    """One caller's work, and where its result goes: ``loop`` is None when a thread waits.

    ``drafts`` are made here, by the caller, so that the lock of all writers is held for less time.
    """

    prepared: Work | Batch | Task
    future: Any
    loop: asyncio.AbstractEventLoop | None = None
    drafts: tuple[Draft | None, ...] = ()

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
    return Job(prepared, Future(), None, _drafts(prepared))


def loop_job(prepared: Work | Batch) -> Job:
    """A job that the running event loop waits for."""
    loop = asyncio.get_running_loop()
    return Job(prepared, loop.create_future(), loop, _drafts(prepared))


def _drafts(prepared: Work | Batch | Task) -> tuple[Draft | None, ...]:
    if isinstance(prepared, Work):
        return (_draft(prepared),)
    return tuple(_draft(work) for work in prepared.works) if isinstance(prepared, Batch) else ()


def _draft(work: Work) -> Draft | None:
    # A command that has no canonical form is a bug of its API; the ledger meets it again, and tells it as a fault.
    with suppress(TypeError):
        return drafted(work)
    return None


def deliver(results: Iterable[tuple[Job, Result]], here: asyncio.AbstractEventLoop | None = None) -> None:
    """Hand every result over, with one wake-up for each event loop but the one that this runs on (``here``)."""
    loops: dict[asyncio.AbstractEventLoop, list[tuple[Job, Result]]] = {}
    for waiting, result in results:
        if waiting.loop is None or waiting.loop is here:
            _settle(waiting.future, result)
        else:
            loops.setdefault(waiting.loop, []).append((waiting, result))
    for loop, pairs in loops.items():
        # A loop that has been closed has nobody left who waits.
        with suppress(RuntimeError):
            loop.call_soon_threadsafe(_settle_all, pairs)


def _settle_all(pairs: list[tuple[Job, Result]]) -> None:
    for waiting, result in pairs:
        _settle(waiting.future, result)


def _settle(future: Any, result: Result) -> None:
    if future.done():
        return
    with suppress(InvalidStateError):
        if isinstance(result, Exception):
            future.set_exception(result)
        else:
            future.set_result(result)
