"""A connection without a network: requests go in as bytes or as exchanges, what would be sent is kept."""

import asyncio
from collections.abc import Callable
from typing import Any

from uvicorn.config import Config
from uvicorn.server import ServerState

from gateway.http_exchange import Exchange
from gateway.http_protocol import GatewayHttpProtocol

CLIENT, SERVER = ("127.0.0.1", 40000), ("127.0.0.1", 8080)
_FIELDS = [(b"date", b"Sun, 22 Nov 2026 09:30:00 GMT")]
_NAMES = {"peername": CLIENT, "sockname": SERVER}


class Transport(asyncio.Transport):
    """Keeps what is written to it."""

    def __init__(self) -> None:
        super().__init__()
        self.written: list[bytes] = []

    def write(self, data: Any) -> None:
        """Keep it."""
        self.written.append(data)

    def is_closing(self) -> bool:
        """Never."""
        return False

    def get_extra_info(self, name: str, default: Any = None) -> Any:
        """The two ends of the connection."""
        return _NAMES.get(name, default)

    def get_write_buffer_size(self) -> int:
        """Nothing waits."""
        return 0

    def resume_reading(self) -> None:
        """Nothing was paused."""


class _Hurried:
    """The running event loop; what is left to its next turn is done at once."""

    def __init__(self) -> None:
        loop = asyncio.get_running_loop()
        self.time, self.call_later, self.call_at = loop.time, loop.call_later, loop.call_at

    def call_soon(self, act: Callable[[], None]) -> None:
        """Do it."""
        act()


class _Answers:
    """What the exchanges on it need of a connection; ``answered`` is called with the first bytes of each answer."""

    client, server, scheme = CLIENT, SERVER, "http"

    def __init__(self, answered: Callable[[bytes], None], loop: Any) -> None:
        self.transport = Transport()
        self.server_state = ServerState()
        self.server_state.default_headers = _FIELDS
        self._answered = answered
        self.loop = loop

    def on_response_complete(self) -> None:
        """Called by an exchange behind its answer."""
        written = self.transport.written
        self._answered(written[0])
        written.clear()

    def end(self, *, unread: bool) -> None:
        """Called for an answer that ends its connection."""


def exchange(
    method: str,
    target: str,
    headers: list[tuple[bytes, bytes]],
    body: bytes,
    answered: Callable[[bytes], None],
    *,
    hurried: bool = False,
) -> Exchange:
    """A request that came whole; ``answered`` gets its answer's first bytes. ``hurried``: before the loop turns."""
    path, _, query = target.partition("?")
    line: Any = _Answers(answered, _Hurried() if hurried else asyncio.get_running_loop())
    made = Exchange(line, method, path, query.encode(), headers, keep_alive=True)
    made.parts.append(body)
    made.finish()
    return made


class Connection:
    """The gateway's protocol class in front of an application; made in a running loop."""

    def __init__(self, app: Any) -> None:
        config = Config(
            app=app,
            http="httptools",
            ws="none",
            lifespan="off",
            interface="asgi3",
            server_header=False,
            access_log=False,
            proxy_headers=False,
        )
        config.load()
        state = ServerState()
        state.default_headers = _FIELDS
        self._transport = Transport()
        self._protocol = GatewayHttpProtocol(config=config, server_state=state, app_state={})
        self._protocol.connection_made(self._transport)
        self._protocol.loop = _Hurried()  # type: ignore[assignment]

    def ask(self, request: bytes) -> bytes:
        """The first bytes of the answer, of an application that answers at once."""
        self._protocol.data_received(request)
        first = self._transport.written[0]
        self._transport.written.clear()
        return first


def raw(method: str, target: str, headers: list[tuple[bytes, bytes]], body: bytes) -> bytes:
    """A request as it comes over the wire."""
    lines = [f"{method} {target} HTTP/1.1".encode(), *(name.title() + b": " + value for name, value in headers)]
    return b"\r\n".join((*lines, b"", body))
