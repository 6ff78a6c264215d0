"""How long the tests of faults run, and what they share."""

import os
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from benchmarks.traffic import Keys
from tests.e2e.conftest import Server, start
from tests.faults.shim import Shim, build
from tests.faults.sweep import template

LONG = os.environ.get("FAULTS") == "long"
"""Whether everything is tried (``make faults``), or a few of each."""
ROUNDS = int(os.environ.get("ROUNDS") or (100 if LONG else 3))
"""How often servers are killed."""


@pytest.fixture(scope="session")
def library(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The compiled shim."""
    return build(tmp_path_factory.mktemp("shim"))


@pytest.fixture
def serve(tmp_path: Path) -> Iterator[Callable[..., Server]]:
    """Starts servers of the demo that end with the test."""
    started: list[Server] = []

    def make(*flags: str, **options: object) -> Server:
        database = options.pop("database", tmp_path / "gateway.db")
        started.append(start(database, "--demo", *flags, **options))  # type: ignore[arg-type]
        return started[-1]

    yield make
    for server in started:
        if server.process.poll() is None:
            server.kill()


@pytest.fixture
def shim(library: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Shim:
    """A shim that acts on the store of every server that is started from now on."""
    made = Shim(library, tmp_path, "gateway.db", order=True)
    for name, value in made.variables.items():
        monkeypatch.setenv(name, value)
    return made


@pytest.fixture
def keys(tmp_path: Path) -> Keys:
    """What the callers of a demo need; its store is made here, so that every worker knows the key from the first."""
    return template(tmp_path / "gateway.db")
