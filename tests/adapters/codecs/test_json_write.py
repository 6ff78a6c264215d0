"""The quick way to write JSON writes the same bytes as the plain one."""

import uuid
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from enum import IntEnum, StrEnum

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from adapters.codecs.json_write import Writer
from adapters.scalars import NetDateTime
from schemas import fields
from schemas.fields import WireSchema, message_of


class Colour(StrEnum):
    RED = "red"


class Number(IntEnum):
    ONE = 1


class Inner(WireSchema):
    """Another message."""

    class Wire:
        open = True

    text = fields.String(name="Text")
    anything = fields.Any_()


class Outer(WireSchema):
    """A message of everything."""

    text = fields.String(name="Text")
    skipped = fields.String(emit_default=False)
    anything = fields.Any_(name="Anything")
    inner = fields.Nested(Inner)
    many = fields.List(fields.Nested(Inner))
    texts = fields.List(fields.String())


MESSAGE = message_of(Outer)
TEXTS = st.text(st.characters(codec=None, categories=None), max_size=8) | st.sampled_from(
    ["", "\x7f\x85\u2028\u2029", "\ud800", '\x00\x1f"\\/', "é😀"]
)
SCALARS = (
    st.none() | st.booleans() | st.integers() | st.floats() | st.decimals() | TEXTS | st.uuids() | st.binary(max_size=4)
    | st.datetimes(timezones=st.just(UTC)) | st.timedeltas() | st.builds(NetDateTime.wall, st.datetimes())
    | st.sampled_from([Colour.RED, Number.ONE, 2**63, 2**64, -(2**63) - 1])
)  # fmt: skip
VALUES = st.recursive(
    SCALARS, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXTS, inner, max_size=3), max_leaves=6
)
INNER = st.fixed_dictionaries({}, optional={"text": SCALARS, "anything": VALUES, "Text": VALUES, "other": VALUES})
TREES = st.fixed_dictionaries(
    {},
    optional={
        "text": SCALARS,
        "skipped": SCALARS,
        "anything": VALUES,
        "inner": INNER | SCALARS,
        "many": st.lists(INNER | st.none(), max_size=3) | st.none(),
        "texts": st.lists(SCALARS, max_size=3),
        "unknown": VALUES,
    },
)


@pytest.mark.parametrize("net", [False, True])
@given(tree=TREES)
@example(tree={"inner": {"text": "a", "Text": "b"}})
@example(tree={"anything": {1: 2, "1": 3}, "text": datetime(2026, 1, 1, tzinfo=UTC), "texts": [uuid.UUID(int=1)]})
@example(tree={"text": Decimal("1.50"), "anything": [timedelta(1), 1e16, {"\u2028": "\u2028"}]})
def test_both_ways_write_the_same_bytes(net, tree):
    writer = Writer(net, net)
    try:
        expected = writer.text(tree, MESSAGE).encode()
    except Exception as error:
        with pytest.raises(type(error)):
            writer.data(tree, MESSAGE)
    else:
        assert writer.data(tree, MESSAGE) == expected
