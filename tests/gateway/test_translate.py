"""``session-gateway translate``: what a request means, and what it becomes, without a server."""

import io
import json
import sys
from pathlib import Path

import pytest

from gateway import boot, registry
from gateway.bodies import FORMATS
from gateway.cli import main
from gateway.limits import DEFAULT
from gateway.translate import form_of

REQUESTS = Path(__file__).parent.parent / "data" / "requests"
END = REQUESTS / "workstation-session-end.json"
BIOT = ["--member", "deviceId=d-1", "--member", "id=3fa85f64-5717-4562-b3fc-2c963f66afa6"]


def run(capsysbinary: pytest.CaptureFixture[bytes], *words: object) -> tuple[int, bytes, list[str]]:
    try:
        status = main(["translate", *map(str, words)])
    except SystemExit as left:
        status = int(left.code or 0)
    out, told = capsysbinary.readouterr()
    return status, out, told.decode().splitlines()


def test_a_request_is_shown_as_its_command_without_credentials(capsysbinary) -> None:
    status, out, told = run(capsysbinary, "--from", "webapi/workstation/SessionEnd", END)
    command = json.loads(out)
    assert (status, told) == (0, [])
    assert command["kind"] == "closed"
    assert command["changes"]["ended_at"] == "2025-12-04T06:57:36Z"
    assert b"467512342123" not in out
    assert b"170200123" not in out


def test_a_format_is_told_from_the_body_or_named(capsysbinary) -> None:
    xml = REQUESTS / "workstation-session-end.xml"
    as_json = run(capsysbinary, "--from", "webapi/workstation/SessionEnd", END)
    assert run(capsysbinary, "--from", "webapi/workstation/SessionEnd", xml) == as_json
    assert run(capsysbinary, "--from", "webapi:xml/workstation/SessionEnd", xml) == as_json
    assert run(capsysbinary, "--from", "webapi:json/workstation/SessionEnd", xml)[0] == 1


def test_a_body_may_come_from_standard_input(capsysbinary, monkeypatch) -> None:
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(END.read_bytes())))
    assert json.loads(run(capsysbinary, "--from", "webapi/workstation/SessionEnd")[1])["command"] == "Write"


OTHERS = [f"{name}:{form}" for name, forms in FORMATS.items() for form in forms]


@pytest.mark.parametrize("other", OTHERS)
@pytest.mark.parametrize(
    ("source", "file"),
    [
        ("webapi/workstation/SessionEnd", "workstation-session-end.json"),
        ("servicestack/mobileconnect/UserClientSessionLogRequest", "mobileconnect-session-log.xml"),
        ("soap/partstream/SWServiceLogout", "partstream-logout.xml"),
    ],
)
def test_a_request_means_the_same_in_every_protocol(capsysbinary, tmp_path: Path, source: str, file: str, other: str):
    target = f"{other}/{source.partition('/')[2]}"
    if target.startswith("soap:1.2/partstream"):
        assert run(capsysbinary, "--from", source, "--to", target, REQUESTS / file)[0] == 2
        return
    status, body, told = run(capsysbinary, "--from", source, "--to", target, REQUESTS / file)
    assert status == 0, told
    (tmp_path / "body").write_bytes(body)
    there = json.loads(run(capsysbinary, "--from", target, tmp_path / "body")[1])
    here = json.loads(run(capsysbinary, "--from", source, REQUESTS / file)[1])
    for command in (there, here):
        command.get("changes", {}).pop("ended_at", None)
    assert there == here
    assert not [line for line in told if line.startswith("not carried")]


def test_what_xml_cannot_carry_is_named(capsysbinary, tmp_path: Path) -> None:
    (tmp_path / "log.json").write_text('{"RecordsPerPage": 5, "PagingEnabled": true}', encoding="utf-8")
    log = "mobileconnect/UserClientSessionLogRequest"
    words = ("--from", f"servicestack:json/{log}", "--to", f"servicestack:xml/{log}", tmp_path / "log.json")
    status, _, told = run(capsysbinary, *words)
    assert status == 0
    assert "not carried: PagingEnabled" in told


def test_a_null_that_was_not_sent_is_named_since_it_clears(capsysbinary) -> None:
    file = REQUESTS / "biot-usage-session.json"
    words = ("--from", "rest/biot/updateSession", "--to", "webapi:xml/biot/updateSession", *BIOT, file)
    assert "says what was not said: _name = null" in run(capsysbinary, *words)[2]


def test_a_null_that_clears_is_carried(capsysbinary, tmp_path: Path) -> None:
    (tmp_path / "x").write_text('{"_name": null, "_state": "DONE", "ours": [null]}', encoding="utf-8")
    words = ("--from", "rest/biot/updateSession", *BIOT, tmp_path / "x")
    for other in ("webapi:json", "rest", "soap"):
        _, body, told = run(capsysbinary, *words, "--to", f"{other}/biot/updateSession")
        assert b"_name" in body
        assert not [line for line in told if "_name" in line or "_state" in line]
    told = run(capsysbinary, *words, "--to", "servicestack:json/biot/updateSession")[2]
    assert "not carried: _name" in told, "ServiceStack writes no nulls"


def test_members_beside_the_body_are_given_by_name_and_told_as_an_address(capsysbinary) -> None:
    file = REQUESTS / "biot-usage-session.json"
    same = ("--from", "rest/biot/updateSession", "--to", "rest/biot/updateSession")
    status, body, told = run(capsysbinary, *same, *BIOT, file)
    path = "/device/v1/devices/d-1/usage-sessions/3fa85f64-5717-4562-b3fc-2c963f66afa6"
    assert (status, told) == (0, [f"send it to: PATCH {path}"])
    assert b"deviceId" not in body
    status, _, told = run(capsysbinary, *same, *BIOT[:2], file)
    assert status == 1
    assert "--member id=VALUE" in told[0]


def test_an_end_becomes_an_event_of_the_own_api(capsysbinary) -> None:
    words = ("--from", "webapi/workstation/SessionEnd", "--to", "rest/sessions/AppendEvent", END)
    status, out, told = run(capsysbinary, *words)
    event = json.loads(out)
    assert status == 0
    assert event["kind"] == "closed"
    assert event["key"] == {"api": "workstation", "realm": "170200123", "id": "larry@newmedia.com/283"}
    assert event["changes"]["applications"][0]["duration"] == 8122.0
    assert told == [
        "send it to: POST /v1/events",
        "not carried: Authentication.Key (a credential)",
        "differs: a session that is not there is not made: the event is refused",
        "differs: a repeat is not recognised by its content: send an Idempotency-Key",
    ]


def test_a_drivers_session_becomes_one_of_the_own_api(capsysbinary) -> None:
    file = REQUESTS / "ontime-user-session.json"
    words = ("--from", "webapi/ontime/UserSessionPost", "--member", "company-id=acme")
    status, out, told = run(capsysbinary, *words, "--to", "rest/sessions/OpenSession", file)
    made = json.loads(out)
    assert status == 0
    assert (made["started_at"], made["start_mileage"]) == ("2019-10-01T08:00:00Z", 1200)
    assert made["key"] == {"api": "ontime", "realm": "acme", "id": ""}
    assert not [line for line in told if line.startswith("not carried")]


def test_what_is_found_by_a_secret_cannot_go_on(capsysbinary) -> None:
    words = ("--from", "soap/partstream/SWServiceLogout", "--to", "rest/sessions/AppendEvent")
    status, out, told = run(capsysbinary, *words, REQUESTS / "partstream-logout.xml")
    assert (status, out) == (1, b"")
    assert "by a secret" in told[0]


@pytest.mark.parametrize(
    ("words", "named"),
    [
        (["--from", "carrier/ontime/UserSessionPost"], "rest, webapi, servicestack, soap"),
        (["--from", "webapi:jsv/ontime/UserSessionPost"], "json, xml"),
        (["--from", "webapi/pigeons/UserSessionPost"], "workstation"),
        (["--from", "webapi/ontime/Fly"], "UserSessionPost"),
        (["--from", "webapi/ontime/UserSessionPost", "--member", "id=4"], "company-id"),
        (["--from", "rest/biot/getSession", "--to", "rest/sessions/AppendEvent"], "is a read"),
        (["--from", "webapi/workstation/SessionEnd", "--to", "rest/biot/getSession"], "sessions/AppendEvent"),
        ([], "--from"),
    ],
)
def test_wrong_usage_names_what_there_is(capsysbinary, words: list[str], named: str) -> None:
    status, out, told = run(capsysbinary, *words, END)
    assert (status, out) == (2, b"")
    assert named in told[-1]


def test_a_refusal_repeats_no_credential(capsysbinary, tmp_path: Path) -> None:
    (tmp_path / "x").write_text(END.read_text().replace('"Request"', '"Requests"'), encoding="utf-8")
    status, out, told = run(capsysbinary, "--from", "webapi/workstation/SessionEnd", tmp_path / "x")
    assert (status, out) == (1, b"")
    assert told == ["session-gateway: Request is required"]


def test_every_operation_of_every_api_can_be_named_in_every_protocol() -> None:
    built = registry.build(registry.discover(), boot.load_settings(environment={}))
    for api in built.apis.values():
        for operation in api.operations:
            for protocol in FORMATS:
                form = form_of(f"{protocol}/{api.name}/{operation.name}", built)
                assert form.read(b"", {}, DEFAULT).tree == {}
