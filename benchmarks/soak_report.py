"""The samples of a soak, what is demanded of them, and the page that tells both."""

import os
import platform
import statistics
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from benchmarks.soak_server import Process

GROWTH, ROOM_MIB = 1.2, 24.0
"""Memory of a process at the end against that after warming up: at most so many times, and so much beside it."""
FILES = 16
"""Open files at the end above those after warming up."""
DRIFT, ROOM_SECONDS = 1.5, 0.005
"""Median latency of a kind at the end against that after warming up."""


@dataclass(frozen=True, slots=True)
class Sample:
    """One moment: seconds since the start, the server's processes, seconds of the answers since the last sample.

    ``pace`` is how long a fixed piece of work took just then, so that a machine that others keep busy is not taken for
    a server that grows slow.
    """

    at: float
    processes: list[Process]
    seconds: dict[str, list[float]]
    pace: float = 1.0

    def line(self) -> str:
        """For those who watch."""
        answers = [second for kind in self.seconds.values() for second in kind]
        memory = " ".join(f"{process.memory:.0f}" for process in self.processes)
        files = " ".join(str(process.files) for process in self.processes)
        return (
            f"{self.at:6.0f} s  {len(answers):6} answers  p50 {1000 * quantile(answers, 0.5):6.1f} ms"
            f"  p99 {1000 * quantile(answers, 0.99):6.1f} ms  MiB {memory}  files {files}"
        )


@dataclass(frozen=True, slots=True)
class Report:
    """Everything that was found; ``soak`` has the callers' own notes."""

    minutes: float
    rate: float
    samples: list[Sample]
    soak: Any
    lost: list[str]
    problems: tuple[str, ...]
    size: tuple[int, float]


@dataclass(frozen=True, slots=True)
class Criterion:
    """One thing that is demanded, what was found, and whether it is met."""

    text: str
    found: str
    met: bool


def quantile(values: Sequence[float], part: float) -> float:
    """The value below which this part of them lies; 0 without values."""
    return sorted(values)[min(len(values) - 1, int(part * len(values)))] if values else 0.0


def quarters(samples: list[Sample]) -> tuple[list[Sample], list[Sample]]:
    """The second quarter, when all is warm, and the last."""
    quarter = max(1, len(samples) // 4)
    return samples[quarter : 2 * quarter] or samples[:1], samples[-quarter:]


def criteria(report: Report) -> list[Criterion]:
    """All that is demanded."""
    warm, last = quarters(report.samples)
    slower = max(1.0, _pace(last) / _pace(warm))
    pids = {process.pid for sample in report.samples for process in sample.processes}
    return [
        _each(
            f"memory of each process at the end: at most {GROWTH:g} times that after warming up and {ROOM_MIB:g} MiB",
            [
                (f"{a:.0f} to {b:.0f} MiB", b <= a * GROWTH + ROOM_MIB)
                for a, b in _pairs(warm, last, lambda p: p.memory)
            ],
        ),
        _each(
            f"open files of each process at the end: at most {FILES} more",
            [(f"{a:.0f} to {b:.0f}", b <= a + FILES) for a, b in _pairs(warm, last, lambda p: p.files)],
        ),
        _each(
            f"median latency of each kind at the end: at most {DRIFT:g} times that after warming up and"
            f" {1000 * ROOM_SECONDS:g} ms, on a machine that others made {slower:.2f} times slower meanwhile",
            [
                (f"{kind} {1000 * a:.1f} to {1000 * b:.1f} ms", b <= (a * DRIFT + ROOM_SECONDS) * slower)
                for kind, a, b in _latencies(warm, last)
            ],
        ),
        Criterion("no worker was replaced", f"{len(pids)} processes", len(pids) == len(report.samples[0].processes)),
        Criterion(
            "every answered write is stored exactly once",
            f"{len(report.soak.accepted):,} answered, {len(report.lost)} lost or stored twice",
            not report.lost and bool(report.soak.accepted),
        ),
        Criterion(
            "``session-gateway check`` finds the store whole",
            "; ".join(report.problems) or "whole",
            not report.problems,
        ),
        Criterion(
            "every request got the answer that it must get",
            "; ".join(f"{count} times {text}" for text, count in report.soak.wrong.most_common(5)) or "so it was",
            not report.soak.wrong,
        ),
    ]


def pace() -> float:
    """Seconds that a fixed piece of work takes now; a median, since one turn may be interrupted."""
    taken = []
    for _ in range(9):
        began = time.perf_counter()
        sum(range(100_000))
        taken.append(time.perf_counter() - began)
    return statistics.median(taken)


def _pace(samples: list[Sample]) -> float:
    return statistics.mean(sample.pace for sample in samples)


def _each(text: str, found: list[tuple[str, bool]]) -> Criterion:
    return Criterion(text, "; ".join(what for what, _ in found), all(met for _, met in found))


def _pairs(warm: list[Sample], last: list[Sample], value: Callable[[Process], float]) -> list[tuple[float, float]]:
    """Of each process its median then, and its median now."""
    count = min(len(sample.processes) for sample in [*warm, *last])
    return [
        (
            statistics.median(value(sample.processes[n]) for sample in warm),
            statistics.median(value(sample.processes[n]) for sample in last),
        )
        for n in range(count)
    ]


def _latencies(warm: list[Sample], last: list[Sample]) -> list[tuple[str, float, float]]:
    kinds = sorted({kind for sample in [*warm, *last] for kind in sample.seconds})
    return [(kind, quantile(_of(warm, kind), 0.5), quantile(_of(last, kind), 0.5)) for kind in kinds]


def _of(samples: Iterable[Sample], kind: str) -> list[float]:
    return [second for sample in samples for second in sample.seconds.get(kind, ())]


def render(report: Report) -> tuple[str, list[Criterion]]:
    """The page, and the criteria that were not met."""
    judged = criteria(report)
    failed = [criterion for criterion in judged if not criterion.met]
    events, size = report.size
    total = sum(report.soak.requests.values())
    lines = [
        "Soak",
        "====",
        "",
        f"{datetime.now(UTC):%Y-%m-%d}, {report.minutes:g} minutes of mixed load of all APIs (``make soak``) on"
        f" {os.cpu_count()} processors with {memory():.0f} GiB,",
        f"{platform.system()} {platform.machine()}, Python {platform.python_version()}; the callers ran on the same"
        " machine.",
        "",
        f"{total:,} requests ({total / (60 * report.minutes):,.0f} a second, {report.rate:g} intended), of which"
        f" {len(report.soak.accepted):,} were accepted writes;",
        f"{report.soak.followed:,} events read by followers. The store then held {events:,} events in {size:,.0f} MiB.",
        "",
        "Not met: " + ", ".join(c.text for c in failed) + "." if failed else "Every criterion was met.",
        "",
        *table(("Demanded", "Found", "Met"), [(c.text, c.found, "yes" if c.met else "**no**") for c in judged]),
        *table(("Answers to", "Number", "p50 ms", "p99 ms", "Slowest ms"), _kinds(report)),
        *table(("Minute", "Answers", "p50 ms", "p99 ms", "MiB", "Open files"), _course(report)),
    ]
    return "\n".join(lines).rstrip("\n") + "\n", failed


def _kinds(report: Report) -> list[tuple[str, ...]]:
    rows = []
    for kind, count in sorted(report.soak.requests.items()):
        seconds = _of(report.samples, kind)
        figures = (quantile(seconds, 0.5), quantile(seconds, 0.99), max(seconds, default=0.0))
        rows.append((kind, f"{count:,}", *(f"{1000 * figure:.1f}" for figure in figures)))
    return rows


def _course(report: Report) -> list[tuple[str, ...]]:
    """Some twenty of the samples' moments."""
    rows = []
    for sample in report.samples[:: max(1, len(report.samples) // 20)]:
        answers = [second for kind in sample.seconds.values() for second in kind]
        figures = (f"{1000 * quantile(answers, part):.1f}" for part in (0.5, 0.99))
        memory = " ".join(f"{process.memory:.0f}" for process in sample.processes)
        files = " ".join(str(process.files) for process in sample.processes)
        rows.append((f"{sample.at / 60:.1f}", f"{len(answers):,}", *figures, memory, files))
    return rows


def table(head: tuple[str, ...], rows: list[tuple[str, ...]]) -> list[str]:
    """Lines of reStructuredText."""
    lines = [".. list-table::", "   :header-rows: 1", ""]
    for cells in (head, *rows):
        lines += [f"   {'* -' if number == 0 else '  -'} {cell}" for number, cell in enumerate(cells)]
    return [*lines, ""]


def memory() -> float:
    """GiB of this machine."""
    text = Path("/proc/meminfo").read_text(encoding="ascii")
    return int(text.split("MemTotal:")[1].split()[0]) / 2**20
