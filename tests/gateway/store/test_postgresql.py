"""PostgreSQL's cursor against a real server, and against psycopg's own cursor."""

import select
import signal
import threading
import time
from concurrent.futures import ThreadPoolExecutor

import pytest

from gateway.store.postgresql import DIALECT

pytestmark = [pytest.mark.external, pytest.mark.xdist_group("databases")]


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


def test_who_watches_the_socket_hears_when_all_has_come(cursor):
    with cursor.pipeline(wait=False):
        cursor.execute("SELECT 1")
        cursor.execute("SELECT pg_sleep(0.3)")
        cursor.execute("SELECT 3")
    heard, deadline = 0, time.monotonic() + 30
    while not cursor.has_come():
        assert time.monotonic() < deadline
        select.select([cursor.socket], [], [], 30)
        heard += 1
    assert heard >= 1
    cursor.complete()
    assert cursor.fetchlast(3) == [[(1,)], [("",)], [(3,)]]


def test_a_socket_that_takes_no_more_is_not_watched_before_it_has_taken_all(cursor):
    with cursor.pipeline(wait=False):
        for _ in range(8):
            cursor.execute("SELECT length(%s::text)", ("y" * 3_000_000,))
    assert cursor.socket is None
    cursor.wait()
    assert (cursor.socket is None, cursor.has_come()) == (False, True)
    cursor.complete()
    assert cursor.fetchlast(8) == [[(3_000_000,)]] * 8


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
