"""The C library's heap, as a server that runs for months needs it."""

import ctypes

LARGE = 1 << 20
"""Bytes from which a block is a mapping of its own."""
_M_MMAP_THRESHOLD = -3
"""From glibc's <malloc.h>."""


def give_back_large_blocks() -> bool:
    """Let blocks of :data:`LARGE` bytes or more go back to the system when they are freed. False where the C library is
    not glibc.

    glibc raises its limit to the largest block that was freed, and keeps what is smaller than that from then on: the
    16 MiB in which scrypt checks a secret would stay with each worker.
    """
    mallopt = getattr(ctypes.CDLL(None), "mallopt", None)
    return mallopt is not None and bool(mallopt(_M_MMAP_THRESHOLD, LARGE))
