"""Heads of requests: one that came before on its connection, and one without its wish for another protocol.

A caller sends the same header fields with each request of a connection, but for the length of the body. What they say
is read once: where the very bytes come again, with the whole body behind them, the parser is not asked, and would say
the same. A head is kept for as long as its connection lasts, and seen by nothing else.
"""

import re
from typing import Any

from gateway.http_exchange import Exchange
from gateway.wire import Headers

_NAME = b"content-length"
_LENGTH = re.compile(rb"\r\ncontent-length: *([0-9]+)\r\n", re.IGNORECASE)
_DIGITS = 19
"""More of them are no length."""
LONGEST = 2048
"""Bytes of a head that is worth keeping."""
TRIES = 4
"""So many different heads of one connection are kept, one after the other; then each is its own."""


class KnownHead:
    """The head of a request that came whole and may be followed by others; its body's length is left open."""

    __slots__ = ("_before", "_behind", "_digits", "_exchange")

    def __init__(self, before: bytes, digits: bytes, behind: bytes, exchange: Exchange) -> None:
        self._before = before
        self._digits = digits
        self._behind = behind
        self._exchange = exchange.again(b"")

    @classmethod
    def of(cls, data: bytes, exchange: Exchange) -> "KnownHead | None":
        """The head of ``exchange``, which is all that ``data`` held; None for one that cannot be kept."""
        end = data.find(b"\r\n\r\n") + 4
        if not exchange.keep_alive or exchange.expects or end > LONGEST or len(data) - end != len(exchange.body):
            return None
        found = _LENGTH.search(data, 0, end)
        if found is not None:
            return cls(data[: found.start(1)], found[1], data[found.end(1) : end], exchange)
        return None if exchange.body else cls(data[: end - 4], b"", data[end - 4 : end], exchange)

    def again(self, data: bytes) -> Exchange | None:
        """The request that ``data`` is: one with this head, and whole. None for anything else."""
        before, behind = self._before, self._behind
        if not data.startswith(before):
            return None
        start = len(before)
        end = data.find(b"\r", start, start + _DIGITS + 1)
        if not data.startswith(behind, end):
            return None
        digits, body = data[start:end], data[end + len(behind) :]
        other = digits != self._digits
        if other and not (self._digits and digits.isdigit()):
            return None
        if len(body) != int(digits or 0):
            return None
        if other:
            self._lasts(digits)
        return self._exchange.again(body)

    def _lasts(self, digits: bytes) -> None:
        """Take another length over."""
        self._digits, exchange = digits, self._exchange
        exchange.headers = [(name, digits if name == _NAME else value) for name, value in exchange.headers]
        exchange.fields, exchange.request = Headers.of(exchange.headers), None


class Heads:
    """The head that was kept last on one connection, if any."""

    __slots__ = ("_known", "_tries")

    def __init__(self) -> None:
        self._known: KnownHead | None = None
        self._tries = TRIES

    def again(self, data: bytes) -> Exchange | None:
        """As :meth:`KnownHead.again`; ``data`` begins where a request does."""
        return self._known.again(data) if self._known is not None else None

    def keep(self, data: bytes, exchange: Exchange | None) -> None:
        """Keep the head of ``exchange``, if that is complete and all that ``data`` held, for what comes next."""
        if self._tries and exchange is not None and exchange.complete:
            self._tries -= 1
            self._known = KnownHead.of(data, exchange)

    def forget(self) -> None:
        """Keep none any more."""
        self._known, self._tries = None, 0


def without_upgrade(parser: Any, url: bytes, headers: list[tuple[bytes, bytes]]) -> bytes:
    """The head that ``parser`` has just read, without its wish for another protocol.

    Java's HttpClient wishes for ``h2c`` with every first request, and the parser takes a body behind that for the other
    protocol. A server may ignore the wish (RFC 9110, 7.8), and the request is an ordinary one.
    """
    version, method = parser.get_http_version().encode(), parser.get_method()
    kept = [b": ".join(row) for row in headers if row[0] not in (b"upgrade", b"http2-settings")]
    return b"\r\n".join((b"%s %s HTTP/%s" % (method, url, version), *kept, b"", b""))
