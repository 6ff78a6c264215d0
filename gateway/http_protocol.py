"""uvicorn's HTTP/1.1 protocol, with what it leaves open closed: budgets of bytes and time, and the form of an answer.

What is added:

- budgets of the request line (414), of size and number of the header fields (431), a time to finish a header (408), and
  a bound on what a body may cost on the wire beyond its own bytes (chunk sizes, extensions, trailers: 400);
- a bound on the connections of one worker: a further one takes the place of those that were waited for longest;
- a time for the caller to take up its answer;
- trailers are thrown away, never taken for header fields; a transfer coding other than ``chunked`` is refused;
- bodies behind a wish for another protocol, and answers for callers that half-close;
- reason phrases and header names as they were spelled (scope extension ``gateway.reason``);
- an end that does not destroy the answer: what the caller is still sending is read and thrown away for a moment before
  the connection closes.

A request that came whole is offered to the application's method ``direct``, if it has one, before anything of uvicorn's
is made for it (:mod:`gateway.http_exchange`).

What exceeds a budget is told in the dialect of its path where that is known by then: the application gets a scope of
type ``gateway.refusal`` with the :class:`~gateway.outcome.Fault` under that name. All else is answered in plain text.
"""

import asyncio
import logging
from collections.abc import Callable
from typing import Any

import httptools
from uvicorn.protocols.http.flow_control import HIGH_WATER_LIMIT
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol, RequestResponseCycle

from gateway.http_answers import AnswerTransport, refusal
from gateway.http_budget import PIPELINED, HttpBudget
from gateway.http_exchange import Exchange
from gateway.http_farewell import Farewell
from gateway.http_heads import Heads, without_upgrade
from gateway.http_room import make_room
from gateway.http_timer import Timer
from gateway.outcome import Fault, FaultKind

logger = logging.getLogger("gateway.http")

REFUSAL = "gateway.refusal"
"""The scope type, and the name in the scope, of a request that was refused before it was read."""
_VERSIONS = frozenset({"1.0", "1.1"})
_WATCHED = frozenset({b"expect", b"host", b"transfer-encoding"})


class GatewayHttpProtocol(HttpToolsProtocol):
    """One connection. Pass the budget with :func:`functools.partial`."""

    def __init__(self, *args: Any, budget: HttpBudget | None = None, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._budget = budget or HttpBudget()
        self._direct: Callable[[Exchange], bool] | None = getattr(self.app, "direct", None)
        self._pending: Exchange | None = None
        self._begun = False
        self.in_head = False
        self._taken = 0
        self._field_bytes = 0
        self._hosts = 0
        self._head_timer = Timer(self.loop, self._budget.header_seconds, self._head_timeout)
        self._write_timer = Timer(self.loop, self._budget.write_seconds, self._write_timeout)
        self._idle_timer = Timer(self.loop, self.timeout_keep_alive, self._idle_timeout)
        self._refusal: tuple[int, str, str] | None = None
        self._upgrading = self._leaving = False
        self._farewell = Farewell(self)
        self._heads = Heads()
        self.waiting_since = 0.0
        self.lingering = False

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        self.waiting_since = self.loop.time()
        self._head_timer.arm()
        if len(self.connections) > self._budget.connections:
            self._make_room()
        draining = self.app_state.get("gateway.draining")
        if draining is not None and draining.is_set():
            self.shutdown()

    def connection_lost(self, exc: Exception | None) -> None:
        for timer in (self._head_timer, self._write_timer, self._idle_timer):
            timer.disarm()
        super().connection_lost(exc)

    def eof_received(self) -> bool | None:  # type: ignore[override]
        """A caller that has said all may still wait for its answers: stay open until the last one is written.

        Once an answer is being sent piece by piece, the end means that the caller left. TLS has no half-closed
        connections.
        """
        cycle = self.cycle
        waits = cycle is not None and not (cycle.more_body or cycle.response_started)
        if not waits or self.scheme == "https":
            return None
        self.cycle.keep_alive = False
        return True

    def data_received(self, data: bytes) -> None:
        if self.lingering:
            self._farewell.discard(data)
            return
        unfinished, cycle = self.in_head, self.cycle
        self._begun = unfinished
        between = not unfinished and cycle is not None and cycle.response_complete and not cycle.more_body
        if between and (exchange := self._heads.again(data)) is not None:
            self._head_timer.disarm()
            self._pending = exchange
        else:
            self._feed(data)
            if between:
                self._heads.keep(data, self._pending)
        if self._pending is not None and not self._pending.complete:
            self._begin()
        if self.lingering:
            return
        if unfinished or (self.cycle is not None and self.cycle.more_body):
            self._weigh(len(data))
        if self._pending is not None:
            self._offer(self._pending)
        elif self.in_head or self._is_stray():
            self._head_timer.arm()

    def _offer(self, exchange: Exchange) -> None:
        """Let the application answer what came whole; the ordinary way is left for what it does not take."""
        if self._direct is None or self.flow.write_paused:
            self._begin()
            return
        self._pending, self.cycle = None, exchange  # type: ignore[assignment]
        try:
            taken = self._direct(exchange)
        except Exception:
            # It will happen again, where it is told as what it is.
            logger.debug("not answered directly", exc_info=True)
            taken = False
        if not taken:
            exchange.hand_over(self.app)

    def _begin(self) -> None:
        """Give what was read of a request to the ordinary way, at once or behind those that are being answered."""
        assert self._pending is not None
        cycle, before, self._pending = self._pending.cycle(), self.cycle, None
        self.cycle = cycle
        if before is not None and not before.response_complete:
            self.flow.pause_reading()
            self.pipeline.appendleft((cycle, self.app))
            return
        if len(cycle.body) > HIGH_WATER_LIMIT:
            self.flow.pause_reading()
        self._start_asgi_task(cycle, self.app)

    def _weigh(self, size: int) -> None:
        """Count what came of a request that did not come at once."""
        self._taken += size
        if self.in_head and self._taken > self._budget.head:
            self._refusal = (431, "The header fields are too large.", "header_bytes")
        elif self._taken > self._budget.wire:
            self._refusal = (400, "The body is sent in too many pieces.", "limits.body_bytes")
        else:
            return
        self.send_400_response("")

    def _feed(self, data: bytes) -> None:
        while data:
            try:
                self.parser.feed_data(data)
            except httptools.HttpParserUpgrade as upgrade:
                data = self._without_upgrade() + data[upgrade.args[0] :]
                continue
            except httptools.HttpParserError:
                self.send_400_response("This is not a valid HTTP request.")
            return

    def _without_upgrade(self) -> bytes:
        head = without_upgrade(self.parser, self.url, self.headers)
        self.parser = httptools.HttpRequestParser(self)
        self.parser.set_dangerous_leniencies(lenient_data_after_close=True)
        self._upgrading = False
        return head

    def _is_stray(self) -> bool:
        """Whether something came that is no part of a request, and nothing is under way."""
        return not self._begun and (self.cycle is None or self.cycle.response_complete)

    # What the parser reports

    def on_message_begin(self) -> None:
        if self._pending is not None:
            self._begin()
        self.in_head = self._begun = True
        self._taken = self._field_bytes = self._hosts = 0
        self.url, self.headers, self.expect_100_continue = b"", [], False

    def on_url(self, url: bytes) -> None:
        self.url += url
        if len(self.url) > self._budget.line_bytes:
            self._refuse(414, "The request line is too long.", "line_bytes")

    def on_header(self, name: bytes, value: bytes) -> None:
        """Keep a header field within the budget. Trailers come here too: they are no header fields of the request."""
        if not self.in_head:
            return
        name = name.lower()
        self.headers.append((name, value))
        self._field_bytes += len(name) + len(value) + 4
        if name in _WATCHED:
            self._watch(name, value.lower())
        if self._field_bytes > self._budget.header_bytes:
            self._refuse(431, "The header fields are too large.", "header_bytes")
        if len(self.headers) > self._budget.header_count:
            self._refuse(431, "There are too many header fields.", "header_count")

    def _watch(self, name: bytes, value: bytes) -> None:
        if name == b"host":
            self._hosts += 1
            if self._hosts > 1:
                self._refuse(400, "There is more than one Host field.")
        elif name == b"expect":
            self.expect_100_continue = value == b"100-continue"
        elif value.strip() != b"chunked":
            self._refuse(501, "The only transfer coding here is chunked.")

    def on_headers_complete(self) -> None:
        method, version = self.parser.get_method(), self.parser.get_http_version()
        if method == b"CONNECT":
            self._refuse(400, "This server is no proxy.")
        if version not in _VERSIONS:
            self._refuse(505, "This server speaks HTTP 1.1 and 1.0.")
        if len(self.pipeline) >= PIPELINED:
            self._refuse(400, "Too many requests at once on one connection.")
        self._upgrading = self.parser.should_upgrade()
        if self._upgrading:
            return
        self.in_head = False
        self._head_timer.disarm()
        keep_alive = not self._leaving and self.parser.should_keep_alive()
        self._pending = Exchange.of(self, method, version, keep_alive=keep_alive)
        if self.cycle is not None and not self.cycle.response_complete:
            self._begin()

    def on_body(self, body: bytes) -> None:
        if self._pending is not None:
            self._pending.parts.append(body)
        else:
            super().on_body(body)

    def on_message_complete(self) -> None:
        if self._pending is not None:
            self._pending.finish()
        elif not self._upgrading:
            super().on_message_complete()
            # Whoever has sent the whole body does not wait to be asked for it.
            self.cycle.waiting_for_100_continue = False

    def _refuse(self, status: int, text: str, setting: str = "") -> None:
        """Stop the parser; it turns any exception into its own, and then send_400_response is called."""
        self._refusal = (status, text, setting)
        raise ValueError(text)

    # Time and room

    def _head_timeout(self) -> None:
        if self.transport.is_closing() or self.lingering:
            return
        if self.cycle is not None and not self.cycle.response_complete:
            self._head_timer.arm()
        elif self.in_head:
            seconds = self._budget.header_seconds
            text = f"The header was not complete within {seconds:g} seconds."
            self._refusal = (408, text, "header_timeout")
            self.send_400_response("")
        else:
            self.transport.close()

    def _idle_timeout(self) -> None:
        """One timer for many requests: when due, it waits for the rest of the time, unless an answer lies unread."""
        if self.transport.is_closing() or self.in_head or not self.cycle.response_complete:
            return
        if (rest := self.waiting_since + self.timeout_keep_alive - self.loop.time()) > 0:
            self._idle_timer.arm(rest)
        elif self.transport.get_write_buffer_size() > 0:
            self.transport.abort()
        else:
            self.transport.close()

    def pause_writing(self) -> None:
        """Called when the caller does not keep up with its answer; it has a while to take up what waits."""
        super().pause_writing()
        self._write_timer.arm()

    def resume_writing(self) -> None:
        """Called when the caller has taken up most of what waited."""
        super().resume_writing()
        self._write_timer.disarm()

    def _write_timeout(self) -> None:
        self._note(0, "write_timeout")
        self.transport.abort()

    def _make_room(self) -> None:
        """Close the connections that were waited for longest; with nobody to close, refuse this one."""
        made = make_room(self.connections, self, 1 + self._budget.connections // 32)
        self._note(503, "connections")
        if not made:
            self._answer_plainly(503, "The server has too many connections.")

    # Answers

    def _start_asgi_task(self, cycle: RequestResponseCycle, app: Any) -> None:
        spelling: dict[str, Any] = {"reason": None, "names": {}}
        cycle.scope["extensions"] = {"gateway.reason": spelling}  # type: ignore[dict-item]
        cycle.transport = AnswerTransport(self, cycle, spelling)  # type: ignore[assignment]
        super()._start_asgi_task(cycle, app)

    def send_400_response(self, msg: str) -> None:
        """Refuse what could not be parsed. While an earlier request is being answered, that answer is the last one."""
        self._head_timer.disarm()
        if self._pending is not None:
            self._begin()
        status, text, setting = self._refusal or (400, msg, "")
        if self.cycle is not None and not self.cycle.response_complete:
            if not self.cycle.more_body:
                self.cycle.keep_alive = False
                self.lingering = True
                return
            self.cycle.disconnected = True
            self.cycle.message_event.set()
        elif setting and self._tell(status, text, setting):
            return
        self._note(status, setting)
        self._answer_plainly(status, text)

    def _answer_plainly(self, status: int, text: str) -> None:
        self.transport.write(refusal(status, text, self.server_state.default_headers))
        self.close_gently()

    def _tell(self, status: int, text: str, setting: str) -> bool:
        """Let the application refuse in the dialect of the path, if enough of the target has come to know it."""
        path, question, _ = self.url.partition(b"?")
        if not path.startswith(b"/") or (status == 414 and not question):
            return False
        kind = FaultKind.TIMEOUT if status == 408 else FaultKind.TOO_LARGE
        fault = Fault(kind, text, status=status, log=f"setting: {setting}")
        method = self.parser.get_method().decode("ascii")
        exchange = Exchange(self, method, path.decode("latin-1"), b"", self.headers)
        exchange.complete = True
        self.cycle = exchange.cycle()
        self.cycle.scope.update({"type": REFUSAL, REFUSAL: fault})  # type: ignore[misc]
        self.lingering = True
        self._start_asgi_task(self.cycle, self.app)
        return True

    def _note(self, status: int, setting: str) -> None:
        """Log what no request line of the log tells."""
        told = {"status": status, "setting": setting, "client": self.client[0] if self.client else ""}
        logger.info("refused", extra={"fields": {name: value for name, value in told.items() if value}})

    def on_response_complete(self) -> None:
        self.waiting_since = self.loop.time()
        self.server_state.total_requests += 1
        if self.transport.is_closing():
            return
        self.flow.resume_reading()
        if self.pipeline:
            self._start_asgi_task(*self.pipeline.pop())
        elif not self.lingering:
            self._idle_timer.arm()

    def shutdown(self) -> None:
        """Called when the server stops: what answers finishes, and whoever may just be sending a request is listened to
        for a moment. An answer from now on is the last one of its connection."""
        self._leaving = True
        self._heads.forget()
        if self.cycle is not None:
            self.cycle.keep_alive = False
        self._farewell.announce()

    def stop_reading_head(self) -> None:
        """Refuse a request whose head has begun, and is not waited for any more."""
        self._refusal = (408, "The server stops, and the header was not complete.", "")
        self.send_400_response("")

    def end(self, *, unread: bool) -> None:
        """Close behind an answer; gently if more of the request may come."""
        if unread or self.lingering:
            self.close_gently()
        else:
            self.close_when_read()

    def close_when_read(self) -> None:
        """Close as soon as the caller has taken up its answer, or has not in time."""
        self.transport.close()
        if self.transport.get_write_buffer_size() > 0:
            self._write_timer.arm()

    def close_gently(self) -> None:
        """Close when the caller has stopped sending, or after a moment."""
        if not self.transport.is_closing():
            self.lingering = True
            self._farewell.begin()
