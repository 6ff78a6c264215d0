"""A unit's changes to rows, each table with one statement."""

from typing import Any

from gateway.handler import Draft
from gateway.model import Session, SessionEvent
from gateway.store.columns import indexed, request_of, session_name, slot_columns, terms
from gateway.store.dialect import Connection
from gateway.store.forms import Forms, forms_of, made_of
from gateway.store.snapshot import token_of
from gateway.store.statements import Statements
from gateway.store.tallies import Counted, counted, grown
from gateway.store.unit import Held, Unit
from gateway.store.values import micros, session_text, whole_text

Rows = dict[str, list[tuple[Any, ...]]]
_NOT_KEPT = (None, None, None, 0)
"""The columns of an event whose outcome is not kept: its slot, its command, its expiry, whether it made a session."""


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
    more: list[Counted] = []
    less: list[Counted] = []
    for number, held in unit.held.items():
        if held.ordinal > unit.start:
            _new(rows, unit, held, more)
        else:
            _known(rows, unit, held, unit.loaded[number].session, more, less)
    rows["add_tally"] = grown(more, less)
    rows["add_token"] = [
        (api, token_of(token), ordinal)
        for (api, token), uid in unit.tokens.items()
        if (ordinal := unit.ordinal_of(uid)) is not None
    ]
    _events(rows, unit, raw_bytes)
    rows["add_state"] = _states(unit)
    # In the order of the index, so that neighbours are written together.
    rows["add_name"].sort()
    rows["add_term"].sort()
    return rows


def _new(rows: Rows, unit: Unit, held: Held, more: list[Counted]) -> None:
    """A session that the store does not know, as nearly all are."""
    now, ordinal = held.session, held.ordinal
    if now is None:
        return
    drafted = unit.events[held.latest][1]
    made = _forms(drafted).made if drafted.made is now else None
    if made is None:
        made = made_of(now)
    rows.setdefault("add_session", []).append(
        (ordinal, *made.columns, held.latest, unit.until.get(held.latest, 0), made.text)
    )
    rows["add_name"].append((*made.place, ordinal))
    rows["add_term"] += [(*term, ordinal, made.counted[2]) for term in made.terms]
    more.append(made.counted)


def _forms(drafted: Draft) -> Forms:
    forms: Forms | None = drafted.forms
    return forms if forms is not None else forms_of(drafted)


def _known(rows: Rows, unit: Unit, held: Held, before: Session, more: list[Counted], less: list[Counted]) -> None:
    """A session that was stored before this batch."""
    now, ordinal = held.session, held.ordinal
    less.append(counted(before))
    if now is None:
        rows.setdefault("drop_session", []).append((ordinal,))
    else:
        more.append(counted(now))
        _changed(rows, unit, held, before, now)
    _place(rows, ordinal, before, now)
    old, new = _places(before), _places(now)
    if old != new:
        rows["drop_term"] += [(*place[:3], ordinal) for place in old - new]
        rows["add_term"] += [(*place[:3], ordinal, place[3]) for place in new - old]


def _changed(rows: Rows, unit: Unit, held: Held, before: Session, now: Session) -> None:
    drafted = unit.events[held.latest][1]
    known = drafted.made is not None and drafted.made.applications is now.applications
    text = session_text(now, _forms(drafted).uses if known else None)
    rest = (held.latest, unit.until.get(held.latest, 0), text, held.ordinal)
    old, new = indexed(before), indexed(now)
    if old == new:
        rows.setdefault("set_body", []).append(rest)
    else:
        rows.setdefault("set_session", []).append((*new, *rest))


def _place(rows: Rows, ordinal: int, before: Session, now: Session | None) -> None:
    if now is not None and before.is_open == now.is_open:
        return
    rows["drop_name"].append(session_name(ordinal, before))
    if now is not None:
        rows["add_name"].append(session_name(ordinal, now))


def _places(session: Session | None) -> set[tuple[str, bytes, int, int]]:
    """The index entries of a session's names."""
    if session is None:
        return set()
    at, known = micros(session.sort_at), int(session.started_at is not None)
    return {(session.tenant, term, at, known) for term in terms(session)}


def _events(rows: Rows, unit: Unit, raw_bytes: int) -> None:
    kept: dict[int, tuple[Any, ...]] = {}
    for name, (slot, outcome) in unit.slots.items():
        assert outcome.event is not None
        at = outcome.event.position
        drafted = unit.events[at][1]
        columns = _forms(drafted).slot if name is drafted.slot else None
        place, rest = columns or slot_columns(name)
        rows["add_name"].append((*place, at))
        if name in unit.outdated:
            rows["drop_name"].append((*place, unit.outdated[name]))
        kept[at] = (rest, bytes.fromhex(slot.command), unit.until[at], int(outcome.created))
    rows["add_event"] = [
        _event(event, drafted, raw_bytes, kept.get(event.position, _NOT_KEPT))
        for event, drafted in unit.events.values()
    ]


def _event(event: SessionEvent, drafted: Draft, raw_bytes: int, kept: tuple[Any, ...]) -> tuple[Any, ...]:
    forms, uid, made = _forms(drafted), event.session_uid, drafted.made
    text = forms.event if made is not None and uid is made.uid else None
    if text is None:
        text = whole_text(forms.facts, event.tenant, event.principal, uid)
    request = forms.request if len(drafted.raw.body) <= raw_bytes else None
    if request is None:
        request = request_of(drafted.raw, raw_bytes, forms.facts)
    start = (event.position, event.id.bytes, event.tenant, uid.bytes if uid is not None else None)
    return (*start, *kept, text, *request)


def _states(unit: Unit) -> list[tuple[Any, ...]]:
    """Sessions as events left them; the text of one that several left so is made once."""
    texts: dict[int, str] = {}
    for session, _ in unit.states.values():
        if id(session) not in texts:
            texts[id(session)] = session_text(session)
    return [(at, until, texts[id(session)]) for at, (session, until) in unit.states.items()]
