"""The JSON codec: what each dialect reads, what it refuses, and the exact bytes that it writes."""

import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone
from decimal import Decimal
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from adapters.codecs.json import NET, NET_UTF16, STRICT
from adapters.codecs.json_relaxed import parse_relaxed
from adapters.codecs.json_text import Number, Pairs, parse_strict
from adapters.protocol import Decoded
from adapters.scalars import DateTimeKind, NetDateTime
from gateway.limits import Limits
from gateway.outcome import Fault, FaultKind, Note
from schemas import fields
from schemas.fields import WireSchema, message_of

LIMITS = Limits()
GUID = UUID("3f2504e0-4f89-41d3-9a0c-0305e82c3301")
WHEN = NetDateTime.wall(datetime(2019, 10, 1, 8, 0, 0))


class App(WireSchema):
    Name = fields.String(required=True)
    Minutes = fields.Int(nillable=True)


class Login(WireSchema):
    Key = fields.String(credential=True)
    User = fields.String()


class Thing(WireSchema):
    Text = fields.String()
    Flag = fields.Boolean(nillable=True)
    Count = fields.Int(nillable=True)
    Big = fields.Long(nillable=True)
    Price = fields.Decimal(nillable=True)
    Ratio = fields.Double(nillable=True)
    When = fields.DateTime(nillable=True)
    At = fields.Instant(nillable=True)
    Id = fields.Guid(nillable=True)
    Span = fields.Duration(nillable=True)
    Blob = fields.Base64()
    Kind = fields.Enum(("Undefined", "Dispatcher", "Driver"), nillable=True)
    Letter = fields.Char(nillable=True)
    Any = fields.Any_()
    Apps = fields.List(fields.Nested(App))
    Login = fields.Nested(Login)


class Open(WireSchema):
    class Wire:
        open = True

    known = fields.String()
    renamed = fields.Guid(name="sentAs", nillable=True)


THING, OPEN = message_of(Thing), message_of(Open)


def read(body, codec=STRICT, message=THING, limits=LIMITS):
    sent = body if isinstance(body, bytes) else body.encode()
    return codec.decode(sent, message, limits)


def refused(body, codec=STRICT, message=THING, limits=LIMITS):
    with pytest.raises(Fault) as caught:
        read(body, codec, message, limits)
    return caught.value


NET_READS = {
    '{"tEXT":"a"}': {"Text": "a"},
    '{"Text":true,"Flag":"TRUE"}': {"Text": "true", "Flag": True},
    '{"Text":1.50}': {"Text": "1.50"},
    '{"Text":1e5}': {"Text": "1e5"},
    '{"Text":null,"Apps":null}': {"Text": None, "Apps": None},
    '{"Count":"42","Big":" -9223372036854775808 "}': {"Count": 42, "Big": -(2**63)},
    '{"Flag":1}': {"Flag": True},
    '{"Count":""}': {"Count": None},
    '{"Price":"1.50","Ratio":"0.5"}': {"Price": Decimal("1.50"), "Ratio": 0.5},
    '{"Kind":"driver"}': {"Kind": "Driver"},
    '{"Kind":2}': {"Kind": 2},
    '{"Kind":"2"}': {"Kind": 2},
    '{"Id":"3F2504E04F8941D39A0C0305E82C3301"}': {"Id": GUID},
    '{"Id":"{3F2504E0-4F89-41D3-9A0C-0305E82C3301}"}': {"Id": GUID},
    '{"Id":"(3f2504e0-4f89-41d3-9a0c-0305e82c3301)"}': {"Id": GUID},
    '{"Span":"1.02:03:04.5"}': {"Span": timedelta(days=1, hours=2, minutes=3, seconds=4.5)},
    '{"Any":{"a":[1,1.50,"x",null,true]}}': {"Any": {"a": [1, Decimal("1.50"), "x", None, True]}},
    "{'Text':'it''s'}".replace("''", "\\'"): {"Text": "it's"},
    '{Text:"a", /* b */ Count: 1,} // end': {"Text": "a", "Count": 1},
    '{"Text":"line\nbreak"}': {"Text": "line\nbreak"},
    '{"Count":0x1F,"Ratio":.5}': {"Count": 31, "Ratio": 0.5},
    '{"Text":undefined}': {"Text": None},
    "null": {},
    " ": {},
}


@pytest.mark.parametrize("body", NET_READS)
def test_json_net_is_read_as_dotnet_clients_write_it(body):
    assert read(body, NET).tree == NET_READS[body]


DATES = {
    "2019-10-01T08:00:00": WHEN,
    "2019-10-01 08:00:00": WHEN,
    "2019-10-01T08:00": WHEN,
    "2019-10-01": NetDateTime.wall(datetime(2019, 10, 1)),
    "2019-10-01T08:00:00.1234567": NetDateTime(WHEN.ticks + 1234567),
    "2019-10-01T08:00:00Z": NetDateTime(WHEN.ticks, DateTimeKind.UTC),
    "2019-10-01T10:00:00+02:00": NetDateTime(WHEN.ticks, DateTimeKind.LOCAL),
    "/Date(1569916800000)/": NetDateTime(WHEN.ticks, DateTimeKind.UTC),
    "/Date(1569916800000+0200)/": NetDateTime(WHEN.ticks, DateTimeKind.LOCAL),
    "0001-01-01T00:00:00": NetDateTime(),
}


@pytest.mark.parametrize("text", DATES)
def test_a_dotnet_date_keeps_what_it_says_of_its_zone(text):
    assert read(json.dumps({"When": text}), NET).tree["When"] == DATES[text]


def test_an_offset_is_shown_on_the_servers_clock():
    here = replace(NET, zone=timezone(timedelta(hours=-5)))
    found = read('{"When":"2019-10-01T10:00:00+02:00"}', here).tree
    assert found["When"] == NetDateTime.wall(datetime(2019, 10, 1, 3), DateTimeKind.LOCAL)
    assert b'"When":"2019-10-01T03:00:00-05:00"' in here.encode(found, THING)


@pytest.mark.parametrize(
    "text", ["2019-13-01", "0001-01-01T00:00:00+02:00", "/Date(999999999999999)/", "2019-10-01T08:00:00+99:00", "soon"]
)
def test_a_date_that_is_none_is_named(text):
    assert refused(json.dumps({"When": text}), NET).fields[0].path == "When"


INSTANTS = {
    "2007-12-20T10:15:30Z": b'{"At":"2007-12-20T10:15:30Z"}',
    "2007-12-20T10:15:30.000Z": b'{"At":"2007-12-20T10:15:30Z"}',
    "2007-12-20T10:15:30.199Z": b'{"At":"2007-12-20T10:15:30.199Z"}',
    "2007-12-20T10:15:30.123456789Z": b'{"At":"2007-12-20T10:15:30.123456Z"}',
    "2007-12-20T12:15:30+02:00": b'{"At":"2007-12-20T10:15:30Z"}',
}


@pytest.mark.parametrize("text", INSTANTS)
def test_an_instant_is_answered_in_utc(text):
    assert STRICT.encode(read(json.dumps({"At": text})).tree, THING) == INSTANTS[text]


@pytest.mark.parametrize("text", ["2007-12-20T10:15:30", "0001-01-01T00:00:00+01:00", "2007-12-20", ""])
def test_an_instant_needs_a_zone(text):
    assert refused(json.dumps({"At": text})).fields[0].rule == "type"


def test_every_wrong_member_is_named_at_once():
    fault = refused('{"Text":{},"Count":1.5,"Apps":[{"Minutes":"x"},7],"Id":"no","Login":[]}', NET)
    assert fault.kind is FaultKind.INVALID
    assert [error.path for error in fault.fields] == ["Text", "Count", "Apps[0].Minutes", "Apps[1]", "Id", "Login"]
    assert {error.rule for error in fault.fields} == {"type"}


@pytest.mark.parametrize(
    "member",
    [
        '"Text":1', '"Flag":"true"', '"Flag":1', '"Count":"1"', '"Count":1.0', '"Count":2147483648', '"Count":true',
        '"Big":9223372036854775808', '"Ratio":"1"', '"Ratio":1.8e308',
        '"Id":"3F2504E04F8941D39A0C0305E82C3301"', '"Span":"01:00:00"',
        '"Blob":"*"', '"Letter":"ab"', '"Kind":1', '"Apps":{}', '"Login":"x"',
    ],
)  # fmt: skip
def test_strict_json_converts_nothing(member):
    fault = refused(f"{{{member}}}")
    assert (fault.kind, fault.fields[0].rule) == (FaultKind.INVALID, "type")


def test_strict_names_are_exact_and_what_is_unknown_is_noted():
    found = read('{"text":"a","Text":"b"}')
    assert found.tree == {"Text": "b"}
    assert [str(note) for note in found.notes] == ["unknown-member:text"]


def test_an_open_message_keeps_unknown_members_in_their_own_spelling():
    for codec in (NET, STRICT):
        found = read('{"known":"a","Custom":{"x":12.50},"custom":[1]}', codec, OPEN)
        assert found.tree == {"known": "a", "Custom": {"x": Decimal("12.50")}, "custom": [1]}
        assert codec.encode(found.tree, message_of(Open)).endswith(b'"Custom":{"x":12.50},"custom":[1]}')


def test_an_unknown_member_never_takes_the_place_of_a_renamed_one():
    assert read('{"renamed":{"a":1}}', STRICT, OPEN).tree == {}


def test_the_first_of_two_members_wins_in_dotnet_with_a_note():
    found = read('{"Text":"a","text":"b"}', NET)
    assert (found.tree, found.notes[0].name) == ({"Text": "a"}, "duplicate-member")


@pytest.mark.parametrize("body", ['{"Login":{"Key":"a","key":"b"}}', '{"Login":{"Key":"a"},"login":{"Key":"b"}}'])
def test_two_credentials_are_refused_and_never_repeated(body):
    fault = refused(body, NET)
    assert fault.kind is FaultKind.INVALID
    assert fault.fields[0].value is None


def test_a_wrong_credential_is_not_echoed():
    fault = refused('{"Login":{"Key":{"secret":"hunter2"}}}', NET)
    assert fault.fields[0].path == "Login.Key"
    assert "hunter2" not in repr(fault)


@pytest.mark.parametrize("body", ['{"Text":"a","Text":"a"}', '{"Any":{"a":1,"a":1}}'])
def test_strict_json_refuses_duplicates(body):
    assert refused(body).kind is FaultKind.INVALID


HOSTILE = [
    "", "{", "nul", "[]", '"x"', "1", '{"Text":"a"} x', '{"Text":"a"}{}', '{"Any":NaN}', '{"Any":-Infinity}',
    '{"Any":1e999}', '{"Any":1e-999}', '{"Any":' + "9" * 5000 + "}", '{"Any":0.' + "9" * 5000 + "}",
    "[" * 100_000, '{"a":' * 100_000, '{"Any":' + "[" * 40 + "]" * 40 + "}", '{"Text":"\\ud800"}', '{"\\ud800":1}',
    '{"Text":"\\u0000"}', '{"Text":"\x00"}', '{"Any":1e99999999999999999999}', '{"Text":"' + '\\"' * 200_000,
    '{"Any":[' + "1," * 20_001 + "1]}", '{"Text":"' + "a" * 70_000 + '"}', b"\xff\xfe{\x00}\x00", b'{"Text":"\xff"}',
    b'{"Text":"\xed\xa0\x80"}', b'{"Text":"\xc0\x80"}', '{"Text":"a\x01"}', "{'Text':1}", '{"Text":"a",}', '{"Any":01}',
]  # fmt: skip


@pytest.mark.parametrize("body", HOSTILE, ids=lambda body: repr(body[:30]))
def test_strict_json_refuses(body):
    message = OPEN if b"ud800" in (body if isinstance(body, bytes) else body.encode()) else THING
    fault = refused(body, STRICT, message)
    assert fault.kind in (FaultKind.MALFORMED, FaultKind.INVALID, FaultKind.TOO_LARGE)
    assert len(fault.message) < 300


NET_HOSTILE = [
    "{", "nul", "[]", "1", '{"Text":"a"} x', '{"Any":NaN}', '{"Any":Infinity}', '{"Any":1e999}', '{"Ratio":"1e999"}',
    '{"Count":' + "9" * 5000 + "}", '{"Count":"' + "9" * 5000 + '"}', "[" * 100_000, "{a:" * 100_000,
    "{a:[" + "'['," * 9 + "[" * 40, '{"Text":"\\u0000"}', "/*" * 100_000, "'" + "\\'" * 200_000, '{"Count":010}',
    '{"When":new Date(0)}', '{"Any":[,]}', '{"Text":"\\x"}', b'{"Text":"\xff"}', '{"Kind":7}', '{"Kind":1.5}',
    '{"Span":"99999999.00:00:00"}', '{"Span":"24:00:00"}', '{"Text":[1]}',
]  # fmt: skip


@pytest.mark.parametrize("body", NET_HOSTILE, ids=lambda body: repr(body[:30]))
def test_json_net_refuses(body):
    assert refused(body, NET).kind in (FaultKind.MALFORMED, FaultKind.INVALID)


def test_json_net_replaces_half_a_character():
    found = read('{"Text":"a\\ud800b"}', NET)
    assert (found.tree, found.notes[0].name) == ({"Text": "a\ufffdb"}, "lone-surrogate")
    assert read('{"Text":"\\ud83d\\ude00"}', NET).tree == {"Text": "\U0001f600"}
    assert read("{'Text':'\\ud83d\\ude00'}", NET).tree == {"Text": "\U0001f600"}


def test_commas_and_brackets_inside_strings_are_not_counted():
    tight = Limits(depth=2, members=3)
    assert read('{"Text":"' + "[{,'" * 50 + '"}', STRICT, limits=tight).tree["Text"].startswith("[{,'")
    assert read('{"Text":"' + "[{,'" * 50 + '"}', NET, limits=tight).tree["Text"].startswith("[{,'")
    assert "limits.members" in refused('{"a":1,"b":2,"c":3,"d":4}', limits=tight).message
    assert "limits.depth" in refused('{"a":[[]]}', limits=tight).message


def test_a_byte_order_mark_is_no_part_of_the_text():
    body = '{"Text":"é"}'
    assert read(b"\xef\xbb\xbf" + body.encode()).tree == {"Text": "é"}
    for encoded in (body.encode("utf-16"), b"\xfe\xff" + body.encode("utf-16-be"), b"\xef\xbb\xbf" + body.encode()):
        assert read(encoded, NET).tree == {"Text": "é"}
    assert read(body.encode("utf-16-le"), NET_UTF16).tree == {"Text": "é"}


def test_json_net_writes_every_member_in_order_and_nulls():
    tree = {"Minutes": 5}
    assert NET.encode(tree, message_of(App)) == b'{"Name":null,"Minutes":5}'
    assert STRICT.encode(tree, message_of(App)) == b'{"Minutes":5}'
    assert STRICT.encode({"Name": None}, message_of(App)) == b'{"Name":null}'
    assert NET.encode(None, message_of(App)) == b"null"


WRITTEN = [
    ({"Text": 'a"b\\c/\b\t\n\f\r\x1f\x7f'}, rb'{"Text":"a\"b\\c/\b\t\n\f\r\u001f' + b'\x7f"}'),
    ({"Text": "é😀"}, '{"Text":"é😀"}'.encode()),
    ({"Text": "\u2028\u2029\x85"}, b'{"Text":"\\u2028\\u2029\\u0085"}'),
    ({"Id": GUID}, b'{"Id":"3f2504e0-4f89-41d3-9a0c-0305e82c3301"}'),
    ({"When": WHEN}, b'{"When":"2019-10-01T08:00:00"}'),
    ({"When": NetDateTime(WHEN.ticks + 1200000, DateTimeKind.UTC)}, b'{"When":"2019-10-01T08:00:00.12Z"}'),
    ({"When": NetDateTime()}, b'{"When":"0001-01-01T00:00:00"}'),
    ({"Kind": 2}, b'{"Kind":2}'),
    ({"Kind": "Driver"}, b'{"Kind":"Driver"}'),
    ({"Price": Decimal("12.50")}, b'{"Price":12.50}'),
    ({"Ratio": 0.5, "Blob": b"ab"}, b'{"Ratio":0.5,"Blob":"YWI="}'),
    ({"Apps": [{"Name": "x"}, None]}, b'{"Apps":[{"Name":"x"},null]}'),
    ({"At": datetime(2007, 12, 20, 10, 15, 30, tzinfo=UTC)}, b'{"At":"2007-12-20T10:15:30Z"}'),
]


@pytest.mark.parametrize(("tree", "body"), WRITTEN)
def test_what_is_written(tree, body):
    assert STRICT.encode(tree, THING) == body


def test_spans_and_whole_decimals_are_written_in_each_dialects_way():
    tree = {"Span": timedelta(days=1, seconds=90), "Price": Decimal(5)}
    assert STRICT.encode(tree, THING) == b'{"Price":5,"Span":"PT24H1M30S"}'
    assert b'"Price":5.0' in NET.encode(tree, THING)
    assert b'"Span":"1.00:01:30"' in NET.encode(tree, THING)


def test_utf16_is_written_with_a_byte_order_mark():
    assert NET_UTF16.encode({"Name": "é"}, message_of(App)) == b"\xff\xfe" + '{"Name":"é","Minutes":null}'.encode(
        "utf-16-le"
    )


def plain(raw):
    if isinstance(raw, Pairs):
        return [(name, plain(value)) for name, value in raw]
    if isinstance(raw, list):
        return [plain(value) for value in raw]
    return ("number", raw.text) if isinstance(raw, Number) else raw


TEXT = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\x00"))
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | TEXT,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(TEXT, inner, max_size=4),
    max_leaves=10,
)


@given(VALUES, st.booleans())
def test_the_relaxed_reader_agrees_with_the_strict_one(value, ascii_only):
    text = json.dumps(value, ensure_ascii=ascii_only)
    assert plain(parse_relaxed(text, LIMITS)) == plain(parse_strict(text))


TOKENS = st.sampled_from(
    ["{", "}", "[", "]", ",", ":", '"Text"', '"Apps"', "Login", "'x'", "1", "-", "1e9", "null", "NaN", "/*", "*/", "//",
     "\\u", '"', "'", "\\", "\n", '"Any"', '"When"', '"Count"', "true", "0x1"]
)  # fmt: skip


@given(st.binary(max_size=200) | st.lists(TOKENS, max_size=30).map("".join).map(str.encode))
def test_any_bytes_give_a_tree_or_a_fault(body):
    for codec in (NET, NET_UTF16, STRICT):
        for message in (THING, OPEN):
            try:
                found = codec.decode(body, message, LIMITS)
            except Fault:
                continue
            assert isinstance(found, Decoded)
            codec.encode(found.tree, message)


@given(st.dictionaries(TEXT, VALUES, max_size=5))
def test_what_was_written_is_read_back(value):
    found = read(json.dumps(value), NET, OPEN)
    again = NET.decode(NET.encode(found.tree, OPEN), OPEN, LIMITS)
    assert {key: item for key, item in again.tree.items() if item is not None} == {
        key: item for key, item in found.tree.items() if item is not None
    }


class Envelope(WireSchema):
    ticket = fields.String(part="header")
    echoed = fields.String(name="sessionid", part="header")
    sessionid = fields.String()


@pytest.mark.parametrize("codec", [NET, STRICT])
def test_a_name_that_header_and_body_share_is_written_once(codec):
    tree = {"ticket": "t", "echoed": "old", "sessionid": "s"}
    assert codec.encode(tree, message_of(Envelope)) == b'{"ticket":"t","sessionid":"s"}'


@pytest.mark.parametrize("body", ["null", " ", " null "])
def test_a_null_root_is_noted(body):
    assert read(body, NET) == Decoded({}, (Note("nil_root"),))
