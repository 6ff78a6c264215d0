"""A batch on its way to the database: run, then sent."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypeAlias

from gateway.store.jobs import Job, Result
from gateway.store.optimistic import Nothing
from gateway.store.unit import Unit

Results: TypeAlias = list[tuple[Job, Result]]


@dataclass(frozen=True, slots=True)
class Ran:
    """Jobs that were run; ``unit`` is what is to be committed, None when there is nothing. The transaction is open.

    An optimistic batch has yet to begin its own; ``nothing`` is what it expects."""

    results: Results
    unit: Unit | None
    nothing: Nothing | None = None


@dataclass(frozen=True, slots=True)
class Sent:
    """Jobs whose writes and commit were sent, or ``failed`` to be. ``answers`` are those to what an optimistic batch
    asks."""

    ran: Ran
    failed: Exception | None = None
    answers: Callable[[], list[list[Any]]] = list
