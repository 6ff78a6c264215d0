"""SQLite's log is synced outside of the writers' lock, and nothing is told before."""

import errno
import os
import struct
import threading
import time

import pytest
from store_kit import again, database_of, key, opened, openings, upserted, work

from gateway.commands import ByKey, GetSession, ListEvents
from gateway.outcome import FaultKind
from gateway.store import open_store
from gateway.store.dialect import StoreError
from gateway.store.logsync import LogSync

_sync = os.fdatasync


@pytest.fixture
def other(path, store):
    """The same store, opened like another process."""
    other = open_store(str(path))
    yield other
    other.close()


class Disk:
    """Stands for ``os.fdatasync``: the first sync takes until it is let go, and every one is counted."""

    def __init__(self):
        self.syncs = 0
        self.begun = threading.Event()
        self.let_go = threading.Event()

    def __call__(self, file):
        self.syncs += 1
        if self.syncs == 1:
            self.begun.set()
            assert self.let_go.wait(30)
        _sync(file)


@pytest.fixture
def disk(store, monkeypatch):
    """A disk whose first sync takes long."""
    disk = Disk()
    monkeypatch.setattr(os, "fdatasync", disk)
    yield disk
    disk.let_go.set()


def test_a_write_is_answered_only_after_its_sync_and_others_commit_meanwhile(store, other, disk):
    slow = store.submit(work(opened("slow")))
    assert disk.begun.wait(30)
    assert other.submit(work(opened("quick"))).result(30).event.position == 2
    assert not slow.done()
    disk.let_go.set()
    assert slow.result(30).event.position == 1


@pytest.mark.parametrize("asks", ["the same write", "a read"])
def test_what_is_not_on_the_disk_yet_is_synced_before_anybody_tells_of_it(store, other, disk, asks):
    first = work(upserted(mode="a"))
    slow = store.submit(first)
    assert disk.begun.wait(30)
    prepared = again(first, 1) if asks == "the same write" else work(GetSession(ByKey(key())))
    told = other.submit(prepared).result(30)
    assert told.session.mode == "a"
    assert disk.syncs == 2
    assert not slow.done()


def test_a_read_of_what_is_on_the_disk_needs_no_sync(store, run, monkeypatch):
    run(work(opened()))
    monkeypatch.setattr(os, "fdatasync", None)
    assert run(work(GetSession(ByKey(key())))).session


def failing(monkeypatch, times):
    """Let so many syncs fail, as those of a disk do."""
    left = [OSError(errno.EIO, "Input/output error")] * times

    def fdatasync(file):
        if left:
            raise left.pop()
        _sync(file)

    monkeypatch.setattr(os, "fdatasync", fdatasync)


def test_a_sync_that_fails_once_is_made_good_by_a_checkpoint(path, store, run, monkeypatch):
    failing(monkeypatch, 1)
    assert run(work(opened())).event.position == 1
    # All of it is in the database file by itself.
    copy = path.with_name("copy.db")
    copy.write_bytes(path.read_bytes())
    with database_of(copy) as database:
        assert database.execute("SELECT count(*) FROM events").fetchone() == (1,)
    assert store.ready() is None
    assert run(work(opened())).event.position == 2


def test_after_a_failed_sync_no_process_answers_until_the_log_is_in_the_database(path, opening, monkeypatch):
    monkeypatch.setattr("gateway.store.writer._PAUSES", (0.0,))
    store = opening()
    other = open_store(str(path))
    with database_of(path) as reader:
        # A reader of an old snapshot: the log cannot all be copied.
        reader.execute("BEGIN")
        reader.execute("SELECT count(*) FROM events").fetchone()
        failing(monkeypatch, 1)
        doubtful = work(upserted(mode="a"))
        fault = store.submit(doubtful).exception(30)
        assert fault.kind is FaultKind.STORE_UNAVAILABLE
        assert "could not be synced" in store.ready()
        assert other.submit(work(opened("b"))).exception(30).kind is FaultKind.STORE_UNAVAILABLE
        assert [one.id for one in other.submit(work(ListEvents())).result(30).events]
        reader.execute("COMMIT")
    deadline = time.monotonic() + 30
    while store.ready() is not None and time.monotonic() < deadline:
        time.sleep(0.05)
    # It was written after all, and is found by its repetition.
    assert store.submit(again(doubtful, 1)).result(30).repeated
    assert other.submit(work(opened("b"))).result(30).event.position == 2
    store.close()
    other.close()


class Clock:
    """Stands for ``time`` and for the disk: each sync takes as many seconds as are given, and no real ones."""

    def __init__(self, monkeypatch):
        self.now, self.seconds, self.by = 0.0, 0.0, []
        monkeypatch.setattr("gateway.store.logsync.time", self)
        monkeypatch.setattr("gateway.store.pace.time", self)
        monkeypatch.setattr(os, "fdatasync", self.fdatasync)

    def monotonic(self):
        return self.now

    def fdatasync(self, file):
        self.by.append(threading.current_thread().name)
        self.now += self.seconds

    def who(self, store, seconds, number=1):
        """The threads that sync while so many writes come one after the other, and each sync takes so long."""
        self.seconds, before = seconds, len(self.by)
        for _ in range(number):
            store.submit(work(opened())).result(30)
        return set(self.by[before:])


def test_an_event_loop_waits_for_a_quick_disk_alone(path, monkeypatch):
    """One that has been slow is left to the other thread, for twenty times as long and until it is quick again."""
    clock = Clock(monkeypatch)
    with openings(str(path), in_loop=True) as opens:
        store = opens()
        (loop,) = clock.who(store, 0.0005, 3)
        assert loop != "ledger"
        assert clock.who(store, 0.1) == {loop}
        assert clock.who(store, 0.0005, 100) == {"ledger"}
        clock.now += 2.0
        assert clock.who(store, 0.0005) == {loop}
        assert clock.who(store, 0.004, 20) == {loop, "ledger"}
        assert clock.who(store, 0.004) == {"ledger"}
        store.close()


def test_a_sync_of_the_event_loop_that_fails_is_made_good_by_the_other_thread(path, monkeypatch):
    with openings(str(path), in_loop=True) as opens:
        store = opens()
        failing(monkeypatch, 1)
        assert store.submit(work(opened())).result(30).event.position == 1
        assert store.ready() is None
        store.close()


def test_counts_go_on_after_a_process_died_between_its_commit_and_its_word(path, store, run):
    run(work(opened("a")))
    gone = LogSync(str(path))
    gone.begin()
    gone.close()
    assert run(work(GetSession(ByKey(key("a"))))).session
    assert run(work(opened("b"))).event.position == 2
    mine = LogSync(str(path))
    assert mine.is_synced(mine.latest)
    mine.close()


def test_the_log_of_a_store_that_was_closed_by_all_and_opened_again_is_another_file(path, opening):
    kept = LogSync(str(path))
    for position in (1, 2, 3):
        store = opening()
        assert store.submit(work(opened())).result(30).event.position == position
        # The number of a commit that was never synced by anybody, as far as is known.
        kept.begin()
        kept.logged(kept.latest)
        kept.sync(kept.latest)
        assert os.fstat(kept._file).st_ino == os.stat(f"{path}-wal").st_ino
        store.close()
    kept.sync(kept.begin())
    kept.close()


def test_a_disk_without_room_for_the_counts_stops_the_start_with_a_sentence(path, monkeypatch):
    def full(*_):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(os, "posix_fallocate", full)
    with pytest.raises(StoreError, match=r"sessions\.db cannot be opened: No space left on device\.$"):
        open_store(str(path))


def test_the_file_of_the_counts_is_for_its_owner_alone(path, store):
    assert os.stat(f"{path}.lock").st_mode & 0o777 == 0o600


def test_counts_that_a_power_cut_tore_apart_save_nobody_a_sync(path, opening, monkeypatch):
    # That a hundred commits are on the disk, of one that was begun.
    path.with_name(f"{path.name}.lock").write_bytes(struct.pack("=3Q", 1, 1, 100) + bytes(4072))
    store = opening()
    syncs = []
    monkeypatch.setattr(os, "fdatasync", lambda file: syncs.append(_sync(file)))
    store.submit(work(opened())).result(30)
    store.close()
    assert syncs
