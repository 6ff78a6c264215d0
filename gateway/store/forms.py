"""Forms: the rows of a write as far as they are known before its transaction, made outside of the writers' lock."""

from dataclasses import dataclass
from typing import Any

from gateway.handler import Draft
from gateway.model import Session
from gateway.quick import quick
from gateway.store.columns import Request, request_of, session_columns, session_place, slot_columns, terms
from gateway.store.tallies import Counted, counted_at
from gateway.store.values import facts_text, session_text, uses_text, whole_text

_MOST = 65_536
"""Bytes up to which a body is packed before anybody asks how much of it is kept."""


@quick
@dataclass(frozen=True, slots=True)
class Made:
    """The rows of a new session, without what its event's position says: its columns, its text, its place and whether
    it is open, its terms with their instant, and how it is counted."""

    columns: tuple[Any, ...]
    text: str
    place: tuple[int, int]
    terms: tuple[tuple[str, bytes, int], ...]
    counted: Counted


@quick
@dataclass(frozen=True, slots=True)
class Forms:
    """What is known of a draft's rows. ``facts`` is the beginning of the event's text, ``uses`` the text of the used
    applications, ``slot`` where the outcome is kept. ``made`` and ``event``, the event's whole text, are for the
    session that the write makes if it finds none."""

    facts: str
    request: Request | None
    slot: tuple[tuple[int, int], bytes] | None
    uses: str | None
    made: Made | None
    event: str | None


def add_forms(made: Draft) -> None:
    """Make the forms of a draft. What goes wrong goes wrong again in the ledger, and is told then."""
    try:
        made.forms = forms_of(made)
    except Exception:
        made.forms = None


def forms_of(of: Draft) -> Forms:
    """The forms of a draft."""
    facts, session = facts_text(of.facts), of.made
    request = request_of(of.raw, _MOST, facts) if len(of.raw.body) <= _MOST else None
    slot = slot_columns(of.slot) if of.slot is not None else None
    if session is None or of.caller is None:
        return Forms(facts, request, slot, None, None, None)
    uses = uses_text(session.applications, of.facts["changes"].get("applications")) if session.applications else None
    event = whole_text(facts, session.tenant, of.caller.name, session.uid)
    return Forms(facts, request, slot, uses, made_of(session, uses), event)


def made_of(session: Session, uses: str | None = None) -> Made:
    """The rows of a session that the store does not know; ``uses`` as in :func:`gateway.store.values.session_text`."""
    columns = session_columns(session)
    tenant, at, started = session.tenant, columns[4], columns[5]
    names = tuple([(tenant, term, at) for term in terms(session)])
    how = counted_at(tenant, at, started is not None)
    return Made(columns, session_text(session, uses), session_place(session), names, how)
