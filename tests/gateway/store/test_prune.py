"""What is older than a limit is forgotten, all of it, and nothing else; writers and followers notice nothing."""

import threading
import time
from datetime import UTC, datetime, timedelta

import pytest
from store_kit import ANNE, BOB, NOON, closed, database_of, key, logged_in, logged_out, opened, upserted, work

from gateway.cli import main
from gateway.commands import ByKey, ByUid, GetSession, ListEvents, ListSessions, Retry, Write
from gateway.model import EventKind, Subject
from gateway.outcome import Fault
from gateway.store import open_store, retention
from gateway.store.check import check

LATER = 40 * 86_400.0
BETWEEN = NOON + timedelta(days=20)


def get(run, name, principal=ANNE):
    return run(work(GetSession(ByKey(key(name)), optional=True), principal)).session


@pytest.fixture
def history(run):
    """Old: a closed, an open, a deleted and a re-opened session, a fact, a secret; and newer ones."""
    for name in ("closed", "open", "again"):
        run(work(upserted(name, mode="a", subject=Subject(user_id="ann"))))
    run(work(closed("closed"), after=60))
    run(work(closed("again"), after=60, idempotency_key="k"))
    run(work(opened("closed"), BOB))
    run(work(closed("closed"), BOB, after=60))
    gone = run(work(opened("gone"))).session
    run(work(Write(EventKind.DELETED, ByUid(gone.uid)), after=61))
    run(work(Write(EventKind.RECORDED, changes={"name": "x"}), after=62))
    run(work(logged_in("login"), secret="s1", after=63))
    run(work(logged_out("s1"), after=64))
    run(work(upserted("again", mode="b", kind=EventKind.OPENED), after=LATER))
    run(work(closed("again"), after=LATER + 1))
    run(work(opened("new", retry=Retry.WINDOW), after=LATER + 2))
    return gone


def test_closed_sessions_go_with_everything_and_the_others_stay_whole(path, store, run, history):
    before = run(work(ListEvents(limit=1000))).events
    pruned = store.prune(BETWEEN)
    assert (pruned.sessions, get(run, "closed"), get(run, "closed", BOB), get(run, "login")) == (3, None, None, None)
    assert {get(run, name).key.id for name in ("open", "again", "new")} == {"open", "again", "new"}
    left = run(work(ListEvents(limit=1000))).events
    assert left == tuple(event for event in before if event in left)
    assert len(left) < len(before)
    assert len({event.session_uid for event in left}) == 3
    with pytest.raises(Fault):
        run(work(ListEvents(session_uid=history.uid)))
    store.close()
    assert check(str(path)).problems == ()
    assert check(str(path)).rows["tokens"] == 0


def test_lists_count_what_is_left(store, run, history):
    store.prune(BETWEEN)
    listed = run(work(ListSessions(count=True)))
    assert listed.total == len(listed.sessions) == 3


def test_one_tenant_can_be_pruned_alone(path, store, run, history):
    assert store.prune(BETWEEN, "south").sessions == 1
    assert get(run, "closed", BOB) is None
    assert get(run, "closed") is not None
    store.close()
    assert check(str(path)).problems == ()


def test_positions_go_on_where_they_were(store, run, history):
    """Also when all was pruned: the newest event stays."""
    last = store.last_position()
    run(work(closed("open"), after=LATER + 3))
    run(work(closed("new"), after=LATER + 4))
    store.prune(NOON + timedelta(days=90))
    assert run(work(opened("next"), after=LATER + 5)).event.position == last + 3


def test_a_key_that_was_forgotten_can_be_used_anew(store, run, history):
    store.prune(BETWEEN)
    outcome = run(work(upserted("closed", mode="z"), after=LATER + 9))
    assert (outcome.created, outcome.session.version) == (True, 1)


def test_what_can_still_be_repeated_is_kept(store, run):
    now = datetime.now(UTC)
    run(work(upserted("one"), at=now))
    run(work(closed("one"), at=now))
    run(work(opened("two"), at=now))
    assert store.prune(now + timedelta(days=1)).events == 0


def test_very_many_events_of_one_session_go_in_slices(path, store, run, monkeypatch):
    monkeypatch.setattr("gateway.store.prune._PAGE", 7)
    monkeypatch.setattr("gateway.store.prune._SLICE_SECONDS", 0.0)
    for number in range(30):
        run(work(upserted("long", mode=str(number)), after=number))
    run(work(closed("long"), after=40))
    run(work(opened("new"), after=LATER))
    assert store.prune(BETWEEN) == store.prune(BETWEEN).__class__(1, 31)
    store.close()
    assert check(str(path)).problems == ()


def test_writers_do_not_wait_for_long(store, run):
    works = [work(opened(f"s{number}"), after=number) for number in range(300)]
    works += [work(closed(f"s{number}"), after=1000 + number) for number in range(300)]
    for future in [store.submit(one) for one in works]:
        future.result()
    run(work(opened("new"), after=LATER))
    waited, done = [], threading.Event()

    def write():
        number = 0
        while not done.is_set():
            number += 1
            began = time.perf_counter()
            run(work(opened(f"n{number}"), after=LATER + number))
            waited.append(time.perf_counter() - began)

    thread = threading.Thread(target=write)
    thread.start()
    try:
        assert store.prune(BETWEEN).sessions == 300
    finally:
        done.set()
        thread.join()
    assert len(waited) > 5
    assert sorted(waited)[len(waited) // 2] < 0.25


def test_the_setting_forgets_while_the_gateway_runs(path, monkeypatch):
    monkeypatch.setattr(retention, "FIRST_SECONDS", 0.01)
    monkeypatch.setattr(retention, "SECONDS", 0.05)
    store = open_store(str(path), {"retention_days": 30})
    for one in (work(upserted("one")), work(closed("one")), work(opened("new"), at=datetime.now(UTC))):
        store.submit(one).result()
    try:
        for _ in range(200):
            if not store.submit(work(GetSession(ByKey(key("one")), optional=True))).result().session:
                break
            time.sleep(0.05)
        else:
            pytest.fail("nothing was forgotten")
    finally:
        store.close()


def test_the_command_tells_what_it_forgot(path, store, run, history, capsys):
    store.close()
    arguments = ["prune", "--database", f"sqlite:///{path}", "--older-than", "1"]
    assert main([*arguments, "--tenant", "nobody"]) == 0
    assert "0 sessions and 0 events forgotten" in capsys.readouterr().out
    assert main(arguments) == 0
    assert "forgotten" in capsys.readouterr().out
    with database_of(path) as database:
        assert database.execute("SELECT count(*) FROM events").fetchone()[0] < 10
    with pytest.raises(SystemExit):
        main([*arguments[:-1], "-3"])
