"""How many instructions a request costs: ``python -m benchmarks.instructions``, counted by valgrind's callgrind.

Instructions, unlike seconds, are the same whatever else the machine does, so that a change which makes requests dearer
shows in a test. A process below valgrind sends each seed through the wire door, store and ledger included, as
:mod:`benchmarks.path` does; counting is switched on only for that.
"""

import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import uvloop

from benchmarks import path

WARM, COUNTED = 30, 40
"""Requests before, so that everything is compiled and cached, and requests that are counted."""
SEEDS = ("workstation-xml", "biot-json", "partstream-soap")
_TOTALS = re.compile(r"^(?:summary|totals): (\d+)", re.MULTILINE)


def missing() -> str | None:
    """What to do before instructions can be counted, None when they can."""
    return None if shutil.which("valgrind") else "valgrind is missing: apt install valgrind"


def counted() -> Mapping[str, int]:
    """Instructions of one request, by seed."""
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
            name: int(_TOTALS.findall((Path(f"{out}.{number}")).read_text())[-1]) // COUNTED
            for number, name in enumerate(SEEDS, 1)
        }


def _inside() -> None:
    with tempfile.TemporaryDirectory() as folder:
        os.environ["PROMETHEUS_MULTIPROC_DIR"] = folder
        gateway, token = path._opened(folder)
        seeds = {seed.name: seed for seed in path.seeds(token)}
        for name in SEEDS:
            uvloop.run(_count(path.whole(gateway, seeds[name])))
        gateway.close()


async def _count(request: Callable[[], Any]) -> None:
    for _ in range(WARM):
        await request()
    _control("-i", "on")
    for _ in range(COUNTED):
        await request()
    _control("-i", "off")
    _control("-d")


def _control(*words: str) -> None:
    subprocess.run(["callgrind_control", *words, str(os.getpid())], check=True, capture_output=True)


def report() -> None:
    """Print a line for each seed, or JSON for the test that compares."""
    if why := missing():
        raise SystemExit(why)
    found = counted()
    if "--json" in sys.argv:
        print(json.dumps(found, indent=2))
        return
    for name, count in found.items():
        print(f"{name:20} {count:10,} instructions")


if __name__ == "__main__":
    _inside() if "--inside" in sys.argv else report()
