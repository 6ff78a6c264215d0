"""Look-ups in what is stored: what a read sees, and what a write sees below its own changes."""

import uuid
from dataclasses import dataclass, field
from typing import Any

from gateway.commands import ListEvents, ListSessions
from gateway.model import Key, Session
from gateway.outcome import Outcome
from gateway.store import queries
from gateway.store.columns import key_of
from gateway.store.dialect import Connection
from gateway.store.statements import Statements
from gateway.store.values import event_of, session_of

LAST = 2**63 - 1
"""Above every ordinal."""

Found = tuple[int, Session] | None
"""A session and its ordinal."""


@dataclass(slots=True)
class Ahead:
    """What was looked up for many writes at once (:mod:`gateway.store.ahead`), by what was asked for.

    Of a key: its latest open and its latest closed session. Of a slot: when it expires, and what is kept in it.
    """

    uids: dict[uuid.UUID, Found] = field(default_factory=dict)
    keys: dict[tuple[str, Key], tuple[Found, Found]] = field(default_factory=dict)
    tokens: dict[tuple[str, str], Found] = field(default_factory=dict)
    slots: dict[str, tuple[int, str, Outcome] | None] = field(default_factory=dict)


def _found(row: Any) -> Found:
    return None if row is None else (row[0], session_of(row[1]))


class Snapshot:
    """Reads within one transaction of one connection (:class:`gateway.handler.View`)."""

    def __init__(self, connection: Connection, statements: Statements) -> None:
        self.connection = connection
        self.sql = statements
        self.ahead = Ahead()

    def row_by_uid(self, uid: uuid.UUID) -> Found:
        """The session with this uid, of whichever tenant."""
        if uid in self.ahead.uids:
            return self.ahead.uids[uid]
        return _found(self.connection.one(self.sql.session_by_uid, uid.bytes))

    def row_by_key(self, tenant: str, key: Key, open_only: bool, below: int = LAST) -> Found:
        """The latest session with this key whose ordinal is below a bound."""
        if below == LAST and (tenant, key) in self.ahead.keys:
            opened, closed = self.ahead.keys[tenant, key]
            return opened if open_only or closed is None or (opened and opened[0] > closed[0]) else closed
        values = (tenant, key_of(key), below)
        if open_only:
            return _found(self.connection.one(self.sql.session_by_open_key, *values))
        return _found(self.connection.one(self.sql.session_by_key, *values, *values))

    def row_by_token(self, api: str, token: str) -> Found:
        """The session that handed out this secret."""
        if (api, token) in self.ahead.tokens:
            return self.ahead.tokens[api, token]
        return _found(self.connection.one(self.sql.session_by_token, api, token_of(token)))

    def tenants(self) -> list[str]:
        """Every tenant."""
        return queries.tenants(self.connection)

    def kept(self, slot: str, at: int) -> tuple[str, Outcome] | None:
        """The command and the outcome of a slot that had not expired by then (microseconds)."""
        if slot in self.ahead.slots:
            known = self.ahead.slots[slot]
            return None if known is None or known[0] < at else known[1:]
        row = self.connection.one(self.sql.kept, bytes.fromhex(slot), at)
        return kept_of(row, self.connection.one(self.sql.event_at, row[1])[0]) if row is not None else None

    def by_uid(self, tenant: str | None, uid: uuid.UUID) -> Session | None:
        """See :class:`gateway.handler.View`."""
        found = self.row_by_uid(uid)
        return found[1] if found is not None and tenant in (None, found[1].tenant) else None

    def by_key(self, tenant: str | None, key: Key, open_only: bool) -> Session | None:
        """See :class:`gateway.handler.View`."""
        scope = [tenant] if tenant is not None else self.tenants()
        found = [row for row in (self.row_by_key(name, key, open_only) for name in scope) if row is not None]
        return max(found, key=lambda row: row[0])[1] if found else None

    def by_token(self, api: str, token: str) -> Session | None:
        """See :class:`gateway.handler.View`."""
        found = self.row_by_token(api, token)
        return found[1] if found is not None else None

    def list_sessions(self, tenant: str | None, command: ListSessions) -> Outcome:
        """See :class:`gateway.handler.View`."""
        return queries.list_sessions(self.connection, tenant, command)

    def list_events(self, tenant: str | None, command: ListEvents) -> Outcome:
        """See :class:`gateway.handler.View`."""
        return queries.list_events(self.connection, tenant, command)


def kept_of(row: Any, event: str) -> tuple[str, Outcome]:
    """The command and the outcome of an outcome's row and the text of its event."""
    command, position, created, text = row
    session = None if text is None else session_of(text)
    outcome = Outcome(session=session, event=event_of(position, event), created=bool(created))
    return bytes(command).hex(), outcome


def token_of(token: str) -> bytes:
    """A secret's SHA-256 as it is stored; what is not one matches none."""
    try:
        return bytes.fromhex(token)
    except ValueError:
        return b""
