"""Values to columns: what the indexes hold of a session, an event, a raw request and a kept outcome."""

import hashlib
import zlib
from collections.abc import Iterator
from typing import Any

from gateway.handler import Slot
from gateway.model import Key, Session, SessionEvent
from gateway.outcome import Outcome
from gateway.store.values import dumps, event_text, micros, session_text
from gateway.work import RawRequest

_SMALL = 2048
"""Bytes up to which a body is kept as it is, within zlib's frame: packing it costs more than writing it."""


def fingerprint(*parts: str) -> bytes:
    """16 bytes that stand for some texts, compared exactly; the lengths keep ("ab", "c") and ("a", "bc") apart."""
    text = "".join([f"{len(part)}:{part}" for part in parts])
    return hashlib.blake2b(text.encode("utf-8", "surrogatepass"), digest_size=16).digest()


def key_of(key: Key) -> bytes:
    """The indexed form of a session's key."""
    return fingerprint("key", key.api, key.realm, key.id)


def subject_term(uid: object) -> bytes:
    """How a person's uid is indexed."""
    return fingerprint("subject", str(uid))


def user_term(text: str) -> bytes:
    """How an e-mail address or a user id is indexed; both are compared without case."""
    return fingerprint("user", text.strip().lower())


def client_term(text: str) -> bytes:
    """How a device's id, serial number or vehicle is indexed."""
    return fingerprint("client", text)


def terms(session: Session) -> frozenset[bytes]:
    """Every name by which lists find this session; an unknown one is not among them, so no filter matches it."""
    return frozenset(_terms(session))


def _terms(session: Session) -> Iterator[bytes]:
    subject, device = session.subject, session.device
    if subject.uid is not None:
        yield subject_term(subject.uid)
    for text in (subject.email, subject.user_id):
        if text:
            yield user_term(text)
    for text in (device.device_id, device.serial, device.vehicle):
        if text:
            yield client_term(text)


def indexed(session: Session) -> tuple[Any, ...]:
    """The columns that change during a session's life."""
    started = None if session.started_at is None else micros(session.started_at)
    return int(session.is_open), micros(session.sort_at), started, session.state.value


def session_row(ordinal: int, session: Session, text: str) -> tuple[Any, ...]:
    """A new session's columns."""
    start = (ordinal, session.uid.bytes, session.tenant, key_of(session.key))
    return (*start, *indexed(session), session.key.api, text)


def event_row(event: SessionEvent) -> tuple[Any, ...]:
    """An event's columns."""
    session = event.session_uid.bytes if event.session_uid is not None else None
    return event.position, event.id.bytes, event.tenant, session, event_text(event)


def raw_row(event: SessionEvent, raw: RawRequest, limit: int) -> tuple[Any, ...]:
    """A raw request's columns; at most ``limit`` bytes of its body are kept."""
    head = dumps({"method": raw.method, "target": raw.target, "media_type": raw.media_type, "form": raw.form})
    body = raw.body[:limit]
    return event.position, event.tenant, head, len(raw.body), zlib.compress(body, 1 if len(body) > _SMALL else 0)


def outcome_row(slot: Slot, outcome: Outcome, text: str | None) -> tuple[Any, ...]:
    """A kept outcome's columns; its event is read from its own row."""
    assert outcome.event is not None
    start = (bytes.fromhex(slot.name), outcome.event.tenant, bytes.fromhex(slot.command), micros(slot.expires_at))
    return (*start, outcome.event.position, int(outcome.created), text)


def text_of(session: Session | None, known: dict[int, str]) -> str | None:
    """A session's text, made once for each value in one flush (``known`` is by identity)."""
    if session is None:
        return None
    text = known.get(id(session))
    if text is None:
        text = known[id(session)] = session_text(session)
    return text
