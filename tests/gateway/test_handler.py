"""What a command does to a session, against a transaction that is nothing but dicts."""

import hashlib
import sys
import uuid
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent / "store"))

from store_kit import ANNE, NOON, again, closed, key, logged_in, opened, upserted, work

from gateway.changes import merged
from gateway.commands import UNSET, ByKey, ByToken, ByUid, GetSession, Missing, Probe, Retry, Write
from gateway.credentials import digest
from gateway.handler import Kept, execute
from gateway.model import ApplicationUse, Device, EventKind, Key, State, Subject, subject_uid
from gateway.outcome import Fault, FaultKind, Note, Outcome


class Dicts:
    """A transaction without a database."""

    def __init__(self):
        self.sessions, self.tokens, self.events, self.slots = {}, {}, [], {}

    def by_uid(self, tenant, uid):
        found = self.sessions.get(uid)
        return found if found is not None and tenant in (None, found.tenant) else None

    def by_key(self, tenant, wanted, open_only):
        found = [one for one in self.sessions.values() if one.key == wanted and tenant in (None, one.tenant)]
        return next((one for one in reversed(found) if one.is_open or not open_only), None)

    def by_token(self, api, token):
        return self.sessions.get(self.tokens.get((api, token)))

    def kept(self, slot, at):
        found = self.slots.get(slot)
        return Kept(found[0].command, found[1]) if found is not None and found[0].expires_at >= at else None

    def save_session(self, session):
        self.sessions[session.uid] = session

    def drop_session(self, session):
        del self.sessions[session.uid]

    def save_token(self, api, token, session):
        self.tokens[api, token] = session.uid

    @property
    def next(self):
        return len(self.events) + 1

    def append(self, event, raw):
        self.events.append(event)

    def keep(self, slot, outcome):
        self.slots[slot.name] = (slot, outcome)


@pytest.fixture
def rows():
    return Dicts()


def refused(rows, prepared):
    with pytest.raises(Fault) as caught:
        execute(rows, prepared)
    return caught.value.kind


def test_new_session_has_what_the_request_fixed(rows):
    prepared = work(opened("", name="shift", started_at=NOON))
    outcome = execute(rows, prepared)
    session = outcome.session
    assert (session.uid, session.tenant, session.state, session.version) == (
        *(prepared.session_uid, "north", State.OPEN, 1),
    )
    assert session.key == Key("biot", "realm", str(prepared.session_uid))
    assert session.recorded_at == session.updated_at == prepared.received_at
    assert session.opened_by == session.last_event == outcome.event.id == prepared.event_id
    assert outcome.created


def test_uid_in_the_address_becomes_the_uid_of_a_new_session(rows):
    uid = uuid.uuid4()
    outcome = execute(rows, work(Write(EventKind.OPENED, ByUid(uid), missing=Missing.CREATE)))
    assert outcome.session.uid == uid
    assert outcome.session.key.id == str(uid)


@pytest.mark.parametrize(
    ("kind", "state"),
    [
        (EventKind.OPENED, State.OPEN),
        (EventKind.PAUSED, State.PAUSED),
        (EventKind.RESUMED, State.OPEN),
        (EventKind.CLOSED, State.CLOSED),
        (EventKind.UPDATED, State.PAUSING),
    ],
)
def test_kind_gives_the_state_unless_the_write_names_one(rows, kind, state):
    execute(rows, work(opened(state=State.PAUSING)))
    write = Write(kind, ByKey(key()))
    assert execute(rows, work(write)).session.state is state
    named = execute(rows, work(replace(write, changes={"state": State.CLOSING})))
    assert named.session.state is State.CLOSING


def test_absent_stays_null_clears_value_sets(rows):
    execute(rows, work(opened(name="n", mode="m", index="i", subject=Subject(role="r"))))
    session = execute(rows, work(upserted(name=None, mode="x", index=UNSET, subject=None))).session
    assert (session.name, session.mode, session.index, session.subject) == (None, "x", "i", Subject())
    assert session.version == 2


def test_replace_clears_what_is_absent_and_keeps_what_the_session_is(rows):
    first = opened(name="n", started_at=NOON, device=Device(serial="d"), attributes={"a": 1})
    made = execute(rows, work(first)).session
    write = replace(upserted(mode="m"), replace=True)
    session = execute(rows, work(write, after=5)).session
    expected = replace(
        made,
        name=None,
        started_at=None,
        device=Device(),
        attributes={},
        mode="m",
        version=2,
        updated_at=NOON + timedelta(seconds=5),
        last_event=session.last_event,
    )
    assert session == expected


def test_attributes_merge_name_by_name_below_too(rows):
    execute(rows, work(opened(attributes={"a": {"b": 1, "c": 2}, "d": [1], "e": "x"})))
    changes = {"a": {"b": None, "f": Decimal("1.50")}, "d": [None, 2], "e": None}
    session = execute(rows, work(upserted(attributes=changes))).session
    assert session.attributes == {"a": {"c": 2, "f": Decimal("1.50")}, "d": [None, 2]}


def test_merging_leaves_its_arguments_alone():
    old, new = {"a": {"b": 1}}, {"a": {"c": {"d": None, "e": uuid.UUID(int=1)}}}
    assert merged(old, new) == {"a": {"b": 1, "c": {"e": str(uuid.UUID(int=1))}}}
    assert (old, new["a"]["c"]["d"]) == ({"a": {"b": 1}}, None)


def test_applications_are_replaced_whole(rows):
    execute(rows, work(opened(applications=(ApplicationUse("a"), ApplicationUse("b")))))
    session = execute(rows, work(upserted(applications=[ApplicationUse("c", attributes={"n": None, "m": 1})]))).session
    assert session.applications == (ApplicationUse("c", attributes={"m": 1}),)


@pytest.mark.parametrize(
    ("subject", "uid"),
    [
        (Subject(email=" Ann@X.org "), subject_uid("north", "ann@x.org")),
        (Subject(user_id="u", email=" "), subject_uid("north", "u")),
        (Subject(uid=uuid.UUID(int=5), email="a@x"), uuid.UUID(int=5)),
        (Subject(role="r"), None),
    ],
)
def test_person_named_by_text_gets_a_stable_uid(rows, subject, uid):
    assert execute(rows, work(opened(subject=subject))).session.subject == replace(subject, uid=uid)


def test_event_says_what_happened(rows):
    notes = (Note("unknown_member", "A.B"), Note("bom"))
    prepared = work(upserted(started_at=NOON, mode=None, index=UNSET), notes=notes)
    event = execute(rows, prepared).event
    assert event.changes == {"started_at": "2026-01-02T12:00:00.123456Z", "mode": None}
    assert event.notes == ("unknown_member:A.B", "bom")
    assert event.digest == hashlib.sha256(prepared.raw.body).hexdigest()
    assert (event.api, event.operation, event.protocol) == ("biot", "Change", "rest")
    assert (event.principal, event.correlation_id) == ("anne", "ab" * 16)
    assert event.occurred_at == event.recorded_at == prepared.received_at
    earlier = replace(upserted(), occurred_at=NOON - timedelta(days=1))
    assert execute(rows, work(earlier)).event.occurred_at == NOON - timedelta(days=1)


def test_fact_about_a_session_changes_nothing_of_it(rows):
    made = execute(rows, work(opened())).session
    outcome = execute(rows, work(Write(EventKind.RECORDED, ByKey(key()), changes={"name": "x"})))
    assert outcome.session == made == rows.sessions[made.uid]
    assert outcome.event.session_uid == made.uid
    assert not outcome.created


def test_fact_about_an_unknown_session_is_refused_or_kept_without_one(rows):
    write = Write(EventKind.RECORDED, ByKey(key()))
    assert refused(rows, work(write)) is FaultKind.NOT_FOUND
    assert execute(rows, work(replace(write, missing=Missing.CREATE))).event.session_uid is None
    assert rows.sessions == {}


def test_operation_may_refuse_the_change(rows):
    execute(rows, work(opened()))
    execute(rows, work(closed()))
    write = replace(upserted(), facts={"strict": True})
    assert refused(rows, work(write)) is FaultKind.INVALID_TRANSITION
    assert len(rows.events) == 2


def test_name_that_is_no_field_of_a_session_is_a_bug(rows):
    for name in ("uid", "tenant", "version", "colour"):
        assert refused(rows, work(opened(**{name: "x"}))) is FaultKind.INTERNAL


def test_session_that_is_opened_again_belongs_to_the_new_opening(rows):
    first = execute(rows, work(opened())).session
    execute(rows, work(closed()))
    reopened = execute(rows, work(upserted(kind=EventKind.OPENED, mode="x"))).session
    assert reopened.uid == first.uid
    assert reopened.opened_by == reopened.last_event != first.opened_by


def test_granted_secret_is_kept_as_a_digest_and_never_a_repeat(rows):
    login = work(logged_in(), secret="top")
    session = execute(rows, login).session
    assert rows.tokens == {("biot", digest("top")): session.uid}
    assert not execute(rows, again(login, 1)).repeated
    assert rows.slots == {}


def test_read_of_nothing_is_not_found(rows):
    assert refused(rows, work(GetSession(ByUid(uuid.uuid4())))) is FaultKind.NOT_FOUND


def test_same_inputs_give_the_same_outcome(rows):
    prepared = work(upserted(retry=Retry.LATEST, name="n"), ANNE)
    assert execute(Dicts(), prepared) == execute(rows, prepared)


def prepared(command, *, principal=None, token=None, lifetime=None, at=NOON):
    known = work(opened(""))
    return replace(
        known,
        command=command,
        principal=principal,
        token=token,
        operation=replace(known.operation, lifetime=lifetime),
        received_at=at,
    )


def test_a_probe_needs_no_caller(rows):
    assert execute(rows, prepared(Probe())) == Outcome()


def test_what_is_not_found_is_named_unless_its_name_is_a_secret(rows):
    uid = uuid.uuid4()
    wanted = [(ByKey(key("7")), {"id": "7"}), (ByUid(uid), {"id": str(uid)}), (ByToken("a", digest("s")), {})]
    for find, details in wanted:
        for command in (GetSession(find), Write(EventKind.UPDATED, find)):
            with pytest.raises(Fault) as caught:
                execute(rows, prepared(command, principal=ANNE))
            assert (caught.value.kind, dict(caught.value.details)) == (FaultKind.NOT_FOUND, details)


def test_an_optional_read_of_nothing_is_no_fault(rows):
    assert execute(rows, prepared(GetSession(ByUid(uuid.uuid4()), optional=True), principal=ANNE)) == Outcome()


def test_a_sessions_secret_reads_until_its_lifetime_is_over(rows):
    made = work(logged_in())
    session = execute(rows, made).session
    read = GetSession(ByUid(session.uid))
    minute = timedelta(minutes=1)
    token = digest(made.secret)

    def reading(seconds):
        at = session.recorded_at + timedelta(seconds=seconds)
        return execute(rows, prepared(read, token=token, lifetime=minute, at=at))

    assert reading(60).session == session
    with pytest.raises(Fault) as caught:
        reading(61)
    assert caught.value.kind is FaultKind.UNAUTHENTICATED
