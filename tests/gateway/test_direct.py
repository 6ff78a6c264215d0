"""A request that comes in one piece is answered as one that comes in two, only at less cost."""

import re
import socket
import time
from collections.abc import Iterator

import pytest

from gateway.http_answers import JOINED, rendered
from gateway.outcome import Fault
from gateway.wire import WireResponse
from tests.gateway.test_asgi import Running, drain, get, settings, text_of, until

TRACE = "traceparent: 00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"


@pytest.fixture(scope="module")
def door() -> Iterator[Running]:
    running = Running(settings(**{"limits.body_bytes": 1000}))
    yield running
    running.stop()


def in_two(door: Running, request: bytes) -> bytes:
    """The answer to a request whose last byte comes later."""
    with door.connect() as connection:
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        connection.sendall(request[:-1])
        time.sleep(0.1)
        connection.sendall(request[-1:])
        return drain(connection)


def undated(answer: bytes) -> bytes:
    return re.sub(rb"\r\nDate: [^\r]*", b"", answer)


PATHS = ["echo", "echo/%41?q=%20", "fault", "crash", "defect", "reason", "empty", "stream", "smuggle", "large"]
PATHS += ["-/live", "-/nothing", "docs"]
CASES = [(path, method, "1.1") for path in PATHS for method in ("POST", "GET", "HEAD")]
CASES += [("echo", "POST", "1.0"), ("stream", "GET", "1.0"), ("never", "POST", "1.1")]


@pytest.mark.parametrize(("path", "method", "version"), CASES)
def test_both_ways_give_the_same_bytes_and_the_same_record(door, path, method, version):
    request = get(f"/{path}", TRACE, method=method, body=b"<x/>" if method == "POST" else b"")
    answers, rows = [], []
    for send in (Running.send, in_two):
        before = len(door.gateway.records)
        answers.append(undated(send(door, request.replace(b"HTTP/1.1", b"HTTP/" + version.encode()))))
        time.sleep(0.02)  # a record is made behind its answer
        rows.append([(row[0], row[1], type(row[2])) for row in door.gateway.records[before:]])
    assert answers[0] == answers[1]
    assert rows[0] == rows[1]
    assert b"Set-Cookie" not in answers[0]


REFUSED = {
    "a body over its budget": get("/echo", TRACE, method="POST", body=b"x" * 1001),
    "a coding that is not read": get("/echo", TRACE, "Content-Encoding: br", method="POST", body=b"abc"),
    "chunks over their budget": get("/echo", TRACE, "Transfer-Encoding: chunked", method="POST")
    + b"3ff\r\n%b\r\n0\r\n\r\n" % (b"x" * 1023),
}


@pytest.mark.parametrize("name", REFUSED)
def test_what_is_refused_is_refused_in_the_dialect_either_way(door, name):
    one, two = undated(door.send(REFUSED[name])), undated(in_two(door, REFUSED[name]))
    assert one == two
    assert b"Content-Type: text/x-dialect" in one
    assert isinstance(door.gateway.records[-1][2], Fault)


def test_a_request_in_one_piece_has_no_task_of_its_own(door, monkeypatch):
    seen = []
    ordinary = type(door.app)._http

    async def noted(self, scope, receive, send):
        seen.append(scope["path"])
        await ordinary(self, scope, receive, send)

    monkeypatch.setattr(type(door.app), "_http", noted)
    for method in ("GET", "POST"):
        request = get(f"/echo/{method}", method=method, body=b"abc")
        assert f"{method}|/echo/{method}|" in text_of(door.send(request))
        assert seen == []
        in_two(door, request)
        assert seen.pop() == f"/echo/{method}"


def test_requests_that_come_together_are_prepared_together_and_each_gets_its_own_answer():
    running = Running(settings(in_flight=100))
    try:
        lines = [running.connect() for _ in range(40)]
        for line in lines:  # each is known to the loop before all send at once
            line.sendall(b"GET /echo HTTP/1.1\r\nHost: a\r\n\r\n")
            until(line, b"http://a")
        running.gateway.records.clear()
        running.gateway.together.clear()
        paths = [*(f"/echo/{number}" for number in range(39)), "/defect"]
        running.gateway.loop.call_soon_threadsafe(time.sleep, 0.3)
        for line, path in zip(lines, paths, strict=True):
            line.sendall(get(path, TRACE))
        answers = [drain(line) for line in lines]
        assert [f"|{path}|".encode() in answer for path, answer in zip(paths, answers, strict=True)] == [
            path != "/defect" for path in paths
        ]
        assert b"internal: " in answers[-1]
        assert sum(running.gateway.together) == 40
        assert max(running.gateway.together) > 8
        assert running.app._load.held == running.app._load.in_flight == 0
        assert sorted(row[0] for row in running.gateway.records) == sorted(paths)
    finally:
        running.stop()


def test_answers_keep_the_order_of_requests_that_come_while_one_is_answered(door):
    with door.connect() as connection:
        connection.sendall(b"GET /wait HTTP/1.1\r\nHost: a\r\n\r\n")
        time.sleep(0.1)
        connection.sendall(b"GET /echo/2 HTTP/1.1\r\nHost: a\r\n\r\nGET /echo/3 HTTP/1.1\r\nHost: a\r\n\r\n")
        connection.sendall(get("/echo/4"))
        answer = drain(connection)
    assert re.findall(rb"GET\|/(wait|echo/\d)\|", answer) == [b"wait", b"echo/2", b"echo/3", b"echo/4"]


def test_many_requests_one_after_the_other_are_answered_on_one_connection(door):
    with door.connect() as connection:
        for number in range(50):
            body = b"x" * number
            connection.sendall(
                b"POST /echo/%d HTTP/1.1\r\nHost: a\r\nContent-Length: %d\r\n\r\n" % (number, number) + body
            )
            assert b"|/echo/%d||%d|" % (number, number) in until(connection, b"http://a")


@pytest.mark.parametrize(("trace", "ids"), [("X-Trace: none", 5), (TRACE, 1)])
def test_each_request_with_a_head_that_came_before_is_one_of_its_own(door, monkeypatch, trace, ids):
    asked, prepare = [], door.gateway.prepare
    monkeypatch.setattr(
        door.gateway, "prepare", lambda request, **how: asked.append(request) or prepare(request, **how)
    )
    bodies = [b"<a/>", b"<b/>", b"<c/>", b"<d/>", b"<longer/>"]
    with door.connect() as connection:
        for body in bodies:
            head = f"POST /echo?a=1 HTTP/1.1\r\nHost: a\r\n{trace}\r\nContent-Length: {len(body)}\r\n\r\n"
            connection.sendall(head.encode() + body)
            until(connection, b"http://a")
    assert [request.body for request in asked] == bodies
    assert [request.headers["content-length"] for request in asked] == [str(len(body)) for body in bodies]
    assert len({request.correlation_id for request in asked}) == ids
    moments = [request.received_at for request in asked]
    assert moments == sorted(set(moments))
    assert {(each.method, each.raw_path, each.query, each.client, each.base_url) for each in asked} == {
        ("POST", "/echo", "a=1", "127.0.0.1", "http://a")
    }


def test_a_caller_that_leaves_does_not_undo_its_request(door):
    before = len(door.gateway.records)
    with door.connect() as connection:
        connection.sendall(b"POST /wait HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\n\r\nabc")
        time.sleep(0.1)
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\x01\0\0\0\0\0\0\0")
    time.sleep(0.8)
    assert [row[:3] for row in door.gateway.records[before:]] == [("/wait", 200, "done")]
    assert door.send(get("/echo")).startswith(b"HTTP/1.1 200 ")


def test_work_that_ends_after_its_time_is_told_and_recorded_once(door):
    before = len(door.gateway.records)
    with door.connect() as connection:
        connection.sendall(b"GET /never HTTP/1.1\r\nHost: a\r\n\r\n")
        assert b"timeout: No answer within 1 seconds." in until(connection, b"again.")
        connection.sendall(get("/echo"))
        assert b"|/echo|" in drain(connection)
    assert [row[0] for row in door.gateway.records[before:]] == ["/never", "/echo"]


@pytest.mark.parametrize("lines", [(), ("Connection: keep-alive",)])
def test_http_1_0_is_answered_and_closed(door, lines):
    head = "\r\n".join(("POST /echo HTTP/1.0", "Content-Length: 2", *lines)).encode()
    answer = door.send(head + b"\r\n\r\nab")
    assert answer.startswith(b"HTTP/1.1 200 OK\r\n")
    assert b"\r\nConnection: close\r\n" in answer
    assert b"|2|" in answer


def test_an_idle_connection_is_closed_in_time_and_no_other():
    running = Running(settings(keep_alive=1, header_timeout=5.0))
    try:
        with running.connect() as connection:
            for _ in range(4):
                connection.sendall(b"GET /echo HTTP/1.1\r\nHost: a\r\n\r\n")
                until(connection, b"http://a")
                last = time.monotonic()
                time.sleep(0.5)
            assert drain(connection) is not None
            assert 0.9 < time.monotonic() - last < 2
    finally:
        running.stop()


def test_stopping_closes_the_connection_behind_the_answer_under_way():
    running = Running(settings())
    with running.connect() as idle, running.connect() as busy:
        idle.sendall(b"GET /echo HTTP/1.1\r\nHost: a\r\n\r\n")
        until(idle, b"http://a")
        busy.sendall(b"GET /wait HTTP/1.1\r\nHost: a\r\n\r\n")
        time.sleep(0.1)
        running.server.should_exit = True
        assert drain(idle) == b""
        answer = drain(busy)
    running.thread.join(10)
    assert b"\r\nConnection: close\r\n" in answer
    assert b"|/wait|" in answer
    assert running.gateway.records[-1][0] == "/wait"


@pytest.mark.parametrize(
    "headers",
    [
        pytest.param((("X", "a\r\nb: c"),), id="a line end in a value"),
        pytest.param((("X\r\nb", "c"),), id="a line end in a name"),
        pytest.param((("X", "a\x00"),), id="NUL"),
        pytest.param((("Transfer-Encoding", "chunked"),), id="a framing of its own"),
        pytest.param((("Connection", "upgrade"),), id="a connection of its own"),
    ],
)
def test_no_header_field_of_an_answer_can_end_its_line_or_frame_it(headers):
    for _ in range(2):
        assert rendered(WireResponse(200, headers, b"x"), [], True) is None


def test_an_answer_is_one_piece_with_one_length():
    response = WireResponse(200, (("content-length", "7"), ("eTag", '"é"')), b"body", "Sehr\r\ngut")
    expected = 'HTTP/1.1 200 Sehr  gut\r\nDate: now\r\neTag: "é"\r\nContent-Length: 4\r\n\r\nbody'.encode("latin-1")
    assert rendered(response, [(b"date", b"now")], True) == (expected,)
    large = rendered(WireResponse(200, (), bytes(JOINED + 1)), [], False)
    assert large is not None
    assert large[0].endswith(b"\r\nConnection: close\r\n\r\n")
    assert large[1] == bytes(JOINED + 1)


def test_the_date_of_an_answer_is_the_present_one():
    first, second = ([(b"date", text)] for text in (b"one", b"two"))
    for default in (first, second, first):
        piece = rendered(WireResponse(204), default, True)
        assert piece == (b"HTTP/1.1 204 No Content\r\nDate: %b\r\n\r\n" % default[0][1],)
