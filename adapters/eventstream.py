"""Server-Sent Events as bytes (WHATWG HTML, section 9.2): one event a frame, its id where a reader goes on."""

MEDIA_TYPE = "text/event-stream"
RETRY = b"retry: 1000\n\n"
"""Tells a reader to come back a second after the stream ended; the first and the last frame of each."""
HEARTBEAT = b": still here\n\n"
"""A comment, which keeps proxies between from thinking that nothing goes on."""


def frame(name: str, data: bytes) -> bytes:
    """One event; ``data`` is one line."""
    return b"id: %s\ndata: %s\n\n" % (name.encode(), data)
