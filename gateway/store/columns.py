"""Values to columns: what the indexes hold of a session, an event, a raw request and a kept outcome."""

from collections.abc import Iterator
from functools import lru_cache
from typing import Any

from gateway.model import Session
from gateway.places import DIGITS, fingerprint, key_of, number_of, place_of
from gateway.store.packing import packed
from gateway.store.values import dumps, micros
from gateway.work import RawRequest

Request = tuple[str, int, bytes]
"""An event's columns of its request: its head, its body's full length, and the body, packed."""


@lru_cache(4096)
def subject_term(uid: object) -> bytes:
    """How a person's uid is indexed."""
    return fingerprint("subject", str(uid))


@lru_cache(4096)
def user_term(text: str) -> bytes:
    """How an e-mail address or a user id is indexed; both are compared without case."""
    return fingerprint("user", text.strip().lower())


@lru_cache(4096)
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
    at = micros(session.sort_at)
    # A known start is what the session is sorted by. An enumeration's own name for its value is found at once.
    return int(session.is_open), at, None if session.started_at is None else at, session.state._value_


def session_columns(session: Session) -> tuple[Any, ...]:
    """A new session's columns between its ordinal and what its latest event decides."""
    return session.uid.bytes, session.tenant, key_of(session.key), *indexed(session), session.key.api


def session_place(session: Session) -> tuple[int, int]:
    """Where a session is found by its key: its place, and whether it is open."""
    return number_of(place_of(session.tenant, session.key)), int(session.is_open)


def session_name(ordinal: int, session: Session) -> tuple[int, int, int]:
    """How a session is found by its key: its place, whether it is open, its ordinal."""
    return (*session_place(session), ordinal)


def slot_name(slot: str) -> tuple[int, int]:
    """How a kept outcome is found: its place, and a tag that is neither of a session's two."""
    tag = number_of(slot[DIGITS : 2 * DIGITS])
    return number_of(slot[:DIGITS]), tag if tag not in (0, 1) else 2


def slot_rest(slot: str) -> bytes:
    """What of a slot is not its place."""
    return bytes.fromhex(slot[DIGITS:])


def slot_columns(slot: str) -> tuple[tuple[int, int], bytes]:
    """How a kept outcome is found, and what of its slot that does not say."""
    return slot_name(slot), slot_rest(slot)


def request_of(raw: RawRequest, limit: int, facts: str = "") -> Request:
    """The columns of a request, of whose body at most ``limit`` bytes are kept; ``facts`` as for
    :func:`gateway.store.packing.packed`."""
    return _head(raw.method, raw.target, raw.media_type, raw.form), len(raw.body), packed(raw.body[:limit], facts)


@lru_cache(256)
def _head(method: str, target: str, media_type: str, form: str) -> str:
    return dumps({"method": method, "target": target, "media_type": media_type, "form": form})
