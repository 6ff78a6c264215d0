"""What ServiceStack remembers between opening a request and answering it."""

from dataclasses import dataclass
from typing import Literal, TypeAlias

from adapters.codecs.soap import Envelope
from adapters.servicestack.binding import Pairs
from adapters.servicestack.formats import Format
from gateway.outcome import Fault
from gateway.wire import WireResponse

Dialect: TypeAlias = Literal["predefined", "route", "api", "soap", "unknown"]


@dataclass(frozen=True, slots=True)
class SoapReply:
    """The envelope that the answer needs: its namespace, and whether the request had the 2004/08 Action header.

    ``envelope`` is the request's, parsed; None where it is broken.
    """

    namespace: str
    media_type: str
    action: bool = False
    envelope: Envelope | None = None


@dataclass(frozen=True, slots=True)
class Reply:
    """The protocol's own part of an Exchange.

    ``format`` writes the answer, under ``media_type``; None is a type that nothing can write. ``body`` reads the
    request, None where a body is ignored. ``method`` is the effective verb. ``called`` is the operation's name as the
    caller spelled it. ``pending`` is raised by ``decode``; ``page`` is an answer that needs no operation.
    """

    dialect: Dialect
    format: Format | None
    media_type: str
    method: str = "GET"
    called: str = ""
    body: Format | None = None
    query: Pairs = ()
    callback: str = ""
    camel: bool = False
    iso: bool = False
    pretty: bool = False
    pending: Fault | None = None
    page: WireResponse | None = None
    soap: SoapReply | None = None
    atomic: bool = False
