"""Where the members of an answer come from, found by trying: one part of what is answered is changed at a time."""

from collections.abc import Callable, Iterator
from dataclasses import MISSING, fields, is_dataclass, replace
from datetime import datetime, timedelta
from decimal import Decimal
from enum import Enum
from typing import Any
from uuid import UUID

from docs.mapping_probe import CONTEXT, MOMENT, Flat, Probe, places, run, starred
from gateway.changes import merged
from gateway.commands import Write
from gateway.model import ApplicationUse, Device, EventKind, Key, Session, SessionEvent, State, Subject
from gateway.outcome import Fault, Outcome
from schemas.api import Api, Asked, Operation
from schemas.leaves import Keys
from schemas.message import Message, Tree

_UID, _OTHER = UUID(int=7 << 64), UUID(int=8 << 64)
_EVENT = SessionEvent(
    _UID, "demo", EventKind.UPDATED, MOMENT, MOMENT, "a", "b", "c", "d", _UID, {"probe": "e"}, ("f",), "g", "h", 3
)


def _session(api: Api, attributes: dict[str, Any]) -> Session:
    text = str(UUID(int=9 << 64))
    return Session(
        uid=_UID,
        tenant="demo",
        key=Key(api.name, "realm", text),
        state=State.CLOSED,
        recorded_at=MOMENT,
        updated_at=MOMENT,
        subject=Subject(_UID, "ann@example.com", "ann", "Driver"),
        device=Device(_UID, "serial", text, "kind", "device"),
        started_at=MOMENT - timedelta(hours=2),
        ended_at=MOMENT - timedelta(hours=1),
        name="name",
        stop_reason="reason",
        stop_code="COMPLETION",
        start_mileage=1,
        end_mileage=2,
        mode="mode",
        index="index",
        attributes=attributes,
        applications=(ApplicationUse("n", "k", timedelta(1), True, "v", "s", "i", "o", {"probe": "y"}),),
    )


def _attributes(api: Api) -> dict[str, Any]:
    """What the API's own writes keep in a session's attributes."""
    found: dict[str, Any] = {}
    for operation in api.operations:
        for tree in Probe.of(operation).trees[::-1] if operation.writes else ():
            command = operation.command(tree, CONTEXT).command
            if isinstance(command, Write):
                found = merged(found, command.changes.get("attributes") or {})
    return found


def answered(operation: Operation, tree: Tree, session: Session | None = None, **changed: Any) -> Flat | None:
    """The members of the answer to ``tree``, flat; None when the answer is a fault."""
    if run(operation, tree) is None:
        return None
    made = session or _session(_NAMELESS, {})
    event = changed.pop("event", _EVENT)
    parts = {"total": 3, "next": "5", "created": True, **changed.pop("outcome", {})}
    outcome = Outcome(made, event, sessions=(made,), events=(event,), **parts)
    asked = Asked(tree, replace(CONTEXT, **changed.pop("context", {})), "http://base.example", "0" * 32)
    try:
        answer = operation.present(outcome, replace(asked, **changed))
    except Fault:
        return None
    return {} if answer.tree is None else _named(answer.message or operation.answer, answer.tree)


_NAMELESS = Api("probe", "", (), (), (), {})


def compared(operation: Operation, tree: Tree) -> bool:
    """Whether ``tree`` is refused only because of the session that was found."""
    return run(operation, tree) is not None and answered(operation, tree) is None


def _named(message: Message, tree: Tree) -> Flat:
    """The answer's values by the paths of its members."""
    return {place.path: repr(_at(message, tree, place.keys)) for place in places(message)}


def _at(message: Message | None, value: Any, keys: Keys) -> Any:
    """What stands at ``keys``; for the members that an open message keeps undeclared, all of them."""
    key, rest = keys[0], keys[1:]
    if isinstance(key, int):
        below = value[key] if isinstance(value, (list, tuple)) and len(value) > key else None
        return _at(message, below, rest) if rest else below
    if not isinstance(value, dict):
        return None
    member = message.by_key.get(key) if message is not None else None
    if member is None:
        return {name: item for name, item in value.items() if message is None or name not in message.by_key}
    inner = member.message or (member.item.message if member.item is not None else None)
    return _at(inner, value.get(key), rest) if rest else value.get(key)


def answer_rows(api: Api, probe: Probe) -> Iterator[tuple[str, str]]:
    """A row for each member of the answer: its name, and what it changes with."""
    operation = probe.operation
    names = [place.path for place in places(operation.answer)]
    sources = [each for base in _bases(_session(api, _attributes(api))) for each in _sources(probe, base)]
    for name in names:
        found = list(dict.fromkeys(starred(source) for source, changed in sources if name in changed))
        shown = [f"``{source}``" for source in found if " " not in source]
        yield f"``{name}``", "; ".join([*shown, *(source for source in found if " " in source)]) or CONSTANT


CONSTANT = "the same in every answer, but for settings"


def _bases(session: Session) -> Iterator[Session]:
    """The session; ones that lack what is shown first; and one whose instants are those of its attributes."""
    yield session
    yield replace(session, subject=replace(session.subject, email=None), device=replace(session.device, device_id=None))
    yield replace(session, device=replace(session.device, device_id=None, serial=None))
    sent = MOMENT - timedelta(days=9)
    yield replace(session, started_at=sent, ended_at=sent)


def _sources(probe: Probe, session: Session) -> list[tuple[str, set[str]]]:
    """What may be changed, by name, and the members of the answer that change with it."""
    operation, tree = probe.operation, _matching(probe.trees[0], session)
    base = answered(operation, tree, session)
    found = [(path, _differs(operation, base, tree, other)) for path, other in _varied(session)]
    found += [
        (f"event.{path}", _changed(base, answered(operation, tree, session, event=event)))
        for path, event in _varied(_EVENT)
    ]
    found += [(text, _changed(base, answered(operation, tree, session, **how))) for text, how in _TOLD.items()]
    for place in probe.places:
        looked = probe.differing(place, lambda each: answered(operation, _matching(each, session), session))
        found.append((f"the request's ``{place.path}``", looked))
    return found


_TOLD: dict[str, dict[str, Any]] = {
    "the number of all matches": {"outcome": {"total": 99_999}},
    "the cursor of the next page": {"outcome": {"next": None}},
    "the moment": {"context": {"received_at": MOMENT + timedelta(days=1)}},
    "the session's secret, handed out once": {"context": {"secret": "1" * 32}},
    "the id of the request": {"correlation_id": "1" * 32},
}


def _matching(tree: Tree, session: Session) -> Tree:
    """The request, about this very session's device where it names one beside the body."""
    return {**tree, "device_id": session.device.device_id} if "device_id" in tree else tree


def _differs(operation: Operation, base: Flat | None, tree: Tree, other: Session) -> set[str]:
    return _changed(base, answered(operation, _matching(tree, other), other))


def _changed(one: Flat | None, two: Flat | None) -> set[str]:
    return set() if one is None or two is None else {name for name in one if one[name] != two.get(name)}


def _varied(value: Any, path: str = "", optional: bool = True) -> Iterator[tuple[str, Any]]:
    """``value`` once for each of its parts, with that part changed, and the part's path."""
    if is_dataclass(value) and not isinstance(value, type):
        for item in fields(value):
            may_miss = item.default is not MISSING or item.default_factory is not MISSING
            for below, other in _varied(getattr(value, item.name), _joined(path, item.name), may_miss):
                yield below, replace(value, **{item.name: other})
    elif isinstance(value, dict) and value:
        for name, part in value.items():
            for below, other in _varied(part, _joined(path, name)):
                yield below, {**value, name: other}
    elif isinstance(value, tuple) and value and is_dataclass(value[0]):
        for below, other in _varied(value[0], f"{path}[]", False):
            yield below, (other, *value[1:])
    else:
        yield from ((path, other) for other in _others(value, optional))


def _joined(path: str, name: str) -> str:
    return f"{path}.{name}" if path else name


def _others(value: Any, optional: bool) -> Iterator[Any]:
    """Values like ``value``, and none at all where there may be none."""
    if isinstance(value, Enum):
        yield from (each for each in type(value) if each is not value)
        return
    for kind, change in _CHANGES:
        if isinstance(value, kind):
            yield change(value)
            break
    if optional and value is not None and not isinstance(value, bool):
        yield None


_CHANGES: tuple[tuple[Any, Callable[[Any], Any]], ...] = (
    (bool, lambda value: not value),
    ((int, Decimal), lambda value: value + 1),
    (UUID, lambda value: _OTHER),
    (datetime, lambda value: value + timedelta(minutes=7)),
    (timedelta, lambda value: value * 2),
    (str, lambda value: str(_OTHER) if len(value) == len(str(_OTHER)) else f"{value}x"),
    ((tuple, list), lambda value: type(value)((*value, "x"))),
)
