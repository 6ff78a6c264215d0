"""What an attack must not change although the request is read: who is asking, what is kept, and what is noted."""

import json
from dataclasses import replace

import pytest

from gateway.wire import Headers, WireRequest
from gateway.work import Work
from tests.attacks.conftest import Bench
from tests.attacks.corpus import MARKER
from tests.attacks.targets import MOMENT, Target

KEY = b"467512342123"


def of(bench: Bench, api: str, protocol: str, form: str) -> Target:
    return next(each for each in bench.targets if (each.api, each.protocol, each.form) == (api, protocol, form))


CUT = {
    "a comment": b"4675<!-- x -->12342123",
    "a comment at the end": b"467512342123<!-- x -->",
    "CDATA": b"<![CDATA[467512342123]]>",
    "CDATA and text": b"4675<![CDATA[12342]]>123",
    "references": b"&#52;67512342123",
}


@pytest.mark.parametrize("how", CUT)
@pytest.mark.parametrize("over", ["webapi-xml", "servicestack-xml", "servicestack-soap", "soap-soap"])
def test_a_cut_credential_is_one_for_the_check_and_for_the_mask(bench: Bench, over: str, how: str) -> None:
    """What stands behind a comment counts, so nobody signs in as somebody whose name begins alike; nothing is kept."""
    target = of(bench, "workstation", *over.split("-"))
    body = target.request.body.replace(KEY, CUT[how])
    prepared = bench.gateway.prepare(target.sent(body))
    assert isinstance(prepared, Work)
    assert bench.ask(target.sent(body)).kind == "accepted"
    assert not any(part in prepared.raw.body for part in (KEY, b"12342123", b"67512342123", b"12342]]"))
    longer = target.request.body.replace(KEY, KEY + b"<!-- x -->4")
    assert bench.ask(target.sent(longer)).kind == "unauthenticated"


TWICE = {
    "webapi-json": (b'"Key":"467512342123"', b'"Key":"467512342123","key":"x"'),
    "rest-json": (b'"Key":"467512342123"', b'"Key":"467512342123","Key":"x"'),
    "servicestack-json": (b'"Key":"467512342123"', b'"Key":"x","Key":"467512342123"'),
    "servicestack-jsv": (b"Key:467512342123", b"Key:x,Key:467512342123"),
}


@pytest.mark.parametrize("over", TWICE)
def test_a_credential_sent_twice_is_refused(bench: Bench, over: str) -> None:
    target = of(bench, "workstation", *over.split("-"))
    old, new = TWICE[over]
    assert old in target.request.body
    answered = bench.ask(target.sent(target.request.body.replace(old, new)))
    assert (answered.kind in ("invalid", "malformed"), answered.stored) == (True, 0)


@pytest.mark.parametrize("over", ["webapi-xml", "servicestack-xml", "soap-soap", "servicestack-soap"])
def test_an_object_with_credentials_sent_twice_is_refused(bench: Bench, over: str) -> None:
    target = of(bench, "workstation", *over.split("-"))
    start = target.request.body.index(b"<Authentication")
    end = target.request.body.index(b"</Authentication>") + len(b"</Authentication>")
    doubled = target.request.body[start:end]
    body = target.request.body[:end] + doubled.replace(KEY, b"x") + target.request.body[end:]
    assert bench.ask(target.sent(body)).kind in ("invalid", "malformed")


@pytest.mark.parametrize(
    ("over", "old", "new"),
    [
        ("webapi-json", b'"Request":{', b'"Request":{"Zz":1,'),
        ("servicestack-json", b'"Request":{', b'"Request":{"Zz":1,'),
        ("servicestack-jsv", b"Request:{", b"Request:{Zz:1,"),
        ("webapi-xml", b"</Request>", b"<Zz>1</Zz></Request>"),
        ("servicestack-xml", b"</Request>", b"<Zz>1</Zz></Request>"),
        ("servicestack-soap", b"</Request>", b"<Zz>1</Zz></Request>"),
        ("soap-soap", b"</Request>", b"<Zz>1</Zz></Request>"),
        ("rest-json", b'"Request":{', b'"Request":{"Zz":1,'),
    ],
)
def test_what_was_ignored_is_noted(bench: Bench, over: str, old: bytes, new: bytes) -> None:
    target = of(bench, "workstation", *over.split("-"))
    assert old in target.request.body
    answered = bench.ask(target.sent(target.request.body.replace(old, new)))
    assert answered.kind == "accepted"
    assert [note.replace("_", "-") for note in answered.record.notes] == ["unknown-member:Request.Zz"] or [
        note.replace("_", "-") for note in answered.record.notes
    ] == ["unknown-member:Zz"]


def test_a_soap_action_of_another_operation_is_noted_and_decides_nothing(bench: Bench) -> None:
    target = of(bench, "sessions", "soap", "soap")
    spoofed = {"soapaction": '"urn:session-gateway:sessions/EndSession"'}
    answered = bench.ask(target.sent(target.request.body, spoofed))
    assert (answered.record.operation, answered.record.notes) == ("OpenSession", ("soap-action:EndSession",))


LOG = "/json/reply/UserClientSessionLogRequest"
LENIENT = {
    "NaN": b'{"CountOnPage":NaN}',
    "infinity": b'{"CountOnPage":Infinity}',
    "1e999": b'{"CountOnPage":1e999}',
    "5,000 digits": b'{"CountOnPage":' + b"9" * 5_000 + b"}",
    "trailing data": b'{"CountOnPage":1} x',
    "what is not UTF-8": b'{"ClientReferUid":"\xe9"}',
    "half a surrogate pair": b'{"ClientReferUid":"\\ud800"}',
}


@pytest.mark.parametrize("name", LENIENT)
def test_a_read_of_servicestack_passes_over_what_a_write_refuses(bench: Bench, name: str) -> None:
    """As the recorded server does; what was passed over is noted."""
    headers = Headers([("content-type", "application/json")])
    read = WireRequest("POST", LOG, "", headers, LENIENT[name], client="127.0.0.1", received_at=MOMENT, raw_path=LOG)
    answered = bench.ask(read)
    assert (answered.kind, answered.response.status) == ("accepted", 200)
    assert answered.record.notes
    path = "/json/reply/UserLoginRequest"
    body = b'{"UserName":"demo","Password":"demo","DeviceSerialNumber":%s' % LENIENT[name].partition(b":")[2]
    write = replace(
        read, path=path, raw_path=path, body=body.replace(b":NaN", b':"a\xe9"').replace(b":Infinity", b':"\\ud800"')
    )
    if name in ("NaN", "infinity", "trailing data", "what is not UTF-8", "half a surrogate pair"):
        assert (bench.ask(write).kind, bench.ask(write).response.status) == ("malformed", 400)


def test_what_is_refused_is_not_told_again(bench: Bench) -> None:
    """A fault repeats no credential, wherever it stood."""
    target = of(bench, "workstation", "webapi", "json")
    secret = b"a-very-secret-key"
    for body in (
        target.request.body.replace(KEY, secret)[:-1],
        target.request.body.replace(b'"' + KEY + b'"', b'{"a":"' + secret + b'"}'),
        target.request.body.replace(KEY, secret + b"\\u0000"),
        target.request.body.replace(MARKER, b"x" * 70_000).replace(KEY, secret),
    ):
        answered = bench.ask(target.sent(body))
        assert answered.fault is not None
        told = answered.response.body
        assert isinstance(told, bytes)
        assert secret not in told
        assert secret.decode() not in json.dumps(answered.record, default=str)
