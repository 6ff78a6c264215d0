"""BioT's other operations on a usage session: by usage type, by remote control, and its end."""

import uuid

import pytest

from gateway.spi import Device, EventKind, Fault, FaultKind, Key, Principal, Settings, State
from schemas.biot import PLUGIN
from schemas.biot_answers import template_id
from tests.schemas.memory import Caller, native

DEVICE = {"device_id": "device-01"}
TEMPLATE = uuid.UUID("3fa85f64-5717-4562-b3fc-2c963f66afa7")
NEW = {**DEVICE, "_startTime": None, "_state": "ACTIVE"}


def caller_of(**options):
    settings = Settings({setting.name: setting.default for setting in PLUGIN.settings})
    api = PLUGIN.build(settings.with_(**{f"biot__{name}": value for name, value in options.items()}))
    return Caller(api, Principal("jwt:ann", "biot", "demo", claims={"tenantId": "clinic"}))


def put(caller, state=State.OPEN, initiator="EXTERNAL", **values):
    key = Key("biot", "clinic", str(uuid.uuid4()))
    biot = {"biot": {"initiator": initiator}}
    session = caller.put(key, state=state, device=Device(device_id="device-01"), attributes=biot, **values)
    return {**DEVICE, "session_id": uuid.UUID(session.key.id)}


def started(caller):
    found = caller("startSession", {**DEVICE, "_templateId": TEMPLATE})
    return {**DEVICE, "session_id": uuid.UUID(found.tree["_id"])}


def refused(caller, name, tree):
    with pytest.raises(Fault) as caught:
        caller(name, tree)
    answer = native(caller.api, caught.value)
    body = caller.api.fault_body.tree(answer, "0" * 32)
    return answer.status, body["code"], body["details"]


def state(caller, path):
    return caller("getSession", path).tree["_state"]


def test_any_name_is_a_usage_type_while_none_is_declared():
    caller = caller_of()
    answer = caller("createSessionByUsageType", {**NEW, "_startTime": caller.at, "_usageType": "sleep"})
    assert answer.status == 201
    told = answer.tree["_template"]
    assert (told["id"], told["name"], told["displayName"]) == (template_id("sleep"), "sleep", "sleep")
    assert answer.tree["_initiator"] == "EXTERNAL"


def test_a_declared_usage_type_has_its_own_template():
    caller = caller_of(usage_types={"sleep": str(TEMPLATE).upper()})
    answer = caller("createSessionByUsageType", {**NEW, "_startTime": caller.at, "_usageType": "sleep"})
    assert answer.tree["_template"]["id"] == str(TEMPLATE)


def test_an_undeclared_usage_type_is_not_found():
    caller = caller_of(usage_types={"sleep": str(TEMPLATE)})
    tree = {**NEW, "_startTime": caller.at, "_usageType": "run"}
    code = "SESSION_TEMPLATE_NOT_FOUND_BY_USAGE_TYPE"
    assert refused(caller, "createSessionByUsageType", tree) == (404, code, {"entityName": "run"})
    assert caller.store.sessions == {}


def test_a_usage_type_that_is_no_uuid_stops_the_api():
    with pytest.raises(ValueError, match=r"biot\.usage_types\.sleep: must be a UUID"):
        caller_of(usage_types={"sleep": "template-1"})


def test_a_member_called_usage_type_is_an_attribute_as_any_other():
    caller = caller_of()
    answer = caller("createSessionByUsageType", {**NEW, "_startTime": caller.at, "_usageType": "a", "usageType": "b"})
    assert answer.tree["usageType"] == "b"


@pytest.mark.parametrize(("name", "passing", "final"), [("pause", "PAUSING", "PAUSED"), ("stop", "STOPPING", "DONE")])
def test_a_command_is_answered_while_it_is_carried_out_and_then_done(name, passing, final):
    caller = caller_of()
    path = started(caller)
    answer = caller(f"{name}Session", path)
    assert (answer.status, answer.tree["_state"], answer.tree["_endTime"]) == (200, passing, None)
    assert state(caller, path) == final


def test_a_whole_life_by_remote_control():
    caller = caller_of()
    begun = caller("startSession", {**DEVICE, "_templateId": TEMPLATE, "_name": "night", "_configuration": {"a": 1}})
    assert (begun.status, begun.tree["_state"], begun.tree["_initiator"]) == (201, "ACTIVATING", "REMOTE_CONTROL")
    assert begun.tree["_startTime"] == caller.at
    path = {**DEVICE, "session_id": uuid.UUID(begun.tree["_id"])}
    assert state(caller, path) == "ACTIVE"
    caller("pauseSession", path)
    assert caller("resumeSession", path).tree["_state"] == "RESUMING"
    assert state(caller, path) == "ACTIVE"
    told = caller("stopSession", path).tree
    assert told["_summary"] == {"_stopReason": None, "_stopReasonCode": None}
    ended = caller.at
    told = caller("getSession", path).tree
    assert (told["_state"], told["_endTime"], told["_name"]) == ("DONE", ended, "night")
    assert told["_summary"] == {"_stopReason": None, "_stopReasonCode": "COMPLETION"}
    kinds = [event.kind for event in caller.store.events]
    assert kinds == [EventKind.OPENED, EventKind.PAUSED, EventKind.RESUMED, EventKind.CLOSED]
    assert caller("deleteSession", path).status == 204


def test_a_device_that_reports_by_itself_ends_each_passing_state():
    caller = caller_of(remote_control="device", transitions="tight")
    path = started(caller)
    assert state(caller, path) == "ACTIVATING"
    steps = [("pauseSession", "PAUSING", "PAUSED"), ("resumeSession", "RESUMING", "ACTIVE")]
    caller("updateSession", {**path, "_state": "ACTIVE"})
    for name, passing, final in steps:
        assert caller(name, path).tree["_state"] == passing
        assert state(caller, path) == passing
        caller("updateSession", {**path, "_state": final})
    caller("stopSession", path)
    done = {"_state": "DONE", "_endTime": caller.at, "_summary": {"_stopReasonCode": "TIMEOUT"}}
    assert caller("updateSession", {**path, **done}).tree["_state"] == "DONE"


@pytest.mark.parametrize("name", ["stopSession", "pauseSession", "resumeSession"])
def test_a_session_is_changed_only_in_the_way_it_was_started(name):
    caller = caller_of()
    mismatch = "SESSION_INITIATOR_MISMATCH"
    external = {"originalInitiator": "EXTERNAL", "currentInitiator": "REMOTE_CONTROL"}
    assert refused(caller, name, put(caller)) == (403, mismatch, external)
    remote = {"originalInitiator": "REMOTE_CONTROL", "currentInitiator": "EXTERNAL"}
    assert refused(caller, "updateSession", {**started(caller), "_name": "x"}) == (403, mismatch, remote)


@pytest.mark.parametrize("name", ["stopSession", "pauseSession", "resumeSession"])
def test_no_command_leaves_done(name):
    caller = caller_of()
    path = started(caller)
    caller("stopSession", path)
    status, code, details = refused(caller, name, path)
    assert (status, code, details["currentState"]) == (409, "SESSION_STATE_CHANGE_INVALID", "DONE")


def test_the_tight_table_takes_commands_in_their_natural_order_only():
    caller = caller_of(transitions="tight")
    path = started(caller)
    assert refused(caller, "resumeSession", path)[1] == "SESSION_STATE_CHANGE_INVALID"
    caller("pauseSession", path)
    assert refused(caller, "pauseSession", path)[2] == {"currentState": "PAUSED", "targetState": "PAUSING"}


@pytest.mark.parametrize("name", ["stopSession", "pauseSession", "resumeSession", "deleteSession"])
def test_unknown_sessions_and_other_devices(name):
    caller = caller_of()
    path = put(caller)
    unknown = str(uuid.UUID(int=9))
    assert refused(caller, name, {**path, "session_id": uuid.UUID(int=9)}) == (
        404,
        "SESSION_NOT_FOUND",
        {"id": unknown},
    )
    details = {"id": str(path["session_id"]), "deviceId": "device-02"}
    wrong = {**path, "device_id": "device-02"}
    assert refused(caller, name, wrong) == (409, "SESSION_WRONG_DEVICE_ID", details)


@pytest.mark.parametrize(
    ("option", "initiator", "native_state", "allowed"),
    [
        ("external", "EXTERNAL", State.OPEN, True),
        ("external", "EXTERNAL", State.PAUSING, True),
        ("external", "REMOTE_CONTROL", State.OPEN, False),
        ("external", "REMOTE_CONTROL", State.CLOSED, True),
        ("none", "EXTERNAL", State.OPEN, False),
        ("none", "EXTERNAL", State.CLOSED, True),
        ("all", "REMOTE_CONTROL", State.OPEN, True),
    ],
)
def test_which_sessions_may_be_deleted(option, initiator, native_state, allowed):
    caller = caller_of(delete=option)
    path = put(caller, native_state, initiator)
    if not allowed:
        told = {"id": str(path["session_id"]), "state": "ACTIVE"}
        assert refused(caller, "deleteSession", path) == (409, "CANNOT_DELETE_NON_DONE_SESSION", told)
        assert state(caller, path) == "ACTIVE"
        return
    assert caller("deleteSession", path).tree is None
    assert refused(caller, "getSession", path)[0] == 404
    assert [event.kind for event in caller.store.events] == [EventKind.DELETED]


def test_a_second_deletion_finds_nothing():
    caller = caller_of()
    path = put(caller)
    caller("deleteSession", path)
    with pytest.raises(Fault) as caught:
        caller("deleteSession", path)
    assert caught.value.kind is FaultKind.NOT_FOUND
