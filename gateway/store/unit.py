"""The changes of one batch, in memory until they are flushed; look-ups see them first, then what is stored."""

import uuid
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from gateway.commands import ListEvents, ListSessions
from gateway.handler import Kept, Slot
from gateway.model import Key, Session, SessionEvent
from gateway.outcome import Fault, FaultKind, Outcome
from gateway.store.snapshot import Found, Snapshot
from gateway.store.values import micros
from gateway.work import RawRequest

_ABSENT = object()
Mark = int
"""A moment in a unit's life, to which it can be taken back."""


@dataclass(frozen=True, slots=True)
class Held:
    """A session that this batch changed: its ordinal, and None when it was dropped."""

    ordinal: int
    session: Session | None


class Unit:
    """One batch's changes (:class:`gateway.handler.Transaction`). Every change is journalled, so that a refused
    write's own changes can be dropped."""

    def __init__(self, stored: Snapshot, position: int) -> None:
        self.stored = stored
        self.start = position
        self.held: dict[uuid.UUID, Held] = {}
        self.ordinals: dict[int, uuid.UUID] = {}
        self.by_keys: dict[tuple[str, Key], tuple[int, ...]] = {}
        self.tokens: dict[tuple[str, str], uuid.UUID] = {}
        self.slots: dict[str, tuple[Slot, Outcome]] = {}
        self.events: dict[int, tuple[SessionEvent, RawRequest]] = {}
        self.loaded: dict[uuid.UUID, tuple[int, Session]] = {}
        self._journal: list[tuple[dict[Any, Any], Any, Any]] = []

    def mark(self) -> Mark:
        """Now."""
        return len(self._journal)

    def undo(self, mark: Mark) -> None:
        """Take back every change since ``mark``."""
        while len(self._journal) > mark:
            table, name, old = self._journal.pop()
            if old is _ABSENT:
                del table[name]
            else:
                table[name] = old

    def _put(self, table: dict[Any, Any], name: Any, value: Any) -> None:
        self._journal.append((table, name, table.get(name, _ABSENT)))
        table[name] = value

    @property
    def changed(self) -> bool:
        """Whether there is anything to flush."""
        return bool(self._journal)

    def _current(self, found: Found) -> Session | None:
        """What was found in the store, as this batch left it."""
        if found is None:
            return None
        ordinal, session = found
        if session.uid in self.held:
            return self.held[session.uid].session
        self.loaded[session.uid] = (ordinal, session)
        return session

    def by_uid(self, tenant: str | None, uid: uuid.UUID) -> Session | None:
        """See :class:`gateway.handler.View`."""
        if uid in self.held:
            session = self.held[uid].session
        elif uid in self.loaded:
            session = self.loaded[uid][1]
        else:
            session = self._current(self.stored.row_by_uid(uid))
        return session if session is not None and tenant in (None, session.tenant) else None

    def by_key(self, tenant: str | None, key: Key, open_only: bool) -> Session | None:
        """See :class:`gateway.handler.View`."""
        if tenant is not None:
            found = self._latest(tenant, key, open_only)
            return found[1] if found is not None else None
        scope = {*self.stored.tenants(), *(name for name, _ in self.by_keys)}
        each = [row for row in (self._latest(name, key, open_only) for name in scope) if row is not None]
        return max(each, key=lambda row: row[0])[1] if each else None

    def _latest(self, tenant: str, key: Key, open_only: bool) -> Found:
        own = self._own(tenant, key, open_only)
        if own is not None and own[0] > self.start:
            return own
        found = self.stored.row_by_key(tenant, key, open_only)
        while found is not None and found[0] in self.ordinals:
            # This batch changed it: its present state is among ``own``, and an older session may match instead.
            found = self.stored.row_by_key(tenant, key, open_only, found[0])
        if found is not None and (own is None or found[0] > own[0]):
            self.loaded[found[1].uid] = found
            return found
        return own

    def _own(self, tenant: str, key: Key, open_only: bool) -> Found:
        for ordinal in sorted(self.by_keys.get((tenant, key), ()), reverse=True):
            session = self.held[self.ordinals[ordinal]].session
            if session is not None and (session.is_open or not open_only):
                return ordinal, session
        return None

    def by_token(self, api: str, token: str) -> Session | None:
        """See :class:`gateway.handler.View`."""
        uid = self.tokens.get((api, token))
        return self.by_uid(None, uid) if uid is not None else self._current(self.stored.row_by_token(api, token))

    def list_sessions(self, tenant: str | None, command: ListSessions) -> Outcome:
        """What was stored before this batch."""
        return self.stored.list_sessions(tenant, command)

    def list_events(self, tenant: str | None, command: ListEvents) -> Outcome:
        """What was stored before this batch."""
        return self.stored.list_events(tenant, command)

    def kept(self, slot: str, at: datetime) -> Kept | None:
        """See :class:`gateway.handler.Transaction`."""
        if slot in self.slots:
            kept, outcome = self.slots[slot]
            return Kept(kept.command, outcome) if kept.expires_at >= at else None
        found = self.stored.kept(slot, micros(at))
        return Kept(*found) if found is not None else None

    def save_session(self, session: Session) -> None:
        """See :class:`gateway.handler.Transaction`."""
        ordinal = self._ordinal(session)
        if ordinal not in self.ordinals:
            place = (session.tenant, session.key)
            self._put(self.by_keys, place, (*self.by_keys.get(place, ()), ordinal))
            self._put(self.ordinals, ordinal, session.uid)
        self._put(self.held, session.uid, Held(ordinal, session))

    def _ordinal(self, session: Session) -> int:
        known = self.held.get(session.uid)
        if session.version == 1:
            if known is not None:
                raise Fault(FaultKind.CONFLICT, "A session with this uid exists.")
            return self.start + len(self.events) + 1
        return known.ordinal if known is not None else self.loaded[session.uid][0]

    def drop_session(self, session: Session) -> None:
        """See :class:`gateway.handler.Transaction`."""
        if session.uid not in self.held and session.uid not in self.loaded:
            return
        self.save_session(session)
        self._put(self.held, session.uid, Held(self.held[session.uid].ordinal, None))

    def save_token(self, api: str, token: str, session: Session) -> None:
        """See :class:`gateway.handler.Transaction`."""
        self.by_uid(None, session.uid)
        self._put(self.tokens, (api, token), session.uid)

    def append(self, event: SessionEvent, raw: RawRequest) -> SessionEvent:
        """See :class:`gateway.handler.Transaction`."""
        placed = replace(event, position=self.start + len(self.events) + 1)
        self._put(self.events, placed.position, (placed, raw))
        return placed

    def keep(self, slot: Slot, outcome: Outcome) -> None:
        """See :class:`gateway.handler.Transaction`."""
        self._put(self.slots, slot.name, (slot, outcome))

    def ordinal_of(self, uid: uuid.UUID) -> int | None:
        """The ordinal of a session that this batch knows."""
        if uid in self.held:
            return self.held[uid].ordinal
        return self.loaded[uid][0] if uid in self.loaded else None
