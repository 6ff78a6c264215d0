"""Canonical commands: what a request asks for, free of any protocol. A command is a write or a read."""

import hashlib
import json
import uuid
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, fields, is_dataclass
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from enum import Enum, StrEnum
from math import isfinite
from operator import attrgetter
from typing import Any, Protocol, TypeAlias

import orjson

from gateway.model import EventKind, Key, Session, State
from gateway.quick import quick


class Unset(Enum):
    """The type of :data:`UNSET`, which means «not sent»; ``None`` means «sent as null»."""

    UNSET = "unset"

    def __bool__(self) -> bool:
        return False


UNSET = Unset.UNSET


@quick
@dataclass(frozen=True, slots=True)
class ByKey:
    """The latest session with this key; with ``open_only`` the latest one that has not ended."""

    key: Key
    open_only: bool = False


@quick
@dataclass(frozen=True, slots=True)
class ByUid:
    """The session with this public uid."""

    uid: uuid.UUID


@quick
@dataclass(frozen=True, slots=True)
class ByToken:
    """The session whose secret, handed out when it was opened, has this SHA-256 (hex)."""

    api: str
    digest: str


Find: TypeAlias = ByKey | ByUid | ByToken


class Missing(StrEnum):
    """What a write does when the session that it names does not exist."""

    CREATE = "create"
    REFUSE = "refuse"


class Retry(StrEnum):
    """When a repeated write is the same write again.

    ``NONE``: never. ``WINDOW``: whenever the same command was accepted within the retry window. ``LATEST``: only
    while its event is still the session's latest, so that A, B, A are three changes and A, A is one.
    """

    NONE = "none"
    WINDOW = "window"
    LATEST = "latest"


@quick
@dataclass(frozen=True, slots=True)
class Write:
    """A change to one session, or a fact about it; becomes one event.

    ``changes`` maps canonical names (fields of :class:`gateway.model.Session`) to values; a name that is absent was
    not sent. ``attributes`` among them merge key by key, nested objects too, and a null clears. With ``replace``
    every field that is absent is cleared. ``facts`` are what the operation's check needs to know and what changes
    nothing. ``grants`` asks for a session secret, handed out once in the answer and stored hashed. ``volatile`` names
    the changes that were made of the moment of arrival: the same write, sent again, differs in them alone.
    """

    kind: EventKind
    find: Find | None = None
    key: Key | None = None
    missing: Missing = Missing.REFUSE
    changes: Mapping[str, Any] = field(default_factory=dict)
    replace: bool = False
    occurred_at: datetime | None = None
    retry: Retry = Retry.NONE
    grants: bool = False
    facts: Mapping[str, Any] = field(default_factory=dict)
    volatile: tuple[str, ...] | None = None


class Order(StrEnum):
    """Orders of a list of sessions, by :attr:`gateway.model.Session.sort_at`."""

    NEWEST = "newest"
    OLDEST = "oldest"


@dataclass(frozen=True, slots=True)
class SessionFilter:
    """Which sessions a list holds; ``None`` is «any», and a filter never matches an unknown.

    ``client`` matches the device's id, serial number or vehicle. Both bounds of ``sort_at`` and of ``started`` are
    inclusive.
    """

    subject_uid: uuid.UUID | None = None
    client: str | None = None
    started_from: datetime | None = None
    started_to: datetime | None = None
    open_only: bool = False
    state: State | None = None
    api: str | None = None
    user: str | None = None


@dataclass(frozen=True, slots=True)
class ListSessions:
    """One page of sessions of the caller's tenant: by ``offset``, or after the opaque ``cursor`` of an earlier page."""

    where: SessionFilter = SessionFilter()
    order: Order = Order.NEWEST
    limit: int = 100
    offset: int = 0
    cursor: str | None = None
    count: bool = False


class Pick(Protocol):
    """Which sessions a search wants, in which order, and which of them belong together; a frozen value."""

    def rank(self, session: Session) -> tuple[Any, ...] | None:
        """What the session is sorted by, the least first; None when it is not wanted."""

    def group(self, session: Session) -> str | None:
        """The group that pages are made of, where they are not made of sessions; None throughout otherwise."""


@dataclass(frozen=True, slots=True)
class SearchSessions:
    """One page of those sessions of the caller's tenant that ``pick`` wants, in its order; ``total`` counts them all.

    ``where`` is what the store can tell apart by itself; ``pick`` looks at each session that is left, and at most at
    ``reach`` of them: a search that would have to look at more is refused. ``limit`` and ``offset`` count groups where
    the pick makes groups; then all sessions of the page's groups are given, if they are no more than ``most``.
    """

    pick: Pick
    where: SessionFilter = SessionFilter()
    limit: int = 100
    offset: int = 0
    reach: int = 100_000
    most: int = 10_000


@dataclass(frozen=True, slots=True)
class GetSession:
    """One session of the caller's tenant. When there is none: a fault of kind ``not_found``, or, when ``optional``, an
    outcome without a session."""

    find: Find
    optional: bool | None = None


@dataclass(frozen=True, slots=True)
class ListEvents:
    """Events of the caller's tenant after a position, in order; of one session when ``session_uid`` is given."""

    session_uid: uuid.UUID | None = None
    after: int = 0
    limit: int = 100


@dataclass(frozen=True, slots=True)
class Probe:
    """Asks for nothing but a store that answers; the one read that needs no caller."""


Read: TypeAlias = Probe | ListSessions | SearchSessions | GetSession | ListEvents
Command: TypeAlias = Write | Read


def _instant(value: datetime) -> str:
    if value.tzinfo is UTC:
        # The same text in a quarter of the time.
        return orjson.dumps(value, option=orjson.OPT_UTC_Z)[1:-1].decode()
    return value.isoformat().replace("+00:00", "Z")


_AS_IT_IS = frozenset({type(None), str, bool, int, float})


def _object(value: Mapping[Any, Any]) -> dict[str, Any]:
    if not value:
        return {}
    return {
        name if type(name) is str else str(name): item if (kind := type(item)) in _AS_IT_IS else _WRITERS[kind](item)
        for name, item in value.items()
    }


def _array(value: Iterable[Any]) -> list[Any]:
    return [item if (kind := type(item)) in _AS_IT_IS else _WRITERS[kind](item) for item in value]


class _Writers(dict[type, Callable[[Any], Any]]):
    """How a value of each type is written; other types are added when they are met first."""

    def __missing__(self, kind: type) -> Callable[[Any], Any]:
        made = self[kind] = _writer(kind)
        return made


_WRITERS = _Writers(
    {
        datetime: _instant,
        uuid.UUID: str,
        Decimal: str,
        timedelta: timedelta.total_seconds,
        bytes: bytes.hex,
        dict: _object,
        list: _array,
        tuple: _array,
    }
)


def plain(value: Any) -> Any:
    """``value`` as JSON-ready data in the canonical model's names; unset and null dataclass fields are left out."""
    kind = type(value)
    return value if kind in _AS_IT_IS else _WRITERS[kind](value)


def plain_changes(write: Write) -> dict[str, Any]:
    """The changes of a write as JSON-ready data, those alone that were sent."""
    return {
        name: item if (kind := type(item)) in _AS_IT_IS else _WRITERS[kind](item)
        for name, item in write.changes.items()
        if item is not UNSET
    }


def _writer(kind: type) -> Callable[[Any], Any]:
    if issubclass(kind, Enum):
        return attrgetter("_value_")
    if issubclass(kind, (str, int, float)):
        return lambda value: value
    if is_dataclass(kind):
        return _record(tuple(item.name for item in fields(kind)))
    if issubclass(kind, Mapping):
        return _object
    if issubclass(kind, (list, tuple)):
        return _array
    if issubclass(kind, (frozenset, set)):
        return lambda value: _array(sorted(value))
    return next((write for known, write in _WRITERS.items() if issubclass(kind, known)), _no_form)


def _record(names: tuple[str, ...]) -> Callable[[Any], dict[str, Any]]:
    """The writer of a dataclass: one line of Python for each field, since a loop over them takes twice as long."""
    lines = ["def write(value):", "    tree = {}"]
    for name in names:
        lines += [f"    item = value.{name}", "    kind = type(item)"]
        lines += ["    if kind is str:", f"        tree['{name}'] = item"]
        lines += ["    elif item is not None and item is not UNSET:"]
        lines += [f"        tree['{name}'] = item if kind in _AS_IT_IS else _WRITERS[kind](item)"]
    known: dict[str, Any] = {"UNSET": UNSET, "_AS_IT_IS": _AS_IT_IS, "_WRITERS": _WRITERS}
    exec("\n".join((*lines, "    return tree")), known)  # noqa: S102 - names of fields alone
    write: Callable[[Any], dict[str, Any]] = known["write"]
    return write


def _no_form(value: Any) -> Any:
    raise TypeError(f"no canonical form for {type(value).__name__}")


def canonical(command: Command) -> dict[str, Any]:
    """The command as JSON-ready data, with its type's name; the form kept in golden cases."""
    return {"command": type(command).__name__, **plain(command)}


_exact = json.JSONEncoder(sort_keys=True, separators=(",", ":"), ensure_ascii=False, default=plain).encode
_COMPACT = orjson.OPT_SORT_KEYS | orjson.OPT_PASSTHROUGH_DATACLASS


def _sorted_text(tree: Any) -> bytes:
    """JSON with sorted names; the exact encoder writes what the fast one cannot: halves of characters, long integers,
    and floats that are no numbers, which it makes null."""
    try:
        text = orjson.dumps(tree, plain, _COMPACT)
    except TypeError:
        return _exact(tree).encode("utf-8", "surrogatepass")
    return _exact(tree).encode() if text.find(b"null") >= 0 and _holds_no_number(tree) else text


def _holds_no_number(tree: Any) -> bool:
    """Whether a float in an object or array is none of the numbers that JSON knows."""
    for item in tree.values() if isinstance(tree, dict) else tree:
        if isinstance(item, (dict, list, tuple, float)) and (
            not isfinite(item) if isinstance(item, float) else _holds_no_number(item)
        ):
            return True
    return False


def natural_key(command: Write, *scope: str, changes: Mapping[str, Any] | None = None) -> str:
    """SHA-256 (hex) of the canonical command within ``scope`` (principal, API, operation); it holds no credentials.

    Volatile changes do not count. ``changes`` is ``plain(command.changes)``, where the caller has made it already.
    """
    lasting = plain(command.changes) if changes is None else changes
    if command.volatile:
        lasting = {name: value for name, value in lasting.items() if name not in command.volatile}
    return hashlib.sha256(_sorted_text([scope, _tree(command, lasting)])).hexdigest()


def _tree(command: Write, changes: Mapping[str, Any]) -> dict[str, Any]:
    """``plain(command)`` with other changes. Name by name, since this is asked of every write."""
    tree = {
        "kind": command.kind._value_,
        "missing": command.missing._value_,
        "changes": changes,
        "replace": command.replace,
        "retry": command.retry._value_,
        "grants": command.grants,
        "facts": plain(command.facts) if command.facts else {},
    }
    if command.find is not None:
        tree["find"] = _find(command.find)
    if command.key is not None:
        tree["key"] = _key(command.key)
    if command.occurred_at is not None:
        tree["occurred_at"] = _instant(command.occurred_at)
    if command.volatile is not None:
        tree["volatile"] = command.volatile
    return tree


def _find(find: Find) -> Any:
    return {"key": _key(find.key), "open_only": find.open_only} if isinstance(find, ByKey) else plain(find)


def _key(key: Key) -> dict[str, str]:
    return {"api": key.api, "realm": key.realm, "id": key.id}
