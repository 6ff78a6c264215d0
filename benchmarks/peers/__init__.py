"""Servers that others would write for the same job, to be measured beside the gateway.

Each takes a session's report over HTTP, checks who sends it, checks it, keeps one event with a unique key in a
committed transaction (durable: SQLite ``synchronous=FULL``, or PostgreSQL with ``fsync``), and answers then. Each is
written as its own documentation shows, deployed on as many processes as there are processors.
``benchmarks/peers/install.sh`` installs them.
"""

import os
from dataclasses import dataclass, field
from pathlib import Path

HERE = Path(__file__).parent
INSTALLED = HERE.parent.parent / "var" / "peers"
BIN = INSTALLED / "venv" / "bin"
PROCESSES = str(min(4, os.cpu_count() or 1))


@dataclass(frozen=True, slots=True)
class Peer:
    """One server: its command, in which ``{port}`` is replaced, and the loads that it can take.

    ``database`` is where it keeps events: ``sqlite`` (it gets the path in ``DATABASE``) or ``postgresql`` (a URL).
    ``loads`` gives, for a load of the gateway, the script in ``benchmarks/load`` with the same job for this server.
    """

    name: str
    database: str
    needs: Path
    command: tuple[str, ...]
    loads: dict[str, str]
    folder: Path = HERE
    environment: dict[str, str] = field(default_factory=dict)

    @property
    def missing(self) -> str | None:
        """What to do before this peer can run, None when it can."""
        return None if self.needs.exists() else f"{self.name} is not installed: make peers"


def _gunicorn(*options: str) -> tuple[str, ...]:
    return (str(BIN / "gunicorn"), "--log-level", "error", "-b", "127.0.0.1:{port}", *options)


PEERS = (
    Peer(
        "node-soap",
        "postgresql",
        INSTALLED / "node_modules" / "soap",
        ("node", "server.js", "{port}", PROCESSES),
        {"workstation-xml": "peer-soap", "partstream": "peer-soap-logout"},
        HERE / "node_soap",
        {"NODE_PATH": str(INSTALLED / "node_modules")},
    ),
    Peer(
        "spyne",
        "sqlite",
        BIN.parent / ".installed",
        _gunicorn("-k", "gthread", "-w", PROCESSES, "--threads", "8", "spyne_sqlalchemy:app"),
        {"workstation-xml": "peer-soap", "partstream": "peer-soap-logout"},
    ),
    Peer(
        "fastapi",
        "postgresql",
        BIN / "uvicorn",
        _gunicorn("-k", "uvicorn_worker.UvicornWorker", "-w", PROCESSES, "fastapi_sqlalchemy:app"),
        {"ontime": "ontime", "biot": "biot"},
    ),
    Peer(
        "flask",
        "sqlite",
        BIN / "flask",
        _gunicorn("-k", "sync", "-w", PROCESSES, "flask_peewee:app"),
        {"ontime": "ontime", "biot": "biot"},
    ),
)
