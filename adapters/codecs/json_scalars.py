"""What each kind of scalar reads as in JSON: a table for Json.NET, and one for everyone else.

A reader gets a raw value (never null) and its member; it gives the typed value or raises ValueError with the end of a
sentence that begins with the member's name.
"""

import base64
import binascii
import re
from collections.abc import Callable, Mapping
from datetime import timedelta
from decimal import Decimal
from math import isfinite
from typing import Any, TypeAlias
from uuid import UUID

from adapters.codecs.json_dates import read_instant, read_net
from adapters.codecs.json_text import Number
from adapters.scalars import TICKS_PER_SECOND, Kind
from schemas.message import Member

Reader: TypeAlias = Callable[[Any, Member], Any]

_GUID = re.compile(r"[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}")
_NET_GUID = re.compile(rf"[0-9a-fA-F]{{32}}|{_GUID.pattern}|\{{{_GUID.pattern}\}}|\({_GUID.pattern}\)")
_SPAN = re.compile(
    r"(-)?(?:([0-9]{1,8})\.)?([01]?[0-9]|2[0-3]):([0-5]?[0-9])(?::([0-5]?[0-9])(?:\.([0-9]{1,7}))?)?",
)
_ISO_SPAN = re.compile(
    r"(-)?P(?:([0-9]{1,9})D)?(?:T(?:([0-9]{1,9})H)?(?:([0-9]{1,9})M)?(?:([0-9]{1,9})(?:\.([0-9]{1,9}))?S)?)?"
)
_TEXT_NUMBER = re.compile(r"\s*[+]?(-?(?:[0-9]+(?:\.[0-9]*)?|\.[0-9]+)(?:[eE][+-]?[0-9]+)?)\s*")
_TEXT_INTEGER = re.compile(r"\s*[+]?(-?[0-9]{1,40})\s*")
_MAX_SPAN = ((1 << 63) - 1) // TICKS_PER_SECOND - 1
_BOUNDS = {Kind.INT: 1 << 31, Kind.LONG: 1 << 63}


def _text(raw: Any, member: Member) -> str:
    if not isinstance(raw, str):
        raise ValueError("must be a string")
    return raw


def _net_text(raw: Any, member: Member) -> str:
    if isinstance(raw, bool):
        return "true" if raw else "false"
    return raw.text if isinstance(raw, Number) else _text(raw, member)


def _boolean(raw: Any, member: Member) -> bool:
    if not isinstance(raw, bool):
        raise ValueError("must be true or false")
    return raw


def _net_boolean(raw: Any, member: Member) -> bool:
    if isinstance(raw, str) and raw.strip().lower() in ("true", "false"):
        return raw.strip().lower() == "true"
    if isinstance(raw, Number) and raw.is_integer:
        return raw.value() != 0
    return _boolean(raw, member)


def _integer(raw: Any, member: Member) -> int:
    if not isinstance(raw, Number) or not raw.is_integer:
        raise ValueError("must be an integer")
    bound, value = _BOUNDS[member.kind], int(raw.value())
    if not -bound <= value < bound:
        raise ValueError(f"must be an integer of {bound.bit_length()} bits")
    return value


def _net_integer(raw: Any, member: Member) -> int:
    found = _TEXT_INTEGER.fullmatch(raw) if isinstance(raw, str) else None
    return _integer(Number(found[1]) if found is not None else raw, member)


def _decimal(raw: Any, member: Member) -> Decimal:
    if not isinstance(raw, Number):
        raise ValueError("must be a number")
    return Decimal(raw.value())


def _net_decimal(raw: Any, member: Member) -> Decimal:
    found = _TEXT_NUMBER.fullmatch(raw) if isinstance(raw, str) else None
    return _decimal(Number(found[1]) if found is not None else raw, member)


def _double(raw: Any, member: Member) -> float:
    return _finite(_decimal(raw, member))


def _net_double(raw: Any, member: Member) -> float:
    return _finite(_net_decimal(raw, member))


def _finite(number: Decimal) -> float:
    value = float(number)
    if not isfinite(value):
        raise ValueError("must be a number within the range of a double")
    return value


def _guid(raw: Any, member: Member) -> UUID:
    if not isinstance(raw, str) or not _GUID.fullmatch(raw):
        raise ValueError("must be a UUID")
    return UUID(raw)


def _net_guid(raw: Any, member: Member) -> UUID:
    if not isinstance(raw, str) or not _NET_GUID.fullmatch(raw.strip()):
        raise ValueError("must be a GUID")
    return UUID(raw.strip().strip("(){}"))


def _span(raw: Any, pattern: re.Pattern[str], wrong: str) -> timedelta:
    found = pattern.fullmatch(raw) if isinstance(raw, str) else None
    if found is None or not any(found.groups()[1:]):
        raise ValueError(wrong)
    days, hours, minutes, seconds = (int(part or 0) for part in found.group(2, 3, 4, 5))
    micros = int((found[6] or "")[:6].ljust(6, "0"))
    seconds += ((days * 24 + hours) * 60 + minutes) * 60
    if seconds > _MAX_SPAN:
        raise ValueError(wrong)
    value = timedelta(seconds=seconds, microseconds=micros)
    return -value if found[1] else value


def _duration(raw: Any, member: Member) -> timedelta:
    return _span(raw, _ISO_SPAN, "must be an ISO 8601 duration such as PT1H30M")


def _net_duration(raw: Any, member: Member) -> timedelta:
    return _span(raw, _SPAN, "must be a time span such as 01:30:00")


def _base64(raw: Any, member: Member) -> bytes:
    try:
        return base64.b64decode(_text(raw, member), validate=True)
    except binascii.Error:
        raise ValueError("must be base64") from None


def _char(raw: Any, member: Member) -> str:
    if len(_text(raw, member)) != 1 or ord(raw) > 0xFFFF:
        raise ValueError("must be one character")
    return str(raw)


def _net_enum(raw: Any, member: Member) -> str | int:
    """A name in any case gives the declared name; a number stays one, so that an answer can keep the caller's form."""
    number = _TEXT_INTEGER.fullmatch(raw) if isinstance(raw, str) else None
    if number is not None or (isinstance(raw, Number) and raw.is_integer):
        value = int(number[1]) if number is not None else int(raw.value())
        if not 0 <= value < len(member.choices):
            raise ValueError(f"must be one of: {', '.join(member.choices)}")
        return value
    wanted = _text(raw, member).strip().lower()
    # An unknown name is left for Message.check, which names the choices.
    return next((name for name in member.choices if name.lower() == wanted), raw)


NET: Mapping[Kind, Reader] = {
    Kind.STRING: _net_text,
    Kind.BOOLEAN: _net_boolean,
    Kind.INT: _net_integer,
    Kind.LONG: _net_integer,
    Kind.DECIMAL: _net_decimal,
    Kind.DOUBLE: _net_double,
    Kind.DATETIME: lambda raw, member: read_net(_text(raw, member)),
    Kind.INSTANT: lambda raw, member: read_instant(_text(raw, member)),
    Kind.GUID: _net_guid,
    Kind.DURATION: _net_duration,
    Kind.BASE64: _base64,
    Kind.CHAR: _char,
    Kind.ENUM: _net_enum,
}
"""As Json.NET converts: a number or a boolean for a string becomes its text, a text that looks right is converted."""

STRICT: Mapping[Kind, Reader] = {
    Kind.STRING: _text,
    Kind.BOOLEAN: _boolean,
    Kind.INT: _integer,
    Kind.LONG: _integer,
    Kind.DECIMAL: _decimal,
    Kind.DOUBLE: _double,
    Kind.DATETIME: lambda raw, member: read_net(_text(raw, member)),
    Kind.INSTANT: lambda raw, member: read_instant(_text(raw, member)),
    Kind.GUID: _guid,
    Kind.DURATION: _duration,
    Kind.BASE64: _base64,
    Kind.CHAR: _char,
    Kind.ENUM: _text,
}
"""One JSON type for each kind, nothing converted."""

TEXT: Mapping[Kind, Reader] = {
    **STRICT,
    Kind.BOOLEAN: _net_boolean,
    Kind.INT: _net_integer,
    Kind.LONG: _net_integer,
    Kind.DECIMAL: _net_decimal,
    Kind.DOUBLE: _net_double,
}
"""STRICT for values that are always text: those of a path, a query or a header."""
