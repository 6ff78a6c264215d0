"""Budgets that hostile or broken input may not exceed; every codec checks them before the expensive step."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Limits:
    """Upper bounds for one request.

    ``body_bytes`` is checked by the doors while they read; the others by the codecs. A request beyond a bound
    becomes a fault of kind ``too_large`` (size) or ``malformed`` (shape) that names the setting.
    """

    body_bytes: int = 1024 * 1024
    depth: int = 32
    elements: int = 20_000
    attributes: int = 64
    text_bytes: int = 64 * 1024
    name_bytes: int = 1024
    members: int = 20_000


DEFAULT = Limits()
