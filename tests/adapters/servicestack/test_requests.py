"""What a caller may send, and what is understood of it."""

import importlib.util
import json
import time
from dataclasses import replace
from pathlib import Path
from uuid import UUID

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from adapters.protocol import Conflict
from adapters.scalars import Kind
from gateway.limits import DEFAULT
from gateway.outcome import Fault
from gateway.wire import Headers, WireRequest, WireResponse

_spec = importlib.util.spec_from_file_location("servicestack_recording", Path(__file__).with_name("conftest.py"))
recording = importlib.util.module_from_spec(_spec)
_spec.loader.exec_module(recording)

X = "UserClientSessionLogRequest"
JSON = {"Content-Type": "application/json"}
FORM = {"Content-Type": "application/x-www-form-urlencoded"}
UID = UUID("11111111-2222-3333-4444-55555555abcd")
MULTIPART = (
    b'--b\r\nContent-Disposition: form-data; name="ClientReferUid"\r\n\r\nempty\r\n'
    b'--b\r\nContent-Disposition: form-data; name="f"; filename="a.txt"\r\n\r\nfile\r\n--b--\r\n'
)


def understood(driver):
    return driver.decoded[0].tree


def content_type(response):
    return dict(response.headers).get("Content-Type")


@pytest.mark.parametrize("action", ["reply", "syncreply", "oneway", "asynconeway", "SyncReply"])
@pytest.mark.parametrize(
    ("name", "body", "answered"),
    [
        ("xml", None, "application/xml"),
        ("json", b'{"ClientReferUid":"empty"}', "application/json; charset=utf-8"),
        ("jsv", b"{ClientReferUid:empty}", "application/jsv"),
        ("csv", b"ClientReferUid\r\nempty\r\n", "text/csv"),
    ],
)
def test_every_predefined_route_takes_its_format(recorded, golden, action, name, body, answered):
    if body is None:
        body = f'<{X} xmlns="{recording.SESSIONS}"><ClientReferUid>empty</ClientReferUid></{X}>'.encode()
    response = recorded("POST", f"/{name}/{action}/{X.lower()}", {"Content-Type": "text/plain"}, body)
    assert response.status == 200
    assert content_type(response) == answered
    assert understood(recorded)["ClientReferUid"] == "empty"


@pytest.mark.parametrize("name", ["html", "jsonreport"])
def test_pages_for_people_ignore_a_body_and_escape_values(recorded, name):
    query = "ClientReferUid=%3Cscript%3E"
    response = recorded("GET", f"/{name}/reply/{X}?{query}")
    assert content_type(response) == "text/html"
    assert b"<script>" not in response.body
    assert b"&lt;script&gt;" in response.body
    assert b"Snapshot of <i>UserClientSessionLogRequest</i>" in response.body


def test_the_bodies_of_recorded_clients_are_understood(recorded, golden):
    sent = golden("v3-dotnet-clients-requests.txt").decode("utf-8-sig").replace("\ufeff", "")
    names = {"<UserClientSessionLogRequest ": "xml", '{"ClientReferUid"': "json", "{ClientReferUid:": "jsv"}
    found = [(name, line) for line in sent.splitlines() for start, name in names.items() if line.startswith(start)]
    assert {name for name, _ in found} == {"xml", "json", "jsv"}
    for name, line in found:
        recorded("POST", f"/{name}/reply/{X}", {}, b"\xef\xbb\xbf" + line.encode())
        tree = understood(recorded)
        assert tree["ClientReferUid"]
        if tree["ClientReferUid"] == "sed":
            assert tree["DeviceSerialNumber"] == "d é&"
            assert tree["SessionUid"] == UID
        assert recorded.decoded[0].notes == ()


@pytest.mark.parametrize("file", ["pypi-client-requests.txt", "npm-client-requests.txt"])
def test_the_requests_of_current_clients_are_answered_in_camel_case(recorded, golden, file):
    asked = 0
    for part in golden(file).decode().replace("\r\n", "\n").split("=====\n"):
        head, _, body = part.partition("\n\n")
        line, *fields = head.strip().split("\n")
        if not line.startswith(("POST", "PUT", "GET", "DELETE", "PATCH")) or "UserClientSessionLogRequest" not in line:
            continue
        method, target, _ = line.split(" ")
        if not target.startswith(("/api", "/json")) or "Tue%20Jan" in target:
            continue
        headers = dict(field.split(": ", 1) for field in fields if ": " in field)
        response = recorded(method, target, headers, body.strip("\n").encode())
        asked += 1
        assert response.status == 200, (line, response.body)
        payload = json.loads(response.body)
        first = payload[0] if isinstance(payload, list) else payload
        assert "totalPageCount" in first
    assert asked >= 5


def test_a_javascript_date_in_a_query_is_refused_with_its_member(recorded):
    response = recorded("GET", f"/api/{X}?startedAfter=Tue%20Jan%2002%202024%2000%3A00%3A00%20GMT%2B0000%20(UTC)", JSON)
    assert response.status == 400
    status = json.loads(response.body)["responseStatus"]
    assert status["message"] == f"Unable to bind to request '{X}'"
    assert status["errors"][0]["fieldName"] == "StartedAfter"


@pytest.mark.parametrize("headers", [JSON, {"Content-Type": "text/plain;charset=UTF-8"}, {}])
def test_api_takes_json_under_any_label(recorded, headers):
    response = recorded("POST", f"/api/{X}", headers, b'{"clientReferUid":"emptylist"}')
    assert json.loads(response.body)["logEntries"] == []


@pytest.mark.parametrize(
    ("suffix", "answered"),
    [
        ("json", "application/json; charset=utf-8"),
        ("xml", "application/xml"),
        ("csv", "text/csv"),
        ("jsv", "application/jsv"),
    ],
)
def test_api_suffixes(recorded, suffix, answered):
    response = recorded("GET", f"/api/{X}.{suffix}?ClientReferUid=empty")
    assert content_type(response) == answered


def test_xml_of_api_has_a_declaration_and_no_byte_order_mark(recorded):
    response = recorded("GET", f"/api/{X}.xml?ClientReferUid=empty")
    assert response.body.startswith(b'<?xml version="1.0" encoding="utf-8"?><UserClientSessionLogResponse')


def test_api_fills_from_the_query_what_the_body_leaves_out(recorded):
    recorded("POST", f"/api/{X}?recordsPerPage=9&clientReferUid=q", JSON, b'{"clientReferUid":"empty"}')
    assert understood(recorded) == {"ClientReferUid": "empty", "RecordsPerPage": 9}


def test_an_old_route_mirrors_the_key_case_of_its_caller(recorded):
    camel = recorded("POST", f"/json/reply/{X}", JSON, b'{"clientReferUid": "empty"}')
    pascal = recorded("POST", f"/json/reply/{X}", JSON, b'{"ClientReferUid": "empty"}')
    lower = recorded("POST", f"/json/reply/{X}", JSON, b'{"clientreferuid": "empty"}')
    assert b'"pageIndex"' in camel.body
    assert b'"PageIndex"' in pascal.body
    assert b'"PageIndex"' in lower.body


def test_jsconfig_asks_for_camel_case_and_iso_dates(recorded):
    response = recorded("GET", f"/json/reply/{X}?ClientReferUid=empty&jsconfig=eccn,dh:iso8601")
    assert json.loads(response.body)["processedAt"] == "0001-01-01T00:00:00.0000000"


def test_native_route_precedence_is_body_then_query_then_form(recorded):
    recorded("POST", "/userclientsession/log.json?RecordsPerPage=2", JSON, b'{"ClientReferUid":"b","RecordsPerPage":1}')
    assert understood(recorded) == {"ClientReferUid": "b", "RecordsPerPage": 2}
    recorded("POST", "/userclientsession/log.json?ClientReferUid=q&RecordsPerPage=2", FORM, b"ClientReferUid=f")
    assert understood(recorded) == {"ClientReferUid": "f", "RecordsPerPage": 2}


def test_native_route_answers_what_its_caller_accepts(recorded):
    response = recorded("GET", "/userclientsession/log?ClientReferUid=empty", {"Accept": "*/*", **JSON})
    assert content_type(response) == "application/json; charset=utf-8"
    assert ("Vary", "Accept") in response.headers


def test_a_type_that_nothing_writes_is_an_empty_500_and_nothing_is_done(recorded):
    response = recorded("POST", "/userclientsession/log", {"Content-Type": "text/plain", "Accept": "*/*"}, b"x")
    assert (response.status, response.body, content_type(response)) == (500, b"", "text/plain")


def test_multipart_forms_bind_their_fields(recorded):
    headers = {"Content-Type": "multipart/form-data; boundary=b"}
    recorded("POST", f"/json/reply/{X}", headers, MULTIPART)
    assert understood(recorded) == {"ClientReferUid": "empty"}


@pytest.mark.parametrize(
    ("path", "body"),
    [
        (f"/json/reply/{X}", b' {"ClientReferUid":"empty"}'),
        (f"/api/{X}", b'{"clientReferUid":"empty"}'),
        (f"/jsv/reply/{X}", b"{ClientReferUid:empty}"),
        (f"/xml/reply/{X}", f'<{X} xmlns="{recording.SESSIONS}"><ClientReferUid>empty</ClientReferUid></{X}>'.encode()),
    ],
)
def test_a_body_that_a_tool_calls_a_form_is_read_by_the_format_of_its_route(recorded, path, body):
    assert recorded("POST", path, FORM, body).status == 200
    assert understood(recorded) == {"ClientReferUid": "empty"}


def test_empty_pairs_and_keys_without_values_are_ignored(recorded):
    recorded("GET", f"/json/reply/{X}?ClientReferUid=sed&&OpenSessionsOnly&UserReferUid=&=x")
    assert understood(recorded) == {"ClientReferUid": "sed"}


def test_callbacks_that_are_no_identifier_are_ignored(recorded):
    for callback in ("alert(1)", "a-b", "x;y", "<script>", "a" * 200):
        response = recorded("GET", f"/json/reply/{X}?ClientReferUid=empty&callback={callback}")
        assert response.body.startswith(b"{")
    response = recorded("GET", f"/api/{X}?ClientReferUid=empty&callback=my.cb_1")
    assert response.body.startswith(b"my.cb_1({")
    assert content_type(response) == "text/javascript"


class TestBatches:
    """Several requests in one body."""

    @pytest.mark.parametrize("path", [f"/json/reply/{X}[]", f"/api/{X}[]", f"/api/{X}%5B%5D", f"/json/oneway/{X}[]"])
    def test_json(self, recorded, path):
        response = recorded("POST", path, JSON, b'[{"ClientReferUid":"empty"},{"ClientReferUid":"emptylist"}]')
        assert ("X-AutoBatch-Completed", "2") in response.headers
        assert len(json.loads(response.body)) == 2

    def test_xml(self, recorded):
        one = f"<{X}><ClientReferUid>empty</ClientReferUid></{X}>"
        body = f'<ArrayOf{X} xmlns="{recording.SESSIONS}">{one}{one}</ArrayOf{X}>'
        response = recorded("POST", f"/xml/reply/{X}[]", {}, body.encode())
        assert response.status == 200
        assert b"<ArrayOfUserClientSessionLogResponse " in response.body
        assert b"xmlns:d3p1=" in response.body

    def test_jsv(self, recorded):
        response = recorded("POST", f"/jsv/reply/{X}[]", {}, b"[{ClientReferUid:empty},{ClientReferUid:empty}]")
        assert response.body.count(b"TotalPageCount") == 2

    def test_the_first_failure_says_how_many_were_done(self, recorded):
        body = b'[{"ClientReferUid":"empty"},{"ClientReferUid":"arg"},{}]'
        response = recorded("POST", f"/json/reply/{X}[]", JSON, body)
        assert (response.status, response.reason) == (400, "ArgumentException")
        assert ("X-AutoBatch-Completed", "1") in response.headers

    @pytest.mark.parametrize("body", [b"", b"{}", b"[]", b"[{}", b"[5]"])
    def test_what_is_no_batch_is_refused(self, recorded, body):
        assert recorded("POST", f"/json/reply/{X}[]", JSON, body).status == 400

    def test_too_many_are_refused(self, recorded):
        response = recorded("POST", f"/json/reply/{X}[]", JSON, b"[" + b",".join([b"{}"] * 1001) + b"]")
        assert b"servicestack.batch_max" in response.body


class TestWrites:
    """An operation that writes."""

    @pytest.mark.parametrize("method", ["GET", "HEAD", "OPTIONS", "TRACE"])
    @pytest.mark.parametrize("path", ["/json/reply/OpenIt", "/api/OpenIt", "/xml/oneway/OpenIt"])
    def test_is_never_done_by_a_safe_verb(self, writing, method, path):
        assert writing(method, f"{path}?ClientReferUid=empty").status == 405
        assert writing("POST", path, {"X-Http-Method-Override": method}, b"").status == 405
        assert writing(method, path, {"X-Http-Method-Override": "POST"}, b"").status == 405

    @pytest.mark.parametrize(
        "body", [b'{"RecordsPerPage":"x"}', b'{"StartedAfter":"soon"}', b"{bad", b'{"ClientReferUid":"\xff"}']
    )
    def test_refuses_what_a_read_would_pass_over(self, writing, recorded, body):
        response = writing("POST", "/json/reply/OpenIt", JSON, body)
        assert response.status == 400
        assert json.loads(response.body)["ResponseStatus"]["ErrorCode"] == "SerializationException"
        assert recorded("POST", f"/json/reply/{X}", JSON, body).status == 200

    def test_a_wrong_verb_on_its_route_is_not_found(self, writing):
        assert writing("GET", "/userclientsession/log").status == 404


def test_a_native_route_has_one_place_only_when_it_is_native():
    driver = recording.Driver(recording.recorded_protocol(), (recording.api_of(recording.operation()),), native=False)
    assert driver("GET", "/userclientsession/log.json").status == 404
    assert driver("GET", f"/json/reply/{X}?ClientReferUid=empty").status == 200


def test_two_operations_of_one_name_stop_the_boot():
    apis = (recording.api_of(recording.operation()), recording.api_of(recording.operation(), name="second"))
    with pytest.raises(Conflict, match="both recorded and second"):
        recording.Driver(recording.recorded_protocol(), apis)


def test_credentials_are_not_repeated_in_an_error():
    members = tuple(replace(member, credential=member.key == "SessionUid") for member in recording.REQUEST.members)
    request = replace(recording.REQUEST, members=members)
    driver = recording.Driver(recording.recorded_protocol(), (recording.api_of(recording.operation(request=request)),))
    response = driver("GET", f"/json/reply/{X}?%53essionUid=topsecret&RecordsPerPage=x")
    assert response.status == 400
    assert b"topsecret" not in response.body
    assert b"the value is an Invalid value for 'SessionUid'" in response.body


@pytest.mark.parametrize(
    ("name", "body"),
    [
        ("json", b'{"x":["' + b'\\"' * 200_000),
        ("json", b'{"x":["' + b'\\"' * 200_000 + b"\\"),
        ("json", b'{"x":' + b'"' * 400_000),
        ("json", b"{" + b"," * 400_000),
        ("jsv", b"{" + b"ClientReferUid:a," * 19_000 + b"x" * 300_000),
        ("jsv", b"{x:[" + b'"a",' * 19_000 + b'"'),
        ("csv", b"ClientReferUid\n" + b'"' * 400_000),
        ("xml", b"<" * 400_000),
    ],
)
def test_hostile_bodies_cost_no_more_than_their_length(recorded, name, body):
    started = time.perf_counter()
    recorded("POST", f"/{name}/reply/{X}", {}, body)
    assert time.perf_counter() - started < 5


def test_structured_members_are_not_repeated_in_an_error():
    nested = replace(recording.REQUEST.by_key["ClientReferUid"], item=recording.REQUEST.by_key["UserReferUid"])
    members = (replace(nested, key="Keys", name="Keys", kind=Kind.LIST), *recording.REQUEST.members)
    request = replace(recording.REQUEST, members=members)
    driver = recording.Driver(recording.recorded_protocol(), (recording.api_of(recording.operation(request=request)),))
    response = driver("GET", f"/json/reply/{X}?Keys=[topsecret]")
    assert response.status == 400
    assert b"topsecret" not in response.body


def test_an_answer_never_claims_another_charset_than_its_own(recorded):
    headers = {"Accept": "*/*", "Content-Type": "application/xml; charset=utf-16"}
    response = recorded("PUT", "/userclientsession/log", headers, b"")
    assert content_type(response) == "application/xml"


PATHS = st.sampled_from(
    [f"/{name}/reply/{X}" for name in ("xml", "json", "jsv", "csv", "html")]
    + [f"/api/{X}", f"/api/{X}[]", f"/json/reply/{X}[]", "/soap11", "/soap12", "/userclientsession/log"]
)
SOAP_TYPE = 'application/soap+xml; action="urn:x/UserClientSessionLogRequest"'
READ = ("application/json", "application/xml", "text/jsv", "text/csv", *FORM.values())
TYPES = st.sampled_from(["", "text/plain", "multipart/form-data; boundary=b", SOAP_TYPE, *READ])


@settings(max_examples=300)
@given(st.sampled_from(["GET", "POST", "PUT", "FOO"]), PATHS, st.text(max_size=40), TYPES, st.binary(max_size=120))
def test_any_request_gets_an_answer(method, path, query, kind, body):
    driver = DRIVER
    request = WireRequest(method, path, query, Headers([("Content-Type", kind), ("Accept", "*/*")]), body)
    match = driver.router.match(request)
    exchange = driver.protocol.open(request, match)
    try:
        decoded = driver.protocol.decode(exchange, DEFAULT)
    except Fault:
        decoded = None
    if decoded is None:
        response = driver.ask(request)
        assert response.status >= 400 or response.status == 200
    assert isinstance(driver.ask(request), WireResponse)


DRIVER = recording.Driver(recording.recorded_protocol(), (recording.api_of(recording.operation()),))
