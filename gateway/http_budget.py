"""What one worker takes over HTTP before any API is asked: settings of the server's protocol class, as one value."""

from dataclasses import dataclass

PIPELINED = 64
"""Requests that may wait on one connection behind the one that is being answered."""
FRAMING = 8
"""Bytes on the wire that one byte of a body may cost: chunks of a single byte cost six."""


@dataclass(frozen=True, slots=True)
class HttpBudget:
    """Bounds of what one worker takes over HTTP: bytes of the request line, bytes and number of the header fields,
    seconds to finish both; bytes of a body; connections; seconds to take up 64 KiB of an answer."""

    line_bytes: int = 16 * 1024
    header_bytes: int = 64 * 1024
    header_count: int = 100
    header_seconds: float = 10.0
    body_bytes: int = 1024 * 1024
    connections: int = 4000
    write_seconds: float = 30.0

    @property
    def head(self) -> int:
        """Bytes of a whole head."""
        return self.line_bytes + self.header_bytes

    @property
    def wire(self) -> int:
        """Bytes of a whole request, with all that frames its body."""
        return self.head + FRAMING * self.body_bytes
