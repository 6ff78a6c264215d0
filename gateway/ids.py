"""Identifiers that are made here, before a write reaches the ledger, so that it can be run again."""

import os
import secrets
import time
import uuid


def event_id() -> uuid.UUID:
    """A UUIDv7 (RFC 9562): 48 bits of Unix milliseconds, then random bits; sorts by time."""
    number = (time.time_ns() // 1_000_000) << 80 | int.from_bytes(os.urandom(10), "big")
    number = number & ~(0xF << 76) | 7 << 76
    return uuid.UUID(int=number & ~(0x3 << 62) | 2 << 62)


def session_uid() -> uuid.UUID:
    """A UUIDv7 as well: new sessions lie side by side in the index of uids, so that a write costs the same in a large
    store. 74 of its bits are random; the moment that it tells is in every event of the session."""
    return event_id()


def session_secret() -> str:
    """128 random bits as 32 hex digits: a session id that is handed out once and stored hashed."""
    return secrets.token_hex(16)


def correlation_id() -> str:
    """128 random bits as 32 hex digits, the form of a trace id."""
    return os.urandom(16).hex()
