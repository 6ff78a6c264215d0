"""The store's promises: durable, one event a write however often it is sent, tenants apart, honest when it fails."""

import asyncio
import stat
import threading
import uuid
from dataclasses import replace
from datetime import timedelta

import apsw
import pytest
from store_kit import (
    ANNE,
    BOB,
    NOON,
    OPERATOR,
    OTHER_OPERATION,
    again,
    closed,
    database_of,
    key,
    logged_in,
    logged_out,
    opened,
    upserted,
    work,
)

from gateway.commands import ByKey, ByToken, ByUid, GetSession, ListEvents, ListSessions, Missing, Retry, Write
from gateway.credentials import Credential, digest, key_verifier
from gateway.model import EventKind, State, Subject
from gateway.outcome import Fault, FaultKind
from gateway.store import SCHEMA_VERSION, StoreError, migrate, open_store
from gateway.work import Batch


def events(run, principal=ANNE, **options):
    return run(work(ListEvents(limit=1000, **options), principal)).events


def fault_of(run, prepared):
    with pytest.raises(Fault) as caught:
        run(prepared)
    return caught.value


def test_write_is_there_after_the_store_was_closed_and_opened(path, store, run):
    outcome = run(work(opened(name="shift", subject=Subject(email="A@x.org"))))
    store.close()
    with_store = open_store(str(path))
    try:
        found = with_store.submit(work(GetSession(ByUid(outcome.session.uid)))).result()
    finally:
        with_store.close()
    assert found.session == outcome.session
    assert outcome.created
    assert outcome.event.position == 1


def test_positions_grow_by_one_in_the_order_of_commits(run):
    kinds = [run(work(upserted(mode=str(number)))).event.position for number in range(5)]
    assert kinds == [1, 2, 3, 4, 5]
    listed = events(run)
    assert [event.position for event in listed] == kinds
    assert [event.changes["mode"] for event in listed] == list("01234")


class TestRepeats:
    """A write that is sent again."""

    def test_within_the_window_gives_the_first_outcome_and_no_event(self, run):
        first = work(upserted(mode="a"))
        outcome = run(first)
        repeat = run(again(first, 600))
        assert repeat.repeated
        assert repeat == replace(outcome, repeated=True)
        assert len(events(run)) == 1

    def test_after_the_window_is_a_new_write(self, run):
        first = work(upserted(mode="a"))
        run(first)
        assert not run(again(first, 601)).repeated
        assert run(again(first, 602)).repeated
        assert len(events(run)) == 2

    def test_first_outcome_is_told_though_the_session_went_on(self, run):
        first = work(upserted(mode="a"))
        outcome = run(first)
        run(work(upserted(mode="b"), after=1))
        assert run(again(first, 2)).session == outcome.session
        assert run(work(GetSession(ByKey(key())))).session.mode == "b"

    def test_latest_takes_a_b_a_for_three_changes_and_a_a_for_one(self, run):
        change = {name: work(upserted(retry=Retry.LATEST, mode=name)) for name in "ab"}
        taken = [run(again(change[name], second)).repeated for second, name in enumerate("aabba")]
        assert taken == [False, True, False, True, False]
        assert len(events(run)) == 3

    def test_none_is_never_a_repeat(self, run):
        first = work(upserted(retry=Retry.NONE, mode="a"))
        assert [run(again(first, second)).repeated for second in (0, 1)] == [False, False]

    def test_by_another_principal_or_operation_is_a_new_write(self, run):
        run(work(upserted(mode="a")))
        carol = replace(ANNE, name="carol")
        assert not run(work(upserted(mode="a"), carol)).repeated
        assert not run(work(upserted(mode="a"), operation=OTHER_OPERATION)).repeated
        assert not run(work(upserted(mode="a"), BOB)).repeated

    def test_refused_write_is_tried_again(self, run):
        first = work(closed())
        assert fault_of(run, first).kind is FaultKind.NOT_FOUND
        run(work(opened()))
        assert not run(again(first, 1)).repeated

    def test_close_of_the_next_session_of_a_key_is_not_a_repeat(self, run):
        close = work(closed())
        run(work(opened()))
        first = run(close)
        assert run(again(close, 1)).repeated
        second = run(work(opened(), after=2))
        outcome = run(again(close, 3))
        assert not outcome.repeated
        assert outcome.session.uid == second.session.uid != first.session.uid
        assert fault_of(run, again(close, 2000)).kind is FaultKind.NOT_FOUND

    def test_logout_by_secret_is_told_again_within_the_window_and_refused_after_it(self, run):
        login = work(logged_in(), secret="top")
        session = run(login).session
        logout = work(logged_out("top"), None, after=1)
        outcome = run(logout)
        assert outcome.session.state is State.CLOSED
        assert outcome.event.principal == f"session:{session.uid}"
        assert outcome.event.tenant == "north"
        assert run(again(logout, 1)).repeated
        assert fault_of(run, again(logout, 700)).kind is FaultKind.INVALID_TRANSITION
        assert fault_of(run, work(logged_out("wrong"), None)).kind is FaultKind.NOT_FOUND

    def test_login_makes_a_session_each_time(self, run):
        first = work(logged_in())
        assert run(first).session.uid != run(again(first, 1)).session.uid


class TestIdempotencyKey:
    """A write that names itself."""

    def test_same_command_is_a_repeat_for_a_day(self, run):
        first = work(opened(), idempotency_key="k")
        run(first)
        assert run(again(first, 86_400)).repeated
        assert not run(again(first, 86_401)).repeated

    def test_another_command_is_a_conflict(self, run):
        run(work(opened(mode="a"), idempotency_key="k"))
        fault = fault_of(run, work(opened(mode="b"), idempotency_key="k"))
        assert fault.kind is FaultKind.CONFLICT
        assert "Idempotency-Key" in fault.message
        assert len(events(run)) == 1

    def test_is_scoped_to_tenant_and_operation(self, run):
        run(work(opened(mode="a"), idempotency_key="k"))
        assert not run(work(opened(mode="b"), BOB, idempotency_key="k")).repeated
        assert not run(work(opened(mode="b"), operation=OTHER_OPERATION, idempotency_key="k")).repeated

    def test_repeated_login_hands_out_a_secret_that_works(self, run):
        first = work(logged_in(), idempotency_key="k")
        second = again(first, 1)
        uid = run(first).session.uid
        assert run(second).repeated
        for secret in (first.secret, second.secret):
            found = run(work(GetSession(ByToken("biot", digest(secret))), None, token=digest(secret)))
            assert found.session.uid == uid


def test_one_session_may_read_with_its_secret_until_it_ends(run):
    run(work(logged_in(), secret="top"))
    listing = work(ListSessions(), None, token=digest("top"))
    assert len(run(listing).sessions) == 1
    assert fault_of(run, work(ListSessions(), None, token=digest("no"))).kind is FaultKind.UNAUTHENTICATED
    assert fault_of(run, work(ListSessions(), None)).kind is FaultKind.UNAUTHENTICATED
    run(work(logged_out("top"), None))
    assert fault_of(run, listing).kind is FaultKind.UNAUTHENTICATED


def test_latest_session_of_a_key_is_found_and_the_latest_open_one_on_request(run):
    first, second, third = (run(work(opened(mode=name))).session.uid for name in "abc")
    run(work(Write(EventKind.CLOSED, ByUid(third))))
    assert run(work(GetSession(ByKey(key())))).session.uid == third
    assert run(work(GetSession(ByKey(key(), open_only=True)))).session.uid == second
    run(work(Write(EventKind.CLOSED, ByUid(second))))
    assert run(work(closed())).session.uid == first
    assert fault_of(run, work(GetSession(ByKey(key(), open_only=True)))).kind is FaultKind.NOT_FOUND


def test_deleted_session_is_not_found_and_its_events_stay(run):
    uid = run(work(opened(subject=Subject(user_id="u")))).session.uid
    run(work(Write(EventKind.DELETED, ByUid(uid))))
    assert fault_of(run, work(GetSession(ByUid(uid)))).kind is FaultKind.NOT_FOUND
    assert run(work(ListSessions(count=True))).total == 0
    assert [event.kind for event in events(run, session_uid=uid)] == [EventKind.OPENED, EventKind.DELETED]


class TestBatches:
    """Several writes of one request."""

    works = staticmethod(lambda: (work(opened("a")), work(closed("none")), work(opened("b"))))

    def test_stops_at_the_first_fault_and_keeps_what_succeeded(self, run):
        done, fault = run(Batch(self.works(), atomic=False))
        assert done.created
        assert fault.kind is FaultKind.NOT_FOUND
        assert [event.session_uid for event in events(run)] == [done.session.uid]

    def test_atomic_batch_leaves_nothing_behind(self, run):
        fault = fault_of(run, Batch(self.works(), atomic=True))
        assert (fault.kind, fault.details["index"]) == (FaultKind.NOT_FOUND, 1)
        assert events(run) == ()
        assert run(work(opened())).event.position == 1

    def test_later_write_sees_the_earlier_one(self, run):
        made, ended = run(Batch((work(opened("a")), work(closed("a"))), atomic=True))
        assert ended.session.uid == made.session.uid
        assert ended.session.version == 2
        assert run(work(ListSessions())).sessions == (ended.session,)

    def test_reads_see_one_snapshot(self, run):
        run(work(opened()))
        one, two = run(Batch((work(ListSessions()), work(GetSession(ByKey(key())))), atomic=False))
        assert one.sessions == (two.session,)


def held_up(store, path, prepared):
    """Send everything while another program holds the database, so that it becomes one batch."""
    sizes = []
    store.observer = lambda size, seconds: sizes.append(size)
    with database_of(path) as other:
        other.execute("BEGIN IMMEDIATE")
        first = store.submit(work(opened("first")))
        futures = [store.submit(one) for one in prepared]
        other.execute("ROLLBACK")
    first.result(timeout=30)
    return [future.exception(timeout=30) or future.result() for future in futures], sizes


def test_one_commit_holds_many_writes_and_a_fault_takes_only_its_own(store, path, run):
    bug = replace(opened("bug"), facts={"bug": True})
    prepared = [work(opened("a")), work(closed("none")), work(bug), work(upserted("a", mode="x")), work(closed("a"))]
    results, sizes = held_up(store, path, prepared)
    kinds = [result.kind if isinstance(result, Fault) else result.event.kind for result in results]
    expected = [EventKind.OPENED, FaultKind.NOT_FOUND, FaultKind.INTERNAL, EventKind.UPDATED, EventKind.CLOSED]
    assert kinds == expected
    assert sum(sizes) == 6
    assert len(sizes) <= 2
    assert results[-1].session.version == 3
    assert [event.position for event in events(run)] == [1, 2, 3, 4]
    assert run(work(GetSession(ByKey(key("a"))))).session == results[-1].session


def test_clash_of_ids_fails_that_write_alone(store, path, run):
    taken = run(work(opened("a")))
    clash = replace(work(opened("b")), event_id=taken.event.id)
    (good, bad, fine), _ = held_up(store, path, [work(opened("c")), clash, work(opened("d"))])
    assert bad.kind is FaultKind.CONFLICT
    assert good.created
    assert fine.created
    assert len(events(run)) == 4
    assert store.ready() is None


def test_threads_that_send_the_same_request_make_one_event(store, run):
    prepared = work(upserted(mode="a"))
    outcomes = []
    threads = [
        threading.Thread(target=lambda: outcomes.append(store.submit(again(prepared, 0)).result())) for _ in range(16)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(outcome.repeated for outcome in outcomes) == [False] + [True] * 15
    assert len({outcome.event.id for outcome in outcomes}) == 1
    assert len(events(run)) == 1


def test_event_loop_gets_outcomes_and_faults(store):
    async def both():
        writes = [store.start(work(opened(str(number)))) for number in range(50)]
        outcomes = await asyncio.gather(*writes, store.start(work(closed("none"))), return_exceptions=True)
        return outcomes, await store.start(work(ListSessions(count=True)))

    outcomes, listed = asyncio.run(both())
    assert [outcome.created for outcome in outcomes[:-1]] == [True] * 50
    assert outcomes[-1].kind is FaultKind.NOT_FOUND
    assert listed.total == 50


def test_command_without_a_canonical_form_is_an_internal_fault_of_its_own(run):
    assert fault_of(run, work(opened(mode=object()))).kind is FaultKind.INTERNAL
    assert run(work(opened())).event.position == 1


def test_observer_that_fails_stops_nobody(store, run):
    seen = []

    def observer(size, seconds):
        seen.append(size)
        raise ZeroDivisionError

    store.observer = observer
    run(work(opened()))
    assert run(work(opened())).event.position == 2
    assert seen[0] == 1
    assert store.statistics()["writes"] >= 1


def test_caller_who_went_away_does_not_stop_the_others(store):
    async def cancelled():
        gone = asyncio.ensure_future(store.start(work(opened("gone"))))
        stays = asyncio.ensure_future(store.start(work(opened("stays"))))
        await asyncio.sleep(0)
        gone.cancel()
        return await stays

    assert asyncio.run(cancelled()).created


class TestTenants:
    """Nobody sees another tenant; the operator sees all."""

    def test_neither_by_uid_nor_by_key_nor_in_lists(self, run):
        mine = run(work(opened(subject=Subject(user_id="u"))))
        theirs = run(work(opened(subject=Subject(user_id="u")), BOB))
        assert run(work(GetSession(ByKey(key())), BOB)).session == theirs.session
        assert fault_of(run, work(GetSession(ByUid(mine.session.uid)), BOB)).kind is FaultKind.NOT_FOUND
        assert run(work(ListSessions(count=True), BOB)).sessions == (theirs.session,)
        assert [event.id for event in events(run, BOB)] == [theirs.event.id]
        of_mine = work(ListEvents(session_uid=mine.session.uid), BOB)
        assert fault_of(run, of_mine).kind is FaultKind.NOT_FOUND
        assert mine.session.subject.uid != theirs.session.subject.uid

    def test_write_to_anothers_uid_is_refused(self, run):
        uid = run(work(opened())).session.uid
        assert fault_of(run, work(Write(EventKind.UPDATED, ByUid(uid)), BOB)).kind is FaultKind.NOT_FOUND
        upsert = Write(EventKind.UPDATED, ByUid(uid), missing=Missing.CREATE)
        assert fault_of(run, work(upsert, BOB)).kind is FaultKind.CONFLICT

    def test_secret_of_anothers_session_finds_nothing(self, run):
        run(work(logged_in(), secret="top"))
        assert fault_of(run, work(logged_out("top"), BOB)).kind is FaultKind.NOT_FOUND

    def test_operator_sees_all_and_writes_to_what_is_there(self, run):
        mine, theirs = run(work(opened())), run(work(opened(), BOB, after=1))
        listed = run(work(ListSessions(count=True), OPERATOR))
        assert listed.sessions == (theirs.session, mine.session)
        assert listed.total == 2
        assert len(events(run, OPERATOR)) == 2
        assert events(run, OPERATOR, session_uid=mine.session.uid) == (mine.event,)
        assert run(work(GetSession(ByKey(key())), OPERATOR)).session == theirs.session
        changed = run(work(Write(EventKind.UPDATED, ByUid(mine.session.uid)), OPERATOR))
        assert changed.event.tenant == "north"
        assert fault_of(run, work(opened("new"), OPERATOR)).kind is FaultKind.FORBIDDEN


def test_fact_without_a_session_is_an_event(run):
    outcome = run(work(Write(EventKind.RECORDED, changes={"name": "x"})))
    assert outcome.session is None
    assert outcome.event.session_uid is None
    assert events(run) == (outcome.event,)


def test_raw_request_is_kept_up_to_a_limit(path):
    import zlib

    store = open_store(str(path), {"store.raw_bytes": 4})
    store.submit(work(opened())).result()
    store.close()
    with database_of(path) as database:
        ((head, size, body),) = database.execute("SELECT head, size, raw FROM events").fetchall()
    assert zlib.decompress(body) == b'{"na'
    assert size == 14
    assert '"target":"/x"' in head


def test_no_secret_is_stored(path, store, run):
    run(work(logged_in(), secret="swordfish"))
    run(work(logged_out("swordfish"), None))
    store.close()
    for file in path.parent.iterdir():
        assert b"swordfish" not in file.read_bytes()


class TestSchema:
    """Older stores are migrated; newer ones are left alone."""

    def test_newer_store_is_refused(self, path):
        open_store(str(path)).close()
        with database_of(path) as database:
            database.execute("UPDATE meta SET value = 999 WHERE name = 'schema_version'")
        with pytest.raises(StoreError, match="schema version 999"):
            open_store(str(path))
        with database_of(path) as database:
            assert database.execute("SELECT value FROM meta WHERE name = 'schema_version'").fetchone() == (999,)

    def test_migrate_tells_the_version_before(self, path):
        assert migrate(f"sqlite:///{path}") == 0
        assert migrate(f"sqlite:///{path}") == SCHEMA_VERSION

    @pytest.mark.parametrize("database", ["oracle://x/y", "sqlite://"])
    def test_unknown_address_is_refused(self, database):
        with pytest.raises(StoreError):
            open_store(database)

    def test_missing_folder_and_foreign_file_are_told(self, tmp_path):
        with pytest.raises(StoreError, match="cannot be opened"):
            open_store(str(tmp_path / "none" / "x.db"))
        foreign = tmp_path / "foreign.db"
        foreign.write_bytes(b"this is no database at all" * 100)
        with pytest.raises(StoreError, match="not a database"):
            open_store(str(foreign))


def test_backup_of_a_live_store_opens_and_holds_what_was_written(store, run, tmp_path):
    done = run(work(opened()))
    store.backup(tmp_path / "copy.db")
    run(work(opened("later")))
    copy = open_store(str(tmp_path / "copy.db"))
    listed = copy.submit(work(ListSessions())).result().sessions
    copy.close()
    assert listed == (done.session,)
    assert not (tmp_path / "copy.db.part").exists()
    with pytest.raises(StoreError, match="cannot be written"):
        store.backup(tmp_path / "none" / "copy.db")


def test_database_file_is_for_its_owner_alone(path, store):
    assert stat.S_IMODE(path.stat().st_mode) & 0o077 == 0


def test_locked_database_makes_writes_fail_and_recovers_by_itself(path, opening):
    store = opening({"store.busy_seconds": 0.05})
    recovered = threading.Event()
    with database_of(path) as other:
        other.execute("BEGIN IMMEDIATE")
        futures = [store.submit(work(opened(str(number)))) for number in range(3)]
        faults = [future.exception(timeout=30) for future in futures]
        assert {fault.kind for fault in faults} == {FaultKind.STORE_UNAVAILABLE}
        assert all(fault.retry_after for fault in faults)
        assert "locked" in store.ready()
        assert "locked" not in faults[0].message
        assert store.submit(work(ListSessions())).result().sessions == ()
        store.observer = lambda size, seconds: store.ready() is None and recovered.set()
        other.execute("ROLLBACK")
    assert recovered.wait(timeout=30)
    assert store.submit(work(opened())).result(timeout=30).event.position == 1
    store.close()


def test_database_that_cannot_be_connected_to_makes_writes_fail_and_recovers(opening, monkeypatch):
    store = opening()

    def gone():
        raise apsw.CantOpenError("unable to open database file")

    with monkeypatch.context() as patched:
        patched.setattr(store._writer.connection, "cursor", gone)
        fault = store.submit(work(opened())).exception(timeout=30)
        assert fault.kind is FaultKind.STORE_UNAVAILABLE
    assert store.submit(work(opened())).result(timeout=30).event.position == 1
    store.close()


def test_closing_finishes_what_waits_and_refuses_more(opening):
    store = opening()
    futures = [store.submit(work(opened(str(number)))) for number in range(300)]
    store.close()
    assert all(future.result(timeout=0).created for future in futures)
    with pytest.raises(Fault) as caught:
        store.submit(work(opened()))
    assert caught.value.kind is FaultKind.BUSY
    with pytest.raises(Fault):
        store.submit(work(ListSessions()))
    store.close()


def test_what_expired_outcomes_need_is_forgotten(path, store, run, monkeypatch):
    """The session of an outcome is stored apart once it has changed, and until no repeat can ask for it."""
    monkeypatch.setattr("gateway.store.writer._EXPIRY_SECONDS", -1.0)
    first = work(upserted(mode="a"))
    told = run(first)
    run(work(upserted(mode="b"), after=5))
    assert run(again(first, after=599)) == replace(told, repeated=True)
    run(work(upserted(mode="c"), after=1500))
    run(work(upserted(mode="d"), after=3000))
    store.close()
    with database_of(path) as database:
        assert database.execute("SELECT count(*) FROM states").fetchone() == (0,)


class TestCredentials:
    """Credentials change under the ledger's lock, and workers can tell that they did."""

    credential = Credential(uuid.uuid4(), "biot", "key", key_verifier("s"), NOON, "north", "", ("r",), ("a", "b"))

    def test_come_back_as_they_were_and_raise_the_version(self, store):
        before = store.credentials_version()
        store.add_credential(self.credential)
        assert store.credentials() == [self.credential]
        assert store.credentials_version() == before + 1

    def test_revoked_one_says_so_and_raises_the_version_once(self, store):
        store.add_credential(self.credential)
        before = store.credentials_version()
        at = NOON + timedelta(seconds=5)
        assert store.revoke_credential(self.credential.uid, at)
        assert not store.revoke_credential(self.credential.uid, at)
        assert not store.revoke_credential(uuid.uuid4(), at)
        assert store.credentials() == [replace(self.credential, revoked_at=at)]
        assert store.credentials_version() == before + 1

    def test_uid_that_is_taken_is_a_conflict(self, store):
        store.add_credential(self.credential)
        with pytest.raises(Fault) as caught:
            store.add_credential(self.credential)
        assert caught.value.kind is FaultKind.CONFLICT
        assert store.ready() is None
