"""``python -m tests.fuzz`` fuzzes every target in turn and writes docs/fuzz-report.rst; with a name, that one alone.

``--seeds`` writes the seeds anew. What a run finds lies in ``var/fuzz/findings``; each becomes a file in
``tests/fuzz/cases/<target>/``.
"""

import argparse
import os
import platform
import re
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

HERE = Path(__file__).parent
ROOT = HERE.parent.parent
PLACE = ROOT / "var" / "fuzz"
REPORT = ROOT / "docs" / "fuzz-report.rst"
NAMES = ("json", "datacontract", "jsv", "csv", "soap", "forms", "pipeline")
_DONE = re.compile(r"#(\d+)\s+DONE\s+cov: (\d+) ft: (\d+) corp: (\d+)/(\S+)")


def fuzz(name: str, seconds: int, place: Path, runs: int) -> None:
    """Fuzz one target. The process ends with it."""
    import atheris

    with atheris.instrument_imports(include=["adapters", "gateway"] if name == "pipeline" else ["adapters"]):
        from tests.fuzz import targets

    corpus, findings = place / "corpus" / name, place / "findings"
    for folder in (corpus, findings):
        folder.mkdir(parents=True, exist_ok=True)
    starts = [str(folder) for folder in (corpus, HERE / "seeds" / name, HERE / "cases" / name) if folder.is_dir()]
    flags = [
        f"-max_total_time={seconds}",
        f"-runs={runs}",
        "-max_len=4096",
        "-timeout=20",
        "-rss_limit_mb=4096",
        "-print_final_stats=1",
    ]
    atheris.Setup(
        [sys.argv[0], *starts, *flags, f"-artifact_prefix={findings}/{name}-"], lambda data: targets.run(name, data)
    )
    atheris.Fuzz()


def fuzz_all(seconds: int, place: Path) -> int:
    """Fuzz every target in turn; the exit status says whether anything was found."""
    rows = []
    for name in NAMES:
        words = [sys.executable, "-m", "tests.fuzz", name, "--seconds", str(seconds), "--place", str(place)]
        done = subprocess.run(words, cwd=ROOT, stderr=subprocess.PIPE, text=True, errors="replace", check=False)
        (place / f"{name}.log").write_text(done.stderr, encoding="utf-8")
        found = _DONE.search(done.stderr)
        figures = found.groups() if found else ("?",) * 5
        rows.append((name, *figures, "none" if found and done.returncode == 0 else f"see {name}.log"))
        print(*rows[-1], flush=True)
    REPORT.write_text(_report(rows, seconds), encoding="utf-8")
    return int(any(row[-1] != "none" for row in rows))


def _report(rows: list[tuple[Any, ...]], seconds: int) -> str:
    lines = [
        "Fuzzing report",
        "==============",
        "",
        f"``make fuzz`` on {datetime.now(UTC):%Y-%m-%d}, {seconds} seconds each, on {os.cpu_count()} cores of"
        f" {platform.machine()}, {_memory()} GiB of memory, Python {platform.python_version()}, atheris.",
        "",
        "Each target takes any bytes and gives a command, an answer or a fault, and nothing else, within two seconds",
        "of CPU time; what a codec writes reads back as what was written. ``pipeline`` sends its input to every API",
        "over every protocol, through the store.",
        "",
        ".. list-table::",
        "   :header-rows: 1",
        "",
        "   * - Target\n     - Executions\n     - Coverage (edges)\n     - Features\n     - Corpus (files)\n"
        "     - Corpus (size)\n     - Findings",
        *("   * - " + "\n     - ".join(str(cell) for cell in row) for row in rows),
        "",
    ]
    return "\n".join(lines)


def _memory() -> int:
    return round(os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30)


def write_seeds() -> None:
    """Write what every run begins with."""
    from tests.fuzz.targets import seeds

    for target, name, data in seeds():
        folder = HERE / "seeds" / target
        folder.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(data)


def main() -> int:
    """The command."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("target", nargs="?", choices=NAMES)
    parser.add_argument("--seconds", type=int, default=600)
    parser.add_argument("--runs", type=int, default=-1, help="end after so many inputs, too")
    parser.add_argument("--place", type=Path, default=PLACE)
    parser.add_argument("--seeds", action="store_true")
    asked = parser.parse_args()
    if asked.seeds:
        write_seeds()
    elif asked.target:
        fuzz(asked.target, asked.seconds, asked.place, asked.runs)
    else:
        asked.place.mkdir(parents=True, exist_ok=True)
        return fuzz_all(asked.seconds, asked.place)
    return 0


if __name__ == "__main__":
    sys.exit(main())
