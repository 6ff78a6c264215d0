"""The protocol ``soap``: dispatch, content types, versions, faults, and PartStream's exact bytes."""

import re
from dataclasses import replace
from datetime import UTC, datetime

import pytest

from adapters.protocol import Decoded, Exchange, Match, Offer
from adapters.soap import PLUGIN, Soap
from adapters.soapstyle import ADDRESSING
from gateway.limits import Limits
from gateway.outcome import Fault, FaultKind, FieldError, Outcome
from gateway.settings import load
from gateway.wire import Headers, WireRequest, WireResponse
from schemas import fields, partstream
from schemas.api import Answer, Api, Asked, Context, InBand, Mapped, Native, NativeFault, Operation
from schemas.fields import WireSchema, message_of
from wsdl.__main__ import DOCUMENTS, PUBLISHED

NS11, NS12 = "http://schemas.xmlsoap.org/soap/envelope/", "http://www.w3.org/2003/05/soap-envelope"
PATH = "/3dpartstream/xml"
SOAP = Soap()
PARTSTREAM = partstream.build(load(partstream.SETTINGS))
HEAD = (
    b'<?xml version="1.0" encoding="utf-8"?><SOAP-ENV:Envelope '
    b'xmlns:SOAP-ENV="http://schemas.xmlsoap.org/soap/envelope/" '
    b'SOAP-ENV:encodingStyle="http://schemas.xmlsoap.org/soap/encoding/">'
)


class StartRequest(WireSchema):
    Name = fields.String()


class StopRequest(WireSchema):
    class Wire:
        namespace = "urn:shop"

    Name = fields.String()


class Reply(WireSchema):
    class Wire:
        namespace = "urn:shop"

    Done = fields.Boolean()


def _operation(name: str, request: type[WireSchema]) -> Operation:
    def command(tree: dict, context: Context) -> Mapped:
        raise NotImplementedError

    def present(outcome: Outcome, asked: Asked) -> Answer:
        raise NotImplementedError

    return Operation(name, message_of(request), message_of(Reply), command, present)


SHOP = Api(
    name="shop",
    title="Shop",
    native=("rest",),
    prefixes=("/shop",),
    operations=(
        _operation("start", StartRequest),
        _operation("stop", StopRequest),
        _operation("stopAll", StopRequest),
    ),
    faults={kind: Native(400) for kind in FaultKind},
)


@pytest.fixture
def logout(request) -> bytes:
    return (request.config.rootpath / "tests" / "data" / "partstream" / "logout.xml").read_bytes()


def opened(body: bytes = b"", api: Api = PARTSTREAM, method: str = "POST", query: str = "", **headers: str) -> Exchange:
    endpoint = SOAP.bind([Offer(api, "soap" in api.native)])[0]
    pairs = Headers([(name.replace("_", "-"), value) for name, value in headers.items()])
    base = "https://gateway.example/sub"
    return SOAP.open(WireRequest(method, endpoint.path, query, pairs, body, base_url=base), Match(endpoint))


def decode(exchange: Exchange) -> Decoded:
    return SOAP.decode(exchange, Limits())[0]


def refused(exchange: Exchange) -> Fault:
    with pytest.raises(Fault) as caught:
        decode(exchange)
    return caught.value


def told(exchange: Exchange, fault: Fault, tree: dict | None = None) -> WireResponse:
    """A PartStream fault as the pipeline has it rendered."""
    row = PARTSTREAM.faults[fault.kind]
    assert isinstance(row, InBand)
    asked = None if tree is None else Asked(tree, Context(None, datetime(2026, 1, 2, tzinfo=UTC)))
    return SOAP.encode(exchange, row.message, [Answer(row.tree(fault, asked), row.status)])


def shop(inner: str, namespace: str = NS11) -> bytes:
    return f'<s:Envelope xmlns:s="{namespace}"><s:Body>{inner}</s:Body></s:Envelope>'.encode()


STOP = '<StopRequest xmlns="urn:shop"><Name>x</Name></StopRequest>'


def header(response: WireResponse, name: str) -> str | None:
    return dict(response.headers).get(name)


def test_the_published_logout_is_understood(logout):
    decoded = decode(opened(logout))
    assert decoded.operation is PARTSTREAM.operation("SWServiceLogout")
    assert decoded.tree == {"interfacename": "SWServiceLogout", "sessionid": "0000", "secure": "off"}
    assert decoded.notes == ()


def test_a_success_has_the_published_bytes(logout):
    exchange = opened(logout)
    decoded = decode(exchange)
    assert decoded.operation is not None
    asked = Asked(decoded.tree, Context(None, datetime(2026, 1, 2, tzinfo=UTC), "secret"))
    answer = decoded.operation.present(Outcome(), asked)
    response = SOAP.encode(exchange, decoded.operation.answer, [answer])
    assert response.body == (
        HEAD + b"<SOAP-ENV:Header><interfacename>SWServiceLogin</interfacename></SOAP-ENV:Header>"
        b"<SOAP-ENV:Body><sessionid>0000</sessionid><returnval>Logged out</returnval><success>Success</success>"
        b"</SOAP-ENV:Body></SOAP-ENV:Envelope>"
    )
    assert (response.status, header(response, "Content-Type")) == (200, "text/xml; charset=utf-8")


def test_an_error_has_the_published_bytes(logout):
    exchange = opened(logout)
    response = told(exchange, Fault(FaultKind.EXPIRED), decode(exchange).tree)
    assert response.body == (
        HEAD + b"<SOAP-ENV:Header><interfacename>SWServiceLogin</interfacename><sessionid>0000</sessionid>"
        b"</SOAP-ENV:Header><SOAP-ENV:Body><sessionid>0000</sessionid><returnval></returnval>"
        b"<success>Failed</success><faultcode>1001</faultcode><faultstring>Invalid session</faultstring>"
        b"</SOAP-ENV:Body></SOAP-ENV:Envelope>"
    )
    assert response.status == 200


def test_without_the_declaration_an_answer_begins_with_the_envelope(logout):
    api = partstream.build(load(partstream.SETTINGS).with_(partstream__declaration=False))
    response = SOAP.encode(opened(logout, api), partstream.ERROR, [Answer({"faultcode": "1001"})])
    assert isinstance(response.body, bytes)
    assert response.body.startswith(b"<SOAP-ENV:Envelope")


@pytest.mark.parametrize(
    "content_type",
    [
        None,
        "",
        "text/xml",
        'text/xml; charset="utf-8"',
        "TEXT/XML;charset=UTF-8",
        "application/xml",
        "application/soap+xml; charset=utf-8; action=x",
        "application/x-www-form-urlencoded",
    ],
)
@pytest.mark.parametrize("action", [None, "", '""', '"*"', '"urn:anything#SWServiceLogin"'])
def test_partstream_takes_xml_under_many_content_types_and_any_soap_action(logout, content_type, action):
    headers = {"Content_Type": content_type, "SOAPAction": action}
    exchange = opened(logout, **{name: value for name, value in headers.items() if value is not None})
    assert decode(exchange).tree["sessionid"] == "0000"
    assert header(told(exchange, Fault(FaultKind.EXPIRED)), "Content-Type") == "text/xml; charset=utf-8"


def test_another_content_type_is_refused_in_the_callers_dialect(logout):
    exchange = opened(logout, Content_Type="application/json")
    fault = refused(exchange)
    assert fault.kind is FaultKind.UNSUPPORTED_MEDIA
    assert b"<faultcode>1002</faultcode>" in told(exchange, fault).body


@pytest.mark.parametrize(
    ("old", "new", "code"),
    [
        (b"<interfacename>SWServiceLogout<", b"<interfacename>SWGetCategoryTree<", b"1003"),
        (b"<interfacename>SWServiceLogout<", b"<interfacename>swservicelogout<", b"1003"),
        (b"<interfacename>SWServiceLogout</interfacename>", b"", b"1003"),
        (b"<secure>off</secure>", b"<secure>a & b</secure>", b"1002"),
        (b"SOAP-ENV:Body>", b"SOAP-ENV:Corpse>", b"1002"),
        (b"<SOAP-ENV:Body>", b"<SOAP-ENV:Body/><SOAP-ENV:Body>", b"1002"),
        (b"schemas.xmlsoap.org/soap/envelope", b"example.org/soap", b"1002"),
        (NS11.encode(), NS12.encode(), b"1002"),
        (b"<sessionid>0000</sessionid>", b"<sessionid>1</sessionid><sessionid>0000</sessionid>", b"1002"),
    ],
)
def test_a_request_that_is_not_understood_is_an_ordinary_answer_with_a_code(logout, old, new, code):
    assert old in logout
    exchange = opened(logout.replace(old, new))
    response = told(exchange, refused(exchange))
    assert response.status == 200
    assert re.findall(rb"<faultcode>(.*?)</faultcode>", response.body) == [code]
    assert response.body.startswith(HEAD)


def test_a_fault_repeats_the_session_id_of_a_request_that_was_not_understood(logout):
    exchange = opened(logout.replace(b"SWServiceLogout", b"SWAddModel"))
    assert told(exchange, refused(exchange)).body.count(b"<sessionid>0000</sessionid>") == 2


def test_any_prefix_and_any_layout_is_the_same_request(logout):
    other = re.sub(rb">\s+<", b"><", logout.replace(b"SOAP-ENV", b"x"))
    assert decode(opened(b"\xef\xbb\xbf" + other)).tree == decode(opened(logout)).tree


def test_a_login_may_leave_out_optional_elements_and_add_unknown_ones():
    body = shop("<interfaceparameters><catalog>c</catalog><new>1</new></interfaceparameters>").replace(
        b"<s:Body>", b"<s:Header><interfacename>SWServiceLogin</interfacename></s:Header><s:Body>"
    )
    decoded = decode(opened(body))
    assert decoded.tree == {"interfacename": "SWServiceLogin", "catalog": "c"}
    assert [str(note) for note in decoded.notes] == ["unknown-member:new"]


def test_only_post_reaches_an_interface(logout):
    exchange = opened(logout, method="GET")
    fault = refused(exchange)
    response = told(exchange, fault)
    assert (fault.kind, fault.allow) == (FaultKind.METHOD_NOT_ALLOWED, ("POST",))
    assert (response.status, header(response, "Allow")) == (405, "POST")
    assert b"<faultstring>Invalid request: send it by POST</faultstring>" in response.body


def test_an_unknown_path_below_partstream_is_answered_in_its_dialect():
    exchange = replace(SOAP.open(WireRequest("POST", PATH + "/x"), None), api=PARTSTREAM)
    response = told(exchange, Fault(FaultKind.NOT_FOUND_ROUTE))
    assert response.status == 404
    assert isinstance(response.body, bytes)
    assert response.body.startswith(HEAD)
    native = NativeFault(404, "not_found_route", "", Fault(FaultKind.NOT_FOUND_ROUTE))
    assert SOAP.fault(exchange, native) == response


@pytest.mark.parametrize("query", ["wsdl", "WSDL", "wsdl=1", "singleWsdl&wsdl"])
def test_the_description_is_served_with_the_callers_own_address(query):
    page = opened(method="GET", query=query).reply.page
    assert page.status == 200
    assert b'<soap:address location="https://gateway.example/sub/3dpartstream/xml"/>' in page.body


def test_a_post_with_wsdl_in_its_query_is_a_request(logout):
    assert opened(logout, query="wsdl").reply.page is None


@pytest.mark.parametrize("name", DOCUMENTS)
def test_the_published_description_is_what_the_messages_say(name):
    assert (PUBLISHED / name).read_bytes() == DOCUMENTS[name](), "run `python -m wsdl`"


def test_an_api_of_another_protocol_is_served_at_an_address_of_its_own():
    assert SOAP.bind([Offer(SHOP, False)])[0].path == "/soap/shop"


@pytest.mark.parametrize(
    ("inner", "action", "name"),
    [
        ('<StartRequest xmlns="urn:session-gateway:shop"><Name>x</Name></StartRequest>', "", "start"),
        ('<start xmlns="urn:session-gateway:shop"><Name>x</Name></start>', '"urn:stop"', "start"),
        (STOP, "", "stop"),
        (STOP, '"*"', "stop"),
        (STOP, '"urn:shop/stopAll"', "stopAll"),
        (STOP, '"urn:shop#start"', "stop"),
        ("", '"http://shop/start"', "start"),
    ],
)
def test_the_body_names_the_operation_and_soap_action_where_it_does_not(inner, action, name):
    decoded = decode(opened(shop(inner), SHOP, SOAPAction=action, Content_Type="text/xml"))
    assert decoded.operation is SHOP.operation(name)
    assert decoded.api is SHOP
    assert decoded.tree == ({"Name": "x"} if inner else {})


@pytest.mark.parametrize(
    "inner", ["", '<StopRequest xmlns="urn:other"/>', "<StopRequest/>", '<Stop xmlns="urn:shop"/>']
)
def test_a_body_that_names_no_operation_is_told_the_names_that_there_are(inner):
    fault = refused(opened(shop(inner), SHOP))
    assert fault.kind is FaultKind.NOT_FOUND_ROUTE
    assert "{urn:shop}StopRequest" in fault.message


@pytest.mark.parametrize(
    ("namespace", "media_type"),
    [(NS11, "text/xml; charset=utf-8"), (NS12, "application/soap+xml; charset=utf-8")],
)
def test_an_answer_is_in_the_version_of_the_request(namespace, media_type):
    exchange = opened(shop(STOP, namespace), SHOP)
    response = SOAP.encode(exchange, message_of(Reply), [Answer({"Done": True}, 201)])
    assert (response.status, header(response, "Content-Type")) == (200, media_type)
    assert response.body == (
        b'<?xml version="1.0" encoding="utf-8"?><soap:Envelope xmlns:soap="%b"><soap:Body>'
        b'<Reply xmlns="urn:shop"><Done>true</Done></Reply></soap:Body></soap:Envelope>' % namespace.encode()
    )


def test_a_fault_in_soap_1_1():
    fault = Fault(FaultKind.INVALID, "a < b", fields=(FieldError("A.B", 'is "wrong" & odd'),))
    response = SOAP.fault(opened(shop(STOP), SHOP), NativeFault(400, "E7", "", fault))
    assert (response.status, header(response, "Content-Type")) == (500, "text/xml; charset=utf-8")
    assert response.body == (
        b'<?xml version="1.0" encoding="utf-8"?><soap:Envelope xmlns:soap="http://schemas.xmlsoap.org/soap/envelope/">'
        b"<soap:Body><soap:Fault><faultcode>soap:Client</faultcode><faultstring>a &lt; b</faultstring>"
        b'<detail><fault xmlns="urn:session-gateway:faults"><code>E7</code>'
        b'<field path="A.B">is "wrong" &amp; odd</field></fault></detail></soap:Fault></soap:Body></soap:Envelope>'
    )


def test_a_fault_in_soap_1_2():
    response = SOAP.fault(opened(shop(STOP, NS12), SHOP), NativeFault(400, "E7", "no", Fault(FaultKind.INVALID)))
    assert (response.status, header(response, "Content-Type")) == (400, "application/soap+xml; charset=utf-8")
    assert response.body == (
        b'<?xml version="1.0" encoding="utf-8"?><soap:Envelope xmlns:soap="http://www.w3.org/2003/05/soap-envelope">'
        b"<soap:Body><soap:Fault><soap:Code><soap:Value>soap:Sender</soap:Value></soap:Code>"
        b'<soap:Reason><soap:Text xml:lang="en">no</soap:Text></soap:Reason>'
        b'<soap:Detail><fault xmlns="urn:session-gateway:faults"><code>E7</code></fault></soap:Detail>'
        b"</soap:Fault></soap:Body></soap:Envelope>"
    )


@pytest.mark.parametrize(
    ("kind", "code11", "code12", "status12"),
    [
        (FaultKind.BUSY, b"soap:Server", b"soap:Receiver", 500),
        (FaultKind.INTERNAL, b"soap:Server", b"soap:Receiver", 500),
        (FaultKind.NOT_FOUND, b"soap:Client", b"soap:Sender", 400),
    ],
)
def test_a_fault_tells_whose_it_is(kind, code11, code12, status12):
    native = NativeFault(400, "x", "y", Fault(kind, retry_after=7))
    first, second = (SOAP.fault(opened(shop(STOP, space), SHOP), native) for space in (NS11, NS12))
    assert code11 in first.body
    assert code12 in second.body
    assert (first.status, second.status) == (500, status12)
    assert header(first, "Retry-After") == "7"


@pytest.mark.parametrize(
    ("body", "code"),
    [
        (shop(STOP, "urn:soap-of-tomorrow"), b"soap:VersionMismatch"),
        (
            shop(STOP).replace(b"<s:Body>", b'<s:Header><w xmlns="urn:w" s:mustUnderstand="1"/></s:Header><s:Body>'),
            b"soap:MustUnderstand",
        ),
    ],
)
def test_faults_of_soap_itself(body, code):
    exchange = opened(body, SHOP)
    fault = refused(exchange)
    response = SOAP.fault(exchange, NativeFault(400, "malformed", "", fault))
    assert response.status == 500
    assert b"<faultcode>" + code + b"</faultcode>" in response.body


@pytest.mark.parametrize("content_type", ["application/json", "application/x-www-form-urlencoded", "multipart/related"])
def test_document_literal_takes_xml_only(content_type):
    exchange = opened(shop(STOP), SHOP, Content_Type=content_type)
    fault = refused(exchange)
    assert fault.kind is FaultKind.UNSUPPORTED_MEDIA
    assert SOAP.fault(exchange, NativeFault(415, "x", "", fault)).status == 415


def test_an_unknown_path_without_an_api_is_a_soap_fault():
    exchange = SOAP.open(WireRequest("POST", "/soap/nothing"), None)
    response = SOAP.fault(exchange, NativeFault(404, "not_found_route", "", Fault(FaultKind.NOT_FOUND_ROUTE)))
    assert response.status == 404
    assert b"<faultstring>not found route</faultstring>" in response.body


def test_the_plug_in_builds_the_protocol_of_its_name():
    assert PLUGIN.build(load(PLUGIN.settings)).name == PLUGIN.name == "soap"


def test_every_other_api_has_a_description_too():
    page = opened(api=SHOP, method="GET", query="wsdl").reply.page
    assert b'<soap12:address location="https://gateway.example/sub/soap/shop"/>' in page.body


def test_an_addressed_request_is_told_which_message_is_answered():
    blocks = (
        f'<s:Header xmlns:a="{ADDRESSING}"><a:Action>urn:shop/start</a:Action><a:MessageID>m1</a:MessageID></s:Header>'
    )
    exchange = opened(shop("").replace(b"<s:Body>", blocks.encode() + b"<s:Body>"), SHOP)
    assert decode(exchange).operation is SHOP.operation("start")
    for response in (
        SOAP.encode(exchange, message_of(Reply), [Answer({"Done": True})]),
        SOAP.fault(exchange, NativeFault(400, "x", "", Fault(FaultKind.INVALID))),
    ):
        assert b">m1</a:RelatesTo>" in response.body
