"""Writes of one batch that touch the same session, key or secret end as they would one after the other."""

import re
import threading

import pytest
from store_kit import BOB, again, closed, key, logged_in, logged_out, opened, upserted, work

from gateway.commands import ByKey, ByUid, GetSession, ListEvents, Retry, Write
from gateway.model import EventKind
from gateway.outcome import Fault
from gateway.store import open_store


def sequence():
    """Requests that depend on each other in every way there is."""
    one, known = work(upserted("a", mode="1")), work(opened("b", name="x"))
    update = Write(EventKind.UPDATED, ByUid(known.session_uid), changes={"name": "y"})
    return [
        work(logged_in("login"), secret="s1"),
        one,
        again(one, 1),
        work(upserted("a", mode="2"), after=2),
        work(closed("a"), after=3),
        work(closed("a"), after=4),
        work(upserted("a", mode="3"), after=5),
        work(closed("nobody"), after=6),
        work(logged_out("s1"), after=7),
        work(logged_out("s1"), after=8),
        work(logged_out("unknown"), after=9),
        known,
        work(update, after=10),
        work(update, BOB, after=11),
        work(upserted("a", mode="1"), BOB, after=12),
        work(closed("b"), after=13, idempotency_key="k"),
        work(closed("b"), after=14, idempotency_key="k"),
        work(closed("a"), after=15, idempotency_key="k"),
        work(Write(EventKind.DELETED, ByUid(known.session_uid)), after=16),
        work(update, after=17),
    ]


def told(future):
    try:
        outcome = future.result(timeout=30)
    except Fault as fault:
        return fault.kind, fault.message
    return outcome.created, outcome.repeated, outcome.session, outcome.event


def one_by_one(store, requests):
    return [told(store.submit(request)) for request in requests]


def at_once(store, requests):
    """The ledger is held up by a task of its own until all wait, so that they make one batch."""
    held, go = threading.Event(), threading.Event()

    def hold(connection):
        held.set()
        go.wait(10)

    task = threading.Thread(target=store._run, args=(hold,))
    task.start()
    held.wait(10)
    futures = [store.submit(request) for request in requests]
    before = store.statistics()["batches"]
    go.set()
    task.join()
    results = [told(future) for future in futures]
    assert store.statistics()["batches"] - before <= 2
    return results


@pytest.mark.parametrize("earlier", [0, 5, 9])
def test_batch_ends_like_the_same_writes_alone(tmp_path, earlier):
    """``earlier`` of them were committed before, so that some answers are in the store and some in the batch."""
    requests, ends = sequence(), []
    for name, send in (("alone", one_by_one), ("batch", at_once)):
        store = open_store(str(tmp_path / name))
        results = [*one_by_one(store, requests[:earlier]), *send(store, requests[earlier:])]
        latest = [told(store.submit(work(GetSession(ByKey(key(place)))))) for place in ("a", "b", "login")]
        events = store.submit(work(ListEvents(limit=100))).result().events
        ends.append({"results": results, "latest": latest, "events": events})
        store.close()
    for number, pair in enumerate(zip(ends[0]["results"], ends[1]["results"], strict=True)):
        assert pair[0] == pair[1], number
    assert ends[0] == ends[1]
    assert len(ends[0]["events"]) > 6


def asked(store, requests):
    """What a batch of these writes asks the database, and the database's own plan for each question."""
    driver, told = store._writer.connection.cursor().connection, []
    driver.exec_trace = lambda cursor, sql, values: told.append((sql, values)) or True
    at_once(store, requests)
    driver.exec_trace = None
    questions = [(sql, values) for sql, values in told if sql.startswith("SELECT")]
    plans = {sql: [row[3] for row in driver.execute(f"EXPLAIN QUERY PLAN {sql}", values)] for sql, values in questions}
    return plans, [sql for sql, _ in questions]


BATCHES = {
    "a new session each time": [work(opened(f"new {number}", Retry.WINDOW)) for number in range(9)],
    "a secret each": [work(logged_out(f"s{number}")) for number in range(9)],
    "a key each": [work(upserted(f"key {number}")) for number in range(9)],
    "a uid each": [work(Write(EventKind.UPDATED, ByUid(work(None).event_id))) for number in range(9)],
    "a key of the caller's each": [work(closed("one"), idempotency_key=f"k{number}") for number in range(9)],
}


@pytest.mark.parametrize("name", BATCHES)
def test_batch_finds_what_it_asks_for_in_an_index(tmp_path, name):
    """Else a write would cost the more, the more there is in the store."""
    store = open_store(str(tmp_path / "store"))
    one_by_one(store, [work(logged_in(f"login {number}"), secret=f"s{number}") for number in range(20)])
    found, _ = asked(store, BATCHES[name])
    store.close()
    assert len(found) > 1
    assert [line for plan in found.values() for line in plan if re.match(r"SCAN (t\d|row|[a-z]+s\b)", line)] == []


def test_many_changes_of_one_session_ask_for_it_once(tmp_path):
    store = open_store(str(tmp_path / "store"))
    one_by_one(store, [work(opened("one"))])
    counts = []
    for size in (2, 9):
        changes = [work(upserted("one", mode=f"{number} of {size}")) for number in range(size)]
        counts.append(len(asked(store, changes)[1]))
    store.close()
    assert counts[0] == counts[1]


def test_many_repeats_ask_together(tmp_path):
    """Whoever was not answered sends everything again, and others do at the same time."""
    store = open_store(str(tmp_path / "store"))
    changed = [work(opened(f"changed {number}", Retry.WINDOW)) for number in range(9)]
    kept = [work(opened(f"new {number}", Retry.WINDOW)) for number in range(9)]
    first = one_by_one(store, [*changed, *kept])
    one_by_one(store, [work(upserted(f"changed {number}", name="later"), after=1) for number in range(9)])
    counts = []
    for size in (2, 7):
        requests = [again(request, 2) for request in (*changed[:size], *kept[:size])]
        counts.append(len(asked(store, requests)[1]))
    ends = at_once(store, [again(request, 2) for request in (*changed, *kept)])
    store.close()
    # Of each: whether it was made, and the session and the event as they were then.
    assert [(end[0], *end[2:]) for end in ends] == [(end[0], *end[2:]) for end in first]
    assert all(end[1] for end in ends)
    assert counts[0] == counts[1]
