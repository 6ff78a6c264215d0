"""One request on its connection, and its answer: at once where that can be done, else by an ASGI application.

An application may offer a plain method ``direct``, which gets an :class:`Exchange` that came whole and says whether it
will :meth:`~Exchange.reply`. That costs no task, no scope and no messages. What it leaves to the ordinary way, and all
that does not come whole, goes through uvicorn's cycle; so does an answer that is sent piece by piece.
"""

import asyncio
from typing import Any, Protocol, TypeAlias
from urllib.parse import unquote

from httptools import parse_url
from uvicorn.protocols.http.httptools_impl import RequestResponseCycle

from gateway.http_answers import rendered
from gateway.wire import Headers, WireRequest, WireResponse

Application: TypeAlias = Any
"""An ASGI application."""


class _Nobody:
    """Stands where uvicorn's cycle has the event that its task waits for."""

    def set(self) -> None:
        """Wake nobody."""


class Connection(Protocol):
    """What an exchange needs of its connection: uvicorn's protocol, and two methods of the gateway's."""

    app: Application
    loop: asyncio.AbstractEventLoop
    client: Any
    server: Any
    scheme: Any
    transport: Any
    server_state: Any
    app_state: Any
    asgi_version: Any
    root_path: str
    flow: Any
    url: bytes
    headers: list[tuple[bytes, bytes]]
    expect_100_continue: bool
    cycle: Any
    logger: Any
    access_logger: Any
    access_log: bool

    def end(self, *, unread: bool) -> None:
        """Close behind an answer; gently if more of the request may come."""

    def on_response_complete(self) -> None:
        """Called when an answer is complete."""

    def _start_asgi_task(self, cycle: Any, app: Any) -> None: ...


class Exchange:
    """A request whose head was read, and whose body, if ``complete``, is all there; ``path`` is not decoded.

    It shows its connection what uvicorn's cycle does, whichever of both is at work. ``first`` is one with the same
    head, if such came before; its ``request`` is what the head was found to say, once somebody has asked.
    """

    __slots__ = (
        "_connection",
        "body",
        "complete",
        "disconnected",
        "expects",
        "fields",
        "first",
        "headers",
        "keep_alive",
        "method",
        "parts",
        "path",
        "query",
        "request",
        "response_complete",
        "response_started",
        "version",
    )
    more_body = False
    message_event = _Nobody()

    def __init__(
        self,
        connection: Connection,
        method: str,
        path: str,
        query: bytes,
        headers: list[tuple[bytes, bytes]],
        version: str = "1.1",
        keep_alive: bool = False,
    ) -> None:
        self._connection = connection
        self.method = method
        self.path = path
        self.query = query
        self.headers = headers
        self.fields: Headers | None = None
        self.first: Exchange | None = None
        self.request: WireRequest | None = None
        self.version = version
        self.keep_alive = keep_alive
        self.parts: list[bytes] = []
        self.body = b""
        self.expects = self.complete = self.disconnected = False
        self.response_started = self.response_complete = False

    @classmethod
    def of(cls, connection: Connection, method: bytes, version: str, *, keep_alive: bool) -> "Exchange":
        """The request whose head ``connection`` has just read. Raises for a target that is none."""
        target, newer = parse_url(connection.url), version != "1.0"
        path, query = target.path.decode("ascii"), target.query or b""
        made = cls(connection, method.decode("ascii"), path, query, connection.headers, version, newer and keep_alive)
        made.expects = newer and connection.expect_100_continue
        return made

    def again(self, body: bytes) -> "Exchange":
        """Another request with the same head, and this body."""
        made = Exchange(
            self._connection, self.method, self.path, self.query, self.headers, self.version, self.keep_alive
        )
        made.body, made.complete, made.fields, made.first = body, True, self.said(), self
        return made

    def said(self) -> Headers:
        """The header fields as texts."""
        if self.fields is None:
            self.fields = Headers.of(self.headers)
        return self.fields

    def finish(self) -> None:
        """Called when all of the request was read."""
        self.complete = True
        self.body = self.parts[0] if len(self.parts) == 1 else b"".join(self.parts)

    @property
    def connection(self) -> Connection:
        """Where it came from: ``client``, ``server``, ``scheme``."""
        return self._connection

    def reply(self, response: WireResponse) -> bool:
        """Send an answer; False if it is none that can be sent at once. A caller that is gone gets nothing."""
        connection = self._connection
        data = rendered(response, connection.server_state.default_headers, self.keep_alive)
        if data is None:
            return False
        if self.disconnected:
            return True
        if not (transport := connection.transport).is_closing():
            for piece in data:
                transport.write(piece)
        self.response_started = self.response_complete = True
        self.headers, self.body = [], b""
        if not self.keep_alive:
            connection.end(unread=False)
        connection.on_response_complete()
        return True

    def hand_over(self, app: Application, *, answered: bool = False) -> None:
        """Let an ASGI application answer, now. ``answered``: it has read the request."""
        cycle, connection = self.cycle(), self._connection
        if answered:
            cycle.body.clear()
            cycle.message_event.clear()
        if connection.cycle is self:
            connection.cycle = cycle
        connection._start_asgi_task(cycle, app)

    def cycle(self) -> RequestResponseCycle:
        """The same request for an ASGI application, as uvicorn has it."""
        connection, waiting = self._connection, asyncio.Event()
        cycle = RequestResponseCycle(
            scope=self.scope(),  # type: ignore[arg-type]
            transport=connection.transport,
            flow=connection.flow,
            logger=connection.logger,
            access_logger=connection.access_logger,
            access_log=connection.access_log,
            default_headers=connection.server_state.default_headers,
            message_event=waiting,
            expect_100_continue=self.expects and not self.complete,
            keep_alive=self.keep_alive,
            on_response=connection.on_response_complete,
        )
        cycle.body += self.body if self.complete else b"".join(self.parts)
        cycle.more_body = not self.complete
        cycle.disconnected = self.disconnected
        if cycle.body or self.complete:
            waiting.set()
        return cycle

    def scope(self) -> dict[str, Any]:
        """The scope of an ASGI application, of version 2.3."""
        connection = self._connection
        return {
            "type": "http",
            "asgi": {"version": connection.asgi_version, "spec_version": "2.3"},
            "http_version": self.version,
            "server": connection.server,
            "client": connection.client,
            "scheme": connection.scheme,
            "root_path": connection.root_path,
            "headers": self.headers,
            "state": connection.app_state.copy(),
            "method": self.method,
            "path": connection.root_path + (unquote(self.path) if "%" in self.path else self.path),
            "raw_path": (connection.root_path + self.path).encode("latin-1"),
            "query_string": self.query,
        }
