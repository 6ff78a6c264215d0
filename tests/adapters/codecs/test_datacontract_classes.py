"""One class of every shape that a message can have, against what .NET wrote and read for it.

The record is made by tests/golden/record/record.sh from Classes.cs.
"""

import json
from dataclasses import replace
from datetime import datetime, timedelta
from decimal import Decimal
from pathlib import Path
from uuid import UUID
from zoneinfo import ZoneInfo

import pytest

from adapters.codecs.datacontract import SERVICESTACK_V3, SERVICESTACK_V4, WEBAPI, WEBAPI_INDENT
from adapters.scalars import DateTimeKind, NetDateTime
from adapters.xsd import DEFAULTS
from gateway.limits import Limits
from gateway.outcome import Fault, FaultKind
from schemas import fields
from schemas.fields import WireSchema, message_of
from schemas.message import Message

RECORD = Path(__file__).parents[2] / "golden" / "datacontract" / "classes.jsonl"
CASES = [json.loads(line) for line in RECORD.read_text("ascii").splitlines()]
BERLIN = ZoneInfo("Europe/Berlin")
COLOURS = ("Red", "dark-green")


class Item(WireSchema):
    class Wire:
        namespace = "urn:item"

    Name = fields.String()
    Size = fields.Int(nillable=True)


class Base(WireSchema):
    class Wire:
        namespace = "urn:base"

    B = fields.String(order=2)
    Z = fields.String(order=1)
    M = fields.String()
    Own = fields.Nested(Item)


class Middle(Base):
    class Wire:
        namespace = "urn:middle"

    E = fields.String(emit_default=False)
    F = fields.Int(emit_default=False)
    R = fields.String(name="renamed")
    _c = fields.String()


class Levels(Middle):
    class Wire:
        namespace = "urn:derived"

    A = fields.String()
    In = fields.Nested(Item)
    Many = fields.List(fields.Nested(Item))


class Kinds(WireSchema):
    class Wire:
        namespace = "urn:kinds"

    Bo = fields.Boolean()
    In = fields.Int()
    Lo = fields.Long()
    De = fields.Decimal()
    Do = fields.Double()
    Dt = fields.DateTime()
    Gu = fields.Guid()
    Ts = fields.Duration()
    Ba = fields.Base64()
    Ch = fields.Char()
    En = fields.Enum(COLOURS)
    St = fields.String()


class Nullables(WireSchema):
    class Wire:
        namespace = "urn:nullable"

    Bo = fields.Boolean(nillable=True)
    In = fields.Int(nillable=True)
    Lo = fields.Long(nillable=True)
    De = fields.Decimal(nillable=True)
    Do = fields.Double(nillable=True)
    Dt = fields.DateTime(nillable=True)
    Gu = fields.Guid(nillable=True)
    Ts = fields.Duration(nillable=True)
    Ch = fields.Char(nillable=True)
    En = fields.Enum(COLOURS, nillable=True)


class Lists(WireSchema):
    class Wire:
        namespace = "urn:lists"

    St = fields.List(fields.String())
    In = fields.List(fields.Int())
    Bo = fields.List(fields.Boolean())
    Gu = fields.List(fields.Guid())
    Dt = fields.List(fields.DateTime())
    Ts = fields.List(fields.Duration())
    En = fields.List(fields.Enum(COLOURS, name="Colour"))
    Nested = fields.List(fields.List(fields.Int()))
    Deep = fields.List(fields.List(fields.Nested(Item)))


class Anything(WireSchema):
    class Wire:
        namespace = "urn:any"

    One = fields.Any_()
    Two = fields.Any_()


class Pair(WireSchema):
    class Wire:
        namespace = "urn:pair"

    First = fields.Nested(Item)
    Mark = fields.String()
    Second = fields.Nested(Item)


def in_namespace(message: Message, key: str, namespace: str) -> Message:
    """``message`` with the items of one list in the namespace of their own contract."""
    members = [
        replace(member, item=replace(member.item, namespace=namespace)) if member.key == key else member
        for member in message.members
    ]
    return Message(message.name, message.namespace, tuple(members))


MESSAGES = {
    "Shapes.Item": message_of(Item),
    "Shapes.Levels": message_of(Levels),
    "Shapes.Kinds": message_of(Kinds),
    "Shapes.Nullables": message_of(Nullables),
    "Shapes.Lists": in_namespace(message_of(Lists), "En", "urn:enum"),
    "Shapes.Anything": message_of(Anything),
    "Shapes.Pair": message_of(Pair),
}
CODECS = {
    "webapi": WEBAPI,
    "webapi-indent": WEBAPI_INDENT,
    "servicestack": SERVICESTACK_V4,
    "servicestack-v3": SERVICESTACK_V3,
}
TAGS = {
    "$guid": UUID,
    "$decimal": Decimal,
    "$double": lambda text: float(text.replace("Infinity", "inf")),
    "$ticks": lambda text: timedelta(microseconds=int(text) // 10),
    "$bytes": lambda text: text.encode("latin-1"),
    "$char": lambda text: chr(int(text)),
    "$enum": lambda text: COLOURS[text == "Green"],
}


def value(recorded):
    """A recorded value as the codec's."""
    if isinstance(recorded, list):
        return [value(item) for item in recorded]
    if not isinstance(recorded, dict):
        return recorded
    if "$datetime" in recorded:
        moment, _, fraction = recorded["$datetime"].partition(".")
        ticks = NetDateTime.wall(datetime.fromisoformat(moment)).ticks + int(fraction)
        return NetDateTime(ticks, DateTimeKind[recorded["kind"].upper()])
    for tag, convert in TAGS.items():
        if tag in recorded:
            return convert(recorded[tag])
    return {key: value(item) for key, item in recorded.items() if key != "$type"}


def filled(message: Message, tree):
    """``tree`` as .NET shows it: every member there, absent ones with their default."""
    if not isinstance(tree, dict):
        return tree
    return {member.key: shown(member, tree.get(member.key)) for member in message.members}


def shown(member, found):
    if found is None:
        return None if member.nillable else member.choices[0] if member.choices else DEFAULTS[member.kind]
    if member.message is not None:
        return filled(member.message, found)
    if member.item is not None:
        return [shown(member.item, item) for item in found]
    return found


@pytest.mark.parametrize("case", [case for case in CASES if case["kind"] == "write"], ids=lambda case: case["name"])
def test_writes_the_recorded_bytes(case):
    codec, message = replace(CODECS[case["pipeline"]], zone=BERLIN), MESSAGES[case["type"]]
    if case["ok"]:
        assert codec.encode(value(case["value"]), message) == case["xml"].encode("latin-1")
    else:
        with pytest.raises(Fault):
            codec.encode(value(case["value"]), message)


@pytest.mark.parametrize("fidelity", ["strict", "lenient"])
@pytest.mark.parametrize("case", [case for case in CASES if case["kind"] == "read"], ids=lambda case: case["name"])
def test_reads_what_the_original_read(case, fidelity):
    codec, message = replace(SERVICESTACK_V4, zone=BERLIN, fidelity=fidelity), MESSAGES[case["type"]]
    body, result = case["xml"].encode("latin-1"), case["results"]["all"]
    if not result["ok"]:
        with pytest.raises(Fault) as raised:
            codec.decode(body, message, Limits())
        assert raised.value.kind in (FaultKind.MALFORMED, FaultKind.INVALID)
        return
    decoded = codec.decode(body, message, Limits())
    if fidelity == "strict" or not decoded.notes:
        found, wanted = filled(message, decoded.tree), value(result["value"])
        assert repr(found) == repr({key: wanted[key] for key in found})


@pytest.mark.parametrize("text", ["06:57:36", "--12", "---04"])
def test_a_date_without_a_year_to_go_with_is_refused_because_it_would_depend_on_the_clock(text):
    with pytest.raises(Fault) as raised:
        WEBAPI.decode(f'<Kinds xmlns="urn:kinds"><Dt>{text}</Dt></Kinds>'.encode(), MESSAGES["Shapes.Kinds"], Limits())
    assert raised.value.fields[0].path == "Dt"
