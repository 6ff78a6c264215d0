"""What callers of the gateway's own API see: sessions and events in the canonical names. No secret is shown."""

from collections.abc import Mapping
from dataclasses import fields as dataclass_fields
from typing import Any

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
    message_of,
)
from schemas.sessions_messages import EventView, SessionView

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


def show_session(outcome: Outcome, asked: Asked) -> Answer:
    """One session."""
    assert outcome.session is not None
    return Answer(session_view(outcome.session))


def show_opened(outcome: Outcome, asked: Asked) -> Answer:
    """A session that was made, and where it is."""
    assert outcome.session is not None
    location = f"{asked.base_url}/v1/sessions/{outcome.session.uid}"
    return Answer(session_view(outcome.session), 201, headers=(("Location", location),))


def show_appended(outcome: Outcome, asked: Asked) -> Answer:
    """An event that was accepted."""
    assert outcome.event is not None
    return Answer(event_view(outcome.event), 201)


def show_sessions(outcome: Outcome, asked: Asked) -> Answer:
    """One page of sessions."""
    return Answer({"items": [session_view(session) for session in outcome.sessions], "next": outcome.next})


def show_events(outcome: Outcome, asked: Asked) -> Answer:
    """One page of events."""
    return Answer({"items": [event_view(event) for event in outcome.events], "next": outcome.next})
