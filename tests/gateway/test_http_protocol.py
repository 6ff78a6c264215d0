"""HTTP as an attacker writes it: raw requests with the answers they get, and callers who are slow on purpose."""

import gzip
import re
import socket
import time
from collections.abc import Iterator

import pytest

from tests.gateway.test_asgi import Running, drain, get, settings, text_of, until

HEAD = b"POST /echo HTTP/1.1\r\nHost: a\r\n"
CHUNKED = b"Transfer-Encoding: chunked\r\n"
LAST = b"\r\n\r\nGET /last HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n"


@pytest.fixture(scope="module")
def door() -> Iterator[Running]:
    running = Running(settings(header_count=20, gzip=True, **{"limits.decompressed_bytes": 5000, **RATIO}))
    yield running
    running.stop()


RATIO = {"limits.decompressed_ratio": 100}

REFUSED = {
    "length and chunks": HEAD + CHUNKED + b"Content-Length: 4\r\n\r\n0\r\n\r\n",
    "chunks and length": HEAD + b"Content-Length: 4\r\n" + CHUNKED + b"\r\n0\r\n\r\n",
    "two lengths": HEAD + b"Content-Length: 4\r\nContent-Length: 5\r\n\r\nabcde",
    "the same length twice": HEAD + b"Content-Length: 4\r\nContent-Length: 4\r\n\r\nabcd",
    "a list of lengths": HEAD + b"Content-Length: 4, 4\r\n\r\nabcd",
    "a signed length": HEAD + b"Content-Length: +4\r\n\r\nabcd",
    "a negative length": HEAD + b"Content-Length: -4\r\n\r\nabcd",
    "a length in hex": HEAD + b"Content-Length: 0x4\r\n\r\nabcd",
    "an empty length": HEAD + b"Content-Length:\r\n\r\nabcd",
    "a length beyond 64 bits": HEAD + b"Content-Length: 99999999999999999999999\r\n\r\n",
    "chunked, but not last": HEAD + b"Transfer-Encoding: chunked, identity\r\n\r\n0\r\n\r\n",
    "chunked twice": HEAD + CHUNKED + CHUNKED + b"\r\n0\r\n\r\n",
    "a word that ends in chunked": HEAD + b"Transfer-Encoding: xchunked\r\n\r\n0\r\n\r\n",
    "an unknown coding": HEAD + b"Transfer-Encoding: identity\r\n\r\nabcd",
    "a coding behind chunked": HEAD + b"Transfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n",
    "chunked in quotes": HEAD + b'Transfer-Encoding: "chunked"\r\n\r\n0\r\n\r\n',
    "a vertical tab in the coding": HEAD + b"Transfer-Encoding:\x0bchunked\r\n\r\n0\r\n\r\n",
    "a folded line": HEAD + b"X: 1\r\n folded\r\n\r\n",
    "a folded coding": HEAD + b"Transfer-Encoding:\r\n chunked\r\n\r\n0\r\n\r\n",
    "a first line that is folded": b"GET /echo HTTP/1.1\r\n X: 1\r\nHost: a\r\n\r\n",
    "NUL in a value": HEAD + b"X: a\x00b\r\n\r\n",
    "NUL in a name": HEAD + b"X\x00: a\r\n\r\n",
    "a blank before the colon": HEAD + b"Content-Length : 4\r\n\r\nabcd",
    "a tab before the colon": HEAD + b"Transfer-Encoding\t: chunked\r\n\r\n0\r\n\r\n",
    "a line without a colon": HEAD + b"X\r\n\r\n",
    "an empty name": HEAD + b": x\r\n\r\n",
    "a bare line feed between fields": HEAD + b"X: 1\nY: 2\r\n\r\n",
    "bare line feeds alone": b"GET /echo HTTP/1.1\nHost: a\n\n",
    "a bare carriage return": HEAD + b"X: 1\rY: 2\r\n\r\n",
    "two hosts": HEAD + b"Host: b\r\n\r\n",
    "a chunk that is no number": HEAD + CHUNKED + b"\r\nzz\r\nhello\r\n0\r\n\r\n",
    "a chunk with a sign": HEAD + CHUNKED + b"\r\n-1\r\nhello\r\n0\r\n\r\n",
    "a chunk in 0x": HEAD + CHUNKED + b"\r\n0x5\r\nhello\r\n0\r\n\r\n",
    "a chunk beyond 64 bits": HEAD + CHUNKED + b"\r\nfffffffffffffffff\r\nhello",
    "a chunk longer than it says": HEAD + CHUNKED + b"\r\n3\r\nhello\r\n0\r\n\r\n",
    "a chunk that ends in a bare line feed": HEAD + CHUNKED + b"\r\n5\nhello\n0\n\n",
    "a verb nobody knows": b"BREW /echo HTTP/1.1\r\nHost: a\r\n\r\n",
    "a verb in small letters": b"get /echo HTTP/1.1\r\nHost: a\r\n\r\n",
    "CONNECT": b"CONNECT a:443 HTTP/1.1\r\nHost: a\r\n\r\n",
    "a version of the future": b"GET /echo HTTP/9.9\r\nHost: a\r\n\r\n",
    "another major version": b"GET /echo HTTP/2.0\r\nHost: a\r\n\r\n",
    "no version": b"GET /echo\r\nHost: a\r\n\r\n",
    "a blank in the target": b"GET /echo x HTTP/1.1\r\nHost: a\r\n\r\n",
    "NUL in the target": b"GET /ec\x00ho HTTP/1.1\r\nHost: a\r\n\r\n",
    "HTTP/2 without asking": b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
    "TLS": b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + b"\x00" * 32,
}


@pytest.mark.parametrize("name", REFUSED)
def test_what_could_be_read_in_two_ways_is_refused_once_and_ends_the_connection(door, name):
    answer = door.send(REFUSED[name] + LAST)
    assert re.match(rb"HTTP/1\.1 (400|501|505) ", answer), answer
    assert answer.count(b"HTTP/1.1 ") == 1, answer
    assert b"Connection: close" in answer
    assert b"/last" not in answer


ACCEPTED = {
    "a body with its length": (HEAD + b"Content-Length: 4\r\n\r\nabcd", "4"),
    "chunks": (HEAD + CHUNKED + b"\r\n5\r\nhello\r\n1\r\n!\r\n0\r\n\r\n", "6"),
    "chunked in capitals": (HEAD + b"Transfer-Encoding: CHUNKED\r\n\r\n5\r\nhello\r\n0\r\n\r\n", "5"),
    "a chunk extension": (HEAD + CHUNKED + b'\r\n5;name="a;b"\r\nhello\r\n0\r\n\r\n', "5"),
    "a chunk size with zeros before it": (HEAD + CHUNKED + b"\r\n0005\r\nhello\r\n0\r\n\r\n", "5"),
    "trailers": (HEAD + CHUNKED + b"\r\n5\r\nhello\r\n0\r\nX-Trailer: 1\r\n\r\n", "5"),
    "a target with its host": (b"POST http://a/echo HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\n\r\nab", "2"),
    "line ends before the request": (b"\r\n\r\n" + HEAD + b"Content-Length: 2\r\n\r\nab", "2"),
    "gzip": (
        HEAD + b"Content-Encoding: gzip\r\nContent-Length: %d\r\n\r\n%s" % (len(g := gzip.compress(b"x" * 3000)), g),
        "3000",
    ),
    "no coding, by name": (HEAD + b"Content-Encoding: identity\r\nContent-Length: 2\r\n\r\nab", "2"),
}


@pytest.mark.parametrize("name", ACCEPTED)
def test_what_is_well_formed_is_read_and_the_next_request_too(door, name):
    request, size = ACCEPTED[name]
    answer = door.send(request + LAST[4:])
    assert re.findall(rb"(?:POST|GET)\|(/\w+)\|[^|]*\|\|(\d+)\|", answer) == [
        (b"/echo", size.encode()),
        (b"/last", b"0"),
    ]


def test_a_trailer_is_no_header_field():
    running = Running(settings(trusted_proxies=("127.0.0.0/8",)))
    chunks = b"\r\n1\r\nx\r\n0\r\nX-Forwarded-For: 6.6.6.6\r\nContent-Encoding: br\r\n\r\n"
    try:
        answer = running.send(HEAD + b"Connection: close\r\nX-Forwarded-For: 9.9.9.9\r\n" + CHUNKED + chunks)
    finally:
        running.stop()
    assert text_of(answer).split("|")[5] == "9.9.9.9"


def coded(coding: str, body: bytes) -> bytes:
    return get("/echo", f"Content-Encoding: {coding}", method="POST", body=body)


@pytest.mark.parametrize("coding", ["deflate", "br", "compress", "gzip, gzip", "zstd", "x"])
def test_no_coding_but_gzip_is_read_even_where_that_is_allowed(door, coding):
    answer = door.send(coded(coding, b"abc"))
    assert answer.startswith(b"HTTP/1.1 415 ")
    assert b"text/x-dialect" in answer


def test_a_gzip_body_is_refused_without_asking_for_it_where_it_is_not_allowed():
    running = Running(settings())
    try:
        with running.connect() as connection:
            lines = ("Content-Encoding: gzip", "Expect: 100-continue", "Content-Length: 50")
            connection.sendall(get("/echo", *lines, method="POST"))
            answer = drain(connection)
    finally:
        running.stop()
    assert answer.startswith(b"HTTP/1.1 415 ")
    assert running.gateway.records[0][2].log == "setting: gzip"


@pytest.mark.parametrize(
    ("body", "told"),
    [
        pytest.param(gzip.compress(b"x" * 5001), b"too_large: ", id="one byte more than may be"),
        pytest.param(gzip.compress(bytes(100_000_000), 9), b"too_large: ", id="a bomb"),
        pytest.param(gzip.compress(b"x" * 3000)[:-9], b"malformed: ", id="cut off"),
        pytest.param(gzip.compress(b"x") + b"rubbish", b"malformed: ", id="rubbish behind it"),
        pytest.param(gzip.compress(b"x") * 2, b"malformed: ", id="two members"),
        pytest.param(b"no gzip", b"malformed: ", id="no gzip"),
    ],
)
def test_a_gzip_body_keeps_to_its_budget(door, body, told):
    assert text_of(door.send(coded("gzip", body))).encode().startswith(told)


def test_the_number_of_header_fields_is_bounded_and_told_in_the_dialect(door):
    assert door.send(get("/echo", *(f"X-{number}: 1" for number in range(18)))).startswith(b"HTTP/1.1 200 ")
    answer = door.send(get("/echo", *(f"X-{number}: 1" for number in range(19))))
    assert answer.startswith(b"HTTP/1.1 431 ")
    assert b"text/x-dialect" in answer
    assert door.gateway.records[-1][2].log == "setting: header_count"


@pytest.mark.parametrize(
    ("path", "field", "status", "setting"),
    [
        ("/echo", "X-Big: " + "a" * 80_000, 431, "header_bytes"),
        ("/echo?" + "q" * 20_000, "X: 1", 414, "line_bytes"),
        ("/echo/%41%2F" + "p" * 10 + "?" + "q" * 20_000, "X: 1", 414, "line_bytes"),
    ],
)
def test_a_head_over_its_budget_is_told_in_the_dialect(door, path, field, status, setting):
    answer = door.send(get(path, field))
    assert answer.startswith(f"HTTP/1.1 {status} ".encode())
    assert b"text/x-dialect" in answer
    assert door.gateway.records[-1][2].log == f"setting: {setting}"
    assert door.gateway.records[-1][0].startswith("/echo")


@pytest.mark.parametrize("path", ["/-/live?", "/?", "/" + "p" * 10_000])
def test_a_target_over_its_budget_is_told_plainly_where_no_dialect_is_known(door, path):
    answer = door.send(get(path + "q" * 20_000))
    assert answer.startswith(b"HTTP/1.1 414 ")
    assert b"text/plain" in answer


def test_a_header_that_is_late_is_told_in_the_dialect_once_the_path_is_known(door):
    with door.connect() as connection:
        connection.sendall(b"POST /echo/slow HTTP/1.1\r\nHost: a\r\nX-Slow: ")
        answer = drain(connection)
    assert answer.startswith(b"HTTP/1.1 408 ")
    assert b"text/x-dialect" in answer
    assert door.gateway.records[-1][:2] == ("/echo/slow", 408)


def trickled(door: Running, head: bytes, piece: bytes, seconds: float) -> bytes:
    """The answer to a request that goes on for ever, a piece at a time."""
    answer, end = b"", time.monotonic() + seconds
    with door.connect() as connection:
        connection.sendall(head)
        connection.setblocking(False)
        while time.monotonic() < end:
            try:
                part = connection.recv(65536)
                answer += part
                if not part:
                    break
            except BlockingIOError:
                try:
                    connection.send(piece)
                except BlockingIOError:
                    time.sleep(0.01)
            except OSError:
                break
    return answer


@pytest.mark.parametrize(
    "piece",
    [b"1\r\nx\r\n" * 2000, b"x" * 60_000, b"A: b\r\n" * 10_000],
    ids=["tiny chunks", "an extension", "trailers"],
)
def test_what_frames_a_body_has_a_budget_too(piece):
    running = Running(settings(body_timeout=20.0, **{"limits.body_bytes": 10_000}))
    start = {b"x": b"\r\n1;", b"A": b"\r\n0\r\n"}.get(piece[:1], b"\r\n")
    try:
        answer = trickled(running, HEAD + CHUNKED + start, piece, 8)
    finally:
        running.stop()
    assert re.match(rb"HTTP/1\.1 4(00|13) ", answer), answer


def test_a_100_is_sent_once_and_only_to_who_waits_for_it(door):
    expecting = HEAD + b"Expect: 100-Continue\r\nContent-Length: 5\r\n\r\n"
    with door.connect() as connection:
        for _ in range(2):
            connection.sendall(expecting)
            assert until(connection, b"\r\n\r\n") == b"HTTP/1.1 100 Continue\r\n\r\n"
            connection.sendall(b"he")
            time.sleep(0.05)
            connection.sendall(b"llo")
            assert b"100 Continue" not in until(connection, b"http://a")
    assert b"100 Continue" not in door.send(expecting + b"hello" + LAST[4:])
    assert b"100 Continue" not in door.send(get("/echo", "Expect: 100-continue"))
    assert b"100 Continue" not in door.send(get("/echo", "Expect: something", method="POST", body=b"hello"))


def test_http_1_0_never_gets_a_100(door):
    with door.connect() as connection:
        connection.sendall(b"POST /echo HTTP/1.0\r\nExpect: 100-continue\r\nContent-Length: 5\r\n\r\n")
        time.sleep(0.1)
        connection.sendall(b"hello")
        answer = drain(connection)
    assert answer.startswith(b"HTTP/1.1 200 OK\r\n")
    assert b"||5|" in answer


def test_http_1_0_with_keep_alive_is_answered_and_closed(door):
    answer = door.send(b"GET /echo HTTP/1.0\r\nConnection: keep-alive\r\n\r\n" * 2)
    assert answer.count(b"HTTP/1.1 200 OK") == 1


def test_a_flood_of_requests_on_one_connection_is_answered_in_part_and_ends(door):
    with door.connect() as connection:
        connection.sendall(b"GET /echo HTTP/1.1\r\nHost: a\r\n\r\n" * 5000)
        try:
            answer = drain(connection)
        except ConnectionResetError:
            answer = b""
    assert answer.count(b"HTTP/1.1 200 OK") < 200


@pytest.mark.parametrize("method", ["HEAD", "OPTIONS", "TRACE", "PURGE", "PROPFIND", "M-SEARCH"])
def test_a_verb_that_the_parser_knows_reaches_the_gateway(door, method):
    answer = door.send(get("/echo", method=method))
    assert answer.startswith(b"HTTP/1.1 200 OK\r\n")
    if method != "HEAD":
        assert text_of(answer).startswith(f"{method}|")


def test_who_does_not_read_its_answer_is_cut_off_and_others_are_answered():
    running = Running(settings(write_timeout=0.5))
    try:
        with running.connect() as connection:
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
            connection.sendall(b"GET /large HTTP/1.1\r\nHost: a\r\n\r\n")
            assert running.send(get("/echo")).startswith(b"HTTP/1.1 200 ")
            time.sleep(1.5)
            assert running.server.server_state.connections == set()
    finally:
        running.stop()


def test_a_further_connection_takes_the_place_of_the_one_waited_for_longest():
    running = Running(settings(connections=40, header_timeout=20.0, body_timeout=20.0))
    try:
        slow = []
        for number in range(60):
            slow.append(running.connect())
            slow[-1].sendall(b"GET /echo HTTP/1.1\r\nX: " if number % 2 else HEAD + b"Content-Length: 9\r\n\r\nab")
            time.sleep(0.005)
            if number % 10 == 0:
                assert running.send(get("/echo")).startswith(b"HTTP/1.1 200 ")
        assert len(running.server.server_state.connections) <= 40
        assert _ended(slow[0])
        assert not _ended(slow[-1])
        for connection in slow:
            connection.close()
    finally:
        running.stop()


def test_bodies_that_stop_in_the_middle_cannot_fill_the_memory():
    running = Running(settings(body_timeout=20.0, arriving_bytes=100_000))
    stopped = []
    try:
        for _ in range(8):
            connection = running.connect()
            connection.sendall(HEAD + b"Content-Length: 30000\r\n\r\n" + b"x" * 29_000)
            stopped.append(connection)
            time.sleep(0.05)
        answers = [_peek(connection) for connection in stopped]
        assert answers[:3] == [b""] * 3
        assert all(answer.startswith(b"HTTP/1.1 503 ") for answer in answers[3:])
        assert running.send(get("/echo", method="POST", body=b"x" * 20_000)).startswith(b"HTTP/1.1 200 ")
    finally:
        for connection in stopped:
            connection.close()
        running.stop()


def _ended(connection: socket.socket) -> bool:
    connection.settimeout(0.2)
    try:
        return connection.recv(1) == b""
    except ConnectionResetError:
        return True
    except TimeoutError:
        return False


def _peek(connection: socket.socket) -> bytes:
    connection.settimeout(0.1)
    try:
        return connection.recv(65536)
    except TimeoutError:
        return b""
