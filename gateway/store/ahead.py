"""Looking ahead: what the writes of one batch will look up, asked of the database all at once.

A look-up of its own costs each write several turns of the interpreter's lock, and beside a busy event loop each turn is
waited for. So every write is run against a store that only notes what it is asked, and stops there; what was asked is
looked up with one statement for each kind; and again, until nobody asks. A question that comes up only later, since
another write of the batch made a difference, is answered by a look-up of its own.
"""

import uuid
from collections.abc import Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any

from gateway.commands import Write
from gateway.handler import Draft, Kept, execute
from gateway.model import Key, Session
from gateway.store.columns import key_of
from gateway.store.snapshot import Found, Snapshot, kept_of, token_of
from gateway.store.values import session_of
from gateway.work import Work

_ROUNDS = 3
"""A key's open session, its closed one, the slot: nobody asks more in a row."""

Drafted = tuple[Work, Draft | None]


class _Noted(Exception):
    """A question was noted; once it is answered there may be another."""


class _Enough(Exception):
    """Nothing more is asked, or nothing that could be answered here."""


@dataclass(slots=True)
class _Asking:
    """Stands for a transaction (:class:`gateway.handler.Transaction`) while questions are collected."""

    stored: Snapshot
    uids: set[uuid.UUID] = field(default_factory=set)
    keys: set[tuple[str, Key]] = field(default_factory=set)
    tokens: set[tuple[str, str]] = field(default_factory=set)
    slots: set[str] = field(default_factory=set)

    def by_uid(self, tenant: str | None, uid: uuid.UUID) -> Session | None:
        if uid not in self.stored.ahead.uids:
            self.uids.add(uid)
            raise _Noted
        return self.stored.by_uid(tenant, uid)

    def by_key(self, tenant: str | None, key: Key, open_only: bool) -> Session | None:
        if tenant is None:
            raise _Enough
        if (tenant, key) not in self.stored.ahead.keys:
            self.keys.add((tenant, key))
            raise _Noted
        return self.stored.by_key(tenant, key, open_only)

    def by_token(self, api: str, token: str) -> Session | None:
        if (api, token) not in self.stored.ahead.tokens:
            self.tokens.add((api, token))
            raise _Noted
        return self.stored.by_token(api, token)

    def kept(self, slot: str, at: Any) -> Kept | None:
        if slot not in self.stored.ahead.slots:
            self.slots.add(slot)
        raise _Enough

    def __getattr__(self, name: str) -> Any:
        raise _Enough


def look_ahead(stored: Snapshot, writes: Sequence[Drafted]) -> None:
    """Answer in ``stored.ahead`` what the writes will ask; a single write asks for itself."""
    left = [drafted for drafted in writes if _asks(*drafted)] if len(writes) > 1 else []
    for _ in range(_ROUNDS):
        asking = _Asking(stored)
        asked = [drafted for drafted in left if _ask(asking, *drafted)]
        _answer(stored, asking)
        # The others have found their session, and look nothing up beyond it.
        left = [(work, drafted) for work, drafted in asked if drafted is not None and drafted.command is not None]


def _asks(work: Work, drafted: Draft | None) -> bool:
    """Whether a write looks anything up: the session that it names, or an outcome that was kept."""
    if work.principal is None or drafted is None or drafted.command is not None:
        return True
    return isinstance(work.command, Write) and work.command.find is not None


def _ask(asking: Any, work: Work, drafted: Draft | None) -> bool:
    """Note what a write asks next; whether it may ask more."""
    # Whatever else goes wrong here goes wrong again when the write is run, and is told there.
    with suppress(Exception):
        try:
            execute(asking, work, drafted=drafted)
        except _Noted:
            return True
    return False


def _answer(stored: Snapshot, asking: _Asking) -> None:
    ahead, sql, ask = stored.ahead, stored.sql, stored.connection.together
    if asking.keys:
        ahead.keys.update(_by_key(stored, asking.keys))
    if asking.uids:
        found = _sessions(ask(sql.sessions_by_uid, [(uid.bytes,) for uid in asking.uids]))
        by_uid = {session.uid: (ordinal, session) for ordinal, session in found.items()}
        ahead.uids.update({uid: by_uid.get(uid) for uid in asking.uids})
    if asking.tokens:
        rows = ask(sql.sessions_by_token, [(api, token_of(token)) for api, token in asking.tokens])
        by_token = {(row[0], bytes(row[1])): (row[2], session_of(row[3])) for row in rows}
        ahead.tokens.update({(api, token): by_token.get((api, token_of(token))) for api, token in asking.tokens})
    if asking.slots:
        rows = ask(sql.kept_in, [(bytes.fromhex(slot),) for slot in asking.slots])
        by_slot = {bytes(row[0]).hex(): (row[1], *kept_of(row[2:6], row[6])) for row in rows}
        ahead.slots.update({slot: by_slot.get(slot) for slot in asking.slots})


def _by_key(stored: Snapshot, keys: Iterable[tuple[str, Key]]) -> dict[tuple[str, Key], tuple[Found, Found]]:
    digests = {(tenant, key_of(key)): (tenant, key) for tenant, key in keys}
    rows = stored.connection.together(stored.sql.latest_by_key, list(digests))
    wanted = {ordinal for row in rows for ordinal in row[2:] if ordinal is not None}
    sessions = _sessions(stored.connection.together(stored.sql.sessions_at, [(ordinal,) for ordinal in wanted]))

    def found(ordinal: int | None) -> Found:
        return None if ordinal is None else (ordinal, sessions[ordinal])

    known = {digests[row[0], bytes(row[1])]: (found(row[2]), found(row[3])) for row in rows}
    return {place: known.get(place, (None, None)) for place in digests.values()}


def _sessions(rows: Iterable[tuple[int, str]]) -> dict[int, Session]:
    return {ordinal: session_of(body) for ordinal, body in rows}
