"""Requests whose head came before on their connection are read as the parser reads them."""

import asyncio

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from benchmarks.connection import Connection, Transport
from gateway.http_exchange import Exchange
from gateway.http_heads import LONGEST, TRIES
from gateway.wire import Headers, WireResponse

POST = b"POST /echo?a=1 HTTP/1.1\r\nHost: a\r\ncontent-Length: 4\r\nX-One: 1\r\nX-One: 2\r\n\r\nabcd"
GET = b"GET /echo/%41 HTTP/1.1\r\nHost: a\r\n\r\n"


class Echo:
    """Answers with all that it was asked."""

    def __init__(self) -> None:
        self.headers: list[Headers] = []

    def direct(self, exchange: Exchange) -> bool:
        fields = exchange.said()
        self.headers.append(fields)
        asked = (exchange.method, exchange.path, exchange.query, exchange.headers, exchange.version, exchange.body)
        text = repr((*asked, [(name, fields.getlist(name)) for name in fields]))
        return exchange.reply(WireResponse.of(200, "text/plain", text.encode()))

    async def __call__(self, scope: object, receive: object, send: object) -> None:
        """What does not come whole is not answered."""


class Pipe(Transport):
    """Keeps what is written, and whether it was closed."""

    ended = False

    def close(self) -> None:
        self.ended = True

    abort = close

    def is_closing(self) -> bool:
        return self.ended

    def can_write_eof(self) -> bool:
        return False

    def pause_reading(self) -> None:
        """Nothing comes by itself."""


class Line(Connection):
    """A connection on which the same request came a few times."""

    def __init__(self, request: bytes, times: int):
        self.app = Echo()
        super().__init__(self.app)
        self._transport = Pipe()
        self._protocol.connection_made(self._transport)
        self._protocol.loop = asyncio.get_running_loop()
        for _ in range(times):
            assert self.all_of(request).startswith(b"HTTP/1.1 200 ")

    def all_of(self, *pieces: bytes) -> bytes:
        """All that is answered, and what becomes of the connection."""
        for piece in pieces:
            if not self._transport.ended:
                self._protocol.data_received(piece)
        answer = b"".join(self._transport.written)
        self._transport.written.clear()
        states = {
            b" in a head": self._protocol.in_head,
            b" last": self._protocol.lingering,
            b" end": self._transport.ended,
        }
        return answer + b"".join(name for name, holds in states.items() if holds)


def answers(request: bytes, *pieces: bytes) -> tuple[bytes, bytes]:
    """What is answered where the head of ``request`` is known, and where the parser reads it."""

    async def both() -> tuple[bytes, bytes]:
        return Line(request, KNOWN).all_of(*pieces), Line(request, 1).all_of(*pieces)

    return asyncio.run(both())


KNOWN = 3
"""So many requests, and the next one's head is known."""


def test_the_same_head_again_is_not_read_again():
    async def headers() -> list[Headers]:
        line = Line(POST, KNOWN + 2)
        return line.app.headers

    first, second, *known = asyncio.run(headers())
    assert first is not second
    assert known == [known[0]] * KNOWN
    assert all(fields is known[0] for fields in known)


AGAIN = {
    "the same": (POST,),
    "another body": (POST.replace(b"abcd", b"wxyz"),),
    "a longer body": (POST.replace(b"4\r\n", b"12\r\n").replace(b"abcd", b"a longer one"),),
    "no body": (POST.replace(b"4\r\n", b"0\r\n").replace(b"abcd", b""),),
    "a length with zeros": (POST.replace(b"4\r\n", b"0004\r\n"),),
    "a shorter length": (POST.replace(b"4\r\n", b"3\r\n"),),
    "a longer length": (POST.replace(b"4\r\n", b"5\r\n"),),
    "a signed length": (POST.replace(b"4\r\n", b"+4\r\n"),),
    "no length": (POST.replace(b"4\r\n", b"\r\n"),),
    "a length of many digits": (POST.replace(b"4\r\n", b"4" * 40 + b"\r\n"),),
    "a second length": (POST.replace(b"4\r\n", b"4\r\nContent-Length: 4\r\n"),),
    "a bare line feed": (POST.replace(b"4\r\n", b"4\n"),),
    "two at once": (POST + POST,),
    "in two pieces": (POST[:30], POST[30:]),
    "its body apart": (POST[:-4], POST[-4:]),
    "its body apart, and one more": (POST[:-4], POST[-4:] + POST),
    "behind line ends": (b"\r\n" + POST,),
    "line ends, then it": (b"\r\n", POST),
    "a last one": (POST.replace(b"Host: a", b"Connection: close\r\nHost: a"), POST),
    "one in chunks, then it": (
        b"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n1\r\na\r\n0\r\n\r\n",
        POST,
    ),
    "something else, then it": (GET, POST, GET, POST),
    "nonsense": (b"nonsense\r\n\r\n",),
}


@pytest.mark.parametrize("name", AGAIN)
def test_what_follows_is_read_as_the_parser_reads_it(name):
    known, parsed = answers(POST, *AGAIN[name])
    assert known == parsed


def test_a_request_without_a_body_is_read_so_too():
    assert len({*answers(GET, GET), *answers(GET, GET[:-2], b"\r\n")}) == 1
    known, parsed = answers(GET, GET + b"abcd")
    assert known == parsed


SPARES = {
    "an end of the connection": POST.replace(b"Host", b"Connection: close\r\nHost"),
    "a wish to be asked for the body": POST.replace(b"Host", b"Expect: 100-continue\r\nHost"),
    "a head of many bytes": POST.replace(b"Host", b"X: %s\r\nHost" % (b"x" * LONGEST)),
}


@pytest.mark.parametrize("name", SPARES)
def test_such_a_head_is_read_each_time(name):
    async def headers() -> list[Headers]:
        line = Line(POST, 1)
        for _ in range(KNOWN):
            line._transport.ended = False
            line.all_of(SPARES[name])
        return line.app.headers

    read = asyncio.run(headers())
    assert len({id(fields) for fields in read}) == len(read)


def test_what_never_comes_again_is_not_kept_for_ever():
    async def headers() -> list[Headers]:
        line = Line(POST, 1)
        for number in range(TRIES):
            line.all_of(POST.replace(b"a=1", b"a=%d" % (number + 2)))
        for _ in range(KNOWN):
            line.all_of(POST)
        return line.app.headers

    read = asyncio.run(headers())
    assert len({id(fields) for fields in read}) == len(read)


@given(
    at=st.integers(0, len(POST)), gone=st.integers(0, 3), come=st.binary(max_size=3), rest=st.sampled_from([b"", GET])
)
@settings(max_examples=300, deadline=None)
def test_any_change_is_read_as_the_parser_reads_it(at, gone, come, rest):
    known, parsed = answers(POST, POST[:at] + come + POST[at + gone :] + rest)
    assert known == parsed
