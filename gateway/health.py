"""``/-/live``, ``/-/ready`` and ``/-/metrics``: what the server says of itself, to machines."""

import json
from datetime import UTC, datetime
from typing import Any

from gateway.door import Gateway
from gateway.proxies import FORWARDING_HEADERS, is_loopback
from gateway.wire import WireRequest, WireResponse

PREFIX = "/-/"


def owns(path: str) -> bool:
    """Whether a path is one of the server's own."""
    return path.startswith(PREFIX)


def answer(gateway: Gateway, request: WireRequest) -> WireResponse:
    """The answer to a path below ``/-/``. It may wait for the store: call it in a thread."""
    if request.method not in ("GET", "HEAD"):
        return WireResponse.of(405, "text/plain; charset=utf-8", b"GET or HEAD only\n", ("Allow", "GET, HEAD"))
    page = _PAGES.get(request.path)
    return page(gateway, request) if page else WireResponse.of(404, "text/plain; charset=utf-8", b"404\n")


def _live(gateway: Gateway, request: WireRequest) -> WireResponse:
    return _json(200, {"status": "live"})


def _ready(gateway: Gateway, request: WireRequest) -> WireResponse:
    """503 while writes cannot be stored. A plug-in that is not there is named, but takes no caller from the others:
    whoever balances by this page would."""
    problems = [f"plug-in {row.name} ({row.owner}): {row.reason}" for row in gateway.disabled]
    if (reason := _store(gateway)) is None:
        return _json(200, {"status": "ready", "problems": problems})
    return _json(503, {"status": "not ready", "problems": [f"store: {reason}", *problems]})


def _store(gateway: Gateway) -> str | None:
    try:
        found = gateway.store.ready()
    except Exception as error:
        return str(error) or repr(error)
    return None if found is None else str(found)


def _metrics(gateway: Gateway, request: WireRequest) -> WireResponse:
    if not (_is_local(request) or _is_operator(gateway, request)):
        text = b"An operator token is needed here: Authorization: Bearer TOKEN\n"
        return WireResponse.of(401, "text/plain; charset=utf-8", text, ("WWW-Authenticate", "Bearer"))
    from gateway import metrics

    media_type, body = metrics.exposition()
    return WireResponse.of(200, media_type, body)


def _is_local(request: WireRequest) -> bool:
    """A caller on this machine that no proxy stands for: an unlisted proxy would make every caller look local."""
    return is_loopback(request.client) and not any(name in request.headers for name in FORWARDING_HEADERS)


def _is_operator(gateway: Gateway, request: WireRequest) -> bool:
    scheme, _, token = request.headers.get("authorization", "").partition(" ")
    return scheme.lower() == "bearer" and gateway.identity.operator(token.strip(), datetime.now(UTC)) is not None


def _json(status: int, value: dict[str, Any]) -> WireResponse:
    body = json.dumps(value, ensure_ascii=False).encode() + b"\n"
    return WireResponse.of(status, "application/json", body, ("Cache-Control", "no-store"))


_PAGES = {"/-/live": _live, "/-/ready": _ready, "/-/metrics": _metrics}
