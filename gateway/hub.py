"""Canonical writes in the terms of the gateway's own API, which is where every API's requests can go on to."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import fields
from datetime import timedelta
from typing import Any

from gateway.commands import UNSET, ByKey, ByToken, ByUid, Missing, Retry, Write, plain
from gateway.model import ApplicationUse, Device, EventKind, Key, State, Subject
from gateway.outcome import Fault, FaultKind
from schemas.message import Tree

API = "sessions"


def append_event(write: Write) -> Tree:
    """The request AppendEvent that says what ``write`` says. Raises a Fault where it cannot."""
    changes = _part("changes", _changes(write))
    tree: Tree = {"kind": write.kind.value}
    if write.occurred_at is not None:
        tree["occurred_at"] = write.occurred_at
    if write.kind is EventKind.OPENED:
        tree |= {"key": _key(write.key)} if write.key is not None else {}
    elif isinstance(write.find, ByUid):
        tree["session_uid"] = write.find.uid
    elif isinstance(write.find, ByKey):
        tree["key"] = _key(write.find.key)
    elif write.kind is not EventKind.RECORDED:
        raise _refused(f"an event of kind {write.kind.value} needs a session that is there; use OpenSession")
    return {**tree, **changes}


def open_session(write: Write) -> Tree:
    """The request OpenSession that says what ``write`` says. Raises a Fault for a write that makes no session."""
    if write.missing is not Missing.CREATE or write.kind is EventKind.RECORDED:
        raise _refused("the request makes no session; use AppendEvent")
    tree = _changes(write)
    if write.kind is EventKind.CLOSED:
        tree.setdefault("state", State.CLOSED.value)
    return {**tree, **({"key": _key(write.key)} if write.key is not None else {})}


TARGETS: Mapping[str, Callable[[Write], Tree]] = {"AppendEvent": append_event, "OpenSession": open_session}
"""The operations of the gateway's own API that can take over another API's write."""


def differences(write: Write, operation: str) -> Iterator[str]:
    """What the target does not do that the request asks for, beside members that it has no place for."""
    creates = operation == "OpenSession"
    if creates and write.find is not None:
        yield "the session that is there is not looked for: a new one is made"
    elif not creates and write.missing is Missing.CREATE and write.kind is not EventKind.OPENED:
        yield "a session that is not there is not made: the event is refused"
    if write.replace and not creates:
        yield "attributes that are left out stay as they are"
    if write.grants:
        yield "no session secret is handed out"
    if write.retry is not Retry.NONE:
        yield "a repeat is not recognised by its content: send an Idempotency-Key"
    if write.facts:
        yield f"not compared with the session: {', '.join(sorted(write.facts))}"


def _refused(text: str) -> Fault:
    return Fault(FaultKind.UNSUPPORTED, text)


def _key(key: Key) -> Tree:
    return {"api": key.api, "realm": key.realm, "id": key.id}


def _changes(write: Write) -> Tree:
    if isinstance(write.find, ByToken):
        raise _refused("the request names its session by a secret, which the gateway's own API does not know")
    sent = {name: value for name, value in write.changes.items() if value is not UNSET}
    if write.replace and write.find is not None:
        sent = {**_CLEARED, **sent}
    return {name: _plain(value) for name, value in sent.items() if value is not None or name not in _LISTS}


_CLEARED: Mapping[str, Any] = dict.fromkeys(("name", "stop_reason", "stop_code", "mode", "index"))
"""What a write that replaces a session clears, where it does not say otherwise."""
_LISTS = frozenset({"attributes", "applications"})
"""Members of the target that may be left out, but not null."""


def _plain(value: Any) -> Any:
    if isinstance(value, (Subject, Device)):
        return _members(value)
    if isinstance(value, State):
        return value.value
    if isinstance(value, tuple):
        return [_members(item) if isinstance(item, ApplicationUse) else item for item in value]
    return plain(value) if isinstance(value, Mapping) else value


def _members(value: Any) -> Tree:
    found = {item.name: getattr(value, item.name) for item in fields(value)}
    return {name: _member(item) for name, item in found.items() if item is not None and item != {}}


def _member(value: Any) -> Any:
    if isinstance(value, timedelta):
        return value.total_seconds()
    return plain(value) if isinstance(value, Mapping) else value


def _part(name: str, tree: Tree) -> Tree:
    return {name: tree} if tree else {}
