"""Good requests: one write of each API, over each protocol and in each format that carries it."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from ipaddress import IPv4Address
from itertools import count
from typing import Any
from urllib.parse import urlencode
from uuid import UUID

from adapters.codecs.datacontract import SERVICESTACK_V3
from gateway.bodies import FORMATS, Form
from gateway.demo import ONTIME_KEY
from gateway.wire import Headers, WireRequest
from schemas.api import Api
from schemas.message import Tree

MOMENT = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)
OWN_KEY = "a-key-of-the-attacks"
USER, TEMPLATE = UUID("7a1c1c0e-3c0f-4d5e-9a52-2f5b2d3c4e5f"), UUID("b0e8d8c4-5a0b-4b8c-8a8e-2d1f0f0f1a2b")

GOOD: Mapping[str, tuple[str, Tree]] = {
    "workstation": (
        "SessionEnd",
        {
            "Authentication": {"Id": "170200123", "Key": "467512342123"},
            "Request": {"Email": "a@example.com", "CurrentDate": "2025-12-04 06:57:36", "WorkstationType": "MARKER"},
        },
    ),
    "ontime": ("UserSessionPost", {"UserID": USER, "LogInType": "Driver", "StartMileage": 7, "company_id": "MARKER"}),
    "biot": (
        "createSession",
        {
            "device_id": "device-01",
            "_startTime": datetime(2020, 1, 1, tzinfo=UTC),
            "_state": "ACTIVE",
            "_name": "MARKER",
            "_templateId": TEMPLATE,
        },
    ),
    "mobileconnect": ("UserLoginRequest", {"UserName": "demo", "Password": "demo", "DeviceSerialNumber": "MARKER"}),
    "partstream": (
        "SWServiceLogin",
        {"catalog": "demo", "serviceuser": "demo", "password": "demo", "enduser": "MARKER"},
    ),
    "sessions": ("OpenSession", {"name": "MARKER", "subject": {"user_id": "ann"}}),
}
UNPUBLISHED = {("partstream", "soap", "1.2"), ("ontime", "webapi", "xml")}
"""What an API's own publisher did not offer, and the gateway therefore does not."""
TYPES = {
    "json": "application/json",
    "xml": "application/xml",
    "jsv": "application/jsv",
    "csv": "text/csv",
    "form": "application/x-www-form-urlencoded",
    "1.1": "text/xml; charset=utf-8",
    "1.2": "application/soap+xml; charset=utf-8",
}


_ADDRESSES = count(0x0A000001)


@dataclass(frozen=True)
class Target:
    """One good request; ``form`` is the format of its body: json, xml, jsv, csv, form or soap."""

    api: str
    protocol: str
    form: str
    request: WireRequest
    version: str = ""

    @property
    def name(self) -> str:
        """Who is asked."""
        return f"{self.api}/{self.protocol}-{self.form}{self.version}"

    def sent(
        self, body: bytes, headers: Mapping[str, str] | None = None, *, query: str = "", method: str | None = None
    ) -> WireRequest:
        """The request with another body, from an address of its own, so that nobody is locked out for another."""
        kept = {**self.request.headers, **{name.lower(): text for name, text in (headers or {}).items()}}
        fields = Headers([(name, text) for name, text in kept.items() if text])
        return replace(
            self.request,
            method=method or self.request.method,
            query=query or self.request.query,
            body=body,
            headers=fields,
            client=str(IPv4Address(next(_ADDRESSES))),
        )


def targets(apis: Mapping[str, Api], token: str) -> Iterator[Target]:
    """A request of every API over every protocol, in every format."""
    shown = {"ontime": ONTIME_KEY, "biot": f"Bearer {token}", "sessions": f"Bearer {OWN_KEY}"}
    for name, (called, tree) in GOOD.items():
        operation = apis[name].operation(called)
        assert operation is not None
        for protocol, formats in FORMATS.items():
            for chosen in formats:
                if (name, protocol, chosen) in UNPUBLISHED:
                    continue
                yield _target(Form(protocol, chosen, apis[name], operation), tree, shown.get(name, ""))
        yield from _more(Form("servicestack", "xml", apis[name], operation), tree, shown.get(name, ""))


def _target(form: Form, tree: Tree, secret: str) -> Target:
    kept = tree if form.native or "company_id" not in tree else {**tree, "company_id": "MARKER"}
    if form.protocol == "soap":
        kept = {key: item for key, item in kept.items() if key != "interfacename"}
    (line, *fields), body = form.address(kept), _plain(form.write(kept))
    method, _, path = line.partition(" ")
    headers = [tuple(field.split(": ", 1)) for field in fields]
    version = form.format if form.protocol == "soap" else ""
    wanted = "soap" if version else form.format
    return Target(
        form.api.name, form.protocol, wanted, _request(method, path, form.format, body, secret, headers), version
    )


def _more(form: Form, tree: Tree, secret: str) -> Iterator[Target]:
    """What ServiceStack reads besides: envelopes, and forms."""
    inner = _plain(SERVICESTACK_V3.encode(tree, form.message)).decode()
    for version, space, path in (
        ("1.1", "http://schemas.xmlsoap.org/soap/envelope/", "/soap11"),
        ("1.2", "http://www.w3.org/2003/05/soap-envelope", "/soap12"),
    ):
        body = f'<s:Envelope xmlns:s="{space}"><s:Body>{inner}</s:Body></s:Envelope>'.encode()
        yield Target(form.api.name, "servicestack", "soap", _request("POST", path, version, body, secret, []), version)
    if not any(isinstance(item, dict) for item in tree.values()):
        path = f"/json/reply/{form.operation.name}"
        pairs = {form.operation.request.by_key[key].name: _text(item) for key, item in tree.items()}
        body = urlencode(pairs).encode()
        yield Target(form.api.name, "servicestack", "form", _request("POST", path, "form", body, secret, []))


def _text(item: Any) -> str:
    return item.isoformat().replace("+00:00", "Z") if isinstance(item, datetime) else str(item)


def _plain(body: bytes) -> bytes:
    """Without byte order mark and XML declaration, which attacks bring along, and without members that are null."""
    body = re.sub(rb"\A<\?xml[^>]*\?>\s*", b"", body.removeprefix(b"\xef\xbb\xbf"))
    return re.sub(rb'<[^<>]* i:nil="true" />', b"", body)


def _request(
    method: str, path: str, form: str, body: bytes, secret: str, headers: list[tuple[str, ...]]
) -> WireRequest:
    fields = [("content-type", TYPES[form]), *((name, text) for name, text in headers)]
    if secret:
        fields.append(("authorization", secret))
    bare, _, query = path.partition("?")
    return WireRequest(
        method, bare, query, Headers(fields), body, client="127.0.0.1", received_at=MOMENT, raw_path=bare
    )
