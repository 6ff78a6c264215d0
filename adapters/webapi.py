"""ASP.NET Web API: JSON and DataContract XML by negotiation, faults as HttpError."""

import codecs
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache

from adapters.binding import Binding, body_of, complete, has_beside
from adapters.codecs.json import NET, NET_UTF16
from adapters.codecs.json_scalars import NET as NET_SCALARS
from adapters.codecs.json_write import Writer
from adapters.httperror import INVALID, NO_CONTENT_TYPE, http_error, unsupported, xml
from adapters.negotiation import MEDIA_TYPES, Format, content_type, formatter, negotiate
from adapters.protocol import Codec, Decoded, Endpoint, Exchange, Match, Offer, ProtocolPlugin, WireProtocol
from adapters.rest import fault_headers
from adapters.webapi_entry import Entry
from adapters.webapi_help import Help, HelpReply
from gateway.limits import Limits
from gateway.outcome import Fault, FaultKind
from gateway.settings import Settings
from gateway.wire import WireRequest, WireResponse
from schemas.api import Always, Answer, Api, NativeFault, Route
from schemas.message import Message

_BINDING = Binding(NET_SCALARS, ignore_case=True)


@dataclass(frozen=True, eq=False)
class WebApi:
    """Native APIs keep their own routes, in any case; any other API is served below ``/webapi/{api}/`` by ``POST``.

    ``codecs`` has one codec for each format and charset. An API whose option ``formats`` is ``("json",)`` is answered
    in JSON whatever the caller accepts, and its bodies may come without a Content-Type.
    """

    codecs: Mapping[tuple[str, str], Codec]
    name: str = "webapi"

    def bind(self, offers: Sequence[Offer]) -> Sequence[Endpoint]:
        """The endpoints that serve ``offers``; ``Endpoint.data`` says whether it is a native route, or is a page."""
        found = [endpoint for offer in offers for endpoint in self._endpoints(offer)]
        return [*found, *self._pages(found)]

    def _pages(self, found: Sequence[Endpoint]) -> Iterator[Endpoint]:
        """The help pages, which describe what is native here."""
        native = [(end.api, end.operation, end.path, end.methods) for end in found if end.data]
        entries = tuple(
            Entry(api, operation, Route(next(iter(methods or "*")), path))
            for api, operation, path, methods in native
            if api is not None and operation is not None
        )
        for path, page in Help(entries).pages.items() if entries else ():
            yield Endpoint(self, path, frozenset({"GET", "HEAD"}), ignore_case=True, data=page)

    def _endpoints(self, offer: Offer) -> Iterator[Endpoint]:
        for operation in offer.api.operations:
            for route in operation.routes if offer.native else ():
                methods = None if route.method == "*" else frozenset({route.method})
                yield Endpoint(self, route.path, methods, offer.api, operation, ignore_case=True, data=True)
            if not offer.native or not operation.routes:
                path = f"/webapi/{offer.api.name}/{operation.name}"
                yield Endpoint(self, path, frozenset({"POST"}), offer.api, operation, ignore_case=True, data=False)

    def open(self, request: WireRequest, match: Match | None) -> Exchange:
        """The exchange, with the answer's format negotiated; ``reply`` is that Format."""
        if match is None:
            chosen = negotiate(request.headers, _formats(None))
            return Exchange(self, request, codec=self.codecs[chosen.name, chosen.charset], reply=chosen)
        end = match.endpoint
        if callable(end.data):
            return Exchange(self, request, match, reply=HelpReply(end.data(request, match.path)))
        chosen = negotiate(request.headers, _formats(end.api))
        codec, native = self.codecs[chosen.name, chosen.charset], bool(end.data)
        return Exchange(self, request, match, end.api, end.operation, codec, native, reply=chosen)

    def decode(self, exchange: Exchange, limits: Limits) -> Sequence[Decoded]:
        """The request's members. An empty body is a null model, whatever its type; an operation that writes needs
        one."""
        request, operation = exchange.request, exchange.operation
        if operation is None or exchange.match is None:
            raise Fault(FaultKind.NOT_FOUND_ROUTE)
        codec = self._reader(request, exchange.api) if request.body and request.method != "GET" else None
        message, bound = operation.request, None
        if exchange.native and has_beside(message):
            bound = _BINDING.bind(request, exchange.match.path, message, limits)
            message = body_of(message)
        needed = operation.writes and bool(message.members)
        if bound is None:
            return [_model(codec, request.body, message, limits, needed=needed)]
        return [complete(bound, lambda: _model(codec, request.body, message, limits, needed=needed))]

    def _reader(self, request: WireRequest, api: Api | None) -> Codec:
        formats, sent = _formats(api), content_type(request.headers)
        if sent is None:
            if len(formats) > 1:
                raise Fault(FaultKind.UNSUPPORTED_MEDIA, NO_CONTENT_TYPE)
            return self.codecs[formats[0], "utf-8"]
        found = formatter(sent.name, formats)
        if found is None:
            raise Fault(FaultKind.UNSUPPORTED_MEDIA, unsupported(sent.sent))
        return self.codecs[found, "utf-16" if sent.charset == "utf-16" else "utf-8"]

    def encode(self, exchange: Exchange, message: Message, answers: Sequence[Answer]) -> WireResponse:
        """The answer in the negotiated format; without a tree it is null, and with status 204 it has no body."""
        answer = answers[0]
        if answer.status == 204:
            return WireResponse(204, answer.headers)
        # Without a match, the API was found after the exchange was opened.
        known = exchange.match is not None and isinstance(exchange.reply, Format)
        chosen: Format = exchange.reply if known else negotiate(exchange.request.headers, _formats(exchange.api))
        write = _written if isinstance(answer, Always) else _writing
        return write(self, chosen, answer, answer.message or message)

    def fault(self, exchange: Exchange, fault: NativeFault) -> WireResponse:
        """The fault as HttpError, in the negotiated format."""
        chosen = negotiate(exchange.request.headers, _formats(exchange.api))
        error = http_error(exchange, fault)
        text = xml(error) if chosen.name == "xml" else Writer(net=True).plain(error)
        return WireResponse.of(fault.status, chosen.content_type, _bytes(text, chosen.charset), *fault_headers(fault))


def _writing(protocol: WebApi, chosen: Format, answer: Answer, message: Message) -> WireResponse:
    body = protocol.codecs[chosen.name, chosen.charset].encode(answer.tree, message)
    return WireResponse.of(answer.status, chosen.content_type, body, *answer.headers)


_written = lru_cache(maxsize=64)(_writing)


def _model(codec: Codec | None, body: bytes, message: Message, limits: Limits, *, needed: bool) -> Decoded:
    """What the body says; a null model (no body, ``null``, ``i:nil``) is no member at all."""
    decoded = Decoded({}) if codec is None else codec.decode(body, message, limits)
    if needed and (codec is None or (decoded.notes and any(note.name == "nil_root" for note in decoded.notes))):
        raise Fault(FaultKind.INVALID, INVALID)
    return decoded


@lru_cache(maxsize=256)
def _formats(api: Api | None) -> Sequence[str]:
    """The formats of an API; every one before it is known."""
    return tuple(MEDIA_TYPES) if api is None else tuple(api.options.get("formats", MEDIA_TYPES))


def _bytes(text: str, charset: str) -> bytes:
    return codecs.BOM_UTF16_LE + text.encode("utf-16-le") if charset == "utf-16" else text.encode()


def build(settings: Settings) -> WireProtocol:
    """The protocol, with its XML codecs as strict as ``fidelity`` says."""
    from adapters.codecs.datacontract import WEBAPI, WEBAPI_UTF16

    fidelity = settings.get("fidelity", "lenient")
    return WebApi(
        {
            ("json", "utf-8"): NET,
            ("json", "utf-16"): NET_UTF16,
            ("xml", "utf-8"): replace(WEBAPI, fidelity=fidelity),
            ("xml", "utf-16"): replace(WEBAPI_UTF16, fidelity=fidelity),
        }
    )


PLUGIN = ProtocolPlugin("webapi", build)
