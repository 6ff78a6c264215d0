"""No caller reads or changes what another tenant's sessions say: every operation of every API, with two tenants."""

import json
import re
import uuid
from collections.abc import Callable, Iterator, Mapping
from typing import Any
from urllib.parse import quote

import pytest

from gateway import boot
from tests.two_tenants import (
    ONE,
    TWO,
    Call,
    Caller,
    Door,
    Headers,
    biot,
    door,
    gateway,
    log,
    login,
    logout,
    ontime,
    own,
    own_soap,
    partstream,
    workstation,
)

MARK = "belongs-to-one"
VEHICLE = "11111111-2222-4333-8444-555555555555"


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Iterator[boot.Gateway]:
    with gateway(tmp_path_factory.mktemp("tenants")) as running:
        yield running


@pytest.fixture(scope="module", name="doors")
def the_door(made: boot.Gateway) -> Door:
    return door(made)


@pytest.fixture(scope="module")
def uids(doors: Door) -> Mapping[str, str]:
    """Sessions that tenant one made over every API: what finds each of them."""

    def good(call: tuple[Call, Headers]) -> Any:
        answer = doors.send(*call)
        assert answer.status_code < 300, answer.text
        return answer

    user = f"{MARK}@example.com"
    good(workstation(ONE, "session/start", Email=user))
    body = {"UserID": VEHICLE, "LogInType": "Driver", "LogInTime": "2019-10-01T08:00:00", "Vehicle": VEHICLE}
    made_by_ontime = good(ontime(ONE, "POST", "/sites/acme/api/userSession/post", json.dumps(body))).json
    begun = {"_templateId": VEHICLE, "_startTime": "2020-01-01T00:00:00Z", "_state": "ACTIVE", "_name": MARK}
    made_by_biot = good(biot(ONE, "POST", "/device/v1/devices/device-01/usage-sessions", json.dumps(begun))).json
    logged_in = good(login(ONE, serial=MARK)).json
    told = good(partstream(ONE, MARK)).text
    started = json.dumps({"name": MARK, "started_at": "2020-01-01T00:00:00Z"})
    made_by_v1 = good(own(ONE, "POST", "/v1/sessions", started)).json
    assert None not in (made_by_ontime, made_by_biot, logged_in, made_by_v1)
    return {
        "ontime": made_by_ontime["ID"],
        "biot": made_by_biot["_id"],
        "mobileconnect": logged_in["SessionUid"],
        "partstream": re.findall(r"<sessionid>(\w+)<", told)[0],
        "sessions": made_by_v1["uid"],
    }


READS: dict[str, Callable[[Caller, Mapping[str, str]], tuple[Call, Headers]]] = {
    "ontime UserSessionGet": lambda who, uid: ontime(who, path=f"/sites/acme/api/userSessions/{uid['ontime']}"),
    "ontime UserSessionList": lambda who, uid: ontime(who, path=f"/sites/acme/api/userSessions?userId={VEHICLE}"),
    "biot getSession": lambda who, uid: biot(who, path=f"/device/v1/devices/device-01/usage-sessions/{uid['biot']}"),
    "biot searchSessions": lambda who, uid: biot(who),
    "biot searchDeviceSessions": lambda who, uid: biot(
        who,
        path="/device/v1/devices/current/usage-sessions?searchRequest="
        + quote('{"filter":{"_id":{"in":["device-01"]}}}'),
    ),
    "mobileconnect UserClientSessionLogRequest": lambda who, uid: log(who),
    "sessions ListSessions": lambda who, uid: own(who, path="/v1/sessions?limit=1000"),
    "sessions ReadSession": lambda who, uid: own(who, path=f"/v1/sessions/{uid['sessions']}"),
    "sessions ListSessionEvents": lambda who, uid: own(who, path=f"/v1/sessions/{uid['sessions']}/events"),
    "sessions ListEvents": lambda who, uid: own(who, path="/v1/events?limit=1000"),
}
"""Every read of every API."""

SOAP_READS = {
    "ListSessions": "",
    "ReadSession": "<uid>{sessions}</uid>",
    "ListSessionEvents": "<uid>{sessions}</uid>",
    "ListEvents": "",
}


def test_no_read_is_left_out(made: boot.Gateway) -> None:
    offered = {f"{api.name} {each.name}" for api in made.apis.values() for each in api.operations if not each.writes}
    assert offered - {"biot healthCheck"} == set(READS)
    assert {name.partition(" ")[2] for name in READS if name.startswith("sessions ")} == set(SOAP_READS)


def shows(text: str, uids: Mapping[str, str]) -> bool:
    """Whether anything of tenant one's sessions is in an answer."""
    plain, marks = (
        text.replace("-", "").lower(),
        (MARK, VEHICLE, *(uids[api] for api in ("sessions", "biot", "ontime"))),
    )
    return any(mark.replace("-", "").lower() in plain for mark in marks)


@pytest.mark.parametrize("name", READS)
def test_a_read_shows_ones_own_and_never_anothers(doors: Door, uids: Mapping[str, str], name: str) -> None:
    mine = doors.send(*READS[name](ONE, uids)).text
    theirs = doors.send(*READS[name](TWO, uids)).text
    assert shows(mine, uids)
    asked = READS[name](TWO, uids)[0].path.rpartition("/")[2]
    assert not shows(theirs.replace(asked, "") if "searchRequest" not in asked else theirs, uids), theirs


@pytest.mark.parametrize("operation", SOAP_READS)
def test_nor_over_soap(doors: Door, uids: Mapping[str, str], operation: str) -> None:
    members = SOAP_READS[operation].format(**uids)
    assert shows(doors.send(*own_soap(ONE, operation, members)).text, uids)
    theirs = doors.send(*own_soap(TWO, operation, members)).text
    assert not shows(theirs.replace(uids["sessions"], ""), uids), theirs


@pytest.mark.parametrize("where", ["/v1/events?after=0", "/v1/sessions/{sessions}/events?after=0"])
def test_a_follower_gets_its_own_events_alone(doors: Door, uids: Mapping[str, str], where: str) -> None:
    def first(who: Caller) -> str:
        call, headers = own(who, path=where.format(**uids))
        answer = doors.send(call, {**headers, "Accept": "text/event-stream"})
        pieces = iter(answer.response)
        try:
            return "".join(str(next(pieces, b"")) for _ in range(2))
        finally:
            answer.close()

    assert shows(first(ONE), uids)
    assert not shows(first(TWO).replace(uids["sessions"], ""), uids)


def biot_at(who: Caller, uid: Mapping[str, str], verb: str, way: str = "", body: Any = None) -> Any:
    path = f"/device/v1/devices/device-01/usage-sessions/{uid['biot']}{way}"
    return biot(who, verb, path, json.dumps(body) if body is not None else "")


WRITES: dict[str, Callable[[Caller, Mapping[str, str]], tuple[Call, Headers]]] = {
    "ontime UserSessionPost": lambda who, uid: ontime(
        who, "POST", "/sites/acme/api/userSession/post",
        json.dumps({"ID": uid["ontime"], "UserID": VEHICLE, "LogInType": "Driver", "LogInTime": "2019-10-01T08:00:00",
                    "LogOutTime": "2019-10-01T09:00:00"}),
    ),
    "biot updateSession": lambda who, uid: biot_at(who, uid, "PATCH", body={"_name": "taken"}),
    "biot deleteSession": lambda who, uid: biot_at(who, uid, "DELETE"),
    "biot stopSession": lambda who, uid: biot_at(who, uid, "POST", "/remote-control/stop", {}),
    "sessions ChangeSession": lambda who, uid: own(who, "PATCH", f"/v1/sessions/{uid['sessions']}", '{"name":"taken"}'),
    "sessions EndSession": lambda who, uid: own(who, "POST", f"/v1/sessions/{uid['sessions']}/end", "{}"),
    "sessions AppendEvent": lambda who, uid: own(
        who, "POST", "/v1/events",
        json.dumps({"session_uid": uid["sessions"], "kind": "updated", "changes": {"name": "taken"}}),
    ),
    "workstation SessionEnd": lambda who, uid: workstation(who, "session/end", Email=f"{MARK}@example.com"),
}  # fmt: skip
"""Writes that name a session of somebody else."""


@pytest.mark.parametrize("name", WRITES)
def test_a_write_of_another_tenant_leaves_a_session_as_it_was(doors: Door, uids: Mapping[str, str], name: str) -> None:
    def sessions() -> list[Any]:
        answer = doors.send(*own(ONE, path="/v1/sessions?limit=1000&sort=oldest")).json
        assert answer
        return list(answer["items"])

    before = sessions()
    doors.send(*WRITES[name](TWO, uids))
    assert sessions() == before


def test_the_secret_of_a_login_is_shown_to_nobody(doors: Door, uids: Mapping[str, str]) -> None:
    for path in ("/v1/sessions?limit=1000", "/v1/events?limit=1000"):
        seen = doors.send(Call("GET", path), {"Authorization": "Bearer operator-token"}).text
        assert MARK in seen
        for secret in (uids["mobileconnect"], uids["partstream"]):
            assert secret not in seen
            assert str(uuid.UUID(secret)) not in seen


def test_the_operator_token_is_none_of_an_apis(doors: Door) -> None:
    for call in (ontime(ONE)[0], biot(ONE)[0]):
        assert doors.send(call, {"Authorization": "Bearer operator-token"}).status_code == 401
    assert "1001" in doors.send(*logout("operator-token")).text
