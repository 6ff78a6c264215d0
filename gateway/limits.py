"""Budgets that hostile or broken input may not exceed; every codec checks them before the expensive step."""

from dataclasses import dataclass, field
from typing import Any


def bound(default: int, doc: str) -> Any:
    """A budget with its default and its meaning, which becomes the setting's."""
    return field(default=default, metadata={"doc": doc})


@dataclass(frozen=True, slots=True)
class Limits:
    """Upper bounds for one request; each is the setting ``limits.<name>``.

    ``body_bytes`` is checked by the doors while they read; the others by the codecs. A request beyond a bound
    becomes a fault of kind ``too_large`` (size) or ``malformed`` (shape) that names the setting.
    """

    body_bytes: int = bound(1024 * 1024, "Bytes of a request's body.")
    depth: int = bound(32, "Levels of nesting in XML, JSON or JSV.")
    elements: int = bound(20_000, "XML elements and comments in a request.")
    attributes: int = bound(64, "Attributes and namespace declarations of one XML element.")
    text_bytes: int = bound(64 * 1024, "Characters of one value.")
    name_bytes: int = bound(1024, "Characters of one name.")
    members: int = bound(20_000, "Members and items of a JSON, JSV or CSV request.")
    decompressed_bytes: int = bound(1024 * 1024, "Bytes that a gzip body may become.")
    decompressed_ratio: int = bound(100, "Bytes that one byte of a gzip body may become; 64 KiB are always allowed.")


DEFAULT = Limits()
