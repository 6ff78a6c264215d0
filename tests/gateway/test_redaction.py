"""What is kept of a request: no credential, and of a list each event its own part alone."""

import json

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
