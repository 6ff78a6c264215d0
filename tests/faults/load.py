"""Callers of every API at once, who note what was answered; and what of it is stored afterwards."""

import sqlite3
import ssl
import threading
import time
from collections import Counter
from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path

import httpx

from benchmarks import traffic
from gateway.store.check import check
from tests.e2e.conftest import PLAIN, Server

CALLERS = 6
MANY = 1_000_000


@dataclass
class Load:
    """Callers that write until they are told to stop, each to a server that may die under them."""

    url: str
    keys: traffic.Keys
    run: int
    verify: bool | ssl.SSLContext = PLAIN
    accepted: list[str] = field(default_factory=list)
    refused: list[str] = field(default_factory=list)
    broken: list[str] = field(default_factory=list)
    odd: list[str] = field(default_factory=list)
    _stop: threading.Event = field(default_factory=threading.Event)
    _threads: list[threading.Thread] = field(default_factory=list)

    def __enter__(self) -> "Load":
        self._threads = [threading.Thread(target=self._caller, args=(n,)) for n in range(CALLERS)]
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        for thread in self._threads:
            thread.join(60)

    def wait(self, answers: int, seconds: float = 30.0) -> None:
        """Wait until there are some more answers."""
        wanted, end = len(self.accepted) + answers, time.monotonic() + seconds
        while len(self.accepted) < wanted:
            assert time.monotonic() < end, f"too few answers: {len(self.accepted)} of {wanted}; {self.refused[-3:]}"
            time.sleep(0.01)

    def _caller(self, caller: int) -> None:
        with httpx.Client(base_url=self.url, timeout=30, trust_env=False, verify=self.verify) as client:
            for number in range(MANY):
                if self._stop.is_set():
                    return
                write = traffic.WRITES[(caller + number) % len(traffic.WRITES)]
                self._one(client, write, traffic.mark(self.run, caller * MANY + number))

    def _one(self, client: httpx.Client, write: traffic.Write, mark: str) -> None:
        asked = write.ask(mark, self.keys)
        try:
            answer = client.request(asked.method, asked.path, headers=asked.headers, content=asked.body)
        except (httpx.NetworkError, httpx.RemoteProtocolError) as error:
            self.broken.append(f"{write.name}: {error!r}")
            time.sleep(0.01)
        except httpx.HTTPError as error:
            self.odd.append(f"{write.name}: {error!r}")
        else:
            if write.accepted(answer.status_code, answer.text):
                self.accepted.append(traffic.kept_as(write, mark, answer.text))
            else:
                self.refused.append(f"{write.name}: {answer.status_code} {answer.text}")


def assert_kept(database: Path, *loads: Load) -> None:
    """Every answered write is there exactly once, none is there twice, and the store is whole."""
    for load in loads:
        with closing(sqlite3.connect(database)) as connection:
            found = Counter(traffic.stored(connection, load.run))
        assert {kept: found[kept] for kept in load.accepted if found[kept] != 1} == {}
        assert {kept: count for kept, count in found.items() if count > 1} == {}
    report = check(str(database))
    assert report.problems == ()


def until(done: Callable[[], bool], seconds: float = 20.0) -> None:
    """Wait for something to become true."""
    end = time.monotonic() + seconds
    while not done():
        assert time.monotonic() < end, "too late"
        time.sleep(0.05)


def ready(server: Server) -> bool:
    """Whether the server says that it takes writes."""
    try:
        return httpx.get(f"{server.url}/-/ready", trust_env=False, timeout=5, verify=PLAIN).status_code == 200
    except httpx.HTTPError:
        return False


def workers(server: Server) -> list[int]:
    """The process ids of a server's workers."""
    children = Path(f"/proc/{server.process.pid}/task/{server.process.pid}/children")
    return [int(text) for text in children.read_text(encoding="ascii").split()]
