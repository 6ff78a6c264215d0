"""What a codec is, and what a protocol is: the two contracts that every wire format meets."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

from gateway.limits import Limits
from gateway.outcome import Note
from gateway.quick import quick
from gateway.settings import Setting, Settings
from gateway.wire import WireRequest, WireResponse
from schemas.api import SPI, Answer, Api, NativeFault, Operation
from schemas.message import Message, Tree


@quick
@dataclass(frozen=True, slots=True)
class Decoded:
    """A body, decoded: the tree and what was odd about it. ``operation`` is set where only the body names it (SOAP),
    ``idempotency_key`` where the body, not a header, says what makes it the same request again."""

    tree: Tree
    notes: tuple[Note, ...] = ()
    operation: Operation | None = None
    api: Api | None = None
    idempotency_key: str | None = None


class Codec(Protocol):
    """Bytes to tree and tree to bytes, by a declared message; pure, and safe to share between threads."""

    @property
    def name(self) -> str:
        """``json``, ``datacontract``, ``jsv``, ``csv`` or ``soap``, or a plug-in's own."""

    @property
    def media_type(self) -> str:
        """The Content-Type of what :meth:`encode` writes."""

    def decode(self, body: bytes, message: Message, limits: Limits) -> Decoded:
        """The tree of ``body``. Raises a Fault of kind ``malformed``, ``invalid`` or ``too_large``, and nothing
        else."""

    def encode(self, tree: Tree | None, message: Message) -> bytes:
        """The bytes of ``tree``, exact."""


@dataclass(frozen=True, slots=True)
class Endpoint:
    """One address that a protocol serves.

    ``path`` is a template whose segments are literal, ``{name}``, or, as the last one, ``{name*}`` for the rest of
    the path. ``methods`` is
    None for any verb. ``operation`` is None where the request itself names it. ``data`` is the protocol's own.
    """

    protocol: "WireProtocol"
    path: str
    methods: frozenset[str] | None
    api: Api | None = None
    operation: Operation | None = None
    ignore_case: bool = False
    data: Any = None


@dataclass(frozen=True, slots=True)
class Offer:
    """An API as one protocol is to serve it; ``native`` when the API was published over this protocol."""

    api: Api
    native: bool


@quick
@dataclass(frozen=True, slots=True)
class Match:
    """An endpoint, and the values of the names in its path, percent-decoded."""

    endpoint: Endpoint
    path: Mapping[str, str] = field(default_factory=dict)


@quick
@dataclass(frozen=True, slots=True)
class Exchange:
    """What a protocol decided before it read the body: who is spoken to, and in which format it will be answered.

    ``codec`` writes the answer. ``reply`` is the protocol's own (callback, key case, negotiated charset). ``count``
    above zero says that the body is a batch. With ``several`` the body holds requests that have nothing to do with each
    other, see :class:`SplittingProtocol`. The exchange lives until the answer is written; faults are rendered with
    it, too.
    """

    protocol: "WireProtocol"
    request: WireRequest
    match: Match | None = None
    api: Api | None = None
    operation: Operation | None = None
    codec: Codec | None = None
    native: bool = True
    batch: bool = False
    reply: Any = None
    several: bool = False


class WireProtocol(Protocol):
    """An HTTP binding over codecs. It knows no API: it serves whatever operations it is offered.

    The pipeline calls, for each request: :meth:`open`, then :meth:`decode`, and in the end :meth:`encode` or
    :meth:`fault`. None of them does
    I/O or keeps state between requests.
    """

    @property
    def name(self) -> str:
        """The name in settings, logs and metrics."""

    def bind(self, offers: Sequence[Offer]) -> Sequence[Endpoint]:
        """The endpoints that serve ``offers``."""

    def open(self, request: WireRequest, match: Match | None) -> Exchange:
        """Choose operation and answer format. Never raises; a None ``match`` is an unknown path, to be answered by
        :meth:`fault`."""

    def decode(self, exchange: Exchange, limits: Limits) -> Sequence[Decoded]:
        """The request's tree; several when ``exchange.batch``. Raises a Fault, and nothing else."""

    def encode(self, exchange: Exchange, message: Message, answers: Sequence[Answer]) -> WireResponse:
        """The answer; ``answers`` holds one, or one an item of a batch."""

    def fault(self, exchange: Exchange, fault: NativeFault) -> WireResponse:
        """A native fault, in this protocol's own form."""


class SplittingProtocol(WireProtocol, Protocol):
    """A protocol of which one body may hold several requests, each of which succeeds or fails alone (JSON-RPC's batch).

    The pipeline calls :meth:`split` when :meth:`WireProtocol.open` gave an exchange with ``several``; then each part
    goes its own way, as if it had come alone, and :meth:`join` makes one answer of theirs. A request that is one of
    several by its nature, but came alone, may be opened with ``several``, too.
    """

    def split(self, exchange: Exchange, limits: Limits) -> Sequence[Exchange]:
        """One exchange for each request, each with a ``request`` whose body is its own part. Raises a Fault when the
        body as a whole cannot be read; a part that is wrong is an exchange whose ``decode`` raises."""

    def join(self, exchange: Exchange, answers: Sequence[WireResponse]) -> WireResponse:
        """One answer of the parts' answers, which stand in the order of the parts."""


class Conflict(Exception):
    """Two APIs or two endpoints cannot be served together; :meth:`WireProtocol.bind` may raise it. It stops the boot.

    The text says what both claim and what to do; ``sides`` are the (API, protocol) pairs that claim it, by name, so
    that the operator can be told whose they are. An empty name stands for none.
    """

    def __init__(self, text: str, *sides: tuple[str, str]) -> None:
        super().__init__(text)
        self.sides = sides


@dataclass(frozen=True, eq=False)
class ProtocolPlugin:
    """What the entry point group ``session_gateway.protocols`` names: a way to build the protocol from its settings.

    ``name`` is that of the entry point. ``spi`` is the version of :mod:`gateway.spi` that it was written for.
    """

    name: str
    build: Callable[[Settings], WireProtocol]
    settings: tuple[Setting, ...] = ()
    spi: str = SPI
