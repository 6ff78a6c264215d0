"""SOAP 1.1 and 1.2 against the recorded pairs."""

import importlib.util
import re
from dataclasses import replace
from pathlib import Path

import pytest

_spec = importlib.util.spec_from_file_location("servicestack_recording", Path(__file__).with_name("conftest.py"))
recording = importlib.util.module_from_spec(_spec)
_spec.loader.exec_module(recording)

BOM = b"\xef\xbb\xbf"
SOAP12 = 'application/soap+xml; charset=utf-8; action="UserClientSessionLogRequest"'


def recorded_answer(golden, name):
    head, _, body = golden(name).partition(b"\r\n\r\n")
    return head.split(b"\r\n")[0].decode(), dict(re.findall(r"^([\w-]+): (.*?)\r?$", head.decode(), re.MULTILINE)), body


@pytest.mark.parametrize(
    ("name", "path", "content_type"),
    [
        ("soap11", "/soap11", "text/xml; charset=utf-8"),
        ("soap11", "/Soap11", "text/xml; charset=utf-8"),
        ("soap11arg", "/soap11", "text/xml; charset=utf-8"),
        ("soap12", "/soap12", SOAP12),
    ],
)
def test_answers_with_the_recorded_bytes(recorded, golden, name, path, content_type):
    status, headers, body = recorded_answer(golden, f"v3-{name}-response.txt")
    response = recorded("POST", path, {"Content-Type": content_type}, golden(f"{name}-request.xml"))
    assert response.body == body
    assert dict(response.headers)["Content-Type"] == headers["Content-Type"]
    assert str(response.status) in status


def test_an_unknown_operation_is_a_bare_error_document(recorded, golden):
    _, headers, body = recorded_answer(golden, "v3-soap11nope-response.txt")
    response = recorded("POST", "/soap11", {"Content-Type": "text/xml"}, golden("soap11nope-request.xml"))
    assert response.status == 500
    assert dict(response.headers)["Content-Type"] == headers["Content-Type"]
    trace = re.compile(rb"<StackTrace>.*</StackTrace>", re.DOTALL)
    assert response.body == trace.sub(b'<StackTrace i:nil="true" />', body)


def test_without_the_action_header_the_body_names_the_operation(recorded, golden):
    body = re.sub(rb"<s:Header>.*</s:Header>", b"", golden("soap11-request.xml"))
    response = recorded("POST", "/soap11", {"Content-Type": "text/xml", "SOAPAction": '"x"'}, body)
    assert response.status == 200
    assert b"Header" not in response.body
    assert b"xmlns:a=" not in response.body
    assert b"<s:Body><UserClientSessionLogResponse " in response.body


def test_addressing_of_a_later_date_is_ignored(recorded, golden):
    body = golden("soap12-request.xml").replace(b"ws/2004/08/addressing", b"http://www.w3.org/2005/08/addressing")
    response = recorded("POST", "/soap12", {"Content-Type": "application/soap+xml"}, body)
    assert response.status == 200
    assert b"<s:Header>" not in response.body
    assert dict(response.headers)["Content-Type"] == "application/soap+xml"


def test_a_url_as_action_is_an_unknown_operation(recorded, golden):
    body = golden("soap11-request.xml").replace(b">UserClientSessionLogRequest</Action>", b">http://x/UserY</Action>")
    response = recorded("POST", "/soap11", {"Content-Type": "text/xml"}, body)
    assert response.status == 500
    assert b"The operation 'http://x/UserY' does not exist for this service" in response.body


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"junk",
        b"<a/>",
        b'<!DOCTYPE a><s:Envelope xmlns:s="http://schemas.xmlsoap.org/soap/envelope/"><s:Body/></s:Envelope>',
        b'<s:Envelope xmlns:s="http://schemas.xmlsoap.org/soap/envelope/"><s:Body/></s:Envelope>',
    ],
)
def test_a_broken_envelope_is_a_bare_error_document(recorded, body):
    response = recorded("POST", "/soap11", {"Content-Type": "text/xml"}, body)
    assert response.status == 500
    assert response.body.startswith(BOM + b"<ErrorResponse ")


def test_a_wrong_value_does_not_repeat_the_body(recorded, golden):
    body = golden("soap11-request.xml").replace(
        b"<ClientReferUid>empty", b"<OpenSessionsOnly>maybe</OpenSessionsOnly><X>s3"
    )
    body = body.replace(b"</ClientReferUid>", b"</X>")
    response = recorded("POST", "/soap11", {"Content-Type": "text/xml"}, body)
    assert response.status == 500
    assert b"SerializationException" in response.body
    assert b"3) Error trying to deserialize requestType" in response.body
    assert b"s3" not in response.body


def test_members_of_a_header_are_read_from_the_header(golden):
    member = replace(recording.REQUEST.by_key["DeviceSerialNumber"], key="Token", name="token", part="header")
    request = replace(recording.REQUEST, members=(*recording.REQUEST.members, member))
    driver = recording.Driver(recording.recorded_protocol(), (recording.api_of(recording.operation(request=request)),))
    body = golden("soap11-request.xml").replace(b"</s:Header>", b"<token>abc</token></s:Header>")
    assert driver("POST", "/soap11", {"Content-Type": "text/xml"}, body).status == 200
    assert driver.decoded[0].tree == {"Token": "abc", "ClientReferUid": "empty"}


def envelope(body):
    return (
        f'<s:Envelope xmlns:s="http://schemas.xmlsoap.org/soap/envelope/"><s:Body>{body}</s:Body></s:Envelope>'.encode()
    )


def called(driver, body, action=""):
    """The operation that a client reaches which was made from the WSDL: it sends messages, not operations' names."""
    headers = {"Content-Type": "text/xml", "SOAPAction": action}
    response = driver("POST", "/soap11", headers, envelope(body))
    return driver.last.operation.name if response.status == 200 else None


def test_the_message_names_the_operation_where_it_is_called_differently():
    operations = [recording.operation("Ask")]
    driver = recording.Driver(recording.recorded_protocol(), (recording.api_of(*operations),))
    body = f'<UserClientSessionLogRequest xmlns="{recording.SESSIONS}"/>'
    assert called(driver, body) == "Ask"
    assert called(driver, "<Other/>") is None


def test_soapaction_tells_operations_with_one_message_apart():
    operations = [recording.operation("Ask", routes=()), recording.operation("AskAgain", routes=())]
    driver = recording.Driver(recording.recorded_protocol(), (recording.api_of(*operations),))
    body = f'<UserClientSessionLogRequest xmlns="{recording.SESSIONS}"/>'
    assert called(driver, body, f'"{recording.TYPES}/AskAgain"') == "AskAgain"
    assert called(driver, body, "Ask") == "Ask"
    assert called(driver, body, '"http://x/Nope"') is None
    assert called(driver, body) is None


def test_soapaction_never_overrides_the_name_of_an_operation():
    operations = [recording.operation(), recording.operation("Ask", routes=())]
    driver = recording.Driver(recording.recorded_protocol(), (recording.api_of(*operations),))
    body = f'<UserClientSessionLogRequest xmlns="{recording.SESSIONS}"/>'
    assert called(driver, body, f'"{recording.TYPES}/Ask"') == "UserClientSessionLogRequest"
