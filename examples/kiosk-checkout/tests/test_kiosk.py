"""The kiosk's message as kiosks of every kind send it: a real gateway is started, and asked over HTTP."""

import json
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

Send = Callable[..., tuple[int, str]]
KEY = "kiosk-key-for-tests-0123456789"
NAMESPACE = "http://schemas.datacontract.org/2004/07/Kiosk"


@pytest.fixture(scope="module")
def send(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Send]:
    """Sends one request to a gateway that knows one kiosk; gives status and text of the answer."""
    folder = tmp_path_factory.mktemp("kiosk")
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        address = f"127.0.0.1:{probe.getsockname()[1]}"
    program, database = str(Path(sys.executable).parent / "session-gateway"), f"sqlite:///{folder}/gateway.db"
    shared = ["--database", database]
    adding = [program, "credentials", "add", "--tenant", "hotel", "--key"]
    subprocess.run([*adding, KEY, "--api", "kiosk", *shared], check=True, capture_output=True)
    reader = [*adding, "reader-key-for-tests-0123456789", "--api", "sessions", "--scope", "sessions:read", *shared]
    subprocess.run(reader, check=True, capture_output=True)
    with (folder / "log").open("wb") as log:
        words = [program, "serve", "--bind", address, "--workers", "1", *shared]
        server = subprocess.Popen(words, stdout=log, stderr=log)

    def post(path: str, body: str | None, kind: str = "application/json", **headers: str) -> tuple[int, str]:
        given = {"Content-Type": kind, "X-Kiosk-Key": KEY}
        given |= {name.replace("_", "-"): value for name, value in headers.items()}
        request = urllib.request.Request(f"http://{address}{path}", body and body.encode(), given)  # type: ignore[arg-type]
        try:
            with urllib.request.urlopen(request, timeout=10) as answer:
                return answer.status, answer.read().decode()
        except urllib.error.HTTPError as error:
            return error.code, error.read().decode()

    try:
        _wait(server, post, folder / "log")
        yield post
    finally:
        server.terminate()
        server.wait(30)


def _wait(server: "subprocess.Popen[bytes]", post: Send, log: Path) -> None:
    for _ in range(200):
        try:
            assert server.poll() is None, log.read_text()
            post("/-/live", None)
            return
        except urllib.error.URLError:
            time.sleep(0.1)
    raise AssertionError(log.read_text())


def stays(send: Send) -> list[dict[str, Any]]:
    authorization = "Bearer reader-key-for-tests-0123456789"
    _, text = send("/v1/sessions?api=kiosk", None, Authorization=authorization)
    found: list[dict[str, Any]] = json.loads(text)["items"]
    return found


def stay(send: Send, room: str) -> dict[str, Any]:
    (found,) = (row for row in stays(send) if row["key"]["id"] == room)
    return found


def message(room: str, **more: Any) -> str:
    return json.dumps({"Kiosk": "lobby-2", "Room": room, "LeftAt": "2026-01-02T10:30:00Z", **more})


def xml(room: str) -> str:
    return (
        f'<CheckOut xmlns="{NAMESPACE}"><Kiosk>lobby-2</Kiosk><LeftAt>2026-01-02T10:30:00Z</LeftAt>'
        f"<Room>{room}</Room><Stars>4</Stars></CheckOut>"
    )


def test_json_is_answered_in_json(send: Send) -> None:
    status, text = send("/kiosk/check-out", message("101", Guest="guest@example.com", Stars=5))
    assert status == 200
    found = stay(send, "101")
    assert json.loads(text) == {"Stay": found["uid"], "Repeated": False}
    assert (found["state"], found["ended_at"]) == ("closed", "2026-01-02T10:30:00Z")
    assert found["device"]["device_id"] == "lobby-2"
    assert found["subject"]["email"] == "guest@example.com"
    assert found["attributes"] == {"room": "101", "stars": 5}


def test_datacontract_xml_is_answered_in_xml(send: Send) -> None:
    status, text = send("/kiosk/check-out", xml("102"), "application/xml", Accept="application/xml")
    assert status == 200
    uid = stay(send, "102")["uid"]
    assert text == (
        f'<CheckOutResponse xmlns:i="http://www.w3.org/2001/XMLSchema-instance" xmlns="{NAMESPACE}">'
        f"<Repeated>false</Repeated><Stay>{uid}</Stay></CheckOutResponse>"
    )


@pytest.mark.parametrize(
    ("path", "kind", "body"),
    [
        ("/json/reply/CheckOut", "application/json", message("{room}")),
        ("/xml/reply/CheckOut", "application/xml", xml("{room}")),
        ("/jsv/reply/CheckOut", "text/jsv", "{Kiosk:lobby-2,Room:{room},LeftAt:2026-01-02T10:30:00Z}"),
        ("/api/CheckOut", "application/json", message("{room}")),
    ],
)
def test_servicestack_clients_send_it_in_their_formats(send: Send, path: str, kind: str, body: str) -> None:
    room = path.split("/")[1]
    status, text = send(path, body.replace("{room}", room), kind, Accept=kind)
    assert status == 200
    assert stay(send, room)["uid"].replace("-", "") in text.replace("-", "")


def test_the_same_check_out_again_in_another_format_is_the_same(send: Send) -> None:
    first = json.loads(send("/kiosk/check-out", message("201", Stars=4))[1])
    again = json.loads(send("/json/reply/CheckOut", message("201", Stars=4))[1])
    assert (again["Stay"].replace("-", ""), again["Repeated"]) == (first["Stay"].replace("-", ""), True)
    assert send("/kiosk/check-out", xml("201"), "application/xml")[0] == 200
    assert stay(send, "201")["version"] == 1


def test_the_moment_of_arrival_stands_for_one_that_is_missing(send: Send) -> None:
    bare = json.dumps({"Kiosk": "lobby-2", "Room": "301"})
    unset = json.dumps({"Kiosk": "lobby-2", "Room": "302", "LeftAt": "0001-01-01T00:00:00"})
    assert [send("/kiosk/check-out", body)[0] for body in (bare, bare, unset)] == [200, 200, 200]
    for room in ("301", "302"):
        assert stay(send, room)["ended_at"].startswith("20")
    assert stay(send, "301")["version"] == 1


@pytest.mark.parametrize(
    ("body", "wrong"),
    [
        (json.dumps({"Kiosk": "lobby-2"}), {"model.Room": ["The Room field is required."]}),
        (message("401", Stars=6), {"model.Stars": ["Stars must be from 1 to 5"]}),
    ],
)
def test_what_is_wrong_is_told_as_web_api_does(send: Send, body: str, wrong: dict[str, list[str]]) -> None:
    status, text = send("/kiosk/check-out", body)
    assert status == 400
    assert json.loads(text) == {"Message": "The request is invalid.", "ModelState": wrong}


def test_what_is_wrong_is_told_as_servicestack_does(send: Send) -> None:
    status, text = send("/json/reply/CheckOut", message("402", Stars=0))
    assert status == 400
    assert json.loads(text)["ResponseStatus"]["Errors"][0]["FieldName"] == "Stars"


@pytest.mark.parametrize("key", ["", "another-key-of-the-right-length"])
def test_without_its_key_a_kiosk_is_refused(send: Send, key: str) -> None:
    status, _ = send("/kiosk/check-out", message("501"), X_Kiosk_Key=key)
    assert status == 401
    assert not [row for row in stays(send) if row["key"]["id"] == "501"]
