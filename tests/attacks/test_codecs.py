"""What attacks on a codec alone have shown: nothing is expensive before it is counted, nothing secret is sent twice."""

import time
from collections.abc import Callable
from contextlib import suppress
from datetime import UTC

import pytest

from adapters import xml
from adapters.codecs.csv import Csv
from adapters.codecs.datacontract import WEBAPI
from adapters.codecs.json import NET, STRICT
from adapters.codecs.jsv import Jsv
from adapters.codecs.soap import SOAP_11, SoapCodec, open_envelope
from adapters.codecs.text_json import TextJson
from adapters.protocol import Codec, Decoded
from adapters.servicestack.binding import Binding, bind, parse_form
from adapters.soapstyle import SoapStyle
from gateway.limits import DEFAULT, Limits
from gateway.outcome import Fault, FaultKind
from schemas import fields
from schemas.fields import WireSchema, message_of


class Pair(WireSchema):
    Id = fields.String(credential=True)
    Key = fields.String(credential=True)


class Order(WireSchema):
    Key = fields.String(credential=True)
    Login = fields.Nested(Pair)
    Name = fields.String()
    Count = fields.Int()


class Loose(WireSchema):
    class Wire:
        open = True

    Name = fields.String()


ORDER, LOOSE = message_of(Order), message_of(Loose)
MIB = 1024 * 1024
MULTIPART = "multipart/form-data; boundary=x"
TEXTS: list[Codec] = [TextJson(), Jsv(), Csv()]
SOAP = SoapCodec("shop", SoapStyle(wrapper="p"), SOAP_11)


def decode(codec: Codec, body: bytes, message: object = ORDER) -> Decoded:
    return codec.decode(body, message, DEFAULT)  # type: ignore[arg-type]


def refused(call: Callable[[], object], seconds: float = 1.0) -> Fault:
    """The fault of a call that may take no more than some CPU time; measured ones take a tenth of it."""
    begin = time.process_time()
    with pytest.raises(Fault) as raised:
        call()
    assert time.process_time() - begin < seconds
    return raised.value


def form(body: bytes, media_type: str = MULTIPART) -> object:
    return parse_form(body, media_type, DEFAULT)


def part(head: bytes) -> bytes:
    return b"--x\r\nContent-Disposition: form-data; " + head + b"\r\n\r\n1\r\n--x--"


XML_FLOODS = {
    "a long namespace, written anew for each of many elements": (
        b'<a xmlns:z="' + b"n" * 700_000 + b'">' + b"<z:q/>" * 15_000 + b"</a>",
        "name_bytes",
    ),
    "the same as the default namespace": (b"<a xmlns='" + b"n" * 700_000 + b"'>" + b"<q/>" * 15_000, "name_bytes"),
    "a name beyond what the parser reads": (b"<" + b"n" * 900_000 + b"/>", "name_bytes"),
    "a name of an attribute beyond it": (b"<a " + b"n" * 900_000 + b"='1'/>", "name_bytes"),
    "a long text beside an element": (b"<a>" + b"x" * 500_000 + b"<b/></a>", "text_bytes"),
}


@pytest.mark.parametrize("name", XML_FLOODS)
def test_a_flood_of_xml_is_stopped_before_it_is_read(name: str) -> None:
    body, setting = XML_FLOODS[name]
    assert f"limits.{setting}" in refused(lambda: xml.parse(body, DEFAULT)).message


COMMENTS = {
    "a quote in a comment": b'/*"*/{"Name":[%s1]}',
    "a single quote in a comment": b"/*'*/{Name:[%s1]}",
    "a quote in a comment to the end of the line": b'//"\n{"Name":[%s1]}',
}


@pytest.mark.parametrize("name", COMMENTS)
def test_a_comment_hides_no_members_from_their_count(name: str) -> None:
    fault = refused(lambda: decode(NET, COMMENTS[name] % (b"1," * 400_000)))
    assert "limits.members" in fault.message


FORMS = {
    "many parts": (
        b'--x\r\nContent-Disposition: form-data; name="a"\r\n\r\n1\r\n' * 20_001 + b"--x--",
        "limits.members",
    ),
    "many parts without anything": (b"--x\n\n\n" * 150_000 + b"--x--", "limits.members"),
    "many header fields": (b"--x\r\n" + b"A: b\r\n" * 170_000 + b"\r\n1\r\n--x--", "could not be read"),
    "forms in forms": (
        b"".join(b"--b%d\r\nContent-Type: multipart/mixed; boundary=b%d\r\n\r\n" % (n, n + 1) for n in range(15_000)),
        "could not be read",
    ),
    "a long name": (part(b'name="%s"' % (b"n" * 5_000)), "limits.name_bytes"),
    "encoded words in a name": (part(b'name="%s"' % (b"=?utf-8?q?a?=" * 50_000)), "limits.name_bytes"),
    "a parameter in ninety thousand pieces": (part(b"name*0*=a; " * 90_000), "limits.name_bytes"),
    "pairs": (b"a=1&" * 260_000, "limits.members"),
    "a long key": (b"a" * 5_000 + b"=1", "limits.name_bytes"),
}


@pytest.mark.parametrize("name", FORMS)
def test_a_hostile_form_is_refused_within_a_second(name: str) -> None:
    body, said = FORMS[name]
    media_type = "application/x-www-form-urlencoded" if name in ("pairs", "a long key") else MULTIPART
    assert said in refused(lambda: form(body, media_type)).message


def test_a_multipart_form_is_read_as_pairs_without_its_files() -> None:
    body = (
        b'--x\r\nContent-Disposition: form-data; name="Name"\r\n\r\nZo\xc3\xab\r\n'
        b'--x\r\nContent-Disposition: form-data; name="f"; filename="a.txt"\r\n\r\nlost\r\n'
        b'--x\r\nContent-Disposition: form-data; name="Count"\r\n\r\n1\r\n--x--\r\n'
    )
    assert form(body) == [("Name", "Zoë"), ("Count", "1")]
    assert "boundary" in refused(lambda: form(body, "multipart/form-data")).message


TWICE = {
    "webapi xml": lambda: decode(WEBAPI, b"<Order><Key>a</Key><Key>b</Key></Order>"),
    "webapi xml, an object of them": lambda: decode(
        WEBAPI, b"<Order><Login><Key>a</Key></Login><Login><Key>b</Key></Login></Order>"
    ),
    "webapi json": lambda: decode(NET, b'{"Key":"a","key":"b"}'),
    "webapi json, an object of them": lambda: decode(NET, b'{"Login":{"Key":"a"},"Login":{"Key":"b"}}'),
    "rest": lambda: decode(STRICT, b'{"Login":{},"Login":{}}'),
    "servicestack json": lambda: decode(TextJson(), b'{"Key":"a","key":"b"}'),
    "servicestack json, an object of them": lambda: decode(TextJson(), b'{"Login":{"Key":"a"},"Login":{"Key":"b"}}'),
    "jsv": lambda: decode(Jsv(), b"{Key:a,Key:b}"),
    "csv": lambda: decode(Csv(), b"Key,key\na,b\n"),
    "form": lambda: bind([("Key", "a"), ("key", "b")], ORDER, Binding(UTC, DEFAULT, joined=True)),
    "soap": lambda: SOAP.read(
        open_envelope(
            b'<s:Envelope xmlns:s="http://schemas.xmlsoap.org/soap/envelope/"><s:Body><p><Login><Key>a</Key></Login>'
            b"<Login><Key>b</Key></Login></p></s:Body></s:Envelope>",
            DEFAULT,
        ),
        ORDER,
    ),
}


@pytest.mark.parametrize("name", TWICE)
def test_a_credential_is_never_sent_twice(name: str) -> None:
    """Else it would not be plain which one was checked, and the other would be kept unmasked."""
    fault = refused(TWICE[name])
    assert fault.kind in (FaultKind.INVALID, FaultKind.MALFORMED)
    assert "Key" in fault.message or "Login" in fault.message


@pytest.mark.parametrize(
    ("codec", "body"),
    [
        (WEBAPI, b"<Order><Name>a</Name><Name>b</Name></Order>"),
        (NET, b'{"Name":"a","Name":"b"}'),
        (Csv(), b"Name,Name\na,b\n"),
    ],
    ids=["xml", "json", "csv"],
)
def test_of_any_other_duplicate_the_first_stands_with_a_note(codec: Codec, body: bytes) -> None:
    decoded = decode(codec, body)
    assert decoded.tree == {"Name": "a"}
    assert [note.name.replace("-", "_") for note in decoded.notes] == ["duplicate_member"]


@pytest.mark.parametrize("codec", TEXTS, ids=lambda codec: codec.name)
def test_servicestacks_texts_hold_no_nul_and_no_long_name(codec: Codec) -> None:
    body = {"json": b'{"%s":"%s"}', "jsv": b"{%s:%s}", "csv": b"%s\n%s\n"}[codec.name]
    assert "NUL" in refused(lambda: decode(codec, body % (b"Name", b"a\0b"))).message
    assert "limits.name_bytes" in refused(lambda: decode(codec, body % (b"n" * 1025, b"a"))).message


def test_a_long_field_of_csv_names_its_setting() -> None:
    fault = refused(lambda: decode(Csv(), b'Name\n"' + b"x" * 900_000 + b'"'))
    assert (fault.kind, "limits.text_bytes" in fault.message) == (FaultKind.TOO_LARGE, True)


@pytest.mark.parametrize(
    ("text", "value", "note"),
    [
        (b'{"x":[1,2.5,"a"]}', "[1, Decimal('2.5'), 'a']", ""),
        (b'{"x":NaN}', "'NaN'", "ignored_value"),
        (b'{"x":[1e999]}', "'[1e999]'", "ignored_value"),
        (b'{"x":' + b"9" * 5000 + b"}", repr("9" * 5000), "ignored_value"),
        (b'{"x":["\\ud800"]}', "['\\ufffd']", "lone_surrogate"),
        (b'{"x":"\\ud800"}', "'\\ufffd'", "lone_surrogate"),
    ],
)
def test_an_undeclared_value_of_servicestack_can_be_kept_or_is_noted(text: bytes, value: str, note: str) -> None:
    decoded = decode(TextJson(), text, LOOSE)
    assert ascii(decoded.tree["x"]) == value
    assert {each.name for each in decoded.notes} == ({note} if note else set())


def test_an_undeclared_value_counts_as_what_it_holds() -> None:
    body = b'{"x":[' + b"1," * 30_000 + b"1]}"
    assert "limits.members" in refused(lambda: decode(TextJson(), body, LOOSE)).message


def test_a_number_is_no_way_around_the_length_of_a_text() -> None:
    body = b'{"Name":' + b"9" * 900_000 + b"}"
    assert refused(lambda: decode(NET, body)).fields[0].path == "Name"


@pytest.mark.parametrize("codec", [NET, STRICT, *TEXTS], ids=["net", "strict", "json", "jsv", "csv"])
@pytest.mark.parametrize("filler", [b"{", b"[", b'"', b"\\", b"/*", b"//", b",", b":", b" ", b'{"a":', b"\xff", b"\0"])
def test_a_mebibyte_of_anything_takes_less_than_a_second(codec: Codec, filler: bytes) -> None:
    for head in (b"", b"{", b'{"Name":', b'{"Name":"', b"Name\n"):
        begin = time.process_time()
        with suppress(Fault):
            decode(codec, head + filler * ((MIB - len(head)) // len(filler)))
        assert time.process_time() - begin < 1, (head, filler)


@pytest.mark.parametrize(
    "filler", [b"<a>", b"</a>", b"<a ", b'"', b"<!--", b"<![CDATA[", b"<?", b"&", b"&#1;", b"]]>", b"\r"]
)
@pytest.mark.parametrize("head", [b"", b"<a>", b"<a b='", b"<a><![CDATA[", b"<?xml version='1.0'"])
def test_a_mebibyte_of_markup_takes_less_than_a_second(head: bytes, filler: bytes) -> None:
    body = head + filler * ((MIB - len(head)) // len(filler))
    for limits in (DEFAULT, Limits(elements=MIB, attributes=MIB, text_bytes=MIB)):
        refused(lambda limits=limits: xml.parse(body, limits, keep_cdata_cr=True))
