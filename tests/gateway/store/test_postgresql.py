"""PostgreSQL's cursor against a real server, and against psycopg's own cursor; and an event loop that writes there."""

import asyncio
import signal
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager

import pytest
from store_kit import opened, turning, work

from gateway.store import open_store
from gateway.store.libpq import Cursor
from gateway.store.postgresql import DIALECT, LOCK
from tests import databases

pytestmark = [pytest.mark.external, pytest.mark.xdist_group("databases")]


@pytest.fixture(scope="module")
def server():
    # ``why`` names what is missing and how to install it.
    if why := databases.postgres_missing():
        pytest.skip(why)
    with databases.postgres() as running:
        yield running


@pytest.fixture
def database(server):
    opened = DIALECT.open(server.url, 5.0, False)
    opened.connect()
    yield opened
    opened.close()


@pytest.fixture
def cursor(database):
    made = DIALECT.cursor(database.connection())
    made.execute("CREATE TEMPORARY TABLE kept (id BIGINT PRIMARY KEY, name TEXT, body BYTEA)")
    return made


ADD = "INSERT INTO kept (id, name, body) VALUES (%s, %s, %s)"
ALL = "SELECT id, name, body FROM kept ORDER BY id"
ROWS = [
    (-(1 << 63), "", b""),
    (-1, "100 % of 'Łódź' \\ \n", bytes(range(256))),
    (0, None, None),
    ((1 << 63) - 1, "'; --", b"\\x41"),
]


def test_values_come_back_as_psycopg_itself_reads_them(cursor, database):
    cursor.executemany(ADD, ROWS)
    cursor.execute(ALL)
    assert cursor.fetchall() == ROWS == database.connection().execute(ALL).fetchall()


def test_a_statement_that_finds_nothing_has_no_row_and_neither_has_a_change(cursor):
    cursor.execute(ALL)
    assert (cursor.fetchone(), cursor.fetchall()) == (None, [])
    cursor.execute(ADD, ROWS[0])
    assert cursor.fetchall() == []


def test_the_last_statement_of_a_pipeline_is_the_one_that_is_read_and_at_its_end_only(cursor):
    cursor.execute("SELECT 2")
    with cursor.pipeline():
        cursor.execute(ADD, ROWS[0])
        cursor.execute("SELECT 1")
        assert cursor.fetchall() == []
        cursor.execute("SELECT COUNT(*), %s::bigint FROM kept", (7,))
    assert cursor.fetchone() == (1, 7)


def test_what_is_refused_in_a_pipeline_is_told_at_its_end_and_nothing_behind_it_is_run(cursor):
    cursor.execute(ADD, (1, "first", b""))

    def send_all():
        with cursor.pipeline():
            cursor.execute("BEGIN")
            cursor.execute(ADD, (1, "again", b""))
            cursor.execute(ADD, (2, "second", b""))
            cursor.execute("COMMIT")

    with pytest.raises(DIALECT.failures()) as refused:
        send_all()
    assert DIALECT.is_clash(refused.value)
    assert not DIALECT.is_lost(refused.value)
    cursor.execute("ROLLBACK")
    cursor.execute(ALL)
    assert cursor.fetchall() == [(1, "first", b"")]


def test_an_error_of_the_caller_within_a_pipeline_leaves_the_connection_as_it_was(cursor):
    def send_and_fail():
        with cursor.pipeline():
            cursor.execute(ADD, ROWS[0])
            raise KeyError("the caller's own")

    with pytest.raises(KeyError):
        send_and_fail()
    cursor.execute(ALL)
    assert cursor.fetchall() == ROWS[:1]


def test_both_sides_may_have_more_to_say_than_the_sockets_hold(cursor):
    size = 3_000_000
    done = threading.Timer(60, signal.raise_signal, (signal.SIGINT,))
    done.start()
    try:
        with cursor.pipeline():
            for _ in range(8):
                cursor.execute("SELECT repeat('x', %s::int), length(%s::text)", (size, "y" * size))
    finally:
        done.cancel()
    text, length = cursor.fetchone()
    assert (len(text), length) == (size, size)


def test_statements_beyond_those_that_are_kept_prepared_run_as_well(cursor, monkeypatch):
    monkeypatch.setattr("gateway.store.libpq._PREPARED", 3)
    for number in (*range(10), *range(10)):
        with cursor.pipeline():
            cursor.execute(f"SELECT {number}")
        assert cursor.fetchone() == (number,)
    cursor.execute("SELECT COUNT(*) FROM pg_prepared_statements")
    assert cursor.fetchone()[0] <= 3


def test_a_statement_that_could_not_be_prepared_is_refused_each_time_in_the_same_words(cursor):
    told = []
    for _ in range(2):
        with pytest.raises(DIALECT.failures()) as refused:
            cursor.execute("SELECT nothing FROM nowhere WHERE it = %s", (1,))
        told.append(str(refused.value))
    assert told[0] == told[1]
    assert "nowhere" in told[0]


@pytest.mark.parametrize("how", ["the server ends it", "this side ends it"])
def test_a_connection_that_is_gone_is_told_as_lost(server, database, cursor, how):
    if how == "this side ends it":
        database.connection().close()
    else:
        other = DIALECT.open(server.url, 5.0, False)
        other.connect()
        cursor.execute("SELECT pg_backend_pid()")
        other.connection().execute("SELECT pg_terminate_backend(%s::int)", cursor.fetchone())
        other.close()
    with pytest.raises(DIALECT.failures()) as lost:
        cursor.execute(ALL)
    assert DIALECT.is_lost(lost.value)
    with pytest.raises(DIALECT.failures()) as still, cursor.pipeline():
        cursor.execute("ROLLBACK")
    assert DIALECT.is_lost(still.value)


def test_what_is_sent_without_waiting_is_read_when_it_is_asked_for(cursor):
    with cursor.pipeline(wait=False):
        cursor.execute("SELECT pg_sleep(0.2)")
        cursor.execute("SELECT 7")
    assert (cursor.pending, cursor.fetchall()) == (True, [])
    cursor.complete()
    assert (cursor.pending, cursor.fetchall()) == (False, [(7,)])
    cursor.complete()
    assert cursor.fetchall() == [(7,)]


def test_what_is_refused_without_waiting_is_told_when_it_is_asked_for(cursor):
    with cursor.pipeline(wait=False):
        cursor.execute("SELECT 1 / 0")
    with pytest.raises(DIALECT.failures(), match="division by zero"):
        cursor.complete()
    cursor.execute("SELECT 1")
    assert cursor.fetchone() == (1,)


def test_a_thread_in_a_hurry_gives_a_slow_server_up_and_others_wait_for_it(cursor):
    cursor.hurry()
    with ThreadPoolExecutor(1) as other:
        other.submit(cursor.execute, "SELECT pg_sleep(0.6)").result()
    began = time.monotonic()
    with pytest.raises(DIALECT.failures()) as slow:
        cursor.execute("SELECT pg_sleep(10)")
    assert time.monotonic() - began < 5
    assert DIALECT.is_lost(slow.value)


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


def test_a_commit_that_takes_long_stops_the_event_loop_for_a_moment_and_is_made_once(server):
    """The loop waits for a quick server itself; it gives up on a slow one, whose commit may yet succeed."""
    with in_use(server, "slow_commit") as (loop, store, other):
        for statement in SLEEPY.strip().split(";\n"):
            other.execute(statement)
        other.commit()
        waiting = [store.submit(work(opened(str(number)))) for number in range(3)]
        assert longest_pause(loop, 1.5) < 0.5
        assert sorted(one.result(timeout=30).event.position for one in waiting) == [2, 3, 4]
        assert other.execute("SELECT count(*), count(DISTINCT id) FROM events").fetchone() == (4, 4)


def test_an_event_loop_waits_for_a_quick_server_by_itself(server, monkeypatch):
    by, complete = [], Cursor.complete

    def noted(self):
        if self.pending:
            by.append(threading.current_thread())
        complete(self)

    with turning() as loop:
        store = open_store(databases.empty(server, "quick"))
        store.attach(loop)
        monkeypatch.setattr(Cursor, "complete", noted)
        for number in range(20):
            store.submit(work(opened(str(number)))).result(timeout=30)
        store.close()
    # One begins and looks up, the other waits for the commit.
    assert {thread.name == "ledger" for thread in by} == {True, False}
