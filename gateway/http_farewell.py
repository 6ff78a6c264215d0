"""An end of a connection that does not destroy its last answer, nor the request that is on its way.

A socket that is closed while the caller is still sending is reset, and the caller may never see what was answered. So
what still comes is read and thrown away for a moment. A server that stops answers what may already have been sent
before it closes; nothing in HTTP/1.1 tells an idle caller beforehand (RFC 9112, 9.5).
"""

from typing import Any

GOODBYE_SECONDS = 1.0
"""For so long a TLS caller may take to say goodbye."""
LISTEN_SECONDS = 1.0
"""For so long a server that stops waits for a request that its caller may have sent."""
LINGER_SECONDS = 2.0
LINGER_BYTES = 16 * 1024 * 1024


class Farewell:
    """The end of one connection, once it has begun."""

    __slots__ = ("_connection", "_discarded")

    def __init__(self, connection: Any) -> None:
        self._connection = connection
        self._discarded = 0

    def begin(self) -> None:
        """Say that nothing follows, and close when the caller has stopped sending, or after a moment."""
        transport = self._connection.transport
        if transport.can_write_eof():
            transport.write_eof()
        self._connection.flow.resume_reading()
        self._connection.loop.call_later(LINGER_SECONDS, self._end)

    def discard(self, data: bytes) -> None:
        """Throw away what came, up to a bound."""
        self._discarded += len(data)
        if self._discarded > LINGER_BYTES:
            self._end()

    def _end(self) -> None:
        transport = self._connection.transport
        if not transport.is_closing():
            transport.abort() if transport.get_write_buffer_size() else self._close()

    def announce(self) -> None:
        """The server stops: answer whoever may just be sending a request, and close what is idle after a moment."""
        self._connection.loop.call_later(LISTEN_SECONDS, self._leave)

    def _leave(self) -> None:
        connection = self._connection
        transport, answering = connection.transport, connection.cycle and not connection.cycle.response_complete
        if answering or connection.lingering or transport.is_closing():
            return
        if connection.in_head:
            connection.stop_reading_head()
        else:
            self._close()

    def _close(self) -> None:
        connection, transport = self._connection, self._connection.transport
        transport.close()
        if connection.scheme == "https" and not transport.get_write_buffer_size():
            # TLS waits for the caller to say goodbye as well, and one that is idle does not listen.
            connection.loop.call_later(GOODBYE_SECONDS, transport.abort)
