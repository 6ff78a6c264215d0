"""A unit's changes to rows, each table with one statement."""

from typing import Any

from gateway.model import Session
from gateway.store.columns import event_row, indexed, outcome_row, raw_row, session_row, terms, text_of
from gateway.store.dialect import Connection
from gateway.store.snapshot import token_of
from gateway.store.statements import Statements
from gateway.store.tallies import tallies
from gateway.store.unit import Held, Unit
from gateway.store.values import micros

Rows = dict[str, list[tuple[Any, ...]]]


def flush(unit: Unit, connection: Connection, sql: Statements, raw_bytes: int) -> None:
    """Write everything; raises what the driver raises."""
    rows: Rows = {}
    known: dict[int, str] = {}
    for held in unit.held.values():
        _session(rows, unit, held, known)
    rows["add_tally"] = tallies((_before(unit, held), held.session) for held in unit.held.values())
    rows["add_token"] = [
        (api, token_of(token), unit.ordinal_of(uid))
        for (api, token), uid in unit.tokens.items()
        if unit.ordinal_of(uid) is not None
    ]
    rows["add_event"] = [event_row(event) for event, _ in unit.events.values()]
    rows["add_raw"] = [raw_row(event, raw, raw_bytes) for event, raw in unit.events.values()]
    rows["keep"] = [
        outcome_row(slot, outcome, text_of(outcome.session, known)) for slot, outcome in unit.slots.values()
    ]
    for name, values in rows.items():
        if values and name.startswith("drop"):
            connection.many(getattr(sql, name), values)
        elif values:
            connection.together(getattr(sql, name), values)


def _session(rows: Rows, unit: Unit, held: Held, known: dict[int, str]) -> None:
    before, now = _before(unit, held), held.session
    if before is None and now is not None:
        rows.setdefault("add_session", []).append(session_row(held.ordinal, now, text_of(now, known) or ""))
    elif before is not None and now is None:
        rows.setdefault("drop_session", []).append((held.ordinal,))
    elif before is not None and now is not None:
        _changed(rows, held.ordinal, before, now, text_of(now, known) or "")
    old, new = _places(before), _places(now)
    rows.setdefault("drop_term", []).extend((*place[:3], held.ordinal) for place in old - new)
    rows.setdefault("add_term", []).extend((*place[:3], held.ordinal, place[3]) for place in new - old)


def _before(unit: Unit, held: Held) -> Session | None:
    """What the store holds of a session until now."""
    uid = unit.ordinals[held.ordinal]
    return unit.loaded[uid][1] if uid in unit.loaded else None


def _changed(rows: Rows, ordinal: int, before: Session, now: Session, text: str) -> None:
    if indexed(before) == indexed(now):
        rows.setdefault("set_body", []).append((text, ordinal))
    else:
        rows.setdefault("set_session", []).append((*indexed(now), text, ordinal))


def _places(session: Session | None) -> set[tuple[str, bytes, int, int]]:
    """The index entries of a session's names."""
    if session is None:
        return set()
    at, known = micros(session.sort_at), int(session.started_at is not None)
    return {(session.tenant, term, at, known) for term in terms(session)}
