"""uvicorn's HTTP/1.1 protocol, with what it leaves open closed: bytes and time of a header, and the form of an answer.

What is added:

- a budget for the request line (414) and for the header (431), and a time to finish a header (408);
- bodies behind a wish for another protocol, and answers for callers that half-close;
- reason phrases and header names as they were spelled (scope extension ``gateway.reason``);
- an end that does not destroy the answer: what the caller is still sending is read and thrown away for a moment before
  the connection closes.
"""

import asyncio
import http
from asyncio import TimerHandle
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import httptools
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol, RequestResponseCycle

LINGER_SECONDS = 2.0
LINGER_BYTES = 16 * 1024 * 1024
_SPELLED = {b"etag": b"ETag", b"www-authenticate": b"WWW-Authenticate", b"soapaction": b"SOAPAction"}


@dataclass(frozen=True, slots=True)
class HeadBudget:
    """Bounds of a request's head: bytes of the request line, bytes of all header fields, seconds to finish both."""

    line_bytes: int = 16 * 1024
    header_bytes: int = 64 * 1024
    seconds: float = 10.0


class GatewayHttpProtocol(HttpToolsProtocol):
    """One connection. Pass the budget with :func:`functools.partial`."""

    def __init__(self, *args: Any, budget: HeadBudget | None = None, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._budget = budget or HeadBudget()
        self._in_head = False
        self._head_bytes = 0
        self._head_timer: TimerHandle | None = None
        self._refusal: tuple[int, str] | None = None
        self._upgrading = False
        self._lingering = False
        self._discarded = 0

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        self._arm()

    def connection_lost(self, exc: Exception | None) -> None:
        self._disarm()
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
        if self._lingering:
            self._discard(data)
            return
        unfinished = self._in_head
        self._unset_keepalive_if_required()
        self._feed(data)
        if self._lingering:
            return
        if self._in_head and unfinished:
            self._head_bytes += len(data)
            if self._head_bytes > self._budget.header_bytes + self._budget.line_bytes:
                self._refusal = (431, "The header fields are too large.")
                self.send_400_response("")
                return
        if self._head_timer is None and (self._in_head or self._is_idle()):
            self._arm()

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
        """The head just read, without its wish for another protocol, for a parser that then reads its body.

        Java's HttpClient wishes for ``h2c`` with every first request, and the parser takes a body behind that for the
        other protocol. A server may ignore the wish (RFC 9110, 7.8), and the request is an ordinary one.
        """
        version, method = self.parser.get_http_version().encode(), self.parser.get_method()
        self.parser = httptools.HttpRequestParser(self)
        self.parser.set_dangerous_leniencies(lenient_data_after_close=True)
        self._upgrading = False
        kept = [b": ".join(row) for row in self.headers if row[0] not in (b"upgrade", b"http2-settings")]
        return b"\r\n".join((b"%s %s HTTP/%s" % (method, self.url, version), *kept, b"", b""))

    def _is_idle(self) -> bool:
        """Whether nothing is under way, and no timer of uvicorn's would end the connection."""
        return self.timeout_keep_alive_task is None and (self.cycle is None or self.cycle.response_complete)

    # What the parser reports

    def on_message_begin(self) -> None:
        self._in_head = True
        self._head_bytes = 0
        super().on_message_begin()

    def on_url(self, url: bytes) -> None:
        super().on_url(url)
        if len(self.url) > self._budget.line_bytes:
            self._refuse(414, "The request line is too long.")

    def on_headers_complete(self) -> None:
        if sum(len(name) + len(value) + 4 for name, value in self.headers) > self._budget.header_bytes:
            self._refuse(431, "The header fields are too large.")
        if sum(name == b"host" for name, _ in self.headers) > 1:
            self._refuse(400, "There is more than one Host field.")
        if self.parser.get_method() == b"CONNECT":
            self._refuse(400, "This server is no proxy.")
        self._upgrading = self.parser.should_upgrade()
        if not self._upgrading:
            self._in_head = False
            self._disarm()
            super().on_headers_complete()

    def on_message_complete(self) -> None:
        if not self._upgrading:
            super().on_message_complete()

    def _refuse(self, status: int, text: str) -> None:
        """Stop the parser; it turns any exception into its own, and then send_400_response is called."""
        self._refusal = (status, text)
        raise ValueError(text)

    # Time

    def _arm(self) -> None:
        self._head_timer = self.loop.call_later(self._budget.seconds, self._head_timeout)

    def _disarm(self) -> None:
        if self._head_timer is not None:
            self._head_timer.cancel()
            self._head_timer = None

    def _head_timeout(self) -> None:
        self._head_timer = None
        if self.transport.is_closing() or self._lingering:
            return
        if self.cycle is not None and not self.cycle.response_complete:
            self._arm()
        elif self._in_head:
            self._refusal = (408, f"The header was not complete within {self._budget.seconds:g} seconds.")
            self.send_400_response("")
        else:
            self.transport.close()

    def timeout_keep_alive_handler(self) -> None:
        """Called on an idle connection; a caller that does not read its answer is not waited for."""
        if self.transport.get_write_buffer_size() > 0:
            self.transport.abort()
        else:
            super().timeout_keep_alive_handler()

    # Answers

    def _start_asgi_task(self, cycle: RequestResponseCycle, app: Any) -> None:
        spelling: dict[str, Any] = {"reason": None, "names": {}}
        cycle.scope["extensions"] = {"gateway.reason": spelling}  # type: ignore[dict-item]
        cycle.transport = _AnswerTransport(self, cycle, spelling)  # type: ignore[assignment]
        super()._start_asgi_task(cycle, app)

    def send_400_response(self, msg: str) -> None:
        """Refuse what could not be parsed. While an earlier request is being answered, that answer is the last one."""
        self._disarm()
        status, text = self._refusal or (400, msg)
        if self.cycle is not None and not self.cycle.response_complete:
            if not self.cycle.more_body:
                self.cycle.keep_alive = False
                self._lingering = True
                return
            self.cycle.disconnected = True
            self.cycle.message_event.set()
        self.transport.write(_refusal(status, text, self.server_state.default_headers))
        self.close_gently()

    def on_response_complete(self) -> None:
        if self._lingering and not self.pipeline:
            self.server_state.total_requests += 1
            self.flow.resume_reading()
        else:
            super().on_response_complete()

    def shutdown(self) -> None:
        """Called when the server stops: what follows events ends now, what answers finishes."""
        draining = self.app_state.get("gateway.draining")
        if draining is not None:
            draining.set()
        super().shutdown()

    def close_gently(self) -> None:
        """Say that nothing follows, and close when the caller has stopped sending, or after a moment."""
        if self.transport.is_closing():
            return
        self._lingering = True
        if self.transport.can_write_eof():
            self.transport.write_eof()
        self.flow.resume_reading()
        self.loop.call_later(LINGER_SECONDS, self._end)

    def _discard(self, data: bytes) -> None:
        self._discarded += len(data)
        if self._discarded > LINGER_BYTES:
            self._end()

    def _end(self) -> None:
        if not self.transport.is_closing():
            self.transport.abort() if self.transport.get_write_buffer_size() else self.transport.close()


class _AnswerTransport:
    """The transport as one request's answer sees it."""

    __slots__ = ("_cycle", "_headed", "_protocol", "_spelling", "_transport")

    def __init__(self, protocol: GatewayHttpProtocol, cycle: RequestResponseCycle, spelling: dict[str, Any]) -> None:
        self._protocol = protocol
        self._transport = protocol.transport
        self._cycle = cycle
        self._spelling = spelling
        self._headed = False

    def write(self, data: bytes) -> None:
        """Write; the head of the answer in the spelling that was asked for. Nothing, once the caller is gone."""
        if self._transport.is_closing():
            return
        if not self._headed and self._cycle.response_started:
            self._headed = True
            data = spelled(data, self._spelling["reason"], self._spelling["names"])
        self._transport.write(data)

    def is_closing(self) -> bool:
        """Whether the connection is ending."""
        return self._transport.is_closing()

    def close(self) -> None:
        """End the connection, gently if the request was not read to its end."""
        if self._cycle.more_body or self._protocol._lingering:
            self._protocol.close_gently()
        else:
            self._transport.close()


def spelled(head: bytes, reason: str | None, names: dict[bytes, bytes]) -> bytes:
    """An answer's head with this reason phrase (None: the standard one) and with header names as given, else in their
    usual spelling."""
    status, *fields = head[:-4].split(b"\r\n")
    if reason is not None:
        phrase = reason.translate(_PHRASE).encode("latin-1", "replace")
        status = b" ".join((*status.split(b" ", 2)[:2], phrase))
    lines = [status]
    for field in fields:
        name, _, value = field.partition(b": ")
        lines.append((names.get(name) or usual(name)) + b": " + value)
    return b"\r\n".join(lines) + b"\r\n\r\n"


_PHRASE = dict.fromkeys((*range(32), 127), " ")


@lru_cache(256)
def usual(name: bytes) -> bytes:
    """A header name as it is commonly written: ``Content-Type``, ``ETag``."""
    return _SPELLED.get(name) or b"-".join(part.capitalize() for part in name.split(b"-"))


def _refusal(status: int, text: str, default: list[tuple[bytes, bytes]]) -> bytes:
    body = text.encode()
    fields = [
        *((usual(name), value) for name, value in default),
        (b"Content-Type", b"text/plain; charset=utf-8"),
        (b"Content-Length", str(len(body)).encode()),
        (b"Connection", b"close"),
    ]
    phrase = http.HTTPStatus(status).phrase.encode()
    head = b"HTTP/1.1 %d %s\r\n" % (status, phrase)
    return head + b"".join(name + b": " + value + b"\r\n" for name, value in fields) + b"\r\n" + body
