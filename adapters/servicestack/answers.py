"""Writes answers and faults in the format that was chosen."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from adapters.codecs.datacontract import DataContract
from adapters.codecs.text_json import TextJson
from adapters.protocol import Codec, Exchange
from adapters.servicestack import html, soap
from adapters.servicestack.design import POLICY
from adapters.servicestack.errors import ERROR_RESPONSE, error_tree, is_request_error, reason_of
from adapters.servicestack.formats import CSV, HTML, JSON, JSON_REPORT, JSV, XML
from adapters.servicestack.pretty import pretty
from adapters.servicestack.reply import Reply
from gateway.wire import WireResponse
from schemas.api import Answer, NativeFault
from schemas.message import Message, Tree

NOT_FOUND = WireResponse.of(404, "text/plain", b"404")
"""What an unknown path gets."""


@dataclass(frozen=True)
class Writers:
    """The codecs of answers. ``xml`` is the old dialect's, ``modern_xml`` that of ``/api``; JSON is chosen by
    (camel case, ISO dates)."""

    xml: DataContract
    modern_xml: DataContract
    json: Mapping[tuple[bool, bool], TextJson]
    others: Mapping[str, Codec]

    def json_for(self, reply: Reply) -> TextJson:
        """The JSON that a caller is to get."""
        return self.json[reply.camel, reply.iso]

    def xml_for(self, reply: Reply) -> DataContract:
        """The XML that a caller is to get."""
        return self.modern_xml if reply.dialect == "api" else self.xml


def encode(exchange: Exchange, message: Message, answers: Sequence[Answer], writers: Writers) -> WireResponse:
    """The answer, or the answers of a batch."""
    reply: Reply = exchange.reply
    if reply.format is None:
        return _unwritable(reply)
    if exchange.batch and exchange.operation is not None and message is exchange.operation.answer:
        return _batch(exchange, message, answers, writers)
    answer = answers[0]
    if answer.tree is None:
        return WireResponse(204, (("Content-Length", "0"), *answer.headers))
    body = _body(exchange, answer.tree, message, writers)
    status = 200 if reply.soap is not None else answer.status
    headers = (*_headers(exchange, service=True), *answer.headers)
    return WireResponse.of(status, _media_type(reply), body, *headers)


def fault(exchange: Exchange, native: NativeFault, writers: Writers) -> WireResponse:
    """ServiceStack's ErrorResponse."""
    reply: Reply = exchange.reply
    if reply.dialect == "unknown":
        return NOT_FOUND
    if reply.format is None:
        return _unwritable(reply)
    service = not is_request_error(native.fault)
    if reply.soap is not None:
        return _soap_fault(exchange, native, writers, service)
    body = _body(exchange, error_tree(native), ERROR_RESPONSE, writers)
    headers = (*_headers(exchange, service), *_fault_headers(native))
    return WireResponse.of(native.status, _media_type(reply), body, *headers, reason=reason_of(native))


def _soap_fault(exchange: Exchange, native: NativeFault, writers: Writers, service: bool) -> WireResponse:
    """A service's error is an ordinary envelope with status 200; a request error is a bare document with 500."""
    reply: Reply = exchange.reply
    tree = error_tree(native)
    if not service:
        return WireResponse.of(500, "text/xml; charset=utf-8", writers.xml.encode(tree, ERROR_RESPONSE))
    body = _body(exchange, tree, ERROR_RESPONSE, writers)
    headers = (("X-Status", str(native.status)), *_fault_headers(native))
    return WireResponse.of(200, reply.media_type, body, *headers)


def _unwritable(reply: Reply) -> WireResponse:
    return WireResponse.of(500, reply.media_type, b"")


def _media_type(reply: Reply) -> str:
    return "text/plain" if reply.pretty else reply.media_type


def _headers(exchange: Exchange, service: bool) -> tuple[tuple[str, str], ...]:
    reply: Reply = exchange.reply
    found: list[tuple[str, str]] = []
    if reply.dialect == "route":
        found.append(("Vary", "Accept"))
    if reply.format is CSV and not reply.callback and service and exchange.operation is not None:
        found.append(("Content-Disposition", f"attachment;filename={exchange.operation.name}.csv"))
    if reply.format in (HTML, JSON_REPORT) or reply.callback:
        found.append(("X-Content-Type-Options", "nosniff"))
        found.append(POLICY)
    return tuple(found)


def _fault_headers(native: NativeFault) -> tuple[tuple[str, str], ...]:
    found: list[tuple[str, str]] = []
    if native.fault.retry_after is not None:
        found.append(("Retry-After", str(native.fault.retry_after)))
    if native.fault.allow:
        found.append(("Allow", ", ".join(native.fault.allow)))
    if "completed" in native.fault.details:
        found.append(("X-AutoBatch-Completed", str(native.fault.details["completed"])))
    return tuple(found)


def _body(exchange: Exchange, tree: Tree, message: Message, writers: Writers) -> bytes:
    reply: Reply = exchange.reply
    if reply.soap is not None:
        return soap.write_envelope(reply.soap, reply.called, tree, message, writers.xml)
    if reply.callback:
        return _script(reply.callback, writers.json_for(reply).text(tree, message))
    if reply.format is JSON:
        return writers.json_for(reply).encode(tree, message)
    if reply.format is XML:
        return writers.xml_for(reply).encode(tree, message)
    if reply.format in (HTML, JSON_REPORT):
        values = writers.json[reply.camel, True].text(tree, message)
        return _snapshot(exchange, writers.json_for(reply).text(tree, message), values)
    codec = writers.others[reply.format.name if reply.format else JSV.name]
    body = codec.encode(tree, message)
    return pretty(body) if reply.pretty else body


def _snapshot(exchange: Exchange, told: str, values: str) -> bytes:
    """The page of an answer. It links other formats where the same address gives them and holds no credential."""
    reply: Reply = exchange.reply
    members = exchange.operation.request.members if exchange.operation is not None else ()
    secret = {member.name.lower() for member in members if member.credential}
    same = reply.method in ("GET", "HEAD") and not any(key.lower() in secret for key, _ in reply.query)
    return html.snapshot(reply.called, told, values, exchange.request.received_at, reply.query if same else None)


def _batch(exchange: Exchange, message: Message, answers: Sequence[Answer], writers: Writers) -> WireResponse:
    reply: Reply = exchange.reply
    trees = [answer.tree or {} for answer in answers]
    headers = (("X-AutoBatch-Completed", str(len(trees))), *_headers(exchange, service=True))
    if reply.format is XML:
        return WireResponse.of(200, reply.media_type, writers.xml_for(reply).encode_list(trees, message), *headers)
    if reply.format is JSV:
        texts = [writers.others[JSV.name].encode(tree, message).decode() for tree in trees]
        return WireResponse.of(200, reply.media_type, f"[{','.join(texts)}]".encode(), *headers)
    text = _json_list(writers.json_for(reply), trees, message)
    if reply.callback:
        return WireResponse.of(200, reply.media_type, _script(reply.callback, text), *headers)
    if reply.format is JSON:
        return WireResponse.of(200, reply.media_type, text.encode(), *headers)
    page = _snapshot(exchange, text, _json_list(writers.json[reply.camel, True], trees, message))
    return WireResponse.of(200, HTML.media_type, page, *headers)


def _json_list(codec: TextJson, trees: Sequence[Tree], message: Message) -> str:
    return "[" + ",".join(codec.text(tree, message) for tree in trees) + "]"


def _script(callback: str, text: str) -> bytes:
    # Line separators are line ends in older JavaScript, though not in JSON.
    text = text.replace("\u2028", "\\u2028").replace("\u2029", "\\u2029")
    return f"{callback}({text})".encode()
