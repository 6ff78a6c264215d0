"""What is written is what is read back: any valid request of any API, over every protocol that can carry it, through
handler and store, as every reader shows it."""

import uuid
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from adapters.scalars import Kind, NetDateTime
from gateway import boot, registry
from gateway.bodies import FORMATS, Form, member_text
from gateway.commands import Write, canonical, plain
from gateway.limits import DEFAULT
from gateway.model import EventKind, Key, Principal, Session, State
from gateway.store.values import session_of, session_text
from schemas import mobileconnect, sessions_answers
from schemas.api import Api, Context, Operation
from schemas.leaves import Leaf, leaves
from schemas.message import Member, Message, Tree
from tests.schemas.memory import NOW, Caller, Memory

BUILT = registry.build(registry.discover(), boot.load_settings(environment={}))
DEVICE, REALM = "device-01", "00000000-0000-0000-0000-000000000001"
OTHER = uuid.UUID("3fa85f64-5717-4562-b3fc-2c963f66afa6")

# No control characters and no lone surrogates: XML has no place for them. No blanks at the ends of names.
TEXT = st.text(st.characters(exclude_categories=("Cs", "Cc"), exclude_characters="\ufffe\uffff"), max_size=20)
WORD = st.text("abcdefghijklmnopqrstuvwxyz0123456789", min_size=1, max_size=8)
INSTANT = st.datetimes(datetime(1950, 1, 1), datetime(2025, 12, 31)).map(lambda each: each.replace(tzinfo=UTC))
# ServiceStack writes dates in milliseconds.
CLOCK = INSTANT.map(lambda each: NetDateTime.of(each.replace(microsecond=each.microsecond // 1000 * 1000)))
SPAN = st.builds("{:02}:{:02}:{:02}".format, st.integers(0, 9999), st.integers(0, 59), st.integers(0, 59))

KINDS: dict[Kind, st.SearchStrategy[Any]] = {
    Kind.STRING: TEXT,
    Kind.BOOLEAN: st.booleans(),
    Kind.INT: st.integers(-(2**31), 2**31 - 1),
    Kind.LONG: st.integers(-(2**63), 2**63 - 1),
    Kind.DOUBLE: st.integers(0, 10**8).map(lambda each: each / 8),
    Kind.DATETIME: CLOCK,
    Kind.INSTANT: INSTANT,
    Kind.GUID: st.uuids(),
}
GRAMMARS: dict[str, st.SearchStrategy[Any]] = {
    "CurrentDate": INSTANT.map("{:%Y-%m-%d %H:%M:%S}".format),
    "LaunchDate": INSTANT.map("{:%Y-%m-%d %H:%M:%S} (UTC)".format),
    "Duration": st.one_of(SPAN, SPAN.map("{} - (HH:MM:SS)".format)),
    "OwnSoftwareLicenseUsed": st.one_of(st.sampled_from(["True", "False", "true", "0"]), WORD),
    "LogInType": st.sampled_from(["Driver", "Dispatcher", "Undefined"]),
    "Email": WORD.map("{}@example.com".format),
    "company_id": WORD,
    "catalog": WORD,
    "enduser": WORD,
    "serviceuser": WORD,
    "UserName": WORD,
    "Id": WORD,
    "Key": WORD,
    "Password": WORD,
    "password": WORD,
    "device_id": st.just(DEVICE),
    "name": TEXT.filter(bool),
    "_name": TEXT.filter(bool),
    "_usageType": WORD,
}
NEEDED = frozenset({"Email", "CurrentDate", "LaunchDate", "Id", "Key", "UserName", "Password"})
"""Members that an API's own rules ask for, beside those that its messages require."""
OPEN = st.dictionaries(
    WORD.map("x{}".format),
    st.one_of(TEXT.filter(bool), st.integers(-(10**12), 10**12), st.booleans(), st.lists(TEXT, max_size=2)),
    max_size=3,
)


@st.composite
def trees(draw: st.DrawFn, message: Message) -> Tree:
    """A tree that fits ``message``; members that may be left out sometimes are."""
    tree: Tree = draw(OPEN) if message.open else {}
    for member in message.members:
        if member.required or member.key in NEEDED or draw(st.booleans()):
            tree[member.key] = draw(values(member))
    return tree


def values(member: Member) -> st.SearchStrategy[Any]:
    """Values of one member."""
    if member.key in GRAMMARS:
        return GRAMMARS[member.key]
    if member.kind is Kind.ENUM:
        return st.sampled_from(member.choices)
    if member.message is not None:
        return trees(member.message)
    if member.item is not None:
        return st.lists(values(member.item), min_size=1, max_size=3)
    return KINDS[member.kind]


def ordered(tree: Tree, start: str, end: str) -> Tree:
    """The tree with its end not before its start."""
    return {**tree, end: max(tree[start], tree[end])} if tree.get(start) and tree.get(end) else tree


def biot(tree: Tree) -> Tree:
    """A usage session is done when it has an end, and only then says why."""
    done = tree.get("_endTime") is not None and "_startTime" in tree
    summary = {"_stopReason": "Manual", "_stopReasonCode": "COMPLETION"} if done else {}
    kept = {key: value for key, value in tree.get("_summary", {}).items() if not key.startswith("_stop")}
    made = {**tree, "_state": "DONE" if done else "ACTIVE", "_summary": {**kept, **summary}}
    return ordered({key: made[key] for key in made if key != "_endTime" or done}, "_startTime", "_endTime")


def sessions(tree: Tree) -> Tree:
    """No condition on a version; an end after the start; one name for a session."""
    tree = {key: value for key, value in tree.items() if key != "if_match"}
    if "changes" in tree:
        tree["changes"] = ordered({**tree["changes"]}, "started_at", "ended_at")
    return ordered(tree, "started_at", "ended_at")


def appended(tree: Tree) -> Tree:
    """What is opened has a key, every other kind the uid of a session; none of them says another end than its own."""
    tree = sessions(tree)
    changes = {key: value for key, value in tree.get("changes", {}).items() if key not in ("started_at", "ended_at")}
    tree = {**{key: value for key, value in tree.items() if key != "session_uid"}, "changes": changes}
    if tree["kind"] == "opened":
        return tree
    tree.pop("key", None)
    return tree if tree["kind"] == "recorded" else {**tree, "session_uid": OTHER}


FITTED: dict[str, Callable[[Tree], Tree]] = {
    "UserSessionPost": lambda tree: ordered(tree, "LogInTime", "LogOutTime"),
    "createSession": biot,
    "createSessionByUsageType": biot,
    "updateSession": lambda tree: {**biot(tree), "session_id": OTHER},
    "OpenSession": sessions,
    "ChangeSession": lambda tree: {**sessions(tree), "uid": OTHER},
    "EndSession": lambda tree: {**sessions(tree), "uid": OTHER},
    "AppendEvent": appended,
}
"""What an operation's rules ask of a tree that fits its message."""
CONTROLLED = frozenset({"stopSession", "pauseSession", "resumeSession", "deleteSession", "SWServiceLogout"})
"""Writes that say nothing but which session is meant."""
WRITES = [
    (api, operation)
    for api in BUILT.apis.values()
    for operation in api.operations
    if operation.writes and operation.name not in CONTROLLED
]
FORMS = [f"{protocol}:{chosen}" for protocol, formats in FORMATS.items() for chosen in formats]


def principal(api: Api) -> Principal:
    return Principal("ann", api.name, "demo", claims={"tenantId": REALM})


class Store(Memory):
    """As the store's files have it: what is saved is what is read from its text."""

    def save_session(self, session: Session) -> None:
        super().save_session(session_of(session_text(session)))

    def save_token(self, api: str, token: str, session: Session) -> None:
        pass

    def kept(self, slot: str, at: datetime) -> None:
        return None

    def keep(self, slot: object, outcome: object) -> None:
        pass


def caller(api: Api) -> Caller:
    """A caller with one open session of its own."""
    made = Caller(api, principal(api))
    made.store = Store()
    key = Key("biot", REALM, str(OTHER)) if api.name == "biot" else Key("sessions", "", str(OTHER))
    device = {"biot": {"state": "ACTIVE", "initiator": "EXTERNAL"}}
    early = datetime(1950, 1, 1, tzinfo=UTC)
    session = made.put(key, state=State.OPEN, started_at=early, attributes=device if api.name == "biot" else {})
    made.store.sessions.clear()
    made.store.save_session(replace(session, uid=OTHER, device=replace(session.device, device_id=DEVICE)))
    return made


def command(api: Api, operation: Operation, tree: Tree) -> dict[str, Any]:
    return canonical(operation.command(tree, Context(principal(api), NOW)).command)


def beside(form: Form, tree: Tree) -> dict[str, str]:
    members = [each for each in form.operation.request.members if each.location != "body"]
    return {each.name: member_text(tree[each.key]) for each in members if tree.get(each.key) is not None}


def over(form: Form, tree: Tree) -> Tree:
    """The tree as a server has it that was sent ``tree``."""
    return form.read(form.write(tree), beside(form, tree), DEFAULT).tree


NAMES = [f"{api.name}/{operation.name}" for api, operation in WRITES]
CHECKED = settings(
    max_examples=50, deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large]
)


@pytest.mark.parametrize(("api", "operation"), WRITES, ids=NAMES)
@CHECKED
@given(data=st.data())
def test_what_is_sent_is_what_every_reader_sees(api: Api, operation: Operation, data: st.DataObject) -> None:
    tree = fitted(data, operation)
    called = caller(api)
    before = set(called.store.sessions)
    called(operation.name, tree)
    write = operation.command(tree, Context(principal(api), called.at)).command
    assert isinstance(write, Write)
    event = called.store.events[-1]
    assert event.changes == plain(write)["changes"]
    if event.session_uid is None or write.kind is EventKind.DELETED:
        return
    session = called.store.sessions[event.session_uid]
    assert (session.uid in before) is (write.find is not None and session.uid == OTHER)
    kept = set(scalars(plain(session)))
    lost = [leaf.path for leaf in leaves(operation.request, tree) if sought(operation, leaf) and not found(leaf, kept)]
    assert lost == []
    shown_alike(session)


def fitted(data: st.DataObject, operation: Operation) -> Tree:
    tree: Tree = data.draw(trees(operation.request))
    return FITTED.get(operation.name, dict)(tree)


def scalars(value: Any) -> Iterator[Any]:
    """Every scalar in ``value``."""
    if isinstance(value, dict):
        for item in value.values():
            yield from scalars(item)
    elif isinstance(value, list):
        for item in value:
            yield from scalars(item)
    else:
        yield value


UNSEEN = frozenset({"interfacename", "GeneratedAt", "kind", "session_uid", "occurred_at"})
"""Members that say something about the request or its event, not about the session."""


def sought(operation: Operation, leaf: Leaf) -> bool:
    """Whether the session must hold the value of a member as it is."""
    if leaf.member is None:
        return not isinstance(leaf.value, (list, dict))
    if leaf.member.credential or leaf.path in UNSEEN or leaf.value in (None, "", {}, []):
        return False
    if operation.name == "AppendEvent" and leaf.path.startswith(("subject.", "device.", "changes.")):
        return False  # the event's own subject and device win; a recorded fact changes nothing
    return operation.name != "EndSession" or leaf.path != "uid"


def found(leaf: Leaf, kept: set[Any]) -> bool:
    """Whether a value of a member is among those of a session, as canonical data has it."""
    value = leaf.value
    if isinstance(value, NetDateTime):
        return plain(value.instant()) in kept
    if isinstance(value, bool):
        return value in kept or str(value) in kept
    if leaf.path == "key.api" or leaf.member is None:
        return plain(value) in kept
    if leaf.member.key == "OwnSoftwareLicenseUsed":
        return value in kept or value in ("True", "False")
    if leaf.member.key == "Duration":
        return value in kept or seconds(value) in kept
    return plain(value) in kept


def seconds(text: str) -> float:
    hours, minutes, rest = (int(part) for part in text.split(" ", maxsplit=1)[0].split(":"))
    return timedelta(hours=hours, minutes=minutes, seconds=rest).total_seconds()


def shown_alike(session: Session) -> None:
    """The own API shows every field; the session log shows the same person, device and times."""
    view = sessions_answers.session_view(session)
    sessions_answers.message_of(sessions_answers.SessionView).check(view)
    assert plain({**view, "applications": []}) == {
        **{name: plain(getattr(session, name)) for name in view if name not in _PARTS},
        **{name: dict.fromkeys(view[name]) | plain(getattr(session, name)) for name in _PARTS},
        "applications": [],
    }
    entry = mobileconnect.entry(session)
    assert entry["ReferUid"] == view["uid"]
    assert entry["User"] in (view["subject"]["email"], view["subject"]["user_id"])
    for shown, name in (("SessionStart", "started_at"), ("SessionEnd", "ended_at")):
        assert (None if entry[shown].is_min else entry[shown].instant()) == view[name]


_PARTS = ("key", "subject", "device")


@pytest.mark.parametrize("name", FORMS)
@pytest.mark.parametrize(("api", "operation"), WRITES, ids=NAMES)
@settings(CHECKED, max_examples=10)
@given(data=st.data())
def test_every_protocol_carries_every_value(api: Api, operation: Operation, name: str, data: st.DataObject):
    """Where a format has nothing for «not sent», it may say null or a default there; no value may change."""
    protocol, _, chosen = name.partition(":")
    if protocol == "soap" and api.name == "partstream":
        chosen = "1.1"  # the one that it speaks
    form = Form(protocol, chosen, api, operation)
    tree = carried(form, fitted(data, operation))
    body = form.write(tree)
    there = form.read(body, beside(form, tree), DEFAULT).tree
    sent, read = by_path(operation, tree), by_path(operation, there)
    if chosen == "csv":  # an empty text and none are one there
        sent = {path: value for path, value in sent.items() if value != ""}
    assert {path: read.get(path) for path in sent} == sent, body
    if sent.keys() == read.keys() and protocol != "servicestack":
        assert command(api, operation, there) == command(api, operation, tree)


def by_path(operation: Operation, tree: Tree) -> dict[str, Any]:
    """Every value by its path, a date as its instant: ServiceStack's texts do not always say of which kind it is."""
    given = (leaf for leaf in leaves(operation.request, tree) if leaf.value not in ({}, []))
    return {leaf.path: leaf.value.instant() if isinstance(leaf.value, NetDateTime) else leaf.value for leaf in given}


def carried(form: Form, tree: Tree) -> Tree:
    """What of a tree a form has a place for; PartStream's envelopes say themselves which operation is meant."""
    if form.protocol == "soap":
        tree = {key: value for key, value in tree.items() if key != "interfacename"}
    if form.protocol in ("rest", "webapi") and form.format == "json":
        return tree
    return _typed(form, form.operation.request, tree)


def _typed(form: Form, message: Message, tree: Tree) -> Tree:
    """Undeclared members are text in SOAP, and are not in a data contract; what a form cannot leave out is there."""
    kept = {key: value for key, value in tree.items() if key in message.by_key}
    if form.protocol == "soap":
        kept |= {key: value for key, value in tree.items() if key not in kept and isinstance(value, str)}
    for member in message.members:
        if member.key in kept and member.message is not None:
            kept[member.key] = _typed(form, member.message, kept[member.key])
        elif member.key in kept and member.item is not None and member.item.message is not None:
            kept[member.key] = [_typed(form, member.item.message, item) for item in kept[member.key]]
    return kept
