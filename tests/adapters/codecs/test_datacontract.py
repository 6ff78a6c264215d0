"""The DataContract codec as its users see it: what it keeps, notes and refuses beyond the recorded cases."""

import time
from dataclasses import replace
from datetime import datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from adapters import xml
from adapters.codecs.datacontract import SERVICESTACK_V3, SERVICESTACK_V4, WEBAPI, WEBAPI_UTF16
from adapters.protocol import Decoded
from adapters.scalars import DateTimeKind, NetDateTime
from gateway.limits import Limits
from gateway.outcome import Fault, FaultKind
from schemas import fields
from schemas.fields import WireSchema, message_of

LIMITS = Limits()
XSI = "http://www.w3.org/2001/XMLSchema-instance"
STRICT = replace(WEBAPI, fidelity="strict")


class Login(WireSchema):
    class Wire:
        namespace = "urn:login"

    Id = fields.String()
    Key = fields.String(credential=True)


class Thing(WireSchema):
    class Wire:
        namespace = "urn:thing"

    Count = fields.Int()
    Name = fields.String()


class Base(WireSchema):
    class Wire:
        namespace = "urn:base"

    Serial = fields.String()


class Order(Base):
    class Wire:
        namespace = "urn:order"

    Amount = fields.Int()
    Login = fields.Nested(Login)
    Note = fields.String()
    Things = fields.List(fields.Nested(Thing))
    When = fields.DateTime()
    State = fields.Enum(("New", "Paid"))


ORDER = message_of(Order)


def order(content: str, attributes: str = "") -> bytes:
    opening = f'<Order xmlns="urn:order" xmlns:b="urn:base" xmlns:l="urn:login" xmlns:t="urn:thing" xmlns:i="{XSI}"'
    return f"{opening} {attributes}>{content}</Order>".encode()


def decode(content: str, codec=WEBAPI, attributes: str = "") -> Decoded:
    return codec.decode(order(content, attributes), ORDER, LIMITS)


def refused(body: bytes, codec=WEBAPI, limits: Limits = LIMITS) -> Fault:
    with pytest.raises(Fault) as raised:
        codec.decode(body, ORDER, limits)
    return raised.value


LOST = [
    ("<Note>n</Note><Amount>1</Amount>", {"Note": "n"}, {"Note": "n", "Amount": 1}, "out_of_order:Amount"),
    ("<Amount>1</Amount><b:Serial>s</b:Serial>", {"Amount": 1}, {"Amount": 1, "Serial": "s"}, "out_of_order:Serial"),
    ("<note>n</note>", {}, {"Note": "n"}, "wrong_case:Note"),
    ("<b:Note>n</b:Note>", {}, {"Note": "n"}, "wrong_namespace:Note"),
    ("<Serial>s</Serial>", {}, {"Serial": "s"}, "wrong_namespace:Serial"),
    ("<note>x</note><Note>n</Note>", {"Note": "n"}, {"Note": "n"}, "duplicate_member:Note"),
    ("<Note>n</Note><Note>x</Note>", {"Note": "n"}, {"Note": "n"}, "duplicate_member:Note"),
    ("<Gone>x</Gone>", {}, {}, "unknown_member:Gone"),
    ("<Login><Id>i</Id></Login>", {"Login": {}}, {"Login": {"Id": "i"}}, "wrong_namespace:Login.Id"),
    ("<Note>n</Note><Amount>x</Amount>", {"Note": "n"}, {"Note": "n"}, "out_of_order:Amount"),
    (
        "<Things><t:Thing/><t:Thing><t:Name>n</t:Name><t:Count>1</t:Count></t:Thing></Things>",
        {"Things": [{}, {"Name": "n"}]},
        {"Things": [{}, {"Name": "n", "Count": 1}]},
        "out_of_order:Things[1].Count",
    ),
    (
        "<Things><Thing><t:Name>n</t:Name></Thing></Things>",
        {"Things": []},
        {"Things": [{"Name": "n"}]},
        "wrong_namespace:Things[0]",
    ),
]


@pytest.mark.parametrize(("content", "strict", "lenient", "note"), LOST)
def test_lenient_keeps_what_strict_loses_and_both_note_it(content, strict, lenient, note):
    lost, kept = decode(content, STRICT), decode(content)
    assert lost.tree == strict
    assert kept.tree == lenient
    assert str(lost.notes[0]) == note == str(kept.notes[0])


def test_a_late_member_that_cannot_be_read_stays_lost():
    decoded = decode("<Note>n</Note><Things><t:Thing/></Things><Amount>x</Amount>")
    assert decoded.tree == {"Note": "n", "Things": [{}]}
    assert [str(note) for note in decoded.notes] == ["out_of_order:Amount", "unreadable_member:Amount"]


@pytest.mark.parametrize("second", ["<l:Key>b</l:Key>", "<l:key>b</l:key>", "<Key>b</Key>"])
def test_a_credential_sent_twice_is_refused_without_repeating_it(second):
    fault = refused(order(f"<Login><l:Key>SECRET</l:Key>{second}</Login>"))
    assert fault.kind is FaultKind.INVALID
    assert fault.fields[0].path == "Login.Key"
    assert "SECRET" not in repr(fault)


def test_a_wrong_scalar_is_invalid_at_its_path():
    fault = refused(order("<Things><t:Thing/><t:Thing><t:Count>many</t:Count></t:Thing></Things>"))
    assert fault.kind is FaultKind.INVALID
    assert (fault.fields[0].path, fault.fields[0].rule, fault.fields[0].value) == ("Things[1].Count", "type", "many")
    assert fault.message == "The value 'many' cannot be parsed as the type 'Int32'."


def test_a_wrong_enumeration_value_names_the_right_ones():
    assert "New, Paid" in refused(order("<State>new</State>")).message


def test_a_nil_value_type_is_invalid():
    fault = refused(order('<Amount i:nil="true"/>'))
    assert fault.kind is FaultKind.INVALID
    assert fault.message == "ValueType 'System.Int32' cannot be null."


def test_the_root_must_match_exactly_and_the_fault_is_the_original_sentence():
    fault = refused(b'<order xmlns="urn:order"/>')
    assert fault.kind is FaultKind.MALFORMED
    assert fault.message == (
        "Expecting element 'Order' from namespace 'urn:order'.. "
        "Encountered 'Element'  with name 'order', namespace 'urn:order'."
    )


def test_absent_is_absent_nil_is_none_and_empty_is_empty():
    assert decode('<Note i:nil="true"/>').tree == {"Note": None}
    assert decode("<Note/>").tree == {"Note": ""}
    assert decode("").tree == {}


def test_a_body_in_an_encoding_that_the_host_does_not_read_is_malformed():
    text = order("<Note>é</Note>").decode()
    declared = f'<?xml version="1.0" encoding="utf-16"?>{text}'.encode("utf-16")
    assert refused(text.encode("utf-16")).kind is FaultKind.MALFORMED
    assert SERVICESTACK_V4.decode(declared, ORDER, LIMITS).tree == {"Note": "é"}
    assert WEBAPI_UTF16.decode(text.encode("utf-16"), ORDER, LIMITS).tree == {"Note": "é"}


def test_references_cost_what_copies_would():
    ids = 'xmlns:z="http://schemas.microsoft.com/2003/10/Serialization/"'
    one = f'<Things><t:Thing><t:Name z:Id="1" {ids}>{"x" * 1000}</t:Name></t:Thing>'
    two = f'<t:Thing><t:Name z:Ref="1" i:nil="true" {ids}/></t:Thing>'
    tree = decode(f"{one}{two}</Things>").tree
    assert tree["Things"][1]["Name"] == "x" * 1000
    fault = refused(order(f"{one}{two * 600}</Things>"), limits=replace(LIMITS, body_bytes=500_000))
    assert fault.kind is FaultKind.TOO_LARGE


def test_a_reference_to_nothing_is_malformed():
    ids = 'xmlns:z="http://schemas.microsoft.com/2003/10/Serialization/"'
    assert refused(order(f'<Note z:Ref="9" {ids}/>')).kind is FaultKind.MALFORMED


def test_local_times_are_read_and_written_in_the_zone_of_the_codec():
    codec = replace(WEBAPI, zone=timezone(timedelta(hours=3)))
    tree = decode("<When>2025-12-04T06:00:00+01:00</When>", codec).tree
    assert tree["When"] == NetDateTime.wall(datetime(2025, 12, 4, 8), DateTimeKind.LOCAL)
    assert b"<When>2025-12-04T08:00:00+03:00</When>" in codec.encode(tree, ORDER)


def test_servicestack_3_writes_a_byte_order_mark_and_4_a_declaration():
    assert SERVICESTACK_V3.encode({}, ORDER).startswith(b"\xef\xbb\xbf<Order ")
    assert SERVICESTACK_V4.encode({}, ORDER).startswith(b'<?xml version="1.0" encoding="utf-8"?><Order ')


def test_a_null_answer_is_a_nil_root():
    assert WEBAPI.encode(None, ORDER) == f'<Order i:nil="true" xmlns:i="{XSI}" xmlns="urn:order" />'.encode()


def test_inside_another_document_prefixes_count_from_the_depth_there():
    text = SERVICESTACK_V4.write_element({"Things": []}, ORDER, depth=3)
    assert text.startswith(f'<Order xmlns:i="{XSI}" xmlns="urn:order">')
    assert '<Things xmlns:d4p1="urn:thing" />' in text
    envelope = xml.parse(f"<e><b>{text}</b></e>".encode(), LIMITS)
    assert SERVICESTACK_V4.read_element(envelope[0][0], ORDER).tree["Things"] == []


def test_a_batch_is_a_list_of_documents():
    body = SERVICESTACK_V4.encode_list([{"Note": "a"}, {"Note": "b"}], ORDER)
    assert b"<ArrayOfOrder " in body
    assert b"xmlns:d3p1=" in body
    assert [decoded.tree["Note"] for decoded in SERVICESTACK_V4.decode_list(body, ORDER, LIMITS)] == ["a", "b"]


def test_a_character_that_xml_cannot_carry():
    assert b"<Note>&#x1;</Note>" in WEBAPI.encode({"Note": "\x01"}, ORDER)
    with pytest.raises(Fault) as raised:
        SERVICESTACK_V4.encode({"Note": "\x01"}, ORDER)
    assert raised.value.kind is FaultKind.INTERNAL


SAMPLE = order(
    "<b:Serial>s</b:Serial><Amount>1</Amount><Login><l:Id>i</l:Id><l:Key>k</l:Key></Login><Note>n</Note>"
    '<Things><t:Thing><t:Count>2</t:Count><t:Name i:nil="true"/></t:Thing></Things><When>2025-12-04T06:00:00Z</When>'
    "<State>Paid</State>"
)
PIECES = [
    b"<",
    b">",
    b"</",
    b"/>",
    b"&#1;",
    b"&amp;",
    b"<Note>",
    b"</Note>",
    b"<!--",
    b"-->",
    b"i:nil='true'",
    b"9" * 30,
]
EDITS = st.tuples(st.integers(0, len(SAMPLE)), st.integers(0, 12), st.binary(max_size=4) | st.sampled_from(PIECES))


@given(st.lists(EDITS, min_size=1, max_size=4), st.sampled_from([WEBAPI, STRICT, WEBAPI_UTF16, SERVICESTACK_V3]))
def test_any_bytes_give_a_tree_or_a_fault(edits, codec):
    body = SAMPLE
    for at, length, piece in edits:
        body = body[:at] + piece + body[at + length :]
    try:
        decoded = codec.decode(body, ORDER, LIMITS)
    except Fault:
        return
    codec.encode(decoded.tree, ORDER)


@given(st.permutations(["<Amount>1</Amount>", "<Note>n</Note>", "<State>Paid</State>", "<x/>", "<note>m</note>"]))
def test_lenient_never_changes_what_strict_read(parts):
    strict, lenient = decode("".join(parts), STRICT).tree, decode("".join(parts)).tree
    assert strict.items() <= lenient.items()
    assert lenient == {"Amount": 1, "Note": strict.get("Note", lenient["Note"]), "State": "Paid"}


def test_many_unknown_members_cost_no_more_than_their_number():
    many = replace(LIMITS, elements=100_000)
    begin = time.perf_counter()
    decoded = WEBAPI.decode(order("<x/>" * 60_000), ORDER, many)
    assert time.perf_counter() - begin < 2
    assert len(decoded.notes) == 100


class Envelope(WireSchema):
    ticket = fields.String(part="header")
    echoed = fields.String(name="sessionid", part="header")
    sessionid = fields.String()


def test_members_of_a_soap_header_stand_in_the_element_unless_the_body_has_one_of_that_name():
    message, tree = message_of(Envelope), {"ticket": "t", "echoed": "old", "sessionid": "s"}
    written = WEBAPI.encode(tree, message)
    assert written.decode().endswith("<sessionid>s</sessionid><ticket>t</ticket></Envelope>")
    assert WEBAPI.decode(written, message, LIMITS) == Decoded({"ticket": "t", "sessionid": "s"})
