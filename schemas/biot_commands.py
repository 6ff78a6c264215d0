"""BioT's requests as canonical commands: what a tree sets, in the names of a session.

An update is partial: what is absent stays, null clears, custom attributes merge key by key. All that BioT alone knows
of a session is kept under ``attributes.biot``.
"""

from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any

from gateway.spi import (
    ByKey,
    Context,
    Device,
    EventKind,
    GetSession,
    Key,
    Mapped,
    Missing,
    Note,
    Probe,
    Retry,
    State,
    Subject,
    Tree,
    Write,
)
from schemas.biot_answers import realm_of, template_id
from schemas.biot_codes import refusal
from schemas.biot_options import Options
from schemas.biot_rules import EXTERNAL, STATE_OF
from schemas.instants import utc

_FIELDS = {"_startTime": "started_at", "_endTime": "ended_at", "_state": "state", "_name": "name"}
_STOP = {"_stopReason": "stop_reason", "_stopReasonCode": "stop_code"}
_OWN = frozenset(
    {"device_id", "session_id", "_summary", "_configuration", "_templateId", "_usageType", "_patient", *_FIELDS}
)
_KINDS = {State.CLOSED: EventKind.CLOSED, State.PAUSED: EventKind.PAUSED}


def update(options: Options, tree: Tree, context: Context) -> Mapped:
    """The write of an ``updateSession``. Raises ATTRIBUTE_IS_MANDATORY when the strict table is asked for."""
    if options.strict_required:
        _require(tree, "_startTime", "_state")
    changes = changes_of(tree)
    kind = _KINDS.get(changes.get("state", State.OPEN), EventKind.UPDATED)
    write = Write(
        kind=kind,
        find=ByKey(key_of(tree, context)),
        missing=Missing.REFUSE,
        changes=changes,
        occurred_at=changes.get("ended_at") if kind is EventKind.CLOSED else None,
        retry=Retry.NONE,
        facts={"device_id": tree["device_id"], "id": str(tree["session_id"])},
    )
    return Mapped(write, tuple(_notes(tree)))


def create(tree: Tree, context: Context) -> Mapped:
    """The write of a ``createSession``; the new session's id is its uid."""
    return made(tree, context, {"template_id": str(tree["_templateId"]), "initiator": EXTERNAL})


def create_by_usage_type(options: Options, tree: Tree, context: Context) -> Mapped:
    """The write of a ``createSessionByUsageType``. Raises a Fault for a name that is no usage type."""
    name = tree["_usageType"]
    found = options.usage_types.get(name) if options.usage_types else template_id(name)
    if found is None:
        text = f"There is no template [{name}]"
        raise refusal("SESSION_TEMPLATE_NOT_FOUND_BY_USAGE_TYPE", text, entityName=name)
    return made(tree, context, {"template_id": found, "template_name": name, "initiator": EXTERNAL})


def made(tree: Tree, context: Context, origin: Mapping[str, str], moment: Mapping[str, Any] | None = None) -> Mapped:
    """The write that makes a session: what the request sets, where it comes from, and what the moment adds."""
    changes = {**changes_of(tree), **(moment or {})}
    biot = {**changes.get("attributes", {}).get("biot", {}), **origin}
    changes |= {"device": Device(device_id=tree["device_id"]), "attributes": {"biot": biot}}
    if tree.get("_patient"):
        changes["subject"] = Subject(uid=tree["_patient"]["id"])
    write = Write(
        kind=EventKind.CLOSED if changes["state"] is State.CLOSED else EventKind.OPENED,
        key=Key("biot", realm_of(context), ""),
        missing=Missing.CREATE,
        changes=changes,
        occurred_at=changes["started_at"],
        facts={"device_id": tree["device_id"]},
    )
    return Mapped(write, tuple(_notes(tree)))


def get(tree: Tree, context: Context) -> Mapped:
    """The read of a ``getSession``."""
    return Mapped(GetSession(ByKey(key_of(tree, context))))


def delete(tree: Tree, context: Context) -> Mapped:
    """The write of a ``deleteSession``; the session's events stay."""
    facts = {"device_id": tree["device_id"]}
    return Mapped(Write(EventKind.DELETED, ByKey(key_of(tree, context)), facts=facts))


def health(tree: Tree, context: Context) -> Mapped:
    """A read that asks for nothing, but needs a store that answers."""
    return Mapped(Probe())


def key_of(tree: Tree, context: Context) -> Key:
    """The key of the session in the path, within the account of the caller's token."""
    return Key("biot", realm_of(context), str(tree["session_id"]))


def changes_of(tree: Tree) -> dict[str, Any]:
    """What a request sets, in canonical names; all that BioT alone knows is under ``attributes.biot``."""
    summary = tree.get("_summary", {})
    changes = {name: _canonical(key, tree[key]) for key, name in _FIELDS.items() if key in tree}
    changes |= {name: (summary or {}).get(key) for key, name in _STOP.items() if summary is None or key in summary}
    attributes = {name: part for name, part in _attributes(tree) if part is None or part}
    return {**changes, "attributes": {"biot": attributes}} if attributes else changes


def _canonical(key: str, value: Any) -> Any:
    if key == "_state":
        return STATE_OF[value]
    return utc(value, key) if isinstance(value, datetime) else value


def _attributes(tree: Tree) -> Iterator[tuple[str, Any]]:
    if "_state" in tree:
        yield "state", tree["_state"]
    yield "custom", {name: value for name, value in tree.items() if not name.startswith("_") and name not in _OWN}
    yield "other", {name: tree[name] for name in _unknown(tree)}
    if "_configuration" in tree:
        yield "configuration", tree["_configuration"]
    if "_summary" in tree:
        summary = tree["_summary"]
        yield "summary", None if summary is None else {key: summary[key] for key in summary if key not in _STOP}


def _unknown(tree: Tree) -> list[str]:
    return [name for name in tree if name.startswith("_") and name not in _OWN]


def _notes(tree: Tree) -> Iterator[Note]:
    return (Note("ignored_member", name) for name in _unknown(tree))


def _require(tree: Tree, *names: str) -> None:
    for name in names:
        if name not in tree:
            raise refusal("ATTRIBUTE_IS_MANDATORY", f"{name} is mandatory", attributeName=name)
