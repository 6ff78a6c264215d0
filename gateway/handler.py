"""Command to Outcome: every decision about a session, free of any database.

What a handler may look up and save is :class:`Transaction`; the store implements it, tests may do so with dicts.
Ids, instants and secrets come from Work, so that a transaction can be run again with the same result.
"""

import hashlib
import uuid
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any, Protocol

from gateway.changes import changed
from gateway.commands import (
    ByKey,
    ByToken,
    ByUid,
    Find,
    GetSession,
    ListEvents,
    ListSessions,
    Missing,
    Pick,
    Probe,
    Retry,
    SearchSessions,
    Write,
    natural_key,
    plain_changes,
)
from gateway.credentials import digest
from gateway.guard import by_api
from gateway.model import EventKind, Key, Session, SessionEvent
from gateway.outcome import Fault, FaultKind, Outcome
from gateway.quick import quick
from gateway.search import search
from gateway.slots import Slot, closes, name_of, opening
from gateway.work import RawRequest, Work
from schemas.api import Api


@dataclass(frozen=True, slots=True)
class Policy:
    """For how long a repeated write is known: by its own content, and by an ``Idempotency-Key``."""

    retry_window: timedelta = timedelta(seconds=600)
    idempotency_window: timedelta = timedelta(hours=24)


@dataclass(frozen=True, slots=True)
class Kept:
    """An outcome kept for repeats, and the digest of the command that led to it."""

    command: str
    outcome: Outcome


@quick
@dataclass(frozen=True, slots=True)
class Caller:
    """Whose name an event bears, and whose sessions are seen; a tenant of None sees all."""

    name: str
    tenant: str | None


class View(Protocol):
    """What a read may ask of the store: one snapshot. A tenant of None is the operator's: all tenants."""

    def by_uid(self, tenant: str | None, uid: uuid.UUID) -> Session | None:
        """The session with this public uid."""

    def by_key(self, tenant: str | None, key: Key, open_only: bool) -> Session | None:
        """The latest session with this key, or the latest that has not ended."""

    def by_token(self, api: str, token: str) -> Session | None:
        """The session that handed out the secret with this SHA-256."""

    def list_sessions(self, tenant: str | None, command: ListSessions) -> Outcome:
        """One page of sessions. Raises a Fault for a cursor that is not one of ours."""

    def list_events(self, tenant: str | None, command: ListEvents) -> Outcome:
        """Events after a position."""


class Transaction(View, Protocol):
    """What a write may ask of the store; everything saved is durable once the transaction is."""

    def kept(self, slot: str, at: datetime) -> Kept | None:
        """The outcome kept in a slot, unless it had expired by then."""

    def save_session(self, session: Session) -> None:
        """Insert the session, or replace the one with its uid."""

    def drop_session(self, session: Session) -> None:
        """Make the session unknown; its events stay."""

    def save_token(self, api: str, token: str, session: Session) -> None:
        """Keep the SHA-256 of a secret that was handed out for this session."""

    @property
    def next(self) -> int:
        """The position of the event that is appended next."""

    def append(self, event: SessionEvent, drafted: "Draft") -> None:
        """Keep the event, which has the next position, and the request of its draft."""

    def keep(self, slot: Slot, outcome: Outcome) -> None:
        """Keep the outcome in a slot, in place of an expired or outdated one."""


def execute(transaction: Transaction, work: Work, policy: Policy = Policy(), drafted: "Draft | None" = None) -> Outcome:
    """Run one prepared request. Raises a Fault; what it had saved by then must be dropped by the caller."""
    if not isinstance(work.command, Write):
        return read(transaction, work)
    write = work.command
    caller, target = resolve(transaction, work, write, drafted)
    drafted = drafted or draft(work)
    assert drafted is not None
    if drafted.command is None:
        return _accept(transaction, work, write, caller, target, drafted)
    slot = slot_of(work, drafted, caller, target, policy)
    kept = _repeated(transaction, work, write, slot) if slot is not None else None
    if kept is not None:
        return kept
    outcome = _accept(transaction, work, write, caller, target, drafted)
    slot = slot or slot_of(work, drafted, caller, outcome.session, policy)
    assert slot is not None
    transaction.keep(slot, outcome)
    return outcome


def resolve(view: View, work: Work, write: Write, drafted: "Draft | None" = None) -> tuple[Caller, Session | None]:
    """Who writes, and the session that the write is about, None when there is none. Raises a Fault."""
    caller = (drafted.caller if drafted is not None else None) or _caller(view, work)
    target = _find(view, caller.tenant, write)
    if isinstance(write.find, ByToken) and target is not None and caller.tenant is None:
        caller = Caller(f"session:{target.uid}", target.tenant)
    return caller, target


def read(view: View, work: Work) -> Outcome:
    """Run one prepared read on a snapshot. Raises a Fault."""
    if isinstance(work.command, Probe):
        return Outcome()
    caller, command = _caller(view, work), work.command
    if isinstance(command, ListSessions):
        return view.list_sessions(caller.tenant, command)
    if isinstance(command, ListEvents):
        return _events(view, caller.tenant, command)
    if isinstance(command, SearchSessions):
        return search(
            replace(command, pick=_Guarded(work.api, command.pick)),
            lambda page: view.list_sessions(caller.tenant, page),
            lambda uid: view.by_uid(caller.tenant, uid),
        )
    assert isinstance(command, GetSession)
    session = _look_up(view, caller.tenant, command.find)
    if session is None and not command.optional:
        raise _unknown(command.find)
    return Outcome(session=session)


@dataclass(frozen=True, slots=True)
class _Guarded:
    """An API's own pick, whose defects are counted as the API's."""

    api: Api
    pick: Pick

    def rank(self, session: Session) -> tuple[Any, ...] | None:
        return by_api(self.api, self.pick.rank, session)

    def group(self, session: Session) -> str | None:
        return by_api(self.api, self.pick.group, session)


def _events(view: View, tenant: str | None, command: ListEvents) -> Outcome:
    """Events after a position; those of one session only if it is there, or was before it was deleted."""
    found = view.list_events(tenant, command)
    uid = command.session_uid
    if found.events or uid is None or view.by_uid(tenant, uid) is not None:
        return found
    if command.after and view.list_events(tenant, replace(command, after=0, limit=1)).events:
        return found
    raise _unknown(ByUid(uid))


def _unknown(find: Find) -> Fault:
    """What was asked for is not there: under its own name, unless that is a secret."""
    name = find.key.id if isinstance(find, ByKey) else str(find.uid) if isinstance(find, ByUid) else None
    details = {} if name is None else {"id": name}
    return Fault(FaultKind.NOT_FOUND, "There is no such session.", details=details)


def _caller(view: View, work: Work) -> Caller:
    """Who asks. Without a principal a session's secret names the tenant; ByToken is resolved by the look-up itself."""
    if work.principal is not None:
        return Caller(work.principal.name, work.principal.tenant)
    if isinstance(work.command, Write) and isinstance(work.command.find, ByToken):
        return Caller("", None)
    session = view.by_token(work.api.name, work.token) if work.token else None
    if session is None or not session.is_open or _outlived(session, work):
        raise Fault(FaultKind.UNAUTHENTICATED, "The session of this request is unknown or has ended.")
    return Caller(f"session:{session.uid}", session.tenant)


def _outlived(session: Session, work: Work) -> bool:
    lifetime = work.operation.lifetime
    return lifetime is not None and work.received_at - session.recorded_at > lifetime


def _look_up(view: View, tenant: str | None, find: Find) -> Session | None:
    if isinstance(find, ByUid):
        return view.by_uid(tenant, find.uid)
    if isinstance(find, ByKey):
        return view.by_key(tenant, find.key, find.open_only)
    session = view.by_token(find.api, find.digest)
    return session if session is None or tenant in (None, session.tenant) else None


def _find(view: View, tenant: str | None, write: Write) -> Session | None:
    """The session that a write is about. A close that finds no open session is compared with the latest closed one:
    it may be the retry of the close that ended it."""
    find = write.find
    if find is None:
        return None
    if not isinstance(find, ByKey) or not find.open_only or write.kind is not EventKind.CLOSED:
        return _look_up(view, tenant, find)
    latest = view.by_key(tenant, find.key, False)
    # The latest of all is the latest open one as well, if it is open.
    if latest is None or latest.is_open:
        return latest
    return view.by_key(tenant, find.key, True) or latest


def _existing(view: View, write: Write, target: Session | None) -> Session | None:
    """The session to change, None when one is to be made; raises NOT_FOUND when the write may not make one."""
    if target is not None and isinstance(write.find, ByKey) and write.find.open_only and not target.is_open:
        target = None
    if target is None and write.find is not None and write.missing is Missing.REFUSE:
        raise _unknown(write.find)
    if target is None and isinstance(write.find, ByUid) and view.by_uid(None, write.find.uid) is not None:
        raise Fault(FaultKind.CONFLICT, "This uid is taken; choose another.")
    return target


@dataclass(slots=True)
class Draft:
    """What of a write can be made before its transaction begins, and so outside the writers' lock.

    ``command`` is the digest of the command alone, None when a repeat of it is a new write. ``facts`` are the event's
    fields that the request alone decides. ``caller`` is None until a session's secret has named it. ``made`` is the
    session that the write makes if it finds none, None where that is not known yet or cannot be. ``slot`` is the name
    of where the outcome is kept, for ``opened`` (:func:`gateway.slots.opening`); None while it is not known. ``forms``
    are what the store makes of all this for itself (:mod:`gateway.store.forms`).
    """

    command: str | None
    facts: dict[str, Any]
    raw: RawRequest
    caller: Caller | None = None
    made: Session | None = None
    slot: str | None = None
    opened: uuid.UUID | None = None
    forms: Any = None


def draft(work: Work) -> Draft | None:
    """The draft of a write; None for a read. Raises a TypeError for a command that has no canonical form."""
    write = work.command
    if not isinstance(write, Write):
        return None
    known = work.idempotency_key is not None or (write.retry is not Retry.NONE and not write.grants)
    changes = plain_changes(write)
    command = natural_key(write, changes=changes) if known else None
    drafted = Draft(command, _facts(work, write, changes), work.raw)
    if work.principal is not None:
        caller = drafted.caller = Caller(work.principal.name, work.principal.tenant)
        made = drafted.made = _made(work, write, caller.tenant)
        if command is not None and (made is not None or not closes(work, write)):
            drafted.opened = opening(work, write, made)
            drafted.slot = name_of(work, command, caller.tenant, caller.name, drafted.opened)
    return drafted


def _facts(work: Work, write: Write, changes: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "id": work.event_id,
        "kind": write.kind,
        "occurred_at": write.occurred_at or work.received_at,
        "recorded_at": work.received_at,
        "api": work.api.name,
        "operation": work.operation.name,
        "protocol": work.protocol,
        "changes": changes,
        "notes": tuple([str(note) for note in work.notes]),
        "digest": hashlib.sha256(work.raw.body).hexdigest(),
        "correlation_id": work.correlation_id,
    }


def _made(work: Work, write: Write, tenant: str | None) -> Session | None:
    """The session that a write makes; what goes wrong here goes wrong again when the write is run, and is told then."""
    makes = write.kind not in _MAKES_NONE and (write.find is None or write.missing is Missing.CREATE)
    try:
        return changed(work, write, tenant, None) if tenant is not None and makes else None
    except Exception:
        return None


_MAKES_NONE = (EventKind.RECORDED, EventKind.DELETED)


def slot_of(work: Work, drafted: Draft, caller: Caller, target: Session | None, policy: Policy) -> Slot | None:
    """Where the outcome of this write is, or is to be, kept; None when nothing can be kept for it.

    A write by token and a close are the same again only for the same opening of the same session: a close that finds no
    session is a repeat of none.
    """
    write, command = work.command, drafted.command
    assert isinstance(write, Write)
    assert command is not None
    if target is None and closes(work, write):
        return None
    opened = opening(work, write, target)
    name = drafted.slot if caller is drafted.caller and drafted.opened is opened else None
    if name is None:
        name = name_of(work, command, caller.tenant, caller.name, opened)
    window = policy.retry_window if work.idempotency_key is None else policy.idempotency_window
    return Slot(name, command, work.received_at + window)


def _repeated(transaction: Transaction, work: Work, write: Write, slot: Slot) -> Outcome | None:
    """The outcome of the same write, accepted before; None when this one is new."""
    kept = transaction.kept(slot.name, work.received_at)
    if kept is None:
        return None
    if work.idempotency_key is not None and kept.command != slot.command:
        raise Fault(FaultKind.CONFLICT, "This Idempotency-Key was used with another request; use a new key.")
    if work.idempotency_key is None and write.retry is Retry.LATEST and not _is_latest(transaction, kept.outcome):
        return None
    if write.grants and kept.outcome.session is not None:
        # The first secret is known to its receiver alone, so a repeated login hands out another one.
        transaction.save_token(work.api.name, digest(work.secret), kept.outcome.session)
    return replace(kept.outcome, repeated=True)


def _is_latest(view: View, outcome: Outcome) -> bool:
    if outcome.session is None or outcome.event is None:
        return False
    current = view.by_uid(outcome.session.tenant, outcome.session.uid)
    return current is not None and current.last_event == outcome.event.id


def _accept(
    transaction: Transaction, work: Work, write: Write, caller: Caller, target: Session | None, drafted: Draft
) -> Outcome:
    before = _existing(transaction, write, target)
    tenant = before.tenant if before is not None else caller.tenant
    if tenant is None:
        raise Fault(FaultKind.FORBIDDEN, "The operator belongs to no tenant; use a key of the tenant to write.")
    after = before if write.kind is EventKind.RECORDED else _after(work, write, tenant, before, drafted.made)
    if after is not None:
        work.operation.check(before, after, write)
        _save(transaction, work, write, before, after)
    event = SessionEvent(
        **drafted.facts,
        tenant=tenant,
        principal=caller.name,
        session_uid=after.uid if after is not None else None,
        position=transaction.next,
    )
    transaction.append(event, drafted)
    created = before is None and after is not None
    return Outcome(session=after, event=event, created=created)


def _save(transaction: Transaction, work: Work, write: Write, before: Session | None, after: Session) -> None:
    if write.kind is EventKind.DELETED:
        transaction.drop_session(after)
    elif after is not before:
        transaction.save_session(after)
    if write.grants:
        transaction.save_token(work.api.name, digest(work.secret), after)


def _after(work: Work, write: Write, tenant: str, before: Session | None, made: Session | None) -> Session:
    return made if before is None and made is not None else changed(work, write, tenant, before, made)
