"""Servers for a benchmark: started on a free port of this machine, waited for, and stopped."""

import os
import subprocess
import time
import urllib.request
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path


@contextmanager
def running(
    command: Sequence[str | Path],
    port: int,
    path: str = "/",
    log: Path | None = None,
    *,
    folder: Path | None = None,
    environment: Mapping[str, str] | None = None,
) -> Iterator[int]:
    """A server's process id, once it answers; it is stopped at the end."""
    settings = {**os.environ, **(environment or {})}
    with (log or Path(os.devnull)).open("wb") as stream:
        process = subprocess.Popen(
            [str(part) for part in command], stdout=stream, stderr=stream, cwd=folder, env=settings
        )
        try:
            wait(port, path, log)
            yield process.pid
        finally:
            process.terminate()
            with suppress(subprocess.TimeoutExpired):
                process.wait(30)
            process.kill()


def wait(port: int, path: str, log: Path | None) -> None:
    """Wait until a server answers well; after half a minute leave, and show the end of its log."""
    for _ in range(300):
        try:
            urllib.request.urlopen(f"http://127.0.0.1:{port}{path}", timeout=1).close()
            return
        except OSError:
            time.sleep(0.1)
    told = log.read_text(errors="replace")[-2000:] if log else ""
    raise SystemExit(f"nothing answers on port {port}\n{told}")


def cpu_seconds(*roots: int) -> float:
    """User and system time of processes and all below them, from ``/proc``; 0 where there is none. The time of a child
    that has ended is its parent's."""
    parents: dict[int, tuple[int, float]] = {}
    for stat in Path("/proc").glob("[0-9]*/stat"):
        with suppress(OSError):
            fields = stat.read_text().rpartition(")")[2].split()
            spent = sum(map(int, fields[11:15])) / os.sysconf("SC_CLK_TCK")
            parents[int(stat.parent.name)] = int(fields[1]), spent
    return sum(spent for process, (_, spent) in parents.items() if _is_below(process, roots, parents))


def _is_below(process: int, roots: Sequence[int], parents: Mapping[int, tuple[int, float]]) -> bool:
    while process in parents:
        if process in roots:
            return True
        process = parents[process][0]
    return False
