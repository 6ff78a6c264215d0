"""Content codings of request bodies: none, unless the operator allows gzip, and then within budgets."""

import zlib
from collections.abc import Mapping, Sequence
from typing import Any

from gateway.outcome import Fault, FaultKind

ALWAYS = 64 * 1024
"""Bytes that a body may become whatever its ratio: short texts that repeat themselves are no attack."""
BYTES, RATIO = "limits.decompressed_bytes", "limits.decompressed_ratio"
_GZIP = 16 + zlib.MAX_WBITS


def is_gzip(codings: Sequence[str], allowed: bool) -> bool:
    """Whether a body is in gzip, by its ``Content-Encoding`` fields. Raises a Fault (415) for gzip where it is not
    ``allowed``, and for every other coding."""
    if not codings:
        return False
    coding = ",".join(codings).strip().lower()
    if coding in ("", "identity"):
        return False
    if allowed and coding in ("gzip", "x-gzip"):
        return True
    raise Fault(
        FaultKind.UNSUPPORTED_MEDIA,
        "This Content-Encoding is not accepted here. Send the body as it is.",
        log="setting: gzip",
        status=415,
        headers=(("Accept-Encoding", "gzip, identity" if allowed else "identity"),),
    )


def inflated(body: bytes, settings: Mapping[str, Any]) -> bytes:
    """The text of one gzip member, never longer than its budgets. Raises a Fault."""
    by_ratio = max(ALWAYS, settings[RATIO] * len(body))
    bound = min(settings[BYTES], by_ratio)
    machine = zlib.decompressobj(_GZIP)
    try:
        text = machine.decompress(body, bound + 1)
    except zlib.error:
        raise _broken("is not valid gzip") from None
    if len(text) > bound:
        name = RATIO if by_ratio < settings[BYTES] else BYTES
        raise Fault(FaultKind.TOO_LARGE, f"The body becomes larger than {bound} bytes.", log=f"setting: {name}")
    if not machine.eof:
        raise _broken("ends inside its gzip data")
    if machine.unused_data:
        raise _broken("goes on behind its gzip data")
    return text


def _broken(how: str) -> Fault:
    return Fault(FaultKind.MALFORMED, f"The body {how}.")
