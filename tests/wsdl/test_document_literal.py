"""The description of a document/literal API says what the protocol really writes."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from uuid import UUID

import pytest
from lxml import etree

from adapters.codecs.soap import SoapCodec
from adapters.scalars import NetDateTime
from gateway.outcome import FaultKind
from schemas import fields
from schemas.api import Api, Native, Operation
from schemas.fields import WireSchema, message_of
from wsdl.document_literal import describe

XS = "{http://www.w3.org/2001/XMLSchema}"
WSDL = "{http://schemas.xmlsoap.org/wsdl/}"


class Free(WireSchema):
    class Wire:
        open = True


class Line(WireSchema):
    Name = fields.String()
    Colour = fields.Enum(("red", "green"), nillable=True)


class Everything(WireSchema):
    class Wire:
        namespace = "urn:one"

    Text = fields.String(required=True)
    Flag = fields.Boolean()
    Small = fields.Int(nillable=True)
    Big = fields.Long()
    Amount = fields.Decimal()
    Ratio = fields.Double()
    When = fields.DateTime()
    At = fields.Instant()
    Uid = fields.Guid()
    Span = fields.Duration()
    Raw = fields.Base64()
    Letter = fields.Char()
    Colour = fields.Enum(("red", "green"))
    Lines = fields.List(fields.Nested(Line))
    Words = fields.List(fields.String())
    Attributes = fields.Nested(Free)
    Whatever = fields.Any_()


class Nothing(WireSchema):
    pass


FULL = {
    "Text": "a",
    "Flag": True,
    "Small": None,
    "Big": 2**40,
    "Amount": Decimal("1.50"),
    "Ratio": 1.5,
    "When": NetDateTime(),
    "At": datetime(2026, 1, 2, 3, 4, 5, 678000, tzinfo=UTC),
    "Uid": UUID(int=7),
    "Span": timedelta(hours=25, seconds=1),
    "Raw": b"xy",
    "Letter": "x",
    "Colour": "green",
    "Lines": [{"Name": None, "Colour": "red"}, {"Colour": None}],
    "Words": ["x", None, ""],
    "Attributes": {"any": "thing", "not a name": {"deep": ["1", "2"]}},
    "Whatever": {"a": ["b", None]},
}


def _never(*given: object):
    raise NotImplementedError


SHOP = Api(
    name="shop",
    title="Shop & more",
    native=("rest",),
    prefixes=("/shop",),
    operations=(
        Operation("sell", message_of(Everything), message_of(Nothing), _never, _never, doc="Sells <it>."),
        Operation("buy", message_of(Nothing), message_of(Everything), _never, _never),
    ),
    faults={kind: Native(400) for kind in FaultKind},
)


@pytest.fixture
def description():
    return etree.fromstring(describe(SHOP, "https://gateway.example/soap/shop?a=1&b=2"))


@pytest.mark.parametrize(
    ("message", "tree"),
    [(Everything, FULL), (Everything, {"Text": ""}), (Nothing, {}), (Nothing, None)],
)
def test_what_is_written_fits_the_schema(description, message, tree):
    envelope = etree.fromstring(SoapCodec("shop").encode(tree, message_of(message)))
    element = envelope[0][0]
    schemas = [etree.XMLSchema(etree.ElementTree(schema)) for schema in description.iter(f"{XS}schema")]
    fitting = [schema for schema in schemas if schema.validate(etree.fromstring(etree.tostring(element)))]
    assert len(fitting) == 1, [str(schema.error_log) for schema in schemas]


def test_every_operation_is_bound_for_both_versions_of_soap(description):
    bindings = description.findall(f"{WSDL}binding")
    assert [len(binding.findall(f"{WSDL}operation")) for binding in bindings] == [2, 2]
    addresses = [address.get("location") for port in description.iter(f"{WSDL}port") for address in port]
    assert addresses == ["https://gateway.example/soap/shop?a=1&b=2"] * 2


def test_message_parts_are_named_parameters_so_that_generators_unwrap_them(description):
    parts = [part.get("name") for part in description.iter(f"{WSDL}part")]
    assert parts == ["fault"] + ["parameters"] * 4
