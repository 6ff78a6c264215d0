"""The store's settings."""

from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from gateway.handler import Policy
from gateway.settings import Setting

SETTINGS = (
    Setting("retry_window", 600, "Seconds for which the same write, sent again, is answered and not written again."),
    Setting("idempotency_window", 86_400, "Seconds for which an Idempotency-Key is known."),
    Setting("retention_days", 0, "Days after which closed sessions and their events are forgotten; 0: never."),
    Setting("store.batch", 256, "Most writes that one commit holds."),
    Setting("store.readers", 4, "Read-only connections of one process."),
    Setting("store.raw_bytes", 65_536, "Bytes of a raw request that are kept with its event; the rest is cut off."),
    Setting("store.busy_seconds", 2.0, "Seconds to wait for a program outside the gateway that holds the database."),
)


def option(settings: Mapping[str, Any] | None, name: str) -> Any:
    """The value of one of :data:`SETTINGS`, its default where the settings do not name it."""
    default = next(setting.default for setting in SETTINGS if setting.name == name)
    return default if settings is None else settings.get(name, default)


def policy(settings: Mapping[str, Any] | None) -> Policy:
    """The windows in which a repeated write is known."""
    seconds = (option(settings, name) for name in ("retry_window", "idempotency_window"))
    return Policy(*(timedelta(seconds=value) for value in seconds))
