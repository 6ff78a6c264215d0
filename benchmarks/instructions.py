"""How many instructions a request costs: ``python -m benchmarks.instructions``, counted by valgrind's callgrind.

Instructions, unlike seconds, are the same whatever else the machine does, so that a change which makes requests dearer
shows in a test. A process below valgrind sends each seed through the wire door, store and ledger included, as
:mod:`benchmarks.path` does; counting is switched on only for that. Alone, a request pays for a whole commit; the
figures of a batch tell what one of sixteen costs that came together. ``http`` is the server's part alone.
"""

import asyncio
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import uvloop

from benchmarks import path
from gateway.store import checkpoints


@dataclass(frozen=True)
class Figure:
    """What is counted: ``make`` gives what to do, ``warm`` times before, so that everything is compiled and cached, and
    ``counted`` times then. One time is ``together`` requests."""

    make: Callable[[Any, path.Seed], Callable[[], Awaitable[None] | None]]
    seed: str
    together: int = 1
    warm: int = 30
    counted: int = 40


def _batch(gateway: Any, seed: path.Seed) -> Callable[[], Awaitable[None] | None]:
    return path.whole(gateway, seed, BATCH)


BATCH = 16
FIGURES = {
    "http": Figure(path.http, "workstation-xml"),
    "workstation-xml": Figure(path.whole, "workstation-xml"),
    "workstation-xml-batch": Figure(_batch, "workstation-xml", BATCH, 2, 5),
    "biot-json": Figure(path.whole, "biot-json"),
    "biot-json-batch": Figure(_batch, "biot-json", BATCH, 2, 5),
    "partstream-soap": Figure(path.whole, "partstream-soap"),
}
"""By name."""
_TOTALS = re.compile(r"^(?:summary|totals): (\d+)", re.MULTILINE)


def missing() -> str | None:
    """What to do before instructions can be counted, None when they can."""
    return None if shutil.which("valgrind") else "valgrind is missing: apt install valgrind"


def counted() -> Mapping[str, int]:
    """Instructions of one request, by the name of its figure."""
    with tempfile.TemporaryDirectory() as folder:
        out = Path(folder) / "out"
        command = ["valgrind", "--tool=callgrind", "--instr-atstart=no", f"--callgrind-out-file={out}"]
        environment = {**os.environ, "PYTHONHASHSEED": "0", "PYTHONMALLOC": "pymalloc"}
        subprocess.run(
            [*command, sys.executable, "-m", "benchmarks.instructions", "--inside"],
            check=True,
            capture_output=True,
            env=environment,
        )
        return {
            name: int(_TOTALS.findall(Path(f"{out}.{number}").read_text())[-1]) // (figure.counted * figure.together)
            for number, (name, figure) in enumerate(FIGURES.items(), 1)
        }


def _inside() -> None:
    with tempfile.TemporaryDirectory() as folder:
        os.environ["PROMETHEUS_MULTIPROC_DIR"] = folder
        # The log is worked off at a random moment.
        checkpoints.PAGES = 1 << 40
        gateway, token = path._opened(folder)
        uvloop.run(_all(gateway, {seed.name: seed for seed in path.seeds(token)}))


async def _all(gateway: Any, seeds: Mapping[str, path.Seed]) -> None:
    acts = {name: figure.make(gateway, seeds[figure.seed]) for name, figure in FIGURES.items()}
    # Only now: what was made may have asked the store from this thread.
    gateway.store.attach(asyncio.get_running_loop())
    for name, figure in FIGURES.items():
        await _count(figure, acts[name])
    await asyncio.to_thread(gateway.close)


async def _count(figure: Figure, act: Callable[[], Awaitable[None] | None]) -> None:
    await _times(figure.warm, act)
    _control("-i", "on")
    await _times(figure.counted, act)
    _control("-i", "off")
    _control("-d")


async def _times(number: int, act: Callable[[], Awaitable[None] | None]) -> None:
    for _ in range(number):
        if (waits := act()) is not None:
            await waits


def _control(*words: str) -> None:
    subprocess.run(["callgrind_control", *words, str(os.getpid())], check=True, capture_output=True)


def report() -> None:
    """Print a line for each figure, or JSON for the test that compares."""
    if why := missing():
        raise SystemExit(why)
    found = counted()
    if "--json" in sys.argv:
        print(json.dumps(found, indent=2))
        return
    for name, count in found.items():
        print(f"{name:24} {count:10,} instructions")


if __name__ == "__main__":
    _inside() if "--inside" in sys.argv else report()
