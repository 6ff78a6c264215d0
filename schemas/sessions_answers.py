"""What callers of the gateway's own API see: sessions and events in the canonical names. No secret is shown."""

from collections.abc import Mapping
from dataclasses import fields as dataclass_fields
from datetime import datetime
from typing import Any
from urllib.parse import urlencode

from gateway.spi import (
    Answer,
    ApplicationUse,
    Asked,
    Device,
    Key,
    Outcome,
    Session,
    SessionEvent,
    Subject,
    Tree,
    WireSchema,
    message_of,
)
from schemas.instants import instant_text
from schemas.sessions_messages import EventQuery, EventView, SessionQuery, SessionView

_SESSION = tuple(message_of(SessionView).by_key)
_EVENT = tuple(message_of(EventView).by_key)


def _members(value: Any) -> Tree:
    return {item.name: getattr(value, item.name) for item in dataclass_fields(value)}


def _application(use: ApplicationUse) -> Tree:
    seconds = None if use.duration is None else use.duration.total_seconds()
    return {**_members(use), "duration": seconds, "attributes": dict(use.attributes)}


def _view(value: Any) -> Any:
    if isinstance(value, (Key, Subject, Device)):
        return _members(value)
    if isinstance(value, Mapping):
        return dict(value)
    if isinstance(value, tuple):
        return [_application(item) if isinstance(item, ApplicationUse) else item for item in value]
    return value


def session_view(session: Session) -> Tree:
    """A session; every member is present, null where nothing is known."""
    return {name: _view(getattr(session, name)) for name in _SESSION} | {"state": session.state.value}


def event_view(event: SessionEvent) -> Tree:
    """An event; its position is the cursor of what follows it."""
    return {name: _view(getattr(event, name)) for name in _EVENT} | {"kind": event.kind.value}


def etag(session: Session) -> tuple[str, str]:
    """The entity tag of a session: its version, which grows with every event."""
    return "ETag", f'"{session.version}"'


def show_session(outcome: Outcome, asked: Asked) -> Answer:
    """One session."""
    assert outcome.session is not None
    return Answer(session_view(outcome.session), headers=(etag(outcome.session),))


def show_opened(outcome: Outcome, asked: Asked) -> Answer:
    """A session that was made, and where it is."""
    assert outcome.session is not None
    location = ("Location", f"{asked.base_url}/v1/sessions/{outcome.session.uid}")
    return Answer(session_view(outcome.session), 201, headers=(location, etag(outcome.session)))


def show_appended(outcome: Outcome, asked: Asked) -> Answer:
    """An event that was accepted."""
    assert outcome.event is not None
    return Answer(event_view(outcome.event), 201)


def show_sessions(outcome: Outcome, asked: Asked) -> Answer:
    """One page of sessions."""
    items = [session_view(session) for session in outcome.sessions]
    return Answer({"items": items, "next": outcome.next}, headers=_link("/v1/sessions", SessionQuery, outcome, asked))


def show_events(outcome: Outcome, asked: Asked) -> Answer:
    """One page of events."""
    uid = asked.tree.get("uid")
    path = "/v1/events" if uid is None else f"/v1/sessions/{uid}/events"
    items = [event_view(event) for event in outcome.events]
    return Answer({"items": items, "next": outcome.next}, headers=_link(path, EventQuery, outcome, asked))


def _link(path: str, query: type[WireSchema], outcome: Outcome, asked: Asked) -> tuple[tuple[str, str], ...]:
    """Where the following page is (RFC 8288), for callers who get a list in a form without a place for it."""
    if outcome.next is None:
        return ()
    members = [member for member in message_of(query).at("query") if member.name not in ("after", "cursor")]
    given = {member.name: asked.tree[member.key] for member in members if asked.tree.get(member.key) is not None}
    text = urlencode([*((name, _query_text(value)) for name, value in given.items()), ("cursor", outcome.next)])
    return (("Link", f'<{asked.base_url}{path}?{text}>; rel="next"'),)


def _query_text(value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    return instant_text(value) if isinstance(value, datetime) else str(value)
