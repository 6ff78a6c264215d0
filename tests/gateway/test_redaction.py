"""What is kept of a request: no credential, and of a list each event its own part alone."""

import json
import time

import pytest

from gateway.redaction import raw_request
from gateway.wire import Headers, WireRequest
from schemas import fields
from schemas.fields import WireSchema, message_of


class Login(WireSchema):
    name = fields.String()
    secret = fields.String(credential=True)


MESSAGE = message_of(Login)


def sent(body: bytes) -> WireRequest:
    return WireRequest("POST", "/x", headers=Headers([("Content-Type", "application/json")]), body=body)


def test_a_credential_is_masked_where_it_stands() -> None:
    raw = raw_request(sent(b'{ "name":"ann", "secret":"s3cret" }'), MESSAGE, {"name": "ann", "secret": "s3cret"})
    assert (raw.form, raw.body) == ("bytes", b'{ "name":"ann", "secret":"***" }')


def test_a_credential_that_was_escaped_is_masked_in_the_tree() -> None:
    raw = raw_request(sent(b'{"secret":"s\\u0033cret"}'), MESSAGE, {"secret": "s3cret"})
    assert (raw.form, json.loads(raw.body)) == ("tree", {"secret": "***"})


def test_a_part_of_a_list_is_kept_without_the_others() -> None:
    body = b'[{"name":"ann","secret":"s3cret"},{"name":"bob"}]'
    first = raw_request(sent(body), MESSAGE, {"name": "ann", "secret": "s3cret"}, part=True)
    second = raw_request(sent(body), MESSAGE, {"name": "bob"}, part=True)
    assert json.loads(first.body) == {"name": "ann", "secret": "***"}
    assert json.loads(second.body) == {"name": "bob"}


def stray(body: str, query: str = "", **headers: str) -> tuple[str, str]:
    message = message_of(Nothing)
    fields = [(name.replace("_", "-"), value) for name, value in headers.items()]
    request = WireRequest("POST", "/p", query, Headers(fields), body.encode())
    kept = raw_request(request, message, {})
    return kept.target, kept.body.decode()


class Nothing(WireSchema):
    pass


def test_the_headers_credential_is_masked_wherever_it_is_repeated() -> None:
    kept = stray('{"x":"0123456789"}', "y=0123456789", authorization="Bearer 0123456789")
    assert kept == ("/p?y=***", '{"x":"***"}')


@pytest.mark.parametrize(
    ("body", "kept"),
    [
        ('{"myPassword" : "a\\"b","x":1}', '{"myPassword" : "***","x":1}'),
        ("<w:Password Type='t'>abc</w:Password>", "<w:Password Type='t'>***</w:Password>"),
        ("<clientSecret>abc</clientSecret><a>b</a>", "<clientSecret>***</clientSecret><a>b</a>"),
        ('{"name":"the password is lost"}', '{"name":"the password is lost"}'),
    ],
)
def test_what_is_called_a_password_is_masked_though_nobody_declared_it(body: str, kept: str) -> None:
    assert stray(body)[1] == kept


def test_what_is_called_a_token_is_masked_in_the_query() -> None:
    assert stray("", "a=1&access_token=abc&b=2")[0] == "/p?a=1&access_token=***&b=2"


def test_no_body_makes_the_masking_slow() -> None:
    began = time.monotonic()
    for body in ('"password' * 100_000, "<password" * 100_000, '"password":"' + "\\" * 500_000, "<password " * 90_000):
        stray(body)
    assert time.monotonic() - began < 5
