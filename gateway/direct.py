"""The direct way through the wire door: a request that came whole is answered without a task, a scope or a message.

It does what the ordinary way does, in the same order and with the same answers, log lines and counters. Whatever is
unusual it leaves alone, before anything was done: the ordinary way then takes the request from its beginning.
"""

import asyncio
import logging
import threading
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import partial
from typing import Any

from gateway import arrival, door, health, telemetry
from gateway.deadlines import Deadlines
from gateway.gathering import Gathering
from gateway.http_exchange import Exchange
from gateway.identity import Unverified
from gateway.outcome import Fault
from gateway.proxies import ProxyPolicy
from gateway.web import paths
from gateway.wire import WireRequest, WireResponse

logger = logging.getLogger("gateway.door")


@dataclass(slots=True)
class Load:
    """What a worker has to do now: requests that it ``held``, those of them that came whole and are worked on, and the
    bytes of bodies that are still arriving."""

    held: int = 0
    in_flight: int = 0
    arriving: int = 0


@dataclass(slots=True)
class Direct:
    """Called with an exchange: True if it is, or will be, answered.

    ``respond`` sends an answer over ASGI, for one that comes piece by piece. ``most``: so many requests may be in
    flight. ``seconds``: so long may the work of one take. Requests that came in one turn of the event loop are prepared
    together, and so are the answers of one batch (:mod:`gateway.gathering`).
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
    came: "Gathering[Answer]" = field(init=False)
    ended: "Gathering[Answer]" = field(init=False)

    def __post_init__(self) -> None:
        self.came, self.ended = Gathering(self._begin), Gathering(_end)

    def __call__(self, exchange: Exchange) -> bool:
        if not self._may(exchange):
            return False
        started, gateway = time.perf_counter(), self.gateway()
        request = _request(self.policy, exchange)
        if "content-encoding" in request.headers or health.owns(request.path) or paths.is_page(request.path):
            return False
        self.load.held += 1
        self.load.in_flight += 1
        self.came.add(Answer(self, gateway, exchange, request, started), exchange.connection.loop)
        return True

    def _begin(self, answers: "list[Answer]") -> None:
        """Prepare requests, and ask the store."""
        prepared = door.prepare_all(self.gateway(), [answer.request for answer in answers])
        for answer, made in zip(answers, prepared, strict=True):
            try:
                answer.begin(made)
            except Exception:
                # It will happen again, where it is told as what it is.
                logger.debug("not answered directly", exc_info=True)
                answer.leave()

    def _may(self, exchange: Exchange) -> bool:
        return (
            self.load.in_flight < self.most
            and exchange.method != "HEAD"
            and len(exchange.body) <= self.body_bytes
            and not self.draining.is_set()
        )


def _request(policy: ProxyPolicy, exchange: Exchange) -> WireRequest:
    """What came. What its head says is found out once, where the same head comes again."""
    first = exchange.first
    if first is None:
        return _arrived(policy, exchange)
    if first.request is None:
        first.request = _arrived(policy, first)
    return arrival.again(first.request, exchange.body, datetime.now(UTC))


def _arrived(policy: ProxyPolicy, exchange: Exchange) -> WireRequest:
    connection = exchange.connection
    return arrival.arrive(
        policy,
        exchange.method,
        exchange.path,
        exchange.query.decode("latin-1"),
        exchange.said(),
        peer=connection.client[0] if connection.client else "",
        scheme=connection.scheme,
        fallback_host=arrival.host_of(connection.server),
        body=exchange.body,
        received_at=datetime.now(UTC),
    )


class Answer:
    """One request from its preparation to its log line; while the store is at work, a wait of :class:`Deadlines`."""

    __slots__ = (
        "_asks",
        "_exchange",
        "_future",
        "_gateway",
        "_prepared",
        "_response",
        "_result",
        "_sent",
        "_started",
        "_way",
        "ends",
        "request",
    )

    def __init__(
        self, way: Direct, gateway: door.Gateway, exchange: Exchange, request: WireRequest, started: float
    ) -> None:
        self._way = way
        self._gateway = gateway
        self._exchange = exchange
        self.request = request
        self._started = started
        self._prepared: Any = None
        self._result: Any = None
        self._response: WireResponse | None = None
        self._sent = False
        self._asks = False
        self._future: asyncio.Future[Any] | None = None
        self.ends = 0.0

    def begin(self, prepared: Any) -> None:
        """Ask the store, or answer at once where there is nothing to ask it. Who waits for a check goes the ordinary
        way."""
        if isinstance(prepared, Unverified):
            self.leave()
            return
        self._prepared = prepared
        if isinstance(prepared, WireResponse):
            self._response = prepared
            self._ended()
            return
        self._asks = True
        try:
            self._future = self._gateway.store.put(prepared, self._take)
        except Exception as error:
            self._take(error)
        if self._asks:
            self._wait()

    def _wait(self) -> None:
        telemetry.stir()
        loop = self._exchange.connection.loop
        self.ends = loop.time() + self._way.seconds
        self._way.deadlines.add(self, loop)

    def expire(self) -> None:
        """Tell the caller to come again. A write goes on all the same, and its repetition will find the answer."""
        self._asks = False
        if self._future is not None:
            self._future.cancel()
        self._result = arrival.unanswered(self._way.seconds)
        self._ended()

    def _take(self, result: Any) -> None:
        """What the store gives, or what went wrong in it; it may be too late."""
        if self._asks:
            self._asks = False
            self._way.deadlines.remove(self)
            self._result = self._told(result) if isinstance(result, BaseException) else result
            self._ended()

    def _ended(self) -> None:
        self._way.ended.add(self, self._exchange.connection.loop)

    def _told(self, error: BaseException) -> Fault:
        if isinstance(error, Fault):
            return error
        if isinstance(error, TimeoutError):
            return arrival.unanswered(self._way.seconds)
        logger.error("work failed", exc_info=error)
        return arrival.internal(error)

    def finish(self) -> None:
        """Make the answer, unless it was there before any work."""
        if self._response is None:
            self._response = door.finish(self._gateway, self.request, self._prepared, self._result)

    def send(self) -> None:
        """Send the answer; one that comes piece by piece, or cannot be sent so, goes the ordinary way."""
        assert self._response is not None
        try:
            self._sent = self._exchange.reply(self._response)
        except Exception:
            logger.exception("not sent directly", extra={"correlation_id": self.request.correlation_id})
        if self._sent:
            self._leave()
        else:
            self._exchange.hand_over(partial(self._in_pieces, self._result, self._response), answered=True)

    def record(self) -> None:
        """Tell telemetry of an answer that was sent."""
        if self._sent and self._response is not None:
            self._record(self._result, self._response)

    def leave(self) -> None:
        """Let the ordinary way take the request from its beginning."""
        self._leave()
        self._exchange.hand_over(self._exchange.connection.app)

    async def _in_pieces(self, result: Any, response: WireResponse, scope: Any, receive: Any, send: Any) -> None:
        try:
            await self._way.respond(scope, receive, send, response)
            self._record(result, response)
        finally:
            self._leave()

    def _record(self, result: Any, response: WireResponse) -> None:
        door.record(self._gateway, self.request, self._prepared, result, response, self._started)

    def _leave(self) -> None:
        load = self._way.load
        load.held -= 1
        load.in_flight -= 1


def _end(answers: list[Answer]) -> None:
    """Make answers, send them, then tell of them. What befalls one befalls no other; a caller who gets no answer for it
    will ask again."""
    for step in (Answer.finish, Answer.send, Answer.record):
        for answer in answers:
            try:
                step(answer)
            except Exception:
                logger.exception("not answered")
