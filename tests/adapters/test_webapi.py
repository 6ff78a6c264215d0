"""ASP.NET Web API over the wire: what is read, and the exact bytes of answers and faults."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from adapters.httperror import encode_local_name
from adapters.protocol import Match, Offer
from adapters.webapi import PLUGIN
from gateway.limits import Limits
from gateway.outcome import Fault, FaultKind, FieldError
from gateway.settings import Settings
from gateway.wire import Headers, WireRequest
from schemas import fields
from schemas.api import Always, Answer, Api, Native, NativeFault, Operation, Route
from schemas.fields import WireSchema, message_of

LIMITS = Limits()
MODELS = "http://schemas.datacontract.org/2004/07/ApiModels"
PUBLISHED = (
    '<ContactsOutgoingModel xmlns:i="http://www.w3.org/2001/XMLSchema-instance" '
    'xmlns="http://schemas.datacontract.org/2004/07/ApiModels">'
    '<Message xmlns:d2p1="http://schemas.datacontract.org/2004/07/Api.Models">'
    "<d2p1:Code>00</d2p1:Code><d2p1:Description>Success</d2p1:Description></Message></ContactsOutgoingModel>"
)


class MessageModel(WireSchema):
    class Wire:
        namespace = "http://schemas.datacontract.org/2004/07/Api.Models"

    Code = fields.String()
    Description = fields.String()


class ContactsOutgoingModel(WireSchema):
    class Wire:
        namespace = MODELS

    Message = fields.Nested(MessageModel)


class Inner(WireSchema):
    class Wire:
        namespace = MODELS

    Email = fields.String(required=True)


class Model(WireSchema):
    class Wire:
        namespace = MODELS

    company = fields.String(name="company-id", location="path", xml=False)
    id = fields.Guid(location="path", xml=False, nillable=True)
    since = fields.DateTime(location="query", xml=False, nillable=True)
    Request = fields.Nested(Inner)
    Name = fields.String()
    Count = fields.Int(nillable=True)


NATIVE = Route("POST", "/sites/{company-id}/api/thing/{id}")


def operation(writes=True):
    answer = message_of(ContactsOutgoingModel)
    return Operation("PostThing", message_of(Model), answer, lambda *_: None, lambda *_: None, (NATIVE,), writes)


FAULTS = {kind: Native(400) for kind in FaultKind}


def api(*, writes=True, **options):
    return Api("things", "Things", ("webapi",), ("/sites",), (operation(writes),), FAULTS, options=options)


WEBAPI = PLUGIN.build(Settings({"fidelity": "lenient"}))


def exchange(request, *, native=True, path=None, **options):
    end = WEBAPI.bind([Offer(api(**options), native)])[0]
    return WEBAPI.open(request, Match(end, path or {}))


def post(body="", content_type="application/json", **more):
    raw = body if isinstance(body, bytes) else body.encode()
    sent = [("Content-Type", content_type)] if content_type is not None else []
    sent += [(name.replace("_", "-"), value) for name, value in more.pop("headers", {}).items()]
    return WireRequest(more.pop("method", "POST"), more.pop("path", "/x"), headers=Headers(sent), body=raw, **more)


def tree(request, **more):
    (decoded,) = WEBAPI.decode(exchange(request, **more), LIMITS)
    return decoded.tree


def refused(request, **more):
    with pytest.raises(Fault) as caught:
        WEBAPI.decode(exchange(request, **more), LIMITS)
    return caught.value


def told(fault, request=None, status=400, text="", **more):
    """The rendered fault: its headers as a dict, and its body."""
    where = exchange(request or post(), **more)
    response = WEBAPI.fault(where, NativeFault(status, fault.kind.value, text or fault.message, fault))
    assert response.status == status
    return dict(response.headers), response.body


def accepting(media_type):
    return post(headers={"accept": media_type})


def test_a_native_api_keeps_its_routes_in_any_case():
    end, *_ = WEBAPI.bind([Offer(api(), True)])
    assert (end.path, end.methods, end.ignore_case) == (
        "/sites/{company-id}/api/thing/{id}",
        frozenset({"POST"}),
        True,
    )


def test_any_other_api_is_served_below_a_path_of_its_own_with_all_members_in_the_body():
    (end,) = WEBAPI.bind([Offer(api(), False)])
    assert (end.path, end.methods) == ("/webapi/things/PostThing", frozenset({"POST"}))
    found = tree(post('{"company-id":"acme","ID":"3F2504E04F8941D39A0C0305E82C3301","name":"a"}'), native=False)
    assert found["company"] == "acme"
    assert str(found["id"]) == "3f2504e0-4f89-41d3-9a0c-0305e82c3301"


XML_BODY = f'<Model xmlns="{MODELS}"><Count>5</Count><Name>é</Name></Model>'
READ = [
    ('{"NAME":"é","count":"5"}', "application/json"),
    ('{"NAME":"é","count":"5"}', "TEXT/JSON; charset=utf-8"),
    ('{"name":"é","count":5}'.encode("utf-16-le"), "application/json; charset=utf-16"),
    ('{"name":"é","count":5}'.encode("utf-16"), 'application/json;charset="UTF-16"'),
    (XML_BODY, "application/xml"),
    (XML_BODY, "text/xml; charset=utf-8"),
    (XML_BODY.encode("utf-16-le"), "application/xml; charset=utf-16"),
    (XML_BODY.encode("utf-16"), "application/xml; charset=utf-16"),
]


@pytest.mark.parametrize(("body", "content_type"), READ)
def test_a_body_is_read_by_its_content_type(body, content_type):
    assert tree(post(body, content_type)) == {"Name": "é", "Count": 5}


NULL_MODELS = [
    ("", "application/json"),
    ("", "application/xml"),
    ("", "text/plain"),
    ("", None),
    ("  ", "application/json"),
    ("null", "text/json"),
    (f'<Model i:nil="true" xmlns:i="http://www.w3.org/2001/XMLSchema-instance" xmlns="{MODELS}"/>', "text/xml"),
]


@pytest.mark.parametrize(("body", "content_type"), NULL_MODELS)
def test_a_null_model_is_refused_where_something_would_be_written_and_an_empty_one_is_not(body, content_type):
    _, text = told(refused(post(body, content_type)))
    assert text == b'{"Message":"The request is invalid."}'
    assert tree(post("{}")) == {}


@pytest.mark.parametrize(("body", "content_type"), NULL_MODELS)
def test_a_null_model_of_an_operation_that_only_reads_has_no_members(body, content_type):
    assert tree(post(body, content_type), writes=False) == {}


def test_what_is_wrong_beside_the_body_is_told_with_a_null_model_too():
    assert [error.path for error in refused(post(""), path={"company-id": "a", "id": "nonsense"}).fields] == ["id"]


def test_path_and_query_are_converted_and_outrank_the_body():
    request = post('{"Name":"a","company-id":"evil","company":"evil"}', query="SINCE=2019-10-01T08:00:00&x=1")
    found = tree(request, path={"company-id": "acme", "id": "3f2504e0-4f89-41d3-9a0c-0305e82c3301"})
    assert (found["company"], found["Name"], found["since"].ticks) == ("acme", "a", 637055136000000000)


def test_wrong_members_of_path_and_body_are_named_together():
    fault = refused(post('{"Count":"x"}'), path={"company-id": "acme", "id": "nonsense"})
    assert [error.path for error in fault.fields] == ["id", "Count"]
    _, body = told(fault)
    assert json.loads(body)["ModelState"].keys() == {"id", "model.Count"}


UNSUPPORTED = [
    ("text/plain", "The request entity's media type 'text/plain' is not supported for this resource."),
    (
        "application/x-www-form-urlencoded",
        "The request entity's media type 'application/x-www-form-urlencoded' is not supported for this resource.",
    ),
    ("Text/HTML; charset=utf-8", "The request entity's media type 'Text/HTML' is not supported for this resource."),
    (
        None,
        "The request contains an entity body but no Content-Type header. The inferred media type "
        "'application/octet-stream' is not supported for this resource.",
    ),
]


@pytest.mark.parametrize(("content_type", "text"), UNSUPPORTED)
def test_any_other_type_is_refused_in_the_platforms_words(content_type, text):
    request = post("{}", content_type)
    fault = refused(request)
    assert fault.kind is FaultKind.UNSUPPORTED_MEDIA
    headers, body = told(fault, request, 415)
    assert headers["Content-Type"] == "application/json; charset=utf-8"
    assert json.loads(body) == {"Message": text}


def test_an_api_of_json_alone_reads_a_body_without_a_type_and_answers_json():
    request = post('{"Name":"a"}', None, headers={"accept": "application/xml"})
    assert tree(request, formats=("json",)) == {"Name": "a"}
    assert exchange(request, formats=("json",)).reply.content_type == "application/json; charset=utf-8"
    assert refused(post(XML_BODY, "application/xml"), formats=("json",)).kind is FaultKind.UNSUPPORTED_MEDIA


ANSWER = Answer({"Message": {"Code": "00", "Description": "Success"}})
ALWAYS = Always(ANSWER.tree)
IN_JSON = '{"Message":{"Code":"00","Description":"Success"}}'
WRITTEN = [
    ("application/json", None, IN_JSON.encode(), "application/json; charset=utf-8"),
    ("text/json", None, IN_JSON.encode(), "text/json; charset=utf-8"),
    ("application/xml", None, PUBLISHED.encode(), "application/xml; charset=utf-8"),
    ("text/xml", None, PUBLISHED.encode(), "text/xml; charset=utf-8"),
    ("*/*", "utf-16", b"\xff\xfe" + IN_JSON.encode("utf-16-le"), "application/json; charset=utf-16"),
    ("text/xml", "utf-16", b"\xff\xfe" + PUBLISHED.encode("utf-16-le"), "text/xml; charset=utf-16"),
]


@pytest.mark.parametrize("answer", [ANSWER, ALWAYS], ids=["made anew", "always the same"])
@pytest.mark.parametrize(("accept", "charset", "body", "content_type"), WRITTEN)
def test_the_published_answer_in_every_format(accept, charset, body, content_type, answer):
    sent = {"accept": accept, **({"accept_charset": charset} if charset else {})}
    response = WEBAPI.encode(exchange(post("{}", headers=sent)), message_of(ContactsOutgoingModel), [answer])
    assert (response.status, response.body) == (200, body)
    assert dict(response.headers)["Content-Type"] == content_type


def test_one_answer_to_every_request_is_written_for_each_message_and_each_api():
    """What is kept of it is never another one's, however alike they are."""
    one, two = Always({"Message": None, "Code": "01"}), Always({"Message": None, "Code": "02"})
    bodies = [
        WEBAPI.encode(exchange(post()), message_of(message), [answer]).body
        for message in (ContactsOutgoingModel, MessageModel) * 2
        for answer in (one, two)
    ]
    assert bodies[0] == bodies[1] == b'{"Message":null}'
    assert bodies[2:4] == [b'{"Code":"01","Description":null}', b'{"Code":"02","Description":null}']
    assert bodies[4:] == bodies[:4]


def test_an_answer_of_another_message_and_status_is_written_the_same_way():
    answer = Answer({"Code": "01"}, 201, message_of(MessageModel), (("Location", "/x"),))
    response = WEBAPI.encode(exchange(post()), message_of(ContactsOutgoingModel), [answer])
    assert (response.status, response.body) == (201, b'{"Code":"01","Description":null}')
    assert dict(response.headers)["Location"] == "/x"


def test_no_object_is_null_and_no_content_is_empty():
    message = message_of(ContactsOutgoingModel)
    assert WEBAPI.encode(exchange(post()), message, [Answer(None)]).body == b"null"
    assert WEBAPI.encode(exchange(post()), message, [Answer(None, 204)]).body == b""
    in_xml = WEBAPI.encode(exchange(accepting("application/xml")), message, [Answer(None)]).body
    assert in_xml.startswith(b'<ContactsOutgoingModel i:nil="true"')


MISSING = Fault(
    FaultKind.INVALID,
    "Authentication is required",
    fields=(
        FieldError("Authentication", "Authentication is required", "required"),
        FieldError("Request.Email", "Email is required", "required"),
        FieldError("Request.Apps[0].Name", "Name must be short", "length"),
        FieldError("Request.Apps[0].Name", "Name must be <plain>", "pattern"),
    ),
)
IN_HTTP_ERROR = (
    b'{"Message":"The request is invalid.","ModelState":{'
    b'"model.Authentication":["The Authentication field is required."],'
    b'"model.Request.Email":["The Email field is required."],'
    b'"model.Request.Apps[0].Name":["Name must be short","Name must be <plain>"]}}'
)
IN_XML_ERROR = (
    b"<Error><Message>The request is invalid.</Message><ModelState>"
    b"<model.Authentication>The Authentication field is required.</model.Authentication>"
    b"<model.Request.Email>The Email field is required.</model.Request.Email>"
    b"<model.Request.Apps_x005B_0_x005D_.Name>Name must be short Name must be &lt;plain&gt;"
    b"</model.Request.Apps_x005B_0_x005D_.Name></ModelState></Error>"
)


def test_wrong_members_are_a_model_state_in_json_and_in_xml():
    assert told(MISSING) == ({"Content-Type": "application/json; charset=utf-8"}, IN_HTTP_ERROR)
    assert told(MISSING, accepting("application/xml")) == (
        {"Content-Type": "application/xml; charset=utf-8"},
        IN_XML_ERROR,
    )


def test_a_fault_too_is_told_in_utf16():
    request = post(headers={"accept": "text/xml", "accept_charset": "utf-16"})
    headers, body = told(MISSING, request)
    assert headers == {"Content-Type": "text/xml; charset=utf-16"}
    assert body == b"\xff\xfe" + IN_XML_ERROR.decode().encode("utf-16-le")


@pytest.mark.parametrize("body", ['{"Name":', '[1]', '{"Name":"\\u0000"}'])  # fmt: skip
def test_a_body_that_cannot_be_read_is_an_error_of_the_model(body):
    _, text = told(refused(post(body)))
    assert text == b'{"Message":"The request is invalid.","ModelState":{"model":["An error has occurred."]}}'


def test_the_model_is_named_as_the_api_names_it():
    fault = Fault(FaultKind.INVALID, fields=(FieldError("LogInTime", "LogInTime must be a date", "type"),))
    _, text = told(fault, model_prefix="userSession")
    assert text == (
        b'{"Message":"The request is invalid.","ModelState":{"userSession.LogInTime":["LogInTime must be a date"]}}'
    )


SENTENCES = [
    (Fault(FaultKind.UNAUTHENTICATED, "no credentials"), 401, "Authorization has been denied for this request."),
    (Fault(FaultKind.INTERNAL, "an internal error occurred"), 500, "An error has occurred."),
    (Fault(FaultKind.BUSY), 503, "An error has occurred."),
    (
        Fault(FaultKind.INVALID, "LogOutTime must not be before LogInTime."),
        400,
        "LogOutTime must not be before LogInTime.",
    ),
    (Fault(FaultKind.INVALID), 400, "The request is invalid."),
    (
        Fault(FaultKind.NOT_FOUND_ROUTE),
        404,
        "No HTTP resource was found that matches the request URI 'http://host/api/v1/x%20y?a=1'.",
    ),
    (Fault(FaultKind.METHOD_NOT_ALLOWED), 405, "The requested resource does not support http method 'GET'."),
]


@pytest.mark.parametrize(("fault", "status", "text"), SENTENCES)
def test_the_platforms_sentences(fault, status, text):
    request = WireRequest("GET", "/api/v1/x y", "a=1", base_url="http://host", raw_path="/api/v1/x%20y")
    _, body = told(fault, request, status)
    assert json.loads(body) == {"Message": text}


def test_an_apis_own_text_comes_first():
    fault = Fault(FaultKind.UNAUTHENTICATED, "no credentials")
    _, body = told(fault, status=401, text="Authorization key is invalid or no longer exists.")
    assert body == b'{"Message":"Authorization key is invalid or no longer exists."}'


def test_a_caller_learns_what_is_allowed_and_when_to_come_back():
    headers, _ = told(Fault(FaultKind.METHOD_NOT_ALLOWED, allow=("GET", "POST")), status=405)
    assert headers["Allow"] == "GET, POST"
    headers, _ = told(Fault(FaultKind.BUSY, retry_after=7), status=503)
    assert headers["Retry-After"] == "7"


def test_an_unknown_path_is_refused_in_the_format_that_was_asked_for():
    where = WEBAPI.open(WireRequest("GET", "/sites/x", headers=Headers([("Accept", "text/xml")])), None)
    fault = Fault(FaultKind.NOT_FOUND_ROUTE)
    response = WEBAPI.fault(where, NativeFault(404, "not_found_route", "", fault))
    assert response.body == (
        b"<Error><Message>No HTTP resource was found that matches the request URI 'http://localhost/sites/x'."
        b"</Message></Error>"
    )


@pytest.mark.parametrize(
    ("name", "encoded"),
    [
        ("a.b", "a.b"),
        ("a[0]", "a_x005B_0_x005D_"),
        ("0a", "_x0030_a"),
        ("a b", "a_x0020_b"),
        ("a_x0041_", "a_x005F_x0041_"),
        ("a:b", "a_x003A_b"),
        ("é", "é"),
    ],
)
def test_xml_names_are_written_as_xmlconvert_does(name, encoded):
    assert encode_local_name(name) == encoded


@given(st.binary(max_size=100), st.sampled_from([*(sent for _, sent in READ), "text/plain", ";", None]), st.text())
def test_whatever_is_sent_is_read_or_refused_and_answered(body, content_type, query):
    request = post(body, content_type, query=query)
    where = exchange(request, path={"company-id": query, "id": query})
    try:
        (decoded,) = WEBAPI.decode(where, LIMITS)
    except Fault as fault:
        response = WEBAPI.fault(where, NativeFault(400, fault.kind.value, fault.message, fault))
        assert response.status == 400
    else:
        assert isinstance(decoded.tree, dict)
