"""Instants between the wire and the canonical model."""

from datetime import UTC, datetime

from gateway.spi import Fault, FaultKind, FieldError


def utc(instant: datetime, path: str) -> datetime:
    """The same instant in UTC. Raises a fault that names ``path`` when UTC would leave the years 1 to 9999."""
    try:
        return instant.astimezone(UTC)
    except OverflowError:
        text = f"{path} is out of range"
        raise Fault(FaultKind.INVALID, text, fields=(FieldError(path, text, "range"),)) from None


def instant_text(instant: datetime) -> str:
    """ISO 8601 in UTC with ``Z``; as many of 0, 3 or 6 fraction digits as are needed, as Java's Instant writes it."""
    digits = "seconds" if not instant.microsecond else "microseconds" if instant.microsecond % 1000 else "milliseconds"
    return instant.isoformat(timespec=digits).replace("+00:00", "Z")
