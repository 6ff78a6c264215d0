"""The pages that the protocol serves by itself: metadata, types for clients, and WSDL."""

import json
import re
from collections.abc import Callable, Mapping

from adapters.protocol import Exchange
from adapters.servicestack import metadata
from adapters.servicestack.answers import NOT_FOUND, Writers
from adapters.servicestack.binding import value_of
from adapters.servicestack.design import POLICY
from adapters.servicestack.dto import Catalog, ClassType, catalog
from adapters.servicestack.dto_languages import LANGUAGES
from adapters.servicestack.errors import ERROR_RESPONSE
from adapters.servicestack.reply import Reply
from adapters.servicestack.routes import Target
from adapters.servicestack.site import Site
from gateway.wire import WireResponse
from schemas.message import Member
from wsdl.servicestack import SOAP_11, SOAP_12, Described, describe, namespaces, numbered_xsd

HTML = "text/html; charset=utf-8"
_NUMBER = re.compile(r"[0-9]{1,3}")
_FLASH = re.compile(r"(?:^|&)flash(?:=|&|$)", re.IGNORECASE)
FORBIDDEN = WireResponse.of(403, "text/plain", b"Forbidden\n\n")
"""What the page of an unknown operation is."""


def page(exchange: Exchange, target: Target, writers: Writers) -> WireResponse:
    """The page of ``target``; all of them can only be read."""
    if exchange.request.method not in ("GET", "HEAD"):
        return NOT_FOUND
    site = Site(target.table, writers, exchange.request.base_url)
    name, _, detail = exchange.reply.called.partition(":")
    return _PAGES[name](site, detail, exchange)


def _html(body: bytes) -> WireResponse:
    return WireResponse.of(200, HTML, body, POLICY)


def _index(site: Site, detail: str, exchange: Exchange) -> WireResponse:
    reply: Reply = exchange.reply
    about, number = _about(site, exchange), value_of(reply.query, "xsd")
    if not number:
        return _html(metadata.index(site, namespaces(about)))
    known = _NUMBER.fullmatch(number)
    body = numbered_xsd(about, int(number), f"{site.base_url}/metadata?xsd=") if known else None
    return NOT_FOUND if body is None else WireResponse.of(200, "text/xml", body)


def _about(site: Site, exchange: Exchange) -> Described:
    flash = _FLASH.search(exchange.request.query) is not None
    return Described([item.operation for item in site.table.values()], (ERROR_RESPONSE,), flash)


def _operation(site: Site, kind: str, exchange: Exchange) -> WireResponse:
    reply: Reply = exchange.reply
    wanted = value_of(reply.query, "op")
    if not wanted:
        return _html(metadata.listing(site, kind))
    item = site.table.get(wanted.lower())
    return FORBIDDEN if item is None else _html(metadata.operation_page(site, kind, item))


def _operations(site: Site, detail: str, exchange: Exchange) -> WireResponse:
    return WireResponse.of(200, "application/json; charset=utf-8", metadata.operations(site))


def _wsdl(site: Site, detail: str, exchange: Exchange) -> WireResponse:
    version = SOAP_12 if detail == "soap12" else SOAP_11
    return WireResponse.of(200, "text/xml", describe(_about(site, exchange), site.base_url, version))


def _code(site: Site, language: str, exchange: Exchange) -> WireResponse:
    date = exchange.request.received_at.strftime("%Y-%m-%d %H:%M:%S")
    text = LANGUAGES[language](catalog(site.table), site.base_url, date)
    return WireResponse.of(200, "text/plain; charset=utf-8", text.encode())


def _types(site: Site, detail: str, exchange: Exchange) -> WireResponse:
    found = catalog(site.table)
    tree = {
        "config": {"baseUrl": site.base_url, "usePath": "/api"},
        "types": [_type(item, found) for item in found.classes if item.offered is None],
        "operations": [_request(item, found) for item in found.classes if item.offered is not None],
    }
    return WireResponse.of(200, "application/json; charset=utf-8", json.dumps(tree).encode())


def _request(item: ClassType, found: Catalog) -> Mapping[str, object]:
    assert item.offered is not None
    routes = item.offered.operation.routes if item.offered.native else ()
    return {
        "request": _type(item, found),
        "returnType": {"name": item.answer},
        "routes": [{"path": route.path, "verbs": route.method} for route in routes],
        "actions": ["POST"] if item.offered.operation.writes else ["ANY"],
    }


def _type(item: ClassType, found: Catalog) -> Mapping[str, object]:
    clr = item.message.clr_name
    return {
        "name": item.name,
        "namespace": clr.rpartition(".")[0],
        "dataContract": {"name": item.message.name, "namespace": item.message.namespace},
        "properties": [_property(member, found) for member in item.message.derived_members],
    }


def _property(member: Member, found: Catalog) -> Mapping[str, object]:
    row: dict[str, object] = {"name": member.name, "type": _type_name(member, found)}
    if member.choices:
        row["allowableValues"] = list(member.choices)
    if member.required:
        row["isRequired"] = True
    return row


def _type_name(member: Member, found: Catalog) -> str:
    if member.message is not None:
        return found.class_name(member.message)
    return f"List<{_type_name(member.item, found)}>" if member.item is not None else member.kind.value


_PAGES: Mapping[str, Callable[[Site, str, Exchange], WireResponse]] = {
    "index": _index,
    "metadata": _operation,
    "operations": _operations,
    "types": _types,
    "code": _code,
    "wsdl": _wsdl,
}
