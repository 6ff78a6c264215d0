"""What a write does to a session: a pure function of the session before, the write, and the request's own facts."""

from collections.abc import Mapping
from dataclasses import fields, replace
from decimal import Decimal
from functools import lru_cache
from operator import attrgetter
from typing import Any

from gateway.commands import UNSET, ByKey, ByUid, Write, plain
from gateway.model import ApplicationUse, Device, EventKind, Key, Session, State, Subject, subject_uid
from gateway.outcome import Fault, FaultKind
from gateway.work import Work

_STATES = {
    EventKind.OPENED: State.OPEN,
    EventKind.PAUSED: State.PAUSED,
    EventKind.RESUMED: State.OPEN,
    EventKind.CLOSED: State.CLOSED,
    EventKind.DELETED: State.CLOSED,
}
_EMPTY: Mapping[str, Any] = {"subject": Subject(), "device": Device(), "applications": ()}
_PLAIN = (
    "attributes",
    "started_at",
    "ended_at",
    "name",
    "stop_reason",
    "stop_code",
    "start_mileage",
    "end_mileage",
    "mode",
    "index",
)
_COMPOSED = frozenset({"attributes", "applications"})
"""Of these a session does not keep the very value that was sent."""
_CHANGEABLE = frozenset({*_EMPTY, *_PLAIN})
_KNOWN = _CHANGEABLE | {"state"}
_FIELDS = tuple(item.name for item in fields(Session))
_fields_of = attrgetter(*_FIELDS)


def changed(work: Work, write: Write, tenant: str, before: Session | None, made: Session | None = None) -> Session:
    """The session as a write leaves it; ``before`` is None when the write makes it.

    ``made`` is what the write would have made, where the caller knows. Raises a Fault of kind ``internal`` for a change
    that names no field of a session: a bug of the API.
    """
    changes = {name: value for name, value in write.changes.items() if value is not UNSET}
    if not _KNOWN.issuperset(changes):
        unknown = sorted(changes.keys() - _KNOWN)
        raise Fault(FaultKind.INTERNAL, log=f"{work.operation.name} sets no field of a session: {unknown}")
    state = changes.pop("state", None) or _STATES.get(write.kind)
    replaces = write.replace and before is not None
    old = before.attributes if before is not None and not replaces else {}
    values = {**dict.fromkeys(_CHANGEABLE), **changes} if replaces else changes
    for name in [name for name, value in values.items() if value is None or name in _COMPOSED]:
        values[name] = _changed(name, old, values[name])
    if made is not None and made.applications and "applications" in changes:
        # The same, not only equal: their text is made already.
        values["applications"] = made.applications
    if "subject" in values:
        values["subject"] = _named(values["subject"], tenant)
    if before is None:
        return _made(work, write, tenant, state or State.OPEN, values)
    reopened = write.kind is EventKind.OPENED and not before.is_open
    values |= {
        "state": state or before.state,
        "version": before.version + 1,
        "updated_at": work.received_at,
        "last_event": work.event_id,
        "opened_by": work.event_id if reopened else before.opened_by,
    }
    return Session(**{**dict(zip(_FIELDS, _fields_of(before), strict=True)), **values})


def _made(work: Work, write: Write, tenant: str, state: State, values: Mapping[str, Any]) -> Session:
    find = write.find
    uid = find.uid if isinstance(find, ByUid) else work.session_uid
    key = write.key or (find.key if isinstance(find, ByKey) else Key(work.api.name, "", ""))
    return Session(
        uid=uid,
        tenant=tenant,
        key=key if key.id else Key(key.api, key.realm, str(uid)),
        state=state,
        recorded_at=work.received_at,
        updated_at=work.received_at,
        opened_by=work.event_id,
        last_event=work.event_id,
        **values,
    )


def _changed(name: str, old: Mapping[str, Any], value: Any) -> Any:
    """A field's new value; ``old`` is what the sent attributes are laid over."""
    if name == "attributes":
        return merged(old, value) if value is not None else {}
    if value is None:
        return _EMPTY.get(name)
    if name == "applications":
        return tuple([use if _is_flat(use.attributes) else _use(use) for use in value])
    return value


def _use(use: ApplicationUse) -> ApplicationUse:
    return replace(use, attributes=merged({}, use.attributes))


def _is_flat(attributes: Mapping[str, Any]) -> bool:
    """Whether attributes are what is stored already: texts alone, as nearly always."""
    return type(attributes) is dict and _TEXT.issuperset(map(type, attributes.values()))


_TEXT = frozenset({str})


def _named(subject: Subject, tenant: str) -> Subject:
    text = (subject.email or "").strip() or (subject.user_id or "").strip()
    if subject.uid is not None or not text:
        return subject
    return Subject(_uid(tenant, text), subject.email, subject.user_id, subject.role)


_uid = lru_cache(4096)(subject_uid)


def merged(old: Mapping[str, Any], new: Mapping[str, Any]) -> dict[str, Any]:
    """``old`` with ``new`` laid over it, nested objects too; a null in ``new`` clears its name."""
    result = dict(old)
    for name, value in new.items():
        if type(value) is str:
            result[name] = value
        elif value is None or value is UNSET:
            if value is None:
                result.pop(name, None)
        elif type(value) is dict or isinstance(value, Mapping):
            below = result.get(name)
            result[name] = merged(below if isinstance(below, Mapping) else {}, value)
        else:
            result[name] = _json(value)
    return result


def _json(value: Any) -> Any:
    """``value`` as the JSON that is stored; a null inside a list is a value and stays."""
    if value is None or isinstance(value, (str, bool, int, float, Decimal)):
        return value.value if isinstance(value, State) else value
    if isinstance(value, Mapping):
        return {str(name): _json(item) for name, item in value.items() if item is not UNSET}
    if isinstance(value, (list, tuple)):
        return [_json(item) for item in value]
    return plain(value)
