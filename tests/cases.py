"""Golden cases: a folder with a request, the canonical command it means, its outcome, and the answer, byte for byte.

``tests/golden/<api>/<operation>__<sentence>/`` holds

* ``request.http``: the raw HTTP request, its header with LF as line end; ``{biot-token}`` and its like stand for
  freshly signed tokens. The Content-Length is computed.
* ``before*.http``: requests made first, in the order of their names.
* ``case.toml``: settings of the case; ``[case]`` may hold ``store = "unavailable"`` or ``raises = true`` (a plug-in
  that fails).
* ``command.json``, ``outcome.json``: what the request means and what it led to; absent where it got no further.
* ``response.http``: the answer.

``python -m tests.record [FOLDER...]`` writes the last three anew, for review.
"""

import json
import re
import tempfile
import tomllib
import uuid
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cache
from pathlib import Path
from typing import Any
from unittest import mock

from gateway import arrival, boot, demo, registry
from gateway.commands import canonical, plain
from gateway.credentials import Credential, key_verifier
from gateway.outcome import Fault, FaultKind, Outcome
from gateway.pipeline import Pipeline
from gateway.settings import Settings
from gateway.store import open_store
from gateway.wire import Headers, WireRequest, WireResponse
from gateway.work import Batch

GOLDEN = Path(__file__).parent / "golden"
MOMENT = datetime(2026, 1, 2, 3, 4, 5, 678000, tzinfo=UTC)
"""When every case happens: one second later with each of its requests."""

APIS = ("workstation", "ontime", "biot", "mobileconnect", "partstream", "sessions")


@dataclass(frozen=True)
class Result:
    """What a case led to."""

    response: bytes
    command: str | None
    outcome: str | None


def folders() -> list[Path]:
    """Every case of the APIs."""
    return sorted(path.parent for api in APIS for path in (GOLDEN / api).glob("*/request.http"))


def parse(raw: bytes, number: int, secrets: dict[str, str]) -> WireRequest:
    """The request in a file; placeholders are filled in."""
    for name, value in secrets.items():
        raw = raw.replace(b"{%s}" % name.encode(), value.encode())
    head, _, body = raw.partition(b"\n\n")
    lines = head.decode("latin-1").split("\n")
    method, target, _ = lines[0].split(" ")
    fields = [tuple(line.split(": ", 1)) for line in lines[1:]]
    headers = [(name, value) for name, value in fields if name.lower() != "content-length"]
    if body or method in ("POST", "PUT", "PATCH"):
        headers.append(("Content-Length", str(len(body))))
    path, _, query = target.partition("?")
    return WireRequest(
        method,
        path,
        query,
        Headers(headers),
        body,
        client="127.0.0.1",
        base_url="http://gateway.example",
        correlation_id=f"{number:032x}",
        received_at=MOMENT + timedelta(seconds=number),
        raw_path=path,
    )


def show(response: WireResponse) -> bytes:
    """A response as bytes: status line, headers, body."""
    body = response.body if isinstance(response.body, bytes) else b"".join(response.body)
    reason = f" {response.reason}" if response.reason else ""
    head = "".join(f"{name}: {value}\n" for name, value in response.headers)
    return f"{response.status}{reason}\n{head}\n".encode() + body


def run(folder: Path, database: Path) -> Result:
    """Run one case on a store of its own."""
    options = _options(folder)
    case = options.pop("case", {})
    settings = boot.load_settings(
        environment={}, flags={"database": f"sqlite:///{database}", "demo": "true", **_flat(options)}
    )
    demo.key_file(settings["database"]).write_text(_signing_key(), encoding="ascii")
    with steady():
        secrets = {**demo.seed(settings, MOMENT), **_more_credentials(settings)}
        gateway = boot.assemble(settings, watch=False)
        try:
            for number, path in enumerate(sorted(folder.glob("before*.http")), 1):
                perform(gateway, parse(path.read_bytes(), number, secrets))
            request = parse((folder / "request.http").read_bytes(), 50, secrets)
            with trouble(gateway, case):
                return perform(gateway, request)
        finally:
            gateway.close()


def perform(gateway: boot.Gateway, request: WireRequest) -> Result:
    """One request through all of the pipeline; a body beyond the budget is refused as a door refuses it."""
    limit = gateway.settings["limits.body_bytes"]
    too_large = len(request.body) > limit
    prepared = gateway.reject(request, arrival.too_large(limit)) if too_large else gateway.prepare(request)
    if isinstance(prepared, WireResponse):
        return Result(show(prepared), None, None)
    result: Any
    try:
        result = gateway.store.submit(prepared).result(10)
    except Fault as fault:
        result = fault
    response = show(gateway.finish(prepared, result))
    works = prepared.works if isinstance(prepared, Batch) else (prepared,)
    outcomes = result if isinstance(result, list) else [result]
    told = [plain(outcome) for outcome in outcomes if isinstance(outcome, Outcome)]
    return Result(response, _json([canonical(work.command) for work in works]), _json(told) if told else None)


@cache
def _signing_key() -> str:
    """One key for all cases of a run: making one takes longer than a case."""
    with tempfile.TemporaryDirectory() as folder:
        return demo.private_key(f"sqlite:///{folder}/any.db")


def _more_credentials(settings: Settings) -> dict[str, str]:
    """Credentials that may less than the demo's."""
    private = demo.private_key(settings["database"])
    store = open_store(settings["database"], settings)
    try:
        for number, (api, secret, options) in enumerate(LIMITED):
            uid = uuid.UUID(int=number + 1)
            store.add_credential(Credential(uid, api, "key", key_verifier(secret), MOMENT, **options))
    finally:
        store.close()
    return {
        "biot-token-without-scope": demo.token(private),
        "biot-token-expired": demo.token(private, "PROTECTED_API", seconds=-3600),
    }


LIMITED: tuple[tuple[str, str, dict[str, Any]], ...] = (
    ("ontime", "11111111-1111-4111-8111-111111111111", {"tenant": "demo", "realms": ("acme",)}),
    ("sessions", "reader-of-demo", {"tenant": "demo", "scopes": ("sessions:read",)}),
    ("sessions", "writer-of-demo", {"tenant": "demo", "scopes": ("sessions:read", "sessions:write")}),
    ("sessions", "reader-of-other", {"tenant": "other", "scopes": ("sessions:read",)}),
    ("sessions", "useless", {"tenant": "demo"}),
    ("ontime", "22222222-2222-4222-8222-222222222222", {"tenant": "demo", "scopes": ("userSession:read",)}),
    ("ontime", "33333333-3333-4333-8333-333333333333", {"tenant": "demo", "scopes": ("userSession:write",)}),
    ("mobileconnect", "4" * 32, {"tenant": "demo"}),
)
"""Keys of the cases: API, secret, and what the key may."""


@contextmanager
def trouble(gateway: boot.Gateway, case: dict[str, Any]) -> Iterator[None]:
    """The trouble that a case asks for."""
    if case.get("store") == "unavailable":
        failing = mock.Mock(
            side_effect=Fault(FaultKind.STORE_UNAVAILABLE, "the store cannot be written", retry_after=5)
        )
        with mock.patch.object(gateway.store, "submit", failing):
            yield
    elif case.get("raises"):
        with mock.patch.object(Pipeline, "_work", mock.Mock(side_effect=RuntimeError("a bug"))):
            yield
    else:
        yield


@contextmanager
def steady() -> Iterator[None]:
    """Identifiers that are the same in every run."""
    counters: dict[str, int] = {}

    def number(name: str) -> int:
        counters[name] = counters.get(name, 0) + 1
        return counters[name]

    makers: dict[str, Callable[[], Any]] = {
        "event_id": lambda: uuid.UUID(int=0xE0000000000070008000000000000000 + number("event")),
        "session_uid": lambda: uuid.UUID(int=0x50000000000040008000000000000000 + number("session")),
        "correlation_id": lambda: f"{number('correlation'):032x}",
        "session_secret": lambda: f"{number('secret'):032x}",
    }
    with mock.patch.multiple("gateway.ids", **makers), ExitStack() as stack:
        for name, value in CHEAP.items():
            stack.enter_context(mock.patch(name, value))
        yield


CHEAP: dict[str, Any] = {
    "gateway.credentials.SCRYPT_N": 2,
    "gateway.demo.token": cache(demo.token),
    "gateway.demo._public": cache(demo._public),
    "gateway.demo.discover": cache(registry.discover),
    "gateway.boot.plugins.discover": cache(registry.discover),
}
"""What a case needs no second time: hundreds of cases start a gateway each."""


def _options(folder: Path) -> dict[str, Any]:
    file = folder / "case.toml"
    return tomllib.loads(file.read_text(encoding="utf-8")) if file.exists() else {}


def _flat(options: dict[str, Any], prefix: str = "") -> dict[str, Any]:
    found: dict[str, Any] = {}
    for name, value in options.items():
        if isinstance(value, dict) and f"{prefix}{name}" not in ("biot.templates", "biot.usage_types"):
            found.update(_flat(value, f"{prefix}{name}."))
        else:
            found[f"{prefix}{name}"] = value
    return found


def _json(value: Any) -> str:
    text = json.dumps(value, indent=2, sort_keys=True, ensure_ascii=False)
    return re.sub(r'("digest": ")[0-9a-f]{64}', r"\1…", text) + "\n"
