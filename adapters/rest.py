"""Plain REST: JSON in and out, members in path, query, header and body, problem details (RFC 9457) for faults."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from http import HTTPStatus

from adapters.binding import Binding, Bound, body_of, complete
from adapters.codecs.json import STRICT
from adapters.codecs.json_scalars import TEXT
from adapters.codecs.json_write import Writer
from adapters.negotiation import content_type
from adapters.protocol import Decoded, Endpoint, Exchange, Match, Offer, ProtocolPlugin, WireProtocol
from gateway.limits import Limits
from gateway.outcome import Fault, FaultKind
from gateway.settings import Settings
from gateway.wire import WireRequest, WireResponse
from schemas.api import Answer, NativeFault
from schemas.message import Message, Tree

PROBLEM = "application/problem+json"
_BINDING = Binding(TEXT)


@dataclass(frozen=True)
class Rest:
    """Native APIs keep their own routes, in their exact case; any other API is served below ``/rest/{api}/``: ``POST``
    with every member in the body, reads also by ``GET`` with every member in the query."""

    name: str = "rest"

    def bind(self, offers: Sequence[Offer]) -> Sequence[Endpoint]:
        """The endpoints that serve ``offers``; ``Endpoint.data`` says whether it is a native route."""
        return [endpoint for offer in offers for endpoint in self._endpoints(offer)]

    def _endpoints(self, offer: Offer) -> Iterator[Endpoint]:
        for operation in offer.api.operations:
            for route in operation.routes if offer.native else ():
                methods = None if route.method == "*" else frozenset({route.method})
                yield Endpoint(self, route.path, methods, offer.api, operation, data=True)
            if not offer.native or not operation.routes:
                path = f"/rest/{offer.api.name}/{operation.name}"
                methods = frozenset({"POST"} if operation.writes else {"GET", "POST"})
                yield Endpoint(self, path, methods, offer.api, operation, data=False)

    def open(self, request: WireRequest, match: Match | None) -> Exchange:
        """The exchange; the answer is always JSON."""
        if match is None:
            return Exchange(self, request, codec=STRICT)
        end = match.endpoint
        return Exchange(self, request, match, end.api, end.operation, STRICT, native=bool(end.data))

    def decode(self, exchange: Exchange, limits: Limits) -> Sequence[Decoded]:
        """The request's members from wherever they travel; a body without a Content-Type is JSON."""
        request, operation = exchange.request, exchange.operation
        if operation is None or exchange.match is None:
            raise Fault(FaultKind.NOT_FOUND_ROUTE)
        if not exchange.native and request.method == "GET":
            return [complete(_BINDING.bind_query(request, operation.request, limits), lambda: Decoded({}))]
        message, bound = operation.request, Bound({})
        if exchange.native:
            bound = _BINDING.bind(request, exchange.match.path, operation.request, limits)
            message = body_of(message)
        return [complete(bound, lambda: _body(request, message, limits))]

    def encode(self, exchange: Exchange, message: Message, answers: Sequence[Answer]) -> WireResponse:
        """The answer; without a tree it has no body."""
        answer = answers[0]
        if answer.tree is None:
            return WireResponse(answer.status, answer.headers)
        body = STRICT.encode(answer.tree, answer.message or message)
        return WireResponse.of(answer.status, STRICT.media_type, body, *answer.headers)

    def fault(self, exchange: Exchange, fault: NativeFault) -> WireResponse:
        """The API's own fault body where it publishes one, else problem details."""
        own = exchange.api.fault_body if exchange.api is not None and exchange.native else None
        if own is not None:
            media_type = STRICT.media_type
            body = STRICT.encode(own.tree(fault, exchange.request.correlation_id), own.message)
        else:
            media_type = PROBLEM
            body = Writer().plain(problem(fault, exchange.request.correlation_id)).encode()
        return WireResponse.of(fault.status, media_type, body, *fault_headers(fault, "Bearer"))


def _body(request: WireRequest, message: Message, limits: Limits) -> Decoded:
    if not request.body or request.method == "GET":
        return Decoded({})
    sent = content_type(request.headers)
    if sent is not None and not (sent.name == "application/json" or sent.name.endswith("+json")):
        raise Fault(FaultKind.UNSUPPORTED_MEDIA, f"the media type {sent.sent} is not supported; send application/json")
    if sent is not None and sent.charset not in ("", "utf-8", "utf8", "us-ascii"):
        raise Fault(FaultKind.UNSUPPORTED_MEDIA, f"the charset {sent.charset} is not supported; send UTF-8")
    return STRICT.decode(request.body, message, limits)


def problem(fault: NativeFault, correlation_id: str) -> Tree:
    """RFC 9457 problem details; ``code``, ``errors`` and ``correlation_id`` are extension members."""
    titles = {status.value: status.phrase for status in HTTPStatus}
    details: Tree = {"type": "about:blank", "title": titles.get(fault.status, "Error"), "status": fault.status}
    if fault.text:
        details["detail"] = fault.text
    details["code"] = fault.code
    if fault.fault.fields:
        details["errors"] = [{"path": error.path, "message": error.message} for error in fault.fault.fields]
    details["correlation_id"] = correlation_id
    return details


def fault_headers(fault: NativeFault, scheme: str = "") -> tuple[tuple[str, str], ...]:
    """The headers that tell a caller what to do: Allow, Retry-After and, with a ``scheme``, WWW-Authenticate."""
    headers: list[tuple[str, str]] = []
    if fault.fault.allow:
        headers.append(("Allow", ", ".join(fault.fault.allow)))
    if fault.fault.retry_after is not None:
        headers.append(("Retry-After", str(fault.fault.retry_after)))
    if scheme and fault.status == 401:
        headers.append(("WWW-Authenticate", scheme))
    return tuple(headers)


def build(settings: Settings) -> WireProtocol:
    """The protocol; it has no settings."""
    return Rest()


PLUGIN = ProtocolPlugin("rest", build)
