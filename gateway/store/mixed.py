"""Several requests of one body that have nothing to do with each other: writes for the ledger, reads for a reader.

The reads follow the writes, so that they see them; a fault of the store befalls the half that it befell.
"""

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future
from dataclasses import replace
from typing import Any, TypeAlias

from gateway.outcome import Fault, Outcome
from gateway.work import Batch, Work

Results: TypeAlias = list[Outcome | Fault]


def halves(prepared: Work | Batch) -> tuple[Batch, Batch] | None:
    """The writes and the reads of a batch of unrelated works; None where it is not made of both."""
    if not isinstance(prepared, Batch) or not prepared.each:
        return None
    writes = tuple(work for work in prepared.works if work.is_write)
    reads = tuple(work for work in prepared.works if not work.is_write)
    return (replace(prepared, works=writes), replace(prepared, works=reads)) if writes and reads else None


def merged(prepared: Batch, written: Results, read: Results) -> Results:
    """The results of both halves in the order of the whole."""
    sources: dict[bool, Iterator[Outcome | Fault]] = {True: iter(written), False: iter(read)}
    return [next(sources[work.is_write]) for work in prepared.works]


def of_half(half: Batch, told: Results | Fault) -> Results:
    """The results of one half; a fault of the store is that of each."""
    return [told] * len(half.works) if isinstance(told, Fault) else told


def submitted(prepared: Batch, parts: Sequence[Batch], submit: Callable[[Batch], "Future[Any]"]) -> "Future[Any]":
    """Both halves one after the other, for a thread that waits."""
    done: Future[Any] = Future()
    written: list[Results] = []

    def go_on(half: Batch, future: "Future[Any]") -> None:
        error = future.exception()
        if error is not None and not isinstance(error, Fault):
            done.set_exception(error)
            return
        written.append(of_half(half, error if isinstance(error, Fault) else future.result()))
        if len(written) == len(parts):
            done.set_result(merged(prepared, *written))
        else:
            start(parts[1])

    def start(half: Batch) -> None:
        try:
            submit(half).add_done_callback(lambda future: go_on(half, future))
        except Fault as fault:
            failed: Future[Any] = Future()
            failed.set_exception(fault)
            go_on(half, failed)

    start(parts[0])
    return done
