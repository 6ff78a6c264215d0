"""Plain REST over the wire: where members are found, and how faults are told."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from adapters.protocol import Match, Offer
from adapters.rest import PLUGIN
from gateway.limits import Limits
from gateway.outcome import Fault, FaultKind, FieldError
from gateway.settings import Settings
from gateway.wire import Headers, WireRequest
from schemas import fields
from schemas.api import Answer, Api, FaultBody, Native, NativeFault, Operation, Route
from schemas.fields import WireSchema, message_of

LIMITS = Limits()
UID = "3f2504e0-4f89-41d3-9a0c-0305e82c3301"


class Thing(WireSchema):
    class Wire:
        open = True

    device = fields.String(name="deviceId", location="path", required=True)
    id = fields.Guid(location="path", required=True)
    limit = fields.Int(location="query", nillable=True)
    active = fields.Boolean(location="query", nillable=True)
    search = fields.Any_(location="query")
    tag = fields.String(name="If-Match", location="header")
    state = fields.String()
    at = fields.Instant(nillable=True)


class Wrong(WireSchema):
    code = fields.String()
    message = fields.String()
    traceId = fields.String()


REQUEST = message_of(Thing)


def operation(name, method, writes):
    route = Route(method, "/v1/devices/{deviceId}/things/{id}")
    return Operation(name, REQUEST, REQUEST, lambda *_: None, lambda *_: None, (route,), writes)


READ, CHANGE = operation("ReadThing", "GET", False), operation("ChangeThing", "PATCH", True)
OWN = FaultBody(
    message_of(Wrong), lambda fault, trace: {"code": fault.code, "message": fault.text, "traceId": trace[:16]}
)


def api(fault_body=None):
    faults = {kind: Native(400) for kind in FaultKind}
    return Api("things", "Things", ("rest",), ("/v1",), (READ, CHANGE), faults, fault_body=fault_body)


REST = PLUGIN.build(Settings({}))


def exchange(request, *, native=True, fault_body=None):
    ends = REST.bind([Offer(api(fault_body), native)])
    end = next(end for end in ends if request.method in end.methods)
    return REST.open(request, Match(end, {"deviceId": "device 01", "id": UID} if native else {}))


def request(method="PATCH", body=b"", query="", **headers):
    sent = Headers((name.replace("_", "-"), value) for name, value in headers.items())
    return WireRequest(method, "/x", query, sent, body, correlation_id="a1" * 16)


def tree(asked, **more):
    (decoded,) = REST.decode(exchange(asked, **more), LIMITS)
    return decoded.tree


def refused(asked, **more):
    with pytest.raises(Fault) as caught:
        REST.decode(exchange(asked, **more), LIMITS)
    return caught.value


def told(fault, status=400, text="", where=None):
    response = REST.fault(where or exchange(request()), NativeFault(status, "code_1", text or fault.message, fault))
    return response.status, dict(response.headers), json.loads(response.body)


def test_a_native_api_keeps_its_routes_exactly():
    ends = REST.bind([Offer(api(), True)])
    assert [(end.path, end.methods, end.ignore_case) for end in ends] == [
        ("/v1/devices/{deviceId}/things/{id}", frozenset({"GET"}), False),
        ("/v1/devices/{deviceId}/things/{id}", frozenset({"PATCH"}), False),
    ]


def test_any_other_api_has_addresses_of_its_own_and_no_write_by_get():
    ends = REST.bind([Offer(api(), False)])
    assert {end.path: end.methods for end in ends} == {
        "/rest/things/ReadThing": frozenset({"GET", "POST"}),
        "/rest/things/ChangeThing": frozenset({"POST"}),
    }


BODY = b'{"state":"DONE","custom":1.50}'


@pytest.mark.parametrize(
    "headers",
    [{}, {"content_type": "application/json"}, {"content_type": "Application/JSON; charset=UTF-8"},
     {"content_type": "application/merge-patch+json"}],
)  # fmt: skip
def test_members_come_from_path_query_header_and_body(headers):
    asked = request(body=BODY, query="limit=5&active=true&search=%7B%22a%22%3A%5B1%5D%7D", if_match='"1"', **headers)
    found = tree(asked)
    assert (found["device"], str(found["id"]), found["limit"], found["active"]) == ("device 01", UID, 5, True)
    assert (found["search"], found["tag"], found["state"]) == ({"a": [1]}, '"1"', "DONE")
    assert str(found["custom"]) == "1.50"


@pytest.mark.parametrize("headers", [{}, {"content_type": "application/json"}])
def test_no_body_is_an_empty_object(headers):
    assert set(tree(request(**headers))) == {"device", "id"}


def test_the_body_has_no_say_in_what_travels_beside_it():
    asked = request(body=b'{"deviceId":"evil","device":"evil","id":"evil","limit":"evil","tag":{"a":1}}')
    found = tree(asked)
    assert (found["device"], str(found["id"])) == ("device 01", UID)
    assert "limit" not in found
    assert "tag" not in found


def test_a_body_of_a_get_is_ignored():
    assert set(tree(request("GET", b"{}", content_type="text/plain"))) == {"device", "id"}


@pytest.mark.parametrize("content_type", ["text/plain", "application/xml", "application/json; charset=utf-16"])
def test_other_types_are_refused(content_type):
    assert refused(request(body=b"{}", content_type=content_type)).kind is FaultKind.UNSUPPORTED_MEDIA


@pytest.mark.parametrize(
    "query", ["limit=x", "limit=1.5", "active=maybe", "search=%7B", "search=NaN", "limit=99999999999"]
)
def test_a_wrong_value_in_the_query_is_named(query):
    fault = refused(request(query=query))
    assert fault.kind is FaultKind.INVALID
    assert [error.path for error in fault.fields] == [query.partition("=")[0]]


def test_a_query_that_is_none_is_refused():
    assert refused(request(query="limit=%ff")).kind is FaultKind.MALFORMED


def test_a_query_of_too_many_fields_is_refused_before_it_is_read():
    fault = refused(request(query="&".join(["a=1"] * 20_001)))
    assert fault.kind is FaultKind.TOO_LARGE
    assert "limits.members" in fault.message


def test_everything_wrong_is_named_at_once():
    fault = refused(request(body=b'{"state":1,"at":"soon"}', query="limit=x"))
    assert [error.path for error in fault.fields] == ["limit", "state", "at"]


def test_a_value_without_text_is_absent():
    assert "limit" not in tree(request(query="limit=&active="))


def test_an_api_that_is_not_native_takes_every_member_from_body_or_query():
    end = f"deviceId=d&id={UID}&state=A&at=2007-12-20T10:15:30Z"
    found = tree(request("GET", query=end), native=False)
    assert (found["device"], str(found["id"]), found["state"]) == ("d", UID, "A")
    body = json.dumps({"deviceId": "d", "id": UID, "limit": 5, "If-Match": "x"}).encode()
    found = tree(request("POST", body), native=False)
    assert (found["device"], str(found["id"]), found["limit"], found["tag"]) == ("d", UID, 5, "x")


def test_an_answer_is_json_and_keeps_its_status_and_headers():
    answer = Answer({"state": "é", "at": None, "custom": [1]}, 201, headers=(("ETag", '"1"'),))
    response = REST.encode(exchange(request()), REQUEST, [answer])
    assert response.status == 201
    assert response.headers == (("Content-Type", "application/json"), ("ETag", '"1"'))
    assert response.body == '{"state":"é","at":null,"custom":[1]}'.encode()


def test_an_answer_without_a_tree_has_no_body():
    response = REST.encode(exchange(request()), REQUEST, [Answer(None, 204)])
    assert (response.status, response.headers, response.body) == (204, (), b"")


def test_a_fault_is_told_as_problem_details():
    fault = Fault(FaultKind.INVALID, "limit must be an integer", fields=(FieldError("limit", "limit must be", "type"),))
    assert told(fault) == (
        400,
        {"Content-Type": "application/problem+json"},
        {
            "type": "urn:session-gateway:problem:invalid",
            "title": "Bad Request",
            "status": 400,
            "detail": "limit must be an integer",
            "code": "code_1",
            "errors": [{"path": "limit", "message": "limit must be"}],
            "correlation_id": "a1" * 16,
        },
    )


def test_a_native_api_tells_faults_in_its_own_body_and_others_do_not():
    fault = Fault(FaultKind.NOT_FOUND, "no such thing")
    own = told(fault, 404, where=exchange(request(), fault_body=OWN))
    assert own == (
        404,
        {"Content-Type": "application/json"},
        {"code": "code_1", "message": "no such thing", "traceId": "a1" * 8},
    )
    other = told(fault, 404, where=exchange(request("POST"), native=False, fault_body=OWN))
    assert other[1] == {"Content-Type": "application/problem+json"}


def test_a_caller_learns_what_is_allowed_who_to_be_and_when_to_come_back():
    assert told(Fault(FaultKind.UNAUTHENTICATED), 401)[1]["WWW-Authenticate"] == "Bearer"
    assert told(Fault(FaultKind.METHOD_NOT_ALLOWED, allow=("GET", "PATCH")), 405)[1]["Allow"] == "GET, PATCH"
    assert told(Fault(FaultKind.BUSY, retry_after=3), 503)[1]["Retry-After"] == "3"


def test_a_path_that_nothing_serves_is_told_the_same_way():
    where = REST.open(request(), None)
    status, headers, body = told(Fault(FaultKind.NOT_FOUND_ROUTE), 404, where=where)
    assert (status, headers["Content-Type"], body["title"]) == (404, "application/problem+json", "Not Found")


def test_a_fault_that_an_api_tells_in_an_answer_is_written_also_where_nothing_serves_the_path():
    response = REST.encode(REST.open(request(), None), REQUEST, [Answer({"state": "no"}, 400)])
    assert (response.status, response.body) == (400, b'{"state":"no"}')


@given(st.binary(max_size=100), st.text(), st.sampled_from(["limit", "search", "active", "x"]), st.booleans())
def test_whatever_is_sent_is_read_or_refused_and_answered(body, text, name, native):
    asked = request("GET" if not body else "POST" if not native else "PATCH", body, f"{name}={text}", if_match=text)
    where = exchange(asked, native=native)
    try:
        (decoded,) = REST.decode(where, LIMITS)
    except Fault as fault:
        told(fault, where=where)
    else:
        assert isinstance(decoded.tree, dict)
