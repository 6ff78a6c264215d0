"""Lists: pages of sessions and of events.

Each tenant's page comes from an index that already has the order; the operator's page is merged from all tenants'.
First the page's places are read from the index alone, then their bodies, so that a far offset reads no bodies.
"""

import base64
import binascii
import heapq
import itertools
import json
from collections.abc import Sequence
from typing import Any

from peewee import SQL, fn

from gateway.commands import ListEvents, ListSessions, Order, SessionFilter
from gateway.model import Session, State
from gateway.outcome import Fault, FaultKind, FieldError, Outcome
from gateway.store.columns import client_term, subject_term, user_term
from gateway.store.dialect import Connection
from gateway.store.tables import EventRow, SessionRow, TermRow
from gateway.store.tallies import Span, locate, spans, tell
from gateway.store.values import event_of, micros, session_of

_CHUNK = 500
_STEPS = 1000
"""So many places are stepped over one by one; more are skipped by tallies, where there are any."""
Place = tuple[int, int]
"""Where a session stands in a list: sort_at in microseconds, ordinal."""

Bounds = tuple[int | None, int | None]
"""The first and the last sort_at that are wanted, in microseconds."""


def tenants(connection: Connection) -> list[str]:
    """Every tenant that has written anything, each found by one step in an index."""
    found: list[str] = []
    while True:
        query = EventRow.select(fn.MIN(EventRow.tenant))
        row = connection.rows(query.where(EventRow.tenant > found[-1]) if found else query)[0]
        if row[0] is None:
            return found
        found.append(row[0])


def list_sessions(connection: Connection, tenant: str | None, command: ListSessions) -> Outcome:
    """One page of sessions. Raises a Fault of kind ``invalid`` for a cursor that is not one of ours."""
    scope = [tenant] if tenant is not None else tenants(connection)
    after = _after(command.cursor) if command.cursor is not None else None
    skip = 0 if after is not None else command.offset
    parts = _parts(connection, scope, command, skip)
    places = _places(connection, scope, command, after, skip, parts)
    page, more = places[: command.limit], len(places) > command.limit
    return Outcome(
        sessions=_sessions(connection, page),
        total=_total(connection, scope, command.where, parts) if command.count else 0,
        next=_cursor(page[-1]) if more and page else None,
    )


def _parts(connection: Connection, scope: Sequence[str], command: ListSessions, skip: int) -> list[list[Span]] | None:
    """Each tenant's list in parts that are counted already; None where rows have to be counted, or nothing has."""
    if not tell(command.where) or not (command.count or skip > _STEPS):
        return None
    return [spans(connection, name, command.where) for name in scope]


def _total(connection: Connection, scope: Sequence[str], where: SessionFilter, parts: list[list[Span]] | None) -> int:
    if parts is None:
        return sum(_count(connection, name, where) for name in scope)
    return sum(span.count for each in parts for span in each)


def _places(
    connection: Connection,
    scope: Sequence[str],
    command: ListSessions,
    after: Place | None,
    skip: int,
    parts: list[list[Span]] | None,
) -> list[Place]:
    """The places of one page, and one more when there is another page."""
    wanted = command.limit + 1
    if len(scope) == 1:
        bounds = _bounds(command.where)
        if parts is not None and skip > _STEPS:
            found = locate(connection, scope[0], command.where, parts[0], skip, command.order is Order.NEWEST)
            if found is None:
                return []
            part, skip = found
            bounds = (bounds[0], part.end - 1) if command.order is Order.NEWEST else (part.start, bounds[1])
        query = _ordered(scope[0], command, after, bounds).limit(wanted).offset(skip)
        return [tuple(row) for row in connection.rows(query)]
    bounds = _bounds(command.where)
    each = [connection.rows(_ordered(name, command, after, bounds).limit(skip + wanted)) for name in scope]
    merged = heapq.merge(*each, reverse=command.order is Order.NEWEST)
    return [tuple(row) for row in itertools.islice(merged, skip, skip + wanted)]


def _bounds(where: SessionFilter) -> Bounds:
    first, last = where.started_from, where.started_to
    return None if first is None else micros(first), None if last is None else micros(last)


def _ordered(tenant: str, command: ListSessions, after: Place | None, bounds: Bounds) -> Any:
    query, source = _matching(tenant, command.where, lambda source: (source.sort_at, source.ordinal), bounds)
    newest = command.order is Order.NEWEST
    if after is not None:
        at, ordinal = after
        beyond = (source.sort_at < at) | (source.ordinal < ordinal)
        if not newest:
            beyond = (source.sort_at > at) | (source.ordinal > ordinal)
        # The first condition is the range in the index; the second leaves out what earlier pages showed.
        query = query.where(source.sort_at <= at if newest else source.sort_at >= at, beyond)
    order = (source.sort_at, source.ordinal)
    return query.order_by(*(column.desc() if newest else column.asc() for column in order))


def _count(connection: Connection, tenant: str, where: SessionFilter) -> int:
    query, _ = _matching(tenant, where, lambda source: (fn.COUNT(SQL("1")),), _bounds(where))
    return int(connection.rows(query)[0][0])


def _matching(tenant: str, where: SessionFilter, columns: Any, bounds: Bounds) -> tuple[Any, Any]:
    """The query for matching sessions, and the table that gives their order."""
    wanted = _terms(where)
    conditions = _conditions(where)
    known = where.started_from is not None or where.started_to is not None
    if not wanted:
        query = SessionRow.select(*columns(SessionRow)).where(SessionRow.tenant == tenant, *conditions)
        if known:
            query = query.where(SessionRow.started_at.is_null(False))
        return _between(query, SessionRow, bounds), SessionRow
    first, *others = (TermRow.alias(f"term{number}") for number in range(len(wanted)))
    named: Any = first.select(*columns(first)).where(first.tenant == tenant, first.term == wanted[0])
    for other, term in zip(others, wanted[1:], strict=True):
        same = (other.tenant == tenant) & (other.term == term) & (other.sort_at == first.sort_at)
        named = named.join_from(first, other, on=same & (other.ordinal == first.ordinal))
    if conditions:
        named = named.join_from(first, SessionRow, on=SessionRow.ordinal == first.ordinal).where(*conditions)
    if known:
        named = named.where(first.started == SQL("1"))
    return _between(named, first, bounds), first


def _terms(where: SessionFilter) -> list[bytes]:
    found = []
    if where.subject_uid is not None:
        found.append(subject_term(where.subject_uid))
    if where.client is not None:
        found.append(client_term(where.client))
    if where.user is not None:
        found.append(user_term(where.user))
    return found


def _conditions(where: SessionFilter) -> list[Any]:
    """What the columns of a session must be. Literals, not values, let the index of open sessions be used."""
    found = []
    if where.open_only or where.state not in (None, State.CLOSED):
        found.append(SessionRow.is_open == SQL("1"))
    if where.state is not None:
        found.append(SessionRow.state == where.state.value)
    if where.api is not None:
        found.append(SessionRow.api == where.api)
    return found


def _between(query: Any, source: Any, bounds: Bounds) -> Any:
    """A known start is what a session is sorted by, so that the sorting index also finds ranges of it."""
    first, last = bounds
    if first is not None:
        query = query.where(source.sort_at >= first)
    if last is not None:
        query = query.where(source.sort_at <= last)
    return query


def _sessions(connection: Connection, page: Sequence[Place]) -> tuple[Session, ...]:
    bodies: dict[int, str] = {}
    for start in range(0, len(page), _CHUNK):
        wanted = [ordinal for _, ordinal in page[start : start + _CHUNK]]
        query = SessionRow.select(SessionRow.ordinal, SessionRow.body).where(SessionRow.ordinal.in_(wanted))
        bodies.update(connection.rows(query))
    return tuple(session_of(bodies[ordinal]) for _, ordinal in page)


def _cursor(place: Place) -> str:
    return base64.urlsafe_b64encode(json.dumps(place).encode("ascii")).decode("ascii").rstrip("=")


def _after(cursor: str) -> Place:
    try:
        text = base64.urlsafe_b64decode(cursor.encode("ascii") + b"=" * (-len(cursor) % 4))
        at, ordinal = json.loads(text)
        if type(at) is int and type(ordinal) is int and max(abs(at), abs(ordinal)) < 2**63:
            return at, ordinal
    except (UnicodeError, binascii.Error, ValueError, TypeError, RecursionError):
        pass
    message = "This is not a cursor of an earlier page; leave it out to start at the first page."
    raise Fault(FaultKind.INVALID, message, fields=(FieldError("cursor", message),))


def list_events(connection: Connection, tenant: str | None, command: ListEvents) -> Outcome:
    """Events after a position, in order; ``next`` is the position to go on after, when there are more."""
    query = EventRow.select(EventRow.position, EventRow.body).where(EventRow.position > command.after)
    if tenant is not None:
        query = query.where(EventRow.tenant == tenant)
    if command.session_uid is not None:
        query = query.where(EventRow.session_uid == command.session_uid.bytes)
        query = query if tenant is not None else query.where(EventRow.tenant.in_(tenants(connection)))
    rows = connection.rows(query.order_by(EventRow.position).limit(command.limit + 1))
    events = tuple(event_of(position, body) for position, body in rows[: command.limit])
    more = len(rows) > command.limit and bool(events)
    return Outcome(events=events, next=str(events[-1].position) if more else None)
