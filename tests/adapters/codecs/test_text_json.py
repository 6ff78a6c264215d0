"""ServiceStack.Text's JSON against what the recorded v3 server read and wrote."""

import importlib.util
from datetime import datetime, timedelta, timezone
from decimal import Decimal
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from adapters.codecs.text_json import TextJson, camel_case, split_array
from adapters.protocol import Decoded
from adapters.scalars import DateTimeKind, NetDateTime
from gateway.limits import DEFAULT, Limits
from gateway.outcome import Fault, FaultKind
from schemas import fields as f

_spec = importlib.util.spec_from_file_location("servicestack_dto", Path(__file__).with_name("servicestack_dto.py"))
dto = importlib.util.module_from_spec(_spec)
_spec.loader.exec_module(dto)
CODEC = TextJson(dto.ZONE, "offset")


class Values(f.WireSchema):
    """Lists of leaves, as the record has them."""

    Strings = f.List(f.String())
    Doubles = f.List(f.Double())
    Decimals = f.List(f.Decimal())
    Spans = f.List(f.Duration())
    Dates = f.List(f.DateTime())


VALUES = f.message_of(Values)
UTC_1 = NetDateTime.wall(datetime(2024, 1, 2, 3, 4, 5, 678_000), DateTimeKind.UTC)
DATES = [
    UTC_1,
    NetDateTime.wall(datetime(2024, 1, 2, 3, 4, 5)),
    NetDateTime.wall(datetime(2024, 1, 2)),
    NetDateTime.wall(datetime(2024, 1, 2, 3, 4, 5, 120_000), DateTimeKind.LOCAL),
    NetDateTime(),
    NetDateTime(3_155_378_975_999_999_999),
    NetDateTime.wall(datetime(2024, 1, 2), DateTimeKind.UTC),
    NetDateTime.wall(datetime(2022, 9, 28, 22, 13, 20), DateTimeKind.UTC),
]
STRINGS = ["a", "b,c", 'd"e', " lead", "trail ", "", "null", None, "{", "a:b", "é", "a\nb", "[x]"]
LISTS = {
    "strs": ("Strings", STRINGS),
    "num2": ("Doubles", [1.0, 1 / 3, 1e21, 0.0, float("nan"), float("inf"), 100.0, 1e-7]),
    "dec": ("Decimals", [Decimal("1.0"), Decimal("100"), Decimal("0.10")]),
    "ts": ("Spans", [timedelta(), timedelta(1, 7384, 5000), -timedelta(seconds=1.5)]),
    "dt": ("Dates", DATES),
}
OBJECTS = {
    "str": {"S": "a<b>&\"'\\/\r\n\t\x01é\u2028😀 x,y{z}[w]:"},
    "num": {"I": 5, "Ni": 0, "De": Decimal("1.50"), "Db": 0.1, "Fl": 1e20, "L": 2**63 - 1, "By": 7, "C": "c"},
    "enum": {"E": "One"},
    "bytes": {"Bytes": b"\x01\x02\xff"},
    "sub": {"Ls": [], "Ia": [1], "Sub": {}, "Subs": [{"X": "1,2"}], "U": "http://x/?a=b"},
    "empty": {},
}


@pytest.mark.parametrize(("text", "recorded"), dto.cases("J"))
def test_reads_as_the_recorded_server_did(text, recorded):
    if recorded.startswith("!! "):
        with pytest.raises(Fault) as caught:
            CODEC.decode(text.encode(), dto.DTO, DEFAULT)
        assert caught.value.message == recorded.split(": ", 1)[1]
    else:
        tree = CODEC.decode(text.encode(), dto.DTO, DEFAULT).tree
        assert dto.shown(tree) == ("{}" if recorded == "null" else recorded)


@pytest.mark.parametrize("title", LISTS)
def test_writes_lists_as_the_recorded_server_did(title):
    name, values = LISTS[title]
    recorded = dto.written(title)[0]
    if title == "num2":  # bare words that no JSON reader takes were recorded, and .NET clients read them
        assert "NaN,Infinity" in recorded
    assert CODEC.text({name: values}, VALUES) == f'{{"{name}":{recorded}}}'


@pytest.mark.parametrize("title", OBJECTS)
def test_writes_objects_as_the_recorded_server_did(title):
    # A char that was never set was recorded as a raw NUL, which is not JSON: ours is escaped.
    recorded = dto.without_undeclarable(dto.written(title)[0]).replace("\0", "\\u0000")
    assert CODEC.text(OBJECTS[title], dto.DTO) == recorded


@pytest.mark.parametrize(
    ("text", "note"),
    [
        ('{"I":"x"}', "ignored_value:I"),
        ('{"Sub":{"N":5.5}}', "ignored_value:Sub.N"),
        ('{"Ia":["x"]}', "ignored_value:Ia[0]"),
        ("{bad", "broken_text"),
        ('{"S":"a"} trailing', "broken_text"),
        ('{"S":"a","S":"b"}', "duplicate_member:S"),
        ('{"Nope":1}', "unknown_member:Nope"),
    ],
)
def test_names_what_it_passed_over(text, note):
    assert note in [str(found) for found in CODEC.decode(text.encode(), dto.DTO, DEFAULT).notes]


def test_a_clean_body_has_no_notes():
    assert CODEC.decode(b'{"S":"a","I":5,"Sub":{"X":"q"},"Ng":null}', dto.DTO, DEFAULT).notes == ()


def test_null_leaves_a_value_type_unset_and_sets_a_reference_to_null():
    assert CODEC.decode(b'{"I":null,"S":null,"Ni":null}', dto.DTO, DEFAULT).tree == {"S": None, "Ni": None}


@pytest.mark.parametrize(
    ("name", "expected"),
    [("ClientReferUid", "clientReferUid"), ("URL", "url"), ("URLPath", "urlPath"), ("x", "x"), ("A", "a"), ("", "")],
)
def test_camel_case(name, expected):
    assert camel_case(name) == expected


def test_plain_dates_have_no_suffix():
    text = TextJson().text({"D": NetDateTime(), "Nd": UTC_1}, dto.DTO)
    assert r'"D":"\/Date(-62135596800000)\/"' in text
    assert r'"Nd":"\/Date(1704164645678)\/"' in text


def test_local_dates_keep_their_instant_when_written_plain():
    local = NetDateTime.wall(datetime(2024, 1, 2, 3, 4, 5), DateTimeKind.LOCAL)
    assert r"\/Date(1704157445000)\/" in TextJson(timezone(timedelta(hours=2))).text({"D": local}, dto.DTO)


def test_iso_dates():
    assert '"D":"2024-01-02T03:04:05.6780000Z"' in TextJson(dates="iso").text({"D": UTC_1}, dto.DTO)


def test_splits_the_items_of_a_batch():
    assert split_array(b' [ {"S":"a,]"} , {"I":[1,2]} ] ', DEFAULT) == [b'{"S":"a,]"}', b'{"I":[1,2]}']
    assert split_array(b"[]", DEFAULT) == []


@pytest.mark.parametrize("body", [b"{}", b"", b"[{}", b'[{"a":1} {"b":2}]', b"[{}] x"])
def test_refuses_what_is_no_array(body):
    with pytest.raises(Fault):
        split_array(body, DEFAULT)


def test_deep_nesting_is_a_fault_that_names_the_setting():
    with pytest.raises(Fault, match=r"limits\.depth"):
        CODEC.decode(b'{"Nope":' + b"[" * 40 + b"]" * 40 + b"}", dto.DTO, DEFAULT)


def test_too_many_values_and_too_long_texts_are_too_large():
    for body, limits in ((b'{"Ia":[1,2,3,4]}', Limits(members=3)), (b'{"S":"aaaa"}', Limits(text_bytes=3))):
        with pytest.raises(Fault) as caught:
            CODEC.decode(body, dto.DTO, limits)
        assert caught.value.kind is FaultKind.TOO_LARGE


def test_a_lone_surrogate_becomes_the_replacement_character():
    tree = CODEC.decode(rb'{"S":"\ud800x\ud83d\ude00"}', dto.DTO, DEFAULT).tree
    assert tree == {"S": "\ufffdx😀"}


_JSON_LIKE = st.lists(
    st.sampled_from(["{", "}", "[", "]", '"', ":", ",", "\\", "\\u00", "S", "Sub", "Ls", "I", "D", "/Date(", "1", " "])
).map(lambda parts: "".join(parts).encode())


@given(st.binary(max_size=200) | _JSON_LIKE)
def test_any_bytes_give_a_tree_or_a_fault(body):
    try:
        decoded = CODEC.decode(body, dto.DTO, DEFAULT)
    except Fault:
        return
    assert isinstance(decoded, Decoded)
    dto.DTO.check(decoded.tree)
    CODEC.encode(decoded.tree, dto.DTO)


@given(
    st.fixed_dictionaries(
        {},
        optional={
            "S": st.text(st.characters(codec="utf-8", exclude_characters="\0"), max_size=20),
            "I": st.integers(-(2**31), 2**31 - 1),
            "B": st.booleans(),
            "G": st.uuids(),
            "E": st.sampled_from(["Zero", "One", "Two"]),
            "Ls": st.lists(st.text(st.characters(codec="utf-8", exclude_characters="\0"), max_size=5), max_size=4),
            "Subs": st.lists(
                st.fixed_dictionaries(
                    {"X": st.text(st.characters(codec="utf-8", exclude_characters="\0")), "N": st.just(3)}
                ),
                max_size=3,
            ),
        },
    )
)
def test_what_is_written_reads_back(tree):
    back = CODEC.decode(CODEC.encode(tree, dto.DTO), dto.DTO, DEFAULT).tree
    assert {key: back[key] for key in tree} == tree
