"""SIGTERM and SIGHUP under load, and a stop that nobody who merely stays connected can delay."""

import os
import signal
import socket
import ssl
import subprocess
import time
from collections.abc import Callable
from pathlib import Path

import httpx
import pytest

from benchmarks import traffic
from tests.databases import free_port
from tests.e2e.conftest import BIN, Server
from tests.faults.load import Load, assert_kept, ready, until, workers

pytestmark = pytest.mark.once
CLEAN = ("Server disconnected", "ConnectError", "ReadError", "RemoteProtocolError", "WriteError")
QUICK = 8.0
"""Seconds; far below ``graceful_timeout``."""


def test_sigterm_answers_what_is_in_flight_and_loses_nothing(serve: Callable[..., Server], keys: traffic.Keys) -> None:
    server = serve("--workers", "2")
    with Load(server.url, keys, 1) as load:
        load.wait(60)
        began = time.monotonic()
        assert server.stop(signal.SIGTERM) == 0
        assert time.monotonic() - began < QUICK
    assert load.refused == []
    assert load.odd == []
    assert all(text.partition(": ")[2].startswith(CLEAN) for text in load.broken)
    assert_kept(server.database, load)


def test_sighup_replaces_the_workers_under_load_and_loses_nothing(
    serve: Callable[..., Server], keys: traffic.Keys
) -> None:
    server = serve("--workers", "2")
    before = workers(server)
    with Load(server.url, keys, 1) as load:
        load.wait(30)
        os.kill(server.process.pid, signal.SIGHUP)
        until(lambda: len(workers(server)) == 2 and not set(workers(server)) & set(before))
        load.wait(30)
    assert load.refused == load.broken == load.odd == []
    assert ready(server)
    assert server.stop() == 0
    assert_kept(server.database, load)


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """A certificate that nobody trusts, and its key."""
    folder = tmp_path_factory.mktemp("tls")
    made, key = folder / "certificate.pem", folder / "key.pem"
    words = ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "1", "-subj", "/CN=localhost"]
    subprocess.run([*words, "-keyout", str(key), "-out", str(made)], check=True, capture_output=True)
    return made, key


def connection(port: int, tls: bool, said: bytes) -> socket.socket:
    """An open connection on which something was said, perhaps nothing."""
    plain = socket.create_connection(("127.0.0.1", port), 10.0)
    if not tls:
        plain.sendall(said)
        return plain
    context = ssl.create_default_context()
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    wrapped = context.wrap_socket(plain)
    wrapped.sendall(said)
    return wrapped


WHOLE = b"GET /-/live HTTP/1.1\r\nHost: x\r\n\r\n"


@pytest.mark.parametrize("tls", [False, True], ids=["plain", "tls"])
def test_idle_connections_do_not_delay_the_end(tmp_path: Path, certificate: tuple[Path, Path], tls: bool) -> None:
    port = free_port()
    words = [str(BIN / "session-gateway"), "serve", "--demo", "--workers", "1", "--bind", f"127.0.0.1:{port}"]
    words += ["--database", str(tmp_path / "idle.db")]
    words += ["--tls-cert", str(certificate[0]), "--tls-key", str(certificate[1])] if tls else []
    with (tmp_path / "log").open("wb") as log, subprocess.Popen(words, stdout=log, stderr=log) as process:
        try:
            url = f"http{'s' if tls else ''}://127.0.0.1:{port}/-/live"
            until(lambda: answers(url))
            silent, idle, half = (connection(port, tls, said) for said in (b"", WHOLE, WHOLE[:20]))
            handshake = socket.create_connection(("127.0.0.1", port), 10.0)
            assert idle.recv(65_536).startswith(b"HTTP/1.1 200")
            began = time.monotonic()
            process.send_signal(signal.SIGTERM)
            assert process.wait(40) == 0
            assert time.monotonic() - began < QUICK
            for each in (silent, idle, half, handshake):
                each.close()
        finally:
            process.kill()


def answers(url: str) -> bool:
    try:
        return httpx.get(url, verify=False, trust_env=False, timeout=5).status_code == 200
    except httpx.HTTPError:
        return False
