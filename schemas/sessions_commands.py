"""Requests of the gateway's own API as canonical commands, and the one rule that its writes obey."""

import re
from datetime import datetime, timedelta
from typing import Any

from gateway.spi import (
    ApplicationUse,
    ByKey,
    ByUid,
    Context,
    Device,
    EventKind,
    Fault,
    FaultKind,
    FieldError,
    GetSession,
    Key,
    ListEvents,
    ListSessions,
    Mapped,
    Missing,
    Order,
    Retry,
    Session,
    SessionFilter,
    State,
    Subject,
    Tree,
    WireSchema,
    Write,
    message_of,
)
from schemas.instants import utc
from schemas.sessions_messages import ApplicationView, Changes, DeviceView, SubjectView

NAME = "sessions"
DEFAULT_LIMIT = 100

_KINDS = {State.CLOSED: EventKind.CLOSED, State.PAUSED: EventKind.PAUSED}


def list_sessions(tree: Tree, context: Context) -> Mapped:
    """The read of a list of sessions; ``open=false`` is the state closed."""
    state = State(tree["state"]) if tree.get("state") else None
    wants_open = tree.get("open")
    if wants_open is False:
        if state not in (None, State.CLOSED):
            raise wrong("open", f"open=false never matches state={state}")
        state = State.CLOSED
    where = SessionFilter(
        subject_uid=tree.get("subject"),
        client=tree.get("client"),
        started_from=_instant(tree, "started_from"),
        started_to=_instant(tree, "started_to"),
        open_only=wants_open is True,
        state=state,
        api=tree.get("api"),
        user=tree.get("user"),
    )
    order = Order(tree.get("sort") or Order.NEWEST)
    return Mapped(ListSessions(where, order, limit=_limit(tree), cursor=tree.get("cursor") or None))


def read_session(tree: Tree, context: Context) -> Mapped:
    """The read of one session."""
    return Mapped(GetSession(ByUid(tree["uid"])))


def list_events(tree: Tree, context: Context) -> Mapped:
    """The read of events: of one session when a uid is named; Last-Event-ID wins over ``cursor``, that over
    ``after``."""
    return Mapped(ListEvents(tree.get("uid"), after=_after(tree), limit=_limit(tree)))


def _instant(tree: Tree, name: str) -> datetime | None:
    found = tree.get(name)
    return None if found is None else utc(found, name)


def _limit(tree: Tree) -> int:
    return int(tree.get("limit") or DEFAULT_LIMIT)


def _after(tree: Tree) -> int:
    for name, path in (("last_event_id", "Last-Event-ID"), ("cursor", "cursor")):
        cursor = tree.get(name)
        if cursor:
            if not (cursor.isascii() and cursor.isdigit() and len(cursor) < 19):
                raise wrong(path, f"{path} must be the next of an earlier page, or the id of an event of a stream")
            return int(cursor)
    return int(tree.get("after") or 0)


def open_session(tree: Tree, context: Context) -> Mapped:
    """The write of a new session, open unless it says otherwise."""
    _demand_tenant(context)
    changes = changes_of(tree)
    kind = EventKind.CLOSED if changes.get("state") is State.CLOSED else EventKind.OPENED
    key = _key(tree.get("key")) or Key(NAME, "", "")
    return Mapped(Write(kind, key=key, missing=Missing.CREATE, changes=changes, occurred_at=changes.get("started_at")))


def change_session(tree: Tree, context: Context) -> Mapped:
    """The write of a change to one session."""
    changes = changes_of(tree)
    kind = _KINDS.get(changes.get("state", State.OPEN), EventKind.UPDATED)
    occurred = changes.get("ended_at") if kind is EventKind.CLOSED else None
    facts = _precondition(tree)
    return Mapped(Write(kind, find=ByUid(tree["uid"]), changes=changes, occurred_at=occurred, facts=facts))


def end_session(tree: Tree, context: Context) -> Mapped:
    """The write of a session's end; the same end, sent again within the retry window, is answered again."""
    changes = changes_of({name: value for name, value in tree.items() if name != "ended_at" or value is not None})
    occurred = changes.get("ended_at")
    write = Write(
        EventKind.CLOSED,
        find=ByUid(tree["uid"]),
        changes={**changes, "ended_at": occurred or context.received_at},
        occurred_at=occurred,
        retry=Retry.WINDOW,
        facts=_precondition(tree),
        volatile=None if occurred else ("ended_at",),
    )
    return Mapped(write)


_TAG = re.compile(r'\s*(W/)?"([!#-~\x80-\U0010ffff]*)"\s*')


def _precondition(tree: Tree) -> dict[str, Any]:
    """The versions that If-Match names (RFC 9110, section 13.1.1): weak tags never match, ``*`` always does."""
    sent = tree.get("if_match")
    if sent is None or sent.strip() == "*":
        return {}
    found = [_TAG.fullmatch(part) for part in sent.split(",")]
    if None in found:
        raise wrong("If-Match", 'If-Match must be the ETag of an earlier answer, such as "3", or *')
    versions = [tag[2] for tag in found if tag is not None and not tag[1]]
    return {"if_match": tuple(int(text) for text in versions if text.isascii() and text.isdigit() and len(text) < 10)}


def append_event(tree: Tree, context: Context) -> Mapped:
    """The write of one event. What is opened is made; every other kind needs its session, a recorded fact none."""
    kind = EventKind(tree["kind"])
    key, uid = _key(tree.get("key")), tree.get("session_uid")
    opens = kind is EventKind.OPENED
    if opens:
        _demand_tenant(context)
    _check_target(kind, key, uid)
    changes = _event_changes(kind, tree)
    write = Write(
        kind,
        find=None if opens else ByUid(uid) if uid is not None else ByKey(key) if key is not None else None,
        key=(key or Key(NAME, "", "")) if opens else None,
        missing=Missing.CREATE if opens else Missing.REFUSE,
        changes=changes,
        occurred_at=_instant(tree, "occurred_at"),
    )
    return Mapped(write)


def _check_target(kind: EventKind, key: Key | None, uid: Any) -> None:
    if uid is not None and key is not None:
        raise wrong("key", "name the session by session_uid or by key, not by both")
    if kind is EventKind.OPENED and uid is not None:
        raise wrong("session_uid", "a session that is opened has no uid yet; name it by key")
    if kind not in (EventKind.OPENED, EventKind.RECORDED) and uid is None and key is None:
        raise wrong("session_uid", f"an event of kind {kind.value} needs session_uid or key")
    if kind is not EventKind.OPENED and key is not None and not key.id:
        raise wrong("key.id", "key.id must name a session")


_INSTANTS = {EventKind.OPENED: "started_at", EventKind.CLOSED: "ended_at"}
"""What ``occurred_at`` says about the session, unless the changes say it themselves."""


def _event_changes(kind: EventKind, tree: Tree) -> dict[str, Any]:
    given = {name: tree[name] for name in ("subject", "device") if tree.get(name) is not None}
    changes = changes_of({**(tree.get("changes") or {}), **given})
    occurred = _instant(tree, "occurred_at")
    return {_INSTANTS[kind]: occurred, **changes} if kind in _INSTANTS and occurred is not None else changes


def changes_of(tree: Tree) -> dict[str, Any]:
    """What ``tree`` sets, typed as the canonical model has it."""
    return {name: _typed(name, tree[name]) for name in _CHANGEABLE if name in tree}


_CHANGEABLE = tuple(message_of(Changes).by_key)


def _typed(name: str, value: Any) -> Any:
    if name == "subject":
        return Subject(**_declared(SubjectView, value))
    if name == "device":
        return Device(**_declared(DeviceView, value))
    if name == "applications":
        return tuple(_application(item) for item in value or ())
    if name == "attributes":
        return value
    if isinstance(value, datetime):
        return utc(value, name)
    return State(value) if name == "state" else value


def _declared(schema: type[WireSchema], tree: Tree | None) -> Tree:
    return {name: value for name, value in (tree or {}).items() if name in message_of(schema).by_key}


def _application(tree: Tree) -> ApplicationUse:
    seconds = tree.get("duration")
    duration = None if seconds is None else timedelta(seconds=float(seconds))
    return ApplicationUse(
        **{**_declared(ApplicationView, tree), "duration": duration, "attributes": tree.get("attributes") or {}}
    )


def _key(tree: Tree | None) -> Key | None:
    return Key(tree["api"], tree.get("realm") or "", tree.get("id") or "") if tree else None


def _demand_tenant(context: Context) -> None:
    if context.principal is not None and context.principal.tenant is None:
        text = "the operator belongs to no tenant; make sessions with a key of the tenant that shall own them"
        raise Fault(FaultKind.FORBIDDEN, text)


def wrong(path: str, message: str) -> Fault:
    """The fault of one member."""
    return Fault(FaultKind.INVALID, message, fields=(FieldError(path, message),))


def check(before: Session | None, after: Session, write: Write) -> None:
    """A closed session stays closed, none ends before it started, and If-Match names the version it had."""
    wanted = write.facts.get("if_match")
    if wanted is not None and before is not None and before.version not in wanted:
        text = f'the session has the ETag "{before.version}" by now; read it again and decide anew'
        raise Fault(FaultKind.PRECONDITION_FAILED, text)
    if before is not None and not before.is_open and after.is_open:
        raise Fault(FaultKind.INVALID_TRANSITION, "the session has ended; it cannot be opened again")
    if after.started_at is not None and after.ended_at is not None and after.started_at > after.ended_at:
        raise wrong("ended_at", "ended_at must not be before started_at")


def check_end(before: Session | None, after: Session, write: Write) -> None:
    """A session ends once."""
    check(before, after, write)
    if before is not None and not before.is_open:
        raise Fault(FaultKind.INVALID_TRANSITION, "the session has ended already")
