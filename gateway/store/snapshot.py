"""Look-ups in what is stored: what a read sees, and what a write sees below its own changes."""

import uuid
from collections.abc import Collection, Iterable, Mapping, Set
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from gateway.commands import ListEvents, ListSessions
from gateway.model import Key, Session
from gateway.outcome import Outcome
from gateway.places import key_of, number_of, place_of
from gateway.store import queries
from gateway.store.columns import slot_name, slot_rest
from gateway.store.dialect import Connection
from gateway.store.statements import Statements
from gateway.store.values import event_of, session_of

LAST = 2**63 - 1
"""Above every ordinal."""


class Stored(NamedTuple):
    """A session as the store holds it: its ordinal, the event that left it so, and until when that event's outcome is
    kept (microseconds; 0: it is not)."""

    ordinal: int
    session: Session
    latest: int
    kept_until: int


Found = Stored | None


@dataclass(slots=True)
class Ahead:
    """What was looked up for many writes at once (:mod:`gateway.store.ahead`), by what was asked for (a uid
    as a number).

    Of a key: its latest open and its latest closed session. Of a slot: what is kept in it, expired or not.
    """

    uids: dict[int, Found] = field(default_factory=dict)
    keys: dict[tuple[str, Key], tuple[Found, Found]] = field(default_factory=dict)
    tokens: dict[tuple[str, str], Found] = field(default_factory=dict)
    slots: dict[str, "Slotted | None"] = field(default_factory=dict)


class Slotted(NamedTuple):
    """The latest outcome that was kept in a slot; None for one whose session is not known any more."""

    position: int
    expires_at: int
    command: str
    outcome: Outcome | None


def stored_of(row: Any) -> Stored:
    """The session of a row of its four columns."""
    ordinal, latest, kept_until, body = row
    return Stored(ordinal, session_of(body), latest, kept_until)


def _found(row: Any) -> Found:
    return None if row is None else stored_of(row)


def _slotted(
    left: Mapping[int, Session], expires_at: int, position: int, uid: Any, command: Any, created: int, body: str
) -> Slotted:
    """The outcome of an event; ``left`` are sessions as events left them."""
    session = left.get(position)
    lost = uid is not None and session is None
    outcome = None if lost else Outcome(session=session, event=event_of(position, body), created=bool(created))
    return Slotted(position, expires_at, bytes(command).hex(), outcome)


class Snapshot:
    """Reads within one transaction of one connection (:class:`gateway.handler.View`)."""

    def __init__(self, connection: Connection, statements: Statements) -> None:
        self.connection = connection
        self.sql = statements
        self.ahead = Ahead()

    def row_by_uid(self, uid: uuid.UUID) -> Found:
        """The session with this uid, of whichever tenant."""
        if uid.int in self.ahead.uids:
            return self.ahead.uids[uid.int]
        return _found(self.connection.one(self.sql.session_by_uid, uid.bytes))

    def row_by_key(self, tenant: str, key: Key, open_only: bool, below: int = LAST) -> Found:
        """The latest session with this key whose ordinal is below a bound."""
        known = self.ahead.keys.get((tenant, key)) if below == LAST else None
        if known is not None:
            opened, closed = known
            return opened if open_only or closed is None or (opened and opened.ordinal > closed.ordinal) else closed
        values = (number_of(place_of(tenant, key)), below, tenant, key_of(key))
        if open_only:
            return _found(self.connection.one(self.sql.session_by_open_key, *values))
        rows = self.connection.all(self.sql.latest_with_key, (*values, *values))
        return _found(max(rows, key=lambda row: int(row[0]), default=None))

    def row_by_token(self, api: str, token: str) -> Found:
        """The session that handed out this secret."""
        if (api, token) in self.ahead.tokens:
            return self.ahead.tokens[api, token]
        return _found(self.connection.one(self.sql.session_by_token, api, token_of(token)))

    def tenants(self) -> list[str]:
        """Every tenant."""
        return queries.tenants(self.connection)

    def kept(self, slot: str) -> Slotted | None:
        """What was kept in a slot at last, whether or not it has expired."""
        if slot not in self.ahead.slots:
            self.ahead.slots.update(self.kept_in([slot]))
        return self.ahead.slots[slot]

    def kept_in(self, slots: Collection[str]) -> dict[str, Slotted | None]:
        """What was kept in slots."""
        return self.kept_of(slots, self.connection.together(self.sql.kept_in, [slot_name(slot) for slot in slots]))

    def kept_of(self, slots: Collection[str], found: Iterable[Any]) -> dict[str, Slotted | None]:
        """What was kept in slots, of the rows that were found for their names."""
        asked = {(slot_name(slot)[0], slot_rest(slot)): slot for slot in slots}
        rows: dict[str, Any] = {}
        for place, rest, *row in sorted(found, key=lambda row: int(row[3])):
            if (slot := asked.get((place, bytes(rest)))) is not None:
                rows[slot] = row
        left = self._left_by({row[1]: uuid.UUID(bytes=bytes(row[2])) for row in rows.values() if row[2] is not None})
        return {slot: _slotted(left, *rows[slot]) if slot in rows else None for slot in asked.values()}

    def _left_by(self, events: Mapping[int, uuid.UUID]) -> dict[int, Session]:
        """Of events' positions and sessions: each session as it was then, not as it is now; without those that are not
        known any more."""
        rows = self.connection.together(self.sql.states_at, [(position,) for position in events])
        left = {position: session_of(body) for position, body in rows}
        others = {position: uid for position, uid in events.items() if position not in left}
        self.know({uid.int for uid in others.values()})
        for position, uid in others.items():
            found = self.row_by_uid(uid)
            if found is not None and found.latest == position:
                left[position] = found.session
        return left

    def know(self, uids: Set[int]) -> None:
        """Look ahead for sessions, by the numbers that their uids are."""
        asked = {uid for uid in uids if uid not in self.ahead.uids}
        self.learn(asked, self.connection.together(self.sql.sessions_by_uid, [(bytes_of(uid),) for uid in asked]))

    def learn(self, uids: Set[int], found: Iterable[Any]) -> None:
        """Take the sessions that were found for uids; there are no others of these."""
        self.ahead.uids.update(dict.fromkeys(uids))
        for stored in map(stored_of, found):
            self.ahead.uids[stored.session.uid.int] = stored

    def by_uid(self, tenant: str | None, uid: uuid.UUID) -> Session | None:
        """See :class:`gateway.handler.View`."""
        found = self.row_by_uid(uid)
        return found.session if found is not None and tenant in (None, found.session.tenant) else None

    def by_key(self, tenant: str | None, key: Key, open_only: bool) -> Session | None:
        """See :class:`gateway.handler.View`."""
        scope = [tenant] if tenant is not None else self.tenants()
        found = [row for row in (self.row_by_key(name, key, open_only) for name in scope) if row is not None]
        return max(found, key=lambda row: row.ordinal).session if found else None

    def by_token(self, api: str, token: str) -> Session | None:
        """See :class:`gateway.handler.View`."""
        found = self.row_by_token(api, token)
        return found.session if found is not None else None

    def list_sessions(self, tenant: str | None, command: ListSessions) -> Outcome:
        """See :class:`gateway.handler.View`."""
        return queries.list_sessions(self.connection, tenant, command)

    def list_events(self, tenant: str | None, command: ListEvents) -> Outcome:
        """See :class:`gateway.handler.View`."""
        return queries.list_events(self.connection, tenant, command)


def bytes_of(uid: int) -> bytes:
    """A uid as it is stored, of the number that it is."""
    return uid.to_bytes(16, "big")


def token_of(token: str) -> bytes:
    """A secret's SHA-256 as it is stored; what is not one matches none."""
    try:
        return bytes.fromhex(token)
    except ValueError:
        return b""
