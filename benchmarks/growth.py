"""``make bench-growth``: does an event cost the same in a store of ten million events as in an empty one?

Events and sessions are written in bulk, in order, into a new SQLite file and a new PostgreSQL. Then writes are measured
on that store and on an empty one in turns, so that whatever else the machine does meets both: at first as the load left
it, then with the index of places held in memory, as a machine does after some hours of service. Before that, reads by
key, spread over the whole store, and first pages, in turns with those of a store of a thousand events. Exit status 1
when less than 0.9 of the empty store's writes were done, or a read took more than 1.5 times as long.

A store that is kept (``--keep``) is made once and measured as often as one likes: ten million events need 45 GB, and
half an hour to make.
"""

import argparse
import json
import shutil
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, ExitStack, chdir, closing, contextmanager
from dataclasses import asdict, dataclass, replace
from functools import partial
from pathlib import Path

from benchmarks import growth_load, growth_report
from benchmarks.growth_load import Mould
from benchmarks.growth_report import ON_DISK, Loaded, Reads, Result, Writes
from benchmarks.ledger import batches, commit, fresh, opened, template
from benchmarks.servers import cpu_seconds
from gateway import boot, demo
from gateway.boot import Gateway
from gateway.commands import ByKey, GetSession, ListSessions
from gateway.work import Work
from tests import databases

BATCH, BATCHES = 32, 40
"""Writes of a commit, and commits of a turn."""
COLD = 20
"""For so small a part of the time writes are measured before the index of places is held in memory."""
STILL_SECONDS = 3.0
"""A clock that was late by so much was stopped."""
SMALL = 1_000
"""Events of the store whose reads are the measure."""
_STRIDE = 7919


@dataclass(frozen=True, slots=True)
class Served:
    """Where databases of one kind are made: the address of a new one, the process beside ours, and what it is."""

    new: Callable[[str], str]
    address: Callable[[str], str]
    version: str
    pids: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class Kind:
    """One kind of store: how it is served from a folder (True: for a load), filled and weighed, and where the
    pages of its index of places lie."""

    serve: Callable[[Path, bool], AbstractContextManager[Served]]
    load: Callable[[str, Mould, int], None]
    sizes: Callable[[str], dict[str, int]]
    index: Callable[[str], Iterator[tuple[Path, int]]]


@contextmanager
def _sqlite(folder: Path, loading: bool) -> Iterator[Served]:
    import apsw

    def address(name: str) -> str:
        return str(folder / f"{name}.db")

    yield Served(address, address, f"SQLite {apsw.sqlite_lib_version()}")


_LOADING = ("wal_level=minimal", "max_wal_senders=0", "autovacuum=off", "max_wal_size=8GB", "shared_buffers=1GB")


@contextmanager
def _postgresql(folder: Path, loading: bool) -> Iterator[Served]:
    """With its defaults (every commit is synced), but for a load."""
    import psycopg

    with databases.postgres(folder, _LOADING if loading else ()) as server:
        with psycopg.connect(server.url) as connection:
            version = f"PostgreSQL {connection.info.server_version // 10_000}"
        yield Served(
            partial(databases.empty, server),
            partial(databases.address, server),
            version,
            (server.pid,),
        )


KINDS = {
    "sqlite": Kind(_sqlite, growth_load.load_sqlite, growth_load.sizes_sqlite, growth_load.index_sqlite),
    "postgresql": Kind(
        _postgresql, growth_load.load_postgresql, growth_load.sizes_postgresql, growth_load.index_postgresql
    ),
}


def open_at(address: str, folder: Path) -> Gateway:
    """A gateway of the demonstration, whose private key lies in the folder."""
    with chdir(folder):
        settings = boot.load_settings(environment={}, flags={"database": address, "demo": True})
        demo.seed(settings)
        return boot.assemble(settings, watch=False)


def made(kind: Kind, folder: Path, cast: Mould, count: int) -> Loaded:
    """A store of so many events in this folder. One that is there and whole is taken as it is."""
    marker = folder / "loaded.json"
    if marker.exists():
        there = Loaded(**json.loads(marker.read_text(encoding="utf-8")))
        if there.events != count:
            raise SystemExit(
                f"{folder} holds a store of {there.events} events: ask for so many, or name another folder."
            )
        return there
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    with kind.serve(folder, True) as served:
        address = served.new("grown")
        open_at(address, folder).close()
        began = time.perf_counter()
        kind.load(address, cast, count)
        loaded = Loaded(count, time.perf_counter() - began, kind.sizes(address))
    marker.write_text(json.dumps(asdict(loaded)), encoding="utf-8")
    return loaded


class Turns:
    """The seconds of each turn of one store, and the processor time of all."""

    def __init__(self, gateway: Gateway, served: Served) -> None:
        self.seconds: list[float] = []
        self._gateway = gateway
        self._pids = served.pids
        self._cpu = 0.0
        self._before = cpu_seconds(*served.pids)

    def take(self, works: Iterator[Work], clock: "Clock") -> None:
        """One turn. One during which this process was stopped for a while is left out."""
        prepared, stops = batches(works, BATCH, BATCHES), clock.stops()
        began, cpu = time.perf_counter(), time.process_time()
        for batch in prepared:
            commit(self._gateway, batch)
        seconds = time.perf_counter() - began
        if stops == clock.stops():
            self.seconds.append(seconds)
            self._cpu += time.process_time() - cpu

    def found(self) -> Writes:
        """What the turns were. A server works for its store between the turns, too."""
        return Writes(BATCH * BATCHES, self.seconds, self._cpu + cpu_seconds(*self._pids) - self._before)


class Clock:
    """Ticks beside the work, and counts how often it could not for seconds: then all of this process stood still, as it
    does while others suspend it, and never because a disk is slow."""

    def __init__(self) -> None:
        self._stops = 0
        self._ended = threading.Event()
        self._last = time.perf_counter()
        self._thread = threading.Thread(target=self._tick, daemon=True)
        self._thread.start()

    def _tick(self) -> None:
        while not self._ended.wait(0.1):
            self._stops += self._late()
            self._last = time.perf_counter()

    def _late(self) -> bool:
        return time.perf_counter() - self._last > STILL_SECONDS

    def stops(self) -> int:
        """So far; one that has just ended is among them, before the next tick."""
        return self._stops + self._late()

    def close(self) -> None:
        """End it."""
        self._ended.set()
        self._thread.join()


def writes(stores: Sequence[Turns], works: Iterator[Work], seconds: float) -> tuple[Writes, ...]:
    """Writes on each store, measured in turns, until each has had so many seconds."""
    with closing(Clock()) as clock:
        while min(sum(turns.seconds) for turns in stores) < seconds:
            for turns in stores:
                turns.take(works, clock)
    return tuple(turns.found() for turns in stores)


def reads(small: Gateway, grown: Gateway, first: Work, cast: Mould, count: int, asked: int) -> Iterator[Reads]:
    """Milliseconds of reads by key, each for the first time and then again, and of the newest page, in turns."""
    keys = [
        (_get(first, cast, number * _STRIDE % SMALL), _get(first, cast, _spread(number, asked, count)))
        for number in range(asked)
    ]
    for name in (f"by key, {ON_DISK}", "by key, again"):
        yield Reads(name, *_in_turns(small, grown, keys))
    page = replace(first, command=ListSessions(limit=20))
    yield Reads("first page", *_in_turns(small, grown, [(page, page)] * (asked // 4)))


def _spread(number: int, asked: int, count: int) -> int:
    """Places all over the store, each of which begins somewhere else in a page."""
    return (number * _STRIDE % asked) * count // asked + number % max(1, count // asked)


def _get(first: Work, cast: Mould, number: int) -> Work:
    return replace(first, command=GetSession(ByKey(growth_load.key(cast, 1 + number))))


def _in_turns(small: Gateway, grown: Gateway, pairs: list[tuple[Work, Work]]) -> tuple[list[float], list[float]]:
    times: tuple[list[float], list[float]] = [], []
    for pair in pairs:
        for gateway, work, of in zip((small, grown), pair, times, strict=True):
            of.append(_milliseconds(gateway, work))
    return times


def _milliseconds(gateway: Gateway, work: Work) -> float:
    began = time.perf_counter()
    outcome = gateway.store.submit(work).result()
    assert outcome.session is not None or outcome.sessions
    return (time.perf_counter() - began) * 1000


def measured(name: str, options: argparse.Namespace) -> Result:
    """Everything about one kind of store."""
    kind = KINDS[name]
    with ExitStack() as stack:
        beside = _folder(stack, options.folder)
        first, cast = moulded(beside / "mould.db")
        folder = options.keep.resolve() / name if options.keep else _folder(stack, options.folder)
        loaded = made(kind, folder, cast, options.events)
        print(f"{loaded.events:,} events loaded in {loaded.seconds:,.0f} s", flush=True)
        other = stack.enter_context(kind.serve(beside, False))
        served = stack.enter_context(kind.serve(folder, False))
        address = other.new("small")
        open_at(address, beside).close()
        kind.load(address, cast, SMALL)
        small = stack.enter_context(closing(open_at(address, beside)))
        new = other.new("empty")
        empty = stack.enter_context(closing(open_at(new, beside)))
        grown = stack.enter_context(closing(open_at(served.address("grown"), folder)))
        found = list(reads(small, grown, first, cast, loaded.events, options.reads))
        began, works = time.perf_counter(), fresh(first)
        _, cold = writes([Turns(empty, other), Turns(grown, served)], works, options.seconds / COLD)
        with growth_load.held(kind.index(served.address("grown"))) as pages:
            print(f"{pages:,} pages of the index of places", flush=True)
            rates = writes([Turns(empty, other), Turns(grown, served)], works, options.seconds)
        written = Loaded(growth_load.last_position(new), time.perf_counter() - began, kind.sizes(new))
    return Result(
        served.version, growth_report.today(), growth_report.machine(), loaded, written, found, cold, rates[0], rates[1]
    )


def main() -> int:
    """Print the figures; exit status 1 when writes or reads are slower than they should be."""
    options = _arguments()
    results: dict[str, Result] = {}
    chosen = options.store or list(KINDS)
    if "postgresql" in chosen and (why := databases.postgres_missing()):
        raise SystemExit(f"{why}; or ask for --store sqlite alone.")
    for name in chosen:
        result = measured(name, options)
        print(growth_report.line(result), flush=True)
        results |= growth_report.kept(options.figures, name, result)
    text = growth_report.render(results)
    print(text)
    if options.report:
        options.report.write_text(text, encoding="utf-8")
    return 1 if any(growth_report.failed(result) for result in results.values()) else 0


def moulded(database: Path) -> tuple[Work, Mould]:
    """A prepared write, and what the gateway made of one like it."""
    with closing(opened(database)) as gateway:
        first = template(gateway, "workstation")
    return first, growth_load.mould(first, database)


def _folder(stack: ExitStack, parent: Path | None) -> Path:
    return Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="growth-", dir=parent))).resolve()


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="make bench-growth BENCH=…", description=__doc__)
    parser.add_argument("--store", action="append", choices=KINDS, help="once for each; default: all")
    parser.add_argument("--events", type=int, default=10_000_000)
    parser.add_argument("--seconds", type=float, default=300.0, help="of writes, on each of the two stores")
    parser.add_argument("--reads", type=int, default=2_000, help="by key, on each of the two stores")
    parser.add_argument("--folder", type=Path, help="where the stores are made; default: the system's temporary folder")
    parser.add_argument("--keep", type=Path, help="keep the grown stores in this folder, and use those that are there")
    parser.add_argument("--figures", type=Path, help="where figures are kept; those of another kind stay in the report")
    parser.add_argument("--report", type=Path, help="where the report is written")
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
