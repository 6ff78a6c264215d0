"""The quick reader of usual documents reads nothing that the reader of all documents reads otherwise."""

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from adapters.codecs.datacontract import WEBAPI
from adapters.codecs.datacontract_usual import compile_usual
from gateway.limits import DEFAULT, Limits
from gateway.outcome import Fault
from schemas.fields import message_of
from schemas.mobileconnect_messages import UserClientSessionLogRequest
from schemas.ontime_messages import UserSession
from schemas.workstation_messages import SessionContactBindingModel, SessionEndBindingModel

ROOT = Path(__file__).parents[3]
REQUESTS = ROOT / "tests" / "data" / "requests"
END = (REQUESTS / "workstation-session-end.xml").read_bytes()
LOG = (REQUESTS / "mobileconnect-session-log.xml").read_bytes()
START = WEBAPI.encode(
    {"Authentication": {"Id": "1", "Key": "2"}, "Request": {"Email": "é & co", "GeoData": {"City": "X"}}},
    message_of(SessionContactBindingModel),
)
USER = WEBAPI.encode({"StartMileage": 12, "LogInType": "Driver"}, message_of(UserSession))
DOCUMENTS = [
    (SessionEndBindingModel, END),
    (SessionContactBindingModel, START.replace(b"&amp;", b"and")),
    (UserClientSessionLogRequest, LOG),
    (UserSession, USER.replace(b' xmlns:d2p1="http://www.w3.org/2001/XMLSchema" i:type="d2p1:string"', b"")),
]


def slow(body, message, limits=DEFAULT):
    """What the reader of all documents says; None where it refuses."""
    try:
        found = WEBAPI.read_element(WEBAPI._parse(body, limits), message, limits)
    except Fault:
        return None
    return found.tree, found.notes


@pytest.mark.parametrize(("schema", "body"), DOCUMENTS)
@pytest.mark.parametrize("before", [b"", b"\xef\xbb\xbf", b'<?xml version="1.0" encoding="utf-8"?>\r\n'])
def test_what_the_serializer_itself_writes_is_read_quickly(schema, body, before):
    message = message_of(schema)
    tree = compile_usual(message)(before + body, DEFAULT)
    assert tree is not None
    assert (tree, ()) == slow(before + body, message)


TOKENS = [
    b"", b" ", b"\r\n", b"\r", b"<!-- -->", b"&amp;", b"&#13;", b"<![CDATA[x]]>", b"]]>", b"<?pi?>", b"\x00", b"\x0b",
    b"\xff", "é".encode(), "\ufffe".encode(), "\u0085".encode(), b' i:nil="true"', b' i:nil="false"', b"/>", b" />",
    b"<", b">", b'"', b"'", b"=", b":", b"<Index>1</Index>", b"<Index/>", b'<Index i:nil="true" />', b"<Email />",
    b'<Request i:nil="true"/>', b"<ApplicationsUsed />", b"<ApplicationUsed />", b"<ApplicationUsed></ApplicationUsed>",
    b' xmlns:d2p1="http://schemas.datacontract.org/2004/07/Api.Models"', b' xmlns:i="http://www.w3.org/2001/XMLSchema-instance"',
    b' xmlns:i="urn:other"', b' xmlns=""', b"d2p1:", b"xml:", b"xmlns:", b"i:", b"<!DOCTYPE x>", b"0", b"x", b"true",
    b'<OpenSessionsOnly i:nil="true"/>', b"<PageRequestIndex>1</PageRequestIndex>",
]  # fmt: skip


@settings(max_examples=1500)
@given(
    st.sampled_from(DOCUMENTS),
    st.lists(st.tuples(st.floats(0, 1), st.integers(0, 40), st.sampled_from(TOKENS)), max_size=3),
)
def test_whatever_is_changed_in_a_document_both_readers_agree(document, changes):
    schema, body = document
    for where, length, token in changes:
        at = int(where * len(body))
        body = body[:at] + token + body[at + length :]
    message = message_of(schema)
    tree = compile_usual(message)(body, DEFAULT)
    assert tree is None or slow(body, message) == (tree, ())


@settings(max_examples=1500)
@given(st.sampled_from(DOCUMENTS), st.data())
def test_whatever_is_changed_at_a_tag_both_readers_agree(document, data):
    schema, body = document
    marks = [at for at, byte in enumerate(body) if byte in b"<>/"]
    at = data.draw(st.sampled_from(marks)) + data.draw(st.integers(0, 1))
    body = body[:at] + data.draw(st.sampled_from(TOKENS)) + body[at + data.draw(st.sampled_from([0, 0, 0, 1, 2])) :]
    message = message_of(schema)
    tree = compile_usual(message)(body, DEFAULT)
    assert tree is None or slow(body, message) == (tree, ())


@pytest.mark.parametrize(
    "limits",
    [
        Limits(body_bytes=100),
        Limits(depth=3),
        Limits(elements=10),
        Limits(attributes=1),
        Limits(text_bytes=10),
        Limits(name_bytes=5),
    ],
)
def test_what_may_exceed_a_limit_is_left_to_the_other_reader(limits):
    assert compile_usual(message_of(SessionEndBindingModel))(END, limits) is None
