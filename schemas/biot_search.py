"""BioT's two searches: of all usage sessions, and of those in progress by device.

The store narrows a search by what its indexes hold (state, start, device, patient); the rest is decided session by
session, see :class:`gateway.commands.SearchSessions`.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from gateway.spi import (
    Answer,
    Asked,
    Context,
    Mapped,
    Outcome,
    SearchSessions,
    Session,
    SessionFilter,
    State,
    Tree,
)
from schemas.biot_answers import device_tree, organization_id, realm_of, session_tree, template_id
from schemas.biot_filter import Clause, Condition, clause_of, contains, wrong
from schemas.biot_options import Options
from schemas.biot_rules import NATIVE_OF, STATE_OF, initiator, native_id, stored

_PROPERTIES: Mapping[str, Callable[[Session], Any]] = {
    "_id": native_id,
    "_patient.id": lambda session: None if session.subject.uid is None else str(session.subject.uid),
    "_device.id": lambda session: session.device.device_id,
    "_startTime": lambda session: session.started_at,
    "_endTime": lambda session: session.ended_at,
    "_initiator": initiator,
    "_state": lambda session: NATIVE_OF[session.state],
    "_ownerOrganization.id": organization_id,
    "_summary._stopReason": lambda session: session.stop_reason,
    "_summary._stopReasonCode": lambda session: session.stop_code,
    "_name": lambda session: session.name,
    "_creationTime": lambda session: session.recorded_at,
    "_lastModifiedTime": lambda session: session.updated_at,
    "_templateId": lambda session: stored(session).get("template_id"),
    "_templateName": lambda session: stored(session).get("template_name"),
}
_INTERVAL = "_requiredMeasurementIntervalMilliseconds"
_SORTABLE = frozenset({*_PROPERTIES, _INTERVAL}) - {"_templateId", "_templateName"}
_PARTS = {"custom": "", "configuration": "_configuration.", "summary": "_summary."}
"""The parts of a session that hold custom attributes, and how a filter may name what is in them."""


@dataclass(frozen=True, slots=True)
class Sort:
    """One property to sort by."""

    prop: str
    descending: bool


@dataclass(frozen=True, slots=True)
class _Falling:
    value: Any

    def __lt__(self, other: "_Falling") -> bool:
        return bool(other.value < self.value)


@dataclass(frozen=True, slots=True)
class Search:
    """Meets :class:`gateway.commands.Pick`. ``constants`` are the properties that the settings give to every session
    which has none of its own; ``words`` those of a free text search, in lower case."""

    realm: str
    where: Clause
    words: tuple[str, ...]
    sort: tuple[Sort, ...]
    constants: Mapping[str, Any]
    by_device: bool = False

    def rank(self, session: Session) -> tuple[Any, ...] | None:
        """See :class:`gateway.commands.Pick`; what is unknown stands last, whichever the order."""
        if session.key.realm != self.realm or not self.where.holds(lambda prop: self.value(session, prop)):
            return None
        if self.words and not any(contains(text, word) for text in self._texts(session) for word in self.words):
            return None
        return tuple(_rank(self.value(session, sort.prop), sort.descending) for sort in self.sort)

    def group(self, session: Session) -> str | None:
        """See :class:`gateway.commands.Pick`: the device."""
        return session.device.device_id or "" if self.by_device else None

    def value(self, session: Session, prop: str) -> Any:
        """The value of a property, BioT's own or a custom attribute; None when it is not known."""
        find = _PROPERTIES.get(prop)
        found = find(session) if find is not None else _custom(session, prop)
        return self.constants.get(prop) if found is None else found

    def _texts(self, session: Session) -> Iterator[Any]:
        yield from (self.value(session, prop) for prop in (*_PROPERTIES, _INTERVAL))
        for part in _PARTS:
            yield from _leaves(stored(session).get(part))


def _rank(value: Any, descending: bool) -> tuple[bool, Any]:
    if value is None:
        return True, ""
    return False, _Falling(value) if descending else value


def _custom(session: Session, prop: str) -> Any:
    for part, prefix in _PARTS.items():
        found = _walked(stored(session).get(part), prop.removeprefix(prefix))
        if found is not None:
            return found
    return None


def _walked(tree: Any, path: str) -> Any:
    """A member by its name, which may hold dots, or by its path."""
    if not isinstance(tree, dict):
        return None
    if path in tree:
        return tree[path]
    first, dot, rest = path.partition(".")
    return _walked(tree.get(first), rest) if dot else None


def _leaves(value: Any) -> Iterator[Any]:
    if isinstance(value, dict):
        for item in value.values():
            yield from _leaves(item)
    else:
        yield value


def search(options: Options, in_progress: bool, tree: Tree, context: Context) -> Mapped:
    """The read of a search. Raises a Fault for a filter or a sort that cannot be understood."""
    asked = tree.get("searchRequest") or {}
    where = clause_of(asked.get("filter") or {}, {"_id": "_device.id"} if in_progress else {})
    limit, page = page_of(options, asked)
    pick = Search(
        realm=realm_of(context),
        where=where,
        words=tuple((asked.get("freeTextSearch") or "").lower().split()),
        sort=tuple(_sorts(asked.get("sort") or [])) or (Sort("_creationTime", True),),
        constants={
            "_templateId": template_id(options.usage_template),
            "_templateName": options.usage_template,
            _INTERVAL: options.measurement_interval,
        },
        by_device=in_progress,
    )
    narrowed = _narrowed(where, in_progress)
    return Mapped(
        SearchSessions(pick, narrowed, limit, page * limit, reach=options.search_reach, most=options.search_limit)
    )


def page_of(options: Options, asked: Tree) -> tuple[int, int]:
    """How many results a page has, and which page is asked for."""
    return min(asked.get("limit") or 100, options.search_limit), asked.get("page") or 0


def _sorts(asked: list[Tree]) -> Iterator[Sort]:
    for number, each in enumerate(asked):
        if each["prop"] not in _SORTABLE:
            raise wrong(f"searchRequest.sort[{number}].prop", f"must be one of {', '.join(sorted(_SORTABLE))}")
        yield Sort(each["prop"], each.get("order") != "ASC")


def _narrowed(where: Clause, in_progress: bool) -> SessionFilter:
    """What of a filter the store can tell by itself; conditions beside an ``$OR`` bind nothing."""
    found: dict[str, Any] = {"api": "biot", "open_only": in_progress}
    if where.either is None:
        for condition in where.conditions:
            found |= _pushed(condition, found)
    return SessionFilter(**found)


def _pushed(condition: Condition, found: Mapping[str, Any]) -> dict[str, Any]:
    prop, value = condition.prop, condition.value
    if condition.operator == "in" and len(value) == 1:
        value = value[0]
    elif condition.operator == "in" and prop == "_state" and value and "DONE" not in value:
        return {"open_only": True}
    elif prop == "_startTime" and condition.operator in ("from", "to"):
        name = f"started_{condition.operator}"
        return {} if name in found else {name: value}
    elif condition.operator != "eq":
        return {}
    if prop == "_state" and value in STATE_OF and "state" not in found:
        return {"state": State(STATE_OF[value])}
    if prop == "_device.id" and isinstance(value, str) and "client" not in found:
        return {"client": value}
    if prop == "_patient.id" and isinstance(value, str) and "subject_uid" not in found:
        return _patient(value)
    return {}


def _patient(text: str) -> dict[str, Any]:
    try:
        return {"subject_uid": UUID(text)}
    except ValueError:
        return {}


def present_sessions(options: Options, outcome: Outcome, asked: Asked) -> Answer:
    """One page of sessions."""
    data = [session_tree(session, options) for session in outcome.sessions]
    return Answer({"data": data, "metadata": _metadata(options, outcome, asked)})


def present_devices(options: Options, outcome: Outcome, asked: Asked) -> Answer:
    """One page of devices, each with its sessions in progress."""
    devices: dict[str | None, list[Session]] = {}
    for session in outcome.sessions:
        devices.setdefault(session.device.device_id, []).append(session)
    data = [
        {
            "_device": device_tree(sessions, options),
            "_sessions": [session_tree(session, options) for session in sessions],
        }
        for sessions in devices.values()
    ]
    return Answer({"data": data, "metadata": _metadata(options, outcome, asked)})


def _metadata(options: Options, outcome: Outcome, asked: Asked) -> Tree:
    """The search as it was sent, and the page as it was given."""
    sent = asked.tree.get("searchRequest") or {}
    limit, page = page_of(options, sent)
    text = sent.get("freeTextSearch")
    return {
        "sort": sent.get("sort") or [],
        "filter": sent.get("filter") or {},
        "page": {"totalResults": outcome.total, "page": page, "limit": limit},
        **({} if text is None else {"freeTextSearch": text}),
    }
