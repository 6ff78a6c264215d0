"""Which format ASP.NET Web API answers in: the whole table, and what no caller should send."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from adapters.negotiation import MEDIA_TYPES, content_type, negotiate
from gateway.wire import Headers

JSON, XML = "application/json; charset=utf-8", "application/xml; charset=utf-8"
TEXT_JSON, TEXT_XML = "text/json; charset=utf-8", "text/xml; charset=utf-8"
BROWSER = "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8"

TABLE = [
    ("application/json", None, JSON),
    ("application/json", "*/*", JSON),
    ("application/json", "text/html", JSON),
    ("application/json", "image/png", JSON),
    (None, None, JSON),
    (None, "image/png", JSON),
    ("text/json", None, TEXT_JSON),
    ("application/xml", None, XML),
    ("text/xml", None, TEXT_XML),
    ("text/xml; charset=utf-8", None, TEXT_XML),
    ("application/xml", "*/*", JSON),
    ("application/xml", "image/png", XML),
    ("application/xml", "", XML),
    ("text/plain", "image/png", JSON),
    ("application/json", "application/xml", XML),
    ("application/xml", "application/json", JSON),
    ("application/json", "APPLICATION/XML", XML),
    ("application/json", "application/xml; charset=utf-8", XML),
    ("application/xml", "text/json", TEXT_JSON),
    ("application/json", "text/xml", TEXT_XML),
    ("application/json", BROWSER, XML),
    ("application/xml", BROWSER, XML),
    ("application/json", "application/xml, */*", XML),
    ("application/json", "*/*, application/xml", XML),
    ("application/json", "application/xml;q=0.5, */*;q=0.6", JSON),
    ("application/json", "application/xml;q=0.5, application/*;q=0.6", JSON),
    ("application/json", "application/xml, application/json", JSON),
    ("application/json", "application/json;q=0.8, application/xml", XML),
    ("application/json", "application/xml;q=0.8, text/xml;q=0.9", TEXT_XML),
    ("application/xml", "application/*", JSON),
    ("application/xml", "text/*", TEXT_JSON),
    ("application/xml", "application/json;q=0", XML),
    ("application/json", "application/xml;q=0, */*", JSON),
    ("application/xml", "*/*;q=0", XML),
    ("application/json", "application/xml;q=banana", JSON),
]


def headers(**sent):
    return Headers((name.replace("_", "-"), value) for name, value in sent.items() if value is not None)


@pytest.mark.parametrize(("sent", "accept", "answered"), TABLE)
def test_the_answers_format(sent, accept, answered):
    assert negotiate(headers(content_type=sent, accept=accept)).content_type == answered


CHARSETS = [
    ("application/json", None, "utf-8"),
    ("application/json; charset=utf-16", None, "utf-16"),
    ('application/json; charset="UTF-16"', None, "utf-16"),
    ("application/json; charset=utf-16", "utf-8", "utf-8"),
    ("application/json; charset=utf-16", "*", "utf-8"),
    ("application/json", "utf-16", "utf-16"),
    ("application/json", "utf-8;q=0.5, utf-16", "utf-16"),
    ("application/json", "utf-16;q=0, utf-8", "utf-8"),
    ("application/json", "iso-8859-1", "utf-8"),
    ("application/json; charset=iso-8859-1", None, "utf-8"),
]


@pytest.mark.parametrize(("sent", "accept", "charset"), CHARSETS)
def test_the_answers_charset(sent, accept, charset):
    assert negotiate(headers(content_type=sent, accept_charset=accept)).charset == charset


def test_several_accept_headers_are_one_list():
    assert negotiate(Headers([("Accept", "image/png"), ("Accept", "application/xml")])).content_type == XML


@pytest.mark.parametrize("accept", [None, "application/xml", BROWSER, "text/xml"])
def test_an_api_of_json_alone_answers_json(accept):
    assert negotiate(headers(accept=accept), ("json",)).name == "json"


def test_a_content_type_is_kept_as_it_was_spelled():
    found = content_type(headers(content_type='Text/Plain ; Charset="UTF-8"; x=y'))
    assert (found.sent, found.name, found.charset) == ("Text/Plain", "text/plain", "utf-8")
    assert content_type(headers(content_type=" ;charset=utf-8")) is None


@given(st.text(), st.text(), st.text())
def test_whatever_is_sent_there_is_a_format(accept, sent, charset):
    chosen = negotiate(headers(accept=accept, content_type=sent, accept_charset=charset))
    assert chosen.media_type in MEDIA_TYPES[chosen.name]
