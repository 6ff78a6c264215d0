"""The form of an HTTP/1.1 answer: reason phrases and header names as a dialect spells them; and the plain answer to
what cannot be told in any dialect."""

import asyncio
import http
import logging
from functools import lru_cache
from typing import Any, TypeAlias

from uvicorn.protocols.http.httptools_impl import HEADER_RE, HEADER_VALUE_RE, STATUS_LINE, RequestResponseCycle

from gateway.wire import WireResponse

logger = logging.getLogger("gateway.http")

Fields: TypeAlias = list[tuple[bytes, bytes]]

BODILESS = frozenset({204, 304})
"""States whose answers have no body."""
JOINED = 64 * 1024
"""Bytes of a body that are copied behind their head, so that both go out as one."""
_FRAMING = frozenset({b"connection", b"transfer-encoding"})
_SPELLED = {b"etag": b"ETag", b"www-authenticate": b"WWW-Authenticate", b"soapaction": b"SOAPAction"}


class AnswerTransport:
    """The transport as one request's answer sees it."""

    __slots__ = ("_cycle", "_headed", "_protocol", "_spelling", "_transport")

    def __init__(self, protocol: Any, cycle: RequestResponseCycle, spelling: dict[str, Any]) -> None:
        self._protocol = protocol
        self._transport: asyncio.Transport = protocol.transport
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
        self._protocol.end(unread=self._cycle.more_body)


def spelled(head: bytes, reason: str | None, names: dict[bytes, bytes]) -> bytes:
    """An answer's head with this reason phrase (None: the standard one) and with header names as given, else in their
    usual spelling."""
    status, *fields = head[:-4].split(b"\r\n")
    if reason is not None:
        status = b" ".join((*status.split(b" ", 2)[:2], phrase(reason)))
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


class _Server:
    """The header fields of the server itself, which uvicorn makes anew each second."""

    def __init__(self) -> None:
        self._given: Fields = []
        self._lines = b""

    def lines(self, given: Fields) -> bytes:
        if given is not self._given:
            self._lines = b"".join([usual(name) + b": " + value + b"\r\n" for name, value in given])
            self._given = given
        return self._lines


_server = _Server()


def rendered(response: WireResponse, default: Fields, keep_alive: bool) -> tuple[bytes, ...] | None:
    """A whole answer, in as few pieces as it should be written; ``default`` are the server's own header fields.

    None where it must be told otherwise: a body that comes piece by piece, header fields that frame the answer, and
    what cannot be written at all.
    """
    body = response.body
    if not isinstance(body, bytes):
        return None
    try:
        status, fields = _head(response.status, response.reason, tuple(response.headers))
    except Exception as error:
        logger.debug("this answer is not sent at once: %r", error)
        return None
    if response.status in BODILESS:
        body, length = b"", b""
    else:
        length = b"Content-Length: %d\r\n" % len(body)
    head = b"%b%b%b%b%b" % (status, _server.lines(default), fields, length, _KEPT if keep_alive else _CLOSED)
    return (head + body,) if len(body) <= JOINED else (head, body)


_KEPT, _CLOSED = b"\r\n", b"Connection: close\r\n\r\n"


@lru_cache(512)
def _head(status: int, reason: str | None, headers: tuple[tuple[str, str], ...]) -> tuple[bytes, bytes]:
    """Status line and fields. Raises ValueError for what might end a line, or says how the answer is framed."""
    line = STATUS_LINE[status] if reason is None else b"HTTP/1.1 %d %b\r\n" % (status, phrase(reason))
    fields = [(name.encode("latin-1"), value.encode("latin-1", "replace")) for name, value in headers]
    for name, value in fields:
        if HEADER_RE.search(name) or HEADER_VALUE_RE.search(value) or name.lower() in _FRAMING:
            raise ValueError(name)
    return line, b"".join([b"%b: %b\r\n" % row for row in fields if row[0].lower() != b"content-length"])


def phrase(reason: str) -> bytes:
    """A reason phrase that cannot end its line."""
    return reason.translate(_PHRASE).encode("latin-1", "replace")


def refusal(status: int, text: str, default: Fields) -> bytes:
    """A whole plain-text answer, after which the connection ends; ``default`` are the server's own header fields."""
    body = text.encode()
    fields = [
        *((usual(name), value) for name, value in default),
        (b"Content-Type", b"text/plain; charset=utf-8"),
        (b"Content-Length", str(len(body)).encode()),
        (b"Connection", b"close"),
    ]
    head = b"HTTP/1.1 %d %s\r\n" % (status, http.HTTPStatus(status).phrase.encode())
    return head + b"".join(name + b": " + value + b"\r\n" for name, value in fields) + b"\r\n" + body
