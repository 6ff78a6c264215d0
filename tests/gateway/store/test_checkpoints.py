"""The write-ahead log is worked off while writes go on, so that it does not grow with them."""

import time

import pytest
from store_kit import database_of, opened, work

from gateway.store import checkpoints

PAGE = 4096


@pytest.fixture
def often(monkeypatch):
    """Work the log off after 200 pages."""
    monkeypatch.setattr(checkpoints, "PAGES", 200)


def write(store, count):
    for number in range(count):
        store.submit(work(opened(f"{time.monotonic()}-{number}"))).result(timeout=30)


def test_log_stays_small_while_writes_go_on(often, path, store):
    log = path.with_name(path.name + "-wal")
    write(store, 300)
    assert log.stat().st_size < 1500 * PAGE
    write(store, 300)
    assert log.stat().st_size < 1500 * PAGE
    assert path.stat().st_size > 100 * PAGE, "what the log held is in the database"


def test_log_grows_where_it_cannot_be_worked_off_and_nothing_is_lost(often, path, store, caplog):
    """A reader that stays in its snapshot holds the log; writers go on."""
    with database_of(path) as other:
        other.execute("BEGIN")
        other.execute("SELECT count(*) FROM events").fetchone()
        write(store, 150)
        assert path.with_name(path.name + "-wal").stat().st_size > 1200 * PAGE
        other.execute("ROLLBACK")
        assert other.execute("SELECT count(*) FROM events").fetchone() == (150,)


def test_a_checkpoint_that_fails_is_told_and_tried_again(often, path, store, caplog, monkeypatch):
    monkeypatch.setattr(store._checkpoints, "_statement", "PRAGMA wal_checkpoint(PASSIVE) nonsense")
    write(store, 40)
    monkeypatch.setattr(store._checkpoints, "_statement", "PRAGMA wal_checkpoint(PASSIVE)")
    write(store, 300)
    assert "could not be worked off" in caplog.text
    assert path.with_name(path.name + "-wal").stat().st_size < 1500 * PAGE
