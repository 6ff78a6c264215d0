"""The body of a request as it is stored: packed, within zlib's frame (RFC 1950).

Most of what a request says is said again by the text of its event, in the same row. So the beginning of that text is
the dictionary (RFC 1950, FDICT) that a body is packed with: the quickest way of packing leaves as little then as a
slower one does without, takes half of its time, and needs no large tables, which would empty the processor's caches.
"""

import zlib
from collections.abc import Callable
from contextlib import suppress
from struct import Struct
from typing import Any

from gateway.store.values import facts_in

_alone: Callable[[bytes, int], bytes] = zlib.compress
_packer: Callable[..., Any] | None = None
with suppress(ImportError):
    # There is a package of it for most processors. zlib clears large tables for each body, whatever it is told.
    from isal.isal_zlib import compress as _alone
    from isal.isal_zlib import compressobj as _packer

_SMALL = 256
"""Bytes up to which a body is kept as it is, within zlib's frame: packing makes it hardly smaller."""
_ALONE, _QUICKEST = 1, 0
"""Levels of compression: the quickest way that leaves as little as zlib does, and the quickest of all."""
_BLOCK = Struct("<3sHH")


def packed(body: bytes, facts: str = "") -> bytes:
    """A body as it is stored; ``facts`` is the beginning of its event's text (:func:`gateway.store.values.facts_text`),
    where that is known. A small one is its frame's single stored block."""
    size = len(body)
    if size <= _SMALL:
        return b"".join((_BLOCK.pack(b"x\x01\x01", size, size ^ 0xFFFF), body, zlib.adler32(body).to_bytes(4, "big")))
    if not facts or _packer is None:
        return _alone(body, _ALONE)
    packer = _packer(_QUICKEST, zdict=facts.encode())
    return bytes(packer.compress(body) + packer.flush())


def unpacked(stored: bytes, text: str) -> bytes:
    """The body that was stored with an event's whole text. Raises zlib.error when it is damaged, or was packed with
    another text."""
    reader = zlib.decompressobj(zdict=facts_in(text).encode())
    body = reader.decompress(stored)
    if not reader.eof or reader.unused_data:
        raise zlib.error("it is not one whole stream")
    return body
