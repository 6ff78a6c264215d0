"""BioT's usage sessions: what a client sends, what is kept, and what it gets back."""

import base64
import json
import uuid
from datetime import UTC, datetime
from decimal import Decimal

import pytest

from adapters.codecs.json import STRICT
from gateway.spi import (
    Device,
    EventKind,
    Fault,
    FaultKind,
    FieldError,
    Headers,
    Key,
    Limits,
    Principal,
    Settings,
    State,
    Subject,
    WireRequest,
)
from schemas.biot import PLUGIN, header
from tests.schemas.memory import NOW, TRACE, Caller, native, total

ID = "3fa85f64-5717-4562-b3fc-2c963f66afa6"
TENANT = "00000000-0000-0000-0000-000000000001"
START = datetime(2007, 12, 20, 9, 15, 30, tzinfo=UTC)
END = datetime(2007, 12, 20, 10, 15, 30, tzinfo=UTC)
PATH = {"device_id": "device-01", "session_id": uuid.UUID(ID)}
DONE = {
    "_endTime": END,
    "_state": "DONE",
    "_summary": {"_stopReason": "Manual Stop", "_stopReasonCode": "COMPLETION"},
}
KEYS = [
    "_id",
    "_name",
    "_caption",
    "_patient",
    "_device",
    "_ownerOrganization",
    "_startTime",
    "_endTime",
    "_state",
    "_initiator",
    "_requiredMeasurementIntervalMilliseconds",
    "_template",
    "_referencers",
    "_configuration",
    "_summary",
    "_sessionContext",
    "_creationTime",
    "_lastModifiedTime",
]


def api_of(**changes):
    settings = Settings({setting.name: setting.default for setting in PLUGIN.settings})
    return PLUGIN.build(settings.with_(**{f"biot__{name}": value for name, value in changes.items()}))


def caller_of(state=State.OPEN, *, options=None, biot=None, **values):
    principal = Principal("jwt:ann", "biot", "demo", frozenset({"PROTECTED_API"}), claims={"tenantId": TENANT})
    caller = Caller(api_of(**(options or {})), principal)
    values = {"started_at": START, "device": Device(device_id="device-01"), **values}
    caller.put(Key("biot", TENANT, ID), state=state, attributes={"biot": biot or {}}, **values)
    return caller


def update(caller, body, **path):
    return caller("updateSession", {**PATH, **path, **body}).tree


def refused(call):
    with pytest.raises(Fault) as caught:
        call()
    return caught.value


def envelope(api, fault):
    answer = native(api, fault)
    return answer.status, api.fault_body.tree(answer, TRACE)


def test_the_published_example_ends_the_session():
    caller = caller_of()
    answer = update(caller, DONE)
    assert answer["_state"] == "DONE"
    assert answer["_endTime"] == END
    assert answer["_summary"] == {"_stopReason": "Manual Stop", "_stopReasonCode": "COMPLETION"}
    event = caller.store.events[0]
    assert (event.kind, event.occurred_at, event.session_uid) == (
        EventKind.CLOSED,
        END,
        next(iter(caller.store.sessions)),
    )


def test_the_published_example_as_json():
    sent = (
        b'{"_endTime":"2007-12-20T10:15:30Z","_state":"DONE",'
        b'"_summary":{"_stopReason":"Manual Stop","_stopReasonCode":"COMPLETION"}}'
    )
    caller = caller_of()
    operation = caller.api.operation("updateSession")
    answer = update(caller, STRICT.decode(sent, operation.request, Limits()).tree)
    told = json.loads(STRICT.encode(answer, operation.answer))
    assert list(told) == KEYS
    assert (told["_startTime"], told["_endTime"]) == ("2007-12-20T09:15:30Z", "2007-12-20T10:15:30Z")
    assert (told["_creationTime"], told["_name"]) == ("2026-01-02T03:04:05.678Z", None)


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        ({"_startTime": END, "_state": "ACTIVE"}, {"_startTime": END, "_state": "ACTIVE"}),
        ({"_state": "PAUSED"}, {"_state": "PAUSED", "_startTime": START}),
        (
            {"_summary": {"my_summary_attr": Decimal("12.5")}},
            {"_summary": {"_stopReason": None, "_stopReasonCode": None, "my_summary_attr": Decimal("12.5")}},
        ),
        (
            {
                "_startTime": datetime(2022, 1, 1, tzinfo=UTC),
                "_state": "ACTIVE",
                "_summary": {"_stopReasonCode": None, "_stopReason": None},
                "_endTime": None,
            },
            {"_endTime": None, "_summary": {"_stopReason": None, "_stopReasonCode": None}, "_state": "ACTIVE"},
        ),
        ({}, {"_state": "ACTIVE", "_startTime": START}),
    ],
)
def test_requests_of_real_clients_are_accepted(body, expected):
    answer = update(caller_of(), body)
    assert {name: answer[name] for name in expected} == expected


def test_the_answer_has_every_published_key_in_the_published_order():
    answer = update(caller_of(subject=Subject(uid=uuid.UUID(int=7), email="john@example.com")), {"my_attr": "x"})
    assert list(answer) == [*KEYS, "my_attr"]
    assert answer["_id"] == ID
    assert answer["_device"]["id"] == answer["_device"]["name"] == "device-01"
    assert list(answer["_patient"]) == ["id", "name", "templateId", "templateName"]
    assert answer["_patient"]["id"] == str(uuid.UUID(int=7))
    assert answer["_ownerOrganization"]["id"] == TENANT
    assert json.loads(base64.b64decode(answer["_sessionContext"])) == {
        "patientId": str(uuid.UUID(int=7)),
        "sessionId": ID,
        "ownerOrganizationId": TENANT,
    }
    assert (answer["_creationTime"], answer["_lastModifiedTime"] > NOW) == (NOW, True)


def test_what_is_absent_stays_and_null_clears():
    caller = caller_of(name="First")
    update(caller, {"a": 1, "b": {"c": [1, None]}, "_configuration": {"rate": 5, "unit": "s"}, "_summary": {"s": True}})
    answer = update(caller, {"a": None, "_configuration": {"rate": None}, "_name": None, "_summary": {"t": 2}})
    assert "a" not in answer
    assert answer["b"] == {"c": [1, None]}
    assert answer["_configuration"] == {"unit": "s"}
    assert answer["_name"] is None
    assert answer["_caption"] is None
    assert answer["_summary"] == {"_stopReason": None, "_stopReasonCode": None, "s": True, "t": 2}


def test_a_null_object_clears_all_of_it():
    caller = caller_of()
    update(caller, {"_configuration": {"rate": 5}, "_summary": {"s": True}})
    answer = update(caller, {"_configuration": None, "_summary": None})
    assert answer["_configuration"] == {}
    assert answer["_summary"] == {"_stopReason": None, "_stopReasonCode": None}


def test_a_custom_attribute_is_never_taken_for_a_member_of_biot():
    answer = update(caller_of(), {"state": "PAUSED", "name": "x", "_patient": {"id": "y"}})
    assert (answer["_state"], answer["state"], answer["name"]) == ("ACTIVE", "PAUSED", "x")
    assert answer["_patient"] is None


def test_an_unknown_member_of_biots_own_is_kept_and_noted():
    caller = caller_of()
    update(caller, {"_referencers": {"x": 1}})
    session = next(iter(caller.store.sessions.values()))
    assert session.attributes["biot"]["other"] == {"_referencers": {"x": 1}}
    assert caller.store.events[0].notes == ("ignored_member:_referencers",)


def test_an_instant_with_an_offset_is_told_in_utc():
    sent = datetime.fromisoformat("2007-12-20T10:15:30.199+02:00")
    answer = update(caller_of(), {"_startTime": sent})
    assert answer["_startTime"].isoformat() == "2007-12-20T08:15:30.199000+00:00"


def test_an_instant_beyond_all_years_is_refused():
    fault = refused(lambda: update(caller_of(), {"_startTime": datetime.fromisoformat("0001-01-01T00:00:00+14:00")}))
    assert (fault.kind, fault.fields[0].path) == (FaultKind.INVALID, "_startTime")


@pytest.mark.parametrize(
    ("native_state", "kind"), [("DONE", "closed"), ("PAUSED", "paused"), ("ACTIVE", "updated"), ("PAUSING", "updated")]
)
def test_the_target_state_names_the_event(native_state, kind):
    caller = caller_of()
    update(caller, DONE if native_state == "DONE" else {"_state": native_state})
    assert caller.store.events[0].kind == kind


@pytest.mark.parametrize("state", State)
def test_every_state_survives_a_round_trip(state):
    spelled = {"opening": "ACTIVATING", "open": "ACTIVE", "closing": "STOPPING", "closed": "DONE"}
    closed = {"ended_at": END, "stop_code": "TIMEOUT"} if state is State.CLOSED else {}
    expected = spelled.get(state.value, state.value.upper())
    assert update(caller_of(state, **closed), {"_state": expected})["_state"] == expected


def test_create_then_read():
    caller = caller_of()
    body = {
        "_startTime": START,
        "_state": "ACTIVE",
        "_templateId": uuid.UUID(int=9),
        "_patient": {"id": uuid.UUID(int=7)},
    }
    made = caller("createSession", {"device_id": "device-02", "_name": "New", "my": "own", **body})
    assert made.status == 201
    found = caller("getSession", {"device_id": "device-02", "session_id": uuid.UUID(made.tree["_id"])})
    assert found.tree == made.tree
    assert (
        found.tree["_template"]["id"],
        found.tree["_patient"]["id"],
        found.tree["my"],
        found.tree["_initiator"],
    ) == (
        str(uuid.UUID(int=9)),
        str(uuid.UUID(int=7)),
        "own",
        "EXTERNAL",
    )


def test_a_session_of_another_account_is_unknown():
    caller = caller_of()
    caller.principal = Principal("jwt:bob", "biot", "demo", claims={"tenantId": "other"})
    assert refused(lambda: update(caller, {})).kind is FaultKind.NOT_FOUND


def test_a_session_that_another_api_made_is_told_without_an_error():
    caller = caller_of(State.CLOSED, ended_at=END)
    session = next(iter(caller.store.sessions.values()))
    object.__setattr__(session, "attributes", {"biot": "text", "other": 1})
    answer = caller("getSession", dict(PATH)).tree
    assert (answer["_state"], answer["_configuration"], answer["_initiator"]) == ("DONE", {}, "EXTERNAL")


def test_health_needs_no_credentials_and_tells_the_trace():
    operation = api_of().operation("healthCheck")
    assert operation.public
    answer = Caller(api_of(), Principal("nobody", "biot", ""))("healthCheck", {})
    assert answer.tree == {"version": "2.3.33", "springVersion": None, "traceId": "8448eb211c80319c"}


@pytest.mark.parametrize("name", ["Authorization", "authorization"])
@pytest.mark.parametrize("scheme", ["Bearer", "bearer"])
def test_the_token_is_found_in_the_header(name, scheme):
    shown = header(WireRequest("PATCH", "/", headers=Headers([(name, f"{scheme} a.b.c")])), {})
    assert (shown.kind, shown.secret) == ("jwt", "a.b.c")


@pytest.mark.parametrize("value", ["", "Bearer", "Bearer ", "Basic YTpi"])
def test_no_other_header_is_a_token(value):
    assert header(WireRequest("PATCH", "/", headers=Headers([("Authorization", value)])), {}) is None


def test_every_kind_of_fault_has_a_row():
    assert total(api_of())


@pytest.mark.parametrize(
    ("kind", "status", "code"),
    [
        (FaultKind.UNAUTHENTICATED, 401, "TOKEN_NOT_VALID"),
        (FaultKind.FORBIDDEN, 403, "ACCESS_DENIED"),
        (FaultKind.NOT_FOUND, 404, "SESSION_NOT_FOUND"),
        (FaultKind.TIMEOUT, 504, "GATEWAY_TIMEOUT"),
        (FaultKind.STORE_UNAVAILABLE, 504, "GATEWAY_TIMEOUT"),
        (FaultKind.INTERNAL, 500, "INTERNAL_SERVER_ERROR"),
        (FaultKind.MALFORMED, 400, "BAD_REQUEST"),
    ],
)
def test_a_fault_of_the_gateway_has_biots_six_keys(kind, status, code):
    api = api_of(environment="develop")
    told, body = envelope(api, Fault(kind, "why", details={"scope": "internal"} if kind is FaultKind.FORBIDDEN else {}))
    assert told == status
    assert list(body) == ["code", "message", "serviceName", "traceId", "environment", "details"]
    assert (body["code"], body["traceId"], body["environment"]) == (code, "8448eb211c80319c", "develop")
    assert body["details"] == {}
    assert body["message"]


def test_an_unknown_session_is_named():
    _, body = envelope(api_of(), Fault(FaultKind.NOT_FOUND, details={"id": ID}))
    assert (body["message"], body["details"]) == (f"Entity with id [{ID}] not found", {"id": ID})


@pytest.mark.parametrize(
    ("body", "code", "details"),
    [
        ({"_state": None}, "ATTRIBUTE_IS_MANDATORY", {"attributeName": "_state"}),
        ({"_startTime": None}, "ATTRIBUTE_IS_MANDATORY", {"attributeName": "_startTime"}),
        (
            {"_state": "OPEN"},
            "SELECT_ATTRIBUTE_INVALID_VALUE",
            {
                "value": "OPEN",
                "allowedValues": ["ACTIVE", "DONE", "PAUSED", "ACTIVATING", "PAUSING", "RESUMING", "STOPPING"],
                "attributeName": "_state",
            },
        ),
        (
            {"_summary": {"_stopReasonCode": "BORED"}},
            "SELECT_ATTRIBUTE_INVALID_VALUE",
            {
                "value": "BORED",
                "allowedValues": ["COMPLETION", "GENERAL_DEVICE_ERROR", "TIMEOUT"],
                "attributeName": "_summary._stopReasonCode",
            },
        ),
    ],
)
def test_a_member_that_does_not_fit_is_told_with_a_published_code(body, code, details):
    status, told = envelope(api_of(), refused(lambda: update(caller_of(), body)))
    assert (status, told["code"], told["details"]) == (400, code, details)


@pytest.mark.parametrize("body", [{"_name": ""}, {"_name": "x" * 65}, {"_summary": {"_stopReason": "x" * 129}}])
def test_a_text_of_wrong_length_is_a_bad_request(body):
    status, told = envelope(api_of(), refused(lambda: update(caller_of(), body)))
    assert (status, told["code"]) == (400, "BAD_REQUEST")


def test_texts_of_the_longest_length_are_accepted():
    answer = update(caller_of(), {**DONE, "_name": "x" * 64, "_summary": {"_stopReason": "y" * 128}})
    assert (len(answer["_name"]), len(answer["_summary"]["_stopReason"])) == (64, 128)


def test_the_strict_table_demands_what_it_calls_mandatory():
    caller = caller_of(options={"strict_required": True})
    assert refused(lambda: update(caller, {"_state": "PAUSED"})).details == {"attributeName": "_startTime"}
    assert update(caller, {"_state": "PAUSED", "_startTime": START})["_state"] == "PAUSED"


def test_a_wrong_template_stops_the_api_and_names_every_error():
    with pytest.raises(ValueError, match=r"biot\.templates\.a: .*type.*biot\.templates\.b: category"):
        api_of(templates={"a": {"type": "colour"}, "b": {"category": "none"}})


@pytest.mark.parametrize(
    ("body", "name", "value", "kind"),
    [
        (b'{"_state":5}', "_state", "5", "SINGLE_SELECT"),
        (b'{"_startTime":"yesterday"}', "_startTime", "yesterday", "DATE_TIME"),
        (b'{"_summary":{"_stopReason":true}}', "_summary._stopReason", True, "LABEL"),
        (b'{"_configuration":[]}', "_configuration", None, "OBJECT"),
    ],
)
def test_a_member_of_another_type_is_told_with_its_type(body, name, value, kind):
    api = api_of()
    fault = refused(lambda: STRICT.decode(body, api.operation("updateSession").request, Limits()))
    status, told = envelope(api, fault)
    assert (status, told["code"]) == (400, "ATTRIBUTE_VALUE_TYPE_MISMATCH")
    assert told["details"] == {"attributeName": name, "value": value, "type": kind}


def test_an_id_that_is_no_uuid_is_a_bad_request():
    wrong = FieldError("id", "id must be a UUID", "type", "17")
    status, told = envelope(api_of(), Fault(FaultKind.INVALID, wrong.message, fields=(wrong,)))
    assert (status, told["code"], told["details"]["attributeName"]) == (400, "BAD_REQUEST", "id")
