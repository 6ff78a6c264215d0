"""What a caller sees on the wire: real sockets against the door, a gateway of three lines behind it."""

import asyncio
import re
import socket
import threading
import time
from collections.abc import Iterator
from concurrent.futures import Future
from types import SimpleNamespace

import pytest
import uvicorn

from gateway import arrival
from gateway.asgi import create_app
from gateway.identity import Unverified
from gateway.outcome import Fault, FaultKind
from gateway.server import SETTINGS, GatewayServer, protocol_factory
from gateway.settings import Settings
from gateway.store import StoreError
from gateway.wire import WireRequest, WireResponse

LIMIT = 200_000


class Following:
    """A body that does not end by itself."""

    farewell = b"retry"
    closed = False

    def __iter__(self):
        yield b"event"
        while True:
            time.sleep(0.05)
            yield b""

    def close(self):
        type(self).closed = True


class Echo:
    """A gateway whose answer to ``/echo`` shows the request, and whose other paths each do one odd thing."""

    disabled: tuple[object, ...] = ()
    identity = SimpleNamespace(operator=lambda secret, at: "operator" if secret == "sesame" else None)

    def __init__(self, settings):
        self.settings = settings
        self.apis, self.protocols = {}, {}
        self.store = self
        self.problem = None
        self.records = []
        self.settled = False
        self.closed = False
        self.together = []

    def prepare(self, request, *, inline=True):
        if request.path == "/slow-secret" and not self.settled and not inline:
            raise Unverified(lambda: setattr(self, "settled", True))
        if request.path == "/defect":
            raise RuntimeError("a bug")
        if request.path == "/stream":
            return WireResponse(200, (("Content-Type", "text/plain"),), iter([b"one ", b"", b"two"]))
        if request.path == "/follow":
            return WireResponse(200, (("Content-Type", "text/event-stream"),), Following())
        if request.path == "/reason":
            headers = (("Content-Type", "text/plain"), ("X-mIxEd", "1"), ("ETag", '"v"'))
            return WireResponse(400, headers, b"no", reason="Ungültig now")
        if request.path == "/large":
            return WireResponse.of(200, "text/plain", bytes(20_000_000))
        if request.path == "/smuggle":
            return WireResponse.of(200, "text/plain", b"", ("X-Name", "a\r\nSet-Cookie: b"))
        if request.path == "/empty":
            return WireResponse(204)
        return request

    def prepare_all(self, requests):
        self.together.append(len(requests))
        if any(request.path == "/defect" for request in requests):
            raise RuntimeError("a bug")
        return [self.prepared(request) for request in requests]

    def prepared(self, request):
        try:
            return self.prepare(request, inline=False)
        except Unverified as unverified:
            return unverified

    def attach(self, loop):
        self.loop = loop

    def start(self, prepared):
        return asyncio.ensure_future(self.perform(prepared))

    def put(self, prepared, then):
        future = self.start(prepared)
        future.add_done_callback(lambda done: done.cancelled() or then(done.exception() or done.result()))
        return future

    async def perform(self, prepared):
        if prepared.path == "/wait":
            await asyncio.sleep(0.5)
        if prepared.path == "/never":
            await asyncio.sleep(60)
        if prepared.path == "/fault":
            raise Fault(FaultKind.CONFLICT, "no")
        if prepared.path == "/crash":
            raise OSError("disk")
        return "done"

    def submit(self, prepared):
        future = Future()
        future.set_result("done")
        return future

    def ready(self):
        return self.problem

    def close(self):
        self.closed = True

    def finish(self, prepared: WireRequest, result):
        if isinstance(result, Fault):
            return self.reject(prepared, result)
        shown = "|".join((prepared.method, prepared.path, prepared.raw_path, prepared.query, str(len(prepared.body))))
        more = "|".join((prepared.client, prepared.base_url, prepared.correlation_id))
        return WireResponse.of(200, "text/plain", f"{shown}|{more}".encode())

    def reject(self, request, fault):
        status = {"too_large": 413, "timeout": 408, "busy": 503}.get(fault.kind.value, 500)
        status = fault.status or status
        return WireResponse.of(status, "text/x-dialect", f"{fault.kind.value}: {fault.message}".encode())

    def record(self, request, prepared, result, response, seconds):
        self.records.append((request.path, response.status, result, seconds))


def settings(**changes) -> Settings:
    rows = {row.name: row.default for row in SETTINGS}
    quick = {
        "header_timeout": 0.6,
        "body_timeout": 0.6,
        "work_timeout": 1.0,
        "in_flight": 3,
        "limits.body_bytes": LIMIT,
    }
    return Settings({**rows, **quick, **changes})


class Running:
    """One server on a free port, in a thread."""

    def __init__(self, given: Settings):
        self.gateway = Echo(given)
        self.app = app = create_app(given, lambda _: self.gateway)
        config = uvicorn.Config(
            app,
            host="127.0.0.1",
            port=0,
            http=protocol_factory(given),
            ws="none",
            lifespan="on",
            log_level="critical",
            proxy_headers=False,
            server_header=False,
            access_log=False,
            log_config=None,
            timeout_keep_alive=given["keep_alive"],
            timeout_graceful_shutdown=5,
        )
        self.server = GatewayServer(config)
        self.thread = threading.Thread(target=self.server.run, daemon=True)
        self.thread.start()
        while not self.server.started:
            assert self.thread.is_alive()
            time.sleep(0.01)
        self.port = self.server.servers[0].sockets[0].getsockname()[1]

    def connect(self) -> socket.socket:
        return socket.create_connection(("127.0.0.1", self.port), timeout=8)

    def send(self, data: bytes) -> bytes:
        """Everything that comes back until the server closes."""
        with self.connect() as connection:
            connection.sendall(data)
            return drain(connection)

    def stop(self) -> None:
        self.server.should_exit = True
        self.thread.join(10)


def drain(connection: socket.socket) -> bytes:
    parts = []
    while part := connection.recv(65536):
        parts.append(part)
    return b"".join(parts)


def until(connection: socket.socket, mark: bytes) -> bytes:
    data = b""
    while mark not in data:
        part = connection.recv(65536)
        assert part, f"closed after {data!r}"
        data += part
    return data


@pytest.fixture(scope="module")
def door() -> Iterator[Running]:
    running = Running(settings())
    yield running
    running.stop()


def get(path: str, *headers: str, method: str = "GET", body: bytes = b"") -> bytes:
    lines = [f"{method} {path} HTTP/1.1", "Host: gateway.test:81", "Connection: close", *headers]
    if body:
        lines.append(f"Content-Length: {len(body)}")
    return "\r\n".join(lines).encode() + b"\r\n\r\n" + body


def text_of(answer: bytes) -> str:
    return answer.partition(b"\r\n\r\n")[2].decode()


def test_the_request_reaches_the_gateway_as_it_came(door):
    answer = door.send(get("/echo/a%2Fb%20c?x=1&y=%20", method="POST", body=b"12345"))
    shown = text_of(answer).split("|")
    assert shown[:5] == ["POST", "/echo/a/b c", "/echo/a%2Fb%20c", "x=1&y=%20", "5"]
    assert shown[5:7] == ["127.0.0.1", "http://gateway.test:81"]
    assert re.fullmatch("[0-9a-f]{32}", shown[7])


def test_the_trace_id_of_the_caller_is_kept(door):
    trace = "4bf92f3577b34da6a3ce929d0e0e4736"
    answer = door.send(get("/echo", f"traceparent: 00-{trace}-00f067aa0ba902b7-01"))
    assert text_of(answer).endswith(trace)


def test_an_impossible_trace_id_is_replaced(door):
    answer = door.send(get("/echo", f"traceparent: 00-{'0' * 32}-00f067aa0ba902b7-01"))
    assert not text_of(answer).endswith("0" * 32)


def test_an_unlisted_peer_cannot_speak_for_others(door):
    answer = door.send(
        get("/echo", "X-Forwarded-For: 9.9.9.9", "X-Forwarded-Host: evil.test", "Forwarded: for=8.8.8.8")
    )
    assert text_of(answer).split("|")[5:7] == ["127.0.0.1", "http://gateway.test:81"]


def test_a_host_that_cannot_be_one_is_not_repeated(door):
    answer = door.send(b'GET /echo HTTP/1.1\r\nHost: a"><script>\r\nConnection: close\r\n\r\n')
    assert f"http://127.0.0.1:{door.port}" in text_of(answer)


def test_a_dotnet_client_gets_its_100_before_it_sends_the_body(door):
    with door.connect() as connection:
        connection.sendall(get("/echo", "Expect: 100-continue", "Content-Length: 5", method="POST"))
        assert until(connection, b"\r\n\r\n") == b"HTTP/1.1 100 Continue\r\n\r\n"
        connection.sendall(b"hello")
        assert b"|5|" in drain(connection)


def test_a_body_known_to_be_too_large_is_refused_without_asking_for_it(door):
    with door.connect() as connection:
        connection.sendall(get("/echo", "Expect: 100-continue", f"Content-Length: {LIMIT + 1}", method="POST"))
        answer = drain(connection)
    assert answer.startswith(b"HTTP/1.1 413 ")
    assert b"too_large: The body is larger than 200000 bytes." in answer


def test_a_body_that_grows_too_large_is_refused_and_the_answer_arrives(door):
    chunk = b"10000\r\n" + b"x" * 0x10000 + b"\r\n"
    began = time.monotonic()
    answer = door.send(get("/echo", "Transfer-Encoding: chunked", method="POST") + chunk * 40 + b"0\r\n\r\n")
    assert answer.startswith(b"HTTP/1.1 413 ")
    assert b"Connection: close" in answer
    assert time.monotonic() - began < 1.5


def test_a_body_of_exactly_the_limit_is_accepted(door):
    assert f"|{LIMIT}|" in text_of(door.send(get("/echo", method="POST", body=b"x" * LIMIT)))


def test_a_body_that_never_ends_is_answered_in_time(door):
    began = time.monotonic()
    answer = door.send(get("/echo", "Content-Length: 10", method="POST") + b"12345")
    assert answer.startswith(b"HTTP/1.1 408 ")
    assert b"text/x-dialect" in answer
    assert time.monotonic() - began < 4


def test_a_header_that_never_ends_is_answered_in_time(door):
    with door.connect() as connection:
        connection.sendall(b"GET /echo HTTP/1.1\r\nHost: a\r\nX-Slow: ")
        answer = b""
        try:
            for _ in range(40):
                connection.settimeout(0.1)
                try:
                    part = connection.recv(65536)
                except TimeoutError:
                    connection.sendall(b"z")
                    continue
                answer += part
                if not part:
                    break
        except OSError:
            pass
    assert answer.startswith(b"HTTP/1.1 408 Request Timeout\r\n")
    assert b"The header was not complete within 0.6 seconds." in answer


def test_a_connection_that_says_nothing_is_closed(door):
    with door.connect() as connection:
        assert connection.recv(1) == b""


def test_a_connection_kept_open_with_line_ends_is_closed(door):
    with door.connect() as connection:
        connection.sendall(b"GET /echo HTTP/1.1\r\nHost: a\r\n\r\n")
        until(connection, b"http://a")
        connection.sendall(b"\r\n")
        connection.settimeout(4)
        while connection.recv(65536):
            pass


def test_an_answer_may_take_longer_than_a_header_may(door):
    with door.connect() as connection:
        connection.sendall(get("/wait") + get("/wait")[:20])
        assert b"|/wait|" in until(connection, b"/wait|/wait|")


def test_a_header_over_its_budget_gets_431(door):
    answer = door.send(get("/echo", "X-Big: " + "a" * 100_000))
    assert answer.startswith(b"HTTP/1.1 431 Request Header Fields Too Large\r\n")


def test_a_header_that_grows_for_ever_gets_431(door):
    with door.connect() as connection:
        connection.sendall(b"GET /echo HTTP/1.1\r\nHost: a\r\nX-Big: ")
        try:
            for _ in range(200):
                connection.sendall(b"a" * 16384)
        except OSError:
            pass
        assert connection.recv(65536).startswith(b"HTTP/1.1 431 ")


def test_many_small_headers_over_the_budget_get_431(door):
    answer = door.send(get("/echo", *(f"X-{number}: {'v' * 50}" for number in range(2000))))
    assert answer.startswith(b"HTTP/1.1 431 ")


def test_a_request_line_over_its_budget_gets_414(door):
    assert door.send(get("/echo?" + "q" * 20_000)).startswith(b"HTTP/1.1 414 ")


@pytest.mark.parametrize(
    "lines",
    [
        pytest.param(b"Content-Length: 4\r\nTransfer-Encoding: chunked", id="length and chunks"),
        pytest.param(b"Content-Length: 4\r\nContent-Length: 5", id="two lengths"),
        pytest.param(b"X: 1\r\n folded", id="folded line"),
        pytest.param(b"X: a\x00b", id="nul"),
        pytest.param(b"X : 1", id="blank before the colon"),
        pytest.param(b"X: 1\nY: 2", id="bare line feed"),
        pytest.param(b"Host: b", id="two hosts"),
    ],
)
def test_a_request_that_could_be_read_in_two_ways_is_refused(door, lines):
    answer = door.send(b"POST /echo HTTP/1.1\r\nHost: a\r\n" + lines + b"\r\n\r\n0\r\n\r\n")
    assert answer.startswith(b"HTTP/1.1 400 Bad Request\r\n")
    assert answer.count(b"HTTP/1.1 ") == 1


def test_pipelined_requests_are_answered_in_order(door):
    first, second = (b"GET /echo/%d HTTP/1.1\r\nHost: a\r\n\r\n" % number for number in (1, 2))
    answer = door.send(first + second + get("/echo/3"))
    assert re.findall(rb"GET\|/echo/(\d)", answer) == [b"1", b"2", b"3"]


H2C = ("Upgrade: h2c", "HTTP2-Settings: AAMAAABkAAQAoAAAAAIAAAAA", "Connection: Upgrade, HTTP2-Settings")


@pytest.mark.parametrize("pause", [0, 0.1], ids=["in one piece", "body later"])
def test_java_wishes_for_http2_and_its_body_is_read_all_the_same(door, pause):
    with door.connect() as connection:
        head = b"POST /echo/%d HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n%s\r\n\r\n"
        for number in (1, 2):
            connection.sendall(head % (number, "\r\n".join(H2C).encode()) + (b"" if pause else b"hello"))
            time.sleep(pause)
            if pause:
                connection.sendall(b"hello")
            assert b"POST|/echo/%d|/echo/%d||5|" % (number, number) in until(connection, b"http://a")


def test_a_chunked_body_behind_a_wish_for_http2_is_read(door):
    answer = door.send(get("/echo", "Transfer-Encoding: chunked", *H2C, method="POST") + b"5\r\nhello\r\n0\r\n\r\n")
    assert b"||5|" in answer


def test_nobody_gets_a_tunnel(door):
    assert door.send(b"CONNECT a:1 HTTP/1.1\r\nHost: a\r\n\r\nGET / HTTP/1.1\r\n\r\n").startswith(b"HTTP/1.1 400 ")


def test_a_caller_that_has_said_all_still_gets_its_answers(door):
    with door.connect() as connection:
        connection.sendall(b"GET /wait HTTP/1.1\r\nHost: a\r\n\r\nGET /echo/2 HTTP/1.1\r\nHost: a\r\n\r\n")
        connection.shutdown(socket.SHUT_WR)
        answer = drain(connection)
    assert re.findall(rb"GET\|/(\w+)", answer) == [b"wait", b"echo"]


def test_a_caller_that_ends_inside_its_body_reaches_nobody(door):
    with door.connect() as connection:
        connection.sendall(get("/half", "Content-Length: 10", method="POST") + b"12345")
        connection.shutdown(socket.SHUT_WR)
        assert drain(connection) == b""
    assert [row for row in door.gateway.records if row[0] == "/half"] == []


def test_rubbish_behind_a_request_does_not_replace_its_answer(door):
    answer = door.send(b"GET /wait HTTP/1.1\r\nHost: a\r\n\r\n" + b"\x01\x02 rubbish\r\n\r\n")
    assert answer.startswith(b"HTTP/1.1 200 OK\r\n")
    assert answer.count(b"HTTP/1.1 ") == 1


def test_rubbish_behind_pipelined_requests_leaves_all_their_answers(door):
    first, second = (b"GET /%s HTTP/1.1\r\nHost: a\r\n\r\n" % name for name in (b"wait", b"echo"))
    answer = door.send(first + second + b"\x84 rubbish\r\n")
    assert re.findall(rb"GET\|/(\w+)", answer) == [b"wait", b"echo"]


def test_rubbish_inside_a_chunked_body_is_refused_once_and_reaches_nobody(door):
    answer = door.send(get("/rubbish", "Transfer-Encoding: chunked", method="POST") + b"zz\r\nhello")
    assert answer.startswith(b"HTTP/1.1 400 ")
    assert answer.count(b"HTTP/1.1 ") == 1
    time.sleep(0.8)
    assert [row for row in door.gateway.records if row[0] == "/rubbish"] == []


def test_reason_and_header_names_are_written_as_the_dialect_spells_them(door):
    answer = door.send(get("/reason"))
    assert answer.startswith("HTTP/1.1 400 Ungültig now\r\n".encode("latin-1"))
    for line in (
        b"\r\nX-mIxEd: 1\r\n",
        b'\r\nETag: "v"\r\n',
        b"\r\nContent-Type: ",
        b"\r\nDate: ",
        b"\r\nConnection: ",
    ):
        assert line in answer
    assert b"uvicorn" not in answer


def test_a_reason_cannot_end_the_status_line():
    from gateway.http_answers import spelled

    assert (
        spelled(b"HTTP/1.1 400 Bad Request\r\na: b\r\n\r\n", "x\r\ny: z", {}) == b"HTTP/1.1 400 x  y: z\r\nA: b\r\n\r\n"
    )


def test_head_has_the_length_and_no_body(door):
    answer = door.send(get("/echo", method="HEAD"))
    assert re.search(rb"\r\nContent-Length: [1-9]\d+\r\n", answer)
    assert answer.endswith(b"\r\n\r\n")


def test_no_content_has_neither_body_nor_length(door):
    answer = door.send(get("/empty"))
    assert answer.startswith(b"HTTP/1.1 204 ")
    assert b"Content-Length" not in answer


def test_a_body_in_pieces_is_sent_in_chunks(door):
    answer = door.send(get("/stream"))
    assert b"Transfer-Encoding: chunked" in answer
    assert answer.endswith(b"4\r\none \r\n3\r\ntwo\r\n0\r\n\r\n")


def test_a_follower_is_told_when_the_server_stops():
    running = Running(settings())
    with running.connect() as connection:
        connection.sendall(get("/follow"))
        until(connection, b"event")
        running.server.should_exit = True
        assert drain(connection).endswith(b"retry\r\n0\r\n\r\n")
    running.thread.join(10)
    assert Following.closed


def test_a_follower_that_leaves_is_let_go(door):
    Following.closed = False
    with door.connect() as connection:
        connection.sendall(get("/follow"))
        until(connection, b"event")
    for _ in range(50):
        if Following.closed:
            break
        time.sleep(0.1)
    assert Following.closed


def test_http_1_0_is_answered_and_closed(door):
    answer = door.send(b"GET /echo HTTP/1.0\r\n\r\n")
    assert answer.startswith(b"HTTP/1.1 200 OK\r\n")
    assert b"Connection: close" in answer


def test_work_that_takes_too_long_ends_as_a_retryable_fault(door):
    answer = door.send(get("/never"))
    assert b"timeout: No answer within 1 seconds. Send the same request again." in answer


@pytest.mark.parametrize(
    ("path", "text"), [("/fault", "conflict: no"), ("/crash", "internal: "), ("/defect", "internal: ")]
)
def test_whatever_goes_wrong_is_answered_in_the_dialect(door, path, text):
    answer = text_of(door.send(get(path)))
    assert answer.startswith(text)
    assert "disk" not in answer
    assert "a bug" not in answer


def test_a_slow_secret_is_checked_aside_and_the_request_goes_on(door):
    assert b"|/slow-secret|" in door.send(get("/slow-secret"))
    assert door.gateway.settled


def test_requests_beyond_the_budget_are_told_to_come_back(door):
    waiting = [door.connect() for _ in range(3)]
    try:
        for connection in waiting:
            connection.sendall(get("/wait"))
        time.sleep(0.2)
        assert text_of(door.send(get("/echo"))).startswith("busy: ")
        assert door.send(get("/-/live")).startswith(b"HTTP/1.1 200 ")
        assert all(b"|/wait|" in drain(connection) for connection in waiting)
    finally:
        for connection in waiting:
            connection.close()


def test_every_answer_is_recorded_once(door):
    door.send(get("/fault"))
    paths = [row for row in door.gateway.records if row[0] == "/fault"]
    assert isinstance(paths[-1][2], Fault)
    assert 0 < paths[-1][3] < 5


def test_ready_is_red_while_the_store_cannot_write(door):
    assert door.send(get("/-/ready")).startswith(b"HTTP/1.1 200 ")
    door.gateway.problem = "the disk is full"
    try:
        answer = door.send(get("/-/ready"))
    finally:
        door.gateway.problem = None
    assert answer.startswith(b"HTTP/1.1 503 ")
    assert b"the disk is full" in answer


def test_ready_names_a_plug_in_that_failed_and_takes_no_caller_from_the_others(door):
    door.gateway.disabled = (SimpleNamespace(name="fancy", owner="fancy-dist", reason="ImportError: x"),)
    try:
        answer = door.send(get("/-/ready"))
    finally:
        door.gateway.disabled = ()
    assert answer.startswith(b"HTTP/1.1 200 ")
    assert b"plug-in fancy (fancy-dist): ImportError: x" in answer


def test_metrics_are_open_to_the_machine_itself_only(door):
    assert door.send(get("/-/metrics")).startswith(b"HTTP/1.1 200 ")
    behind = "X-Forwarded-For: 10.1.1.1"
    assert door.send(get("/-/metrics", behind)).startswith(b"HTTP/1.1 401 ")
    assert door.send(get("/-/metrics", behind, "Authorization: Bearer wrong")).startswith(b"HTTP/1.1 401 ")
    assert door.send(get("/-/metrics", behind, "Authorization: Bearer sesame")).startswith(b"HTTP/1.1 200 ")


def test_the_state_of_the_server_is_for_reading(door):
    assert door.send(get("/-/live", method="POST")).startswith(b"HTTP/1.1 405 ")
    assert door.send(get("/-/nothing")).startswith(b"HTTP/1.1 404 ")


def test_the_home_page_is_html_and_needs_no_other_host(door):
    answer = door.send(get("/"))
    assert b"<title>Session gateway</title>" in answer
    assert b"//" not in text_of(answer).encode().replace(b"<!DOCTYPE html>", b"")
    assert b"Content-Security-Policy: default-src 'none'" in answer
    assert door.send(get("/static/style.css")).startswith(b"HTTP/1.1 200 ")


def test_stopping_finishes_the_answer_under_way_and_then_closes_the_store():
    running = Running(settings())
    with running.connect() as connection:
        connection.sendall(get("/wait"))
        time.sleep(0.1)
        running.server.should_exit = True
        assert b"|/wait|" in drain(connection)
    running.thread.join(10)
    assert running.gateway.closed


def test_a_trusted_proxy_names_caller_and_address():
    running = Running(settings(trusted_proxies=("127.0.0.0/8",)))
    try:
        lines = ("X-Forwarded-For: 6.6.6.6, 9.9.9.9", "X-Forwarded-Proto: https", "X-Forwarded-Host: public.test")
        answer = running.send(get("/echo", *lines))
    finally:
        running.stop()
    assert text_of(answer).split("|")[5:7] == ["9.9.9.9", "https://public.test"]


def test_a_length_that_is_no_number_counts_as_none():
    from gateway.wire import Headers

    assert arrival.declared_length(Headers([("Content-Length", "-5")])) == 0


def test_a_starting_worker_waits_for_the_store(monkeypatch: pytest.MonkeyPatch) -> None:
    attempts: list[int] = []

    def assemble(settings: Settings) -> str:
        attempts.append(1)
        if len(attempts) < 3:
            raise StoreError("database is locked")
        return "a gateway"

    monkeypatch.setattr("gateway.asgi.STORE_WAIT", 0.01)
    assert asyncio.run(create_app(settings(), assemble)._opened()) == "a gateway"
