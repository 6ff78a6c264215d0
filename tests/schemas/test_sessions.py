"""The gateway's own API: what a script can ask, what it is told, and what is refused."""

import json
import uuid
from datetime import UTC, datetime, timedelta, timezone

import pytest

from adapters.codecs.json import STRICT
from gateway.spi import (
    ApplicationUse,
    ByKey,
    ByUid,
    Context,
    Device,
    EventKind,
    Fault,
    FaultKind,
    GetSession,
    Headers,
    Key,
    Limits,
    ListEvents,
    ListSessions,
    Missing,
    Outcome,
    Principal,
    Session,
    SessionEvent,
    SessionFilter,
    Settings,
    State,
    Subject,
    WireRequest,
)
from schemas.api import Asked
from schemas.sessions import PLUGIN, header
from tests.schemas.memory import NOW, Caller, total

API = PLUGIN.build(Settings({}))
UID = uuid.UUID("7b0c2f0e-2f8e-4c56-9d0a-0d9f3a0c1d11")
ANN = Principal("key:ann", "sessions", "demo", frozenset({"sessions:read", "sessions:write"}))
OPERATOR = Principal("key:root", "operator", None)
START = datetime(2007, 12, 20, 9, 15, 30, tzinfo=UTC)
FULL = Session(
    uid=UID,
    tenant="demo",
    key=Key("ontime", "acme", "17"),
    state=State.CLOSED,
    recorded_at=NOW,
    updated_at=NOW,
    subject=Subject(uuid.UUID(int=1), "ann@example.com", "ann", "driver"),
    device=Device(device_id="device-01", vehicle="V8"),
    started_at=START,
    ended_at=START + timedelta(hours=1),
    name="Morning",
    start_mileage=10,
    end_mileage=20,
    attributes={"ontime": {"x": [1, None]}},
    applications=(ApplicationUse(name="Editor", duration=timedelta(seconds=90.5), attributes={"y": 1}),),
    version=3,
    opened_by=uuid.UUID(int=2),
    last_event=uuid.UUID(int=3),
)


def mapped(name, tree, principal=ANN):
    operation = API.operation(name)
    operation.request.check(tree)
    return operation.command(tree, Context(principal, NOW)).command


def told(name, outcome):
    operation = API.operation(name)
    answer = operation.present(outcome, Asked({}, Context(ANN, NOW), "http://gateway.example"))
    return json.loads(STRICT.encode(answer.tree, operation.answer))


def refused(call):
    with pytest.raises(Fault) as caught:
        call()
    return caught.value


def test_a_session_is_told_in_the_names_of_the_model():
    assert told("ReadSession", Outcome(session=FULL)) == {
        "uid": str(UID),
        "tenant": "demo",
        "key": {"api": "ontime", "realm": "acme", "id": "17"},
        "state": "closed",
        "subject": {
            "uid": str(uuid.UUID(int=1)),
            "email": "ann@example.com",
            "user_id": "ann",
            "role": "driver",
        },
        "device": {
            "uid": None,
            "serial": None,
            "vehicle": "V8",
            "workstation_type": None,
            "device_id": "device-01",
        },
        "started_at": "2007-12-20T09:15:30Z",
        "ended_at": "2007-12-20T10:15:30Z",
        "recorded_at": "2026-01-02T03:04:05.678Z",
        "updated_at": "2026-01-02T03:04:05.678Z",
        "name": "Morning",
        "stop_reason": None,
        "stop_code": None,
        "start_mileage": 10,
        "end_mileage": 20,
        "mode": None,
        "index": None,
        "attributes": {"ontime": {"x": [1, None]}},
        "applications": [
            {
                "name": "Editor",
                "kind": None,
                "duration": 90.5,
                "licence_owned": None,
                "version": None,
                "service_pack": None,
                "software_id": None,
                "operating_mode": None,
                "attributes": {"y": 1},
            }
        ],
        "version": 3,
    }


def test_an_event_is_told_with_its_position():
    event = SessionEvent(
        id=UID,
        tenant="demo",
        kind=EventKind.CLOSED,
        occurred_at=START,
        recorded_at=NOW,
        api="ontime",
        operation="Post",
        protocol="webapi",
        principal="key:acme",
        changes={"state": "closed"},
        notes=("unknown-member:X",),
        digest="ab",
        correlation_id="cd",
        position=42,
    )
    page = told("ListEvents", Outcome(events=(event,), next="42"))
    assert page["next"] == "42"
    assert page["items"] == [
        {
            "id": str(UID),
            "position": 42,
            "kind": "closed",
            "session_uid": None,
            "occurred_at": "2007-12-20T09:15:30Z",
            "recorded_at": "2026-01-02T03:04:05.678Z",
            "api": "ontime",
            "operation": "Post",
            "protocol": "webapi",
            "principal": "key:acme",
            "tenant": "demo",
            "changes": {"state": "closed"},
            "notes": ["unknown-member:X"],
            "digest": "ab",
            "correlation_id": "cd",
        }
    ]


def test_the_last_page_says_so():
    assert told("ListSessions", Outcome()) == {"items": [], "next": None}


def test_every_filter_of_a_list_is_passed_on():
    tree = {
        "limit": 5,
        "cursor": "abc",
        "state": "paused",
        "api": "biot",
        "user": "ann",
        "started_from": START,
        "started_to": START.astimezone(timezone(timedelta(hours=2))),
        "open": True,
        "client": "device-01",
        "subject": UID,
    }
    where = SessionFilter(
        subject_uid=UID,
        client="device-01",
        started_from=START,
        started_to=START,
        open_only=True,
        state=State.PAUSED,
        api="biot",
        user="ann",
    )
    assert mapped("ListSessions", tree) == ListSessions(where, limit=5, cursor="abc")


def test_a_list_without_filters_has_a_hundred_sessions():
    assert mapped("ListSessions", {}) == ListSessions(SessionFilter(), limit=100)


def test_open_false_asks_for_ended_sessions():
    assert mapped("ListSessions", {"open": False}).where == SessionFilter(state=State.CLOSED)
    assert refused(lambda: mapped("ListSessions", {"open": False, "state": "open"})).fields[0].path == "open"


@pytest.mark.parametrize("name", ["ListSessions", "ListEvents"])
@pytest.mark.parametrize("limit", [0, 1001, -1])
def test_a_limit_out_of_range_is_refused(name, limit):
    assert refused(lambda: mapped(name, {"limit": limit})).fields[0].path == "limit"
    assert mapped(name, {"limit": 1000}).limit == 1000


def test_reads_name_their_session():
    assert mapped("ReadSession", {"uid": UID}) == GetSession(ByUid(UID))
    assert mapped("ListSessionEvents", {"uid": UID, "after": 7}) == ListEvents(UID, after=7)
    assert mapped("ListEvents", {"after": 7, "cursor": "9", "limit": 2}) == ListEvents(None, after=9, limit=2)


@pytest.mark.parametrize("cursor", ["x", "-1", "1.5", "٣", "9" * 19])
def test_a_cursor_that_is_none_is_refused(cursor):
    assert refused(lambda: mapped("ListEvents", {"cursor": cursor})).fields[0].path == "cursor"


def test_a_session_is_made_changed_and_ended():
    caller = Caller(API, ANN)
    body = b"""{"key":{"api":"sessions","realm":"","id":"shift-1"},"started_at":"2007-12-20T09:15:30+00:00",
        "subject":{"email":"ann@example.com","shoe_size":42},"device":{"device_id":"device-01"},"name":"Morning",
        "attributes":{"a":{"b":1,"c":2}},"applications":[{"name":"Editor","duration":90.5}]}"""
    made = caller("OpenSession", STRICT.decode(body, API.operation("OpenSession").request, Limits()).tree)
    uid = made.tree["uid"]
    location = ("Location", f"http://gateway.example/v1/sessions/{uid}")
    assert (made.status, made.headers) == (201, (location, ("ETag", '"1"')))
    assert (made.tree["state"], made.tree["key"]["id"], made.tree["started_at"]) == ("open", "shift-1", START)
    assert made.tree["applications"][0]["duration"] == 90.5
    changed = caller("ChangeSession", {"uid": uid, "name": None, "attributes": {"a": {"b": None}}})
    assert (changed.status, changed.tree["name"], changed.tree["attributes"]) == (200, None, {"a": {"c": 2}})
    ended = caller("ChangeSession", {"uid": uid, "state": "closed", "ended_at": START + timedelta(hours=1)})
    assert (ended.tree["state"], ended.tree["version"]) == ("closed", 3)
    assert [event.kind for event in caller.store.events] == ["opened", "updated", "closed"]
    assert caller.store.events[2].occurred_at == START + timedelta(hours=1)


@pytest.mark.parametrize("name", ["OpenSession", "ChangeSession", "EndSession"])
def test_an_application_that_is_null_is_refused(name):
    assert refused(lambda: mapped(name, {"uid": UID, "applications": [None]})).fields[0].path == "applications[0]"


def test_a_session_without_a_key_is_known_by_its_uid():
    made = Caller(API, ANN)("OpenSession", {})
    assert made.tree["key"] == {"api": "sessions", "realm": "", "id": str(made.tree["uid"])}


def test_events_make_change_and_end_a_session():
    caller = Caller(API, ANN)
    key = {"api": "sessions", "realm": "", "id": "shift-1"}
    opened = caller("AppendEvent", {"kind": "opened", "key": key, "occurred_at": START, "device": {"vehicle": "V8"}})
    assert opened.status == 201
    uid = opened.tree["session_uid"]
    caller("AppendEvent", {"kind": "paused", "session_uid": uid})
    caller("AppendEvent", {"kind": "resumed", "key": key})
    caller("AppendEvent", {"kind": "closed", "key": key, "occurred_at": NOW, "changes": {"stop_reason": "done"}})
    session = caller("ReadSession", {"uid": uid}).tree
    assert (session["state"], session["started_at"], session["ended_at"]) == ("closed", START, NOW)
    assert (session["stop_reason"], session["device"]["vehicle"], session["version"]) == ("done", "V8", 4)


def test_a_fact_needs_no_session():
    caller = Caller(API, ANN)
    answer = caller("AppendEvent", {"kind": "recorded", "changes": {"attributes": {"weather": "rain"}}})
    assert (answer.tree["session_uid"], answer.tree["changes"]) == (None, {"attributes": {"weather": "rain"}})
    assert caller.store.sessions == {}


def test_a_repeated_event_is_the_same_command_whenever_it_comes():
    operation, tree = API.operation("AppendEvent"), {"kind": "opened"}
    first, second = (operation.command(tree, Context(ANN, NOW + timedelta(days=day))).command for day in (0, 1))
    assert first == second


def test_an_event_finds_its_session_and_never_makes_one_by_mistake():
    write = mapped("AppendEvent", {"kind": "closed", "key": {"api": "biot", "realm": "r", "id": "1"}})
    assert (write.find, write.missing) == (ByKey(Key("biot", "r", "1")), Missing.REFUSE)
    caller = Caller(API, ANN)
    fault = refused(lambda: caller("AppendEvent", {"kind": "paused", "session_uid": UID}))
    assert fault.kind is FaultKind.NOT_FOUND


@pytest.mark.parametrize(
    ("tree", "path"),
    [
        ({"kind": "closed"}, "session_uid"),
        ({"kind": "opened", "session_uid": UID}, "session_uid"),
        ({"kind": "closed", "session_uid": UID, "key": {"api": "sessions", "id": "1"}}, "key"),
        ({"kind": "closed", "key": {"api": "sessions"}}, "key.id"),
        ({"kind": "exploded", "session_uid": UID}, "kind"),
        ({}, "kind"),
        ({"kind": "recorded", "key": {"id": "1"}}, "key.api"),
        ({"kind": "recorded", "changes": {"state": "asleep"}}, "changes.state"),
    ],
)
def test_an_event_that_cannot_be_is_refused_and_named(tree, path):
    fault = refused(lambda: mapped("AppendEvent", tree))
    assert (fault.kind, fault.fields[0].path) == (FaultKind.INVALID, path)


def test_a_session_that_ended_stays_ended():
    caller = Caller(API, ANN)
    uid = caller("OpenSession", {"state": "closed"}).tree["uid"]
    assert refused(lambda: caller("ChangeSession", {"uid": uid, "state": "open"})).kind is FaultKind.INVALID_TRANSITION
    assert caller("ChangeSession", {"uid": uid, "name": "late"}).tree["name"] == "late"


def test_no_session_ends_before_it_started():
    tree = {"started_at": START, "ended_at": START - timedelta(seconds=1)}
    assert refused(lambda: Caller(API, ANN)("OpenSession", tree)).fields[0].path == "ended_at"


@pytest.mark.parametrize(("name", "tree"), [("OpenSession", {}), ("AppendEvent", {"kind": "opened"})])
def test_the_operator_makes_no_session_for_nobody(name, tree):
    assert refused(lambda: mapped(name, tree, OPERATOR)).kind is FaultKind.FORBIDDEN


def test_reading_and_writing_are_two_permissions():
    assert {operation.name: operation.scope for operation in API.operations} == {
        "ListSessions": "sessions:read",
        "ReadSession": "sessions:read",
        "ListSessionEvents": "sessions:read",
        "ListEvents": "sessions:read",
        "OpenSession": "sessions:write",
        "ChangeSession": "sessions:write",
        "EndSession": "sessions:write",
        "AppendEvent": "sessions:write",
    }
    assert all(operation.writes is (operation.scope == "sessions:write") for operation in API.operations)


def test_the_key_is_found_in_the_header():
    shown = header(WireRequest("GET", "/", headers=Headers([("Authorization", "Bearer s3cret")])), {})
    assert (shown.kind, shown.secret) == ("key", "s3cret")
    assert header(WireRequest("GET", "/"), {}) is None


def test_every_kind_of_fault_has_a_row():
    assert total(API)


def test_a_change_may_depend_on_the_version_that_was_read():
    caller = Caller(API, ANN)
    made = caller("OpenSession", {"name": "a"})
    uid, tag = made.tree["uid"], dict(made.headers)["ETag"]
    changed = caller("ChangeSession", {"uid": uid, "name": "b", "if_match": tag})
    assert dict(changed.headers)["ETag"] == '"2"' == dict(caller("ReadSession", {"uid": uid}).headers)["ETag"]
    for name in ("ChangeSession", "EndSession"):
        late = refused(lambda name=name: caller(name, {"uid": uid, "if_match": tag}))
        assert late.kind is FaultKind.PRECONDITION_FAILED
    assert caller("EndSession", {"uid": uid, "if_match": f'"9", {dict(changed.headers)["ETag"]}'}).status == 200


@pytest.mark.parametrize("tag", ['W/"1"', '"x"', '"1x"', '""', '"99999999999"', '"١"'])
def test_a_tag_that_is_no_version_matches_nothing(tag):
    caller = Caller(API, ANN)
    uid = caller("OpenSession", {}).tree["uid"]
    fault = refused(lambda: caller("ChangeSession", {"uid": uid, "name": "x", "if_match": tag}))
    assert fault.kind is FaultKind.PRECONDITION_FAILED


@pytest.mark.parametrize("tag", ["1", "", '"1', '"1",', '"1" "2"', "W/1"])
def test_what_is_no_tag_is_refused(tag):
    fault = refused(lambda: mapped("ChangeSession", {"uid": UID, "if_match": tag}))
    assert (fault.kind, fault.fields[0].path) == (FaultKind.INVALID, "If-Match")


def test_a_session_ends_once_at_the_moment_it_is_told_or_now():
    caller = Caller(API, ANN)
    uid = caller("OpenSession", {"started_at": START}).tree["uid"]
    ended = caller("EndSession", {"uid": uid, "ended_at": NOW, "stop_reason": "done", "end_mileage": 9})
    assert (ended.tree["state"], ended.tree["ended_at"], ended.tree["stop_reason"]) == ("closed", NOW, "done")
    assert refused(lambda: caller("EndSession", {"uid": uid})).kind is FaultKind.INVALID_TRANSITION
    other = caller("OpenSession", {}).tree["uid"]
    assert caller("EndSession", {"uid": other}).tree["ended_at"] == caller.at


def test_the_end_of_a_stream_names_where_the_next_one_goes_on():
    assert mapped("ListEvents", {"after": 7, "cursor": "9", "last_event_id": "11"}).after == 11
    assert mapped("ListSessionEvents", {"uid": UID, "last_event_id": "", "cursor": "9"}).after == 9
    assert refused(lambda: mapped("ListEvents", {"last_event_id": "x"})).fields[0].path == "Last-Event-ID"


def test_a_list_is_sorted_as_is_asked():
    assert [mapped("ListSessions", tree).order for tree in ({}, {"sort": "newest"}, {"sort": "oldest"})] == [
        "newest",
        "newest",
        "oldest",
    ]


def test_the_link_to_the_next_page_repeats_every_filter():
    tree = {"limit": 2, "open": True, "user": "a&b", "started_from": START, "cursor": "old"}
    asked = Asked(tree, Context(ANN, NOW), "http://gateway.example")
    answer = API.operation("ListSessions").present(Outcome(next="new"), asked)
    query = "limit=2&user=a%26b&started_from=2007-12-20T09%3A15%3A30Z&open=true&cursor=new"
    assert answer.headers == (("Link", f'<http://gateway.example/v1/sessions?{query}>; rel="next"'),)
