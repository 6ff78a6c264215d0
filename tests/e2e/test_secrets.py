"""Secrets stay with their callers: nothing that a server wrote or told holds one, whatever was sent where."""

import base64
import json
import re
import sqlite3
import uuid
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import jwt
import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa

from gateway.boot import load_settings
from gateway.credentials import Credential, key_verifier, pair_verifier
from gateway.store import open_store
from gateway.store.packing import unpacked
from tests.e2e.conftest import Server

pytestmark = pytest.mark.once

TENANT = str(uuid.uuid4())
WORKSTATION, MOBILE, PARTSTREAM = (f"{name}-{uuid.uuid4().hex}" for name in ("ws", "mc", "ps"))
ONTIME = str(uuid.uuid4())
OWN, OPERATOR = uuid.uuid4().hex, uuid.uuid4().hex
WRONG = [f"wrong-{uuid.uuid4().hex}" for _ in range(40)]
GIVEN = {"workstation": WORKSTATION, "mobileconnect": MOBILE, "partstream": PARTSTREAM}
SOAP = "http://schemas.xmlsoap.org/soap/envelope/"


@pytest.fixture(scope="module")
def signed(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, str]:
    """The file of an issuer's public key, and a token that it signed."""
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    file = tmp_path_factory.mktemp("issuer") / "public.pem"
    form = serialization.PublicFormat.SubjectPublicKeyInfo
    file.write_bytes(key.public_key().public_bytes(serialization.Encoding.PEM, form))
    ends = datetime.now(UTC) + timedelta(hours=1)
    claims = {"sub": "u", "tenantId": TENANT, "scopes": ["PROTECTED_API"], "exp": ends}
    return file, jwt.encode(claims, key, "RS512")


def credentials(public: Path) -> Iterator[Credential]:
    def one(api: str, kind: str, verifier: str, **more: Any) -> Credential:
        return Credential(uuid.uuid4(), api, kind, verifier, datetime.now(UTC), **{"tenant": "t", **more})

    yield from (one(api, "pair", pair_verifier(secret), name=f"{api}-user") for api, secret in GIVEN.items())
    yield one("ontime", "key", key_verifier(ONTIME))
    yield one("biot", "issuer", public.read_text(), name=TENANT)
    yield one("sessions", "key", key_verifier(OWN), scopes=("sessions:read", "sessions:write"))
    yield one("operator", "key", key_verifier(OPERATOR), tenant=None)


@pytest.fixture
def server(serve: Callable[..., Server], signed: tuple[Path, str], tmp_path: Path) -> Server:
    """A server that knows the credentials and no others."""
    database = f"sqlite:///{tmp_path}/gateway.db"
    store = open_store(database, load_settings(environment={}, flags={"database": database}))
    for credential in credentials(signed[0]):
        store.add_credential(credential)
    store.close()
    return serve("--workers", "1")


def requests(token: str) -> Iterator[tuple[str, str, dict[str, str], bytes]]:
    """Every API, with the right credentials, with wrong ones, and with both in places where they do not belong."""
    wrong = iter(WRONG)

    def text(value: object) -> bytes:
        return json.dumps(value).encode()

    told = {"Email": "a@example.com", "CurrentDate": "2025-12-04 06:57:36", "Index": "1", "ServerName": "s"}
    kind = {"Content-Type": "application/json"}
    path = "/api/v1/workstation/session/end"
    for key in (WORKSTATION, next(wrong)):
        shown = {"Authentication": {"Id": "workstation-user", "Key": key}}
        yield "POST", path, kind, text({**shown, "Request": told})
        yield "POST", path, kind, text({**shown, "Request": {**told, "Index": "x" * 70_000}})
        yield "POST", path, kind, text(shown)[:-2]
        yield "POST", f"{path}?Key={key}", {**kind, "Cookie": f"key={key}"}, text({**shown, "Request": told})
        yield "POST", path, kind, text({"Authentication": {"Id": key, "Key": next(wrong)}, "Request": told})
        escaped = "".join(f"\\u{ord(letter):04x}" for letter in key)
        yield "POST", path, kind, text({**shown, "Request": told}).replace(key.encode(), escaped.encode())
    login = {"UserName": "mobileconnect-user", "DeviceSerialNumber": "d"}
    for key in (MOBILE, next(wrong)):
        yield "POST", "/json/reply/UserLoginRequest", kind, text({**login, "Password": key})
        yield "POST", "/jsv/reply/UserLoginRequest", {"Content-Type": "text/jsv"}, f"{{Password:{key},x".encode()
        yield "GET", f"/user/login.json?UserName=mobileconnect-user&Password={key}", {}, b""
        yield "POST", f"/user/login.json?UserName=mobileconnect-user&Password={key}", {}, b""
        form = {"Content-Type": "application/x-www-form-urlencoded"}
        yield "POST", "/user/login", form, f"UserName=mobileconnect-user&Password={key}".encode()
        yield "POST", "/json/reply/UserClientSessionLogRequest", kind, text({"SessionUid": key})
        yield "GET", f"/userclientsession/log.json?SessionUid={key}", {"Cookie": f"ss-id={key}; ss-pid={key}"}, b""
    xml = {"Content-Type": "text/xml"}
    for key in (PARTSTREAM, next(wrong)):
        inner = f"<catalog>c</catalog><serviceuser>partstream-user</serviceuser><password>{key}</password>"
        yield "POST", "/3dpartstream/xml", xml, soap("SWServiceLogin", inner)
        cut = inner.replace(key, f"{key[:9]}<!-- -->{key[9:]}")
        yield "POST", "/3dpartstream/xml", xml, soap("SWServiceLogin", cut)
        yield "POST", "/3dpartstream/xml", xml, soap("SWServiceLogin", inner).replace(b"</password>", b"</passwort>")
        yield "POST", "/3dpartstream/xml", xml, soap(f"SWServiceLogout</interfacename><sessionid>{key}</sessionid>"
                                                     "<interfacename>", "")  # fmt: skip
        yield "POST", f"/3dpartstream/xml?password={key}", {**xml, "SOAPAction": key}, soap("No", inner)
    post = {"UserID": str(uuid.uuid4()), "LogInType": "Driver", "LogInTime": "2019-10-01T08:00:00"}
    for key in (ONTIME, next(wrong)):
        head = {**kind, "Authorization": key}
        yield "POST", "/sites/acme/api/userSession/post", head, text(post)
        yield (
            "POST",
            f"/sites/acme/api/userSession/post?Authorization={key}&x=1",
            head,
            text({**post, "StartMileage": 1, "Key": key}),
        )
        yield "POST", "/sites/acme/api/userSession/post", kind, text({**post, "UserID": key})
        yield "GET", f"/sites/acme/api/userSessions?key={key}", head, b""
    device = "/device/v1/devices/d/usage-sessions"
    begun = {"_templateId": str(uuid.uuid4()), "_startTime": "2020-01-01T00:00:00Z", "_state": "ACTIVE"}
    for key in (token, token[:-9] + "AAAAAAAAA", next(wrong)):
        head = {**kind, "Authorization": f"Bearer {key}"}
        yield "POST", device, head, text(begun)
        yield "POST", f"{device}?access_token={key}", head, text({**begun, "_name": "n"})
        yield "GET", f"/device/v1/devices/usage-sessions?token={key}&searchRequest=x", head, b""
    for key in (OWN, OPERATOR, next(wrong)):
        head = {**kind, "Authorization": f"Bearer {key}"}
        yield "POST", "/v1/sessions", head, text({"name": "n"})
        yield "POST", f"/v1/sessions?access_token={key}", head, text({"name": "n", "attributes": {"x": 1}})
        yield "POST", "/v1/sessions", {**head, "Idempotency-Key": uuid.uuid4().hex}, text({"nome": key})
        yield "GET", "/v1/sessions?limit=2", head, b""
        yield "GET", "/v1/sessions", {"Authorization": f"Basic {base64.b64encode(key.encode()).decode()}"}, b""
        yield "GET", "/v1/sessions", {"X-Api-Key": key, "Cookie": f"token={key}", "Proxy-Authorization": key}, b""
        open_session = '<OpenSession xmlns="urn:session-gateway:sessions"><name>n</name></OpenSession>'
        secured = f"<w:Security xmlns:w='urn:w'><w:Password>{next(wrong)}</w:Password></w:Security>"
        body = (
            f'<s:Envelope xmlns:s="{SOAP}"><s:Header>{secured}</s:Header><s:Body>{open_session}</s:Body></s:Envelope>'
        )
        yield "POST", "/v1/soap", {**xml, "Authorization": f"Bearer {key}"}, body.encode()
        yield "GET", "/-/metrics", {"Authorization": f"Bearer {key}", "X-Forwarded-For": "10.0.0.1"}, b""
        yield "GET", "/nobody/owns/this", {"Authorization": f"Bearer {key}"}, b""
        yield "POST", "/v1/sessions", {**head, "Content-Encoding": "gzip"}, key.encode()
        yield "POST", "/v1/sessions", {**head, **{f"X-{number}": key for number in range(120)}}, b"{}"


def soap(interface: str, inner: str) -> bytes:
    head = f"<s:Header><interfacename>{interface}</interfacename></s:Header>"
    parts = f"<s:Body><interfaceparameters>{inner}</interfaceparameters></s:Body>"
    return f'<s:Envelope xmlns:s="{SOAP}">{head}{parts}</s:Envelope>'.encode()


def kept(database: Path) -> Iterator[tuple[str, bytes]]:
    """Everything in the store, by table; packed values unpacked."""
    with sqlite3.connect(database) as store:
        for (table,) in store.execute("SELECT name FROM sqlite_master WHERE type = 'table'").fetchall():
            for row in store.execute(f'SELECT * FROM "{table}"'):
                yield table, b"\0".join(map(_plain, row))
        for text, raw in store.execute("SELECT body, raw FROM events"):
            yield "requests", unpacked(raw, text)
    store.close()


def _plain(value: object) -> bytes:
    return value if isinstance(value, bytes) else str(value).encode("utf-8", "surrogatepass")


def test_no_secret_is_in_the_store_the_log_the_metrics_or_an_answer(server: Server, signed: tuple[Path, str]) -> None:
    token = signed[1]
    told: list[tuple[str, bytes]] = []
    handed_out: set[str] = set()
    statuses = set()
    with server.client() as client:
        for method, path, headers, body in requests(token):
            answer = client.request(method, path, headers=headers, content=body)
            statuses.add(answer.status_code)
            # PartStream's answers repeat the sessionid as it was sent.
            content = re.sub(rb"<sessionid>[^<]*<", b"", answer.content)
            told.append((f"the answer to {method} {path.partition('?')[0]}", content))
            handed_out |= _handed_out(answer)
        metrics = client.get("/-/metrics", headers={"Authorization": f"Bearer {OPERATOR}"})
        told.append(("the metrics", metrics.content))
        files = [(file.name, file.read_bytes()) for file in server.database.parent.glob("gateway.db*")]
    server.stop()
    assert {200, 201, 400, 401, 404, 415, 431} <= statuses
    rows = list(kept(server.database))
    assert len([table for table, _ in rows if table.startswith("event")]) > 10
    assert len(handed_out) >= 3
    written = [("the log", server.log.read_bytes()), *files, *rows]
    secrets = {WORKSTATION, MOBILE, PARTSTREAM, ONTIME, OWN, OPERATOR, token.rpartition(".")[2], *WRONG}
    found = {(secret, where) for secret in secrets for where, text in [*written, *told] if secret.encode() in text}
    found |= {(secret, where) for secret in handed_out for where, text in written if secret.encode() in text}
    assert found == set()


def _handed_out(answer: httpx.Response) -> set[str]:
    """The secrets of sessions that a login was given."""
    text = answer.text
    if "/json/reply/UserLogin" in str(answer.url) and '"Success"' in text:
        return {answer.json()["SessionUid"]}
    if "Logged in" in text:
        return {text.partition("<sessionid>")[2].partition("<")[0]}
    return set()
