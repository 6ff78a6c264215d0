"""Leaves of ServiceStack.Text: one reader and one writer a kind, in tables.

Readers take the unquoted text and give None where .NET finds no value and leaves the member at its default.
"""

import base64
import binascii
import math
import re
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta, tzinfo
from decimal import Decimal, InvalidOperation
from typing import Any
from uuid import UUID

from adapters.codecs.text_dates import iso_instant, read_date, read_instant, read_span, short_date, xsd_span
from adapters.scalars import Kind, NetDateTime
from schemas.message import Member

_INTEGER = re.compile(r"[+-]?\d{1,25}")
_NUMBER = re.compile(r"[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d{1,4})?")
_GUID = re.compile(r"(?:[0-9a-fA-F]{32}|[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12})")
_TRUE, _FALSE = frozenset({"true", "1"}), frozenset({"false", "0"})
_DOUBLES = {"NaN": math.nan, "Infinity": math.inf, "-Infinity": -math.inf}


def read_scalar(text: str, member: Member, zone: tzinfo) -> Any:
    """The typed value of ``text``, or None where it is no value of the member's kind."""
    reader = _READERS.get(member.kind)
    return text if reader is None else reader(text, member, zone)


def _boolean(text: str, member: Member, zone: tzinfo) -> bool | None:
    folded = text.strip().lower()
    return True if folded in _TRUE else False if folded in _FALSE else None


def _integer(bits: int) -> Callable[[str, Member, tzinfo], int | None]:
    bound = 1 << (bits - 1)

    def read(text: str, member: Member, zone: tzinfo) -> int | None:
        text = text.strip()
        value = int(text) if _INTEGER.fullmatch(text) else bound
        return value if -bound <= value < bound else None

    return read


def _decimal(text: str, member: Member, zone: tzinfo) -> Decimal | None:
    text = text.strip()
    if not _NUMBER.fullmatch(text) or len(text) > 64:
        return None
    try:
        value = Decimal(text)
    except InvalidOperation:
        return None
    return value if abs(value) < Decimal(2) ** 96 and value.adjusted() > -30 else None


def _double(text: str, member: Member, zone: tzinfo) -> float | None:
    text = text.strip()
    return float(text) if _NUMBER.fullmatch(text) else _DOUBLES.get(text)


def _guid(text: str, member: Member, zone: tzinfo) -> UUID | None:
    text = text.strip()
    if text[:1] + text[-1:] in ("{}", "()"):
        text = text[1:-1]
    return UUID(text) if _GUID.fullmatch(text) else None


def _enum(text: str, member: Member, zone: tzinfo) -> str | int | None:
    text = text.strip()
    if _INTEGER.fullmatch(text):
        number = int(text)
        return member.choices[number] if 0 <= number < len(member.choices) else number
    folded = text.lower()
    return next((choice for choice in member.choices if choice.lower() == folded), None)


def _base64(text: str, member: Member, zone: tzinfo) -> bytes | None:
    try:
        return base64.b64decode("".join(text.split()), validate=True)
    except (binascii.Error, ValueError):
        return None


_READERS: Mapping[Kind, Callable[[str, Member, tzinfo], Any]] = {
    Kind.BOOLEAN: _boolean,
    Kind.INT: _integer(32),
    Kind.LONG: _integer(64),
    Kind.DECIMAL: _decimal,
    Kind.DOUBLE: _double,
    Kind.DATETIME: lambda text, member, zone: read_date(text, zone),
    Kind.INSTANT: lambda text, member, zone: read_instant(text),
    Kind.GUID: _guid,
    Kind.DURATION: lambda text, member, zone: read_span(text),
    Kind.BASE64: _base64,
    Kind.CHAR: lambda text, member, zone: text[0] if text else None,
    Kind.ENUM: _enum,
}

_DEFAULTS: Mapping[Kind, Any] = {
    Kind.BOOLEAN: False,
    Kind.INT: 0,
    Kind.LONG: 0,
    Kind.DECIMAL: Decimal(0),
    Kind.DOUBLE: 0.0,
    Kind.DATETIME: NetDateTime(),
    Kind.INSTANT: datetime(1, 1, 1, tzinfo=UTC),
    Kind.GUID: UUID(int=0),
    Kind.DURATION: timedelta(),
    Kind.CHAR: "\0",
}


def default(member: Member) -> Any:
    """What .NET has in a member that was never set: None for reference and nullable types."""
    if member.nillable:
        return None
    if member.kind is Kind.ENUM:
        return member.choices[0] if member.choices else 0
    return _DEFAULTS.get(member.kind)


def write_scalar(value: Any, kind: Kind, zone: tzinfo) -> str:
    """The bare text of a leaf, as JSV has it; JSON quotes what needs quotes and has its own dates."""
    writer = _WRITERS.get(kind)
    return str(value) if writer is None else writer(value, zone)


def is_bare(kind: Kind, value: Any) -> bool:
    """Whether JSON writes a leaf of this kind without quotes."""
    return kind in _BARE or (kind is Kind.ENUM and isinstance(value, int))


_BARE = frozenset({Kind.BOOLEAN, Kind.INT, Kind.LONG, Kind.DECIMAL, Kind.DOUBLE})


def _write_double(value: float | int | Decimal, zone: tzinfo) -> str:
    number = float(value)
    if math.isfinite(number):
        return format(number, ".15g").upper() if number else "0"
    return "NaN" if math.isnan(number) else "Infinity" if number > 0 else "-Infinity"


_WRITERS: Mapping[Kind, Callable[[Any, tzinfo], str]] = {
    Kind.BOOLEAN: lambda value, zone: "True" if value else "False",
    Kind.DECIMAL: lambda value, zone: format(Decimal(value), "f"),
    Kind.DOUBLE: _write_double,
    Kind.DATETIME: short_date,
    Kind.INSTANT: lambda value, zone: iso_instant(value),
    Kind.GUID: lambda value, zone: value.hex,
    Kind.DURATION: lambda value, zone: xsd_span(value),
    Kind.BASE64: lambda value, zone: base64.b64encode(value).decode("ascii"),
}
