"""An event loop that writes to a real PostgreSQL: it waits for nothing, and batches that expect to find nothing."""

import asyncio
import itertools
import threading
import time
from contextlib import contextmanager

import pytest
from store_kit import again, closed, opened, turning, upserted, work

from gateway.outcome import Fault
from gateway.store import open_store
from gateway.store.check import check
from gateway.store.dialect import Connection
from gateway.store.libpq import Cursor
from gateway.store.postgresql import DIALECT, LOCK
from gateway.store.writer import Writer
from tests import databases

pytestmark = [pytest.mark.external, pytest.mark.xdist_group("databases")]


def longest_pause(loop, seconds):
    """For how long the loop did nothing else at most, meanwhile."""

    async def look():
        last, longest, end = time.monotonic(), 0.0, time.monotonic() + seconds
        while last < end:
            await asyncio.sleep(0.01)
            longest, last = max(longest, time.monotonic() - last), time.monotonic()
        return longest

    return asyncio.run_coroutine_threadsafe(look(), loop).result()


@contextmanager
def in_use(server, name):
    """An event loop, a store of one event to which it writes, and another connection to that store."""
    path = databases.empty(server, name)
    with turning() as loop:
        store = open_store(path)
        store.attach(loop)
        store.submit(work(opened("first"))).result(timeout=30)
        other = DIALECT.open(path, 5.0, False)
        other.connect()
        try:
            yield loop, store, other.connection()
        finally:
            other.close()
            store.close()


HELD = {"lock": f"SELECT pg_advisory_xact_lock({LOCK})", "look": "LOCK TABLE names", "commit": "LOCK TABLE events"}


@pytest.mark.parametrize("step", HELD)
def test_an_event_loop_goes_on_while_its_write_waits_for_another(server, step):
    with in_use(server, f"held_{step}") as (loop, store, other):
        other.execute("BEGIN")
        other.execute(HELD[step])
        waiting = store.submit(work(opened("second")))
        assert longest_pause(loop, 1.5) < 0.5
        assert not waiting.done()
        other.execute("COMMIT")
        assert waiting.result(timeout=30).event.position == 2


SLEEPY = """
CREATE FUNCTION sleepy() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN PERFORM pg_sleep(0.6); RETURN NULL; END';
CREATE CONSTRAINT TRIGGER sleepy AFTER INSERT ON events DEFERRABLE INITIALLY DEFERRED
    FOR EACH ROW EXECUTE FUNCTION sleepy()
"""


def test_an_event_loop_goes_on_while_its_commit_takes_long(server):
    with in_use(server, "slow_commit") as (loop, store, other):
        for statement in SLEEPY.strip().split(";\n"):
            other.execute(statement)
        other.commit()
        waiting = [store.submit(work(opened(str(number)))) for number in range(3)]
        assert longest_pause(loop, 1.5) < 0.5
        assert sorted(one.result(timeout=30).event.position for one in waiting) == [2, 3, 4]
        assert other.execute("SELECT count(*), count(DISTINCT id) FROM events").fetchone() == (4, 4)


def test_an_event_loop_never_waits_for_its_server(server, monkeypatch):
    by, poll = [], Cursor._poll

    def noted(self, events):
        by.append(threading.current_thread().name)
        poll(self, events)

    with in_use(server, "never") as (_, store, _other):
        monkeypatch.setattr(Cursor, "_poll", noted)
        for number in range(20):
            store.submit(work(opened(str(number)))).result(timeout=30)
        monkeypatch.undo()
    assert by == []


def counted(monkeypatch, kind, name):
    """How often a method is called from now on, as the length of a list."""
    calls, method = [], getattr(kind, name)

    def noted(*given):
        calls.append(given)
        return method(*given)

    monkeypatch.setattr(kind, name, noted)
    return calls


def test_writes_that_find_nothing_take_one_way_to_the_server_and_back(server, monkeypatch):
    with in_use(server, "one_way") as (_, store, _other):
        ways = counted(monkeypatch, Cursor, "_sync")
        for number in range(20):
            store.submit(work(upserted(f"new {number}"))).result(timeout=30)
        assert len(ways) == 20


@pytest.mark.parametrize("write", [upserted, closed])
def test_what_another_wrote_meanwhile_is_found(server, write):
    name = f"meanwhile_{write.__name__}"
    with in_use(server, name) as (_, store, _other):
        second, connection = open_store(databases.address(server, name)), store._writer.connection.cursor()
        for number in range(4):
            there = second.submit(work(opened(f"key {number}"))).result(timeout=30)
            here = store.submit(work(write(f"key {number}"), after=1)).result(timeout=30)
            assert (here.session.uid, here.session.version) == (there.session.uid, 2)
            assert here.event.position == there.event.position + 1
        second.close()
        # To be surprised costs no connection.
        assert store._writer.connection.cursor() is connection
    told = (server.folder / "log").read_text(encoding="utf-8").count("an optimistic batch found event ")
    assert told > 0 or write is closed


def test_a_repeat_is_told_so_whoever_answered_the_first(server):
    with in_use(server, "repeats") as (_, store, _other):
        second = open_store(databases.address(server, "repeats"))
        for number in range(4):
            write = work(upserted(f"key {number}"))
            first = second.submit(write).result(timeout=30)
            repeated = store.submit(again(write, 1)).result(timeout=30)
            assert (repeated.repeated, repeated.event.id) == (True, first.event.id)
        second.close()


def test_who_changes_what_is_known_is_seldom_run_twice(server, monkeypatch):
    with in_use(server, "known") as (_, store, _other):
        twice = counted(monkeypatch, Writer, "expect")
        for number in range(100):
            store.submit(work(upserted("first", retry=opened().retry, name=str(number)))).result(timeout=30)
        assert len(twice) < 10


def test_very_many_at_once_have_positions_without_a_gap_and_are_stored_whole(server):
    """More than fit into one statement, some of the same key, some refused."""
    with in_use(server, "very_many") as (loop, store, _):
        held = threading.Event()
        loop.call_soon_threadsafe(held.wait)
        writes = [work(upserted(f"key {number // 3}", name=str(number))) for number in range(300)]
        writes += [work(closed("nowhere")) for _ in range(20)]
        futures = [store.submit(write) for write in writes]
        held.set()
        positions = [future.result(timeout=30).event.position for future in futures[:300]]
        assert sorted(positions) == list(range(2, 302))
        assert [isinstance(future.exception(timeout=30), Fault) for future in futures[300:]] == [True] * 20
        stored = store.submit(work(upserted("key 99"), after=5)).result(timeout=30)
        assert stored.session.version == 4
    assert check(databases.address(server, "very_many")).problems == ()


def test_a_connection_that_is_lost_where_nothing_is_to_be_written_costs_nothing(server, monkeypatch):
    with in_use(server, "idle") as (_, store, _other):
        write = work(upserted("new"))
        first, rollback = store.submit(write).result(timeout=30), Connection.rollback

        def losing(self, wait=True):
            self.database.connection().close()
            rollback(self, wait)

        with monkeypatch.context() as patched:
            patched.setattr(Connection, "rollback", losing)
            repeated = store.submit(again(write, 1)).result(timeout=10)
        assert (repeated.repeated, repeated.event.id) == (True, first.event.id)
        assert store.submit(work(upserted("next"))).result(timeout=30).event.position == 3


def test_a_connection_that_is_lost_behind_the_commit_costs_nothing(server, monkeypatch):
    """Only the database knows whether it has committed, and where."""
    with in_use(server, "behind") as (_, store, other):
        complete, lost = Connection.complete, itertools.count()

        def losing(self):
            if self.pending and threading.current_thread().name != "ledger" and next(lost) == 0:
                self.wait()
                self.database.connection().close()
            complete(self)

        monkeypatch.setattr(Connection, "complete", losing)
        outcome = store.submit(work(upserted("new"))).result(timeout=30)
        assert next(lost) >= 1
        assert outcome.event.position == 2
        assert other.execute("SELECT position, id FROM events WHERE position > 1").fetchall() == [
            (2, outcome.event.id.bytes)
        ]
