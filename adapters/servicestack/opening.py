"""Opens a request: which operation, which formats, which dialect. Nothing here raises; faults wait for ``decode``."""

import re
from collections.abc import Callable, Mapping
from dataclasses import replace

from adapters.codecs.text_json import camel_case
from adapters.protocol import Codec, Exchange, Match, WireProtocol
from adapters.servicestack import soap
from adapters.servicestack.binding import OVERRIDE, Pairs, is_callback, parse_form, parse_query, value_of
from adapters.servicestack.errors import unknown_operation
from adapters.servicestack.formats import (
    CSV,
    FORMATS,
    JSON,
    Chosen,
    body_format,
    by_accept,
    by_query,
    is_form,
)
from adapters.servicestack.reply import Reply
from adapters.servicestack.routes import Offered, Target
from gateway.limits import Limits
from gateway.outcome import Fault, FaultKind
from gateway.wire import WireRequest
from schemas.message import Message

UNKNOWN = Reply("unknown", None, "text/plain", pending=Fault(FaultKind.NOT_FOUND_ROUTE))
_FIRST_KEY = re.compile(rb'[\s\[\xef\xbb\xbf]*\{\s*"([A-Za-z]\w{0,99})"')
_SUFFIX = re.compile(r"(.+)\.(json|xml|jsv|csv|html)")


def open_exchange(
    protocol: WireProtocol, request: WireRequest, match: Match | None, codec: Codec | None = None
) -> Exchange:
    """The exchange of a request; see :meth:`adapters.protocol.WireProtocol.open`."""
    if match is None or not isinstance(match.endpoint.data, Target):
        return Exchange(protocol, request, match, reply=UNKNOWN)
    target: Target = match.endpoint.data
    pairs, fault = _query(request, target.limits)
    exchange = _OPENERS[target.kind](Exchange(protocol, request, match, codec=codec), target, pairs)
    if fault is not None:
        exchange = replace(exchange, reply=replace(exchange.reply, pending=fault))
    return _with_path_members(exchange)


def _query(request: WireRequest, limits: Limits) -> tuple[Pairs, Fault | None]:
    try:
        return parse_query(request.query, limits), None
    except Fault as fault:
        return (), fault


def _predefined(exchange: Exchange, target: Target, query: Pairs) -> Exchange:
    route = target.format or JSON
    name, batch = _batch_name(_called(exchange.request.path))
    chosen = Chosen.of(by_query(value_of(query, "format")) or route)
    reply = Reply(
        "predefined",
        chosen.format,
        chosen.media_type,
        _method(exchange.request, query, target.limits),
        name,
        route if route.reads else None,
        query,
        pretty=chosen.format is FORMATS["jsv"] and bool(value_of(query, "debug")),
    )
    return _find(exchange, target, reply, batch)


def _called(path: str) -> str:
    """The operation's name: the last segment; a bare action is its own name, with the slash that followed it."""
    segments = [segment for segment in path.split("/") if segment]
    return f"{segments[-1]}/" if len(segments) == 2 and path.endswith("/") else segments[-1]


def _api(exchange: Exchange, target: Target, query: Pairs) -> Exchange:
    called = (exchange.match.path if exchange.match else {}).get("operation", "")
    found = None if called.lower() in target.table else _SUFFIX.fullmatch(called)
    suffix = FORMATS[found[2]] if found else None
    name, batch = _batch_name(found[1] if found else called)
    chosen = Chosen.of(suffix or by_query(value_of(query, "format"), exact=True) or JSON)
    reply = Reply(
        "api",
        chosen.format,
        chosen.media_type,
        _method(exchange.request, query, target.limits),
        name,
        body_format(exchange.request.headers.get("content-type", "")) or JSON,
        query,
        camel=True,
    )
    return _find(exchange, target, reply, batch)


def _route(exchange: Exchange, target: Target, query: Pairs) -> Exchange:
    request, endpoint = exchange.request, exchange.match.endpoint if exchange.match else None
    if endpoint is None or endpoint.operation is None or not _exact_suffix(request.path, target.suffix):
        return replace(exchange, reply=UNKNOWN, api=endpoint.api if endpoint else None)
    content_type = request.headers.get("content-type", "")
    named = target.format or by_query(value_of(query, "format"))
    chosen = Chosen.of(named) if named else by_accept(request.headers.get("accept"), content_type)
    reply = Reply(
        "route",
        chosen.format,
        chosen.media_type,
        _method(request, query, target.limits),
        endpoint.operation.name,
        body_format(content_type),
        query,
    )
    offered = Offered(endpoint.api, endpoint.operation, True) if endpoint.api else None
    return _decided(exchange, offered, reply, batch=False)


def _exact_suffix(path: str, suffix: str) -> bool:
    """Suffixes are compared with case although paths are not."""
    return not suffix or path.rstrip("/").endswith(f".{suffix}")


def _method(request: WireRequest, query: Pairs, limits: Limits) -> str:
    """The effective verb: X-Http-Method-Override in a header, the query or a form replaces it."""
    found = request.headers.get(OVERRIDE) or value_of(query, OVERRIDE)
    content_type = request.headers.get("content-type", "")
    if not found and request.body and is_form(content_type) and OVERRIDE.encode() in request.body[:65536].lower():
        try:
            found = value_of(parse_form(request.body, content_type, limits), OVERRIDE)
        except Fault:
            found = ""
    return (found or request.method).upper()


def _batch_name(name: str) -> tuple[str, bool]:
    return (name[:-2], True) if name.endswith("[]") else (name, False)


def _find(exchange: Exchange, target: Target, reply: Reply, batch: bool) -> Exchange:
    return _decided(exchange, target.table.get(reply.called.lower()), reply, batch)


def _decided(exchange: Exchange, offered: Offered | None, reply: Reply, batch: bool) -> Exchange:
    reply = _with_callback(reply)
    if offered is None:
        return replace(exchange, reply=replace(reply, pending=unknown_operation(reply.called)))
    mirrored = reply.camel or _mirrors_camel(exchange.request, reply.query, offered.operation.request)
    config = value_of(reply.query, "jsconfig").lower().split(",")
    camel, iso = mirrored or "eccn" in config, "dh:iso8601" in config
    if (camel, iso) != (reply.camel, reply.iso):
        reply = replace(reply, camel=camel, iso=iso)
    if batch and reply.body is CSV:
        reply = replace(reply, pending=Fault(FaultKind.UNSUPPORTED_MEDIA, "a batch is JSON, XML or JSV"))
    return Exchange(
        exchange.protocol,
        exchange.request,
        exchange.match,
        offered.api,
        offered.operation,
        exchange.codec,
        offered.native,
        batch,
        reply,
    )


def _with_callback(reply: Reply) -> Reply:
    """``?callback=`` makes the answer JSONP; what is no identifier is ignored."""
    callback = value_of(reply.query, "callback")
    if not is_callback(callback):
        return reply
    media_type = "text/javascript" if reply.dialect == "api" else "application/javascript"
    return replace(reply, callback=callback, format=JSON, media_type=media_type)


def _mirrors_camel(request: WireRequest, query: Pairs, message: Message) -> bool:
    """Whether the caller spells a member in camel case: clients that do so look for answers in it, too."""
    found = _FIRST_KEY.match(request.body) if request.body else None
    name = found[1].decode("ascii", "replace") if found else next((key for key, _ in query), "")
    member = message.by_folded.get(name.lower())
    return member is not None and name != member.name and name == camel_case(member.name)


def _with_path_members(exchange: Exchange) -> Exchange:
    """Members that travel in the path elsewhere may stand in the query here; credentials are looked up by them."""
    if exchange.operation is None or exchange.match is None:
        return exchange
    if not exchange.reply.query:
        return exchange
    names = {member.name.lower(): member.name for member in exchange.operation.request.at("path")}
    found = {names[key.lower()]: value for key, value in exchange.reply.query if key.lower() in names}
    if not found:
        return exchange
    return replace(exchange, match=replace(exchange.match, path={**found, **exchange.match.path}))


def _soap(exchange: Exchange, target: Target, query: Pairs) -> Exchange:
    if exchange.request.method in ("GET", "HEAD"):
        return _page(exchange, replace(target, page=f"wsdl:{target.kind}"), query)
    return soap.open_envelope_exchange(exchange, target, query)


def _page(exchange: Exchange, target: Target, query: Pairs) -> Exchange:
    return replace(exchange, reply=replace(UNKNOWN, query=query, called=target.page))


_OPENERS: Mapping[str, Callable[[Exchange, Target, Pairs], Exchange]] = {
    "predefined": _predefined,
    "api": _api,
    "route": _route,
    "soap11": _soap,
    "soap12": _soap,
    "page": _page,
}
