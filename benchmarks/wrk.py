"""Load by wrk: one of the scripts in ``benchmarks/load``, and what came of it."""

import re
import subprocess
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from statistics import median

from benchmarks.servers import cpu_seconds

LOAD = Path(__file__).parent / "load"
REQUESTS = Path(__file__).parent.parent / "tests" / "data" / "requests"


@dataclass(frozen=True)
class Measured:
    """One load at one number of connections. ``cpu_us`` is processor time of a request, of all the server's processes;
    ``least_cpu_us`` that of the quietest round: the neighbours of a shared machine make it more, and nothing less."""

    name: str
    connections: int
    requests_per_second: float
    p50_ms: float
    p99_ms: float
    requests: int
    refused: int
    failed: int
    cpu_us: float = 0.0
    least_cpu_us: float = 0.0
    server: str = "gateway"


def of_rounds(rows: Sequence[Measured]) -> Measured:
    """Several measurements of one server as one. Percentiles are the medians of the rounds'."""
    requests = sum(row.requests for row in rows)
    return replace(
        rows[0],
        requests_per_second=requests / sum(row.requests / max(1.0, row.requests_per_second) for row in rows),
        p50_ms=median(row.p50_ms for row in rows),
        p99_ms=median(row.p99_ms for row in rows),
        requests=requests,
        refused=sum(row.refused for row in rows),
        failed=sum(row.failed for row in rows),
        cpu_us=sum(row.cpu_us * row.requests for row in rows) / max(1, requests),
        least_cpu_us=min(row.cpu_us for row in rows),
    )


def measure(
    name: str, values: Mapping[str, str], port: int, connections: int, seconds: int, processes: tuple[int, ...] = ()
) -> Measured:
    """Run one load; ``processes`` are the server's, whose processor time is shared out over the requests."""
    before = cpu_seconds(*processes)
    row = _run(name, values, port, connections, seconds)
    spent = cpu_seconds(*processes) - before
    return replace(row, cpu_us=spent * 1e6 / max(1, row.requests))


def _run(name: str, values: Mapping[str, str], port: int, connections: int, seconds: int) -> Measured:
    with tempfile.TemporaryDirectory() as folder:
        script = Path(folder) / "load.lua"
        script.write_text(_script(name, values), encoding="utf-8")
        command = ["wrk", "-t2", f"-c{connections}", f"-d{seconds}s", "--timeout", "10s", "-s", str(script)]
        done = subprocess.run([*command, f"http://127.0.0.1:{port}"], check=False, capture_output=True, text=True)
    if done.returncode:
        raise RuntimeError(f"wrk ended with {done.returncode}: {done.stderr or done.stdout}")
    output = done.stdout
    found = re.search(r"RESULT (\d+) (\d+) (\d+) (\d+) ([\d.]+) ([\d.]+)", output)
    assert found is not None, output
    requests, microseconds, refused, failed = (int(text) for text in found.groups()[:4])
    speed = requests / microseconds * 1e6
    return Measured(name, connections, speed, float(found[5]), float(found[6]), requests, refused, failed)


def _script(name: str, values: Mapping[str, str]) -> str:
    constants = {
        **values,
        "BODY_XML": (REQUESTS / "workstation-session-end.xml").read_text(encoding="utf-8"),
        "BODY_JSON": (REQUESTS / "workstation-session-end.json").read_text(encoding="utf-8"),
    }
    head = "".join(f"{key} = [==[{value}]==]\n" for key, value in constants.items())
    return head + (LOAD / "done.lua").read_text(encoding="utf-8") + (LOAD / f"{name}.lua").read_text(encoding="utf-8")
