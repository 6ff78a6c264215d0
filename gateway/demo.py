"""Demo mode: known credentials and two sessions to begin with; on loopback only."""

import os
import shlex
import time
import uuid
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import jwt
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa

from gateway import ids
from gateway.commands import ByKey, ByToken, Missing, Write
from gateway.credentials import Credential, digest, key_verifier, pair_verifier
from gateway.identity import OPERATOR
from gateway.model import Device, EventKind, Key, Principal, Session, State
from gateway.outcome import Fault, FaultKind
from gateway.registry import Built, build, discover
from gateway.settings import Settings
from gateway.store import Store, open_store
from gateway.store.databases import file_of
from gateway.work import RawRequest, Work
from schemas.api import Asked, Context, Operation
from schemas.message import Message

TENANT = "demo"
ONTIME_KEY = "3f2504e0-4f89-41d3-9a0c-0305e82c3301"
BIOT_SESSION = "3fa85f64-5717-4562-b3fc-2c963f66afa6"
BIOT_TENANT = "00000000-0000-0000-0000-000000000001"
PARTSTREAM_SESSION = "0000"
_CREDENTIALS = uuid.UUID("b7d0f5b2-52a5-5d3c-9a39-0a2f0c7f4d10")


def key_file(database: str) -> Path:
    """The demo's private key, beside the database; in the working directory for one on a server."""
    file = file_of(database) or Path(urlsplit(database).path.strip("/") or "session-gateway")
    return Path(f"{file}.demo-key.pem")


def private_key(database: str) -> str:
    """The demo's private key as PEM; made at the first start, readable by its owner only."""
    file = key_file(database)
    if not file.exists():
        key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
        made = key.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )
        file.parent.mkdir(parents=True, exist_ok=True)
        descriptor = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with os.fdopen(descriptor, "wb") as stream:
            stream.write(made)
    return file.read_text(encoding="ascii")


def token(private: str, *scopes: str, seconds: int = 30 * 86_400) -> str:
    """A BioT bearer token of the demo's account, signed RS512, as BioT's own service signs them."""
    now = int(time.time())
    claims = {
        "sub": "demo-user",
        "tokenType": "USER",
        "tenantId": BIOT_TENANT,
        "scopes": list(scopes),
        "iat": now,
        "exp": now + seconds,
        "jti": str(uuid.uuid4()),
    }
    return jwt.encode(claims, private, "RS512")


def seed(settings: Settings, at: datetime | None = None) -> dict[str, str]:
    """Put the demo's credentials and sessions into the store; gives what a caller needs beyond the known values."""
    moment = at or datetime.now(UTC)
    private = private_key(settings["database"])
    built = build(discover(), settings)
    store = open_store(settings["database"], settings)
    try:
        _add_credentials(store, private, moment)
        for work in _sessions(built, moment):
            with suppress(AlreadyThere):
                store.submit(work).result(30)
    finally:
        store.close()
    return {"biot-token": token(private, "PROTECTED_API")}


def _add_credentials(store: Store, private: str, at: datetime) -> None:
    known = {credential.uid for credential in store.credentials()}
    for credential in _credentials(private, at):
        if credential.uid not in known:
            store.add_credential(credential)


def is_known(credential: Credential) -> bool:
    """Whether this is one of the demo's own credentials, whose secrets anybody can read here."""
    return credential.uid == _uid(credential.api, credential.kind, credential.name)


def _uid(api: str, kind: str, name: str) -> uuid.UUID:
    return uuid.uuid5(_CREDENTIALS, f"{api} {kind} {name}")


def _credentials(private: str, at: datetime) -> Iterator[Credential]:
    def one(api: str, kind: str, verifier: str, **options: Any) -> Credential:
        uid = _uid(api, kind, options.get("name", ""))
        return replace(Credential(uid, api, kind, verifier, at, tenant=TENANT), **options)

    yield one("workstation", "pair", pair_verifier("467512342123"), name="170200123")
    yield one("ontime", "key", key_verifier(ONTIME_KEY))
    yield one("biot", "issuer", _public(private))
    yield one("mobileconnect", "key", key_verifier("0" * 32))
    yield one("mobileconnect", "pair", pair_verifier("demo"), name="demo")
    yield one("partstream", "pair", pair_verifier("demo"), name="demo")
    yield one(OPERATOR, "key", key_verifier("demo"), tenant=None)


def _public(private: str) -> str:
    key = serialization.load_pem_private_key(private.encode("ascii"), None)
    encoding, form = serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
    return key.public_key().public_bytes(encoding, form).decode("ascii")


def _sessions(built: Built, at: datetime) -> Iterator[Work]:
    """An active BioT session, kept as it is once it was made, and a PartStream session 0000, active after each
    start."""
    if "biot" in built.apis:
        yield _work(built, "biot", _biot_session(), at)
    if "partstream" in built.apis:
        ended = {"ended_at": None, "stop_reason": None, "state": State.OPEN, "started_at": at}
        found = ByToken("partstream", digest(PARTSTREAM_SESSION))
        key = Key("partstream", "demo", "")
        opened = Write(EventKind.OPENED, found, key, Missing.CREATE, ended, grants=True)
        yield replace(_work(built, "partstream", opened, at), secret=PARTSTREAM_SESSION)


def _biot_session() -> Write:
    started = datetime(2007, 12, 20, 9, 15, 30, tzinfo=UTC)
    changes = {
        "started_at": started,
        "state": State.OPEN,
        "device": Device(device_id="device-01"),
        "attributes": {"biot": {"state": "ACTIVE", "initiator": "EXTERNAL"}},
    }
    key = Key("biot", BIOT_TENANT, BIOT_SESSION)
    return Write(EventKind.OPENED, ByKey(key), key, Missing.CREATE, changes, occurred_at=started)


def _work(built: Built, api: str, write: Write, at: datetime) -> Work:
    principal = Principal("demo", api, TENANT)
    return Work(
        api=built.apis[api],
        operation=SEED,
        protocol="demo",
        command=write,
        principal=principal,
        event_id=ids.event_id(),
        session_uid=ids.session_uid(),
        secret=ids.session_secret(),
        received_at=at,
        correlation_id=ids.correlation_id(),
        asked=Asked({}, Context(principal, at)),
        raw=RawRequest("", "", "", b""),
    )


class AlreadyThere(Fault):
    """The demo's session needs no making."""


def _when_missing(before: Session | None, after: Session, write: Write) -> None:
    if before is not None and (before.is_open or before.key.api == "biot"):
        raise AlreadyThere(FaultKind.CONFLICT)


def _never(*_: object) -> Any:
    raise NotImplementedError("the demo's own writes are never read from a wire")


_EMPTY = Message("Demo", "", ())
SEED = Operation(
    "DemoSeed", _EMPTY, _EMPTY, command=_never, present=_never, check=_when_missing, doc="The demo's own sessions."
)


@dataclass(frozen=True, slots=True)
class Sample:
    """One ready-to-paste request."""

    title: str
    method: str
    path: str
    headers: tuple[tuple[str, str], ...]
    body: str = ""

    def curl(self, base_url: str) -> str:
        """The request as one curl line."""
        parts = ["curl", "-s"]
        if self.method not in ("GET", "POST"):
            parts += ["-X", self.method]
        for name, value in self.headers:
            parts += ["-H", f"{name}: {value}"]
        if self.body:
            parts += ["-d", self.body]
        return shlex.join([*parts, f"{base_url}{self.path}"])


_JSON = ("Content-Type", "application/json")
_XML = ("Content-Type", "application/xml")
_SPIRIT = "http://schemas.datacontract.org/2004/07/Spirit.Server.Common.Message.Sessions"


PLACEHOLDER = "{biot-token}"
"""Stands for a freshly signed token in :data:`SAMPLES`."""

SAMPLES = (
    Sample(
        "workstation: the customer ended the session",
        "POST",
        "/api/v1/workstation/session/end",
        (_JSON,),
        '{"Authentication":{"Id":"170200123","Key":"467512342123"},"Request":{"Email":"larry@newmedia.com",'
        '"CurrentDate":"2025-12-04 06:57:36","Index":"283",'
        '"ApplicationsUsed":[{"Name":"Autodesk Maya","Duration":"02:15:22"}]}}',
    ),
    Sample(
        "ontime: a driver logs in",
        "POST",
        "/sites/acme/api/userSession/post",
        (("Authorization", ONTIME_KEY), _JSON),
        '{"UserID":"7a1c1c0e-3c0f-4d5e-9a52-2f5b2d3c4e5f","LogInType":"Driver",'
        '"LogInTime":"2019-10-01T08:00:00","StartMileage":1200}',
    ),
    Sample(
        "biot: the device stopped its session",
        "PATCH",
        f"/device/v1/devices/device-01/usage-sessions/{BIOT_SESSION}",
        (("Authorization", f"Bearer {PLACEHOLDER}"), _JSON),
        '{"_endTime":"2007-12-20T10:15:30Z","_state":"DONE",'
        '"_summary":{"_stopReason":"Manual Stop","_stopReasonCode":"COMPLETION"}}',
    ),
    Sample(
        "mobileconnect: the sessions of one client",
        "POST",
        "/xml/reply/UserClientSessionLogRequest",
        (_XML,),
        f'<UserClientSessionLogRequest xmlns="{_SPIRIT}"><ClientReferUid>device-01</ClientReferUid>'
        "</UserClientSessionLogRequest>",
    ),
    Sample(
        "mobileconnect: a user logs in",
        "POST",
        "/json/reply/UserLoginRequest",
        (_JSON,),
        '{"UserName":"demo","Password":"demo","DeviceSerialNumber":"PDA-7"}',
    ),
    Sample(
        "mobileconnect: all sessions, whatever API they came from",
        "POST",
        "/xml/reply/UserClientSessionLogRequest",
        (_XML,),
        f'<UserClientSessionLogRequest xmlns="{_SPIRIT}"/>',
    ),
    Sample(
        "partstream: log out",
        "POST",
        "/3dpartstream/xml",
        (("Content-Type", "text/xml"),),
        '<SOAP-ENV:Envelope xmlns:SOAP-ENV="http://schemas.xmlsoap.org/soap/envelope/"><SOAP-ENV:Header><interfacename>'
        "SWServiceLogout</interfacename><sessionid>0000</sessionid></SOAP-ENV:Header><SOAP-ENV:Body><interfaceparameters>"
        "<secure>off</secure></interfaceparameters></SOAP-ENV:Body></SOAP-ENV:Envelope>",
    ),
    Sample("the same sessions, canonical", "GET", "/v1/sessions", (("Authorization", "Bearer demo"),)),
)
"""One request for each API, a session log without filters, and the canonical sessions behind all of them."""


def banner(base_url: str, secrets: dict[str, str]) -> str:
    """What the demo prints at its start."""
    lines = [f"Demo on {base_url}: known credentials, loopback only. Paste these into another terminal:", ""]
    for sample in SAMPLES:
        lines += [f"# {sample.title}", sample.curl(base_url).replace(PLACEHOLDER, secrets["biot-token"]), ""]
    return "\n".join(lines)
