"""An end of a connection that does not destroy its last answer.

A socket that is closed while the caller is still sending is reset, and the caller may never see what was answered. So
what still comes is read and thrown away for a moment.
"""

from typing import Any

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
            transport.abort() if transport.get_write_buffer_size() else transport.close()
