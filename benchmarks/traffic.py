"""Requests of every API that a load is mixed of, and how to tell that each was accepted and is stored.

Each write carries a mark of its own, a UUID that names nothing else, so that it is found again in what is stored.
"""

import hashlib
import json
import re
import uuid
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

from gateway import demo

_JSON = {"Content-Type": "application/json"}
_XML = {"Content-Type": "application/xml", "Accept": "application/xml"}
_ENVELOPE = (
    '<SOAP-ENV:Envelope xmlns:SOAP-ENV="http://schemas.xmlsoap.org/soap/envelope/"><SOAP-ENV:Header>'
    "<interfacename>SWServiceLogin</interfacename></SOAP-ENV:Header><SOAP-ENV:Body><interfaceparameters>"
    "<secure>off</secure><catalog>demo</catalog><serviceuser>demo</serviceuser><password>demo</password>"
    "</interfaceparameters></SOAP-ENV:Body></SOAP-ENV:Envelope>"
)
_SESSION_ID = re.compile(r"<sessionid>([0-9a-f]{32})</sessionid>")


@dataclass(frozen=True, slots=True)
class Request:
    """One request, as any HTTP client sends it."""

    method: str
    path: str
    headers: dict[str, str]
    body: str = ""


@dataclass(frozen=True, slots=True)
class Write:
    """A kind of write: how it is asked with a mark, and what its answer shows when it was accepted."""

    name: str
    ask: Callable[[str, "Keys"], Request]
    accepted: Callable[[int, str], bool]


@dataclass(frozen=True, slots=True)
class Keys:
    """What callers of the demo's server need beyond its known secrets: a BioT token, a key for ``/v1``."""

    biot: str
    own: str


def mark(run: int, number: int) -> str:
    """The mark of one write: of fixed length, and in no other text."""
    return str(uuid.UUID(int=(0xF00D << 112) | (run << 80) | (0x4 << 76) | (0x8 << 60) | number))


def _end(text: str, media: dict[str, str]) -> Callable[[str, Keys], Request]:
    return lambda mark, keys: Request("POST", "/api/v1/workstation/session/end", media, text.replace("MARK", mark))


_END_JSON = (
    '{"Authentication":{"Id":"170200123","Key":"467512342123"},"Request":{"Email":"larry@newmedia.com",'
    '"CurrentDate":"2025-12-04 06:57:36","Index":"MARK","ApplicationsUsed":[{"Name":"Maya","Duration":"02:15:22"}]}}'
)
_END_XML = (
    '<SessionEndBindingModel xmlns="http://schemas.datacontract.org/2004/07/ApiModels">'
    '<Authentication xmlns:a="http://schemas.datacontract.org/2004/07/Api.Models"><a:Id>170200123</a:Id>'
    "<a:Key>467512342123</a:Key></Authentication><Request><CurrentDate>2025-12-04 06:57:36</CurrentDate>"
    "<Email>larry@newmedia.com</Email><Index>MARK</Index></Request></SessionEndBindingModel>"
)


def _login(mark: str, keys: Keys) -> Request:
    tree = {"UserID": mark, "LogInType": "Driver", "LogInTime": "2019-10-01T08:00:00", "StartMileage": 1200}
    return Request(
        "POST", "/sites/acme/api/userSession/post", {**_JSON, "Authorization": demo.ONTIME_KEY}, json.dumps(tree)
    )


def _patch(mark: str, keys: Keys) -> Request:
    tree = {"note": mark}
    path = f"/device/v1/devices/device-01/usage-sessions/{demo.BIOT_SESSION}"
    return Request("PATCH", path, {**_JSON, "Authorization": f"Bearer {keys.biot}"}, json.dumps(tree))


def _device(mark: str, keys: Keys) -> Request:
    tree = {"UserName": "demo", "Password": "demo", "DeviceSerialNumber": mark}
    return Request("POST", "/json/reply/UserLoginRequest", _JSON, json.dumps(tree))


def _service(mark: str, keys: Keys) -> Request:
    return Request("POST", "/3dpartstream/xml", {"Content-Type": "text/xml"}, _ENVELOPE)


def _own(mark: str, keys: Keys) -> Request:
    tree = {"key": {"api": "sessions", "id": mark}, "name": "soak", "device": {"serial": mark}}
    headers = {**_JSON, "Authorization": f"Bearer {keys.own}", "Idempotency-Key": mark}
    return Request("POST", "/v1/sessions", headers, json.dumps(tree))


def _has(status: int, text: str) -> Callable[[int, str], bool]:
    return lambda found, body: found == status and text in body


WRITES: tuple[Write, ...] = (
    Write("workstation", _end(_END_JSON, _JSON), _has(200, '"Code":"00"')),
    Write("workstation-xml", _end(_END_XML, _XML), _has(200, "Code>00<")),
    Write("ontime", _login, lambda status, text: status in (200, 201)),
    Write("biot", _patch, _has(200, "")),
    Write("mobileconnect", _device, _has(200, '"Result":"Success"')),
    Write("partstream", _service, lambda status, text: _SESSION_ID.search(text) is not None),
    Write("sessions", _own, _has(201, "")),
)


def kept_as(write: Write, mark: str, text: str) -> str:
    """By what an accepted write is found: its mark, or the digest of the session id that its answer hands out."""
    found = _SESSION_ID.search(text) if write.name == "partstream" else None
    return hashlib.sha256(found[1].encode()).hexdigest() if found is not None else mark


def stored(connection: Any, run: int) -> list[str]:
    """What is found of one run, as often as it is stored: marks of events, digests of session ids."""
    prefix = mark(run, 0)[:19]
    pattern = re.compile(re.escape(prefix) + "[0-9a-f-]{17}")
    rows: Iterable[Any] = connection.execute("SELECT body FROM events WHERE body LIKE ?", (f"%{prefix}%",))
    marks = [found for (body,) in rows for found in sorted(set(pattern.findall(body)))]
    return marks + [bytes(row[0]).hex() for row in connection.execute("SELECT token FROM tokens")]
