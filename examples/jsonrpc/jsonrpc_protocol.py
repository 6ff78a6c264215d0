"""JSON-RPC 2.0 for the session gateway: ``POST /jsonrpc`` calls ``api.Operation`` of every API that is offered.

Source: https://www.jsonrpc.org/specification (version of 2013-01-04), quoted by section. How it travels over HTTP is
not part of it: here an answer to a call has status 200, whatever it says, and nothing to answer is 204.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import Any

from gateway.spi import (
    JSON,
    UNSET,
    Answer,
    Decoded,
    Endpoint,
    Exchange,
    Fault,
    FaultKind,
    FieldError,
    Limits,
    Match,
    Message,
    NativeFault,
    Offer,
    ProtocolPlugin,
    Settings,
    Tree,
    WireProtocol,
    WireRequest,
    WireResponse,
    WireSchema,
    fields,
    message_of,
)

PATH = "/jsonrpc"
INVALID_REQUEST = -32600
CODES: Mapping[FaultKind, int] = {
    **{kind: -32000 - number for number, kind in enumerate(FaultKind)},
    FaultKind.MALFORMED: -32700,
    FaultKind.METHOD_NOT_ALLOWED: INVALID_REQUEST,
    FaultKind.NOT_FOUND_ROUTE: -32601,
    FaultKind.INVALID: -32602,
    FaultKind.INTERNAL: -32603,
}
"""Section 5.1; those from -32000 to -32099 are this server's own, in the order of the gateway's kinds of faults."""


class Body(WireSchema):
    """Any JSON value."""

    class Wire:
        bare = True

    value = fields.Any_()


BODY = message_of(Body)


@dataclass(frozen=True)
class Call:
    """One request object (section 4). ``id`` is UNSET in a notification; ``wrong`` says why it is no request."""

    id: Any = None
    method: str = ""
    params: bytes = b"{}"
    wrong: Fault | None = None


@dataclass(frozen=True)
class JsonRpc:
    """One endpoint for all; its data are the offers."""

    name: str = "jsonrpc"

    def bind(self, offers: Sequence[Offer]) -> Sequence[Endpoint]:
        """The one endpoint, which knows every method by its name."""
        methods = {f"{offer.api.name}.{each.name}": (offer, each) for offer in offers for each in offer.api.operations}
        return [Endpoint(self, PATH, frozenset({"POST"}), data=methods)]

    def open(self, request: WireRequest, match: Match | None) -> Exchange:
        """The exchange; what is called is known when the body has been split."""
        return Exchange(self, request, match, codec=JSON, several=match is not None)

    def split(self, exchange: Exchange, limits: Limits) -> Sequence[Exchange]:
        """One exchange for each call of a batch (section 6), or for the one call."""
        value = JSON.decode(exchange.request.body, BODY, limits).tree["value"]
        if value == []:
            raise invalid("a batch must hold a call")
        return [self._part(exchange, each) for each in (value if isinstance(value, list) else [value])]

    def _part(self, exchange: Exchange, value: Any) -> Exchange:
        assert exchange.match is not None
        call = read(value)
        offer, operation = exchange.match.endpoint.data.get(call.method, (None, None))
        if operation is not None and isinstance(value.get("params"), list):
            call = by_name(call, value["params"], operation.request)
        request = replace(exchange.request, body=encoded(value))
        if offer is None:
            return replace(exchange, request=request, reply=call)
        return replace(exchange, request=request, api=offer.api, operation=operation, native=offer.native, reply=call)

    def decode(self, exchange: Exchange, limits: Limits) -> Sequence[Decoded]:
        """The params of one call, which are named, or stand in the order of the message's members (section 4.2)."""
        call: Call = exchange.reply
        if call.wrong is not None:
            raise call.wrong
        if exchange.operation is None:
            raise Fault(FaultKind.NOT_FOUND_ROUTE, "There is no such method; methods are called api.Operation.")
        return [JSON.decode(call.params, exchange.operation.request, limits)]

    def encode(self, exchange: Exchange, message: Message, answers: Sequence[Answer]) -> WireResponse:
        """The result (section 5); nothing for a notification, however it ended (section 4.1)."""
        return told(exchange, b'"result":' + JSON.encode(answers[0].tree, answers[0].message or message))

    def fault(self, exchange: Exchange, fault: NativeFault) -> WireResponse:
        """The error object (section 5.1); its data say in the gateway's words what the code is too coarse for."""
        kind, was_read = fault.fault.kind, exchange.reply is not None
        code = INVALID_REQUEST if isinstance(fault.fault, InvalidRequest) else CODES[kind]
        data: Tree = {"kind": kind.value, "code": fault.code, "correlation_id": exchange.request.correlation_id}
        if fault.fault.fields:
            data["errors"] = [{"path": each.path, "message": each.message} for each in fault.fault.fields]
        if fault.fault.retry_after is not None:
            data["retry_after"] = fault.fault.retry_after
        error = {"code": code, "message": fault.text or kind.value.replace("_", " "), "data": data}
        response = told(exchange, b'"error":' + encoded(error))
        of_http = not was_read and kind not in (FaultKind.MALFORMED, FaultKind.INVALID)
        return replace(response, status=fault.status) if of_http else response

    def join(self, exchange: Exchange, answers: Sequence[WireResponse]) -> WireResponse:
        """The answers of a batch as a list, without those that are none; the one answer to one call as it is."""
        if not exchange.request.body.lstrip(b"\xef\xbb\xbf \t\r\n").startswith(b"["):
            return answers[0]
        bodies = [answer.body for answer in answers if isinstance(answer.body, bytes) and answer.body]
        return WireResponse.of(200, JSON.media_type, b"[%s]" % b",".join(bodies)) if bodies else WireResponse(204)


class InvalidRequest(Fault):
    """JSON, but no request object."""


def invalid(message: str) -> InvalidRequest:
    """The fault of what is no request object."""
    return InvalidRequest(FaultKind.MALFORMED, f"Invalid Request: {message}.")


def read(value: Any) -> Call:
    """The request object that ``value`` is, or what is wrong with it."""
    if not isinstance(value, dict):
        return Call(wrong=invalid("a call must be an object"))
    wrong = next(errors(value), None)
    number = value.get("id", UNSET if wrong is None else None)
    if wrong is not None:
        return Call(number if identifies(number) else None, wrong=invalid(wrong))
    params = value.get("params", {})
    return Call(number, value["method"], encoded(params))


def errors(value: Tree) -> Iterator[str]:
    """What is wrong with a request object."""
    if value.get("jsonrpc") != "2.0":
        yield 'jsonrpc must be "2.0"'
    if not isinstance(value.get("method"), str):
        yield "method must be a string"
    if not isinstance(value.get("params", {}), (dict, list)):
        yield "params must be an object or an array"
    if not identifies(value.get("id")):
        yield "id must be a string, a number or null"


def identifies(value: Any) -> bool:
    """Whether a value may be an id."""
    return value is None or (isinstance(value, (str, int, Decimal)) and not isinstance(value, bool))


def by_name(call: Call, params: list[Any], message: Message) -> Call:
    """The call with params by their names instead of their places."""
    if len(params) > len(message.flat_members):
        wrong = FieldError("params", f"there are {len(params)} params, at most {len(message.flat_members)} are known")
        return replace(call, wrong=Fault(FaultKind.INVALID, wrong.message, fields=(wrong,)))
    named = {member.name: value for member, value in zip(message.flat_members, params, strict=False)}
    return replace(call, params=encoded(named))


def encoded(value: Any) -> bytes:
    """Any JSON value as it is written."""
    return JSON.encode({"value": value}, BODY)


def told(exchange: Exchange, content: bytes) -> WireResponse:
    """A response object (section 5) with a result or an error; a notification gets none."""
    number = exchange.reply.id if isinstance(exchange.reply, Call) else None
    if number is UNSET:
        return WireResponse(204)
    return WireResponse.of(200, JSON.media_type, b'{"jsonrpc":"2.0",%s,"id":%s}' % (content, encoded(number)))


def build(settings: Settings) -> WireProtocol:
    """The protocol; it has no settings."""
    return JsonRpc()


PLUGIN = ProtocolPlugin("jsonrpc", build, spi="1.0")
