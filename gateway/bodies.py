"""Request bodies of any protocol, in and out, away from any server: what ``translate`` reads and writes."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import UTC
from typing import Any
from urllib.parse import quote, urlencode

from adapters.binding import Binding, body_of, complete
from adapters.codecs.csv import Csv
from adapters.codecs.datacontract import SERVICESTACK_V3, WEBAPI
from adapters.codecs.json import NET, STRICT
from adapters.codecs.json_scalars import TEXT
from adapters.codecs.json_write import Writer
from adapters.codecs.jsv import Jsv
from adapters.codecs.soap import SOAP_11, SOAP_12, SoapCodec, Version, local, open_envelope
from adapters.codecs.text_json import TextJson
from adapters.netdatetime import format_datetime
from adapters.protocol import Codec, Decoded
from adapters.scalars import NetDateTime
from adapters.soap import path_of, style_of
from adapters.wrapped import request_of
from gateway.commands import plain
from gateway.limits import Limits
from gateway.outcome import Fault, FaultKind
from gateway.wire import Headers, WireRequest
from schemas.api import Api, Operation
from schemas.leaves import leaves
from schemas.message import Message, Tree

_CODECS: Mapping[tuple[str, str], Codec] = {
    ("rest", "json"): STRICT,
    ("webapi", "json"): NET,
    ("webapi", "xml"): WEBAPI,
    ("servicestack", "json"): TextJson(),
    ("servicestack", "xml"): SERVICESTACK_V3,
    ("servicestack", "jsv"): Jsv(),
    ("servicestack", "csv"): Csv(),
}
_VERSIONS: Mapping[str, Version] = {"1.1": SOAP_11, "1.2": SOAP_12}
FORMATS: Mapping[str, tuple[str, ...]] = {
    "rest": ("json",),
    "webapi": ("json", "xml"),
    "servicestack": ("json", "xml", "jsv", "csv"),
    "soap": tuple(_VERSIONS),
}
"""The formats of each protocol; the first is meant where none is named."""
_BESIDE = frozenset({"rest", "webapi"})
"""Protocols whose native requests have members beside the body: in the path, the query or a header."""


@dataclass(frozen=True, slots=True)
class Form:
    """One operation, in one format of one protocol. ``format`` is empty where a body in JSON or XML says it itself."""

    protocol: str
    format: str
    api: Api
    operation: Operation

    @property
    def native(self) -> bool:
        """Whether the API was published over this protocol."""
        return self.protocol in self.api.native

    @property
    def message(self) -> Message:
        """The message of the body: without the members that travel beside it."""
        if self.protocol == "soap":
            return request_of(self.operation) if style_of(self.api).wrapped else self.operation.request
        beside = self.native and self.protocol in _BESIDE
        return body_of(self.operation.request) if beside else self.operation.request

    def read(self, body: bytes, beside: Mapping[str, str], limits: Limits) -> Decoded:
        """The tree of ``body`` and of the members ``beside`` it, by wire name. Raises a Fault."""
        if not (self.native and self.protocol in _BESIDE):
            return self._decode(body, limits)
        found = self.operation.request.at
        header = [(member.name, beside[member.name]) for member in found("header") if member.name in beside]
        query = {member.name: beside[member.name] for member in found("query") if member.name in beside}
        request = WireRequest("POST", "/", urlencode(query), Headers(header))
        bound = Binding(TEXT).bind(request, beside, self.operation.request, limits)
        return complete(bound, lambda: self._decode(body, limits))

    def _decode(self, body: bytes, limits: Limits) -> Decoded:
        if not body.strip():
            return Decoded({})
        if self.protocol == "soap":
            return self._envelope(body, limits)
        chosen = self.format or ("xml" if body.lstrip(b"\xef\xbb\xbf \t\r\n").startswith(b"<") else "json")
        codec = _CODECS.get((self.protocol, chosen))
        if codec is None:
            raise Fault(FaultKind.MALFORMED, f"{self.protocol} has no {chosen}; send one of {FORMATS[self.protocol]}")
        return codec.decode(body, self.message, limits)

    def _envelope(self, body: bytes, limits: Limits) -> Decoded:
        style = style_of(self.api)
        envelope = open_envelope(body, limits, versions=style.versions)
        names = {self.operation.name, self.operation.request.name}
        called = (
            envelope.header_texts().get(style.header_member, "").strip()
            if style.dispatch == "header"
            else local(envelope.body[0])
            if envelope.body
            else ""
        )
        if called not in names:
            raise Fault(FaultKind.MALFORMED, f"the envelope holds {called or 'nothing'}, not {self.operation.name}")
        return SoapCodec(self.api.name, style, envelope.version).read(envelope, self.message)

    def write(self, tree: Tree) -> bytes:
        """The body of ``tree``, as a client of this protocol sends it; empty where nothing is left for a body."""
        kept = {key: value for key, value in tree.items() if key in self.message.by_key or self._undeclared(key)}
        if self.protocol == "soap":
            return self._enveloped(kept)
        if not kept and self._route()[0] in ("GET", "DELETE"):
            return b""
        chosen = self.format or FORMATS[self.protocol][0]
        if (self.protocol, chosen) == ("webapi", "json"):
            # As an answer, every member would be there; in a request an absent one is not the same as null.
            return Writer(net=True).text(kept, self.message).encode()
        return _CODECS[self.protocol, chosen].encode(kept, self.message)

    def _undeclared(self, key: str) -> bool:
        return self.message.open and key not in self.operation.request.by_key

    def _enveloped(self, tree: Tree) -> bytes:
        style = style_of(self.api)
        version = _VERSIONS[self.format or style.versions[0]]
        message = self.message
        if style.dispatch == "header":
            tree = {style.header_member: self.operation.name, **tree}
        if style.wrapper:
            message = replace(message, name=style.wrapper)
        return SoapCodec(self.api.name, replace(style, bare_answer=False), version).encode(tree, message)

    def address(self, tree: Tree) -> list[str]:
        """Where such a request goes: verb and path with its query, then the headers that are members."""
        method, path = self._route()
        if not (self.native and self.protocol in _BESIDE):
            return [f"{method} {path}"]
        given = (leaf for leaf in leaves(self.operation.request, tree) if leaf.value is not None)
        sent = {leaf.path: member_text(leaf.value) for leaf in given}
        for member in self.operation.request.at("path"):
            path = path.replace(f"{{{member.name}}}", quote(sent.get(member.name, ""), safe=""))
        query = {each.name: sent[each.name] for each in self.operation.request.at("query") if each.name in sent}
        named = [each.name for each in self.operation.request.at("header") if each.name in sent]
        asked = f"?{urlencode(query)}" if query else ""
        return [f"{method} {path}{asked}", *(f"{name}: {sent[name]}" for name in named)]

    def _route(self) -> tuple[str, str]:
        if self.protocol == "soap":
            return "POST", path_of(self.api)
        if self.native and self.protocol in _BESIDE and self.operation.routes:
            route = self.operation.routes[0]
            return route.method, route.path
        chosen = self.format or FORMATS[self.protocol][0]
        return "POST", _PATHS[self.protocol](self.api, self.operation, chosen)


def member_text(value: Any) -> str:
    """A value as it stands in a path, a query or a header."""
    found = format_datetime(value, UTC) if isinstance(value, NetDateTime) else plain(value)
    return found if isinstance(found, str) else str(found).lower() if isinstance(found, bool) else str(found)


_PATHS: Mapping[str, Callable[[Api, Operation, str], str]] = {
    "rest": lambda api, operation, chosen: f"/rest/{api.name}/{operation.name}",
    "webapi": lambda api, operation, chosen: f"/webapi/{api.name}/{operation.name}",
    "servicestack": lambda api, operation, chosen: f"/{chosen}/reply/{operation.name}",
}
