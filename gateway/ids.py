"""Identifiers that are made here, before a write reaches the ledger, so that it can be run again."""

import os
import struct
import threading
import time
import uuid
from collections.abc import Iterator

_BLOCK = 256
"""So many times 16 random bytes are asked of the system at once."""
_ready: Iterator[tuple[bytes]] = iter(())


def _random() -> bytes:
    """16 random bytes. Threads may share what is ready: an iterator gives each piece once."""
    global _ready  # noqa: PLW0603 - what is random is used once
    while True:
        for (piece,) in _ready:
            return piece
        _ready = struct.iter_unpack("16s", os.urandom(16 * _BLOCK))


def _forget() -> None:
    """A process that was forked must not repeat what its parent will use."""
    global _ready  # noqa: PLW0603
    _ready = iter(())


os.register_at_fork(after_in_child=_forget)

_turn = threading.Lock()
_LOW = (1 << 62) - 1
_FIXED = 7 << 76 | 2 << 62
"""The bits of version and variant."""
_RANDOM = 0xFFF << 64 | _LOW
_last = 0


def event_id() -> uuid.UUID:
    """A UUIDv7 (RFC 9562): 48 bits of Unix milliseconds, then 74 random ones.

    Each is greater than those that this process made before (6.2, method 2): within a millisecond, and after the clock
    was set back, it is the last one and a random step.
    """
    global _last  # noqa: PLW0603 - the one thing that a process remembers of its ids
    random = int.from_bytes(_random(), "big")
    number = (time.time_ns() // 1_000_000) << 80 | random & _RANDOM | _FIXED
    with _turn:
        if number <= _last:
            number = _later(_last, 1 + (random >> 96))
        _last = number
    return _uuid(number)


def _later(last: int, step: int) -> int:
    """``last`` and a step; what does not fit below the variant is carried past it, and past the version."""
    number = last + step
    if number >> 62 & 3 == 2:
        return number
    high = (last >> 80 << 12 | last >> 64 & 0xFFF) + 1
    return high >> 12 << 80 | (high & 0xFFF) << 64 | (last & _LOW) + step & _LOW | _FIXED


# A member of an enumeration is looked up by a function; slots are set by their descriptors, as in gateway/quick.py.
_UNKNOWN = uuid.SafeUUID.unknown
_new_uuid = uuid.UUID.__new__
_set_number, _set_safe = vars(uuid.UUID)["int"].__set__, vars(uuid.UUID)["is_safe"].__set__


def _uuid(number: int) -> uuid.UUID:
    # What UUID(int=...) does, without its checks, which take longer than all the rest.
    made = _new_uuid(uuid.UUID)
    _set_number(made, number)
    _set_safe(made, _UNKNOWN)
    return made


def session_uid() -> uuid.UUID:
    """A UUIDv7 as well: new sessions lie side by side in the index of uids, so that a write costs the same in a large
    store. 74 of its bits are random; the moment that it tells is in every event of the session."""
    return event_id()


def session_secret() -> str:
    """128 random bits as 32 hex digits: a session id that is handed out once and stored hashed."""
    return _random().hex()


def correlation_id() -> str:
    """128 random bits as 32 hex digits, the form of a trace id."""
    return _random().hex()
