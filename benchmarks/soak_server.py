"""The server of a soak: the default one with the demo's credentials, its processes, and what it stored."""

import os
import re
import signal
import sqlite3
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path

from benchmarks import events, traffic
from benchmarks.servers import wait
from gateway.store.check import check
from tests.databases import free_port

BIN = Path(sys.executable).parent
RUN = 1
CREDENTIALS_KNOWN = 2.0
"""Seconds after which every worker knows of a new credential."""


@dataclass(frozen=True, slots=True)
class Process:
    """One process at one moment: MiB of memory that is its own (USS) or shared (RSS), and its open files."""

    pid: int
    memory: float
    files: int


@dataclass
class Server:
    """A running server."""

    url: str
    database: Path
    process: "subprocess.Popen[bytes]"
    keys: traffic.Keys

    def processes(self) -> list[Process]:
        """The master and its workers, the master first."""
        master = self.process.pid
        children = Path(f"/proc/{master}/task/{master}/children").read_text(encoding="ascii").split()
        return [_process(pid) for pid in (master, *map(int, children))]

    def stop(self) -> None:
        """End it in order."""
        self.process.send_signal(signal.SIGTERM)
        self.process.wait(60)

    def missing(self, accepted: Iterable[str]) -> tuple[list[str], tuple[str, ...]]:
        """Answered writes that are not stored exactly once, and what the check of the store finds."""
        with closing(sqlite3.connect(self.database)) as connection:
            found = Counter(traffic.stored(connection, RUN))
        return [kept for kept in accepted if found[kept] != 1], check(str(self.database)).problems

    def size(self) -> tuple[int, float]:
        """Events, and MiB of the file."""
        return events.count(str(self.database)), self.database.stat().st_size / 2**20


def _process(pid: int) -> Process:
    pages = int(Path(f"/proc/{pid}/statm").read_text(encoding="ascii").split()[1])
    return Process(pid, pages * os.sysconf("SC_PAGE_SIZE") / 2**20, len(os.listdir(f"/proc/{pid}/fd")))


@contextmanager
def running(folder: Path, workers: int) -> Iterator[Server]:
    """A server on a free port, ready for every caller."""
    port, database = free_port(), folder / "soak.db"
    command = [str(BIN / "session-gateway"), "serve", "--demo", "--bind", f"127.0.0.1:{port}", "--database"]
    log = Path(folder / "log")
    with log.open("wb") as stream:
        words = [*command, str(database), "--workers", str(workers)]
        process = subprocess.Popen(words, stdout=stream, stderr=stream)
    try:
        url = f"http://127.0.0.1:{port}"
        wait(port, "/-/ready", log)
        yield Server(url, database, process, _keys(database))
    finally:
        if process.poll() is None:
            process.terminate()
            process.wait(60)


def _keys(database: Path) -> traffic.Keys:
    scopes = ("--scope", "sessions:read", "--scope", "sessions:write")
    added = _command(database, "credentials", "add", "--api", "sessions", "--tenant", "demo", *scopes)
    found = re.search(r"[\w-]{24,}", added.split("secret")[-1])
    assert found is not None, added
    time.sleep(CREDENTIALS_KNOWN)
    token = _command(database, "credentials", "token", "--api", "biot", "--scope", "PROTECTED_API")
    return traffic.Keys(token.strip(), found[0])


def _command(database: Path, *words: str) -> str:
    full = [str(BIN / "session-gateway"), *words, "--database", str(database)]
    return subprocess.run(full, check=True, capture_output=True, text=True).stdout
