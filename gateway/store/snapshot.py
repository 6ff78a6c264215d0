"""Look-ups in what is stored: what a read sees, and what a write sees below its own changes."""

import uuid
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


def _found(row: Any) -> Found:
    return None if row is None else (row[0], session_of(row[1]))


class Snapshot:
    """Reads within one transaction of one connection (:class:`gateway.handler.View`)."""

    def __init__(self, connection: Connection, statements: Statements) -> None:
        self.connection = connection
        self.sql = statements

    def row_by_uid(self, uid: uuid.UUID) -> Found:
        """The session with this uid, of whichever tenant."""
        return _found(self.connection.one(self.sql.session_by_uid, uid.bytes))

    def row_by_key(self, tenant: str, key: Key, open_only: bool, below: int = LAST) -> Found:
        """The latest session with this key whose ordinal is below a bound."""
        values = (tenant, key_of(key), below)
        if open_only:
            return _found(self.connection.one(self.sql.session_by_open_key, *values))
        return _found(self.connection.one(self.sql.session_by_key, *values, *values))

    def row_by_token(self, api: str, token: str) -> Found:
        """The session that handed out this secret."""
        return _found(self.connection.one(self.sql.session_by_token, api, token_of(token)))

    def tenants(self) -> list[str]:
        """Every tenant."""
        return queries.tenants(self.connection)

    def kept(self, slot: str, at: int) -> tuple[str, Outcome] | None:
        """The command and the outcome of a slot that had not expired by then (microseconds)."""
        row = self.connection.one(self.sql.kept, bytes.fromhex(slot), at)
        if row is None:
            return None
        command, position, created, text = row
        event = event_of(position, self.connection.one(self.sql.event_at, position)[0])
        session = None if text is None else session_of(text)
        return bytes(command).hex(), Outcome(session=session, event=event, created=bool(created))

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


def token_of(token: str) -> bytes:
    """A secret's SHA-256 as it is stored; what is not one matches none."""
    try:
        return bytes.fromhex(token)
    except ValueError:
        return b""
