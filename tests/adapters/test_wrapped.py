"""Document/literal wrapped: how parameters are named, what an answer is wrapped in, and how a list is emptied."""

import pytest

from adapters.codecs.soap import SoapCodec
from adapters.soapstyle import SoapStyle
from adapters.wrapped import RESULT, answer_of, request_of
from gateway.limits import Limits
from gateway.outcome import Fault
from schemas import fields
from schemas.api import Answer, Mapped, Operation
from schemas.fields import WireSchema, message_of

ENVELOPE = "http://schemas.xmlsoap.org/soap/envelope/"
XSI = "http://www.w3.org/2001/XMLSchema-instance"
CODEC = SoapCodec("shop", SoapStyle(wrapped=True))


class Buyer(WireSchema):
    name = fields.String()


class Sale(WireSchema):
    buyer = fields.Nested(Buyer)
    tag = fields.String(name="If-Match", location="header")
    lines = fields.List(fields.String())


class Receipt(WireSchema):
    number = fields.Int()


def command(tree, context) -> Mapped:
    raise NotImplementedError


def present(outcome, asked) -> Answer:
    raise NotImplementedError


SELL = Operation("Sell", message_of(Sale), message_of(Receipt), command, present)


def read(inner: str) -> dict:
    payload = f'<Sell xmlns="urn:session-gateway:shop" xmlns:i="{XSI}">{inner}</Sell>'
    envelope = f'<e:Envelope xmlns:e="{ENVELOPE}"><e:Body>{payload}</e:Body></e:Envelope>'
    return CODEC.decode(envelope.encode(), request_of(SELL), Limits()).tree


def test_what_is_a_header_elsewhere_goes_by_its_key():
    assert read("<tag>3</tag>") == {"tag": "3"}


@pytest.mark.parametrize(
    ("inner", "lines"),
    [
        ("<lines>a</lines><lines>b</lines>", ["a", "b"]),
        ('<lines i:nil="true"/>', []),
        ('<lines>a</lines><lines i:nil="true"/>', ["a"]),
        ("<lines/>", [""]),
    ],
)
def test_a_nil_item_is_no_item(inner, lines):
    assert read(inner) == {"lines": lines}


def test_a_list_that_is_not_sent_stays_unsent():
    assert read("") == {}


def test_a_member_given_twice_is_refused():
    with pytest.raises(Fault, match="tag is given more than once"):
        read("<tag>1</tag><tag>2</tag>")


@pytest.mark.parametrize("inner", ["<buyer>ann</buyer>", "<lines><name>a</name></lines>"])
def test_text_for_elements_and_elements_for_text_are_refused(inner):
    with pytest.raises(Fault, match="must hold"):
        read(inner)


def test_an_answer_is_wrapped_in_a_result():
    written = CODEC.encode({RESULT: {"number": 7}}, answer_of(SELL))
    assert (
        b'<soap:Body><SellResponse xmlns="urn:session-gateway:shop"><SellResult><number>7</number></SellResult>'
        b"</SellResponse></soap:Body>" in written
    )
