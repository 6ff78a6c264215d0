"""What is stored comes back exactly."""

import dataclasses
import json
import uuid
from datetime import UTC, datetime, timedelta
from decimal import Decimal

from hypothesis import given, settings
from hypothesis import strategies as st

from gateway.commands import plain
from gateway.model import ApplicationUse, Device, EventKind, Key, Session, SessionEvent, State, Subject
from gateway.store.values import dumps, event_of, event_text, loads, micros, session_of, session_text, uses_text

texts = st.text(max_size=12)
maybe = st.none() | texts
instants = st.datetimes(timezones=st.just(UTC))
decimals = st.decimals(allow_nan=False)
leaves = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | decimals | texts
names = texts | st.sampled_from(["$", "$v", "v", "$decimal"])
trees = st.recursive(leaves, lambda deep: st.lists(deep, max_size=3) | st.dictionaries(names, deep, max_size=3))
maps = st.dictionaries(names, trees, max_size=4)
uses = st.builds(
    ApplicationUse,
    *(maybe, maybe, st.none() | st.timedeltas(), st.none() | st.booleans()),
    *(maybe, maybe, maybe, maybe, maps),
)
sessions = st.builds(
    Session,
    uid=st.uuids(),
    tenant=texts,
    key=st.builds(Key, texts, texts, texts),
    state=st.sampled_from(State),
    recorded_at=instants,
    updated_at=instants,
    subject=st.builds(Subject, st.none() | st.uuids(), maybe, maybe, maybe),
    device=st.builds(Device, st.none() | st.uuids(), maybe, maybe, maybe, maybe),
    started_at=st.none() | instants,
    ended_at=st.none() | instants,
    name=maybe,
    stop_reason=maybe,
    stop_code=maybe,
    start_mileage=st.none() | st.integers(-(2**31), 2**31),
    end_mileage=st.none() | st.integers(0, 9),
    mode=maybe,
    index=maybe,
    attributes=maps,
    applications=st.lists(uses, max_size=3).map(tuple),
    version=st.integers(1, 2**40),
    opened_by=st.none() | st.uuids(),
    last_event=st.none() | st.uuids(),
)


def typed(value):
    """The value with the types of its leaves, so that 1, True and Decimal(1) differ."""
    if isinstance(value, dict):
        return {name: typed(item) for name, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [typed(item) for item in value]
    if dataclasses.is_dataclass(value):
        return [type(value), *(typed(getattr(value, field.name)) for field in dataclasses.fields(value))]
    return type(value), str(value)


@settings(max_examples=200, deadline=None)
@given(sessions)
def test_session_comes_back_as_it_was(session):
    back = session_of(session_text(session))
    assert back == session
    assert typed(back) == typed(session)


@settings(max_examples=200, deadline=None)
@given(st.lists(uses, max_size=3).map(tuple))
def test_applications_have_one_text_whoever_wrote_them_down_before(applications):
    assert uses_text(applications, plain(applications)) == uses_text(applications)


@settings(max_examples=200, deadline=None)
@given(trees)
def test_open_values_come_back_as_they_were(tree):
    text = dumps(tree)
    assert typed(loads(text)) == typed(tree)
    assert text.isascii()
    json.loads(text)


def test_event_comes_back_with_its_position():
    now = datetime(2026, 1, 2, 3, 4, 5, 6, tzinfo=UTC)
    event = SessionEvent(
        *(uuid.uuid4(), "t", EventKind.PAUSED, now, now, "api", "Op", "rest", "anne", uuid.uuid4()),
        changes={"price": "1.50", "deep": {"x": [None, 1]}},
        notes=("unknown_member:A.B",),
        digest="aa",
        correlation_id="bb",
        position=17,
    )
    assert event_of(17, event_text(event)) == event


def test_lone_surrogate_is_stored():
    assert loads(dumps({"\ud800": "\udfff"})) == {"\ud800": "\udfff"}


def test_microseconds_keep_the_order_of_all_instants():
    first, last = datetime(1, 1, 1, tzinfo=UTC), datetime(9999, 12, 31, 23, 59, 59, 999999, tzinfo=UTC)
    assert micros(first) < 0 < micros(last) < 2**63
    assert micros(first + timedelta(microseconds=1)) == micros(first) + 1
    assert typed(loads(dumps(Decimal("1.50")))) == typed(Decimal("1.50"))
