"""How a client of a protocol asks: requests that the kit sends by itself, for every operation of every API.

The protocols that come with the gateway are known here. Another one names a function of its own in the
``conformance.toml`` of its golden folder: ``ask = "package.module:function"``.
"""

import json
from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from importlib import import_module
from typing import Any, TypeAlias
from urllib.parse import unquote, urlencode

from adapters.codecs.json import STRICT
from adapters.scalars import Kind
from adapters.soap import style_of
from gateway.bodies import FORMATS, Form
from gateway.conformance.steady import MOMENT
from gateway.wire import Headers, WireRequest
from schemas.api import Api, Operation
from schemas.message import Member, Message, Tree

Ask: TypeAlias = Callable[[Api, Operation, Tree], Iterable[WireRequest]]
"""Gives the request that asks ``operation`` of ``api`` with the members in the tree, in each format that the protocol
has."""

_MEDIA = {
    "xml": "application/xml",
    "csv": "text/csv",
    "jsv": "text/jsv",
    "1.1": "text/xml",
    "1.2": "application/soap+xml",
}


def of(protocol: str, named: str) -> Ask | None:
    """How ``protocol`` is asked: by the function that is ``named``, else as known here; None when it is not known.

    Raises ValueError when the name leads nowhere.
    """
    if named:
        module, _, function = named.partition(":")
        try:
            found: Ask = getattr(import_module(module), function)
        except (ImportError, AttributeError, ValueError) as error:
            raise ValueError(f"ask = {named!r} cannot be imported: {error}; write package.module:function") from None
        return found
    if protocol not in FORMATS:
        return None
    return lambda api, operation, tree: _known(protocol, api, operation, tree)


def _known(protocol: str, api: Api, operation: Operation, tree: Tree) -> Iterator[WireRequest]:
    for chosen in FORMATS[protocol]:
        form = Form(protocol, chosen, api, operation)
        if not _has(form):
            continue
        target, *fields = form.address(tree)
        method, _, url = target.partition(" ")
        path, _, query = url.partition("?")
        query = "&".join(part for part in (query, _structured(form, tree)) if part)
        headers = [tuple(line.split(": ", 1)) for line in fields]
        body = form.write(tree)
        kind = [("Content-Type", _MEDIA.get(chosen, "application/json"))] if body else []
        yield request(method, path, query, [*((name, value) for name, value in headers), *kind], body)


def _has(form: Form) -> bool:
    """Whether the API has this format over this protocol."""
    if form.protocol == "soap":
        return form.format in style_of(form.api).versions
    return not form.native or form.format in form.api.options.get("formats", (form.format,))


def _structured(form: Form, tree: Tree) -> str:
    """Objects and lists that travel in the query, as JSON."""
    if not form.native or form.protocol not in ("rest", "webapi"):
        return ""
    members = [each for each in form.operation.request.at("query") if each.kind in (Kind.OBJECT, Kind.LIST)]
    sent = ((each, tree[each.key]) for each in members if each.key in tree)
    return urlencode({each.name: _json_of(each, value) for each, value in sent})


def _json_of(member: Member, value: Any) -> str:
    """The value of one member as JSON."""
    around = Message("Query", "", (replace(member, name="it", location="body"),))
    text: dict[str, Any] = json.loads(STRICT.encode({member.key: value}, around))
    return json.dumps(text["it"])


def request(method: str, path: str, query: str, fields: Iterable[tuple[str, str]], body: bytes) -> WireRequest:
    """A request as a door would hand it over."""
    headers = Headers([*fields, ("Content-Length", str(len(body)))])
    return WireRequest(
        method, unquote(path), query, headers, body, received_at=MOMENT, raw_path=path, correlation_id="5" * 32
    )
