"""A real server: ``session-gateway serve`` as an operator starts it, on a free port of loopback."""

import os
import signal
import ssl
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import httpx
import pytest

from gateway import demo
from gateway.boot import load_settings
from tests.databases import free_port

BIN = Path(sys.executable).parent
ROOT = Path(__file__).parent.parent.parent
REQUESTS = ROOT / "tests" / "data" / "requests"


PLAIN = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
"""For clients of plain HTTP: one that reads every certificate of the machine anew costs more than its requests."""
EVERY_WORKER_KNOWS = 2.0
"""Seconds after which every worker knows of a changed credential: what the documentation promises."""


@dataclass
class Server:
    """A running server, its database and its log."""

    process: subprocess.Popen[bytes]
    port: int
    database: Path
    log: Path

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def client(self) -> httpx.Client:
        return httpx.Client(base_url=self.url, timeout=30, trust_env=False, verify=PLAIN)

    def stop(self, how: signal.Signals = signal.SIGTERM) -> int:
        self.process.send_signal(how)
        return self.process.wait(40)

    def kill(self) -> None:
        """End every process of it at once, as a power cut would."""
        os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait(10)

    def events(self) -> list[dict[str, object]]:
        answer = self.client().get("/v1/events", params={"limit": 1000}, headers={"Authorization": "Bearer demo"})
        items: list[dict[str, object]] = answer.json()["items"]
        return items

    def token(self) -> str:
        return command(
            "credentials", "token", "--api", "biot", "--scope", "PROTECTED_API", database=self.database
        ).strip()


def command(*words: str, database: Path, check: bool = True) -> str:
    """The standard output of ``session-gateway WORDS``."""
    full = [str(BIN / "session-gateway"), *words, "--database", f"sqlite:///{database}"]
    done = subprocess.run(full, capture_output=True, text=True, check=False, timeout=60)
    assert not check or done.returncode == 0, done.stderr
    if words[:2] == ("credentials", "add"):
        time.sleep(EVERY_WORKER_KNOWS)
    return done.stdout


def start(database: Path, *flags: str, door: str = "serve", port: int | None = None) -> Server:
    """Start a server through one of its doors and wait until it is ready."""
    port = port or free_port()
    bind, log = f"127.0.0.1:{port}", database.with_suffix(f".{port}.log")
    words = {
        "serve": [str(BIN / "session-gateway"), "serve", "--bind", bind, "--database", f"sqlite:///{database}", *flags],
        "wsgi": [str(BIN / "gunicorn"), "--workers", "2", "--threads", "8", "--bind", bind, "gateway.web:app"],
    }[door]
    variables = {
        "SESSION_GATEWAY_DATABASE": f"sqlite:///{database}",
        "SESSION_GATEWAY_DEMO": "true",
        "SESSION_GATEWAY_BIND": bind,
    }
    environment = {**os.environ, **(variables if door == "wsgi" else {})}
    if door == "wsgi":
        demo.seed(load_settings(environment=variables))
    with log.open("wb") as stream:
        process = subprocess.Popen(
            words, stdout=stream, stderr=stream, env=environment, start_new_session=True, cwd=ROOT
        )
    server = Server(process, port, database, log)
    wait(server)
    return server


def wait(server: Server) -> None:
    for _ in range(200):
        if server.process.poll() is not None:
            break
        try:
            urllib.request.urlopen(f"{server.url}/-/live", timeout=1).close()
            return
        except OSError:
            time.sleep(0.1)
    raise AssertionError(server.log.read_text(encoding="utf-8"))


@pytest.fixture
def serve(tmp_path: Path) -> Iterator[Callable[..., Server]]:
    """Starts servers that end with the test."""
    started: list[Server] = []

    def make(*flags: str, **options: object) -> Server:
        database = options.pop("database", None) or tmp_path / "gateway.db"
        server = start(database, *flags, **options)  # type: ignore[arg-type]
        started.append(server)
        return server

    yield make
    for server in started:
        if server.process.poll() is None:
            server.kill()


@pytest.fixture(scope="module", name="demo")
def demo_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """The demo, for tests that leave nothing behind that another could trip over."""
    server = start(tmp_path_factory.mktemp("demo") / "demo.db", "--demo")
    yield server
    server.stop()
