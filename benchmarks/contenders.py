"""What is measured: the gateway and its peers, each running with a database of its own, and asked for its events."""

import os
import re
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

from benchmarks import events
from benchmarks.peers import Peer
from benchmarks.servers import running
from benchmarks.wrk import Measured, measure
from tests.databases import free_port, postgres

BIN = Path(sys.executable).parent
READS = frozenset({"mobileconnect", "nothing"})


@dataclass(frozen=True, slots=True)
class Contender:
    """A running server, and the database in which it says to keep events."""

    name: str
    port: int
    database: str
    processes: tuple[int, ...]
    token: str = ""

    def run(self, load: str, script: str, number: int, connections: int, seconds: int) -> tuple[Measured, list[str]]:
        """One load; and what was wrong with it: every answer must be one event, and every event one answer."""
        before = events.count(self.database), self._answers()
        # What the server before has left for the disk to write, this one should not wait for.
        os.sync()
        # The same session told in JSON and in XML is told twice, so each load has its own.
        run, time_of_run = f"{load}-{number}", f"2019-10-01T08:{number:02d}:00"
        values = {"TOKEN": self.token or "anyone", "RUN": run, "RUN_TIME": time_of_run}
        found = measure(script, values, self.port, connections, seconds, self.processes)
        row = replace(found, name=load, server=self.name)
        made = _settled(self.database) - before[0]
        # The answers under way when wrk stopped are not among those that it counted; the gateway counts its own.
        answers = self._answers() - before[1] if self.token else row.requests - row.refused
        late = 0 if self.token else connections
        return row, _lies(row, made, answers, late)

    def _answers(self) -> int:
        """The gateway's own count of 2xx answers of its APIs; 0 for a peer."""
        if not self.token:
            return 0
        with urllib.request.urlopen(f"http://127.0.0.1:{self.port}/-/metrics", timeout=10) as answer:
            text = answer.read().decode()
        rows = re.findall(r"^session_gateway_requests_total\{([^}]*)\} ([\d.e+]+)$", text, re.MULTILINE)
        return int(sum(float(value) for labels, value in rows if 'status="2' in labels and 'api=""' not in labels))


def _settled(database: str) -> int:
    """The events, once what was under way at the end of a load is stored."""
    found = -1
    while found != (found := events.count(database)):
        time.sleep(0.5)
    return found


def _lies(row: Measured, made: int, answers: int, late: int) -> list[str]:
    place = f"WRONG {row.server} {row.name} at {row.connections}"
    expected = 0 if row.name in READS else answers
    wrong = []
    if not expected <= made <= expected + late or answers == 0:
        wrong.append(f"{place}: {answers} answers with 2xx, but {made} new events")
    if row.refused or row.failed:
        wrong.append(f"{place}: {row.refused} answers without 2xx, {row.failed} failed connections")
    return wrong


@contextmanager
def gateway(folder: Path, workers: str, store: str) -> Iterator[Contender]:
    """The gateway as ``session-gateway serve --demo`` starts it, over SQLite or a new PostgreSQL."""
    with ExitStack() as stack:
        database, below = _database(stack, folder / "gateway.db", store)
        port = free_port()
        command = [BIN / "session-gateway", "serve", "--demo", "--bind", f"127.0.0.1:{port}", "--database", database]
        command += [] if workers == "0" else ["--workers", workers]
        process = stack.enter_context(running(command, port, "/-/ready", folder / "gateway.log", folder=folder))
        yield Contender(f"gateway/{store}", port, database, (process, *below), _token(database, folder))


@contextmanager
def peer(folder: Path, one: Peer) -> Iterator[Contender]:
    """A peer, over its kind of database, new."""
    with ExitStack() as stack:
        database, below = _database(stack, folder / f"{one.name}.db", one.database)
        port = free_port()
        command = [part.replace("{port}", str(port)) for part in one.command]
        environment = {**one.environment, "DATABASE": database}
        log = folder / f"{one.name}.log"
        process = stack.enter_context(running(command, port, "/", log, folder=one.folder, environment=environment))
        yield Contender(one.name, port, database, (process, *below))


def _database(stack: ExitStack, file: Path, store: str) -> tuple[str, tuple[int, ...]]:
    if store == "sqlite":
        return str(file), ()
    server = stack.enter_context(postgres())
    return server.url, (server.pid,)


def _token(database: str, folder: Path) -> str:
    command = [BIN / "session-gateway", "credentials", "token", "--api", "biot", "--scope", "PROTECTED_API"]
    command += ["--database", database]
    # The key that signs it lies where the server was started.
    return subprocess.run(command, cwd=folder, check=True, capture_output=True, text=True).stdout.strip()
