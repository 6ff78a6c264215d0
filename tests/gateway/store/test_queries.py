"""Lists hold what their filter says, in order, each match once; also far into a long list."""

import uuid
from datetime import timedelta

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from store_kit import ANNE, BOB, NOON, OPERATOR, database_of, opened, upserted, work

from gateway.commands import ByUid, ListEvents, ListSessions, Order, SessionFilter, Write
from gateway.model import Device, EventKind, State, Subject
from gateway.outcome import Fault, FaultKind
from gateway.store import open_store

PERSON = uuid.UUID(int=7)


def minutes(count):
    return NOON + timedelta(minutes=count)


def seeds():
    """Forty sessions of two tenants, of every mixture of what filters look at."""
    for number in range(40):
        yield (
            number,
            {
                "started_at": minutes(number // 3) if number % 4 else None,
                "ended_at": minutes(100 - number) if number % 8 == 0 else None,
                "state": [State.OPEN, State.CLOSED, State.PAUSED][number % 3],
                "subject": [
                    Subject(),
                    Subject(email="Ann@x.org"),
                    Subject(user_id="ann@X.org"),
                    Subject(uid=PERSON),
                    Subject(email="bea@x.org", user_id="ann@x.org"),
                ][number % 5],
                "device": [
                    Device(),
                    Device(serial="d1"),
                    Device(device_id="d1", serial="d1", vehicle="d2"),
                    Device(vehicle="D1"),
                ][number // 5 % 4],
            },
        )


@pytest.fixture(scope="module")
def filled(tmp_path_factory):
    yield from fill(open_store(str(tmp_path_factory.mktemp("lists") / "sessions.db")))


def fill(store):
    for number, changes in seeds():
        who = BOB if number % 7 == 6 else ANNE
        store.submit(work(opened(str(number), **changes), who, after=number)).result()
    yield store
    store.close()


def everything(store, tenant):
    listed = store.submit(work(ListEvents(limit=1000), OPERATOR)).result().events
    uids = [event.session_uid for event in listed]
    every = store.submit(work(ListSessions(limit=1000), OPERATOR)).result().sessions
    found = {session.uid: session for session in every}
    return [found[uid] for uid in uids if tenant in (None, found[uid].tenant)]


def matches(session, where):
    subject, device, started = session.subject, session.device, session.started_at
    users = [text.lower() for text in (subject.email, subject.user_id) if text]
    return (
        (where.subject_uid is None or subject.uid == where.subject_uid)
        and (where.client is None or where.client in (device.device_id, device.serial, device.vehicle))
        and (where.started_from is None or (started is not None and started >= where.started_from))
        and (where.started_to is None or (started is not None and started <= where.started_to))
        and (not where.open_only or session.is_open)
        and (where.state is None or session.state is where.state)
        and (where.api is None or session.key.api == where.api)
        and (where.user is None or where.user.lower() in users)
    )


filters = st.builds(
    SessionFilter,
    subject_uid=st.sampled_from([None, None, PERSON, uuid.UUID(int=8)]),
    client=st.sampled_from([None, None, "d1", "d2", "D1", ""]),
    started_from=st.sampled_from([None, None, minutes(0), minutes(5)]),
    started_to=st.sampled_from([None, None, minutes(5), minutes(9)]),
    open_only=st.booleans(),
    state=st.sampled_from([None, None, None, *State]),
    api=st.sampled_from([None, "biot", "ontime"]),
    user=st.sampled_from([None, None, "ANN@x.org", "bea@x.org", ""]),
)


questions = given(filters, st.sampled_from(Order), st.integers(1, 9), st.sampled_from([ANNE, BOB, OPERATOR]))


@settings(max_examples=150, suppress_health_check=[HealthCheck.function_scoped_fixture])
@questions
def test_pages_by_offset_and_by_cursor_are_the_matches_in_order(filled, where, order, limit, who):
    pages_are_the_matches_in_order(filled, where, order, limit, who)


def pages_are_the_matches_in_order(filled, where, order, limit, who):
    expected = [session for session in everything(filled, who.tenant) if matches(session, where)]
    # Sessions of one instant are in the order in which they were made; newest first turns that around.
    expected.sort(key=lambda session: session.sort_at)
    expected = expected[::-1] if order is Order.NEWEST else expected

    def page(**at):
        return filled.submit(work(ListSessions(where, order, limit, count=True, **at), who)).result()

    by_offset = [session for start in range(0, len(expected) + 1, limit) for session in page(offset=start).sessions]
    assert by_offset == expected
    by_cursor, cursor = [], None
    for _ in range(len(expected) + 2):
        outcome = page(cursor=cursor)
        assert outcome.total == len(expected)
        by_cursor += outcome.sessions
        cursor = outcome.next
        if cursor is None:
            break
    assert by_cursor == expected
    assert cursor is None


def test_changed_session_is_found_by_its_new_names_alone(run):
    outcome = run(work(opened(subject=Subject(user_id="old"), device=Device(serial="s1"))))
    changes = {"subject": Subject(user_id="new"), "started_at": NOON, "device": Device(vehicle="v1")}
    run(work(Write(EventKind.UPDATED, ByUid(outcome.session.uid), changes=changes)))

    def total(**where):
        return run(work(ListSessions(SessionFilter(**where), count=True))).total

    assert (total(user="old"), total(user="new")) == (0, 1)
    assert (total(client="s1"), total(client="v1")) == (0, 1)
    assert total(started_from=NOON, started_to=NOON) == 1


@pytest.mark.parametrize(
    "cursor", ["", "x", "é", "bnVsbA", "WzEsMl0x", "W10", "WzEsICJhIl0", "W1sxXSwgWzFdXQ", "[" * 999]
)
def test_cursor_of_nobodys_is_a_fault(run, cursor):
    with pytest.raises(Fault) as caught:
        run(work(ListSessions(cursor=cursor)))
    assert caught.value.kind is FaultKind.INVALID
    assert caught.value.fields[0].path == "cursor"


def test_events_come_in_pages(run):
    for number in range(5):
        run(work(upserted(mode=str(number)), after=number))
    run(work(opened("other"), BOB))
    first = run(work(ListEvents(limit=3)))
    assert [event.position for event in first.events] == [1, 2, 3]
    rest = run(work(ListEvents(limit=3, after=int(first.next))))
    assert [event.position for event in rest.events] == [4, 5]
    assert rest.next is None
    assert run(work(ListEvents(after=5))).events == ()


def plans(path, monkeypatch, store, command, who=ANNE):
    """The database's own plan for each statement of a read."""
    from gateway.store.dialect import Connection

    seen, plain_all = [], Connection.all

    def recorded(self, sql, values=()):
        seen.append((sql, values))
        return plain_all(self, sql, values)

    monkeypatch.setattr(Connection, "all", recorded)
    store.submit(work(command, who)).result()
    monkeypatch.undo()
    with database_of(path) as database:
        return [row[3] for sql, values in seen for row in database.execute(f"EXPLAIN QUERY PLAN {sql}", values)]


LISTS = {
    "all": SessionFilter(),
    "open": SessionFilter(open_only=True),
    "paused": SessionFilter(state=State.PAUSED),
    "closed": SessionFilter(state=State.CLOSED),
    "started": SessionFilter(started_from=NOON, started_to=NOON),
    "open and started": SessionFilter(open_only=True, started_from=NOON),
    "person": SessionFilter(subject_uid=PERSON),
    "person and device, open": SessionFilter(subject_uid=PERSON, client="d1", open_only=True),
}


@pytest.mark.parametrize("name", LISTS)
@pytest.mark.parametrize("who", [ANNE, OPERATOR])
def test_every_list_uses_an_index_and_sorts_nothing(path, store, run, monkeypatch, name, who):
    run(work(opened()))
    for order in Order:
        command = ListSessions(LISTS[name], order, offset=10, count=True)
        for step in plans(path, monkeypatch, store, command, who):
            assert not step.startswith("SCAN"), step
            assert "TEMP B-TREE" not in step, step
        assert any("sessions_open" in step for step in plans(path, monkeypatch, store, command)) is (
            name in ("open", "paused", "open and started")
        )
