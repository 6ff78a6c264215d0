"""A sound API and a sound protocol of the smallest kind, and the means to break them in one place each."""

from collections.abc import Callable
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import Any

from adapters.rest import Rest
from gateway import registry
from gateway.conformance import case as cases
from gateway.conformance import kit
from gateway.conformance.kit import Kit
from gateway.registry import Found, Registry
from gateway.spi import (
    Answer,
    Api,
    ApiPlugin,
    Asked,
    Context,
    Endpoint,
    EventKind,
    Fault,
    FaultKind,
    InBand,
    Key,
    ListSessions,
    Mapped,
    Missing,
    Native,
    Offer,
    Operation,
    Outcome,
    Presented,
    ProtocolPlugin,
    Retry,
    Route,
    Setting,
    Subject,
    Tree,
    WireRequest,
    WireSchema,
    Write,
    fields,
    message_of,
)

SECRET = "tally-key"
TOML = f'[[credential]]\nkind = "key"\nsecret = "{SECRET}"\n'


class Counted(WireSchema):
    """What was counted, by whom."""

    class Wire:
        namespace = "urn:tally"

    Person = fields.String(required=True, sample="ann")
    Amount = fields.Int(sample=3)
    Note = fields.String(sample="all of them")


class Done(WireSchema):
    """Whether it was written down."""

    class Wire:
        namespace = "urn:tally"

    Code = fields.String(sample="ok")
    Count = fields.Int(sample=1)


def count(tree: Tree, context: Context) -> Mapped:
    """A fact about a person."""
    changes = {"subject": Subject(user_id=tree["Person"]), "attributes": {"tally": {**tree}}}
    key = Key("tally", "", tree["Person"])
    return Mapped(Write(EventKind.UPDATED, None, key, Missing.CREATE, changes, retry=Retry.WINDOW))


def counted(outcome: Outcome, asked: Asked) -> Answer:
    """That it was written down."""
    return Answer({"Code": "ok", "Count": 1})


def recent(tree: Tree, context: Context) -> Mapped:
    """The newest sessions."""
    return Mapped(ListSessions(limit=5))


def listed(outcome: Outcome, asked: Asked) -> Answer:
    """How many there are."""
    return Answer({"Code": "ok", "Count": len(outcome.sessions)})


def refused(fault: Fault, asked: Asked | None) -> Tree:
    """The kind of fault as a code."""
    return {"Code": fault.kind.value, "Count": 0}


def shown(request: WireRequest, path: Any) -> Presented | None:
    """The key in the header."""
    sent = request.headers.get("x-key")
    return Presented("key", sent) if sent else None


COUNT = Operation(
    "Count",
    message_of(Counted),
    message_of(Done),
    count,
    counted,
    (Route("POST", "/tally/count"),),
    doc="Write a number down.",
)
RECENT = Operation(
    "Recent",
    message_of(Counted),
    message_of(Done),
    recent,
    listed,
    (Route("POST", "/tally/recent"),),
    writes=False,
    doc="Read how many there are.",
)
TALLY = Api(
    "tally",
    "Tally",
    ("webapi",),
    ("/tally",),
    (COUNT, RECENT),
    {kind: InBand(message_of(Done), refused, 200) for kind in FaultKind} | {FaultKind.INTERNAL: Native(500, "E")},
    header=shown,
    doc="Counts things.",
)
SETTINGS = (Setting("tally.most", 10, "The largest number that is taken."),)


class Odd(Rest):
    """Plain REST at addresses of its own; every API is foreign to it."""

    def bind(self, offers: Any) -> list[Endpoint]:
        found = super().bind([Offer(offer.api, False) for offer in offers])
        return [replace(each, path=each.path.replace("/rest/", "/odd/")) for each in found]


def ask(api: Api, operation: Operation, tree: Tree) -> list[WireRequest]:
    """How a client of the odd protocol asks."""
    from gateway.conformance import ask as asking

    (known,) = (asking.of("rest", "") or _none)(replace(api, native=()), operation, tree)
    path = known.path.replace("/rest/", "/odd/")
    return [replace(known, path=path, raw_path=path)]


def _none(*_: object) -> list[WireRequest]:
    return []


def api_of(**changes: Any) -> Api:
    """The sound API with something about it changed; ``count`` and ``recent`` change one of its operations."""
    one, other = replace(COUNT, **changes.pop("count", {})), replace(RECENT, **changes.pop("recent", {}))
    return replace(TALLY, **{"operations": (one, other), **changes})


@cache
def _installed() -> Registry:
    """As much of what is installed as a plug-in needs beside it."""
    found = registry.discover()
    return replace(
        found,
        protocols=tuple(row for row in found.protocols if row.plugin.name in ("rest", "webapi")),
        apis=tuple(row for row in found.apis if row.plugin.name in ("ontime", "sessions")),
    )


def with_plugin(plugin: ApiPlugin | ProtocolPlugin) -> Registry:
    """Everything that is installed, and ``plugin``."""
    found = _installed()
    row: Any = (Found(plugin, "tests 1.0"),)
    if isinstance(plugin, ApiPlugin):
        return replace(found, apis=found.apis + row)
    return replace(found, protocols=found.protocols + row)


def kit_of(golden: Path, api: Api, settings: tuple[Setting, ...] = SETTINGS) -> Kit:
    """The kit for an API in the place of the sound one."""
    plugin = ApiPlugin("tally", lambda _: api, settings)
    (made,) = kit.kits(with_plugin(plugin), "tally", "full", [golden], 13)
    return made


def protocol_kit(golden: Path, make: Callable[[], Any] = lambda: Odd("odd")) -> Kit:
    """The kit for a protocol in the place of the sound one."""
    plugin = ProtocolPlugin("odd", lambda _: make())
    (made,) = kit.kits(with_plugin(plugin), "odd", "full", [golden], 13)
    return made


_HEAD = "POST {} HTTP/1.1\nX-Key: " + SECRET + "\nContent-Type: {}\n\n"
JSON = '{"Person":"ann","Amount":3,"Note":"all of them"}'
XML = '<Counted xmlns="urn:tally"><Amount>3</Amount><Note>all of them</Note><Person>ann</Person></Counted>'
REQUESTS = {
    "Count__as_json": _HEAD.format("/tally/count", "application/json") + JSON,
    "Count__as_xml": _HEAD.format("/tally/count", "application/xml") + XML,
    "Count__without_person": _HEAD.format("/tally/count", "application/json") + '{"Amount":3}',
    "Recent__as_json": _HEAD.format("/tally/recent", "application/json") + JSON,
    "Recent__not_json": _HEAD.format("/tally/recent", "application/json") + "{",
}


def write_golden(place: Path, requests: dict[str, str] = REQUESTS) -> Path:
    """Golden cases of the sound API, recorded."""
    for name, text in requests.items():
        (place / "tally" / name).mkdir(parents=True)
        (place / "tally" / name / "request.http").write_text(text, encoding="utf-8")
    (place / "tally" / "conformance.toml").write_text(TOML, encoding="utf-8")
    made = kit_of(place, TALLY)
    for case in made.cases:
        cases.record(case, made.ran(case)[-1])
    made.close()
    return place


def write_odd(place: Path) -> Path:
    """Golden cases of the sound protocol, and how it is asked."""
    text = "POST /odd/ontime/UserSessionGet HTTP/1.1\nAuthorization: 3f2504e0-4f89-41d3-9a0c-0305e82c3301\n\n"
    folder = place / "odd" / "UserSessionGet__unknown"
    folder.mkdir(parents=True)
    body = '{"company-id":"acme","id":"8f14e45f-ceea-467f-9a0c-d3b1c5e2a7f4"}'
    (folder / "request.http").write_text(text + body, encoding="utf-8")
    (place / "odd" / "conformance.toml").write_text('ask = "tests.conformance.tally:ask"\n', encoding="utf-8")
    made = protocol_kit(place)
    for case in made.cases:
        cases.record(case, made.ran(case)[-1])
    made.close()
    return place
