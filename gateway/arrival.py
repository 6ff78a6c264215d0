"""From what a server hands over to a WireRequest: the part of a door that is the same for every server."""

import re
from collections.abc import Iterable
from datetime import UTC, datetime
from functools import lru_cache
from urllib.parse import unquote

from gateway import ids
from gateway.outcome import Fault, FaultKind
from gateway.proxies import ProxyPolicy, origin
from gateway.wire import Headers, WireRequest

_TRACEPARENT = re.compile(r"(?!ff)[0-9a-f]{2}-(?!0{32})([0-9a-f]{32})-(?!0{16})[0-9a-f]{16}-[0-9a-f]{2}(?:-.*)?")


def correlation_id(headers: Headers) -> str:
    """The trace id of a W3C ``traceparent``, else a new random one: 32 hex digits."""
    text = headers.get("traceparent", "")
    found = _TRACEPARENT.fullmatch(text.strip()) if text else None
    return found.group(1) if found else ids.correlation_id()


def arrive(
    policy: ProxyPolicy,
    method: str,
    raw_path: str,
    query: str,
    fields: Iterable[tuple[str, str]] | Headers,
    *,
    peer: str,
    scheme: str,
    fallback_host: str = "localhost",
    body: bytes = b"",
    received_at: datetime | None = None,
) -> WireRequest:
    """A request, whose body may not have been read yet; the path is decoded as UTF-8."""
    headers = fields if isinstance(fields, Headers) else Headers(fields)
    came = origin(policy, peer, scheme, headers, fallback_host)
    return WireRequest(
        method=method,
        path=unquote(raw_path) if "%" in raw_path else raw_path,
        query=query,
        headers=headers,
        body=body,
        client=came.client,
        base_url=came.base_url,
        correlation_id=correlation_id(headers),
        received_at=received_at or datetime.now(UTC),
        raw_path=raw_path,
    )


def again(before: WireRequest, body: bytes, received_at: datetime) -> WireRequest:
    """A request with the same head as one that came before on its connection, which has to say it anew."""
    return WireRequest(
        before.method,
        before.path,
        before.query,
        before.headers,
        body,
        before.client,
        before.base_url,
        correlation_id(before.headers),
        received_at,
        before.raw_path,
    )


@lru_cache(maxsize=64)
def host_of(server: tuple[str, int | None] | None) -> str:
    """The ``host:port`` of the server's own end of a connection; ``localhost`` where it has none."""
    if server is None or not server[1]:
        return "localhost"
    name, port = server
    return f"[{name}]:{port}" if ":" in name else f"{name}:{port}"


def declared_length(headers: Headers) -> int:
    """The ``Content-Length``, 0 when there is none or it is no number (the server has refused that already)."""
    return length_of(headers.get("content-length", ""))


def length_of(text: str) -> int:
    """The length that a ``Content-Length`` names; 0 for what is no number."""
    return int(text) if text.isascii() and text.isdigit() else 0


def too_large(limit: int) -> Fault:
    """The fault of a body over its budget."""
    return Fault(FaultKind.TOO_LARGE, f"The body is larger than {limit} bytes.", log="setting: limits.body_bytes")


def too_slow(seconds: float) -> Fault:
    """The fault of a body that did not arrive in time."""
    return Fault(
        FaultKind.TIMEOUT, f"The body was not complete within {seconds:g} seconds.", log="setting: body_timeout"
    )


def too_full() -> Fault:
    """The fault of a body for which there is no room while others are still arriving."""
    return Fault(
        FaultKind.BUSY, "The server is busy. Try again in a moment.", log="setting: arriving_bytes", retry_after=1
    )


def too_busy() -> Fault:
    """The fault of a request beyond those that one worker works on at a time."""
    return Fault(FaultKind.BUSY, "The server is busy. Try again in a moment.", log="setting: in_flight", retry_after=1)


def unanswered(seconds: float) -> Fault:
    """The fault of a request whose work takes too long; a write may still be stored, and repeating it is safe."""
    return Fault(
        FaultKind.TIMEOUT,
        f"No answer within {seconds:g} seconds. Send the same request again.",
        log="setting: work_timeout",
        retry_after=1,
    )


def internal(error: BaseException) -> Fault:
    """The fault of a defect of the gateway itself; only the operator sees what it was."""
    return Fault(FaultKind.INTERNAL, "The server could not answer this request.", log=repr(error))
