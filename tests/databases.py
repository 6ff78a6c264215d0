"""Real databases for tests and benchmarks: new ones in a temporary folder, on free ports of 127.0.0.1.

Each can be killed and started again as it was. What is missing on this machine is told by :func:`postgres_missing` and
:func:`mariadb_missing`.
"""

import os
import pwd
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

START_SECONDS = 60.0


def free_port() -> int:
    """A port of 127.0.0.1 on which nobody listens."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@dataclass
class Server:
    """A database server that runs as a child of this process. ``ready`` is a command that succeeds once it answers."""

    url: str
    command: Sequence[str | Path]
    ready: Sequence[str | Path]
    folder: Path
    ends_on: signal.Signals = signal.SIGINT
    process: "subprocess.Popen[bytes] | None" = field(default=None, init=False)

    @property
    def pid(self) -> int:
        """The process id of the server."""
        assert self.process is not None
        return self.process.pid

    def start(self) -> None:
        """Start it, and wait until it answers."""
        with (self.folder / "log").open("ab") as log:
            self.process = subprocess.Popen(
                [str(part) for part in self.command], stdout=log, stderr=log, cwd=self.folder, start_new_session=True
            )
        deadline = time.monotonic() + START_SECONDS
        while not self.answers():
            if time.monotonic() > deadline or self.process.poll() is not None:
                raise RuntimeError((self.folder / "log").read_text(errors="replace")[-3000:])
            time.sleep(0.1)

    def answers(self) -> bool:
        """Whether it takes connections now."""
        return subprocess.run([str(part) for part in self.ready], check=False, capture_output=True).returncode == 0

    def kill(self) -> None:
        """``kill -9``: the server and everything below it."""
        self._end(signal.SIGKILL)

    def stop(self) -> None:
        """Let it end as an operator does."""
        self._end(self.ends_on)

    def _end(self, number: int) -> None:
        if self.process is None:
            return
        with suppress(ProcessLookupError):
            os.killpg(self.process.pid, number)
        try:
            self.process.wait(30)
        except subprocess.TimeoutExpired:
            os.killpg(self.process.pid, signal.SIGKILL)
            self.process.wait()
        self.process = None


def empty(server: Server, name: str) -> str:
    """The URL of a new, empty database on a running server."""
    statement = f"CREATE DATABASE {name}"
    if server.url.startswith("postgresql"):
        command = ["psql", "-qc", statement, server.url]
    else:
        command = [*map(str, server.ready[:-1]), f"{statement} CHARACTER SET utf8mb4 COLLATE utf8mb4_bin"]
    subprocess.run(command, check=True, capture_output=True)
    return address(server, name)


def address(server: Server, name: str) -> str:
    """The URL of a database on a running server."""
    return server.url.rpartition("/")[0] + f"/{name}"


def _as(user: str, folder: Path) -> list[str]:
    """How to run a server that refuses to run as root: as the user that its package made, who then owns the folder."""
    if os.getuid() != 0:
        return []
    account = pwd.getpwnam(user)
    os.chown(folder, account.pw_uid, account.pw_gid)
    return ["setpriv", f"--reuid={account.pw_uid}", f"--regid={account.pw_gid}", "--clear-groups"]


# PostgreSQL


def _postgres_bin() -> Path | None:
    installed = sorted(Path("/usr/lib/postgresql").glob("*/bin/postgres"))
    found = str(installed[-1]) if installed else shutil.which("postgres")
    return Path(found).resolve().parent if found else None


def postgres_missing() -> str | None:
    """What to do before :func:`postgres` can run, None when it can."""
    return None if _postgres_bin() else "PostgreSQL is missing: apt install postgresql"


@contextmanager
def postgres(kept: Path | None = None, settings: Sequence[str] = ()) -> Iterator[Server]:
    """A new PostgreSQL with its defaults (fsync on) and an empty database; ``settings`` as in ``fsync=on``.

    In a folder that is to be ``kept`` it is made once, and is afterwards as it was left. Every folder above that one
    must be open to the server's user.
    """
    tools = _postgres_bin()
    assert tools is not None, postgres_missing()
    with ExitStack() as stack:
        folder = kept or Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="postgres-")))
        port, user, data = free_port(), _as("postgres", folder), folder / "data"
        options = ["-U", "postgres", "-A", "trust", "-E", "UTF8", "--no-locale"]
        if not data.exists():
            subprocess.run([*user, tools / "initdb", "-D", data, *options], check=True, capture_output=True, cwd=folder)
        chosen = [part for setting in settings for part in ("-c", setting)]
        server = Server(
            f"postgresql://postgres@127.0.0.1:{port}/postgres",
            [*user, tools / "postgres", "-D", data, "-p", str(port), "-h", "127.0.0.1", "-k", folder, *chosen],
            [tools / "pg_isready", "-q", "-h", "127.0.0.1", "-p", str(port)],
            folder,
        )
        try:
            server.start()
            yield server
        finally:
            server.stop()


# MariaDB, alone and as a Galera cluster

_GALERA = Path("/usr/lib/galera/libgalera_smm.so")


def mariadb_missing(cluster: bool = False) -> str | None:
    """What to do before :func:`mariadb` (or :func:`galera`) can run, None when it can."""
    if not shutil.which("mariadbd") or not shutil.which("mariadb-install-db"):
        return "MariaDB is missing: apt install mariadb-server galera-4 rsync"
    if cluster and not (_GALERA.exists() and shutil.which("rsync")):
        return "Galera is missing: apt install galera-4 rsync"
    return None


def _run(command: Sequence[str], folder: Path, made: Path, tries: int = 3) -> None:
    """Run what makes a data folder; once more on a machine that was too busy for it, and with its own words at last."""
    done = subprocess.run(command, check=False, capture_output=True, text=True, cwd=folder)
    if done.returncode == 0:
        return
    if tries == 1:
        raise RuntimeError(f"{' '.join(command)}: {done.stdout[-1500:]} {done.stderr[-1500:]}")
    shutil.rmtree(made, ignore_errors=True)
    time.sleep(1)
    _run(command, folder, made, tries - 1)


def _mariadb(folder: Path, options: Sequence[str] = ()) -> Server:
    user, data, port = _as("mysql", folder), folder / "data", free_port()
    # The socket's path has a length limit of 107 bytes, and TMPDIR may be long.
    install = ["mariadb-install-db", "--no-defaults", f"--datadir={data}", "--auth-root-authentication-method=normal"]
    _run([*user, *install, "--skip-test-db"], folder, data)
    sized = ["--innodb-buffer-pool-size=128M", "--innodb-flush-log-at-trx-commit=1", "--skip-name-resolve"]
    listens = [f"--port={port}", "--bind-address=127.0.0.1", f"--socket={folder}/s", f"--pid-file={folder}/pid"]
    return Server(
        f"mariadb://root@127.0.0.1:{port}/gateway",
        [*user, "mariadbd", "--no-defaults", f"--datadir={data}", *listens, *sized, *options],
        ["mariadb", "--no-defaults", "-h127.0.0.1", f"-P{port}", "-uroot", "-e", _READY if options else "SELECT 1"],
        folder,
        signal.SIGTERM,
    )


_READY = (
    "SELECT IF((SELECT VARIABLE_VALUE FROM information_schema.GLOBAL_STATUS"
    " WHERE VARIABLE_NAME = 'wsrep_ready') = 'ON', 1, (SELECT 1 UNION SELECT 2))"
)
"""Fails, since a scalar has two rows, until the node takes part in the cluster."""


def _create(server: Server) -> None:
    statement = "CREATE DATABASE IF NOT EXISTS gateway CHARACTER SET utf8mb4 COLLATE utf8mb4_bin"
    command = [*server.ready[:-1], statement]
    subprocess.run([str(part) for part in command], check=True, capture_output=True)


@contextmanager
def mariadb() -> Iterator[Server]:
    """A new MariaDB that makes every commit durable, and an empty database ``gateway``."""
    with tempfile.TemporaryDirectory(prefix="maria-") as name:
        server = _mariadb(Path(name))
        try:
            server.start()
            _create(server)
            yield server
        finally:
            server.kill()


@contextmanager
def galera(nodes: int = 3) -> Iterator[list[Server]]:
    """A new Galera cluster; the first node is the one that made it."""
    with ExitStack() as stack:
        folders = [Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="galera-"))) for _ in range(nodes)]
        ports = [free_port() for _ in folders]
        servers = []
        for number, folder in enumerate(folders):
            servers.append(_mariadb(folder, _cluster_options(folder, ports, number)))
        try:
            for number, server in enumerate(servers):
                joining = server.command
                server.command = [*joining, "--wsrep-new-cluster"] if number == 0 else joining
                server.start()
                server.command = joining
            _create(servers[0])
            yield servers
        finally:
            for server in servers:
                server.kill()


def _cluster_options(folder: Path, ports: Sequence[int], number: int) -> list[str]:
    members = ",".join(f"127.0.0.1:{port}" for port in ports)
    sst, ist = free_port(), free_port()
    provider = f"base_port={ports[number]};ist.recv_addr=127.0.0.1:{ist};gcache.size=64M"
    return [
        "--binlog-format=ROW",
        "--innodb-autoinc-lock-mode=2",
        "--wsrep-on=ON",
        f"--wsrep-provider={_GALERA}",
        f"--wsrep-cluster-address=gcomm://{members}",
        "--wsrep-cluster-name=test",
        "--wsrep-node-address=127.0.0.1",
        f"--wsrep-node-name=n{number}",
        f"--wsrep-sst-receive-address=127.0.0.1:{sst}",
        "--wsrep-sst-method=rsync",
        f"--wsrep-provider-options={provider}",
    ]
