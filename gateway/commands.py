"""Canonical commands: what a request asks for, free of any protocol. A command is a write or a read."""

import hashlib
import json
import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, fields, is_dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from enum import Enum, StrEnum
from functools import cache
from typing import Any, Protocol, TypeAlias

from gateway.model import EventKind, Key, Session, State


class Unset(Enum):
    """The type of :data:`UNSET`, which means «not sent»; ``None`` means «sent as null»."""

    UNSET = "unset"

    def __bool__(self) -> bool:
        return False


UNSET = Unset.UNSET


@dataclass(frozen=True, slots=True)
class ByKey:
    """The latest session with this key; with ``open_only`` the latest one that has not ended."""

    key: Key
    open_only: bool = False


@dataclass(frozen=True, slots=True)
class ByUid:
    """The session with this public uid."""

    uid: uuid.UUID


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
    return value.isoformat().replace("+00:00", "Z")


_AS_IT_IS = frozenset({type(None), str, bool, int, float})
# The types that most commands are made of, found without asking each in turn.
_WRITERS: Mapping[type, Callable[[Any], Any]] = {
    datetime: _instant,
    uuid.UUID: str,
    Decimal: str,
    dict: lambda value: {str(name): plain(item) for name, item in value.items()},
    list: lambda value: [plain(item) for item in value],
    tuple: lambda value: [plain(item) for item in value],
}


def plain(value: Any) -> Any:
    """``value`` as JSON-ready data in the canonical model's names; unset and null dataclass fields are left out."""
    if type(value) in _AS_IT_IS:
        return value
    write = _WRITERS.get(type(value))
    if write is not None:
        return write(value)
    if isinstance(value, (str, int, float)):
        return value.value if isinstance(value, Enum) else value
    if _names(type(value)) is not None:  # type: ignore[arg-type] # mypy takes no type for hashable
        return _plain_object(value)
    if isinstance(value, Mapping):
        return {str(name): plain(item) for name, item in value.items()}
    if isinstance(value, (list, tuple, frozenset, set)):
        return [plain(item) for item in (sorted(value) if isinstance(value, (frozenset, set)) else value)]
    return _plain_object(value)


def _plain_object(value: Any) -> Any:
    names = _names(type(value))  # type: ignore[arg-type] # mypy takes no type for hashable
    if names is not None:
        pairs = [(name, getattr(value, name)) for name in names]
        return {name: plain(item) for name, item in pairs if item is not None and item is not UNSET}
    if isinstance(value, datetime):
        return _instant(value)
    if isinstance(value, timedelta):
        return value.total_seconds()
    if isinstance(value, bytes):
        return value.hex()
    if isinstance(value, Enum):
        return value.value
    if isinstance(value, (uuid.UUID, Decimal)):
        return str(value)
    raise TypeError(f"no canonical form for {type(value).__name__}")


@cache
def _names(kind: type) -> tuple[str, ...] | None:
    """The names of a dataclass's fields, None for any other type."""
    return tuple(item.name for item in fields(kind)) if is_dataclass(kind) else None


def canonical(command: Command) -> dict[str, Any]:
    """The command as JSON-ready data, with its type's name; the form kept in golden cases."""
    return {"command": type(command).__name__, **plain(command)}


_sorted_text = json.JSONEncoder(sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode


def natural_key(command: Write, *scope: str, tree: Mapping[str, Any] | None = None) -> str:
    """SHA-256 (hex) of the canonical command within ``scope`` (principal, API, operation); it holds no credentials.

    Volatile changes do not count. ``tree`` is ``plain(command)``, where the caller has made it already.
    """
    lasting = plain(command) if tree is None else tree
    if command.volatile:
        changes = {name: value for name, value in lasting["changes"].items() if name not in command.volatile}
        lasting = {**lasting, "changes": changes}
    text = _sorted_text([scope, lasting])
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()
