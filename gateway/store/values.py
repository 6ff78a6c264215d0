"""Canonical values to the text that is stored, and exactly back.

The text is JSON. A Decimal, and an object with a name that starts with ``$``, are written as tagged objects
``{"$": tag, "v": ...}``, so that whatever a client sent comes back as it was.
"""

import json
import uuid
from collections.abc import Callable, Mapping, Sequence
from dataclasses import MISSING, Field, fields
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any, NamedTuple, TypeVar

import orjson

from gateway.model import ApplicationUse, Device, EventKind, Key, Session, SessionEvent, State, Subject

T = TypeVar("T")
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)


def _named(value: Any) -> str:
    if isinstance(value, uuid.UUID):
        return str(value)
    if isinstance(value, datetime):
        return value.isoformat().replace("+00:00", "Z")
    raise TypeError(f"{type(value).__name__} has no stored form")


_exact = json.JSONEncoder(separators=(",", ":"), check_circular=False, default=_named).encode


def _write(tree: Any) -> str:
    """JSON text in ASCII; the exact encoder writes what the fast one cannot: other characters, long integers, NaN."""
    try:
        text = orjson.dumps(tree, option=orjson.OPT_UTC_Z | orjson.OPT_PASSTHROUGH_DATACLASS).decode()
    except TypeError:
        return _exact(tree)
    # A float that is no number reads null as well.
    return text if text.isascii() and "null" not in text else _exact(tree)


def micros(instant: datetime) -> int:
    """Microseconds since 1970, exact: how instants are compared and indexed."""
    return (instant - _EPOCH) // _MICROSECOND


def dumps(tree: Any) -> str:
    """``tree`` (JSON data and Decimals) as text."""
    try:
        text = _write(tree)
    except TypeError:
        return _write(_packed(tree))
    # To look for one character takes a tenth of the time.
    return _write(_packed(tree)) if "$" in text and '"$' in text else text


def loads(text: str) -> Any:
    """The tree of a text made by :func:`dumps`."""
    return json.loads(text, object_hook=_unpacked) if '"$' in text else json.loads(text)


def _packed(value: Any) -> Any:
    if isinstance(value, Decimal):
        return {"$": "decimal", "v": str(value)}
    if isinstance(value, Mapping):
        tree = {name: _packed(item) for name, item in value.items()}
        tagged = any(name.startswith("$") for name in tree)
        return {"$": "object", "v": [[name, item] for name, item in tree.items()]} if tagged else tree
    if isinstance(value, (list, tuple)):
        return [_packed(item) for item in value]
    return value


def _unpacked(tree: dict[str, Any]) -> Any:
    if "$" not in tree:
        return tree
    return Decimal(tree["v"]) if tree["$"] == "decimal" else dict(tree["v"])


class _Form(NamedTuple):
    """How one field's value is written and read; nulls and defaults are left out before."""

    write: Callable[[Any], Any]
    read: Callable[[Any], Any]


def _same(value: Any) -> Any:
    return value


def _record(kind: type[T], forms: Mapping[str, _Form], apart: str | None = None) -> _Form:
    """The form of a dataclass: an object of those fields that are not their defaults, without the one that is written
    ``apart``."""
    items = [item for item in fields(kind) if item.name != apart]  # type: ignore[arg-type]
    readers = {name: form.read for name, form in forms.items()}

    def read(tree: dict[str, Any]) -> T:
        return kind(**{name: readers[name](item) if name in readers else item for name, item in tree.items()})

    return _Form(_compiled(items, forms), read)


def _compiled(items: "Sequence[Field[Any]]", forms: Mapping[str, _Form]) -> Callable[[Any], dict[str, Any]]:
    """The writer of a dataclass: one line of Python for each field, since a loop over them takes five times as long."""
    names: dict[str, Any] = {}
    lines: list[str] = []
    for item in items:
        form = forms.get(item.name, _PLAIN)
        value = "item" if form.write is _same else f"_write_{item.name}(item)"
        names |= {f"_write_{item.name}": form.write, f"_default_{item.name}": item.default}
        # Identity tells most defaults from other values; an equal one that is written reads the same.
        default = "" if item.default in (None, MISSING) else f" and item is not _default_{item.name}"
        lines += [f"    item = value.{item.name}", f"    if item is not None{default}:"]
        lines += [f"        tree['{item.name}'] = {value}"]
    exec("\n".join(("def write(value):", "    tree = {}", *lines, "    return tree")), names)  # noqa: S102 - names of fields alone
    write: Callable[[Any], dict[str, Any]] = names["write"]
    return write


_PLAIN = _Form(_same, _same)
_UUID = _Form(_same, uuid.UUID)
_INSTANT = _Form(_same, datetime.fromisoformat)
_TEXTS = _Form(list, tuple)
_DURATION = _Form(lambda value: value // _MICROSECOND, lambda value: timedelta(microseconds=value))
_KEY = _Form(lambda key: [key.api, key.realm, key.id], lambda parts: Key(*parts))
_OPEN_MAP = _Form(lambda value: value if type(value) is dict else dict(value), _same)
_USE = _record(ApplicationUse, {"duration": _DURATION, "attributes": _OPEN_MAP})
_USES = _Form(
    lambda uses: [_USE.write(use) for use in uses],
    lambda trees: tuple(_USE.read(tree) for tree in trees),
)
_SESSION = _record(
    Session,
    {
        "uid": _UUID,
        "key": _KEY,
        "state": _Form(_same, State),
        "recorded_at": _INSTANT,
        "updated_at": _INSTANT,
        "subject": _record(Subject, {"uid": _UUID}),
        "device": _record(Device, {"uid": _UUID}),
        "started_at": _INSTANT,
        "ended_at": _INSTANT,
        "attributes": _OPEN_MAP,
        "applications": _USES,
        "opened_by": _UUID,
        "last_event": _UUID,
    },
    apart="applications",
)
_EVENT = _record(
    SessionEvent,
    {
        "id": _UUID,
        "kind": _Form(_same, EventKind),
        "occurred_at": _INSTANT,
        "recorded_at": _INSTANT,
        "session_uid": _UUID,
        "changes": _OPEN_MAP,
        "notes": _TEXTS,
    },
    apart="position",
)


def uses_text(uses: tuple[ApplicationUse, ...], told: Any = None) -> str:
    """Used applications as stored text: of many sessions the most of it. ``told`` is what
    :func:`gateway.commands.plain` makes of what was sent of them, where the caller knows."""
    if type(told) is list and len(told) == len(uses):
        return dumps([_use_tree(use, tree) for use, tree in zip(uses, told, strict=True)])
    return dumps(_USES.write(uses))


def _use_tree(use: ApplicationUse, told: dict[str, Any]) -> dict[str, Any]:
    """One use: as it was told, but for the unit of its duration, where nothing of its attributes was cleared."""
    if told.get("attributes") != use.attributes:
        tree: dict[str, Any] = _USE.write(use)
        return tree
    return told if use.duration is None else {**told, "duration": use.duration // _MICROSECOND}


def session_text(session: Session, uses: str | None = None) -> str:
    """A session as stored text; ``uses`` is the text of its applications, where the caller has made it already."""
    text = dumps(_SESSION.write(session))
    if not session.applications:
        return text
    return f'{text[:-1]},"applications":{uses_text(session.applications) if uses is None else uses}}}'


def session_of(text: str) -> Session:
    """The session of a stored text."""
    session: Session = _SESSION.read(loads(text))
    return session


def facts_text(facts: Mapping[str, Any]) -> str:
    """Fields of an event that its request alone decides (:class:`gateway.handler.Draft`), as the beginning of the
    event's text."""
    return dumps(facts)[:-1]


def whole_text(facts: str, tenant: str, principal: str, session_uid: uuid.UUID | None) -> str:
    """An event as stored text, of the text of its facts and of what its transaction decides."""
    rest: dict[str, Any] = {"tenant": tenant, "principal": principal}
    if session_uid is not None:
        rest["session_uid"] = session_uid
    return f"{facts},{dumps(rest)[1:]}"


def facts_in(text: str) -> str:
    """The beginning of an event's stored text, as :func:`facts_text` made it. No value behind it can look like what
    begins there, since JSON escapes quotation marks."""
    return text[: text.rfind(_REST)]


_REST = ',"tenant":'


def event_text(event: SessionEvent) -> str:
    """An event as stored text; its position is a column of its own."""
    return dumps(_EVENT.write(event))


def event_of(position: int, text: str) -> SessionEvent:
    """The event of a stored text."""
    event: SessionEvent = _EVENT.read({**loads(text), "position": position})
    return event
