"""What one published API is: operations, routes, credentials and faults, as frozen values. It knows no bytes."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Literal, TypeAlias

from gateway.commands import Command, Write
from gateway.model import Principal, Session
from gateway.outcome import Fault, FaultKind, Note, Outcome
from gateway.quick import quick
from gateway.settings import Setting, Settings
from gateway.wire import WireRequest
from schemas.message import Message, Tree

SPI = "1.0"
"""What a plug-in that states no version was written for: the first version of :mod:`gateway.spi`."""


@quick
@dataclass(frozen=True, slots=True)
class Presented:
    """A credential as a caller showed it.

    ``kind`` says how it is verified: ``key`` (one secret), ``pair`` (name and secret), ``jwt`` (a signed token),
    ``session`` (a stored key or, when there is none of this value, the secret of a session, which is checked where the
    session is read). ``realm`` is the account that the caller names, if any.
    """

    kind: Literal["key", "pair", "jwt", "session"]
    secret: str
    name: str = ""
    realm: str = ""


@quick
@dataclass(frozen=True, slots=True)
class Context:
    """What a mapping may know besides the message: the caller, the moment, and path or header facts already in the
    tree."""

    principal: Principal | None
    received_at: datetime
    secret: str = ""


@quick
@dataclass(frozen=True, slots=True)
class Mapped:
    """The canonical command of a request, and notes on what was odd."""

    command: Command
    notes: tuple[Note, ...] = ()


@quick
@dataclass(frozen=True, slots=True)
class Asked:
    """What an answer may need of its request: the tree as it was sent, the context, the public base URL, and the
    correlation id (32 hex digits)."""

    tree: Tree
    context: Context
    base_url: str = ""
    correlation_id: str = ""


@quick
@dataclass(frozen=True, slots=True)
class Answer:
    """What a caller is told: a tree of ``message`` (None: of the operation's answer), and the HTTP status."""

    tree: Tree | None
    status: int = 200
    message: Message | None = None
    headers: tuple[tuple[str, str], ...] = ()


class Always(Answer):
    """One answer to every request: whoever gives it keeps it, and a protocol may keep what it wrote of it."""

    __slots__ = ()
    __eq__ = object.__eq__
    __hash__ = object.__hash__


@dataclass(frozen=True, slots=True)
class Route:
    """A native address of an operation: ``POST /sites/{company-id}/api/userSession/post``.

    A name in braces is the wire name of a member whose location is ``path``. ``method`` ``*`` is any verb.
    """

    method: str
    path: str


def allow(before: Session | None, after: Session, write: Write) -> None:
    """The check of an operation without rules of its own: every change is allowed."""


def nobody(tree: Tree) -> Presented | None:
    """The body credentials of an operation that has none."""
    return None


@dataclass(frozen=True, eq=False)
class Form:
    """Another JSON form of an operation's request and answer, under media types of its own, such as CloudEvents.

    ``one`` is the media type of a single item, ``many`` that of a JSON array of them. ``message`` describes an item of
    a request, ``answer`` one of an answer. ``read`` makes a request's tree of an item; ``key`` gives what makes two
    items the same write, used as their Idempotency-Key; both raise a Fault. ``write`` gives the item of an answer's
    tree, or the list of its items.
    """

    one: str
    many: str
    message: Message
    answer: Message
    read: Callable[[Tree], Tree]
    key: Callable[[Tree], str]
    write: Callable[[Tree], Tree | list[Tree]]


@dataclass(frozen=True, eq=False)
class Feed:
    """How the answer of a list goes on as a stream: its items, each of ``message``, and the ``id`` of an item, after
    which a reader that comes back goes on."""

    message: Message
    items: Callable[[Tree], Sequence[Tree]]
    id: Callable[[Tree], str]


@dataclass(frozen=True, eq=False)
class Operation:
    """One operation: its messages, and how they map to the canonical model and back.

    ``command`` maps a checked tree to a command or raises a Fault. ``check`` runs inside the transaction with the
    session before (None when it is made) and after the write, and raises a Fault to refuse it. ``present`` makes the
    answer from the outcome. ``credentials`` finds credentials in the body. ``scope`` is what the principal must hold.
    ``status`` is the HTTP status of success, for documents. With ``batch`` a list of requests may be sent, of which
    all are accepted or none; ``forms`` and ``feed`` say in which other ways it may be asked and answered. A protocol
    may offer the three or not. ``lifetime`` bounds for how long after its login a session's secret reads anything
    here (None: until the session ends). ``in_band`` is how this operation tells the faults that its API tells
    in-band, where it has an answer of its own for them.
    """

    name: str
    request: Message
    answer: Message
    command: Callable[[Tree, Context], Mapped]
    present: Callable[[Outcome, Asked], Answer]
    routes: tuple[Route, ...] = ()
    writes: bool = True
    check: Callable[[Session | None, Session, Write], None] = allow
    credentials: Callable[[Tree], Presented | None] = nobody
    scope: str | None = None
    public: bool = False
    doc: str = ""
    status: int = 200
    batch: bool = False
    forms: tuple[Form, ...] = ()
    feed: Feed | None = None
    lifetime: timedelta | None = None
    in_band: "InBand | None" = None


@dataclass(frozen=True, slots=True)
class InBand:
    """A fault told inside an ordinary answer: a tree of ``message``, with HTTP ``status``."""

    message: Message
    tree: Callable[[Fault, Asked | None], Tree]
    status: int = 200


@dataclass(frozen=True, slots=True)
class Native:
    """A fault that the protocol renders in its own form. An empty ``text`` gives the fault's own message."""

    status: int
    code: str = ""
    text: str = ""


FaultRow: TypeAlias = InBand | Native
FaultTable: TypeAlias = Mapping[FaultKind, FaultRow]


PLAIN_FAULTS: FaultTable = {
    FaultKind.MALFORMED: Native(400),
    FaultKind.UNSUPPORTED_MEDIA: Native(415),
    FaultKind.NOT_FOUND_ROUTE: Native(404),
    FaultKind.METHOD_NOT_ALLOWED: Native(405),
    FaultKind.INVALID: Native(400),
    FaultKind.UNAUTHENTICATED: Native(401),
    FaultKind.FORBIDDEN: Native(403),
    FaultKind.LOCKED_OUT: Native(429),
    FaultKind.NOT_FOUND: Native(404),
    FaultKind.EXPIRED: Native(410),
    FaultKind.INVALID_TRANSITION: Native(409),
    FaultKind.CONFLICT: Native(409),
    FaultKind.PRECONDITION_FAILED: Native(412),
    FaultKind.UNSUPPORTED: Native(501),
    FaultKind.TOO_LARGE: Native(413),
    FaultKind.TIMEOUT: Native(408),
    FaultKind.BUSY: Native(503),
    FaultKind.STORE_UNAVAILABLE: Native(503),
    FaultKind.INTERNAL: Native(500),
}
"""Every kind with the HTTP status that fits it, told in the protocol's own form: the table of an API that publishes no
faults of its own, and what a caller is told where no API is known yet."""


@dataclass(frozen=True, slots=True)
class NativeFault:
    """A fault ready to be rendered by a protocol: the API's status, code and text filled in."""

    status: int
    code: str
    text: str
    fault: Fault


@dataclass(frozen=True, slots=True)
class FaultBody:
    """The body that an API publishes for its native faults (BioT's six keys); used by its native protocols only."""

    message: Message
    tree: Callable[[NativeFault, str], Tree]


def no_header(request: WireRequest, path: Mapping[str, str]) -> Presented | None:
    """The header credentials of an API that has none."""
    return None


@dataclass(frozen=True, eq=False)
class Api:
    """One published service.

    ``native`` names the protocols it was published over, the first of which gives the dialect of a fault on an
    unknown path below one of its ``prefixes``. ``also`` names those over which it is offered, too, at addresses of
    theirs, unless the setting ``offer`` says otherwise. ``header`` finds credentials before the body is read.
    ``demand`` says where a caller must show who it is: ``header``, ``body``, or ``none`` (checked where the session
    is read). ``structural`` tells a request that does not fit its message (found by codec or check), where that
    differs from a value that the API's own rules refuse.
    """

    name: str
    title: str
    native: tuple[str, ...]
    prefixes: tuple[str, ...]
    operations: tuple[Operation, ...]
    faults: FaultTable
    header: Callable[[WireRequest, Mapping[str, str]], Presented | None] = no_header
    fault_body: FaultBody | None = None
    structural: Native | None = None
    options: Mapping[str, Any] = field(default_factory=dict)
    doc: str = ""
    also: tuple[str, ...] = ()

    def row(self, fault: Fault) -> FaultRow:
        """How ``fault`` is told: an invalid request without a code of the API's own was refused before its mapping."""
        if self.structural is not None and fault.kind is FaultKind.INVALID and fault.code is None:
            return self.structural
        return self.faults[fault.kind]

    def operation(self, name: str) -> Operation | None:
        """The operation of this name, compared without case."""
        wanted = name.lower()
        return next((operation for operation in self.operations if operation.name.lower() == wanted), None)


@dataclass(frozen=True, eq=False)
class ApiPlugin:
    """What the entry point group ``session_gateway.apis`` names: a way to build the API from its settings.

    ``name`` is that of the entry point. ``spi`` is the version of :mod:`gateway.spi` that it was written for.
    """

    name: str
    build: Callable[[Settings], Api]
    settings: tuple[Setting, ...] = ()
    spi: str = SPI
