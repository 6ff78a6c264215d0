"""A unit's changes to rows, each table with one statement."""

from typing import Any

from gateway.handler import Slot
from gateway.model import Session
from gateway.store.columns import event_row, indexed, session_name, session_row, slot_name, terms, text_of
from gateway.store.dialect import Connection
from gateway.store.snapshot import token_of
from gateway.store.statements import Statements
from gateway.store.tallies import tallies
from gateway.store.unit import Held, Unit
from gateway.store.values import micros

Rows = dict[str, list[tuple[Any, ...]]]


def flush(unit: Unit, connection: Connection, sql: Statements, raw_bytes: int) -> None:
    """Write everything; raises what the driver raises."""
    for name, values in rows_of(unit, raw_bytes).items():
        if values and name.startswith("drop"):
            connection.many(getattr(sql, name), values)
        elif values:
            connection.together(getattr(sql, name), values)


def rows_of(unit: Unit, raw_bytes: int) -> Rows:
    """The rows of each statement, what goes before what comes."""
    rows: Rows = {"drop_name": [], "drop_term": [], "add_name": [], "add_term": []}
    known: dict[int, str] = {}
    for held in unit.held.values():
        _session(rows, unit, held, known)
    rows["add_tally"] = tallies((_before(unit, held), held.session) for held in unit.held.values())
    rows["add_token"] = [
        (api, token_of(token), unit.ordinal_of(uid))
        for (api, token), uid in unit.tokens.items()
        if unit.ordinal_of(uid) is not None
    ]
    _events(rows, unit, raw_bytes)
    rows["add_state"] = [(at, until, text_of(session, known)) for at, (session, until) in unit.states.items()]
    # In the order of the index, so that neighbours are written together.
    rows["add_name"].sort()
    rows["add_term"].sort()
    return rows


def _events(rows: Rows, unit: Unit, raw_bytes: int) -> None:
    slots: dict[int, tuple[Slot, bool]] = {}
    for name, (slot, outcome) in unit.slots.items():
        assert outcome.event is not None
        slots[outcome.event.position] = slot, outcome.created
        rows["add_name"].append((*slot_name(name), outcome.event.position))
        if name in unit.outdated:
            rows["drop_name"].append((*slot_name(name), unit.outdated[name]))
    none = (None, False)
    rows["add_event"] = [
        event_row(event, raw, raw_bytes, *slots.get(event.position, none)) for event, raw in unit.events.values()
    ]


def _session(rows: Rows, unit: Unit, held: Held, known: dict[int, str]) -> None:
    before, now = _before(unit, held), held.session
    if before is None:
        if now is not None:
            _new(rows, held, now, text_of(now, known))
        return
    if now is None:
        rows.setdefault("drop_session", []).append((held.ordinal,))
    else:
        _changed(rows, held, before, now, text_of(now, known))
    _place(rows, held.ordinal, before, now)
    old, new = _places(before), _places(now)
    if old != new:
        rows["drop_term"] += [(*place[:3], held.ordinal) for place in old - new]
        rows["add_term"] += [(*place[:3], held.ordinal, place[3]) for place in new - old]


def _new(rows: Rows, held: Held, now: Session, text: str) -> None:
    """A session that the store does not know, as nearly all are."""
    row = session_row(held.ordinal, now, text, held.latest, held.kept_until)
    rows.setdefault("add_session", []).append(row)
    rows["add_name"].append(session_name(held.ordinal, now))
    at, known = micros(now.sort_at), int(now.started_at is not None)
    rows["add_term"] += [(now.tenant, term, at, held.ordinal, known) for term in terms(now)]


def _place(rows: Rows, ordinal: int, before: Session, now: Session | None) -> None:
    if now is not None and before.is_open == now.is_open:
        return
    rows["drop_name"].append(session_name(ordinal, before))
    if now is not None:
        rows["add_name"].append(session_name(ordinal, now))


def _before(unit: Unit, held: Held) -> Session | None:
    """What the store holds of a session until now."""
    uid = unit.ordinals[held.ordinal]
    return unit.loaded[uid].session if uid in unit.loaded else None


def _changed(rows: Rows, held: Held, before: Session, now: Session, text: str) -> None:
    rest = (held.latest, held.kept_until, text, held.ordinal)
    if indexed(before) == indexed(now):
        rows.setdefault("set_body", []).append(rest)
    else:
        rows.setdefault("set_session", []).append((*indexed(now), *rest))


def _places(session: Session | None) -> set[tuple[str, bytes, int, int]]:
    """The index entries of a session's names."""
    if session is None:
        return set()
    at, known = micros(session.sort_at), int(session.started_at is not None)
    return {(session.tenant, term, at, known) for term in terms(session)}
