"""One body that holds several requests which have nothing to do with each other: prepared singly, answered at once.

Each part goes the way of a request that came alone; see :class:`adapters.protocol.SplittingProtocol`.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import TypeAlias

from adapters.protocol import Exchange, SplittingProtocol
from gateway.guard import answer_of, by_protocol
from gateway.identity import Unverified
from gateway.limits import Limits
from gateway.outcome import Fault, FaultKind
from gateway.wire import WireResponse
from gateway.work import Batch, Work

Part: TypeAlias = Work | WireResponse

MOST = 1000
"""So many requests may come in one body."""

SECRETS = 10
"""So many short secrets that were not seen before may be in one body: a check takes as long as a hundred requests."""


@dataclass(frozen=True, slots=True)
class Several(Batch):
    """The works of one body. ``parts`` has what became of each request, in its order: an answer where no work is
    needed."""

    parts: tuple[Part, ...] = ()


def split(exchange: Exchange, limits: Limits) -> Sequence[Exchange]:
    """The requests of a body. Raises a Fault when it cannot be read, or holds too many."""
    protocol: SplittingProtocol = exchange.protocol  # type: ignore[assignment]
    parts = by_protocol(protocol, protocol.split, exchange, limits)
    if len(parts) > MOST:
        raise Fault(FaultKind.TOO_LARGE, f"the body holds more than {MOST} requests; send it in parts")
    return [replace(part, batch=False, several=False) for part in parts]


def prepared(parts: Sequence[Exchange], prepare: Callable[[Exchange, bool], Part | Batch], inline: bool) -> list[Part]:
    """Every part prepared. Secrets that wait for their check are checked together, and only a few of them: raises
    Unverified for all at once unless ``inline``, and a Fault when they are too many."""
    made: list[Part] = []
    waiting: dict[object, Unverified] = {}
    for part in parts:
        try:
            made.append(_single(prepare(part, False)))
        except Unverified as unverified:
            waiting[unverified.secret] = unverified
    if not waiting:
        return made
    if len(waiting) > SECRETS:
        raise Fault(FaultKind.TOO_LARGE, f"the body holds more than {SECRETS} names and secrets; send it in parts")
    if not inline:
        raise Unverified(lambda: [unverified.settle() for unverified in waiting.values()])
    return [_single(prepare(part, True)) for part in parts]


def _single(made: Part | Batch) -> Part:
    assert not isinstance(made, Batch), "a part of several is never a batch, see split"
    return made


def of(exchange: Exchange, made: Sequence[Part]) -> Several:
    """What was prepared, for the store and for the answer."""
    parts = tuple(_numbered(exchange.request.headers.get("idempotency-key"), made))
    works = tuple(part for part in parts if isinstance(part, Work))
    return Several(works, atomic=False, exchange=exchange, each=True, parts=parts)


def _numbered(key: str | None, parts: Sequence[Part]) -> Iterator[Part]:
    """The parts; of several, each write has its own number below the request's Idempotency-Key."""
    for number, part in enumerate(parts):
        if key is not None and len(parts) > 1 and isinstance(part, Work) and part.is_write:
            yield replace(part, idempotency_key=f"{key}/{number}")
        else:
            yield part


def join(exchange: Exchange, answers: Sequence[WireResponse]) -> WireResponse:
    """One answer of the parts' answers; who must wait for one of them is told so by it. What the protocol raises goes
    on."""
    protocol: SplittingProtocol = exchange.protocol  # type: ignore[assignment]
    joined = answer_of(protocol, protocol.join, exchange, answers)
    waits = [int(value) for answer in answers for value in _waits(answer)]
    if not waits or any(_waits(joined)):
        return joined
    return replace(joined, headers=(*joined.headers, ("Retry-After", str(max(waits)))))


def _waits(answer: WireResponse) -> Iterator[str]:
    return (value for name, value in answer.headers if name.lower() == "retry-after")
