"""JSON-RPC 2.0 as a caller sees it: a real gateway is started, and asked over HTTP."""

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

Ask = Callable[..., tuple[int, Any]]


@pytest.fixture(scope="module")
def ask(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Ask]:
    """Sends one body to the demo, with every API offered over JSON-RPC; gives status and decoded answer."""
    folder = tmp_path_factory.mktemp("jsonrpc")
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        address = f"127.0.0.1:{probe.getsockname()[1]}"
    words = ["serve", "--demo", "--bind", address, "--database", f"sqlite:///{folder}/demo.db", "--workers", "1"]
    with (folder / "log").open("wb") as log:
        server = subprocess.Popen([Path(sys.executable).parent / "session-gateway", *words], stdout=log, stderr=log)

    def send(
        body: Any, *, method: str = "POST", path: str = "/jsonrpc", token: str | None = "demo", **headers: str
    ) -> tuple[int, Any]:
        data = body if isinstance(body, bytes) or body is None else json.dumps(body).encode()
        given = {"Authorization": f"Bearer {token}"} if token else {}
        given |= {name.replace("_", "-"): value for name, value in headers.items()}
        request = urllib.request.Request(f"http://{address}{path}", data, given, method=method)
        try:
            with urllib.request.urlopen(request, timeout=10) as answer:
                status, text = answer.status, answer.read()
        except urllib.error.HTTPError as error:
            status, text = error.code, error.read()
        return status, json.loads(text) if text else None

    try:
        _wait(server, send, folder / "log")
        yield send
    finally:
        server.terminate()
        server.wait(30)


def _wait(server: "subprocess.Popen[bytes]", send: Ask, log: Path) -> None:
    for _ in range(200):
        try:
            assert server.poll() is None, log.read_text()
            send(None, method="GET", path="/-/live")
            return
        except urllib.error.URLError:
            time.sleep(0.1)
    raise AssertionError(log.read_text())


def call(method: str, params: Any = None, number: Any = 1) -> dict[str, Any]:
    made = {"jsonrpc": "2.0", "method": method, "id": number}
    return made if params is None else {**made, "params": params}


def notification(method: str, params: Any) -> dict[str, Any]:
    return {"jsonrpc": "2.0", "method": method, "params": params}


END = "workstation.SessionEnd"
USER = "7a1c1c0e-3c0f-4d5e-9a52-2f5b2d3c4e5f"


def end(email: str) -> dict[str, Any]:
    return {
        "Authentication": {"Id": "170200123", "Key": "467512342123"},
        "Request": {"Email": email, "CurrentDate": "2025-12-04 06:57:36", "Index": "1"},
    }


def sessions(ask: Ask, user: str) -> list[dict[str, Any]]:
    _, answer = ask(call("sessions.ListSessions", {"user": user}))
    items: list[dict[str, Any]] = answer["result"]["items"]
    return items


def code(answer: Any) -> int:
    assert "result" not in answer
    number: int = answer["error"]["code"]
    return number


def test_a_call_is_answered_under_its_id(ask: Ask) -> None:
    status, answer = ask(call(END, end("one@example.com"), "first"))
    assert status == 200
    success = {"Message": {"Code": "00", "Description": "Success"}}
    assert answer == {"jsonrpc": "2.0", "result": success, "id": "first"}
    assert [row["key"]["api"] for row in sessions(ask, "one@example.com")] == ["workstation"]


def test_every_api_is_there(ask: Ask) -> None:
    login = {"UserName": "demo", "Password": "demo", "DeviceSerialNumber": "PDA-7"}
    batch = [
        call("mobileconnect.UserLoginRequest", login, 1),
        call("partstream.SWServiceLogout", {"sessionid": "0000", "secure": "off"}, 2),
        call("biot.healthCheck", {}, 3),
        call(END, end("all@example.com"), 4),
        call("sessions.ListSessions", {}, 5),
    ]
    _, answers = ask(batch)
    assert [(answer["id"], "result" in answer) for answer in answers] == [(number, True) for number in range(1, 6)]
    post = {"company-id": "acme", "UserID": USER, "LogInType": "Driver", "LogInTime": "2019-10-01T08:00:00"}
    _, answer = ask(call("ontime.UserSessionPost", post), Authorization="3f2504e0-4f89-41d3-9a0c-0305e82c3301")
    assert answer["result"]["UserID"] == USER


@pytest.mark.parametrize("number", [None, 0, -7, 12345678901234567890, "", "x"])
def test_any_id_comes_back_as_it_was(ask: Ask, number: Any) -> None:
    assert ask(call("sessions.ListSessions", {}, number))[1]["id"] == number


def test_params_may_stand_in_order_or_be_left_out(ask: Ask) -> None:
    parts = end("order@example.com")
    assert ask(call(END, [parts["Authentication"], parts["Request"]]))[1]["result"]["Message"]["Code"] == "00"
    assert "items" in ask(call("sessions.ListSessions"))[1]["result"]
    assert code(ask(call(END, [parts["Authentication"], parts["Request"], 1]))[1]) == -32602


def test_a_notification_is_stored_and_not_answered(ask: Ask) -> None:
    assert ask(notification(END, end("quiet@example.com"))) == (204, None)
    assert len(sessions(ask, "quiet@example.com")) == 1


@pytest.mark.parametrize("wrong", [notification("no.Such", {}), notification(END, {"Request": 5})])
def test_a_notification_that_fails_is_not_answered_either(ask: Ask, wrong: dict[str, Any]) -> None:
    assert ask(wrong) == (204, None)


def test_a_batch_is_answered_in_order_without_its_notifications(ask: Ask) -> None:
    """What fails stops nothing: each call of a batch stands alone."""
    batch = [
        call(END, end("b1@example.com"), 1),
        notification(END, end("b2@example.com")),
        call("no.Such", {}, 2),
        call(END, {"Request": {}}, 3),
        {"foo": "boo"},
        call("sessions.ListSessions", {"user": "nobody"}, 4),
        call(END, end("b3@example.com"), 5),
    ]
    status, answers = ask(batch)
    assert status == 200
    assert [answer["id"] for answer in answers] == [1, 2, 3, None, 4, 5]
    assert [answer["error"]["code"] for answer in answers if "error" in answer] == [-32601, -32602, -32600]
    assert [len(sessions(ask, f"b{number}@example.com")) for number in (1, 2, 3)] == [1, 1, 1]


def test_a_batch_of_notifications_alone_has_no_answer(ask: Ask) -> None:
    batch = [notification(END, end(f"n{number}@example.com")) for number in range(3)]
    assert ask(batch) == (204, None)
    assert [len(sessions(ask, f"n{number}@example.com")) for number in range(3)] == [1, 1, 1]


def test_a_batch_of_one_is_answered_by_a_list(ask: Ask) -> None:
    _, answers = ask([call("sessions.ListSessions", {}, 9)])
    assert [answer["id"] for answer in answers] == [9]


def test_the_same_call_again_is_the_same_write(ask: Ask) -> None:
    both = [call(END, end("again@example.com"), 1), call(END, end("again@example.com"), 2)]
    assert ask(both)[0] == ask(both[0])[0] == 200
    _, answer = ask(call("sessions.ListEvents", {"limit": 1000}))
    told = [row for row in answer["result"]["items"] if "again@example.com" in json.dumps(row)]
    assert len(told) == 1


def test_each_write_of_a_batch_has_its_own_place_below_an_idempotency_key(ask: Ask) -> None:
    made = [call("sessions.OpenSession", {"name": name}, name) for name in ("left", "right")]
    first = ask(made, Idempotency_Key="batch-1", token="demo")[1]
    assert [answer["error"]["code"] for answer in first] == [-32006, -32006]  # the operator belongs to no tenant


PARSE = [
    b"",
    b"{",
    b'{"jsonrpc": "2.0", "method": "foobar, "params": "bar", "baz]',
    b"[1,",
    b"\xff",
    b"nul",
    b"[" * 4000,
]


@pytest.mark.parametrize("body", PARSE)
def test_what_is_no_json_is_a_parse_error(ask: Ask, body: bytes) -> None:
    status, answer = ask(body)
    assert status == 200 or len(body) > 1000
    assert (code(answer), answer["id"]) == (-32700, None)


INVALID: list[Any] = [
    {"jsonrpc": "2.0", "method": 1, "params": "bar"},
    {"jsonrpc": "1.0", "method": END, "id": 1},
    {"method": END},
    {"jsonrpc": "2.0", "method": END, "params": "bar"},
    {"jsonrpc": "2.0", "method": END, "id": {}},
    {"jsonrpc": "2.0", "method": END, "id": True},
    {"jsonrpc": "2.0"},
    [],
    1,
    "x",
    None,
]


@pytest.mark.parametrize("body", INVALID)
def test_what_is_no_request_object_is_an_invalid_request(ask: Ask, body: Any) -> None:
    status, answer = ask(json.dumps(body).encode())
    assert status == 200
    assert code(answer) == -32600


def test_a_batch_of_nonsense_is_answered_item_by_item(ask: Ask) -> None:
    _, answers = ask([1, 2, 3])
    assert [(code(answer), answer["id"]) for answer in answers] == [(-32600, None)] * 3


def test_wrong_params_are_named(ask: Ask) -> None:
    _, answer = ask(call("sessions.ListSessions", {"limit": "many"}))
    assert code(answer) == -32602
    assert [row["path"] for row in answer["error"]["data"]["errors"]] == ["limit"]


@pytest.mark.parametrize("name", ["rpc.discover", "sessions", "sessions.Nope", "", "workstation.sessionend"])
def test_an_unknown_method_is_told(ask: Ask, name: str) -> None:
    assert code(ask(call(name, {}))[1]) == -32601


def test_without_credentials_nothing_is_told_and_the_http_exchange_is_whole(ask: Ask) -> None:
    status, answer = ask(call("sessions.ListSessions", {}, 4), token=None)
    assert status == 200
    assert (code(answer), answer["id"], answer["error"]["data"]["kind"]) == (-32005, 4, "unauthenticated")


def test_what_is_missing_is_a_server_error_with_its_kind(ask: Ask) -> None:
    _, answer = ask(call("sessions.ReadSession", {"uid": "00000000-0000-4000-8000-000000000000"}))
    assert (code(answer), answer["error"]["data"]["kind"]) == (-32008, "not_found")


def test_another_verb_is_refused_in_dialect(ask: Ask) -> None:
    status, answer = ask(None, method="GET")
    assert status == 405
    assert code(answer) == -32600


def test_a_body_beyond_the_budget_is_refused_in_dialect(ask: Ask) -> None:
    status, answer = ask(b" " * (1024 * 1024 + 1))
    assert status == 413
    assert answer["error"]["data"]["kind"] == "too_large"


def test_too_many_calls_are_refused_before_any_is_made(ask: Ask) -> None:
    _, answer = ask([notification(END, end("flood@example.com"))] * 1001)
    assert answer["error"]["data"]["kind"] == "too_large"
    assert sessions(ask, "flood@example.com") == []


def test_a_batch_cannot_be_used_to_try_many_secrets(ask: Ask) -> None:
    def guess(number: int) -> dict[str, Any]:
        return {**end("guess@example.com"), "Authentication": {"Id": "170200123", "Key": str(number)}}

    started = time.monotonic()
    _, many = ask([call(END, guess(number), number) for number in range(100, 200)])
    assert many["error"]["data"]["kind"] == "too_large"
    _, few = ask([call(END, guess(number), number) for number in range(5)])
    assert [answer["result"]["Message"]["Code"] for answer in few] == ["01"] * 5
    assert time.monotonic() - started < 5
