"""A small run of ``make bench-growth`` on each store, and what its report fails for."""

import json
from contextlib import closing
from pathlib import Path
from types import SimpleNamespace

import pytest

from benchmarks import growth, growth_load, growth_report
from benchmarks.growth_report import Loaded, Reads, Result, Writes
from benchmarks.ledger import fresh, opened, template
from gateway.store.check import check
from tests.databases import postgres_missing

pytestmark = pytest.mark.once

COUNT = 20_000


def ran(monkeypatch: pytest.MonkeyPatch, folder: Path, store: str) -> tuple[dict[str, object], str]:
    figures, report = folder / "figures.json", folder / "report.rst"
    options = ["--store", store, "--events", str(COUNT), "--seconds", "1", "--reads", "40"]
    monkeypatch.setattr("sys.argv", ["growth", *options, "--figures", str(figures), "--report", str(report)])
    # So short a run may find anything.
    assert growth.main() in (0, 1)
    found: dict[str, object] = json.loads(figures.read_text(encoding="utf-8"))[store]
    return found, report.read_text(encoding="utf-8")


def has_the_shape(found: dict[str, object], text: str, index: str) -> None:
    result = growth_report._result(found)
    assert result.loaded.events == COUNT
    # The texts alone are more than three thousand bytes; a database that is nearly empty has more of its own.
    assert 3_000 < result.loaded.sizes[""] / COUNT < 8_000
    assert result.loaded.sizes[index] > 16 * COUNT
    assert result.written.events > 1_280
    assert min(sum(result.empty.turns), sum(result.grown.turns)) >= 1
    assert [len(reads.small) == len(reads.grown) > 0 for reads in result.reads] == [True] * 3
    assert result.version in text
    assert "Grown for empty" in text


def test_a_grown_sqlite_is_compared_with_an_empty_one(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    has_the_shape(*ran(monkeypatch, tmp_path, "sqlite"), index="names")


@pytest.mark.external
@pytest.mark.xdist_group("databases")
def test_a_grown_postgresql_is_compared_with_an_empty_one(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    # ``why`` names what is missing and how to install it.
    if why := postgres_missing():
        pytest.skip(why)
    has_the_shape(*ran(monkeypatch, tmp_path, "postgresql"), index="names_pkey")


def test_a_store_in_use_is_looked_into_and_stays_whole(tmp_path: Path) -> None:
    database = tmp_path / "used.db"
    with closing(opened(database)) as gateway:
        works = fresh(template(gateway, "workstation"))
        before = gateway.store.last_position()
        for _ in range(3):
            gateway.store.submit(next(works)).result(timeout=30)
            assert list(growth_load.index_sqlite(str(database)))
            assert growth_load.sizes_sqlite(str(database))["names"] > 0
        assert gateway.store.last_position() == before + 3
        assert database.with_name("used.db-wal").exists()
    assert check(str(database)).problems == ()


def test_a_store_that_is_kept_is_filled_once_and_holds_what_was_asked_for(tmp_path: Path) -> None:
    kind, (_, cast) = growth.KINDS["sqlite"], growth.moulded(tmp_path / "mould.db")
    loaded = growth.made(kind, tmp_path / "kept", cast, 500)
    assert growth.made(kind, tmp_path / "kept", cast, 500) == loaded
    with pytest.raises(SystemExit, match="500 events"):
        growth.made(kind, tmp_path / "kept", cast, 600)


def result(slower: float = 1.0, read: float = 1.0, first: float = 1.0) -> Result:
    empty = Writes(1_280, [1.0] * 20, 4.0)
    reads = [
        Reads("by key, for the first time", [1.0] * 9, [first] * 9),
        Reads("by key, again", [1.0] * 9, [read] * 9),
    ]
    loaded = Loaded(COUNT, 1.0, {"": 5_000 * COUNT, "events": 4_000 * COUNT})
    return Result(
        "SQLite 3", "2026-01-02", "a machine", loaded, loaded, reads, empty, empty, Writes(1_280, [slower] * 20, 4.0)
    )


@pytest.mark.parametrize(
    ("found", "failed"),
    [
        (result(slower=1.1), []),
        (result(slower=1.2), ["writes: 0.83 of those on the empty store"]),
        (result(read=2.0), ["by key, again: 2.00 times the time of a small store"]),
        (result(first=9.0), []),
    ],
    ids=["flat", "slower writes", "slower reads", "the disk"],
)
def test_what_is_not_flat_is_named(found: Result, failed: list[str]) -> None:
    assert growth_report.failed(found) == failed
    text = growth_report.render({"sqlite": found})
    assert ("Every criterion was met." in text) == (not failed)
    assert "5,000" in text


def test_figures_of_the_other_store_stay_in_the_report(tmp_path: Path) -> None:
    file = tmp_path / "figures.json"
    growth_report.kept(file, "sqlite", result())
    every = growth_report.kept(file, "postgresql", result(slower=2.0))
    assert every == {"sqlite": result(), "postgresql": result(slower=2.0)}


def test_a_turn_in_which_the_process_stood_still_is_left_out(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(growth, "batches", lambda *_: [[]])
    monkeypatch.setattr(growth, "commit", lambda *_: None)
    stops = iter([0, 0, 0, 1])
    turns = growth.Turns(SimpleNamespace(), growth.Served(str, str, ""))  # type: ignore[arg-type]
    for _ in range(2):
        turns.take(iter(()), SimpleNamespace(stops=lambda: next(stops)))  # type: ignore[arg-type]
    assert len(turns.seconds) == 1


def test_the_clock_tells_that_it_could_not_tick(monkeypatch: pytest.MonkeyPatch) -> None:
    with closing(growth.Clock()) as clock:
        assert clock.stops() == 0
        monkeypatch.setattr(growth, "STILL_SECONDS", -1.0)
        assert clock.stops() == 1
