"""The own API on a real server: events followed from another API's writes, lists read while they grow, and races."""

import json
import re
import signal
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress

import httpx
import pytest

from tests.e2e.conftest import REQUESTS, Server, command

STREAM = {"Accept": "text/event-stream"}
WORKSTATION = "/api/v1/workstation/session/end"


def key(server: Server, tenant: str = "demo") -> dict[str, str]:
    """The header of a new key that may read and write."""
    scopes = ("--scope", "sessions:read", "--scope", "sessions:write")
    added = command("credentials", "add", "--api", "sessions", "--tenant", tenant, *scopes, database=server.database)
    secret = re.search(r"[\w-]{24,}", added.split("secret")[-1])
    assert secret is not None, added
    headers = {"Authorization": f"Bearer {secret[0]}"}
    wait_for(lambda: server.client().get("/v1/events?limit=1", headers=headers).status_code == 200)
    return headers


def wait_for(done: Callable[[], bool], seconds: float = 10.0) -> None:
    end = time.monotonic() + seconds
    while not done():
        assert time.monotonic() < end, "too late"
        time.sleep(0.05)


def frames(lines: Iterator[str]) -> Iterator[dict[str, str]]:
    """The frames of a stream, each as its fields; comments are left out."""
    frame: dict[str, str] = {}
    for line in lines:
        if line:
            name, _, value = line.partition(": ")
            frame |= {name: value} if name else {}
        elif frame:
            yield frame
            frame = {}


class Follower(threading.Thread):
    """Follows events from a position on, in the background; ``seen`` are positions with the time of their arrival."""

    def __init__(self, server: Server, headers: dict[str, str], after: int) -> None:
        super().__init__(daemon=True)
        self.server, self.headers, self.after = server, headers, after
        self.seen: list[tuple[int, float]] = []
        self.events: list[dict[str, object]] = []
        self.following, self.enough = threading.Event(), threading.Event()
        self.rest: list[dict[str, str]] = []

    def run(self) -> None:
        headers = {**self.headers, **STREAM, "Last-Event-ID": str(self.after)}
        # A server that is killed at the end of a test leaves its followers in the middle of a stream.
        with suppress(httpx.RemoteProtocolError):
            self._follow(headers)

    def _follow(self, headers: dict[str, str]) -> None:
        with self.server.client() as client, client.stream("GET", "/v1/events", headers=headers) as answer:
            assert answer.headers["content-type"] == "text/event-stream"
            for frame in frames(answer.iter_lines()):
                self.following.set()
                self.rest.append(frame)
                if "data" in frame:
                    self.seen.append((int(frame["id"]), time.monotonic()))
                    self.events.append(json.loads(frame["data"]))
                if self.enough.is_set():
                    return

    @property
    def positions(self) -> list[int]:
        return [position for position, _ in self.seen]


def follow(server: Server, headers: dict[str, str], after: int) -> Follower:
    follower = Follower(server, headers, after)
    follower.start()
    assert follower.following.wait(10)
    return follower


def last(server: Server) -> int:
    return max(int(str(event["position"])) for event in server.events())


def end_workstation(server: Server, index: str) -> float:
    body = (REQUESTS / "workstation-session-end.json").read_text(encoding="utf-8").replace('"283"', f'"{index}"')
    with server.client() as client:
        answer = client.post(WORKSTATION, content=body, headers={"Content-Type": "application/json"})
    assert '"Code":"00"' in answer.text
    return time.monotonic()


@pytest.fixture(params=["serve", "wsgi"])
def server(request: pytest.FixtureRequest, serve: Callable[..., Server]) -> Server:
    return serve(*(("--demo", "--workers", "2") if request.param == "serve" else ()), door=request.param)


def test_a_follower_sees_another_apis_event_within_two_seconds(server: Server) -> None:
    operator = {"Authorization": "Bearer demo"}
    followers = [follow(server, operator, last(server)) for _ in range(3)]
    for number in range(3):
        written = end_workstation(server, f"follow-{number}")
        for follower in followers:
            wait_for(lambda follower=follower, number=number: len(follower.seen) > number)
            assert follower.seen[number][1] - written < 2
    for follower in followers:
        assert [event["api"] for event in follower.events] == ["workstation"] * 3
        assert follower.positions == sorted(set(follower.positions))


def test_a_follower_resumes_where_it_was_cut_off_and_misses_nothing(demo: Server) -> None:
    headers = {"Authorization": "Bearer demo"}
    start = last(demo)
    stop = threading.Event()

    def write() -> None:
        number = 0
        while not stop.is_set():
            end_workstation(demo, f"resume-{start}-{number}")
            number += 1

    writer = threading.Thread(target=write)
    writer.start()
    found: list[int] = []
    for _ in range(4):
        follower = follow(demo, headers, found[-1] if found else start)
        wait_for(lambda follower=follower: len(follower.seen) >= 5)
        follower.enough.set()
        follower.join(10)
        found += follower.positions
    stop.set()
    writer.join()
    assert found == list(range(start + 1, start + 1 + len(found)))


def test_a_stream_ends_with_a_retry_line_when_the_server_stops(serve: Callable[..., Server]) -> None:
    server = serve("--demo")
    follower = follow(server, {"Authorization": "Bearer demo"}, last(server))
    server.stop(signal.SIGTERM)
    follower.join(10)
    assert not follower.is_alive()
    assert follower.rest[-1] == {"retry": "1000"}
    assert len(follower.rest) >= 2


@pytest.mark.once
def test_a_follower_sees_its_own_tenant_alone_and_leaves_when_its_key_is_revoked(serve: Callable[..., Server]) -> None:
    server = serve("--demo")
    mine, theirs = key(server), key(server, "other")
    follower = follow(server, theirs, 0)
    with server.client() as client:
        client.post("/v1/sessions", json={"name": "mine"}, headers=mine)
        client.post("/v1/sessions", json={"name": "theirs"}, headers=theirs)
    wait_for(lambda: bool(follower.seen))
    assert [event["tenant"] for event in follower.events] == ["other"]
    listed = command("credentials", "list", database=server.database)
    line = next(line for line in listed.splitlines() if "other" in line)
    uid = re.search(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", line)
    assert uid is not None, listed
    command("credentials", "revoke", uid[0], database=server.database)
    follower.join(5)
    assert not follower.is_alive()


@pytest.mark.parametrize("sort", ["newest", "oldest"])
def test_pages_neither_skip_nor_repeat_while_sessions_are_added(demo: Server, sort: str) -> None:
    headers = key(demo)
    with demo.client() as client:

        def add(day: int) -> str:
            start = f"2001-01-{day % 28 + 1:02d}T00:00:00Z"
            answer = client.post("/v1/sessions", json={"started_at": start}, headers=headers)
            return str(answer.json()["uid"])

        before = {add(number * 7) for number in range(30)}
        found: list[str] = []
        cursor: str | None = None
        for page in range(100):
            options = {"limit": 4, "sort": sort, "started_to": "2001-12-31T00:00:00Z"}
            query = {**options, **({"cursor": cursor} if cursor else {})}
            answer = client.get("/v1/sessions", params=query, headers=headers).json()
            found += [item["uid"] for item in answer["items"]]
            cursor = answer["next"]
            if cursor is None:
                break
            if page < 10:
                add(page * 5)
        assert cursor is None
        assert len(found) == len(set(found))
        assert before <= set(found)


def test_of_two_changes_with_one_etag_exactly_one_wins(demo: Server) -> None:
    headers = key(demo)
    with demo.client() as client:
        made = client.post("/v1/sessions", json={"name": "a"}, headers=headers)
        address, tag = made.headers["location"], made.headers["etag"]
        for turn in range(5):

            def change(name: str, tag: str = tag) -> httpx.Response:
                with demo.client() as other:
                    return other.patch(address, json={"name": name}, headers={**headers, "If-Match": tag})

            with ThreadPoolExecutor(8) as pool:
                answers = list(pool.map(change, [f"{turn}-{number}" for number in range(8)]))
            assert sorted(answer.status_code for answer in answers) == [200] + [412] * 7
            won = next(answer for answer in answers if answer.status_code == 200)
            read = client.get(address, headers=headers)
            assert (read.json()["name"], read.headers["etag"]) == (won.json()["name"], won.headers["etag"])
            assert read.headers["etag"] != tag
            tag = read.headers["etag"]


def test_a_list_of_events_is_accepted_as_a_whole_or_not_at_all(demo: Server) -> None:
    headers = key(demo)
    unknown = {"kind": "closed", "session_uid": "00000000-0000-4000-8000-000000000000"}
    with demo.client() as client:
        before = len(demo.events())
        refused = client.post("/v1/events", json=[{"kind": "opened"}, {"kind": "recorded"}, unknown], headers=headers)
        assert (refused.status_code, refused.json()["index"]) == (404, 2)
        assert len(demo.events()) == before
        accepted = client.post("/v1/events", json=[{"kind": "opened"}] * 20, headers=headers)
        assert accepted.status_code == 201
        positions = [event["position"] for event in accepted.json()]
        assert positions == list(range(positions[0], positions[0] + 20))


def test_a_cloudevent_that_is_sent_again_by_many_makes_one_event(demo: Server) -> None:
    headers = {**key(demo), "Content-Type": "application/cloudevents+json"}
    sent = {"specversion": "1.0", "id": "e2e", "source": "/e2e", "type": "org.session-gateway.session.recorded"}

    def send(_: int) -> str:
        with demo.client() as client:
            return str(client.post("/v1/events", content=json.dumps(sent), headers=headers).json()["id"])

    with ThreadPoolExecutor(8) as pool:
        assert len(set(pool.map(send, range(24)))) == 1
