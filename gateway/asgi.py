"""The wire door: HTTP under ASGI to WireRequest and back, and nothing else.

It reads a body within its budgets of bytes and time, asks the pipeline, awaits the store, and sends the answer. It is
meant for the protocol class of :mod:`gateway.http_protocol`, which writes reason phrases and header names as they were
spelled; under any other ASGI server both are that server's.
"""

import asyncio
import logging
import threading
import time
from collections.abc import Awaitable, Callable, Iterable, MutableMapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from functools import cached_property, partial
from typing import Any, TypeAlias

from gateway import arrival, door, health
from gateway.identity import Unverified
from gateway.outcome import Fault
from gateway.proxies import ProxyPolicy
from gateway.settings import Settings
from gateway.store import StoreError
from gateway.web import paths
from gateway.wire import WireRequest, WireResponse

Scope: TypeAlias = MutableMapping[str, Any]
Message: TypeAlias = MutableMapping[str, Any]
Receive: TypeAlias = Callable[[], Awaitable[Message]]
Send: TypeAlias = Callable[[Message], Awaitable[None]]
Assemble: TypeAlias = Callable[[Settings], door.Gateway]

logger = logging.getLogger("gateway.door")

BODILESS = frozenset({204, 304})
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
        self._in_flight = 0
        self._draining = threading.Event()
        self._slow = ThreadPoolExecutor(1, thread_name_prefix="secrets")
        self._streams = ThreadPoolExecutor(STREAMS, thread_name_prefix="streams")

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan":
            await self._lifespan(scope, receive, send)
        elif scope["type"] == "http":
            await self._http(scope, receive, send)
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
        _count_commits(self._gateway)
        scope.get("state", {})["gateway.draining"] = self._draining
        await send({"type": "lifespan.startup.complete"})
        await receive()
        self._draining.set()
        await asyncio.to_thread(self._gateway.close)
        for pool in (self._streams, self._slow):
            pool.shutdown(wait=False, cancel_futures=True)
        await send({"type": "lifespan.shutdown.complete"})

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
        self._in_flight += 1
        self._gauge.inc()
        try:
            await self._exchange(scope, receive, send)
        except Disconnected:
            pass
        finally:
            self._in_flight -= 1
            self._gauge.dec()

    async def _exchange(self, scope: Scope, receive: Receive, send: Send) -> None:
        started = time.perf_counter()
        request = _request(self._policy, scope)
        try:
            request = replace(request, body=await self._body(request, receive))
        except Fault as fault:
            response = door.reject(self._gateway, request, fault)
            await self._respond(scope, receive, send, response, close=True)
            door.record(self._gateway, request, None, fault, response, started)
            return
        if (aside := self._aside(request)) is not None:
            response = await asyncio.to_thread(aside)
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
    def _gauge(self) -> Any:
        from gateway.metrics import IN_FLIGHT

        return IN_FLIGHT

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
        seconds = self._settings["work_timeout"]
        # Shielded: a commit goes on when its caller has stopped waiting, and its repetition will find the answer.
        task = asyncio.ensure_future(self._gateway.store.perform(prepared))
        try:
            async with asyncio.timeout(seconds):
                return await asyncio.shield(task)
        except TimeoutError:
            task.add_done_callback(_forget)
            return arrival.unanswered(seconds)
        except Fault as fault:
            return fault
        except Exception as error:
            logger.exception("work failed")
            return arrival.internal(error)

    async def _body(self, request: WireRequest, receive: Receive) -> bytes:
        limit, seconds = self._settings["limits.body_bytes"], self._settings["body_timeout"]
        if self._in_flight > self._settings["in_flight"] and not health.owns(request.path):
            raise arrival.too_busy()
        if arrival.declared_length(request.headers) > limit:
            raise arrival.too_large(limit)
        try:
            async with asyncio.timeout(seconds):
                return await _collect(receive, limit)
        except TimeoutError:
            raise arrival.too_slow(seconds) from None

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


def _count_commits(gateway: door.Gateway) -> None:
    from gateway import metrics

    gateway.store.observer = metrics.committed


def _forget(task: "asyncio.Future[Any]") -> None:
    """Look at the result of abandoned work, so that its failure is logged here and nowhere else."""
    if not task.cancelled() and (error := task.exception()) is not None:
        logger.warning("late failure: %r", error)


def _request(policy: ProxyPolicy, scope: Scope) -> WireRequest:
    client, server = scope.get("client"), scope.get("server")
    return arrival.arrive(
        policy,
        scope["method"],
        (scope.get("raw_path") or scope["path"].encode()).decode("latin-1"),
        scope["query_string"].decode("latin-1"),
        [(name.decode("latin-1"), value.decode("latin-1")) for name, value in scope["headers"]],
        peer=client[0] if client else "",
        scheme=scope.get("scheme", "http"),
        fallback_host=_host(server) if server and server[1] else "localhost",
    )


def _host(server: tuple[str, int]) -> str:
    name, port = server
    return f"[{name}]:{port}" if ":" in name else f"{name}:{port}"


async def _collect(receive: Receive, limit: int) -> bytes:
    parts: list[bytes] = []
    size = 0
    while True:
        message = await receive()
        if message["type"] == "http.disconnect":
            raise Disconnected
        part = message.get("body", b"")
        size += len(part)
        if size > limit:
            raise arrival.too_large(limit)
        parts.append(part)
        if not message.get("more_body", False):
            return b"".join(parts)


def _head(scope: Scope, response: WireResponse, *, close: bool) -> Message:
    headers = [(name.encode("latin-1"), value.encode("latin-1", "replace")) for name, value in response.headers]
    if isinstance(response.body, bytes) and response.status not in BODILESS:
        headers = [row for row in headers if row[0].lower() != b"content-length"]
        headers.append((b"Content-Length", str(len(response.body)).encode()))
    if close:
        headers.append((b"Connection", b"close"))
    spelling = scope.get("extensions", {}).get("gateway.reason")
    if spelling is not None:
        spelling["reason"] = response.reason
        spelling["names"] = {name.lower(): name for name, _ in headers}
    return {"type": "http.response.start", "status": response.status, "headers": headers}


__all__ = ["WireDoor", "create_app"]
