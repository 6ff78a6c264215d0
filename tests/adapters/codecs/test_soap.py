"""The codec ``soap``: which envelopes are read, what is refused, and the exact bytes that are written."""

from contextlib import suppress
from datetime import UTC, datetime
from decimal import Decimal
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from adapters.codecs.soap import SOAP_11, SOAP_12, SoapCodec, open_envelope, sniff
from adapters.soapstyle import SoapStyle
from gateway.limits import Limits
from gateway.outcome import Fault, FaultKind
from schemas import fields
from schemas.fields import WireSchema, message_of

LIMITS = Limits()
NS11, NS12 = SOAP_11.namespace, SOAP_12.namespace
XSI = 'xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance"'
HEADED = SoapStyle(dispatch="header", header_member="call", wrapper="params", bare_answer=True, qualified=False)


class Part(WireSchema):
    Name = fields.String()
    Count = fields.Int()


class Order(WireSchema):
    class Wire:
        namespace = "urn:shop"
        open = True

    Id = fields.Guid()
    Price = fields.Decimal()
    Paid = fields.Boolean()
    At = fields.Instant()
    Note = fields.String()
    Tags = fields.List(fields.String())
    Parts = fields.List(fields.Nested(Part))
    Main = fields.Nested(Part)
    Extra = fields.Any_()


class Call(WireSchema):
    call = fields.String(part="header")
    ticket = fields.String(part="header", credential=True)
    size = fields.String()
    secret = fields.String(credential=True)


ORDER, CALL = message_of(Order), message_of(Call)
TREE = {
    "Id": UUID("3fa85f64-5717-4562-b3fc-2c963f66afa6"),
    "Price": Decimal("10.50"),
    "Paid": True,
    "At": datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC),
    "Note": "a < b & c\r\n",
    "Tags": ["x", None, "y"],
    "Parts": [{"Name": "bolt", "Count": 2}, {"Name": None}],
    "Main": {"Name": "nut", "Count": 1},
    "Extra": {"colour": "red", "sizes": ["1", "2"], "not a name": "z"},
    "Unknown": "kept",
}


def envelope(body: str, header: str = "", namespace: str = NS11) -> bytes:
    head = f"<s:Header>{header}</s:Header>" if header else ""
    return f'<s:Envelope xmlns:s="{namespace}">{head}<s:Body>{body}</s:Body></s:Envelope>'.encode()


def order(inner: str) -> bytes:
    return envelope(f'<Order xmlns="urn:shop">{inner}</Order>')


def headed(params: str, header: str = "<call>go</call>"):
    return SoapCodec("shop", HEADED).decode(envelope(f"<params>{params}</params>", header), CALL, LIMITS)


@pytest.mark.parametrize("version", [SOAP_11, SOAP_12])
def test_what_is_written_is_read_back(version):
    codec = SoapCodec("shop", version=version)
    assert codec.decode(codec.encode(TREE, ORDER), ORDER, LIMITS).tree == TREE


def test_document_literal_bytes():
    assert SoapCodec("shop").encode({"Note": "", "Tags": ["x"], "Main": None}, ORDER) == (
        b'<?xml version="1.0" encoding="utf-8"?><soap:Envelope xmlns:soap="http://schemas.xmlsoap.org/soap/envelope/" '
        b'xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance"><soap:Body><Order xmlns="urn:shop">'
        b'<Note></Note><Tags>x</Tags><Main xsi:nil="true" /></Order></soap:Body></soap:Envelope>'
    )


def test_a_message_without_a_namespace_stands_in_one_named_after_the_api():
    assert b'<Part xmlns="urn:session-gateway:shop"></Part>' in SoapCodec("shop").encode(None, message_of(Part))


def test_characters_that_xml_cannot_carry_do_not_spoil_the_answer():
    body = SoapCodec("shop").encode({"Note": "a\x00\ud800b"}, ORDER)
    assert SoapCodec("shop").decode(body, ORDER, LIMITS).tree == {"Note": "a\ufffd\ufffdb"}


def test_absent_null_and_empty_are_three_things():
    tree = SoapCodec("shop").decode(order(f'<Note {XSI} xsi:nil="true"/><Tags/>'), ORDER, LIMITS).tree
    assert tree == {"Note": None, "Tags": [""]}


def test_odd_members_are_accepted_with_a_note():
    decoded = headed("<SIZE>1</SIZE><size>2</size><other>3</other>")
    assert decoded.tree == {"call": "go", "size": "1"}
    assert [str(note) for note in decoded.notes] == [
        "member-case:size",
        "duplicate-member:size",
        "unknown-member:other",
    ]


@pytest.mark.parametrize(
    ("params", "header"),
    [
        ("<secret>a</secret><secret>b</secret>", ""),
        ("<secret>a</secret><Secret>b</Secret>", ""),
        ("", "<ticket>a</ticket><ticket>b</ticket>"),
    ],
)
def test_a_credential_given_twice_is_refused(params, header):
    with pytest.raises(Fault) as caught:
        headed(params, header)
    assert caught.value.kind is FaultKind.MALFORMED
    assert "more than once" in caught.value.message


def test_any_member_given_twice_is_refused_in_document_literal():
    with pytest.raises(Fault, match="Note is given more than once"):
        SoapCodec("shop").decode(order("<Note>a</Note><Note>b</Note>"), ORDER, LIMITS)


@pytest.mark.parametrize(
    ("member", "value"), [("Id", "zzz"), ("Price", "1,5"), ("Paid", "yes"), ("At", "noon"), ("Main.Count", "9" * 5000)]
)
def test_a_wrong_scalar_is_named_by_its_path(member, value):
    outer, _, inner = member.partition(".")
    text = f"<{inner}>{value}</{inner}>" if inner else value
    with pytest.raises(Fault) as caught:
        SoapCodec("shop").decode(order(f"<{outer}>{text}</{outer}>"), ORDER, LIMITS)
    assert caught.value.kind is FaultKind.INVALID
    assert [error.path for error in caught.value.fields] == [member]


HOSTILE = {
    "nothing": b"",
    "not XML": b"interfacename=SWServiceLogout",
    "not an envelope": b"<a/>",
    "an envelope without a namespace": b"<Envelope><Body/></Envelope>",
    "an unknown namespace": envelope("", namespace="urn:soap"),
    "no Body": f'<s:Envelope xmlns:s="{NS11}"><s:Header/></s:Envelope>'.encode(),
    "two Bodies": f'<s:Envelope xmlns:s="{NS11}"><s:Body/><s:Body/></s:Envelope>'.encode(),
    "two Headers": f'<s:Envelope xmlns:s="{NS11}"><s:Header/><s:Header/><s:Body/></s:Envelope>'.encode(),
    "a Header after the Body": f'<s:Envelope xmlns:s="{NS11}"><s:Body/><s:Header/></s:Envelope>'.encode(),
    "a Body in another version": f'<s:Envelope xmlns:s="{NS11}"><t:Body xmlns:t="{NS12}"/></s:Envelope>'.encode(),
    "two requests": envelope("<params/><params/>"),
    "another wrapper": envelope("<parameters/>"),
    "elements where text belongs": envelope("<params><size><a/></size></params>"),
    "an unescaped ampersand": envelope("<params><size>a & b</size></params>"),
    "a document type": b'<!DOCTYPE a [<!ENTITY x "y">]>' + envelope("<params><size>&x;</size></params>"),
    "an instruction": b"<?php ?>" + envelope("<params/>"),
    "a flood of attributes": envelope("<params" + "".join(f" a{n}='x'" for n in range(500)) + "/>"),
    "a flood of elements": envelope("<params>" + "<a/>" * 30_000 + "</params>"),
    "a deep nest": envelope("<params>" + "<a>" * 500 + "</a>" * 500 + "</params>"),
    "wrong bytes": envelope("<params><size>\xff</size></params>").replace(b"\xc3\xbf", b"\xff"),
    "a demand that nobody understands": envelope("<params/>", '<t:x xmlns:t="urn:t" s:mustUnderstand="1"/>'),
}


@pytest.mark.parametrize("what", HOSTILE)
def test_a_hostile_envelope_is_a_fault(what):
    with pytest.raises(Fault) as caught:
        SoapCodec("shop", HEADED).decode(HOSTILE[what], CALL, LIMITS)
    assert caught.value.kind in (FaultKind.MALFORMED, FaultKind.TOO_LARGE)
    assert caught.value.message


@pytest.mark.parametrize(
    ("what", "code"),
    [("an unknown namespace", "VersionMismatch"), ("a demand that nobody understands", "MustUnderstand")],
)
def test_faults_that_soap_itself_defines_carry_its_code(what, code):
    with pytest.raises(Fault) as caught:
        SoapCodec("shop", HEADED).decode(HOSTILE[what], CALL, LIMITS)
    assert caught.value.details["soap"] == code


def test_a_demand_to_somebody_else_is_ignored():
    header = (
        '<t:x xmlns:t="urn:t" s:mustUnderstand="1" s:actor="urn:somebody-else"/><call s:mustUnderstand="1">go</call>'
    )
    assert headed("<size>1</size>", header).tree == {"call": "go", "size": "1"}


def test_an_empty_body_is_a_request_without_parameters():
    assert SoapCodec("shop", HEADED).decode(envelope("", "<call>go</call>"), CALL, LIMITS).tree == {"call": "go"}


@given(st.binary(max_size=60), st.integers(0, 200), st.integers(0, 60))
def test_decoding_is_total(noise, at, cut):
    good = envelope("<params><size>1</size><secret>x</secret></params>", "<call>go</call>")
    body = good[:at] + noise + good[at + cut :]
    with suppress(Fault):
        assert isinstance(SoapCodec("shop", HEADED).decode(body, CALL, LIMITS).tree, dict)


@pytest.mark.parametrize("version", [SOAP_11, SOAP_12])
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16"])
def test_the_version_is_seen_before_the_envelope_is_parsed(version, encoding):
    text = f'<?xml version="1.0"?>\n<Envelope a="" xmlns=\'{version.namespace}\'><Body/></Envelope>'
    assert sniff(text.encode(encoding)) is version


@pytest.mark.parametrize("body", [b"", b"<Envelope>", b"<s:Envelope xmlns:t='a'>", b'<Envelope xmlns="urn:x">'])
def test_the_version_of_anything_else_is_unknown(body):
    assert sniff(body) is None


def test_the_header_is_told_by_local_name_the_first_one_wins():
    found = open_envelope(envelope("", "<call>a</call><call>b</call><x><y/></x>"), LIMITS).header_texts()
    assert found == {"call": "a", "x": ""}
