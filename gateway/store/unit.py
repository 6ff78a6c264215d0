"""The changes of one batch, in memory until they are flushed; look-ups see them first, then what is stored."""

import uuid
from dataclasses import dataclass
from datetime import datetime
from operator import attrgetter
from typing import Any

from gateway.commands import ListEvents, ListSessions
from gateway.handler import Draft, Kept
from gateway.model import Key, Session, SessionEvent
from gateway.outcome import Fault, FaultKind, Outcome
from gateway.quick import quick
from gateway.slots import Slot
from gateway.store.snapshot import Found, Slotted, Snapshot, Stored
from gateway.store.values import micros

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


class Unit:
    """One batch's changes (:class:`gateway.handler.Transaction`). Every change is journalled, so that a refused
    write's own changes can be dropped. Sessions are found by the numbers that their uids are, which are hashed in a
    tenth of the time; ``until`` says, by the position of an event, until when its outcome is kept."""

    def __init__(self, stored: Snapshot, position: int) -> None:
        self.stored = stored
        self.start = position
        self.held: dict[int, Held] = {}
        self.by_keys: dict[tuple[str, Key], tuple[int, ...]] = {}
        self.tokens: dict[tuple[str, str], uuid.UUID] = {}
        self.slots: dict[str, tuple[Slot, Outcome]] = {}
        self.until: dict[int, int] = {}
        self.events: dict[int, tuple[SessionEvent, Draft]] = {}
        self.states: dict[int, tuple[Session, int]] = {}
        self.loaded: dict[int, Stored] = {}
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
        number = found.session.uid.int
        if number in self.held:
            return self.held[number].session
        self.loaded[number] = found
        return found.session

    def by_uid(self, tenant: str | None, uid: uuid.UUID) -> Session | None:
        """See :class:`gateway.handler.View`."""
        known = self._known(uid)
        session = known.session if known is not None else self._current(self.stored.row_by_uid(uid))
        return session if session is not None and tenant in (None, session.tenant) else None

    def _known(self, uid: uuid.UUID) -> Held | Stored | None:
        """A session that this batch has come upon."""
        return self.held.get(uid.int) or self.loaded.get(uid.int)

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
        while found is not None and found.session.uid.int in self.held:
            # This batch changed it: its present state is among ``own``, and if that does not match, an older one may.
            if own is not None and own.ordinal >= found.ordinal:
                return own
            found = self.stored.row_by_key(tenant, key, open_only, found.ordinal)
        if found is not None and (own is None or found.ordinal > own.ordinal):
            self.loaded[found.session.uid.int] = found
            return found
        return own

    def _own(self, tenant: str, key: Key, open_only: bool) -> Found:
        own = self.by_keys.get((tenant, key))
        for held in sorted(map(self.held.__getitem__, own), key=_by_ordinal, reverse=True) if own else ():
            if held.session is not None and (held.session.is_open or not open_only):
                return Stored(held.ordinal, held.session, held.latest, self.until.get(held.latest, 0))
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
        self._save(session, session)

    def drop_session(self, session: Session) -> None:
        """See :class:`gateway.handler.Transaction`."""
        if self._known(session.uid) is not None:
            self._save(session, None)

    def _save(self, session: Session, now: Session | None) -> None:
        number, at = session.uid.int, self.next
        before = self.held.get(number) or self.loaded.get(number)
        if before is not None:
            self._remember(before, session)
        if number not in self.held:
            place = (session.tenant, session.key)
            self._put(self.by_keys, place, (*self.by_keys.get(place, ()), number))
        self._put(self.held, number, Held(_ordinal(session, before, at), now, at))

    def _remember(self, before: Held | Stored, session: Session) -> None:
        """Keep the session as it was for as long as the outcome that left it so is kept."""
        until = before.kept_until if isinstance(before, Stored) else self.until.get(before.latest, 0)
        if before.session is not None and until and until + _SLACK >= micros(session.updated_at):
            self._put(self.states, before.latest, (before.session, until))

    @property
    def next(self) -> int:
        """The position that the next event gets."""
        return self.start + len(self.events) + 1

    def save_token(self, api: str, token: str, session: Session) -> None:
        """See :class:`gateway.handler.Transaction`."""
        self.by_uid(None, session.uid)
        self._put(self.tokens, (api, token), session.uid)

    def append(self, event: SessionEvent, drafted: Draft) -> None:
        """See :class:`gateway.handler.Transaction`."""
        self._put(self.events, event.position, (event, drafted))

    def keep(self, slot: Slot, outcome: Outcome) -> None:
        """See :class:`gateway.handler.Transaction`."""
        event, session = outcome.event, outcome.session
        assert event is not None
        until = micros(slot.expires_at)
        self._put(self.slots, slot.name, (slot, outcome))
        self._put(self.until, event.position, until)
        if session is None:
            return
        held = self.held.get(session.uid.int)
        if held is None or held.session is not session or held.latest != event.position:
            self._put(self.states, event.position, (session, until))

    def ordinal_of(self, uid: uuid.UUID) -> int | None:
        """The ordinal of a session that this batch knows."""
        known = self._known(uid)
        return known.ordinal if known is not None else None


_by_ordinal = attrgetter("ordinal")


def _ordinal(session: Session, before: Held | Stored | None, at: int) -> int:
    if session.version > 1:
        assert before is not None
        return before.ordinal
    if isinstance(before, Held):
        raise Fault(FaultKind.CONFLICT, "A session with this uid exists.")
    return at
