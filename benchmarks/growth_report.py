"""What :mod:`benchmarks.growth` found, what is demanded of it, and the page that tells both."""

import json
import os
import platform
import statistics
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from itertools import zip_longest
from pathlib import Path
from typing import Any

from benchmarks.soak_report import memory, quantile, table

LEAST, MOST = 0.9, 1.5
"""Writes on the grown store for one on the empty one; median time of a read for that on the small one."""
ON_DISK = "for the first time"
"""A read so named waits for the disk, which an empty store never does: its time is told and not judged."""
_COURSE = 10


@dataclass(frozen=True, slots=True)
class Loaded:
    """A store of so many events: seconds until they were in, bytes of each table and index, of the whole under ''."""

    events: int
    seconds: float
    sizes: dict[str, int]


@dataclass(frozen=True, slots=True)
class Writes:
    """Of one store: the writes of a turn, seconds of each turn, and seconds of processor time of all of them."""

    each: int
    turns: list[float]
    cpu: float

    @property
    def rate(self) -> float:
        """Writes a second."""
        return self.each * len(self.turns) / sum(self.turns)

    @property
    def cpu_us(self) -> float:
        """Microseconds of processor time for a write, here and in the store's own processes."""
        return self.cpu / (self.each * len(self.turns)) * 1e6

    def course(self) -> list[float]:
        """Writes a second in each tenth of the time."""
        parts: list[list[float]] = [[] for _ in range(_COURSE)]
        spent, whole = 0.0, sum(self.turns)
        for seconds in self.turns:
            parts[min(_COURSE - 1, int(_COURSE * spent / whole))].append(seconds)
            spent += seconds
        return [self.each * len(part) / sum(part) for part in parts if part]


@dataclass(frozen=True, slots=True)
class Reads:
    """Milliseconds of one kind of read: on the small store, and on the grown one."""

    name: str
    small: list[float]
    grown: list[float]


@dataclass(frozen=True, slots=True)
class Result:
    """All that was measured with one kind of store, on the machine that is told. ``written`` is the store that was
    empty, as the gateway's own writes left it; ``cold`` are writes on the grown one before its index was in
    memory; ``note`` is what else is to be known of the run."""

    version: str
    date: str
    machine: str
    loaded: Loaded
    written: Loaded
    reads: list[Reads]
    cold: Writes
    empty: Writes
    grown: Writes
    note: str = ""

    @property
    def ratio(self) -> float:
        """Writes a second on the grown store for one on the empty store."""
        return self.grown.rate / self.empty.rate


def machine() -> str:
    """What this runs on."""
    return (
        f"{os.cpu_count()} processors with {memory():.0f} GiB, {platform.system()} {platform.machine()},"
        f" Python {platform.python_version()}"
    )


def today() -> str:
    """The date of a result."""
    return f"{datetime.now(UTC):%Y-%m-%d}"


def kept(file: Path | None, name: str, result: Result) -> dict[str, Result]:
    """The figures of the file, and this one, which is put there: of each kind of store those of the last time."""
    known = json.loads(file.read_text(encoding="utf-8")) if file and file.exists() else {}
    every = {**{other: _result(told) for other, told in known.items()}, name: result}
    if file:
        file.write_text(json.dumps({other: asdict(told) for other, told in every.items()}), encoding="utf-8")
    return every


def _result(told: dict[str, Any]) -> Result:
    parts = {"reads": [Reads(**each) for each in told["reads"]]}
    stores = {name: Loaded(**told[name]) for name in ("loaded", "written")}
    writes = {name: Writes(**told[name]) for name in ("cold", "empty", "grown")}
    return Result(**{**told, **parts, **stores, **writes})


def failed(result: Result) -> list[str]:
    """What is demanded and was not met."""
    found = [f"writes: {result.ratio:.2f} of those on the empty store"] if result.ratio < LEAST else []
    slow = [each for each in result.reads if ON_DISK not in each.name and _slower(each) > MOST]
    return [*found, *(f"{each.name}: {_slower(each):.2f} times the time of a small store" for each in slow)]


def _slower(each: Reads) -> float:
    return statistics.median(each.grown) / statistics.median(each.small)


def line(result: Result) -> str:
    """For those who watch."""
    reads = "; ".join(
        f"{each.name} {statistics.median(each.small):.2f} to {statistics.median(each.grown):.2f} ms"
        for each in result.reads
    )
    return (
        f"{result.version}: {result.empty.rate:.0f} writes a second when empty, {result.grown.rate:.0f} on the grown"
        f" store: {result.ratio:.2f}; CPU {result.empty.cpu_us:.0f} to {result.grown.cpu_us:.0f} us a write; {reads}"
    )


def render(results: dict[str, Result]) -> str:
    """The page."""
    every = list(results.values())
    events = " and ".join(sorted({f"{result.loaded.events:,}" for result in every}))
    wrong = [f"{result.version}: {text}" for result in every for text in failed(result)]
    lines = [
        "Growth",
        "======",
        "",
        f"What an event costs in a store of {events} events, against an empty one (``make bench-growth``):",
        "writes in commits of 32, in turns on both, and reads in turns with those of a store of 1,000 events.",
        f"Writes on the grown store must reach {LEAST:g} of those on the empty one; the median of a read by key, asked",
        f"again, and of the first page, must stay below {MOST:g} times that of the small store.",
        "",
        "Its pages do not all fit into memory. A write whose key the caller chose changes one page of the index of",
        "places, somewhere in its 200 to 400 MB. This index is held in memory while writes are measured, as a machine",
        'does that has some hundred MB to spare; without that ("at first") such a page costs a read from the disk. So',
        "does a read by key, for the first time. Turns during which the whole process was stopped are left out.",
        "",
        *(
            f"- {result.version}, {result.date}, {result.machine}{result.note and f'; {result.note}'}"
            for result in every
        ),
        "",
        "Not met: " + "; ".join(wrong) + "." if wrong else "Every criterion was met.",
        "",
        *table(("", *(f"{result.version}" for result in every)), list(_figures(every))),
        *table(
            ("Milliseconds of a read", "Small, p50", "Grown, p50", "Small, p99", "Grown, p99", "Grown for small, p50"),
            [_read(result, each) for result in every for each in result.reads],
        ),
        "Bytes for each event, of all that was loaded and of what the gateway itself wrote into the empty store:",
        "",
        *table(("", *_pairs(every, "loaded", "written")), _sizes(every)),
        "Writes a second in the course of the measurement:",
        "",
        *table(
            ("Time gone", *_pairs(every, "empty", "grown")),
            _course(every),
        ),
    ]
    return "\n".join(lines).rstrip("\n") + "\n"


def _figures(every: Sequence[Result]) -> Iterator[tuple[str, ...]]:
    yield "Events, loaded in bulk", *(f"{result.loaded.events:,}" for result in every)
    yield "Bytes of the database", *(f"{result.loaded.sizes['']:,}" for result in every)
    yield (
        "Writes measured, each store",
        *(" and ".join(f"{of.each * len(of.turns):,}" for of in (result.empty, result.grown)) for result in every),
    )
    yield (
        "Seconds measured, each store",
        *(" and ".join(f"{sum(of.turns):.0f}" for of in (result.empty, result.grown)) for result in every),
    )
    yield "Writes a second, empty", *(f"{result.empty.rate:,.0f}" for result in every)
    yield "Writes a second, grown", *(f"{result.grown.rate:,.0f}" for result in every)
    yield "Grown for empty", *(f"**{result.ratio:.2f}**" for result in every)
    yield "Writes a second, grown, at first", *(f"{result.cold.rate:,.0f}" for result in every)
    yield "CPU of a write, empty, µs", *(f"{result.empty.cpu_us:,.0f}" for result in every)
    yield "CPU of a write, grown, µs", *(f"{result.grown.cpu_us:,.0f}" for result in every)


def _read(result: Result, each: Reads) -> tuple[str, ...]:
    figures = [quantile(times, part) for part in (0.5, 0.99) for times in (each.small, each.grown)]
    return f"{result.version}, {each.name}", *(f"{figure:.2f}" for figure in figures), f"{_slower(each):.2f}"


def _pairs(every: Sequence[Result], *stores: str) -> list[str]:
    return [f"{result.version}, {store}" for result in every for store in stores]


def _sizes(every: Sequence[Result]) -> list[tuple[str, ...]]:
    """Of the whole first, then of each table and index that has a byte for each event."""
    stores = [store for result in every for store in (result.loaded, result.written)]
    shares = [{name: size / store.events for name, size in store.sizes.items()} for store in stores]
    most = {name: max(share.get(name, 0) for share in shares) for name in set().union(*shares)}
    return [
        (f"``{name}``" if name else "all", *(f"{share[name]:,.0f}" if name in share else "" for share in shares))
        for name in sorted(most, key=lambda name: (-most[name], name))
        if most[name] >= 1
    ]


def _course(every: Sequence[Result]) -> list[tuple[str, ...]]:
    """Writes a second in each tenth of the time."""
    columns = [writes.course() for result in every for writes in (result.empty, result.grown)]
    return [
        (f"{10 * number + 10} %", *("" if rate is None else f"{rate:,.0f}" for rate in rates))
        for number, rates in enumerate(zip_longest(*columns))
    ]
