"""The ready requests of all five systems, unchanged, through both doors; sent again at once; and what all readers
then see."""

import re
import time
import uuid
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import httpx
import pytest

from tests.e2e.conftest import EVERY_WORKER_KNOWS, REQUESTS, Server, command

pytestmark = pytest.mark.once

ONTIME = {"Authorization": "3f2504e0-4f89-41d3-9a0c-0305e82c3301", "Content-Type": "application/json"}
WORKSTATION = "/api/v1/workstation/session/end"
BIOT = "/device/v1/devices/device-01/usage-sessions/3fa85f64-5717-4562-b3fc-2c963f66afa6"


@pytest.fixture(params=["serve", "wsgi"])
def server(request: pytest.FixtureRequest, serve: Callable[..., Server]) -> Server:
    return serve(*(("--demo",) if request.param == "serve" else ()), door=request.param)


def ready_requests(server: Server) -> list[tuple[str, str, dict[str, str], str]]:
    log, xml = "mobileconnect-session-log.xml", {"Content-Type": "application/xml"}
    token = {"Authorization": f"Bearer {server.token()}", "Content-Type": "application/json"}
    return [
        ("POST", WORKSTATION, {"Content-Type": "application/json"}, "workstation-session-end.json"),
        ("POST", WORKSTATION, {"Content-Type": "application/xml"}, "workstation-session-end.xml"),
        ("POST", "/sites/acme/api/userSession/post", ONTIME, "ontime-user-session.json"),
        ("PATCH", BIOT, token, "biot-usage-session.json"),
        (
            "POST",
            "/xml/reply/UserClientSessionLogRequest",
            {"Content-Type": "application/xml"},
            "mobileconnect-session-log.xml",
        ),
        ("POST", "/userclientsession/log", xml, log),
        ("POST", "/3dpartstream/xml", {"Content-Type": "text/xml"}, "partstream-logout.xml"),
    ]


def send(client: httpx.Client, method: str, path: str, headers: dict[str, str], file: str) -> httpx.Response:
    return client.request(method, path, headers=headers, content=(REQUESTS / file).read_bytes())


def told_of_success(answer: httpx.Response) -> bool:
    text = answer.text
    return answer.is_success and not re.search(r'"Code":"(?!00)|Code>(?!00)\d\d<|faultcode|Failure', text)


def test_every_ready_request_succeeds_and_succeeds_again(server: Server) -> None:
    with server.client() as client:
        for row in ready_requests(server):
            for _ in range(2):
                answer = send(client, *row)
                assert told_of_success(answer), (row, answer.text)


def test_a_repeated_write_makes_no_second_event(server: Server) -> None:
    with server.client() as client:
        before = len(server.events())
        for row in ready_requests(server)[:3]:
            send(client, *row)
        once = len(server.events())
        for row in ready_requests(server)[:3]:
            send(client, *row)
        assert once - before == 2, "the end as JSON and as XML are one write, the OnTime session another"
        assert len(server.events()) == once


def test_many_callers_at_once_make_exactly_one_event(server: Server) -> None:
    body = (REQUESTS / "workstation-session-end.json").read_text(encoding="utf-8").replace('"283"', f'"{uuid.uuid4()}"')

    def call(_: int) -> str:
        with server.client() as client:
            return client.post(WORKSTATION, content=body, headers={"Content-Type": "application/json"}).text

    before = len(server.events())
    with ThreadPoolExecutor(16) as pool:
        answers = list(pool.map(call, range(64)))
    assert set(answers) == {'{"Message":{"Code":"00","Description":"Success"}}'}
    assert len(server.events()) == before + 1


def test_sessions_of_all_apis_are_seen_by_every_reader(server: Server) -> None:
    with server.client() as client:
        for row in ready_requests(server):
            send(client, *row)
        operator = {"Authorization": "Bearer demo"}
        sessions = client.get("/v1/sessions", headers=operator).json()["items"]
        assert {session["key"]["api"] for session in sessions} == {"workstation", "ontime", "biot", "partstream"}
        for session in sessions:
            one = client.get(f"/v1/sessions/{session['uid']}", headers=operator).json()
            assert one == session
            events = client.get(f"/v1/sessions/{session['uid']}/events", headers=operator).json()["items"]
            assert [event["session_uid"] for event in events] == [session["uid"]] * session["version"]
        log = client.post("/json/reply/UserClientSessionLogRequest", json={}).json()["LogEntries"]
        assert {entry["ReferUid"] for entry in log} == {uuid.UUID(session["uid"]).hex for session in sessions}


def test_an_unowned_path_gets_servicestacks_plain_404(server: Server) -> None:
    with server.client() as client:
        answer = client.get("/nobody/knows")
    assert (answer.status_code, answer.headers["content-type"], answer.text) == (404, "text/plain", "404")


def test_a_revoked_credential_stops_working_in_every_worker_within_two_seconds(server: Server) -> None:
    added = command("credentials", "add", "--api", "ontime", "--tenant", "demo", database=server.database)
    secret = re.search(r"[0-9a-f]{8}-[0-9a-f-]{27,}|[\w-]{24,}", added.split("secret")[-1])
    assert secret is not None, added
    headers = {**ONTIME, "Authorization": secret[0]}

    def statuses() -> set[int]:
        found = set()
        # A worker that got more of them would let the caller wait: 429.
        for _ in range(10):
            with server.client() as client:
                found.add(client.post("/sites/acme/api/userSession/post", headers=headers, content=b"{}").status_code)
        return found

    assert statuses() == {201}
    listed = command("credentials", "list", database=server.database)
    line = [line for line in listed.splitlines() if "ontime" in line][-1]
    uid = re.search(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", line)
    assert uid is not None, listed
    command("credentials", "revoke", uid[0], database=server.database)
    time.sleep(EVERY_WORKER_KNOWS)
    assert statuses() == {401}
