"""Counts and far pages by tallies are those of the rows, whatever changed the rows, and while they change."""

import random
import threading
from contextlib import suppress
from datetime import UTC, datetime, timedelta

import pytest
from store_kit import ANNE, BOB, NOON, OPERATOR, again, database_of, opened, work

from gateway.commands import ByUid, ListSessions, Order, Retry, SessionFilter, Write
from gateway.model import EventKind, Subject
from gateway.outcome import Fault
from gateway.store import open_store
from gateway.store.dialect import Connection
from gateway.store.sqlite import DIALECT as SQLITE
from gateway.store.tallies import count_anew

TALLIED = (
    "SELECT tenant, level, bucket, sessions, started FROM tallies WHERE sessions <> 0 OR started <> 0 ORDER BY 1, 2, 3"
)
SPREAD = (timedelta(0), timedelta(seconds=59), timedelta(minutes=61), timedelta(days=-40_000), timedelta(days=3))


def tallied(path):
    with database_of(path) as database:
        return database.execute(TALLIED).fetchall()


def counted(path):
    """The same from the sessions' own rows."""
    found = {}
    with database_of(path) as database:
        for tenant, sort_at, started_at in database.execute("SELECT tenant, sort_at, started_at FROM sessions"):
            for level, size in enumerate((86_400_000_000, 60_000_000)):
                row = found.setdefault((tenant, level, sort_at // size), [0, 0])
                row[0] += 1
                row[1] += started_at is not None
    return sorted((*place, *row) for place, row in found.items())


def total(store, who=ANNE, **where):
    return store.submit(work(ListSessions(SessionFilter(**where), count=True, limit=1), who)).result().total


def test_tallies_follow_every_change_of_a_session(store, run, path):
    chance = random.Random(7)
    uids = [
        run(work(opened(str(number), started_at=NOON + chance.choice(SPREAD)), chance.choice([ANNE, BOB]))).session.uid
        for number in range(12)
    ]
    for number in range(60):
        uid, who = chance.choice(uids), chance.choice([ANNE, BOB])
        start = chance.choice([None, *(NOON + spread for spread in SPREAD)])
        kind = EventKind.DELETED if number % 10 == 9 else EventKind.UPDATED
        with suppress(Fault):  # the other tenant's, or gone
            run(work(Write(kind, ByUid(uid), changes={"started_at": start}), who, after=number))
        assert tallied(path) == counted(path)
    assert total(store, OPERATOR) == total(store) + total(store, BOB) == sum(row[3] for row in counted(path)) / 2


def test_refused_and_repeated_writes_are_not_counted(store, run, path):
    write = work(opened(retry=Retry.WINDOW, started_at=NOON))
    run(write)
    run(again(write, after=1))
    with pytest.raises(Fault):
        run(work(Write(EventKind.OPENED, key=opened("x").key, facts={"bug": True}, missing=opened().missing)))
    assert (total(store), tallied(path)) == (1, counted(path))


def counted_anew(path):
    """What a migration does to a store of before there were tallies; ``tests/data/store-v2.sql`` is migrated whole."""
    with database_of(path) as database:
        database.execute("UPDATE tallies SET sessions = 77, bucket = bucket + 5")
    connection = Connection(SQLITE, str(path), 5.0)
    connection.begin()
    count_anew(connection)
    connection.commit()
    connection.close()


def test_sessions_of_an_older_store_are_counted_as_they_would_have_been(path):
    store = open_store(str(path))
    for number, start in enumerate((NOON, None, datetime(1931, 5, 6, 7, 8, 9, 10, tzinfo=UTC), NOON)):
        changes = {"started_at": start, "subject": Subject(user_id="ann")}
        store.submit(work(opened(str(number), **changes), after=number)).result()
    store.close()
    expected = tallied(path)
    counted_anew(path)
    assert tallied(path) == expected == counted(path)
    store = open_store(str(path))
    assert (total(store, user="ann"), total(store, user="ann", started_to=NOON)) == (4, 3)
    store.close()


def test_count_and_pages_fit_each_other_while_sessions_are_written(store, run):
    """The newest page holds what is there; the last page, found by the count of the same answer, is never empty."""
    start = datetime(2020, 1, 1, tzinfo=UTC)
    stop = threading.Event()
    done: list[int] = []

    def write():
        while not stop.is_set():
            number = len(done)
            at = start + timedelta(seconds=37 * (number * 7919 % 1000))
            store.submit(work(opened(str(number), started_at=at), after=number)).result()
            done.append(number)

    writers = [threading.Thread(target=write)]
    for thread in writers:
        thread.start()
    try:
        for order in (*Order,) * 30:
            least = len(done)
            command = ListSessions(order=order, count=True, limit=100_000)
            outcome = store.submit(work(command)).result()
            assert least <= outcome.total == len(outcome.sessions)
            half = store.submit(work(ListSessions(SessionFilter(started_to=start), order, 10, count=True))).result()
            assert half.total == len(half.sessions)
    finally:
        stop.set()
        for thread in writers:
            thread.join()
    assert total(store) == len(done)


@pytest.mark.parametrize("order", Order)
def test_far_page_begins_where_the_skipped_end(store, path, order):
    """Also when all sessions share a minute, or an instant."""
    for number in range(5):
        store.submit(work(opened(str(number), started_at=NOON + timedelta(minutes=number)))).result()
    with database_of(path) as database:
        body = database.execute("SELECT body FROM sessions").fetchone()[0]
        rows = [
            (100 + n, n.to_bytes(16, "big"), "north", b"k", 0, n // 700 * 25_000_000, n // 700 * 25_000_000, body)
            for n in range(3000)
        ]
        database.executemany("INSERT INTO sessions VALUES (?, ?, ?, ?, ?, ?, ?, 'closed', 'biot', 0, 0, ?)", rows)
    counted_anew(path)
    reopened = open_store(str(path))
    places = sorted((row[5], row[0]) for row in rows)
    for skip in (1001, 1399, 1400, 2000, 2995, 3004, 3005, 9999):
        outcome = reopened.submit(work(ListSessions(order=order, limit=10, offset=skip, count=True))).result()
        assert outcome.total == 3005
        assert len(outcome.sessions) == max(0, min(10, 3005 - skip))
        earlier = reopened.submit(work(ListSessions(order=order, limit=skip + 10))).result().sessions
        assert list(outcome.sessions) == list(earlier[skip:])
    assert len(places) == 3000
    reopened.close()
