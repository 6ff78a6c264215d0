"""A server that stops, seen by callers whose connections are open."""

import socket
import time
from collections.abc import Iterator

import pytest

from tests.gateway.test_asgi import Running, drain, settings, until

WHOLE = b"GET /echo HTTP/1.1\r\nHost: a\r\n\r\n"
BODY = b"POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 4\r\n\r\nabcd"


@pytest.fixture
def door() -> Iterator[Running]:
    running = Running(settings(header_timeout=20.0))
    yield running
    running.stop()


def stopping(door: Running, connections: int = 1) -> None:
    """Tell it to stop once so many callers were let in, and wait until it does."""
    while len(door.server.server_state.connections) < connections:
        time.sleep(0.01)
    door.server.should_exit = True
    assert door.server.lifespan.state["gateway.draining"].wait(8)


def kept(door: Running) -> socket.socket:
    """A connection that has had an answer."""
    connection = door.connect()
    connection.sendall(WHOLE)
    until(connection, b"\r\n\r\nGET|/echo|")
    return connection


@pytest.mark.parametrize("opened", [Running.connect, kept], ids=["new", "kept"])
@pytest.mark.parametrize("request_", [WHOLE, BODY], ids=["head", "body"])
def test_a_request_that_comes_while_the_server_stops_is_answered_and_the_last_one(door, opened, request_):
    with opened(door) as connection:
        stopping(door)
        connection.sendall(request_)
        answer = drain(connection)
    assert answer.startswith(b"HTTP/1.1 200 ")
    assert b"\r\nConnection: close\r\n" in answer


def test_a_request_whose_head_has_begun_may_be_finished(door):
    with door.connect() as connection:
        connection.sendall(WHOLE[:20])
        stopping(door)
        connection.sendall(WHOLE[20:])
        assert drain(connection).startswith(b"HTTP/1.1 200 ")


def test_a_head_that_does_not_end_is_refused_in_a_moment(door):
    with door.connect() as connection:
        connection.sendall(WHOLE[:20])
        stopping(door)
        answer = drain(connection)
    assert answer.startswith(b"HTTP/1.1 408 ")
    assert b"The server stops" in answer


def test_idle_connections_are_closed_in_a_moment_without_a_word(door):
    with door.connect() as silent, kept(door) as idle:
        stopping(door, connections=2)
        assert drain(silent) == drain(idle) == b""
    door.thread.join(8)
    assert not door.thread.is_alive()


def test_who_is_let_in_while_the_server_stops_is_answered_and_not_kept(door):
    door.server.lifespan.state["gateway.draining"].set()
    with door.connect() as connection:
        connection.sendall(WHOLE)
        assert b"\r\nConnection: close\r\n" in drain(connection)
