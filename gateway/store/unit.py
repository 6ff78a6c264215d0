"""The changes of one batch, in memory until they are flushed; look-ups see them first, then what is stored."""

import uuid
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from gateway.commands import ListEvents, ListSessions
from gateway.handler import Kept, Slot
from gateway.model import Key, Session, SessionEvent
from gateway.outcome import Fault, FaultKind, Outcome
from gateway.quick import quick
from gateway.store.snapshot import Found, Slotted, Snapshot, Stored
from gateway.store.values import micros
from gateway.work import RawRequest

_ABSENT = object()
Mark = int
"""A moment in a unit's life, to which it can be taken back."""


_SLACK = 60_000_000
"""Microseconds for which a repeat may have been on its way when its outcome's session was changed."""


@quick
@dataclass(frozen=True, slots=True)
class Held:
    """A session that this batch changed, None when it was dropped; see :class:`gateway.store.snapshot.Stored`."""

    ordinal: int
    session: Session | None
    latest: int
    kept_until: int = 0


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
        self.states: dict[int, tuple[Session, int]] = {}
        self.loaded: dict[uuid.UUID, Stored] = {}
        self.outdated: dict[str, int] = {}
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
        uid = found.session.uid
        if uid in self.held:
            return self.held[uid].session
        self.loaded[uid] = found
        return found.session

    def by_uid(self, tenant: str | None, uid: uuid.UUID) -> Session | None:
        """See :class:`gateway.handler.View`."""
        if uid in self.held:
            session = self.held[uid].session
        elif uid in self.loaded:
            session = self.loaded[uid].session
        else:
            session = self._current(self.stored.row_by_uid(uid))
        return session if session is not None and tenant in (None, session.tenant) else None

    def by_key(self, tenant: str | None, key: Key, open_only: bool) -> Session | None:
        """See :class:`gateway.handler.View`."""
        if tenant is not None:
            found = self._latest(tenant, key, open_only)
            return found.session if found is not None else None
        scope = {*self.stored.tenants(), *(name for name, _ in self.by_keys)}
        each = [row for row in (self._latest(name, key, open_only) for name in scope) if row is not None]
        return max(each, key=lambda row: row.ordinal).session if each else None

    def _latest(self, tenant: str, key: Key, open_only: bool) -> Found:
        own = self._own(tenant, key, open_only) if self.by_keys else None
        if own is not None and own.ordinal > self.start:
            return own
        found = self.stored.row_by_key(tenant, key, open_only)
        while found is not None and found.ordinal in self.ordinals:
            # This batch changed it: its present state is among ``own``, and an older session may match instead.
            found = self.stored.row_by_key(tenant, key, open_only, found.ordinal)
        if found is not None and (own is None or found.ordinal > own.ordinal):
            self.loaded[found.session.uid] = found
            return found
        return own

    def _own(self, tenant: str, key: Key, open_only: bool) -> Found:
        own = self.by_keys.get((tenant, key))
        for ordinal in sorted(own, reverse=True) if own else ():
            held = self.held[self.ordinals[ordinal]]
            if held.session is not None and (held.session.is_open or not open_only):
                return Stored(ordinal, held.session, held.latest, held.kept_until)
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
        found: Slotted | None = self.stored.kept(slot)
        if found is None:
            return None
        # Whatever is kept there next takes its place.
        self.outdated[slot] = found.position
        if found.outcome is None or found.expires_at < micros(at):
            return None
        return Kept(found.command, found.outcome)

    def save_session(self, session: Session) -> None:
        """See :class:`gateway.handler.Transaction`."""
        self._remember(session)
        held = Held(self._ordinal(session), session, self.next)
        if held.ordinal not in self.ordinals:
            place = (session.tenant, session.key)
            self._put(self.by_keys, place, (*self.by_keys.get(place, ()), held.ordinal))
            self._put(self.ordinals, held.ordinal, session.uid)
        self._put(self.held, session.uid, held)

    def _remember(self, session: Session) -> None:
        """Keep the session as it was for as long as the outcome that left it so is kept."""
        before = self.held.get(session.uid) or self.loaded.get(session.uid)
        if before is None or before.session is None or before.kept_until == 0:
            return
        if before.kept_until + _SLACK >= micros(session.updated_at):
            self._put(self.states, before.latest, (before.session, before.kept_until))

    @property
    def next(self) -> int:
        """The position that the next event gets."""
        return self.start + len(self.events) + 1

    def _ordinal(self, session: Session) -> int:
        known = self.held.get(session.uid)
        if session.version == 1:
            if known is not None:
                raise Fault(FaultKind.CONFLICT, "A session with this uid exists.")
            return self.next
        return known.ordinal if known is not None else self.loaded[session.uid].ordinal

    def drop_session(self, session: Session) -> None:
        """See :class:`gateway.handler.Transaction`."""
        if session.uid not in self.held and session.uid not in self.loaded:
            return
        self.save_session(session)
        held = self.held[session.uid]
        self._put(self.held, session.uid, Held(held.ordinal, None, held.latest, held.kept_until))

    def save_token(self, api: str, token: str, session: Session) -> None:
        """See :class:`gateway.handler.Transaction`."""
        self.by_uid(None, session.uid)
        self._put(self.tokens, (api, token), session.uid)

    def append(self, event: SessionEvent, raw: RawRequest) -> None:
        """See :class:`gateway.handler.Transaction`."""
        self._put(self.events, event.position, (event, raw))

    def keep(self, slot: Slot, outcome: Outcome) -> None:
        """See :class:`gateway.handler.Transaction`."""
        assert outcome.event is not None
        self._put(self.slots, slot.name, (slot, outcome))
        if outcome.session is None:
            return
        held, until = self.held.get(outcome.session.uid), micros(slot.expires_at)
        if held is not None and held.session is outcome.session and held.latest == outcome.event.position:
            self._put(self.held, outcome.session.uid, Held(held.ordinal, held.session, held.latest, until))
        else:
            self._put(self.states, outcome.event.position, (outcome.session, until))

    def ordinal_of(self, uid: uuid.UUID) -> int | None:
        """The ordinal of a session that this batch knows."""
        known = self.held.get(uid) or self.loaded.get(uid)
        return known.ordinal if known is not None else None
