"""A whole life of a session over each API, as its clients live it, and what the gateway's own API sees of it."""

import uuid
from typing import Any
from urllib.parse import quote

import httpx
import pytest

from tests.e2e.conftest import Server

pytestmark = pytest.mark.once

NEW = {"_startTime": "2025-12-20T10:15:30Z", "_state": "ACTIVE", "_templateId": str(uuid.UUID(int=7))}
DONE = {"_state": "DONE", "_endTime": "2025-12-20T11:15:30Z", "_summary": {"_stopReasonCode": "COMPLETION"}}
ONTIME = {"Authorization": "3f2504e0-4f89-41d3-9a0c-0305e82c3301"}


def seen(door: httpx.Client, **wanted: str) -> list[dict[str, Any]]:
    """The sessions with this user or device, as ``/v1/sessions`` lists them."""
    answer = door.get("/v1/sessions", params=wanted, headers={"Authorization": "Bearer demo"})
    assert answer.status_code == 200, answer.text
    items: list[dict[str, Any]] = answer.json()["items"]
    return items


@pytest.fixture
def biot(demo: Server) -> httpx.Client:
    client = demo.client()
    client.headers["authorization"] = f"Bearer {demo.token()}"
    return client


def test_a_biot_session_is_made_paused_resumed_ended_and_deleted(demo: Server, biot: httpx.Client) -> None:
    device = f"device-{uuid.uuid4()}"
    sessions = f"/device/v1/devices/{device}/usage-sessions"
    assert biot.get("/device/system/healthCheck", headers={"authorization": ""}).status_code == 200
    made = biot.post(sessions, json=NEW)
    assert made.status_code == 201
    one = f"{sessions}/{made.json()['_id']}"
    assert [item["state"] for item in seen(demo.client(), client=device)] == ["open"]
    for state, canonical in (("PAUSED", "paused"), ("ACTIVE", "open")):
        assert biot.patch(one, json={"_state": state}).json()["_state"] == state
        assert [item["state"] for item in seen(demo.client(), client=device)] == [canonical]
    assert biot.patch(one, json=DONE).json()["_summary"]["_stopReasonCode"] == "COMPLETION"
    assert [item["state"] for item in seen(demo.client(), client=device)] == ["closed"]
    wanted = quote(f'{{"filter":{{"_device.id":{{"eq":"{device}"}},"_state":{{"in":["DONE"]}}}}}}')
    found = biot.get(f"/device/v1/devices/usage-sessions?searchRequest={wanted}").json()
    assert [item["_id"] for item in found["data"]] == [made.json()["_id"]]
    deleted = biot.delete(one)
    assert (deleted.status_code, deleted.content) == (204, b"")
    assert biot.get(one).json()["details"] == {"id": made.json()["_id"]}
    assert seen(demo.client(), client=device) == []


def test_a_biot_session_by_remote_control(demo: Server, biot: httpx.Client) -> None:
    device = f"device-{uuid.uuid4()}"
    sessions = f"/device/v1/devices/{device}/usage-sessions"
    made = biot.post(f"{sessions}/remote-control/start", json={"_templateId": NEW["_templateId"]})
    assert (made.status_code, made.json()["_initiator"]) == (201, "REMOTE_CONTROL")
    one = f"{sessions}/{made.json()['_id']}"
    current = biot.get("/device/v1/devices/current/usage-sessions").json()["data"]
    assert device in [item["_device"]["_id"] for item in current]
    empty = {"content-type": "application/json"}
    for name, state in (("pause", "PAUSED"), ("resume", "ACTIVE"), ("stop", "DONE")):
        assert biot.post(f"{one}/remote-control/{name}", content=b"", headers=empty).status_code == 200
        assert biot.get(one).json()["_state"] == state
    assert biot.patch(one, json={"_state": "ACTIVE"}).status_code == 403
    assert [item["state"] for item in seen(demo.client(), client=device)] == ["closed"]


def test_a_mobileconnect_login_reads_the_log(demo: Server) -> None:
    client, device = demo.client(), f"PDA-{uuid.uuid4()}"
    login = {"UserName": "demo", "Password": "demo", "DeviceSerialNumber": device}
    told = client.post("/json/reply/UserLoginRequest", json=login).json()
    assert told["Result"] == "Success"
    session = uuid.UUID(told["SessionUid"])
    for text in (session.hex, str(session), str(session).upper()):
        wanted = {"SessionUid": text, "ClientReferUid": device}
        log = client.post("/json/reply/UserClientSessionLogRequest", json=wanted).json()
        assert [entry["User"] for entry in log["LogEntries"]] == ["demo"]
    wrong = {"SessionUid": str(uuid.uuid4())}
    refused = client.post("/json/reply/UserClientSessionLogRequest", json=wrong).json()
    assert (refused["Result"], refused["LogEntries"]) == ("Failure", [])
    found = seen(client, client=device)
    assert [(item["key"]["api"], item["subject"]["user_id"]) for item in found] == [("mobileconnect", "demo")]
    assert session.hex not in str(found).replace("-", "")
    bad = client.post("/json/reply/UserLoginRequest", json={**login, "Password": "wrong"}).json()
    assert (bad["Result"], uuid.UUID(bad["SessionUid"]).int) == ("Failure", 0)


def test_an_ontime_record_is_made_listed_and_read(demo: Server) -> None:
    client, user = demo.client(), str(uuid.uuid4())
    sent = {"UserID": user, "LogInType": "Driver", "LogInTime": "2019-10-01T08:00:00"}
    made = client.post("/sites/acme/api/userSession/post", json=sent, headers=ONTIME).json()
    listed = client.get("/sites/acme/api/userSessions", params={"userId": user}, headers=ONTIME)
    assert listed.json() == [made["ID"]]
    read = client.get(f"/sites/acme/api/userSessions/{made['ID']}", headers=ONTIME)
    assert (read.status_code, read.json()["UserID"]) == (200, user)
    assert client.get(f"/sites/acme/api/userSessions/{uuid.uuid4()}", headers=ONTIME).text == "null"
    assert [item["key"]["api"] for item in seen(client, user=user)] == ["ontime"]
