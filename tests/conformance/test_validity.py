"""What is not as its message declares is named: XML by XML Schema, JSON by the message."""

import pytest

from adapters.xml import parse
from gateway.conformance.validity import Schemas, _invalid, _json_departure
from gateway.limits import DEFAULT
from gateway.spi import message_of
from tests.conformance.tally import Done

NAMES = 'xmlns="urn:tally"'


@pytest.mark.parametrize(
    ("inner", "told"),
    [
        ("<Code>ok</Code><Count>1</Count>", None),
        ("<Code>ok</Code><Count>many</Count>", "'many' is not a valid value"),
        ("<Count>1</Count><Code>ok</Code>", "This element is not expected"),
        ("<Kode>ok</Kode>", "This element is not expected"),
    ],
)
def test_a_data_contract_by_its_schema(inner: str, told: str | None) -> None:
    root = parse(f"<Done {NAMES}>{inner}</Done>".encode(), DEFAULT)
    wrong = _invalid(Schemas().message(message_of(Done)), root)
    assert wrong is None if told is None else told in str(wrong)


@pytest.mark.parametrize(
    ("value", "told"),
    [
        ({"Code": "ok", "Count": 1}, None),
        ({"code": "ok"}, None),
        ({"Code": 1}, "1 is no string"),
        ({"Count": True}, "True is no int"),
        ({"Kode": "ok"}, "'Kode' is no member of Done"),
        (["ok"], "is list instead of an object"),
    ],
)
def test_json_by_its_message(value: object, told: str | None) -> None:
    wrong = _json_departure(message_of(Done), value)
    assert wrong is None if told is None else told in str(wrong)
