"""A gateway with two tenants who are called alike, and every way in which one of them can show who it is."""

import json
import time
import uuid
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cache
from pathlib import Path
from typing import Any, TypeAlias

import jwt
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from werkzeug.test import Client, TestResponse

from gateway import boot
from gateway.credentials import Credential, key_verifier, pair_verifier
from gateway.identity import OPERATOR
from gateway.web.wsgi import WsgiDoor

ALGORITHM = "RS512"
V1 = "urn:session-gateway:sessions"
MODELS = "http://schemas.datacontract.org/2004/07/Api.Models"
BINDING = "http://schemas.datacontract.org/2004/07/ApiModels"
SOAP = "http://schemas.xmlsoap.org/soap/envelope/"
Headers: TypeAlias = Mapping[str, str]


@dataclass(frozen=True)
class Caller:
    """What one caller shows, by API: a key, a token, or a name and a secret."""

    name: str
    tenant: str
    guid: str
    token: str = ""

    @property
    def signed(self) -> str:
        """Its token; made when it is first needed, since that takes a while."""
        return self.token or token(self.name, self.tenant)

    @property
    def secret(self) -> str:
        return f"{self.name}-password"

    @property
    def key(self) -> str:
        return f"{self.name}-key"


@dataclass(frozen=True)
class Call:
    """A request, without its credential."""

    method: str
    path: str
    body: str = ""
    media_type: str = ""
    headers: Headers | None = None


def guid(name: str) -> str:
    """A GUID that belongs to a name."""
    return str(uuid.uuid5(uuid.NAMESPACE_DNS, name))


@cache
def private(name: str) -> rsa.RSAPrivateKey:
    """The key that signs the tokens of a tenant."""
    return rsa.generate_private_key(public_exponent=65537, key_size=2048)


def token(signer: str, tenant: str, seconds: int = 3600, **claims: Any) -> str:
    """A BioT token of ``tenant``, signed by ``signer``."""
    told = {"sub": "u", "tenantId": guid(tenant), "scopes": ["PROTECTED_API"], "exp": int(time.time()) + seconds}
    return jwt.encode({**told, **claims}, private(signer), ALGORITHM)


def caller(name: str) -> Caller:
    """A caller with credentials of its own for every API."""
    return Caller(name, name, guid(name))


ONE, TWO = caller("one"), caller("two")


def credentials(who: Caller, at: datetime, **options: Any) -> Iterator[Credential]:
    """A credential of ``who`` for every API."""

    def of(api: str, kind: str, verifier: str, **more: Any) -> Credential:
        return Credential(uuid.uuid4(), api, kind, verifier, at, **{"tenant": who.tenant, **more, **options})

    public = private(who.name).public_key()
    pem = public.public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo).decode()
    verifier = pair_verifier(who.secret)
    yield from (of(api, "pair", verifier, name=who.name) for api in ("workstation", "mobileconnect", "partstream"))
    yield of("ontime", "key", key_verifier(who.guid))
    yield of("mobileconnect", "key", key_verifier(uuid.UUID(who.guid).hex))
    yield of("biot", "issuer", pem, name=guid(who.tenant))
    yield of("sessions", "key", key_verifier(who.key), scopes=("sessions:read", "sessions:write"))


@contextmanager
def gateway(folder: Path, **settings: str) -> Iterator[boot.Gateway]:
    """A gateway that knows both tenants, a caller whose credentials are revoked, and one whose are expired."""
    flags = {"database": f"sqlite:///{folder}/two.db", "offer": "*", **settings}
    made = boot.assemble(boot.load_settings(environment={}, flags=flags), watch=False)
    now = datetime.now(UTC)
    rows = [*credentials(ONE, now), *credentials(TWO, now)]
    rows += credentials(caller("revoked"), now, revoked_at=now)
    rows += credentials(caller("expired"), now, expires_at=now - timedelta(seconds=1))
    rows.append(Credential(uuid.uuid4(), OPERATOR, "key", key_verifier("operator-token"), now))
    for row in rows:
        made.store.add_credential(row)
    made.reload_credentials()
    yield made
    made.close()


@dataclass
class Door:
    """A door through which callers from any address come."""

    client: Client
    address: str = "192.0.2.1"

    def send(self, call: Call, headers: Headers) -> TestResponse:
        """The answer to a call with these header fields besides its own."""
        fields = {**(call.headers or {}), **headers}
        if call.media_type:
            fields["Content-Type"] = call.media_type
        return self.client.open(
            call.path, method=call.method, data=call.body.encode(), headers=fields,
            environ_overrides={"REMOTE_ADDR": self.address},
        )  # fmt: skip


def door(made: boot.Gateway) -> Door:
    """The WSGI door of a gateway."""
    return Door(Client(WsgiDoor(made)))


def envelope(head: str, body: str) -> str:
    """A SOAP 1.1 envelope."""
    return f'<s:Envelope xmlns:s="{SOAP}"><s:Header>{head}</s:Header><s:Body>{body}</s:Body></s:Envelope>'


def workstation(who: Caller, operation: str = "session/end", **request: Any) -> tuple[Call, Headers]:
    told = {"Email": "u@example.com", "CurrentDate": "2025-12-04 06:57:36", "Index": "1", "ServerName": "s", **request}
    body = {"Authentication": {"Id": who.name, "Key": who.secret}, "Request": told}
    return Call("POST", f"/api/v1/workstation/{operation}", json.dumps(body), "application/json"), {}


def workstation_xml(who: Caller) -> tuple[Call, Headers]:
    shown = f'<Authentication xmlns:d="{MODELS}"><d:Id>{who.name}</d:Id><d:Key>{who.secret}</d:Key></Authentication>'
    request = "<Request><Email>u@example.com</Email><Index>1</Index></Request>"
    body = f'<SessionEndBindingModel xmlns="{BINDING}">{shown}{request}</SessionEndBindingModel>'
    return Call("POST", "/api/v1/workstation/session/end", body, "application/xml"), {}


def ontime(who: Caller, method: str = "GET", path: str = "/sites/acme/api/userSessions", body: str = "") -> Any:
    return Call(method, path, body, "application/json" if body else ""), {"Authorization": who.guid}


def biot(who: Caller, method: str = "GET", path: str = "/device/v1/devices/usage-sessions", body: str = "") -> Any:
    media_type = "application/json" if body else ""
    return Call(method, path, body, media_type), {"Authorization": f"Bearer {who.signed}"}


def login(who: Caller, form: str = "json", serial: str = "d") -> tuple[Call, Headers]:
    shown = {"UserName": who.name, "Password": who.secret, "DeviceSerialNumber": serial}
    if form == "json":
        return Call("POST", "/json/reply/UserLoginRequest", json.dumps(shown), "application/json"), {}
    text = "{" + ",".join(f"{name}:{value}" for name, value in shown.items()) + "}"
    return Call("POST", "/jsv/reply/UserLoginRequest", text, "text/jsv"), {}


def log(who: Caller) -> tuple[Call, Headers]:
    body = json.dumps({"SessionUid": uuid.UUID(who.guid).hex})
    return Call("POST", "/json/reply/UserClientSessionLogRequest", body, "application/json"), {}


def partstream(who: Caller, user: str = "u") -> tuple[Call, Headers]:
    members = {"catalog": "c", "serviceuser": who.name, "password": who.secret, "enduser": user}
    inner = "".join(f"<{name}>{value}</{name}>" for name, value in members.items())
    body = envelope(
        "<interfacename>SWServiceLogin</interfacename>", f"<interfaceparameters>{inner}</interfaceparameters>"
    )
    return Call("POST", "/3dpartstream/xml", body, "text/xml"), {}


def logout(sessionid: str) -> tuple[Call, Headers]:
    head = f"<interfacename>SWServiceLogout</interfacename><sessionid>{sessionid}</sessionid>"
    body = envelope(head, "<interfaceparameters><secure>off</secure></interfaceparameters>")
    return Call("POST", "/3dpartstream/xml", body, "text/xml"), {}


def own(who: Caller, method: str = "GET", path: str = "/v1/sessions", body: str = "", **headers: str) -> Any:
    media_type = "application/json" if body else ""
    return Call(method, path, body, media_type, headers), {"Authorization": f"Bearer {who.key}"}


def own_soap(who: Caller, operation: str = "ListSessions", members: str = "") -> tuple[Call, Headers]:
    body = envelope("", f'<{operation} xmlns="{V1}">{members}</{operation}>')
    return Call("POST", "/v1/soap", body, "text/xml"), {"Authorization": f"Bearer {who.key}"}


Ask: TypeAlias = Callable[[Caller], tuple[Call, Headers]]
