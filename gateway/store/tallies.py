"""Tallies: how many sessions a tenant has in each day and in each minute of their order, kept with every change.

A list of a million sessions is counted, and a far page of it found, by adding up days, then the minutes of one day;
only the rows of a minute are ever counted one by one. A reader sees the tallies of its own snapshot, so that they fit
its rows.
"""

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from peewee import fn

from gateway.commands import SessionFilter
from gateway.model import Session
from gateway.store.dialect import Connection
from gateway.store.tables import SessionRow, TallyRow
from gateway.store.values import micros

_DAY, _MINUTE = 86_400_000_000, 60_000_000
LEVELS = (_DAY, _MINUTE)
"""Microseconds of a bucket at each level; each is a multiple of the next."""
_ALWAYS = 10**8 * _DAY
"""A whole number of buckets beyond every instant."""

Tally = tuple[str, int, int, int, int]
"""A tenant, a level, a bucket's number, by how much its sessions grow, and those of them with a known start."""


Counted = tuple[str, int, int]
"""How a session is counted: its tenant, the minute of its order, and whether its start is known."""


def counted(session: Session) -> Counted:
    """How a session is counted."""
    return counted_at(session.tenant, micros(session.sort_at), session.started_at is not None)


def counted_at(tenant: str, at: int, started: bool) -> Counted:
    """How a session is counted that is sorted by an instant (microseconds)."""
    return tenant, at // _MINUTE, int(started)


def tallies(changes: Iterable[tuple[Session | None, Session | None]]) -> list[Tally]:
    """What changes from sessions to sessions (None: there is none) add to the tallies."""
    pairs = list(changes)
    return grown(
        [counted(after) for _, after in pairs if after is not None],
        [counted(before) for before, _ in pairs if before is not None],
    )


def grown(more: Iterable[Counted], less: Iterable[Counted]) -> list[Tally]:
    """What sessions that come and sessions that go add to the tallies."""
    growth = Counter(more)
    growth.subtract(less)
    return [*_level(1, 1, growth), *_level(0, _DAY // _MINUTE, growth)]


def _level(level: int, minutes: int, growth: Counter[Counted]) -> Iterator[Tally]:
    all_of: dict[tuple[str, int], int] = {}
    started: dict[tuple[str, int], int] = {}
    for (tenant, minute, known), count in growth.items():
        bucket = tenant, minute // minutes
        all_of[bucket] = all_of.get(bucket, 0) + count
        started[bucket] = started.get(bucket, 0) + known * count
    for (tenant, number), count in all_of.items():
        if count or started[tenant, number]:
            yield tenant, level, number, count, started[tenant, number]


def count_anew(connection: Connection) -> None:
    """Make all tallies of the sessions that are there: for a store of before there were tallies."""
    connection.run("DELETE FROM tallies")
    for level, size in enumerate(LEVELS):
        # Division cuts off towards zero; before 1970 that is the wrong way.
        bucket = f"(sort_at - CASE WHEN sort_at < 0 THEN {size - 1} ELSE 0 END) / {size}"
        connection.run(
            "INSERT INTO tallies (tenant, level, bucket, sessions, started)"  # noqa: S608 - numbers of this module
            f" SELECT tenant, {level}, {bucket}, COUNT(*), COUNT(started_at) FROM sessions GROUP BY tenant, {bucket}"
        )


def tell(where: SessionFilter) -> bool:
    """Whether tallies tell apart the matches of a filter: nothing but a range of starts is asked for."""
    return where == SessionFilter(started_from=where.started_from, started_to=where.started_to)


@dataclass(frozen=True, slots=True)
class Span:
    """A part of a list: from an instant (microseconds) up to, and without, another; ``level`` is that of a bucket."""

    level: int
    start: int
    end: int
    count: int


def spans(connection: Connection, tenant: str, where: SessionFilter) -> list[Span]:
    """The parts of a tenant's list, the oldest first; their counts add up to its length."""
    start = -_ALWAYS if where.started_from is None else micros(where.started_from)
    end = _ALWAYS if where.started_to is None else micros(where.started_to) + 1
    known = where.started_from is not None or where.started_to is not None
    return list(_spans(connection, tenant, known, 0, start, end))


def _spans(connection: Connection, tenant: str, known: bool, level: int, start: int, end: int) -> Iterator[Span]:
    if start >= end:
        return
    if level == len(LEVELS):
        yield Span(level, start, end, _counted(connection, tenant, known, start, end))
        return
    size = LEVELS[level]
    first, last = -(-start // size), end // size
    if first >= last:
        yield from _spans(connection, tenant, known, level + 1, start, end)
        return
    yield from _spans(connection, tenant, known, level + 1, start, first * size)
    for bucket, count in _buckets(connection, tenant, known, level, first, last):
        yield Span(level, bucket * size, (bucket + 1) * size, count)
    yield from _spans(connection, tenant, known, level + 1, last * size, end)


def _buckets(
    connection: Connection, tenant: str, known: bool, level: int, first: int, last: int
) -> list[tuple[int, int]]:
    column = TallyRow.started if known else TallyRow.sessions
    query = TallyRow.select(TallyRow.bucket, column).where(
        TallyRow.tenant == tenant, TallyRow.level == level, TallyRow.bucket >= first, TallyRow.bucket < last
    )
    return connection.rows(query.order_by(TallyRow.bucket))


def _counted(connection: Connection, tenant: str, known: bool, start: int, end: int) -> int:
    count = fn.COUNT(SessionRow.started_at if known else SessionRow.ordinal)
    query = SessionRow.select(count).where(
        SessionRow.tenant == tenant, SessionRow.sort_at >= start, SessionRow.sort_at < end
    )
    return int(connection.rows(query)[0][0])


def locate(
    connection: Connection, tenant: str, where: SessionFilter, parts: Sequence[Span], skip: int, newest: bool
) -> tuple[Span, int] | None:
    """The smallest part of a list that holds what comes after ``skip`` matches, and how many of its own to skip.

    None when the list is not that long.
    """
    for part in reversed(parts) if newest else parts:
        if skip >= part.count:
            skip -= part.count
        elif part.level + 1 < len(LEVELS):
            known = where.started_from is not None or where.started_to is not None
            inner = list(_spans(connection, tenant, known, part.level + 1, part.start, part.end))
            return locate(connection, tenant, where, inner, skip, newest)
        else:
            return part, skip
    return None
