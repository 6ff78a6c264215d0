"""Servers for a benchmark: started on a free port of this machine, waited for, and stopped."""

import os
import pwd
import shutil
import socket
import subprocess
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path


def free_port() -> int:
    """A port of 127.0.0.1 on which nobody listens."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


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
            _wait(port, path, log)
            yield process.pid
        finally:
            process.terminate()
            with suppress(subprocess.TimeoutExpired):
                process.wait(30)
            process.kill()


def _wait(port: int, path: str, log: Path | None) -> None:
    for _ in range(300):
        try:
            urllib.request.urlopen(f"http://127.0.0.1:{port}{path}", timeout=1).close()
            return
        except urllib.error.HTTPError:
            return
        except OSError:
            time.sleep(0.1)
    told = log.read_text(errors="replace")[-2000:] if log else ""
    raise SystemExit(f"nothing answers on port {port}\n{told}")


def cpu_seconds(*roots: int) -> float:
    """User and system time of processes and all below them, from ``/proc``; 0 where there is none."""
    parents: dict[int, tuple[int, float]] = {}
    for stat in Path("/proc").glob("[0-9]*/stat"):
        with suppress(OSError):
            fields = stat.read_text().rpartition(")")[2].split()
            spent = (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")
            parents[int(stat.parent.name)] = int(fields[1]), spent
    return sum(spent for process, (_, spent) in parents.items() if _is_below(process, roots, parents))


def _is_below(process: int, roots: Sequence[int], parents: Mapping[int, tuple[int, float]]) -> bool:
    while process in parents:
        if process in roots:
            return True
        process = parents[process][0]
    return False


def postgres_missing() -> str | None:
    """What to do before :func:`postgres` can run, None when it can."""
    return None if _postgres_bin() else "PostgreSQL is missing: apt install postgresql"


def _postgres_bin() -> Path | None:
    installed = sorted(Path("/usr/lib/postgresql").glob("*/bin/postgres"))
    found = str(installed[-1]) if installed else shutil.which("postgres")
    return Path(found).resolve().parent if found else None


@contextmanager
def postgres() -> Iterator[tuple[str, int]]:
    """A new PostgreSQL with its defaults (fsync on): the URL of an empty database, and the server's process id."""
    tools = _postgres_bin()
    assert tools is not None, postgres_missing()
    with tempfile.TemporaryDirectory() as folder:
        place, port = Path(folder) / "data", free_port()
        user = _unprivileged(folder)
        subprocess.run(
            [*user, tools / "initdb", "-D", place, "-U", "postgres", "-A", "trust", "-E", "UTF8", "--no-locale"],
            check=True,
            capture_output=True,
            cwd=folder,
        )
        command = [*user, tools / "pg_ctl", "-D", place, "-w", "-l", Path(folder) / "log"]
        subprocess.run(
            [*command, "-o", f"-p {port} -h 127.0.0.1 -k {folder}", "start"],
            check=True,
            stdout=subprocess.DEVNULL,
            cwd=folder,
        )
        try:
            process = int((place / "postmaster.pid").read_text().split()[0])
            yield f"postgresql://postgres@127.0.0.1:{port}/postgres", process
        finally:
            subprocess.run([*command, "-m", "immediate", "stop"], check=False, stdout=subprocess.DEVNULL, cwd=folder)


def _unprivileged(folder: str) -> list[str]:
    """How to run PostgreSQL, which refuses to run as root: as the user that its package made."""
    if os.getuid() != 0:
        return []
    account = pwd.getpwnam("postgres")
    os.chown(folder, account.pw_uid, account.pw_gid)
    return ["setpriv", f"--reuid={account.pw_uid}", f"--regid={account.pw_gid}", "--clear-groups"]
