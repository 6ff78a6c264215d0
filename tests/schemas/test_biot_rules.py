"""What BioT refuses: each published code, the request that earns it, and the order of the checks."""

import uuid
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from gateway.spi import Device, Fault, Key, Principal, Settings, State
from schemas.biot import PLUGIN
from schemas.biot_codes import CODES, Reach
from tests.schemas.memory import NOW, TRACE, Caller, native

ID = "3fa85f64-5717-4562-b3fc-2c963f66afa6"
START = datetime(2007, 12, 20, 9, 15, 30, tzinfo=UTC)
END = datetime(2007, 12, 20, 10, 15, 30, tzinfo=UTC)
DONE = {"_endTime": END, "_state": "DONE", "_summary": {"_stopReason": "Manual Stop", "_stopReasonCode": "COMPLETION"}}
CLOSED = {"state": State.CLOSED, "ended_at": END, "stop_code": "COMPLETION"}
FUTURE = datetime(2030, 1, 1, tzinfo=UTC)
DOCS = Path(__file__).parents[2] / "docs" / "apis" / "biot.rst"

TEMPLATES = {
    "regular": {"type": "label", "regex": "[A-Z]+"},
    "rate": {"type": "integer", "category": "configuration", "min": 1, "max": 10},
    "ratio": {"type": "decimal", "min": 0.5},
    "needed": {"type": "boolean", "mandatory": True},
    "fixed": {"type": "label", "writable": False},
    "day": {"type": "date"},
    "one": {"type": "single_select", "values": ["a", "b"]},
    "some": {"type": "multi_select", "values": ["a", "b"], "category": "summary"},
    "tongue": {"type": "locale"},
    "zone": {"type": "timezone"},
    "box": {"type": "object"},
}


def refusal(body, *, device="device-01", options=None, session=None, biot=None):
    """Status and body of what an update of a session earns; None when it is accepted."""
    settings = Settings({setting.name: setting.default for setting in PLUGIN.settings})
    api = PLUGIN.build(settings.with_(**{f"biot__{name}": value for name, value in (options or {}).items()}))
    caller = Caller(api, Principal("jwt:ann", "biot", "demo"))
    values = {"started_at": START, "state": State.OPEN, "device": Device(device_id="device-01"), **(session or {})}
    caller.put(Key("biot", "", ID), attributes={"biot": biot or {}}, **values)
    before = dict(caller.store.sessions)
    try:
        caller("updateSession", {"device_id": device, "session_id": uuid.UUID(ID), **body})
    except Fault as fault:
        assert caller.store.sessions == before
        assert caller.store.events == []
        answer = native(api, fault)
        return answer.status, api.fault_body.tree(answer, TRACE)
    return None


CASES = {
    "STOP_DATA_NOT_NULL_FOR_NON_DONE_SESSION": (
        400,
        {"body": {"_summary": {"_stopReason": "x"}}},
        {"attributeName": "_stopReason", "value": "x", "state": "ACTIVE"},
    ),
    "STOP_DATA_NULL_FOR_DONE_SESSION": (400, {"body": {"_state": "DONE", "_endTime": END}}, {}),
    "END_TIME_VALUE_INVALID_FOR_SESSION_STATE": (
        400,
        {"body": {"_endTime": END}},
        {"value": "2007-12-20T10:15:30Z", "state": "ACTIVE"},
    ),
    "TIME_IN_FUTURE": (
        400,
        {"body": {"_startTime": FUTURE}},
        {"time": "2030-01-01T00:00:00Z", "currentTime": "2026-01-02T03:04:06.678Z"},
    ),
    "START_TIME_AFTER_END_TIME": (
        400,
        {"body": {**DONE, "_startTime": END + timedelta(microseconds=1)}},
        {"startTime": "2007-12-20T10:15:30.000001Z", "endTime": "2007-12-20T10:15:30Z"},
    ),
    "SESSION_INITIATOR_MISMATCH": (
        403,
        {"body": {}, "biot": {"initiator": "REMOTE_CONTROL"}},
        {"originalInitiator": "REMOTE_CONTROL", "currentInitiator": "EXTERNAL"},
    ),
    "SESSION_WRONG_DEVICE_ID": (409, {"body": {}, "device": "device-02"}, {"id": ID, "deviceId": "device-02"}),
    "SESSION_STATE_CHANGE_INVALID": (
        409,
        {"body": {"_state": "ACTIVE"}, "session": CLOSED},
        {"currentState": "DONE", "targetState": "ACTIVE"},
    ),
    "ATTRIBUTE_NOT_OF_CATEGORY": (
        400,
        {"body": {"_configuration": {"regular": "A"}}},
        {"attributeName": "regular", "category": "REGULAR"},
    ),
    "ATTRIBUTE_NOT_VALID_FOR_TEMPLATE": (
        400,
        {"body": {"stray": 1}, "biot": {"template_id": "t-1"}},
        {"attributeName": "stray", "templateId": "t-1"},
    ),
    "WRITE_MODE_NOT_VALID_FOR_ATTRIBUTE_TYPE": (
        400,
        {"body": {"fixed": "x"}},
        {"attributeName": "fixed", "attributeType": "LABEL", "writeMode": "READ_ONLY", "entityType": "USAGE_SESSION"},
    ),
    "ATTRIBUTE_IS_MANDATORY": (400, {"body": {"needed": None}}, {"attributeName": "needed"}),
    "ATTRIBUTE_VALUE_CONVERSION_FAILED": (
        400,
        {"body": {"day": "someday"}},
        {"attributeName": "day", "message": "Invalid isoformat string: 'someday'"},
    ),
    "ATTRIBUTE_VALUE_TYPE_MISMATCH": (
        400,
        {"body": {"regular": 5}},
        {"attributeName": "regular", "value": 5, "type": "LABEL"},
    ),
    "ATTRIBUTE_REGEX_VALIDATION_FAILED": (
        400,
        {"body": {"regular": "abc"}},
        {"attributeName": "regular", "value": "abc", "regex": "[A-Z]+"},
    ),
    "SELECT_ATTRIBUTE_DUPLICATED_VALUES": (
        400,
        {"body": {"_summary": {"some": ["a", "a"]}}},
        {"attributeName": "some"},
    ),
    "SELECT_ATTRIBUTE_INVALID_VALUE": (
        400,
        {"body": {"one": "c"}},
        {"value": "c", "allowedValues": ["a", "b"], "attributeName": "one"},
    ),
    "VALIDATION_LOCALE_NOT_VALID": (400, {"body": {"tongue": "english"}}, {"value": "english"}),
    "VALIDATION_TIMEZONE_NOT_VALID": (400, {"body": {"zone": "+02:00"}}, {"value": "+02:00"}),
    "VALIDATION_MAX_ALLOWED_VALUE": (
        400,
        {"body": {"_configuration": {"rate": 11}}},
        {"attributeName": "rate", "maxValue": 10},
    ),
    "VALIDATION_MINIMUM_ALLOWED_VALUE": (400, {"body": {"ratio": 0.25}}, {"attributeName": "ratio", "minimum": 0.5}),
}
"""A request for every code that a check of the session or of its attributes gives."""

OF_THE_GATEWAY = {
    "TOKEN_NOT_VALID",
    "ACCESS_DENIED",
    "SESSION_NOT_FOUND",
    "INTERNAL_SERVER_ERROR",
    "GATEWAY_TIMEOUT",
}
"""Codes of the gateway's own faults: tests/schemas/test_biot.py."""

OF_OTHER_OPERATIONS = {"SESSION_TEMPLATE_NOT_FOUND_BY_USAGE_TYPE", "CANNOT_DELETE_NON_DONE_SESSION"}
"""Codes that no update gives: tests/schemas/test_biot_siblings.py."""


@pytest.mark.parametrize("code", CASES)
def test_each_code_is_reachable_and_carries_its_published_details(code):
    status, request, details = CASES[code]
    options = {"templates": TEMPLATES} if code.startswith(("ATTR", "SELECT", "VALID", "WRITE")) else {}
    told, body = refusal(**request, options=options)
    assert (told, body["code"], body["details"]) == (status, code, details)
    assert set(body["details"]) == set(CODES[code].details)
    assert body["message"]


def test_every_published_code_is_reachable_or_said_never_to_be():
    never = {code for code, row in CODES.items() if row.reach is Reach.NEVER}
    assert never | set(CASES) | OF_THE_GATEWAY | OF_OTHER_OPERATIONS == set(CODES)
    assert not never & set(CASES)


@pytest.mark.parametrize("code", CODES)
def test_the_documentation_tells_when_each_code_is_sent(code):
    rows = [line for line in DOCS.read_text(encoding="utf-8").splitlines() if f"``{code}``" in line]
    assert any(CODES[code].reach.value in row for row in rows)


@pytest.mark.parametrize(
    "body",
    [
        {"regular": "ABC", "ratio": 0.5, "needed": False, "day": "2007-12-20", "one": "a", "box": {"x": 1}},
        {"_configuration": {"rate": 10}, "_summary": {"some": ["b", "a"]}, "tongue": "de-CH", "zone": "Europe/Zurich"},
        {"regular": None, "zone": "UTC", "tongue": "en"},
    ],
)
def test_attributes_that_fit_their_templates_are_accepted(body):
    assert refusal(body, options={"templates": TEMPLATES}) is None


@pytest.mark.parametrize("value", [1.5, True, "1"])
def test_only_whole_numbers_are_integers(value):
    _, body = refusal({"_configuration": {"rate": value}}, options={"templates": TEMPLATES})
    assert body["code"] == "ATTRIBUTE_VALUE_TYPE_MISMATCH"


def test_the_checks_come_in_their_order():
    """Device, initiator, transition, business rules: each step repairs the first complaint."""
    session = {**CLOSED, "device": Device(device_id="device-02")}
    body = {"_state": "ACTIVE", "_startTime": FUTURE}
    codes = [
        refusal(body, session=session, biot={"initiator": "REMOTE_CONTROL"})[1]["code"],
        refusal(body, session=CLOSED, biot={"initiator": "REMOTE_CONTROL"})[1]["code"],
        refusal(body, session=CLOSED)[1]["code"],
        refusal(body)[1]["code"],
    ]
    assert codes == [
        "SESSION_WRONG_DEVICE_ID",
        "SESSION_INITIATOR_MISMATCH",
        "SESSION_STATE_CHANGE_INVALID",
        "TIME_IN_FUTURE",
    ]


@pytest.mark.parametrize("target", ["ACTIVE", "PAUSED", "ACTIVATING", "PAUSING", "RESUMING", "STOPPING"])
@pytest.mark.parametrize("state", [state for state in State if state is not State.CLOSED])
def test_before_the_end_any_state_may_follow_any(state, target):
    assert refusal({"_state": target}, session={"state": state}) is None
    assert refusal(DONE, session={"state": state}) is None


@pytest.mark.parametrize(
    ("state", "target", "accepted"),
    [
        (State.OPEN, "PAUSING", True),
        (State.PAUSED, "ACTIVE", True),
        (State.OPEN, "ACTIVE", True),
        (State.OPEN, "ACTIVATING", False),
        (State.CLOSING, "ACTIVE", False),
        (State.PAUSED, "PAUSING", False),
    ],
)
def test_the_tight_table_keeps_the_natural_order(state, target, accepted):
    told = refusal({"_state": target}, session={"state": state}, options={"transitions": "tight"})
    assert (told is None) is accepted
    assert accepted or told[1]["code"] == "SESSION_STATE_CHANGE_INVALID"


@pytest.mark.parametrize(
    "body", [{"_summary": {"note": "x"}}, {"_state": "DONE"}, {"mine": 1}, {"_state": "DONE", "_summary": {"n": 2}}]
)
def test_a_session_that_is_done_still_takes_attributes(body):
    assert refusal(body, session=CLOSED) is None


def test_a_session_ended_elsewhere_without_stop_data_still_takes_attributes():
    assert refusal({"mine": 1}, session={"state": State.CLOSED, "ended_at": END}) is None


def test_the_end_of_a_session_that_is_done_cannot_be_cleared():
    _, body = refusal({"_endTime": None}, session=CLOSED)
    assert (body["code"], body["details"]) == (
        "END_TIME_VALUE_INVALID_FOR_SESSION_STATE",
        {"value": None, "state": "DONE"},
    )


@pytest.mark.parametrize(
    ("wanted", "summary", "accepted"),
    [
        ("either", {"_stopReason": "x"}, True),
        ("either", {"_stopReasonCode": "TIMEOUT"}, True),
        ("both", {"_stopReason": "x"}, False),
        ("both", {"_stopReason": "x", "_stopReasonCode": "TIMEOUT"}, True),
        ("none", {}, True),
    ],
)
def test_the_setting_says_what_stop_data_is_demanded(wanted, summary, accepted):
    told = refusal({**DONE, "_summary": summary}, options={"stop_data": wanted})
    assert (told is None) is accepted


def test_the_setting_lets_a_clock_be_ahead():
    ahead = NOW + timedelta(seconds=4)
    assert refusal({"_startTime": ahead})[1]["code"] == "TIME_IN_FUTURE"
    assert refusal({"_startTime": ahead}, options={"clock_skew": 5}) is None


def test_a_new_session_must_have_its_mandatory_attributes():
    settings = Settings({setting.name: setting.default for setting in PLUGIN.settings})
    caller = Caller(PLUGIN.build(settings.with_(biot__templates=TEMPLATES)), Principal("jwt:ann", "biot", "demo"))
    body = {"device_id": "d", "_startTime": START, "_state": "ACTIVE", "_templateId": uuid.UUID(int=9)}
    with pytest.raises(Fault) as caught:
        caller("createSession", body)
    assert (caught.value.code, caught.value.details) == ("ATTRIBUTE_IS_MANDATORY", {"attributeName": "needed"})
    assert caller("createSession", {**body, "needed": True}).status == 201
