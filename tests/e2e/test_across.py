"""A session that one API makes is seen at once by every other reader, and ends where its own rules allow."""

import re
import time
import uuid
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import httpx
import pytest

from gateway.demo import ONTIME_KEY
from tests.e2e.conftest import Server, command

pytestmark = pytest.mark.once

LOG = "http://schemas.datacontract.org/2004/07/Spirit.Server.Common.Message.Sessions"
ENVELOPE = (
    '<SOAP-ENV:Envelope xmlns:SOAP-ENV="http://schemas.xmlsoap.org/soap/envelope/"><SOAP-ENV:Header>{}'
    "</SOAP-ENV:Header><SOAP-ENV:Body><interfaceparameters>{}</interfaceparameters></SOAP-ENV:Body></SOAP-ENV:Envelope>"
)


@dataclass
class Caller:
    """A client of every API of one server."""

    http: httpx.Client
    biot: str
    own: str

    def post(self, path: str, body: object, **headers: str) -> httpx.Response:
        return self._good(self.http.post(path, json=body, headers=headers))

    def xml(self, path: str, body: str) -> str:
        headers = {"Content-Type": "text/xml" if "Envelope" in body else "application/xml"}
        return self._good(self.http.post(path, content=body, headers=headers)).text

    def get(self, path: str, token: str) -> httpx.Response:
        return self._good(self.http.get(path, headers={"Authorization": f"Bearer {token}"}))

    @staticmethod
    def _good(answer: httpx.Response) -> httpx.Response:
        assert answer.is_success, answer.text
        return answer


@pytest.fixture(scope="module", name="caller")
def caller_of_the_demo(demo: Server) -> Iterator[Caller]:
    key = uuid.uuid4().hex
    words = ("credentials", "add", "--api", "sessions", "--tenant", "demo", "--scope", "sessions:read")
    command(*words, "--scope", "sessions:write", "--key", key, database=demo.database)
    with demo.client() as http:
        wait_for(http, key)
        yield Caller(http, demo.token(), key)


def wait_for(http: httpx.Client, key: str) -> None:
    """Workers look for new credentials once a second; each must have done so."""
    good = 0
    deadline = time.monotonic() + 20
    while good < 20 and time.monotonic() < deadline:
        answer = http.get("/v1/sessions?limit=1", headers={"Authorization": f"Bearer {key}", "Connection": "close"})
        good = good + 1 if answer.is_success else 0
        time.sleep(0.1)
    assert good == 20, answer.text


@dataclass
class Made:
    """A session that was made: how the own API finds it, the client in the session log, and how it ends."""

    api: str
    user: str
    end: Callable[[], object]


def workstation(caller: Caller) -> Made:
    user = f"{uuid.uuid4().hex}@example.com"
    signed = {"Authentication": {"Id": "170200123", "Key": "467512342123"}}
    request = {"Email": user, "CurrentDate": "2025-12-04 06:57:36", "Index": "1", "ServerName": "yvr-1"}
    path = "/api/v1/workstation/session/"
    caller.post(f"{path}start", {**signed, "Request": request})
    later = {**request, "CurrentDate": "2025-12-04 07:57:36"}
    return Made("workstation", user, lambda: caller.post(f"{path}end", {**signed, "Request": later}))


def ontime(caller: Caller) -> Made:
    user, path = str(uuid.uuid4()), "/sites/acme/api/userSession/post"
    body = {"UserID": user, "LogInType": "Driver", "LogInTime": "2019-10-01T08:00:00", "Vehicle": str(uuid.uuid4())}
    made = caller.post(path, body, Authorization=ONTIME_KEY).json()
    ended = {**made, "LogOutTime": "2019-10-01T17:30:00"}
    return Made("ontime", user, lambda: caller.post(path, ended, Authorization=ONTIME_KEY))


def biot(caller: Caller) -> Made:
    user, path = str(uuid.uuid4()), "/device/v1/devices/device-01/usage-sessions"
    body = {"_templateId": str(uuid.uuid4()), "_startTime": "2020-01-01T00:00:00Z", "_state": "ACTIVE"}
    token = {"Authorization": f"Bearer {caller.biot}"}
    made = caller.post(path, {**body, "_patient": {"id": user}}, **token).json()
    one = f"{path}/{made['_id']}"
    assert caller.get(one, caller.biot).json()["_state"] == "ACTIVE"
    stop = {"_stopReason": "Manual Stop", "_stopReasonCode": "COMPLETION"}
    done = {"_state": "DONE", "_endTime": "2020-01-01T01:00:00Z", "_summary": stop}

    def end() -> None:
        assert caller.http.patch(one, json=done, headers=token).is_success
        assert caller.get(one, caller.biot).json()["_state"] == "DONE"

    return Made("biot", user, end)


def mobileconnect(caller: Caller) -> Made:
    serial = uuid.uuid4().hex
    login = {"UserName": "demo", "Password": "demo", "DeviceSerialNumber": serial}
    assert caller.post("/json/reply/UserLoginRequest", login).json()["Result"] == "Success"
    return Made("mobileconnect", serial, lambda: None)


def partstream(caller: Caller) -> Made:
    user = f"u{uuid.uuid4().hex}"
    parts = f"<catalog>demo</catalog><serviceuser>demo</serviceuser><password>demo</password><enduser>{user}</enduser>"
    head = "<interfacename>SWServiceLogin</interfacename>"
    told = caller.xml("/3dpartstream/xml", ENVELOPE.format(head, parts))
    secret = told.partition("<sessionid>")[2].partition("<")[0]
    head = f"<interfacename>SWServiceLogout</interfacename><sessionid>{secret}</sessionid>"

    def end() -> None:
        assert "Logged out" in caller.xml("/3dpartstream/xml", ENVELOPE.format(head, "<secure>off</secure>"))

    return Made("partstream", user, end)


def own(caller: Caller) -> Made:
    user, token = uuid.uuid4().hex, {"Authorization": f"Bearer {caller.own}"}
    made = caller.post("/v1/sessions", {"subject": {"user_id": user}, "started_at": "2020-01-01T00:00:00Z"}, **token)
    return Made("sessions", user, lambda: caller.post(f"/v1/sessions/{made.json()['uid']}/end", {}, **token))


def listed(caller: Caller, made: Made) -> dict[str, object]:
    """The session as the own API lists it; it is the only one of its person or device."""
    items = caller.get(f"/v1/sessions?api={made.api}&limit=1000", "demo").json()["items"]
    (found,) = [item for item in items if made.user in (*_names(item["subject"]), *_names(item["device"]))]
    return found  # type: ignore[no-any-return]


def _names(part: dict[str, str | None]) -> tuple[str | None, ...]:
    return tuple(part.values())


def logged(caller: Caller, uid: str) -> tuple[str, str]:
    """The end of the session in the session log, in JSON and in XML; the log is read as a whole."""
    entries = caller.post("/json/reply/UserClientSessionLogRequest", {}).json()["LogEntries"]
    (entry,) = [each for each in entries if uuid.UUID(each["ReferUid"]) == uuid.UUID(uid)]
    text = caller.xml("/xml/reply/UserClientSessionLogRequest", f'<UserClientSessionLogRequest xmlns="{LOG}"/>')
    (row,) = [each for each in re.split(r"</(?:\w+:)?UserClientSessionLog>", text) if uid in each]
    return entry["SessionEnd"], re.findall(r"SessionEnd>([^<]*)</", row)[0]


NEVER = ("/Date(-62135596800000)/", "0001-01-01T00:00:00")


@pytest.mark.parametrize("make", [workstation, ontime, biot, mobileconnect, partstream, own])
def test_every_reader_sees_what_one_api_makes_and_ends(caller: Caller, make: Callable[[Caller], Made]) -> None:
    made = make(caller)
    session = listed(caller, made)
    uid = str(session["uid"])
    assert session["state"] == "open"
    assert kinds(caller, uid) == ["opened"]
    assert logged(caller, uid) == NEVER
    made.end()
    if make is mobileconnect:
        return  # it has no logout
    assert listed(caller, made)["state"] == "closed"
    assert kinds(caller, uid) == ["opened", "closed"]
    assert all(shown not in NEVER for shown in logged(caller, uid))


def kinds(caller: Caller, uid: str) -> list[str]:
    """The kinds of the session's events, which are among all events, too."""
    own_events = caller.get(f"/v1/sessions/{uid}/events", "demo").json()["items"]
    everyones = caller.get("/v1/events?limit=1000", "demo").json()["items"]
    assert [each["id"] for each in everyones if each["session_uid"] == uid] == [each["id"] for each in own_events]
    return [each["kind"] for each in own_events]
