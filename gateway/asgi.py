"""The wire door: HTTP under ASGI to WireRequest and back, and nothing else.

It reads a body within its budgets of bytes and time, asks the pipeline, awaits the store, and sends the answer. It is
meant for the protocol class of :mod:`gateway.http_protocol`, which writes reason phrases and header names as they were
spelled, and which offers what came whole to :mod:`gateway.direct` first. Under any other ASGI server the spelling is
that server's, and every request goes the way that is described here.
"""

import asyncio
import gc
import logging
import threading
import time
from collections.abc import Awaitable, Callable, Iterable, Mapping, MutableMapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from functools import cached_property, lru_cache, partial
from typing import Any, TypeAlias

from gateway import arrival, door, health, telemetry
from gateway.deadlines import Deadlines
from gateway.direct import Direct, Load
from gateway.http_answers import BODILESS
from gateway.http_protocol import REFUSAL
from gateway.identity import Unverified
from gateway.inflate import inflated, is_gzip
from gateway.outcome import Fault
from gateway.proxies import ProxyPolicy
from gateway.settings import Settings
from gateway.store import StoreError
from gateway.web import paths
from gateway.wire import Headers, WireRequest, WireResponse

Scope: TypeAlias = MutableMapping[str, Any]
Fields: TypeAlias = tuple[tuple[str, str], ...]
Message: TypeAlias = MutableMapping[str, Any]
Receive: TypeAlias = Callable[[], Awaitable[Message]]
Send: TypeAlias = Callable[[Message], Awaitable[None]]
Assemble: TypeAlias = Callable[[Settings], door.Gateway]

logger = logging.getLogger("gateway.door")

STREAMS = 64
"""Answers that one worker sends piece by piece at a time; each has a thread while it waits for its next piece."""


STORE_WAIT = 1.0
"""Seconds between two attempts of a starting worker to open the store."""


class Disconnected(Exception):
    """The caller went away before its request was complete."""


def _assemble(settings: Settings) -> door.Gateway:
    from gateway.boot import assemble

    return assemble(settings)


def create_app(settings: Settings, assemble: Assemble = _assemble) -> "WireDoor":
    """The ASGI application; each worker assembles its own gateway at startup."""
    return WireDoor(settings, assemble)


class WireDoor:
    """One worker's ASGI application."""

    def __init__(self, settings: Settings, assemble: Assemble) -> None:
        self._settings = settings
        self._assemble = assemble
        self._policy = ProxyPolicy.of(settings)
        self._gateway: door.Gateway
        self._load = Load()
        self._most = int(settings["in_flight"])
        self._body_bytes, self._gzip = int(settings["limits.body_bytes"]), bool(settings["gzip"])
        self._body_seconds, self._work_seconds = settings["body_timeout"], settings["work_timeout"]
        self._deadlines = Deadlines((self._body_seconds, self._work_seconds))
        self._draining = threading.Event()
        self.direct = Direct(
            lambda: self._gateway,
            self._policy,
            self._load,
            self._deadlines,
            self._draining,
            self._respond,
            self._most,
            self._body_bytes,
            self._work_seconds,
        )
        self._slow = ThreadPoolExecutor(1, thread_name_prefix="secrets")
        # One thread: pages never take more than their share from the requests of machines.
        self._pages = ThreadPoolExecutor(1, thread_name_prefix="pages")
        self._streams = ThreadPoolExecutor(STREAMS, thread_name_prefix="streams")

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan":
            await self._lifespan(scope, receive, send)
        elif scope["type"] == "http":
            await self._http(scope, receive, send)
        elif scope["type"] == REFUSAL:
            await self._refuse(scope, receive, send)
        else:
            await send({"type": "websocket.close", "code": 1000})

    async def _lifespan(self, scope: Scope, receive: Receive, send: Send) -> None:
        await receive()
        try:
            self._gateway = await self._opened()
        except Exception as error:
            logger.exception("the gateway cannot start")
            await send({"type": "lifespan.startup.failed", "message": str(error)})
            return
        self._gateway.store.attach(asyncio.get_running_loop())
        self._count()
        # What is there by now stays: a full collection need not look at it, and stops nobody for its sake.
        gc.collect()
        gc.freeze()
        scope.get("state", {})["gateway.draining"] = self._draining
        await send({"type": "lifespan.startup.complete"})
        await receive()
        self._draining.set()
        await asyncio.to_thread(self._gateway.close)
        telemetry.flush()
        for pool in (self._streams, self._slow, self._pages):
            pool.shutdown(wait=False, cancel_futures=True)
        await send({"type": "lifespan.shutdown.complete"})

    def _count(self) -> None:
        from gateway import metrics

        self._gateway.store.observer = metrics.committed
        metrics.holds(lambda: self._load.held)

    async def _opened(self) -> door.Gateway:
        """The gateway; waits for a store that cannot be opened now, since a worker that gives up stops the server.

        What will never go away (wrong settings, a newer schema) was found before the first worker was started.
        """
        while True:
            try:
                return await asyncio.to_thread(self._assemble, self._settings)
            except StoreError as error:
                logger.error("waiting for the store: %s", error)
                await asyncio.sleep(STORE_WAIT)

    async def _http(self, scope: Scope, receive: Receive, send: Send) -> None:
        self._load.held += 1
        telemetry.stir()
        try:
            await self._exchange(scope, receive, send)
        except Disconnected:
            pass
        finally:
            self._load.held -= 1

    async def _refuse(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Tell in the dialect of its path what the server refused before it was read."""
        started, fault = time.perf_counter(), scope[REFUSAL]
        request = _request(self._policy, scope, b"", datetime.now(UTC))
        if health.owns(request.path) or paths.is_page(request.path):
            response = WireResponse.of(fault.status, "text/plain; charset=utf-8", fault.message.encode())
        else:
            response = door.reject(self._gateway, request, fault)
        await self._respond(scope, receive, send, response, close=True)
        door.record(self._gateway, request, None, fault, response, started)

    async def _exchange(self, scope: Scope, receive: Receive, send: Send) -> None:
        started, received_at = time.perf_counter(), datetime.now(UTC)
        try:
            body = await self._body(scope, receive)
        except Fault as fault:
            request = _request(self._policy, scope, b"", received_at)
            response = door.reject(self._gateway, request, fault)
            await self._respond(scope, receive, send, response, close=True)
            door.record(self._gateway, request, None, fault, response, started)
            return
        self._load.in_flight += 1
        try:
            await self._work(scope, receive, send, _request(self._policy, scope, body, received_at), started)
        finally:
            self._load.in_flight -= 1

    async def _work(self, scope: Scope, receive: Receive, send: Send, request: WireRequest, started: float) -> None:
        if (aside := self._aside(request)) is not None:
            pool = None if health.owns(request.path) else self._pages
            response = await asyncio.get_running_loop().run_in_executor(pool, aside)
            await self._respond(scope, receive, send, response)
            return
        prepared, result, response = await self._answer(request)
        await self._respond(scope, receive, send, response)
        door.record(self._gateway, request, prepared, result, response, started)

    def _aside(self, request: WireRequest) -> Callable[[], WireResponse] | None:
        """What answers this request in a thread, if it is none of an API's: the state of the server, or a page."""
        if health.owns(request.path):
            return partial(health.answer, self._gateway, request)
        if paths.is_page(request.path):
            from gateway.web.bridge import call

            return partial(call, self._site, request)
        return None

    @cached_property
    def _site(self) -> Any:
        from gateway.web.pages import pages

        return pages(self._gateway)

    async def _answer(self, request: WireRequest) -> tuple[Any, Any, WireResponse]:
        prepared = await self._prepare(request)
        if isinstance(prepared, WireResponse):
            return prepared, None, prepared
        result = await self._perform(prepared)
        return prepared, result, door.finish(self._gateway, request, prepared, result)

    async def _prepare(self, request: WireRequest) -> Any:
        """Prepare; a short secret that was not seen before is checked in the one slow thread, outside the loop."""
        try:
            return door.prepare(self._gateway, request, inline=False)
        except Unverified as unverified:
            await asyncio.get_running_loop().run_in_executor(self._slow, unverified.settle)
            return door.prepare(self._gateway, request)

    async def _perform(self, prepared: Any) -> Any:
        try:
            # Cancelled in the end, which stops nothing: a commit goes on when its caller has stopped waiting, and its
            # repetition will find the answer.
            with self._deadlines.within(self._work_seconds):
                return await self._gateway.store.start(prepared)
        except TimeoutError:
            return arrival.unanswered(self._work_seconds)
        except Fault as fault:
            return fault
        except Exception as error:
            logger.exception("work failed")
            return arrival.internal(error)

    async def _body(self, scope: Scope, receive: Receive) -> bytes:
        self._admit(scope)
        if _declared_length(scope) > self._body_bytes:
            raise arrival.too_large(self._body_bytes)
        gzip = is_gzip(_codings(scope), self._gzip)
        try:
            with self._deadlines.within(self._body_seconds):
                body, more = await _part(receive)
                if more:
                    body = await self._rest(body, receive)
        except TimeoutError:
            raise arrival.too_slow(self._body_seconds) from None
        if len(body) > self._body_bytes:
            raise arrival.too_large(self._body_bytes)
        self._admit(scope)
        return inflated(body, self._settings) if gzip else body

    def _admit(self, scope: Scope) -> None:
        """Raise a Fault while as many requests as may be are worked on. One that is still arriving is none of them."""
        if self._load.in_flight >= self._most and not health.owns(scope["path"]):
            raise arrival.too_busy()

    async def _rest(self, first: bytes, receive: Receive) -> bytes:
        """A body that does not come at once. What all of these keep in memory is bounded, so that callers who stop in
        the middle cannot fill it."""
        parts, size, more = [first], len(first), True
        self._load.arriving += size
        try:
            while more and size <= self._body_bytes:
                if self._load.arriving > self._settings["arriving_bytes"]:
                    raise arrival.too_full()
                part, more = await _part(receive)
                size += len(part)
                self._load.arriving += len(part)
                parts.append(part)
        finally:
            self._load.arriving -= size
        return b"".join(parts)

    async def _respond(
        self, scope: Scope, receive: Receive, send: Send, response: WireResponse, *, close: bool = False
    ) -> None:
        await send(_head(scope, response, close=close))
        body = response.body
        if scope["method"] == "HEAD" or response.status in BODILESS:
            _close(body)
            body = b""
        if isinstance(body, bytes):
            await send({"type": "http.response.body", "body": body})
        else:
            await self._stream(body, receive, send)

    async def _stream(self, body: Iterable[bytes], receive: Receive, send: Send) -> None:
        """Send a body piece by piece until it ends, the caller leaves, or the server stops.

        A body that waits for something yields an empty piece at least once a second. When the server stops, the body's
        ``farewell``, if it has one, is its last piece.
        """
        loop, pieces = asyncio.get_running_loop(), iter(body)
        gone = asyncio.ensure_future(receive())
        try:
            while not (gone.done() or self._draining.is_set()):
                piece = await loop.run_in_executor(self._streams, next, pieces, None)
                if piece is None:
                    break
                if piece:
                    await send({"type": "http.response.body", "body": piece, "more_body": True})
            last = getattr(body, "farewell", b"") if self._draining.is_set() else b""
            await send({"type": "http.response.body", "body": last})
        finally:
            gone.cancel()
            _close(body)


def _close(body: object) -> None:
    """Let a body that holds something go of it, as WSGI does."""
    close = getattr(body, "close", None)
    if close is not None:
        close()


def _request(policy: ProxyPolicy, scope: Scope, body: bytes, received_at: datetime) -> WireRequest:
    client = scope.get("client")
    return arrival.arrive(
        policy,
        scope["method"],
        (scope.get("raw_path") or scope["path"].encode()).decode("latin-1"),
        scope["query_string"].decode("latin-1"),
        Headers.of(scope["headers"]),
        peer=client[0] if client else "",
        scheme=scope.get("scheme", "http"),
        fallback_host=arrival.host_of(scope.get("server")),
        body=body,
        received_at=received_at,
    )


def _declared_length(scope: Scope) -> int:
    text = next((value for name, value in scope["headers"] if name == b"content-length"), b"")
    return arrival.length_of(text.decode("latin-1"))


def _codings(scope: Scope) -> list[str]:
    return [value.decode("latin-1") for name, value in scope["headers"] if name == b"content-encoding"]


async def _part(receive: Receive) -> tuple[bytes, bool]:
    message = await receive()
    if message["type"] == "http.disconnect":
        raise Disconnected
    return message.get("body", b""), message.get("more_body", False)


def _head(scope: Scope, response: WireResponse, *, close: bool) -> Message:
    headers, names = _encoded(tuple(response.headers))
    headers = list(headers)
    if isinstance(response.body, bytes) and response.status not in BODILESS:
        if b"content-length" in names:
            headers = [row for row in headers if row[0].lower() != b"content-length"]
        headers.append((b"Content-Length", b"%d" % len(response.body)))
    if close:
        headers.append((b"Connection", b"close"))
    spelling = scope.get("extensions", {}).get("gateway.reason")
    if spelling is not None:
        spelling["reason"] = response.reason
        spelling["names"] = names
    return {"type": "http.response.start", "status": response.status, "headers": headers}


_OWN_NAMES = {b"content-length": b"Content-Length", b"connection": b"Connection"}


@lru_cache(maxsize=256)
def _encoded(headers: Fields) -> tuple[Sequence[tuple[bytes, bytes]], Mapping[bytes, bytes]]:
    """Header fields in bytes, and the spelling of each name; most answers have the same ones."""
    fields = [(name.encode("latin-1"), value.encode("latin-1", "replace")) for name, value in headers]
    return fields, {**_OWN_NAMES, **{name.lower(): name for name, _ in fields}}


__all__ = ["WireDoor", "create_app"]
