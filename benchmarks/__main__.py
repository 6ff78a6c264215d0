"""``make bench``: the gateway and what others would write for the same job, driven by wrk, side by side in one run.

Every 2xx answer to a write must be a new event, in the gateway and in every peer: the count of answers is compared with
the events in the database. Figures of one run compare with each other; those of two machines do not.
"""

import argparse
import os
import platform
import shutil
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import TypeAlias

from benchmarks import codec
from benchmarks.contenders import Contender, gateway, peer
from benchmarks.peers import PEERS, Peer
from benchmarks.servers import running
from benchmarks.wrk import LOAD, Measured, measure, of_rounds
from tests.databases import free_port, postgres_missing

OURS = sorted(
    path.stem for path in LOAD.glob("*.lua") if path.stem.partition("-")[0] not in ("done", "nothing", "peer")
)
WARM = 2
"""Seconds of a load that each server takes before it is measured."""
NOTHING = "nothing"
Entrant: TypeAlias = Callable[[int, int, int], tuple[Measured, list[str]]]
"""Runs a load by its number, with so many connections and for so many seconds; gives what was wrong with it, too."""


def main() -> int:
    """Run the loads that were asked for; exit status 1 when an answer was not an event."""
    options = _arguments()
    codec.report()
    if shutil.which("wrk") is None:
        print("wrk is missing: apt install wrk")
        return 1
    print(f"{platform.platform()}, {os.cpu_count()} processors, Python {platform.python_version()}")
    print(f"{options.rounds} times {options.seconds} seconds for each row")
    peers = list(_installed()) if options.peers else []
    wrong: list[str] = []
    with tempfile.TemporaryDirectory() as folder, ExitStack() as stack:
        ours = [stack.enter_context(gateway(Path(folder), options.workers, store)) for store in options.stores]
        for load in options.loads or OURS:
            rows, lies = _load(options, Path(folder), load, ours, peers)
            _print(rows)
            wrong += lies
    for line in wrong:
        print(line)
    return 1 if wrong else 0


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="make bench BENCH=…", description=__doc__)
    parser.add_argument("loads", nargs="*", help=f"which loads of {', '.join(OURS)}; default all")
    parser.add_argument("--connections", type=int, nargs="+", default=[16, 64])
    parser.add_argument("--seconds", type=int, default=5)
    parser.add_argument("--rounds", type=int, default=3, help="in each of which everyone has a turn")
    parser.add_argument("--workers", default="0")
    parser.add_argument("--stores", nargs="+", default=["sqlite"], help="sqlite, postgresql or both")
    parser.add_argument("--no-peers", dest="peers", action="store_false", help="the gateway alone")
    return parser.parse_args()


def _installed() -> Iterator[Peer]:
    for one in PEERS:
        missing = one.missing or (postgres_missing() if one.database == "postgresql" else None)
        if missing is None:
            yield one
        else:
            print(f"not measured: {missing}")


@contextmanager
def _nothing(options: argparse.Namespace) -> Iterator[Entrant]:
    """A server that does nothing, under the same gunicorn: what the machine and HTTP cost at that moment."""
    port = free_port()
    workers = str(os.cpu_count()) if options.workers == "0" else options.workers
    gunicorn = Path(sys.executable).parent / "gunicorn"
    command = [gunicorn, "-k", "uvicorn_worker.UvicornWorker", "-w", workers, "-b", f"127.0.0.1:{port}"]
    with running([*command, "--log-level", "error", "benchmarks.nothing:app"], port) as process:
        yield lambda _, connections, seconds: (
            replace(measure(NOTHING, {}, port, connections, seconds, (process,)), server=NOTHING),
            [],
        )


def _load(
    options: argparse.Namespace, folder: Path, load: str, ours: list[Contender], peers: list[Peer]
) -> tuple[list[Measured], list[str]]:
    """One load for everyone who takes it, in turn at each number of connections, while the others are idle; several
    rounds of that, since the processor of a shared machine is not the same from one minute to the next."""
    rows: list[Measured] = []
    wrong: list[str] = []
    with ExitStack() as stack:
        entrants: list[Entrant] = [partial(one.run, load, load) for one in ours]
        for one in peers:
            if load in one.loads:
                entrants.append(partial(stack.enter_context(peer(folder, one)).run, load, one.loads[load]))
        entrants.append(stack.enter_context(_nothing(options)))
        for number, run in enumerate(entrants):
            run(50 + number, options.connections[0], WARM)
        for turn, connections in enumerate(options.connections):
            found: list[list[Measured]] = [[] for _ in entrants]
            for number in range(options.rounds):
                for of_one, run in zip(found, entrants, strict=True):
                    row, lies = run(turn * options.rounds + number, connections, options.seconds)
                    of_one.append(row)
                    wrong += lies
            rows += map(of_rounds, found)
    return rows, wrong


def _print(rows: list[Measured]) -> None:
    for row in rows:
        beside = [item for item in rows if item.connections == row.connections]
        first, nothing = beside[0], beside[-1]
        speed, cost = row.requests_per_second / nothing.requests_per_second, row.cpu_us / nothing.cpu_us
        print(
            f"{row.name:16} {row.server:18} {row.connections:5} connections {row.requests_per_second:8.0f} requests/s"
            f"  p50 {row.p50_ms:7.2f} ms  p99 {row.p99_ms:7.2f} ms  cpu {row.cpu_us:6.0f} us"
            f" (least {row.least_cpu_us:.0f}, {cost:.1f} of nothing)  errors {row.refused + row.failed}"
            f"  {speed:6.3f} of nothing  gateway x{first.requests_per_second / row.requests_per_second:.2f}",
            flush=True,
        )


if __name__ == "__main__":
    sys.exit(main())
