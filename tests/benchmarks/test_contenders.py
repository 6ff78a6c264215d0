"""Every request of the benchmark is a new event, whatever was sent before it."""

import sqlite3
from pathlib import Path

import pytest

from benchmarks import contenders
from benchmarks.contenders import Contender
from benchmarks.wrk import Measured


def test_no_load_tells_of_the_sessions_of_another(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    runs: list[str] = []

    def measured(script: str, values: dict[str, str], *rest: object) -> Measured:
        runs.append(values["RUN"])
        return Measured(script, 1, 1.0, 1.0, 1.0, 0, 0, 0)

    monkeypatch.setattr(contenders, "measure", measured)
    with sqlite3.connect(tmp_path / "db") as database:
        database.execute("CREATE TABLE events (position INTEGER PRIMARY KEY)")
    peer = Contender("peer", 1, str(tmp_path / "db"), ())
    for load in ("workstation-json", "workstation-xml"):
        for number in (0, 1):
            peer.run(load, load, number, 1, 1)
    assert len(set(runs)) == 4
