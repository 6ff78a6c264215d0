"""Every check can fail: a plug-in that breaks one promise is caught by the check of that name, which says where."""

import json
import random
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any
from unittest import mock

import pytest

from adapters.protocol import Decoded
from gateway.conformance import checks, hostile, storing
from gateway.conformance.kit import Kit, NotTestable
from gateway.spi import (
    Answer,
    Api,
    Fault,
    FaultKind,
    InBand,
    Mapped,
    Route,
    Setting,
    WireResponse,
    WireSchema,
    fields,
    message_of,
)
from schemas import sessions_answers
from tests.conformance import tally
from tests.conformance.tally import COUNT, SETTINGS, TALLY, Odd, api_of


@pytest.fixture(scope="module")
def golden(tmp_path_factory: pytest.TempPathFactory) -> Path:
    place = tmp_path_factory.mktemp("golden")
    return tally.write_odd(tally.write_golden(place))


def found_by(kit: Kit, name: str) -> str:
    try:
        return "\n".join(str(finding) for finding in checks.findings(kit, name))
    finally:
        kit.close()


@pytest.mark.parametrize("name", [check.name for check in checks.APIS])
def test_a_sound_api_passes(golden: Path, name: str) -> None:
    assert found_by(tally.kit_of(golden, TALLY), name) == ""


@pytest.mark.parametrize("name", [check.name for check in checks.PROTOCOLS])
def test_a_sound_protocol_passes(golden: Path, name: str) -> None:
    assert found_by(tally.protocol_kit(golden), name) == ""


def command(change: Callable[[Any, Any, Any], Any]) -> Api:
    """The API with its write changed: ``change`` gets the tree, the context and the sound Write."""

    def made(tree: Any, context: Any) -> Mapped:
        return Mapped(change(tree, context, tally.count(tree, context).command))

    return api_of(count={"command": made})


def changing(**values: Any) -> Callable[[Any, Any, Any], Any]:
    return lambda tree, context, write: replace(write, changes={**write.changes, **values})


def known_note(tree: Any, context: Any, write: Any) -> Any:
    return replace(write, changes={**write.changes, "name": {"all of them": "all"}[tree["Note"]]})


def order(tree: Any, context: Any, write: Any) -> Any:
    return replace(write, changes={**write.changes, "name": ",".join(tree)})


def moment(tree: Any, context: Any, write: Any) -> Any:
    return replace(write, changes={**write.changes, "started_at": context.received_at})


def endless(tree: Any, context: Any, write: Any) -> Any:
    if tree["Person"] != "ann":
        until = time.thread_time() + 0.1
        while time.thread_time() < until:
            pass
    return write


def chance(outcome: Any, asked: Any) -> Answer:
    return Answer({"Code": str(random.random()), "Count": 0})


def table(kind: FaultKind, row: Any) -> Api:
    return api_of(faults={**TALLY.faults, kind: row})


def telling(tree: Callable[[Fault, Any], Any]) -> InBand:
    return InBand(COUNT.answer, tree, 200)


class Undocumented(WireSchema):
    Person = fields.String()


class WrongSample(WireSchema):
    """Has a member with a sample that is none."""

    Amount = fields.Int(sample="three")


Undocumented.__doc__ = None
LACKING = {kind: row for kind, row in TALLY.faults.items() if kind is not FaultKind.BUSY}

BROKEN_APIS: list[tuple[str, Api, str]] = [
    ("declared", api_of(native=("nowhere",)), "'nowhere' is not installed"),
    ("declared", api_of(count={"routes": (Route("POST", "/tally/{who}"),)}), "{who} names no member"),
    ("declared", api_of(count={"routes": (Route("GET", "/tally/count"),)}), "it writes, but is routed by GET"),
    ("declared", api_of(count={"routes": (Route("POST", "/elsewhere"),)}), "below none of the API's prefixes"),
    ("declared", api_of(count={"request": message_of(WrongSample)}), "its sample 'three' does not fit"),
    ("declared", table(FaultKind.BUSY, replace(TALLY.faults[FaultKind.INTERNAL], status=200)), "has status 200"),
    ("documented", api_of(count={"doc": ""}), "it is not documented"),
    ("documented", api_of(doc=" "), "the API has no doc"),
    ("documented", api_of(count={"request": message_of(Undocumented)}), "neither the member nor Undocumented"),
    ("faults", table(FaultKind.BUSY, telling(lambda fault, asked: {"Code": asked.tree["Person"]})), "it raised"),
    ("faults", table(FaultKind.BUSY, telling(lambda fault, asked: {"Kode": "x"})), "'Kode' is no member of Done"),
    ("faults", table(FaultKind.BUSY, telling(lambda fault, asked: {"Count": "x"})), "str where int takes int"),
    ("faults", table(FaultKind.BUSY, telling(lambda fault, asked: {"Code": fault.log})), "is told Fault.log"),
    ("golden", api_of(count={"present": lambda outcome, asked: Answer({"Code": "fine", "Count": 1})}), '"fine"'),
    ("golden", command(changing(name="x")), "command.json"),
    ("variants", command(order), "with members backwards it means something else"),
    ("variants", command(order), "with children shuffled it means something else"),
    ("mutation", command(known_note), "KeyError"),
    ("mutation", command(changing(name=object())), "no canonical form"),
    ("mutation", command(endless), "of the processor"),
    ("repeat", command(moment), "made 1 more event"),
    ("repeat", api_of(recent={"present": chance}), "a read asked twice at one moment is answered differently"),
    ("trouble", table(FaultKind.STORE_UNAVAILABLE, telling(lambda *_: {"Code": "ok", "Count": 1})), "success is told"),
    ("trouble", command(moment), "the second attempt fails"),
    ("trouble", api_of(recent={"present": chance}), "the answer is another one"),
]


@pytest.mark.parametrize(("name", "api", "told"), BROKEN_APIS, ids=[f"{name}-{told}" for name, _, told in BROKEN_APIS])
def test_a_broken_api_is_caught(golden: Path, name: str, api: Api, told: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(hostile, "SECONDS", 0.05)
    assert told in found_by(tally.kit_of(golden, api), name)


@pytest.mark.parametrize(
    ("api", "told"),
    [
        (api_of(faults=LACKING), "no row for busy"),
        (api_of(name="other"), "'other'"),
        (api_of(recent={"name": "COUNT"}), "two operations of one name"),
    ],
)
def test_an_api_that_cannot_be_built_is_not_tested(golden: Path, api: Api, told: str) -> None:
    with pytest.raises(NotTestable, match=told):
        tally.kit_of(golden, api)


def test_what_is_not_there_after_a_restart_is_caught(golden: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(storing, "events", lambda bench: ())
    assert "an event was acknowledged that is not in the store" in found_by(tally.kit_of(golden, TALLY), "durable")


def test_a_session_that_no_reader_can_show_is_caught(golden: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    made = tally.kit_of(golden, TALLY)
    monkeypatch.setattr(sessions_answers, "session_view", mock.Mock(side_effect=KeyError("state")))
    assert "cannot be shown" in found_by(made, "durable")


def test_a_setting_without_a_meaning_is_caught(golden: Path) -> None:
    odd = (*SETTINGS, Setting("tally.other", 1, ""), Setting("elsewhere", 1, "Something that is set."))
    told = found_by(tally.kit_of(golden, TALLY, odd), "documented")
    assert "Setting('tally.other')" in told
    assert "does not begin with that of the plug-in" in told


def test_what_no_case_has_is_named(tmp_path: Path) -> None:
    short = tally.REQUESTS["Count__as_json"].replace(',"Note":"all of them"', "")
    tally.write_golden(tmp_path, {"Count__short": short})
    told = found_by(tally.kit_of(tmp_path, TALLY), "coverage")
    assert "no golden case of Count is refused" in told
    assert "no golden case of Recent succeeds" in told
    assert "the member Note of the request of Count is in no golden case" in told
    assert "the member Amount of the request of Count" not in told


def test_an_exception_says_why_a_member_is_in_no_case(tmp_path: Path) -> None:
    tally.write_golden(tmp_path, {"Count__as_json": tally.REQUESTS["Count__as_json"]})
    file = tmp_path / "tally" / "conformance.toml"
    file.write_text(tally.TOML + '[[exception]]\nof = "Count is refused"\nbecause = "x"\n', encoding="utf-8")
    told = found_by(tally.kit_of(tmp_path, TALLY), "coverage")
    assert "no golden case of Count is refused" not in told
    assert "does not say of what and why" in told


class Forgetful(Odd):
    """Has no address for some operations."""

    def bind(self, offers: Any) -> Any:
        return [each for each in super().bind(offers) if each.operation.name != "UserSessionGet"]


class Twice(Odd):
    """Has one address for everything."""

    def bind(self, offers: Any) -> Any:
        return [replace(each, path="/odd") for each in super().bind(offers)]


class Raising(Odd):
    """Cannot open what it does not know."""

    def open(self, request: Any, match: Any) -> Any:
        if match is None and request.query:
            raise KeyError(request.query)
        return super().open(request, match)


class Kind_(Odd):
    """Finds every path."""

    def fault(self, exchange: Any, fault: Any) -> WireResponse:
        return replace(super().fault(exchange, fault), status=200)


class Careless(Odd):
    """Escapes nothing in its faults."""

    def fault(self, exchange: Any, fault: Any) -> WireResponse:
        return WireResponse.of(fault.status, "application/json", b'{"text":"%s"}' % fault.text.encode())


class Writer(Odd):
    """Takes every method for a POST."""

    def bind(self, offers: Any) -> Any:
        return [replace(each, methods=None) for each in super().bind(offers)]

    def open(self, request: Any, match: Any) -> Any:
        made = super().open(request, match)
        return replace(made, request=replace(request, method="POST"))


class Silent(Odd):
    """Refuses a method without a word on the others."""

    def bind(self, offers: Any) -> Any:
        return [replace(each, methods=None) for each in super().bind(offers)]

    def decode(self, exchange: Any, limits: Any) -> Any:
        if exchange.request.method != "POST":
            raise Fault(FaultKind.METHOD_NOT_ALLOWED)
        return super().decode(exchange, limits)


class Losing(Odd):
    """Loses a member of each request."""

    def decode(self, exchange: Any, limits: Any) -> Any:
        (found,) = super().decode(exchange, limits)
        return [replace(found, tree=dict(list(found.tree.items())[1:]))]


class Infinite(Odd):
    """Writes numbers that JSON does not have."""

    def encode(self, exchange: Any, message: Any, answers: Any) -> WireResponse:
        return WireResponse.of(200, "application/json", b'{"Count":NaN}')


class Untotal(Odd):
    """Lets its parser's errors escape, and takes white space for an error."""

    def decode(self, exchange: Any, limits: Any) -> Any:
        body = exchange.request.body
        if b"\n" in body or b'"id"' not in body:
            raise Fault(FaultKind.INVALID, "say it in one line, with an id")
        return [Decoded(json.loads(body))] if not body.endswith(b"}") else super().decode(exchange, limits)


BROKEN_PROTOCOLS: list[tuple[str, type[Odd], str]] = [
    ("binding", Forgetful, "has no address"),
    ("binding", Twice, "is claimed by"),
    ("unknown", Raising, "KeyError"),
    ("unknown", Kind_, "an unknown path gets the status 200"),
    ("faults", Careless, "is not well-formed application/json"),
    ("methods", Writer, "writes by GET"),
    ("methods", Silent, "is told no Allow"),
    ("carries", Losing, "is lost"),
    ("answers", Infinite, "NaN is no JSON number"),
    ("variants", Untotal, "with white space it means something else"),
    ("truncation", Untotal, "JSONDecodeError"),
]


@pytest.mark.parametrize(
    ("name", "protocol", "told"), BROKEN_PROTOCOLS, ids=lambda value: getattr(value, "__name__", None)
)
def test_a_broken_protocol_is_caught(golden: Path, name: str, protocol: type[Odd], told: str) -> None:
    assert told in found_by(tally.protocol_kit(golden, lambda: protocol("odd")), name)


def test_a_protocol_that_nobody_can_ask_has_to_show_each_api(tmp_path: Path) -> None:
    assert "nothing shows that ontime can be asked over odd" in found_by(tally.protocol_kit(tmp_path), "carries")
