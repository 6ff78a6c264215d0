"""Identifiers that are made here, before a write reaches the ledger, so that it can be run again."""

import os
import secrets
import threading
import time
import uuid

_turn = threading.Lock()
_LOW = (1 << 62) - 1
_last = 0


def event_id() -> uuid.UUID:
    """A UUIDv7 (RFC 9562): 48 bits of Unix milliseconds, then 74 random ones.

    Each is greater than those that this process made before (6.2, method 2): within a millisecond, and after the clock
    was set back, it is the last one and a random step.
    """
    global _last  # noqa: PLW0603 - the one thing that a process remembers of its ids
    number = (time.time_ns() // 1_000_000) << 74 | int.from_bytes(os.urandom(10), "big") >> 6
    with _turn:
        if number <= _last:
            number = _last + 1 + int.from_bytes(os.urandom(4), "big")
        _last = number
    high = number >> 62
    return uuid.UUID(int=(high >> 12) << 80 | 7 << 76 | (high & 0xFFF) << 64 | 2 << 62 | number & _LOW)


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
