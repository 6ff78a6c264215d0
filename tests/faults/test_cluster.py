"""Two gateways over a Galera cluster of three real nodes, one of which dies under load."""

import signal
import subprocess
import time
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pymysql
import pytest

from benchmarks import traffic
from gateway.store.check import check
from tests import databases
from tests.e2e.conftest import BIN, Server, wait
from tests.faults.load import Load, ready, until
from tests.faults.sweep import template

pytestmark = [pytest.mark.external, pytest.mark.xdist_group("databases")]
WAY_TO_RESUME = 30.0
"""Seconds after which writes must be accepted again; the cluster itself takes a few to miss a node."""


@pytest.fixture(scope="module")
def nodes() -> Iterator[list[databases.Server]]:
    """The nodes of a running cluster."""
    if why := databases.mariadb_missing(cluster=True):
        pytest.skip(why)
    with databases.galera() as servers:
        yield servers


def address(nodes: list[databases.Server], first: int) -> str:
    """The address that names a node first and the others behind it."""
    hosts = [node.url.split("@")[1].split("/")[0] for node in nodes]
    return f"mariadb://root@{','.join(hosts[first:] + hosts[:first])}/gateway"


@pytest.fixture
def serve(tmp_path: Path) -> Iterator[Callable[[str], Server]]:
    """Starts gateways of the demo over a database."""
    started: list[Server] = []

    def start(database: str) -> Server:
        port = databases.free_port()
        log = tmp_path / f"{port}.log"
        words = [BIN / "session-gateway", "serve", "--demo", "--bind", f"127.0.0.1:{port}", "--workers", "2"]
        with log.open("wb") as stream:
            process = subprocess.Popen(
                [*map(str, words), "--database", database], stdout=stream, stderr=stream, cwd=tmp_path,
                start_new_session=True,
            )  # fmt: skip
        started.append(Server(process, port, tmp_path, log))
        wait(started[-1])
        return started[-1]

    yield start
    for server in started:
        server.stop(signal.SIGTERM)


class Reading:
    """What :func:`benchmarks.traffic.stored` asks of a connection, for a node."""

    def __init__(self, node: databases.Server) -> None:
        port = int(node.url.split(":")[2].split("/")[0])
        self.connection = pymysql.connect(host="127.0.0.1", port=port, user="root", database="gateway")

    def execute(self, sql: str, values: tuple[Any, ...] = ()) -> Any:
        cursor = self.connection.cursor()
        cursor.execute(sql.replace("?", "%s"), values)
        return cursor.fetchall()


def test_writes_go_on_when_a_node_dies_and_every_answered_event_is_there_once(
    nodes: list[databases.Server], serve: Callable[[str], Server], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    keys = template(address(nodes, 0))
    gateways = [serve(address(nodes, first)) for first in (0, 1)]
    with Load(gateways[0].url, keys, 1) as one, Load(gateways[1].url, keys, 2) as two:
        for load in (one, two):
            load.wait(30)
        nodes[0].kill()
        began = time.monotonic()
        for load in (one, two):
            load.wait(30, WAY_TO_RESUME)
        print(f"writes resumed within {time.monotonic() - began:.1f} s")
        nodes[0].start()
        for load in (one, two):
            load.wait(10)
    for load in (one, two):
        found = Counter(traffic.stored(Reading(nodes[2]), load.run))
        assert {kept: found[kept] for kept in load.accepted if found[kept] != 1} == {}
        assert {kept: count for kept, count in found.items() if count > 1} == {}
        assert load.odd == []
    for gateway in gateways:
        until(lambda gateway=gateway: ready(gateway))  # type: ignore[misc]
    assert check(address(nodes, 1)).problems == ()
