"""Reads a request into trees: body, query, form and path, with the precedence of each dialect."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC
from typing import Any

from adapters.codecs.datacontract import DataContract
from adapters.codecs.jsv import read_text, split_list
from adapters.codecs.text_json import split_array
from adapters.codecs.text_tree import STRICT_NOTES
from adapters.protocol import Codec, Decoded, Exchange
from adapters.servicestack.binding import Binding, bind, masked, parse_form
from adapters.servicestack.errors import BINDING, SERIALIZATION
from adapters.servicestack.formats import JSON, JSV, XML, Format, is_form
from adapters.servicestack.reply import Reply
from adapters.servicestack.soap import read_envelope
from gateway.limits import DEFAULT, Limits
from gateway.outcome import Fault, FaultKind, Note
from schemas.message import Message, Tree

SAFE = frozenset({"GET", "HEAD", "OPTIONS", "TRACE"})
_FROM_QUERY = SAFE | {"DELETE"}
_BOM = b"\xef\xbb\xbf"


@dataclass(frozen=True)
class Readers:
    """The codec of each format, and how many requests one batch may hold."""

    codecs: Mapping[str, Codec]
    xml: DataContract
    binding: Binding
    batch_max: int


def read(exchange: Exchange, limits: Limits, readers: Readers) -> Sequence[Decoded]:
    """The request's trees. Raises a Fault in the words of the recorded server, and nothing else."""
    reply: Reply = exchange.reply
    operation = exchange.operation
    if reply.pending is not None:
        raise reply.pending
    if operation is None:
        raise Fault(FaultKind.NOT_FOUND_ROUTE)
    if reply.format is None:
        raise Fault(FaultKind.UNSUPPORTED_MEDIA, "no format of the answer fits Accept and Content-Type")
    if operation.writes and (reply.method in SAFE or exchange.request.method in SAFE):
        raise Fault(FaultKind.METHOD_NOT_ALLOWED, f"{operation.name} is not done by {reply.method}", allow=("POST",))
    if readers.binding.limits != limits:
        readers = replace(readers, binding=replace(readers.binding, limits=limits))
    if exchange.batch:
        return _read_batch(exchange, reply, operation.request, limits, readers)
    return [_completed(exchange, _READERS[reply.dialect](exchange, reply, operation.request, limits, readers))]


def _predefined(exchange: Exchange, reply: Reply, message: Message, limits: Limits, readers: Readers) -> Decoded:
    """Verbs of reading bind the query; the others a form, or else the body in the route's format."""
    request = exchange.request
    if reply.method in _FROM_QUERY or (not request.body and reply.method not in ("POST", "PUT", "PATCH")):
        return _bound(exchange, reply.query, message, readers)
    content_type = request.headers.get("content-type", "")
    if is_form(content_type) and not _is_mislabelled(request.body, reply.body):
        return _bound(exchange, parse_form(request.body, content_type, limits), message, readers)
    return _body(exchange, reply.body, message, limits, readers)


def _api(exchange: Exchange, reply: Reply, message: Message, limits: Limits, readers: Readers) -> Decoded:
    """The query, a form over it; a body takes both, members of the query filling what it leaves out."""
    request = exchange.request
    readers = replace(readers, binding=replace(readers.binding, joined=True))
    query = _bound(exchange, reply.query, message, readers)
    content_type = request.headers.get("content-type", "")
    if not request.body or reply.method in _FROM_QUERY:
        return query
    if is_form(content_type) and not _is_mislabelled(request.body, reply.body):
        form = _bound(exchange, parse_form(request.body, content_type, limits), message, readers)
        return _merged(query, form)
    return _merged(query, _body(exchange, reply.body, message, limits, readers))


def _route(exchange: Exchange, reply: Reply, message: Message, limits: Limits, readers: Readers) -> Decoded:
    """Path, then body, then query, then form: the later one wins."""
    request = exchange.request
    readers = replace(readers, binding=replace(readers.binding, joined=True))
    path = exchange.match.path if exchange.match else {}
    found = _bound(exchange, tuple(path.items()), message, readers)
    content_type = request.headers.get("content-type", "")
    form = is_form(content_type) and reply.method not in _FROM_QUERY
    if not form and reply.method not in _FROM_QUERY:
        found = _merged(found, _body(exchange, reply.body, message, limits, readers))
    found = _merged(found, _bound(exchange, reply.query, message, readers))
    if form:
        found = _merged(found, _bound(exchange, parse_form(request.body, content_type, limits), message, readers))
    return found


def _soap(exchange: Exchange, reply: Reply, message: Message, limits: Limits, readers: Readers) -> Decoded:
    return read_envelope(exchange, message, limits, readers.xml)


_READERS = {"predefined": _predefined, "api": _api, "route": _route, "soap": _soap}


def _is_mislabelled(body: bytes, item: Format | None) -> bool:
    """Whether a form is none, but a body in the route's format: some tools call every body a form.

    No form begins so, since the names of members do not.
    """
    start = {XML: b"<", JSON: b"{", JSV: b"{"}.get(item) if item is not None else None
    return start is not None and body.removeprefix(_BOM).lstrip().startswith(start)


def _merged(under: Decoded, over: Decoded) -> Decoded:
    return Decoded({**under.tree, **over.tree}, (*under.notes, *over.notes))


def _bound(exchange: Exchange, pairs: Sequence[tuple[str, str]], message: Message, readers: Readers) -> Decoded:
    try:
        tree, notes = bind(pairs, message, readers.binding)
    except Fault as fault:
        raise _unbound(exchange, fault, message) from None
    return Decoded(tree, notes)


def _unbound(exchange: Exchange, fault: Fault, message: Message) -> Fault:
    if fault.kind is FaultKind.TOO_LARGE:
        return fault
    dialect = exchange.reply.dialect
    if dialect == "route":
        return Fault(fault.kind, "Unable to bind request", code=BINDING, log=fault.message)
    if dialect == "api":
        text = f"Unable to bind to request '{message.name}'"
        return Fault(fault.kind, text, code=SERIALIZATION, fields=fault.fields)
    query = masked(exchange.request.query, message)
    text = f"Could not deserialize '{_clr(message)}' request using KeyValueDataContractDeserializer: '{query}'."
    return Fault(fault.kind, f"{text}\nError: '{fault.message}'", code=SERIALIZATION)


def _body(exchange: Exchange, item: Format | None, message: Message, limits: Limits, readers: Readers) -> Decoded:
    body = exchange.request.body
    if not body or item is None:
        return Decoded({}, (Note("ignored_body"),) if body else ())
    try:
        return _strictly(exchange, _decoded(body, item, message, limits, readers))
    except Fault as fault:
        raise unreadable(exchange, fault, message) from None


def _decoded(body: bytes, item: Format, message: Message, limits: Limits, readers: Readers) -> Decoded:
    if item is not XML:
        body = body.removeprefix(_BOM)
    return readers.codecs[item.name].decode(body, message, limits)


def _strictly(exchange: Exchange, decoded: Decoded) -> Decoded:
    """What a read passes over, a write refuses: nothing that was sent may be lost in silence."""
    lost = next((note for note in decoded.notes if note.name in STRICT_NOTES), None)
    if lost is None or exchange.operation is None or not exchange.operation.writes:
        return decoded
    where = f"of '{lost.path}' " if lost.path else ""
    raise Fault(FaultKind.MALFORMED, f"The value {where}could not be read ({lost.name}).")


def unreadable(exchange: Exchange, fault: Fault, message: Message) -> Fault:
    """The fault of a body that its codec refused."""
    if fault.kind is FaultKind.TOO_LARGE:
        return fault
    kind = fault.kind if fault.kind in (FaultKind.MALFORMED, FaultKind.INVALID) else FaultKind.MALFORMED
    if exchange.reply.dialect == "route":
        return Fault(kind, "Unable to bind request", code=BINDING, log=fault.message)
    quoted = exchange.reply.body.quoted if exchange.reply.body else "text/xml"
    text = f"Could not deserialize '{quoted}' request using {_clr(message)}'\nError: {fault.message}"
    return Fault(kind, text, code=SERIALIZATION, log=fault.log)


def _clr(message: Message) -> str:
    return message.clr_name or message.name


def _completed(exchange: Exchange, decoded: Decoded) -> Decoded:
    """Members that the API has in headers are taken from there, unless they were sent otherwise."""
    operation, request = exchange.operation, exchange.request
    if operation is None or not operation.request.at("header"):
        return decoded
    tree: Tree = dict(decoded.tree)
    for member in operation.request.at("header"):
        text = request.headers.get(member.name)
        if text and member.key not in tree:
            value, fits = read_text(text, member, UTC, DEFAULT)
            if fits:
                tree[member.key] = value
    return replace(decoded, tree=tree)


def _read_batch(
    exchange: Exchange, reply: Reply, message: Message, limits: Limits, readers: Readers
) -> Sequence[Decoded]:
    body, item = exchange.request.body, reply.body or JSON
    try:
        found = _split(body, item, message, limits, readers)
        if len(found) > readers.batch_max:
            bound = f"{readers.batch_max} requests (servicestack.batch_max)"
            raise Fault(FaultKind.TOO_LARGE, f"a batch may hold at most {bound}")
        if not found:
            raise Fault(FaultKind.MALFORMED, "a batch holds at least one request")
        return [_completed(exchange, _strictly(exchange, decoded)) for decoded in found]
    except Fault as fault:
        raise unreadable(exchange, fault, message) from None


def _split(body: bytes, item: Format, message: Message, limits: Limits, readers: Readers) -> list[Decoded]:
    if item is XML:
        return readers.xml.decode_list(body, message, limits)
    split: Any = {JSON.name: split_array, JSV.name: split_list}[item.name]
    texts = split(body.removeprefix(_BOM), limits)
    return [readers.codecs[item.name].decode(text, message, limits) for text in texts[: readers.batch_max + 1]]
