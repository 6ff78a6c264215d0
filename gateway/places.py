"""Places: the numbers under which what belongs to one key is found, side by side in one index.

A key's sessions and the outcomes kept for its writes have one place, so that a write that is new to the store reads and
changes one page of that index and not several. A place is 8 bytes; whoever looks there compares the whole key as well.
"""

import hashlib
import re
from functools import lru_cache

from gateway.model import Key

_UUID = re.compile(r"([0-9a-f]{8})-([0-9a-f]{4})-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}\Z").match
DIGITS = 16
"""Hexadecimal digits of a place."""


def _digest(text: str, size: int) -> bytes:
    return hashlib.blake2b(text.encode("utf-8", "surrogatepass"), digest_size=size).digest()


def fingerprint(*parts: str) -> bytes:
    """16 bytes that stand for some texts, compared exactly; the lengths keep ("ab", "c") and ("a", "bc") apart."""
    return _digest("".join([f"{len(part)}:{part}" for part in parts]), 16)


def _joined(before: str, key: Key) -> str:
    """A text and the three of a key, as :func:`fingerprint` joins them; each write has two of these made."""
    api, realm, name = key.api, key.realm, key.id
    return f"{len(before)}:{before}{len(api)}:{api}{len(realm)}:{realm}{len(name)}:{name}"


def key_of(key: Key) -> bytes:
    """The indexed form of a session's key."""
    return _digest(_joined("key", key), 16)


@lru_cache(1024)
def place_of(tenant: str, key: Key) -> str:
    """The place of a tenant's key, as hexadecimal digits.

    A uid that is its session's key begins with the time when it was made, if it was made here: such places follow one
    another, so that new ones are added at the end of the index. All others are spread evenly.
    """
    text, uid = _joined(tenant, key), _UUID(key.id)
    return uid[1] + uid[2] + _digest(text, 2).hex() if uid else _digest(text, 8).hex()


def number_of(digits: str) -> int:
    """Sixteen hexadecimal digits as a signed number of 64 bits."""
    number = int(digits, 16)
    return number - (1 << 64) if number >> 63 else number
