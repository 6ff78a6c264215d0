"""The direct way through the wire door: a request that came whole is answered without a task, a scope or a message.

It does what the ordinary way does, in the same order and with the same answers, log lines and counters. Whatever is
unusual it leaves alone, before anything was done: the ordinary way then takes the request from its beginning.
"""

import asyncio
import logging
import threading
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from typing import Any

from gateway import arrival, door, health, telemetry
from gateway.deadlines import Deadlines
from gateway.http_exchange import Exchange
from gateway.identity import Unverified
from gateway.outcome import Fault
from gateway.proxies import ProxyPolicy
from gateway.web import paths
from gateway.wire import Headers, WireRequest, WireResponse

logger = logging.getLogger("gateway.door")


@dataclass(slots=True)
class Load:
    """What a worker has to do now: requests that it ``held``, those of them that came whole and are worked on, and the
    bytes of bodies that are still arriving."""

    held: int = 0
    in_flight: int = 0
    arriving: int = 0


@dataclass(frozen=True, slots=True)
class Direct:
    """Called with an exchange: True if it is, or will be, answered.

    ``respond`` sends an answer over ASGI, for one that comes piece by piece. ``most``: so many requests may be in
    flight. ``seconds``: so long may the work of one take.
    """

    gateway: Callable[[], door.Gateway]
    policy: ProxyPolicy
    load: Load
    deadlines: Deadlines
    draining: threading.Event
    respond: Callable[..., Awaitable[None]]
    most: int
    body_bytes: int
    seconds: float

    def __call__(self, exchange: Exchange) -> bool:
        if not self._may(exchange):
            return False
        started, gateway = time.perf_counter(), self.gateway()
        request = _request(self.policy, exchange)
        if "content-encoding" in request.headers or health.owns(request.path) or paths.is_page(request.path):
            return False
        try:
            prepared = door.prepare(gateway, request, inline=False)
        except Unverified:
            return False
        Answer(self, gateway, exchange, request, prepared, started).begin()
        return True

    def _may(self, exchange: Exchange) -> bool:
        return (
            self.load.in_flight < self.most
            and exchange.method != "HEAD"
            and len(exchange.body) <= self.body_bytes
            and not self.draining.is_set()
        )


def _request(policy: ProxyPolicy, exchange: Exchange) -> WireRequest:
    connection = exchange.connection
    return arrival.arrive(
        policy,
        exchange.method,
        exchange.path,
        exchange.query.decode("latin-1"),
        Headers.of(exchange.headers),
        peer=connection.client[0] if connection.client else "",
        scheme=connection.scheme,
        fallback_host=arrival.host_of(connection.server),
        body=exchange.body,
        received_at=datetime.now(UTC),
    )


class Answer:
    """One request from its preparation to its log line; while the store is at work, a wait of :class:`Deadlines`."""

    __slots__ = ("_exchange", "_future", "_gateway", "_prepared", "_request", "_started", "_way", "ends")

    def __init__(
        self,
        way: Direct,
        gateway: door.Gateway,
        exchange: Exchange,
        request: WireRequest,
        prepared: Any,
        started: float,
    ) -> None:
        self._way = way
        self._gateway = gateway
        self._exchange = exchange
        self._request = request
        self._prepared = prepared
        self._started = started
        self._future: asyncio.Future[Any] | None = None
        self.ends = 0.0

    def begin(self) -> None:
        """Ask the store, or answer at once where there is nothing to ask it."""
        load, prepared = self._way.load, self._prepared
        load.held += 1
        load.in_flight += 1
        if isinstance(prepared, WireResponse):
            self._send(None, prepared)
            return
        try:
            future = self._future = self._gateway.store.start(prepared)
        except Exception as error:
            self._settle(self._told(error))
            return
        if future.done():
            self._done(future)
        else:
            self._wait(future)

    def _wait(self, future: "asyncio.Future[Any]") -> None:
        telemetry.stir()
        loop = future.get_loop()
        self.ends = loop.time() + self._way.seconds
        self._way.deadlines.add(self, loop)
        future.add_done_callback(self._done)

    def expire(self) -> None:
        """Tell the caller to come again. A write goes on all the same, and its repetition will find the answer."""
        future, self._future = self._future, None
        if future is not None:
            future.cancel()
        self._settle(arrival.unanswered(self._way.seconds))

    def _done(self, future: "asyncio.Future[Any]") -> None:
        if self._future is None:
            # Too late; looked at, so that nobody says it was not.
            _ = future.cancelled() or future.exception()
            return
        self._way.deadlines.remove(self)
        try:
            result = future.result()
        except (Exception, asyncio.CancelledError) as error:
            result = self._told(error)
        self._settle(result)

    def _told(self, error: BaseException) -> Fault:
        if isinstance(error, Fault):
            return error
        if isinstance(error, TimeoutError):
            return arrival.unanswered(self._way.seconds)
        logger.error("work failed", exc_info=error)
        return arrival.internal(error)

    def _settle(self, result: Any) -> None:
        self._send(result, door.finish(self._gateway, self._request, self._prepared, result))

    def _send(self, result: Any, response: WireResponse) -> None:
        if self._exchange.reply(response):
            self._record(result, response)
            self._leave()
        else:
            self._exchange.hand_over(partial(self._in_pieces, result, response), answered=True)

    async def _in_pieces(self, result: Any, response: WireResponse, scope: Any, receive: Any, send: Any) -> None:
        try:
            await self._way.respond(scope, receive, send, response)
            self._record(result, response)
        finally:
            self._leave()

    def _record(self, result: Any, response: WireResponse) -> None:
        door.record(self._gateway, self._request, self._prepared, result, response, self._started)

    def _leave(self) -> None:
        load = self._way.load
        load.held -= 1
        load.in_flight -= 1
