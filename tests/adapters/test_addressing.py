"""WS-Addressing: what .NET's WSHttpBinding sends is understood, and answered as it demands."""

import pytest
from lxml import etree

from adapters.addressing import addressed, answer_header
from adapters.codecs.soap import SOAP_12, SoapCodec, open_envelope
from gateway.limits import Limits
from schemas import fields
from schemas.fields import WireSchema, message_of

A = "http://www.w3.org/2005/08/addressing"
BODY = (
    f'<s:Envelope xmlns:s="http://www.w3.org/2003/05/soap-envelope" xmlns:a="{A}"><s:Header>'
    '<a:Action s:mustUnderstand="1">urn:shop/sell</a:Action><a:MessageID>urn:uuid:1&amp;2</a:MessageID>'
    f"<a:ReplyTo><a:Address>{A}/anonymous</a:Address></a:ReplyTo>"
    '<a:To s:mustUnderstand="1">http://gateway.example/soap/shop</a:To></s:Header>'
    '<s:Body><Sell xmlns="urn:shop"><Name>x</Name></Sell></s:Body></s:Envelope>'
).encode()


class Sell(WireSchema):
    class Wire:
        namespace = "urn:shop"

    Name = fields.String()


def test_its_headers_are_understood():
    assert SoapCodec("shop").decode(BODY, message_of(Sell), Limits()).tree == {"Name": "x"}
    assert addressed(open_envelope(BODY, Limits()))["Action"] == "urn:shop/sell"


@pytest.mark.parametrize(("failed", "action"), [(False, "urn:shop/sellResponse"), (True, f"{A}/soap/fault")])
def test_an_answer_tells_its_action_and_what_it_answers(failed, action):
    blocks = answer_header(BODY, SOAP_12, failed=failed)
    envelope = etree.fromstring(SoapCodec("shop", version=SOAP_12).encode({}, message_of(Sell), blocks))
    told, relates = envelope[0]
    assert (told.tag, told.text) == (f"{{{A}}}Action", action)
    assert told.get("{http://www.w3.org/2003/05/soap-envelope}mustUnderstand") == "1"
    assert (relates.tag, relates.text) == (f"{{{A}}}RelatesTo", "urn:uuid:1&2")


@pytest.mark.parametrize("body", [b"", b"<a/>", BODY.replace(b"s:Header", b"s:Head"), BODY[:-20]])
def test_a_request_without_addressing_is_answered_without_it(body):
    assert answer_header(body, SOAP_12) == ""
