"""What is fuzzed: each codec by itself, and the whole pipeline. A target takes bytes; whatever it raises is a finding.

The last two bytes choose (the message, the variant of the codec, who is asked); what stands before them is the body.
"""

import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, suppress
from datetime import UTC
from functools import cache
from pathlib import Path
from typing import Any, TypeAlias
from unittest import mock

from adapters.codecs import datacontract
from adapters.codecs.csv import Csv
from adapters.codecs.json import NET, NET_UTF16, STRICT
from adapters.codecs.jsv import Jsv, split_list
from adapters.codecs.soap import SOAP_11, SOAP_12, SoapCodec, open_envelope
from adapters.codecs.text_json import TextJson, split_array
from adapters.protocol import Codec, Decoded
from adapters.servicestack.binding import Binding, bind, parse_form
from adapters.soap import style_of
from gateway import boot, registry
from gateway.limits import DEFAULT
from gateway.outcome import Fault
from gateway.registry import Built
from gateway.wire import WireResponse
from schemas.message import Message
from tests.attacks.conftest import Bench, bench_in

Target: TypeAlias = Callable[[bytes], None]

SECONDS = 2.0
"""CPU time that one input may take, instrumented."""


@cache
def built() -> Built:
    """Every API and protocol."""
    return registry.build(registry.discover(), boot.load_settings(environment={}))


@cache
def messages() -> tuple[Message, ...]:
    """Every request, and every answer that a codec may have to read back."""
    operations = [operation for api in built().apis.values() for operation in api.operations]
    return tuple(operation.request for operation in operations)


def split(data: bytes) -> tuple[bytes, int, int]:
    """The body, and the two numbers that choose."""
    padded = data if len(data) > 1 else data + b"\0\0"
    return padded[:-2], padded[-2], padded[-1]


def codec(codecs: tuple[Codec, ...]) -> Target:
    """A body gives a tree or a Fault; what is written of a tree reads back as what was written."""

    def target(data: bytes) -> None:
        body, first, second = split(data)
        chosen, message = codecs[first % len(codecs)], messages()[second % len(messages())]
        try:
            decoded = chosen.decode(body, message, DEFAULT)
        except Fault:
            return
        assert isinstance(decoded, Decoded)
        settled(chosen, message, decoded)

    return target


def settled(chosen: Codec, message: Message, decoded: Decoded) -> None:
    """Written, read and written again, a tree stays as it is. A codec may refuse to write what it cannot carry."""
    try:
        message.check(decoded.tree)
        written = chosen.encode(decoded.tree, message)
        again = chosen.encode(chosen.decode(written, message, DEFAULT).tree, message)
    except Fault:
        return
    assert again == written, (written, again)


def envelopes(data: bytes) -> None:
    """An envelope for every style of SOAP there is."""
    body, first, second = split(data)
    api = list(built().apis.values())[first % len(built().apis)]
    operation = api.operations[second % len(api.operations)]
    try:
        envelope = open_envelope(body, DEFAULT)
        read = SoapCodec(api.name, style_of(api), SOAP_12 if second > 127 else SOAP_11)
        decoded = read.read(envelope, operation.request)
        operation.request.check(decoded.tree)
    except Fault:
        return
    read.encode(decoded.tree, operation.request)


FORMS = ("application/x-www-form-urlencoded", "multipart/form-data; boundary=x", 'multipart/form-data; boundary=""')


def forms(data: bytes) -> None:
    """A form, urlencoded or in parts; and the lists that batches are."""
    body, first, second = split(data)
    message = messages()[second % len(messages())]
    try:
        pairs = parse_form(body, FORMS[first % len(FORMS)], DEFAULT)
        bind(pairs, message, Binding(UTC, DEFAULT, joined=first > 127))
    except Fault:
        pass
    for batch in (split_array, split_list):
        with suppress(Fault):
            batch(body, DEFAULT)


class Pipeline:
    """The whole gateway, over a store of its own: the body goes to anyone, and the answer is whole."""

    def __init__(self) -> None:
        self.stack = ExitStack()
        self.bench: Bench | None = None

    def open(self) -> Bench:
        """The gateway, made when the first input comes."""
        if self.bench is None:
            place = Path(self.stack.enter_context(tempfile.TemporaryDirectory()))
            self.stack.enter_context(mock.patch("gateway.credentials.SCRYPT_N", 2))
            self.bench = self.stack.enter_context(bench_in(place))
        return self.bench

    def close(self) -> None:
        """Close the gateway, and put back what was patched for it."""
        self.bench = None
        self.stack.close()

    def __call__(self, data: bytes) -> None:
        bench = self.open()
        body, first, second = split(data)
        target = bench.targets[first % len(bench.targets)]
        query, _, rest = body.partition(b"\n\n") if second & 1 else (b"", b"", body)
        headers = HEADERS[(second >> 1) % len(HEADERS)]
        request = target.sent(rest, headers, query=query[:2000].decode("latin-1"), method=METHODS[(second >> 5) % 4])
        answered = bench.ask(request)
        assert answered.kind != "internal", answered.record
        assert isinstance(answered.response, WireResponse)
        answered.check_form()
        bench.records.clear()


METHODS = (None, None, "GET", "PATCH")
HEADERS: tuple[Mapping[str, str] | None, ...] = (
    None,
    None,
    {"accept": "application/xml"},
    {"accept-charset": "utf-16"},
    {"content-type": "application/json"},
    {"content-type": "application/xml; charset=utf-16"},
    {"content-type": "application/x-www-form-urlencoded"},
    {"content-type": "multipart/form-data; boundary=x"},
    {"content-type": "text/xml"},
    {"x-http-method-override": "PUT"},
)

PIPELINE = Pipeline()
TARGETS: Mapping[str, Target] = {
    "json": codec((NET, STRICT, TextJson(), NET_UTF16)),
    "datacontract": codec((datacontract.WEBAPI, datacontract.SERVICESTACK_V3, datacontract.SERVICESTACK_V4)),
    "jsv": codec((Jsv(),)),
    "csv": codec((Csv(),)),
    "soap": envelopes,
    "forms": forms,
    "pipeline": PIPELINE,
}


def run(name: str, data: bytes) -> None:
    """One input. Raises whatever is a finding."""
    begin = time.process_time()
    TARGETS[name](data)
    seconds = time.process_time() - begin
    assert seconds < SECONDS, f"{seconds:.1f} s of CPU time"


def seeds() -> Iterator[tuple[str, str, bytes]]:
    """Target, name and bytes of what every run begins with: good requests, and small attacks."""
    from tests.attacks import (
        corpus_dtd,
        corpus_flood,
        corpus_json,
        corpus_secured,
        corpus_soap,
        corpus_text,
        corpus_xml,
    )

    found = PIPELINE.open().targets
    of_form = {"json": "json", "xml": "datacontract", "jsv": "jsv", "csv": "csv", "form": "forms", "soap": "soap"}
    for number, target in enumerate(found):
        label = target.name.replace("/", "-")
        yield "pipeline", label, target.request.body + bytes([number, 0])
    apis = list(built().apis)
    for target in found:
        label, chosen = target.name.replace("/", "-"), _message_of(target.api)
        first = apis.index(target.api) if target.form == "soap" else {"webapi": 0, "rest": 1}.get(target.protocol, 2)
        if target.form != "soap" or target.protocol == "soap":
            yield of_form[target.form], label, target.request.body + bytes([first, chosen[target.form == "soap"]])
    shapes = {
        "json": b'{"Name":"MARKER"}',
        "xml": b"<a><b>MARKER</b></a>",
        "jsv": b"{Name:MARKER}",
        "csv": b"Name\nMARKER\n",
    }
    corpora = (corpus_dtd, corpus_flood, corpus_json, corpus_secured, corpus_soap, corpus_text, corpus_xml)
    for attack in (attack for part in corpora for attack in part.ATTACKS):
        form = attack.formats[0]
        try:
            body: Any = attack.make(shapes.get(form, b"a=MARKER"))
        except (AssertionError, ValueError):
            continue
        if body is not None and len(body) < 120:
            yield of_form[form], _slug(attack.name), body + b"\0\0"


def _slug(name: str) -> str:
    return "".join(letter if letter.isalnum() and letter.isascii() else "-" for letter in name)


@cache
def _message_of(api: str) -> tuple[int, int]:
    """Where the message of an API's good request stands: among all, and among those of its API."""
    from tests.attacks.targets import GOOD

    operations = built().apis[api].operations
    found = next(number for number, each in enumerate(operations) if each.name == GOOD[api][0])
    return messages().index(operations[found].request), found
