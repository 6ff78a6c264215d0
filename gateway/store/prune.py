"""Retention: what is older than a limit is forgotten, in slices so small that no writer waits for long.

A closed session whose last event is older goes with all its events, requests and kept outcomes; so do older events that
have no session, or whose session was deleted. Sessions that are open stay whole. Positions are never given anew: the
newest event stays, whatever its age.
"""

import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from gateway.model import Session
from gateway.places import number_of, place_of
from gateway.store.columns import session_name, terms
from gateway.store.dialect import Connection, Lock
from gateway.store.statements import Statements
from gateway.store.tallies import tallies
from gateway.store.values import event_of, micros, session_of

_PAGE = 500
"""Rows that are looked at in one step, without the writers' lock."""
_SLICE_SECONDS = 0.004
"""For so long a slice holds the lock, then it commits; the commit itself comes on top."""
_REST = 2.0
"""A pause is so many times as long as the slice before it."""


@dataclass(frozen=True, slots=True)
class Pruned:
    """How many sessions and events were forgotten."""

    sessions: int
    events: int


@dataclass(slots=True)
class Pruner:
    """Forgets what is older than a limit, of one tenant or of all; ``stopped`` is asked between slices."""

    connection: Connection
    sql: Statements
    lock: Lock
    tenant: str | None = None
    stopped: Callable[[], bool] = lambda: False
    sessions: int = 0
    events: int = 0

    def prune(self, before: datetime, sweep: bool = True) -> Pruned:
        """Forget what was last written before an instant. ``sweep`` also looks through all names and secrets for those
        of what is gone; they are found by nobody, and only take room."""
        last = self._last_before(before)
        if last:
            self._slices([last], self._mark)
            self._walk(self._old_sessions(last), lambda ordinal: self._drop_session(ordinal, last))
            self._walk(self._old_events(last), self._drop_event)
        if last and sweep:
            self._walk(self._lost("names", ("place", "tag", "position"), "events", "position", last), self._drop_name)
            self._walk(self._lost("tokens", ("api", "token", "ordinal"), "sessions", "ordinal", last), self._drop_token)
        return Pruned(self.sessions, self.events)

    def _last_before(self, before: datetime) -> int:
        """The position of the last event before an instant, found by halving; never that of the newest event."""
        low, high = 0, (self.connection.one(self.sql.last_position)[0] or 0) - 1
        while low < high:
            middle = (low + high + 1) // 2
            row = self._one("SELECT position, body FROM events WHERE position >= ? ORDER BY position LIMIT 1", middle)
            if row[0] <= high and event_of(*row).recorded_at < before:
                low = row[0]
            else:
                high = middle - 1
        return low

    def _mark(self, last: int) -> None:
        """Below this position gaps are no damage."""
        self._run("UPDATE meta SET value = ? WHERE name = 'pruned' AND value < ?", last, last)

    def _walk(self, pages: Iterator[Sequence[Any]], change: Callable[[Any], None]) -> None:
        for page in pages:
            if self.stopped():
                return
            self._slices(page, change)

    def _slices(self, rows: Sequence[Any], change: Callable[[Any], None]) -> None:
        """Change rows under the writers' lock, a slice at a time."""
        left = list(reversed(rows))
        while left and not self.stopped():
            began = time.monotonic()
            with self.lock.held():
                self._slice(left, change, time.monotonic() + _SLICE_SECONDS)
            time.sleep((time.monotonic() - began) * _REST)

    def _slice(self, left: list[Any], change: Callable[[Any], None], until: float) -> None:
        self.connection.begin()
        try:
            while left:
                change(left.pop())
                if time.monotonic() > until:
                    break
            self.connection.commit()
        except BaseException:
            self.connection.rollback()
            raise

    def _old_sessions(self, last: int) -> Iterator[list[Any]]:
        sql = "SELECT ordinal, is_open, latest, tenant FROM sessions WHERE ordinal > ? AND ordinal <= ?"
        for page in self._pages(f"{sql} ORDER BY ordinal LIMIT {_PAGE}", last):
            yield [row[0] for row in page if not row[1] and row[2] <= last and self.tenant in (None, row[3])]

    def _old_events(self, last: int) -> Iterator[list[Any]]:
        sql = (
            "SELECT events.position, events.tenant, session_uid, uid FROM events LEFT JOIN sessions"
            " ON uid = session_uid WHERE events.position > ? AND events.position <= ?"
        )
        for page in self._pages(f"{sql} ORDER BY events.position LIMIT {_PAGE}", last):
            yield [row[0] for row in page if row[3] is None and self.tenant in (None, row[1])]

    def _pages(self, sql: str, last: int) -> Iterator[list[Any]]:
        after = 0
        while rows := self._all(sql, after, last):
            yield rows
            after = rows[-1][0]

    def _lost(self, table: str, columns: tuple[str, str, str], other: str, key: str, last: int) -> Iterator[list[Any]]:
        """Rows of an index that say where something is that is not there any more."""
        names = ", ".join(f"{table}.{name}" for name in columns)
        order = f"ORDER BY {names} LIMIT {_PAGE}"
        sql = f"SELECT {names}, {other}.{key} FROM {table} LEFT JOIN {other} ON {other}.{key} = {table}.{columns[2]}"  # noqa: S608
        rows = self._all(f"{sql} {order}")
        while rows:
            yield [row[:3] for row in rows if row[3] is None and row[2] <= last]
            rows = self._all(f"{sql} WHERE ({names}) > (?, ?, ?) {order}", *rows[-1][:3])

    def _drop_session(self, ordinal: int, last: int) -> None:
        """A session with what belongs to it, if it is still closed and nothing newer is known of it. What is left of
        very many events goes with those that have no session."""
        row = self._one("SELECT body FROM sessions WHERE ordinal = ? AND is_open = 0", ordinal)
        if row is None:
            return
        session = session_of(row[0])
        mine = "FROM events WHERE tenant = ? AND session_uid = ?"
        place = (session.tenant, session.uid.bytes)
        if self._one(f"SELECT MAX(position) {mine}", *place)[0] > last:
            return
        for position, slot in self._all(f"SELECT position, slot {mine} ORDER BY position LIMIT {_PAGE}", *place):
            self._drop_slot(session, position, slot)
            self._drop_event(position)
        self._drop_names(ordinal, session)
        self.connection.run(self.sql.drop_session, ordinal)
        self.connection.together(self.sql.add_tally, tallies([(session, None)]))
        self.sessions += 1

    def _drop_slot(self, session: Session, position: int, slot: Any) -> None:
        if slot is not None:
            tag = number_of(bytes(slot)[:8].hex())
            place = number_of(place_of(session.tenant, session.key))
            self._drop_name((place, tag if tag not in (0, 1) else 2, position))

    def _drop_names(self, ordinal: int, session: Session) -> None:
        self._drop_name(session_name(ordinal, session))
        for term in terms(session):
            self.connection.run(self.sql.drop_term, session.tenant, term, micros(session.sort_at), ordinal)

    def _drop_event(self, position: int) -> None:
        self._run("DELETE FROM events WHERE position = ?", position)
        self._run("DELETE FROM states WHERE position = ?", position)
        self.events += 1

    def _drop_name(self, row: tuple[int, int, int]) -> None:
        self.connection.run(self.sql.drop_name, *row)

    def _drop_token(self, row: tuple[str, Any, int]) -> None:
        self._run("DELETE FROM tokens WHERE api = ? AND token = ?", *row[:2])

    def _sql(self, sql: str) -> str:
        return sql.replace("?", self.connection.database.param)

    def _one(self, sql: str, *values: Any) -> Any:
        return self.connection.one(self._sql(sql), *values)

    def _all(self, sql: str, *values: Any) -> list[Any]:
        return self.connection.all(self._sql(sql), values)

    def _run(self, sql: str, *values: Any) -> None:
        self.connection.run(self._sql(sql), *values)
