"""Plain REST: JSON in and out, members in path, query, header and body, problem details (RFC 9457) for faults."""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

from adapters import eventstream, forms, openapi
from adapters.binding import Binding, body_of, complete
from adapters.codecs.json import STRICT
from adapters.codecs.json_scalars import TEXT
from adapters.codecs.json_write import Writer
from adapters.forms import Reply, agree
from adapters.protocol import Decoded, Endpoint, Exchange, Match, Offer, ProtocolPlugin, WireProtocol
from gateway.limits import Limits
from gateway.outcome import Fault, FaultKind
from gateway.settings import Settings
from gateway.wire import WireRequest, WireResponse
from schemas.api import Answer, NativeFault
from schemas.message import Message, Tree

PROBLEM = "application/problem+json"
TYPE = "urn:session-gateway:problem:"
"""What comes before a kind of fault in the type of its problem details."""
_VARY = ("Vary", "Accept")
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
        if offer.native and openapi.PATH in offer.api.options:
            path = offer.api.options[openapi.PATH]
            yield Endpoint(self, path, frozenset({"GET"}), offer.api, data=openapi.document(offer.api))

    def open(self, request: WireRequest, match: Match | None) -> Exchange:
        """The exchange; the answer is JSON unless the operation and Accept agree on another form."""
        if match is None:
            return Exchange(self, request, codec=STRICT, reply=Reply())
        end = match.endpoint
        if isinstance(end.data, dict):
            return Exchange(self, request, match, end.api, codec=STRICT, reply=Reply(page=_document(request, end.data)))
        native = bool(end.data)
        reply = agree(request, end.operation) if native and end.operation is not None else Reply()
        return Exchange(self, request, match, end.api, end.operation, STRICT, native, reply.batch, reply)

    def decode(self, exchange: Exchange, limits: Limits) -> Sequence[Decoded]:
        """The request's members from wherever they travel; a body without a Content-Type is JSON."""
        request, operation = exchange.request, exchange.operation
        if operation is None or exchange.match is None:
            raise Fault(FaultKind.NOT_FOUND_ROUTE)
        if not exchange.native and request.method == "GET":
            return [complete(_BINDING.bind_query(request, operation.request, limits), lambda: Decoded({}))]
        if not exchange.native:
            return forms.read(exchange.reply, request, operation.request, limits)
        bound = _BINDING.bind(request, exchange.match.path, operation.request, limits)
        message = body_of(operation.request)
        if exchange.batch:
            items = forms.read(exchange.reply, request, message, limits)
            return [complete(bound, partial(_same, item)) for item in items]
        return [complete(bound, lambda: forms.read(exchange.reply, request, message, limits)[0])]

    def encode(self, exchange: Exchange, message: Message, answers: Sequence[Answer]) -> WireResponse:
        """The answer; without a tree it has no body. One that goes on as a stream has its first frames."""
        answer, reply, operation = answers[0], exchange.reply, exchange.operation
        if answer.tree is None:
            return WireResponse(answer.status, answer.headers)
        if operation is not None and reply.follow:
            body = forms.frames(operation, answer)
            return WireResponse.of(200, eventstream.MEDIA_TYPE, body, ("Cache-Control", "no-store"), _VARY)
        headers = () if reply.batch else answer.headers
        vary = (_VARY,) if exchange.native and operation is not None and operation.forms else ()
        media_type, body = forms.write(reply, message, answers)
        return WireResponse.of(answer.status, media_type, body, *headers, *vary)

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


def _same(item: Decoded) -> Decoded:
    return item


def _document(request: WireRequest, document: Mapping[str, Any]) -> WireResponse:
    """The OpenAPI document, at this server's public address."""
    body = json.dumps({**document, "servers": [{"url": request.base_url}]}, ensure_ascii=False).encode()
    return WireResponse.of(200, "application/json", body, ("Access-Control-Allow-Origin", "*"))


def problem(fault: NativeFault, correlation_id: str) -> Tree:
    """RFC 9457 problem details. The type is that of the kind; ``code``, ``errors``, ``index`` (the item of a list that
    was refused, from 0) and ``correlation_id`` are extension members."""
    kind, index = fault.fault.kind, fault.fault.details.get("index")
    details: Tree = {"type": TYPE + kind.value, "title": openapi.phrase(fault.status), "status": fault.status}
    if fault.text:
        details["detail"] = fault.text
    details["code"] = fault.code
    if index is not None:
        details["index"] = index
    prefix = "" if index is None else f"[{index}]."
    if fault.fault.fields:
        details["errors"] = [{"path": prefix + error.path, "message": error.message} for error in fault.fault.fields]
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
