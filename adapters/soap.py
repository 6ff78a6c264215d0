"""The protocol ``soap``: any offered API over SOAP 1.1 and 1.2.

An API that was published over SOAP brings its :class:`~adapters.soapstyle.SoapStyle`; every other one is served as
document/literal at ``POST /soap/{api}``. The ``SOAPAction`` decides only where the envelope names no operation.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import lru_cache
from typing import Any
from urllib.parse import parse_qsl

from adapters.addressing import addressed, answer_header
from adapters.codecs.soap import (
    SOAP_11,
    SOAP_12,
    SOAP_CODE,
    Envelope,
    SoapCodec,
    Version,
    attribute,
    local,
    namespace,
    open_envelope,
    sniff,
    text,
)
from adapters.codecs.soap_usual import usual_envelope
from adapters.protocol import Decoded, Endpoint, Exchange, Match, Offer, ProtocolPlugin
from adapters.soapstyle import DOCUMENT_LITERAL, SoapStyle, target_namespace
from adapters.wrapped import RESULT, answer_of, request_of
from gateway.limits import Limits
from gateway.outcome import RETRYABLE, Fault, FaultKind, Note
from gateway.quick import quick
from gateway.settings import Settings
from gateway.wire import WireRequest, WireResponse
from schemas.api import Answer, Api, InBand, NativeFault, Operation
from schemas.message import Message
from wsdl import document_literal, files, header_style
from wsdl.document_literal import FAULTS

HTTP_STATUS = {FaultKind.METHOD_NOT_ALLOWED: 405, FaultKind.NOT_FOUND_ROUTE: 404, FaultKind.UNSUPPORTED_MEDIA: 415}
"""Faults that HTTP tells apart; every other one is a 500, or in SOAP 1.2 a 400 when the sender is at fault."""

_UTF8 = (None, "utf-8", "UTF-8")
SERVER = RETRYABLE | {FaultKind.INTERNAL, FaultKind.UNSUPPORTED}
"""Kinds for which the sender is not to blame."""


@quick
@dataclass(frozen=True, slots=True)
class SoapReply:
    """What an answer needs of its request: the SOAP version, or the whole answer where it is a page (a WSDL)."""

    version: Version
    page: WireResponse | None = None


def style_of(api: Api | None) -> SoapStyle:
    """How ``api`` is spoken over SOAP."""
    style = api.options.get("soap", DOCUMENT_LITERAL) if api is not None else DOCUMENT_LITERAL
    assert isinstance(style, SoapStyle)
    return style


def path_of(api: Api) -> str:
    """Where ``api`` is served."""
    return style_of(api).path or f"/soap/{api.name}"


@dataclass(frozen=True)
class Soap:
    """SOAP over HTTP POST; a GET with ``?wsdl`` gives the API's description."""

    name: str = field(default="soap", init=False)

    def bind(self, offers: Sequence[Offer]) -> Sequence[Endpoint]:
        """One endpoint for each API."""
        methods = frozenset({"POST", "GET", "HEAD"})
        return [Endpoint(self, path_of(offer.api), methods, offer.api) for offer in offers]

    def open(self, request: WireRequest, match: Match | None) -> Exchange:
        """Answer in the SOAP version of the envelope, else in that of the content type."""
        api = match.endpoint.api if match is not None else None
        version = sniff(request.body) or (SOAP_12 if _media_type(request) == "application/soap+xml" else SOAP_11)
        style = style_of(api)
        if version.name not in style.versions:
            version = SOAP_11
        codec = SoapCodec(api.name if api else "", style, version)
        reply = SoapReply(version, _page(request, api))
        return Exchange(self, request, match, api, None, codec, native=api is not None and _native(api), reply=reply)

    def decode(self, exchange: Exchange, limits: Limits) -> Sequence[Decoded]:
        """The tree, and the operation that the envelope names."""
        request, api, style = exchange.request, exchange.api, style_of(exchange.api)
        if request.method != "POST":
            raise Fault(FaultKind.METHOD_NOT_ALLOWED, "SOAP is spoken by POST", allow=("POST",))
        if api is None:
            raise Fault(FaultKind.NOT_FOUND_ROUTE, "no service at this path")
        kind = _media_type(request)
        if kind and kind not in style.media_types:
            accepted = ", ".join(style.media_types)
            raise Fault(FaultKind.UNSUPPORTED_MEDIA, f"the content type {kind} is not one of {accepted}")
        charset = _charset(request)
        if style.dispatch == "header" and charset in _UTF8:
            decoded = _read_usual(exchange, api, limits)
            if decoded is not None:
                return [decoded]
        envelope = open_envelope(request.body, limits, charset=charset, versions=style.versions)
        try:
            return [_read(exchange, api, envelope)]
        except Fault as fault:
            if style.dispatch == "header":
                fault.details = {**envelope.header_texts(), **fault.details}
            raise

    def encode(self, exchange: Exchange, message: Message, answers: Sequence[Answer]) -> WireResponse:
        """The answer in an envelope. A native style keeps the answer's status; elsewhere success is always 200."""
        codec, answer = _codec(exchange), answers[0]
        status = 200 if not codec.style.bare_answer and answer.status < 300 else answer.status
        headers = (*answer.headers, ("Allow", "POST")) if status == 405 else answer.headers
        blocks, tree = _blocks(exchange, codec), answer.tree
        if codec.style.wrapped and exchange.operation is not None:
            message, tree = answer_of(exchange.operation), {RESULT: tree}
        return WireResponse.of(status, codec.media_type, codec.encode(tree, message, blocks), *headers)

    def fault(self, exchange: Exchange, fault: NativeFault) -> WireResponse:
        """A soap:Fault; an API whose faults are ordinary answers tells them so before an operation is known, too."""
        row = exchange.api.faults.get(fault.fault.kind) if exchange.api is not None else None
        if isinstance(row, InBand) and _codec(exchange).style.bare_answer:
            return self.encode(exchange, row.message, [Answer(row.tree(fault.fault, None), row.status)])
        codec = _codec(exchange)
        return _soap_fault(codec, fault, _blocks(exchange, codec, failed=True))


def _native(api: Api) -> bool:
    return "soap" in api.native


def _codec(exchange: Exchange) -> SoapCodec:
    """The codec of the exchange's API, which the pipeline may have found after :meth:`Soap.open`."""
    assert isinstance(exchange.codec, SoapCodec)
    if exchange.api is None:
        return exchange.codec
    style, codec = style_of(exchange.api), exchange.codec
    if codec.style is style and codec.api == exchange.api.name:
        return codec
    version = exchange.codec.version if exchange.codec.version.name in style.versions else SOAP_11
    return replace(exchange.codec, api=exchange.api.name, style=style, version=version)


def _media_type(request: WireRequest) -> str:
    return _content(request.headers.get("content-type", ""))[0]


def _charset(request: WireRequest) -> str | None:
    return _content(request.headers.get("content-type", ""))[1]


@lru_cache(maxsize=256)
def _content(sent: str) -> tuple[str, str | None, str]:
    """Media type, charset and SOAP 1.2's ``action`` of a Content-Type; callers of one kind send the same ones."""
    kind, *parameters = sent.split(";")
    found: dict[str, str] = {}
    for parameter in parameters:
        name, _, value = parameter.partition("=")
        if name.strip().lower() == "action":
            found["action"] = found.get("action") or value
        else:
            found.setdefault(name.strip().lower(), value)
    return kind.strip().lower(), found.get("charset", "").strip().strip("\"'") or None, found.get("action", "")


def _page(request: WireRequest, api: Api | None) -> WireResponse | None:
    if api is None or request.method not in ("GET", "HEAD"):
        return None
    if "wsdl" not in {name.lower() for name, _ in parse_qsl(request.query, keep_blank_values=True)}:
        return None
    style, location = style_of(api), request.base_url.rstrip("/") + path_of(api)
    return WireResponse.of(200, SOAP_11.media_type, _describe(api, style, location))


def _describe(api: Api, style: SoapStyle, location: str) -> bytes:
    if style.wsdl:
        return files.at(style.wsdl, location)
    if style.dispatch == "header":
        return header_style.describe(api, style, location)
    return document_literal.describe(api, location)


def _read(exchange: Exchange, api: Api, envelope: Envelope) -> Decoded:
    codec = _codec(exchange)
    if codec.style.dispatch == "header":
        operation = _by_header(api, codec.style, envelope.header_texts())
    else:
        sent = _action(exchange.request) or addressed(envelope).get("Action", "")
        operation = _by_body(api, codec, envelope, _last(sent))
    message = request_of(operation) if codec.style.wrapped else operation.request
    decoded = codec.read(envelope, message)
    notes = (*decoded.notes, *_spoofed(exchange.request, api, operation))
    return replace(decoded, notes=notes, operation=operation, api=api)


def _read_usual(exchange: Exchange, api: Api, limits: Limits) -> Decoded | None:
    """The same of an envelope that is read quickly; None where anything about it is not as usual."""
    style, envelope = _codec(exchange).style, usual_envelope(exchange.request.body, limits)
    if envelope is None or envelope.version.name not in style.versions or envelope.wrapper != style.wrapper:
        return None
    called = dict(reversed(envelope.header)).get(style.header_member, "")
    operation = _called(api, called.strip()) if not style.wrapped else None
    tree = envelope.tree(operation.request) if operation is not None else None
    if operation is None or tree is None:
        return None
    return Decoded(tree, tuple(_spoofed(exchange.request, api, operation)), operation, api)


def _called(api: Api, name: str) -> Operation | None:
    for operation in api.operations:
        if operation.name == name:
            return operation
    return None


def _spoofed(request: WireRequest, api: Api, operation: Operation) -> list[Note]:
    """A note where SOAPAction says another operation of the API than the envelope, which decides."""
    action = _last(_action(request))
    other = api.operation(action) if action else None
    return [Note("soap-action", action)] if other is not None and other is not operation else []


def _by_header(api: Api, style: SoapStyle, header: Mapping[str, str]) -> Operation:
    wanted = header.get(style.header_member, "").strip()
    found = _called(api, wanted)
    if found is None:
        what = f"{wanted!r} is not offered" if wanted else f"the Header has no {style.header_member}"
        offered = ", ".join(operation.name for operation in api.operations)
        raise Fault(FaultKind.UNSUPPORTED, f"{what}; offered: {offered}")
    return found


def _by_body(api: Api, codec: SoapCodec, envelope: Envelope, action: str) -> Operation:
    if not envelope.body:
        found = [operation for operation in api.operations if operation.name == action]
    else:
        found = _named(api, codec, envelope.body[0])
    exact = [operation for operation in found if operation.name == action]
    if not found:
        expected = ", ".join(f"{{{codec.target(each.request)}}}{each.request.name}" for each in api.operations)
        raise Fault(FaultKind.NOT_FOUND_ROUTE, f"the Body names no operation; its element must be one of: {expected}")
    return (exact or found)[0]


def _named(api: Api, codec: SoapCodec, element: Any) -> list[Operation]:
    name, space = local(element), namespace(element)
    by_message = [each for each in api.operations if each.request.name == name and codec.target(each.request) == space]
    by_name = [each for each in api.operations if each.name == name and codec.target(each.request) == space]
    return by_name or by_message


def _action(request: WireRequest) -> str:
    """The SOAPAction, or SOAP 1.2's ``action`` parameter, quotes removed."""
    action: str = request.headers.get("soapaction", "") or _content(request.headers.get("content-type", ""))[2]
    return action.strip().strip('"') if action else ""


def _last(action: str) -> str:
    return action.rpartition("/")[2].rpartition("#")[2]


def _blocks(exchange: Exchange, codec: SoapCodec, *, failed: bool = False) -> str:
    if codec.style.dispatch == "header":
        return ""
    return answer_header(exchange.request.body, codec.version, failed=failed)


def _soap_fault(codec: SoapCodec, native: NativeFault, blocks: str) -> WireResponse:
    fault, prefix = native.fault, codec.style.prefix
    sender = fault.kind not in SERVER
    code = fault.details.get(SOAP_CODE)
    message = text(native.text or fault.message or fault.kind.value.replace("_", " "))
    detail = _detail(native, target_namespace(codec.api, "") if codec.style.wrapped else FAULTS)
    if codec.version is SOAP_12:
        value = code or ("Sender" if sender else "Receiver")
        inner = (
            f"<{prefix}:Code><{prefix}:Value>{prefix}:{value}</{prefix}:Value></{prefix}:Code>"
            f'<{prefix}:Reason><{prefix}:Text xml:lang="en">{message}</{prefix}:Text></{prefix}:Reason>'
            f"<{prefix}:Detail>{detail}</{prefix}:Detail>"
        )
    else:
        value = code or ("Client" if sender else "Server")
        inner = f"<faultcode>{prefix}:{value}</faultcode><faultstring>{message}</faultstring><detail>{detail}</detail>"
    body = codec.envelope(blocks, f"<{prefix}:Fault>{inner}</{prefix}:Fault>")
    status = HTTP_STATUS.get(fault.kind, 400 if codec.version is SOAP_12 and sender and not code else 500)
    return WireResponse.of(status, codec.media_type, body, *_headers(fault))


def _detail(native: NativeFault, space: str) -> str:
    fields = "".join(
        f"<field path={attribute(error.path)}>{text(error.message)}</field>" for error in native.fault.fields
    )
    return f"<fault xmlns={attribute(space)}><code>{text(native.code)}</code>{fields}</fault>"


def _headers(fault: Fault) -> list[tuple[str, str]]:
    headers = [("Allow", ", ".join(fault.allow))] if fault.allow else []
    if fault.retry_after is not None:
        headers.append(("Retry-After", str(fault.retry_after)))
    return headers


def build(settings: Settings) -> Soap:
    """The protocol; it has no settings of its own."""
    return Soap()


PLUGIN = ProtocolPlugin("soap", build)
