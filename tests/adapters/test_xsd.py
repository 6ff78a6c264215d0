"""Scalars in XML: what is written reads back, and any text is a value or a ValueError."""

import math
from datetime import timedelta
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from adapters.scalars import Kind
from adapters.xsd import DEFAULTS, formats, parsers

PARSE, FORMAT = parsers(), formats()
VALUES = {
    Kind.BOOLEAN: st.booleans(),
    Kind.INT: st.integers(-(2**31), 2**31 - 1),
    Kind.LONG: st.integers(-(2**63), 2**63 - 1),
    Kind.DECIMAL: st.decimals(allow_nan=False, allow_infinity=False, min_value=-(10**18), max_value=10**18, places=6),
    Kind.DOUBLE: st.floats(allow_nan=False),
    Kind.GUID: st.uuids(),
    Kind.DURATION: st.timedeltas(timedelta(-10_000_000), timedelta(10_000_000)),
    Kind.BASE64: st.binary(),
    Kind.CHAR: st.characters(max_codepoint=0xFFFF, codec="utf-8"),
}


@pytest.mark.parametrize("kind", VALUES)
@given(data=st.data())
def test_what_is_written_reads_back(kind, data):
    value = data.draw(VALUES[kind])
    assert PARSE[kind](FORMAT[kind](value)) == value


@pytest.mark.parametrize("kind", sorted(set(PARSE) - {Kind.STRING}))
@given(text=st.text(alphabet="0123456789+-.,eEINFaPDTHMSYxtrue:Z={}() \n\u0665", max_size=40))
def test_any_text_is_a_value_or_a_value_error(kind, text):
    try:
        value = PARSE[kind](text)
    except ValueError:
        return
    assert value is not None
    assert PARSE[kind](FORMAT[kind](value)) == value or kind in (Kind.DATETIME, Kind.INSTANT) or math.isnan(value)


@pytest.mark.parametrize("kind", [Kind.INT, Kind.LONG, Kind.DECIMAL, Kind.DOUBLE, Kind.DURATION, Kind.DATETIME])
@pytest.mark.parametrize("text", ["9" * 60_000, "P" + "9" * 60_000 + "D", "PT1." + "9" * 60_000 + "S"])
def test_numbers_of_any_length_are_refused_or_read_at_once(kind, text):
    try:
        value = PARSE[kind](text)
    except ValueError:
        return
    assert value == timedelta(microseconds=1_999_999)


def test_a_decimal_keeps_its_scale():
    assert str(PARSE[Kind.DECIMAL]("1.50")) == "1.50" == FORMAT[Kind.DECIMAL](Decimal("1.50"))


def test_every_value_type_has_a_default_that_reads_back():
    for kind, default in DEFAULTS.items():
        assert PARSE[kind](FORMAT[kind](default)) == default
