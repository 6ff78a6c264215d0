"""The quick reader of usual envelopes reads nothing that the reader of all envelopes reads otherwise."""

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from adapters.codecs.soap import SoapCodec, open_envelope
from adapters.codecs.soap_usual import usual_envelope
from adapters.soapstyle import SoapStyle
from gateway.limits import DEFAULT, Limits
from gateway.outcome import Fault
from schemas.fields import message_of
from schemas.partstream import LoginRequest, LogoutRequest

ROOT = Path(__file__).parents[3]
LOGOUT = (ROOT / "tests" / "data" / "requests" / "partstream-logout.xml").read_bytes()
LOGIN = (
    LOGOUT.replace(b"SWServiceLogout", b"SWServiceLogin")
    .replace(b"<sessionid>0000</sessionid>", b"")
    .replace(
        b"<secure>off</secure>",
        "<secure/><catalog>Ça</catalog><serviceuser>u</serviceuser><password>p</password>".encode(),
    )
)
STYLE = SoapStyle(
    dispatch="header",
    header_member="interfacename",
    wrapper="interfaceparameters",
    qualified=False,
    versions=("1.1",),
)
DOCUMENTS = [(LogoutRequest, LOGOUT), (LoginRequest, LOGIN)]


def quick(body, message, limits=DEFAULT):
    """Tree and texts of the Header; None where the quick reader leaves it alone."""
    found = usual_envelope(body, limits)
    if found is None or found.version.name != "1.1" or found.wrapper != STYLE.wrapper:
        return None
    tree = found.tree(message)
    return None if tree is None else (tree, dict(reversed(found.header)), ())


def slow(body, message, limits=DEFAULT):
    """What the reader of all envelopes says; None where it refuses."""
    try:
        envelope = open_envelope(body, limits, versions=STYLE.versions)
        found = SoapCodec("partstream", STYLE).read(envelope, message)
    except Fault:
        return None
    return found.tree, envelope.header_texts(), found.notes


@pytest.mark.parametrize(("schema", "body"), DOCUMENTS)
@pytest.mark.parametrize("before", [b"", b"\xef\xbb\xbf", b'<?xml version="1.0" encoding="utf-8"?>\r\n'])
def test_what_callers_usually_send_is_read_quickly(schema, body, before):
    message = message_of(schema)
    found = quick(before + body, message)
    assert found is not None
    assert found == slow(before + body, message)


TOKENS = [
    b"", b" ", b"\r\n", b"\r", b"<!-- -->", b"&amp;", b"&#13;", b"<![CDATA[x]]>", b"]]>", b"<?pi?>", b"\x00", b"\x0b",
    b"\xff", "é".encode(), "\ufffe".encode(), "\u0085".encode(), b' xsi:nil="true"', b"/>", b" />", b"<", b">", b'"',
    b"'", b"=", b":", b"<sessionid>1</sessionid>", b"<secure/>", b"<secure />", b"<secure>on</secure>", b"<Secure/>",
    b"<sessionid><a/></sessionid>", b"<m:secure>on</m:secure>", b' xmlns="urn:x"', b' xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance"',
    b' xmlns:SOAP-ENV="http://www.w3.org/2003/05/soap-envelope"', b' SOAP-ENV:mustUnderstand="1"', b"SOAP-ENV:",
    b"<!DOCTYPE x>", b"0", b"x", b"</SOAP-ENV:Header><SOAP-ENV:Header>", b"</interfaceparameters>",
    b"<SOAP-ENV:Header>", b"</SOAP-ENV:Body>", b"<interfacename>x</interfacename>",
]  # fmt: skip


@settings(max_examples=1500)
@given(
    st.sampled_from(DOCUMENTS),
    st.lists(st.tuples(st.floats(0, 1), st.integers(0, 40), st.sampled_from(TOKENS)), max_size=3),
)
def test_whatever_is_changed_in_an_envelope_both_readers_agree(document, changes):
    schema, body = document
    for where, length, token in changes:
        at = int(where * len(body))
        body = body[:at] + token + body[at + length :]
    message = message_of(schema)
    found = quick(body, message)
    assert found is None or slow(body, message) == found


@pytest.mark.parametrize("space", [b"\x0b", b"\x0c", b"\x1c", "\u0085".encode(), "\u00a0".encode()])
@pytest.mark.parametrize("tag", [b"<secure/>", b"<SOAP-ENV:Envelope"])
def test_what_is_no_white_space_in_xml_is_none_within_a_tag(space, tag):
    schema, body = next(row for row in DOCUMENTS if tag in row[1])
    name = tag.rstrip(b"/>")
    changed = body.replace(tag, name + space + tag[len(name) :], 1)
    assert quick(changed, message_of(schema)) is None


@settings(max_examples=1500)
@given(st.sampled_from(DOCUMENTS), st.data())
def test_whatever_is_changed_at_a_tag_both_readers_agree(document, data):
    schema, body = document
    marks = [at for at, byte in enumerate(body) if byte in b"<>/"]
    at = data.draw(st.sampled_from(marks)) + data.draw(st.integers(0, 1))
    body = body[:at] + data.draw(st.sampled_from(TOKENS)) + body[at + data.draw(st.sampled_from([0, 0, 0, 1, 2])) :]
    message = message_of(schema)
    found = quick(body, message)
    assert found is None or slow(body, message) == found


@pytest.mark.parametrize(
    "limits",
    [
        Limits(body_bytes=100),
        Limits(depth=3),
        Limits(elements=5),
        Limits(attributes=1),
        Limits(text_bytes=10),
        Limits(name_bytes=45),
    ],
)
def test_what_may_exceed_a_limit_is_left_to_the_other_reader(limits):
    assert usual_envelope(LOGOUT, limits) is None
