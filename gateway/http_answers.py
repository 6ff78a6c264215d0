"""The form of an HTTP/1.1 answer: reason phrases and header names as a dialect spells them; and the plain answer to
what cannot be told in any dialect."""

import asyncio
import http
from functools import lru_cache
from typing import Any

from uvicorn.protocols.http.httptools_impl import RequestResponseCycle

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
        if self._cycle.more_body or self._protocol.lingering:
            self._protocol.close_gently()
        else:
            self._protocol.close_when_read()


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


def refusal(status: int, text: str, default: list[tuple[bytes, bytes]]) -> bytes:
    """A whole plain-text answer, after which the connection ends; ``default`` are the server's own header fields."""
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
