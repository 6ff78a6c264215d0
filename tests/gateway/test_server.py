"""The whole server, as its operator starts, reloads and stops it."""

import http.client
import os
import re
import signal
import socket
import sqlite3
import ssl
import subprocess
import sys
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from gateway import server
from gateway.settings import Settings, SettingsError
from tests.databases import free_port

DEFAULTS = {row.name: row.default for row in server.SETTINGS} | {"demo": False}


class Served:
    """``session-gateway serve`` in a process of its own."""

    def __init__(self, folder: Path, *flags: str, workers: int = 1, port: int = 0):
        self.port = port or free_port()
        self.folder = folder
        environment = {key: text for key, text in os.environ.items() if not key.startswith("SESSION_GATEWAY_")}
        self.output = folder / "output.txt"
        arguments = ["serve", "--bind", f"127.0.0.1:{self.port}", "--database", f"sqlite:///{folder}/store.db"]
        with self.output.open("w") as stream:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "gateway.cli", *arguments, "--workers", str(workers), *flags],
                stdout=stream, stderr=subprocess.STDOUT, env=environment | {"TMPDIR": str(folder)},
            )  # fmt: skip

    def get(self, path: str) -> http.client.HTTPResponse:
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=5)
        connection.request("GET", path, headers={"Connection": "close"})
        answer = connection.getresponse()
        answer.text = answer.read().decode()
        return answer

    def until_live(self) -> "Served":
        for _ in range(200):
            assert self.process.poll() is None, self.said()
            try:
                if self.get("/-/live").status == 200:
                    return self
            except OSError:
                time.sleep(0.1)
        raise AssertionError(self.said())

    def said(self) -> str:
        return self.output.read_text()

    def until_said(self, text: str, times: int = 1) -> None:
        for _ in range(300):
            if self.said().count(text) >= times:
                return
            time.sleep(0.1)
        raise AssertionError(self.said())

    def end(self, number: int = signal.SIGTERM) -> int:
        self.process.send_signal(number)
        return self.process.wait(30)


@pytest.fixture
def served(tmp_path) -> Iterator:
    running: list[Served] = []

    def start(*flags: str, **options) -> Served:
        running.append(Served(tmp_path, *flags, **options))
        return running[-1]

    yield start
    for one in running:
        if one.process.poll() is None:
            one.end(signal.SIGTERM)


def test_two_workers_count_together_and_an_orderly_end_leaves_nothing(served, tmp_path):
    running = served(workers=2).until_live()
    for _ in range(20):
        assert running.get("/nobody/owns/this").status == 404
    time.sleep(0.2)
    text = running.get("/-/metrics").text
    counted = re.findall(r'^session_gateway_requests_total\{.*status="404"\} (\S+)$', text, re.MULTILINE)
    assert sum(map(float, counted)) == 20
    assert running.end() == 0
    assert list(tmp_path.glob("session-gateway-metrics-*")) == []
    assert "Traceback" not in running.said()


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT], ids=["SIGTERM", "SIGINT"])
def test_a_request_under_way_is_answered_before_the_end(served, number):
    running = served().until_live()
    with socket.create_connection(("127.0.0.1", running.port), timeout=10) as connection:
        connection.sendall(b"POST /nobody HTTP/1.1\r\nHost: a\r\nContent-Length: 4\r\n\r\nab")
        time.sleep(0.3)
        running.process.send_signal(number)
        time.sleep(0.5)
        connection.sendall(b"cd")
        assert connection.recv(4096).startswith(b"HTTP/1.1 404 ")
    assert running.process.wait(20) == 0


def test_sighup_takes_new_settings_and_keeps_the_old_ones_when_the_new_are_wrong(served, tmp_path):
    config = tmp_path / "gateway.toml"
    config.write_text("line_bytes = 4000\n")
    running = served("--config", str(config)).until_live()
    assert running.get("/-/live?" + "x" * 200).status == 200
    config.write_text("line_bytes = 100\n")
    running.process.send_signal(signal.SIGHUP)
    running.until_said("Application startup complete.", times=2)
    running.until_said("Finished server process")
    assert running.get("/-/live?" + "x" * 200).status == 414
    config.write_text("line_bites = 9\n")
    running.process.send_signal(signal.SIGHUP)
    running.until_said("the settings stay as they were: line_bites")
    assert running.get("/-/live").status == 200
    assert running.end() == 0


def test_the_demo_prints_requests_to_paste_with_its_address(served):
    running = served("--demo").until_live()
    assert f"http://127.0.0.1:{running.port}/v1/sessions" in running.said()


def test_a_store_of_a_later_release_stops_the_start_with_a_sentence(served, tmp_path):
    first = served().until_live()
    assert first.end() == 0
    with sqlite3.connect(tmp_path / "store.db") as store:
        store.execute("UPDATE meta SET value = 999 WHERE name = 'schema_version'")
    store.close()
    second = served()
    assert second.process.wait(20) == 1
    assert "cannot start: The store has schema version 999" in second.said()
    assert "Traceback" not in second.said()


def test_a_port_in_use_ends_with_failure(served):
    first = served().until_live()
    second = served(port=first.port)
    assert second.process.wait(30) == 1
    assert "in use" in second.said()


def test_https_only_with_a_certificate(served, tmp_path):
    cert, key = self_signed(tmp_path)
    running = served("--tls-cert", str(cert), "--tls-key", str(key))
    running.until_said("Application startup complete.")
    context = ssl.create_default_context(cafile=str(cert))
    connection = http.client.HTTPSConnection("127.0.0.1", running.port, timeout=5, context=context)
    connection.request("GET", "/-/live")
    assert connection.getresponse().status == 200
    connection.close()
    assert running.end() == 0


def self_signed(folder: Path) -> tuple[Path, Path]:
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "127.0.0.1")])
    now = datetime.now(UTC)
    address = x509.IPAddress(__import__("ipaddress").ip_address("127.0.0.1"))
    made = (
        x509.CertificateBuilder().subject_name(name).issuer_name(name).public_key(key.public_key())
        .serial_number(1).not_valid_before(now - timedelta(days=1)).not_valid_after(now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([address]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )  # fmt: skip
    cert_file, key_file = folder / "cert.pem", folder / "key.pem"
    cert_file.write_bytes(made.public_bytes(serialization.Encoding.PEM))
    form = serialization.PrivateFormat.PKCS8
    key_file.write_bytes(key.private_bytes(serialization.Encoding.PEM, form, serialization.NoEncryption()))
    return cert_file, key_file


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        pytest.param({"demo": True, "bind": "0.0.0.0:8080"}, "demo mode", id="demo for everyone"),
        pytest.param({"demo": True, "bind": "[::]:8080"}, "demo mode", id="demo for everyone, IPv6"),
        pytest.param({"bind": "8080"}, "bind: '8080' is not HOST:PORT", id="port alone"),
        pytest.param({"bind": "127.0.0.1:99999"}, "bind: ", id="no such port"),
        pytest.param({"tls_cert": "a.pem"}, "tls_cert and tls_key belong together", id="half of TLS"),
        pytest.param({"tls_cert": "/no", "tls_key": "/no"}, "tls_cert: /no cannot be read", id="no certificate"),
        pytest.param({"trusted_proxies": ("x",)}, "trusted_proxies: ", id="no network"),
    ],
)
def test_what_cannot_work_is_said_before_anything_starts(changes, said):
    with pytest.raises(SettingsError, match=re.escape(said)):
        server.check(Settings(DEFAULTS | changes))


@pytest.mark.parametrize("bind", ["127.0.0.1:0", "[::1]:8080", "localhost:8080"])
def test_the_demo_may_listen_on_the_machine_itself(bind):
    server._check_bind(Settings(DEFAULTS | {"demo": True, "bind": bind}))


def test_workers_follow_the_machine_unless_set():
    assert 1 <= server.workers(Settings(DEFAULTS)) <= 8
    assert server.workers(Settings(DEFAULTS | {"workers": 5})) == 5


def test_counters_of_a_killed_server_are_swept_and_those_of_a_running_one_are_not(tmp_path, monkeypatch):
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    monkeypatch.setenv("PROMETHEUS_MULTIPROC_DIR", "")
    monkeypatch.setattr(server, "_FRESH_SECONDS", -1)
    (tmp_path / "session-gateway-metrics-killed").mkdir()
    with server._metrics_directory():
        (running,) = tmp_path.iterdir()
        with server._metrics_directory():
            assert running in tmp_path.iterdir()
    assert list(tmp_path.iterdir()) == []
