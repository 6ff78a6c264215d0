"""``make bench``: start the gateway, drive it with wrk, print a table, and check that no answer was a lie.

Every 2xx answer to a write must be a new event: the server's own count of answers is compared with the events in the
database. Figures of one run compare with each other; those of two machines do not.
"""

import argparse
import os
import platform
import re
import shutil
import socket
import sqlite3
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from pathlib import Path

from benchmarks import codec

LOAD = Path(__file__).parent / "load"
REQUESTS = Path(__file__).parent.parent / "tests" / "data" / "requests"
BIN = Path(sys.executable).parent
READS = frozenset({"mobileconnect", "nothing"})


@dataclass(frozen=True)
class Measured:
    """One load at one number of connections."""

    name: str
    connections: int
    requests_per_second: float
    p50_ms: float
    p99_ms: float
    refused: int
    failed: int
    cpu_us: float = 0.0


def main() -> int:
    """Run the loads that were asked for; exit status 1 when an answer was not an event."""
    options = _arguments()
    codec.report()
    if shutil.which("wrk") is None:
        print("wrk is missing: apt install wrk")
        return 1
    print(f"{platform.platform()}, {os.cpu_count()} processors, Python {platform.python_version()}")
    print(f"{options.seconds} seconds for each row; ratios of one run compare, figures of two machines do not")
    nothing = [_nothing(options, connections) for connections in options.connections]
    rows, wrong = _gateway(options)
    for row in [*nothing, *rows]:
        base = next(item for item in nothing if item.connections == row.connections)
        ratio = row.requests_per_second / base.requests_per_second
        print(
            f"{row.name:18} {row.connections:5} connections {row.requests_per_second:9.0f} requests/s"
            f"  p50 {row.p50_ms:7.2f} ms  p99 {row.p99_ms:7.2f} ms  {ratio:6.3f} of nothing"
            f"  cpu {row.cpu_us:6.0f} us  errors {row.refused + row.failed}"
        )
    for line in wrong:
        print(line)
    return 1 if wrong else 0


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="make bench BENCH=…", description=__doc__)
    parser.add_argument("loads", nargs="*", help="which loads; default all")
    parser.add_argument("--connections", type=int, nargs="+", default=[16, 64])
    parser.add_argument("--seconds", type=int, default=5)
    parser.add_argument("--workers", default="0")
    return parser.parse_args()


def _nothing(options: argparse.Namespace, connections: int) -> Measured:
    port = _port()
    workers = str(os.cpu_count()) if options.workers == "0" else options.workers
    command = [BIN / "gunicorn", "-k", "uvicorn_worker.UvicornWorker", "-w", workers, "-b", f"127.0.0.1:{port}"]
    with _running([*command, "--log-level", "error", "benchmarks.nothing:app"], port, "/") as process:
        return _measured(process, "nothing", {}, port, connections, options.seconds)


def _gateway(options: argparse.Namespace) -> tuple[list[Measured], list[str]]:
    rows: list[Measured] = []
    wrong: list[str] = []
    loads = options.loads or sorted(path.stem for path in LOAD.glob("*.lua") if path.stem not in ("done", "nothing"))
    with tempfile.TemporaryDirectory() as folder:
        port, database = _port(), Path(folder) / "bench.db"
        command = [BIN / "session-gateway", "serve", "--demo", "--bind", f"127.0.0.1:{port}", "--database", database]
        with _running([*command, "--workers", options.workers], port, "/-/ready", Path(folder) / "log") as process:
            token = _token(database)
            for number, (name, connections) in enumerate((n, c) for n in loads for c in options.connections):
                before = _events(database), _answers(port)
                values = {"TOKEN": token, "RUN": f"r{number}", "RUN_TIME": f"2019-10-01T08:{number:02d}:00"}
                rows.append(_measured(process, name, values, port, connections, options.seconds))
                time.sleep(1)
                events, answers = _events(database) - before[0], _answers(port) - before[1]
                wrong += _lies(rows[-1], events, answers)
    return rows, wrong


def _lies(row: Measured, events: int, answers: int) -> list[str]:
    expected = 0 if row.name in READS else answers
    if events != expected or answers == 0:
        return [f"WRONG {row.name} at {row.connections}: {answers} answers with 2xx, but {events} new events"]
    if row.refused or row.failed:
        return [
            f"WRONG {row.name} at {row.connections}: {row.refused} answers without 2xx, {row.failed} failed connections"
        ]
    return []


def _measured(process: int, name: str, values: dict[str, str], port: int, connections: int, seconds: int) -> Measured:
    """One load, with the processor time that all processes of the server took for a request (Linux alone tells it)."""
    before = _cpu_seconds(process)
    row = _wrk(name, values, port, connections, seconds)
    spent = _cpu_seconds(process) - before
    return replace(row, cpu_us=spent * 1e6 / max(1.0, row.requests_per_second * seconds))


def _cpu_seconds(process: int) -> float:
    """User and system time of a process and its children, from ``/proc``; 0 where there is none."""
    total = 0.0
    for stat in Path("/proc").glob("[0-9]*/stat"):
        with suppress(OSError):
            fields = stat.read_text().rpartition(")")[2].split()
            if process in (int(stat.parent.name), int(fields[1])):
                total += (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")
    return total


def _wrk(name: str, values: dict[str, str], port: int, connections: int, seconds: int) -> Measured:
    with tempfile.TemporaryDirectory() as folder:
        script = Path(folder) / "load.lua"
        script.write_text(_script(name, values), encoding="utf-8")
        command = ["wrk", "-t2", f"-c{connections}", f"-d{seconds}s", "--timeout", "10s", "-s", str(script)]
        output = subprocess.run(
            [*command, f"http://127.0.0.1:{port}"], check=True, capture_output=True, text=True
        ).stdout
    found = re.search(r"RESULT (\d+) (\d+) (\d+) (\d+) ([\d.]+) ([\d.]+)", output)
    assert found is not None, output
    requests, microseconds, refused, failed = (int(text) for text in found.groups()[:4])
    return Measured(name, connections, requests / microseconds * 1e6, float(found[5]), float(found[6]), refused, failed)


def _script(name: str, values: dict[str, str]) -> str:
    constants = {
        **values,
        "BODY_XML": (REQUESTS / "workstation-session-end.xml").read_text(encoding="utf-8"),
        "BODY_JSON": (REQUESTS / "workstation-session-end.json").read_text(encoding="utf-8"),
    }
    head = "".join(f"{key} = [==[{value}]==]\n" for key, value in constants.items())
    return head + (LOAD / "done.lua").read_text(encoding="utf-8") + (LOAD / f"{name}.lua").read_text(encoding="utf-8")


def _token(database: Path) -> str:
    command = [BIN / "session-gateway", "credentials", "token", "--api", "biot", "--scope", "PROTECTED_API"]
    return subprocess.run([*command, "--database", database], check=True, capture_output=True, text=True).stdout.strip()


def _events(database: Path) -> int:
    with sqlite3.connect(database) as connection:
        return int(connection.execute("SELECT count(*) FROM events").fetchone()[0])


def _answers(port: int) -> int:
    """The server's own count of 2xx answers of the APIs; health and metrics have no API."""
    with urllib.request.urlopen(f"http://127.0.0.1:{port}/-/metrics", timeout=10) as answer:
        text = answer.read().decode()
    rows = re.findall(r"^session_gateway_requests_total\{([^}]*)\} ([\d.e+]+)$", text, re.MULTILINE)
    return int(sum(float(value) for labels, value in rows if 'status="2' in labels and 'api=""' not in labels))


def _port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@contextmanager
def _running(command: list[str | Path], port: int, path: str, log: Path | None = None) -> Iterator[int]:
    """A server's process id, once it answers; it is stopped at the end."""
    with (log or Path(os.devnull)).open("wb") as stream:
        process = subprocess.Popen([str(part) for part in command], stdout=stream, stderr=stream)
        try:
            _wait(port, path)
            yield process.pid
        finally:
            process.terminate()
            process.wait(30)


def _wait(port: int, path: str) -> None:
    for _ in range(300):
        try:
            urllib.request.urlopen(f"http://127.0.0.1:{port}{path}", timeout=1).close()
            return
        except OSError:
            time.sleep(0.1)
    raise SystemExit(f"nothing answers on port {port}")


if __name__ == "__main__":
    sys.exit(main())
