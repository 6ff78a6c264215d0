"""How .NET writes and reads scalars in XML: one pair of functions for each kind.

Written forms and accepted forms were recorded with the .NET runtimes (tests/golden/datacontract). Parsers take the
text of an element and raise ValueError for anything else; surrounding blanks are allowed except in strings and
enumerations.
"""

import base64
import math
import re
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta, tzinfo
from decimal import Decimal
from typing import Any, TypeAlias
from uuid import UUID

from adapters.netdatetime import format_datetime, parse_datetime
from adapters.scalars import Kind, NetDateTime

Parse: TypeAlias = Callable[[str], Any]
Format: TypeAlias = Callable[[Any], str]

_BLANKS = " \t\r\n"
_INTEGER = re.compile(r"[+-]?[0-9]+\Z")
_DECIMAL = re.compile(r"[+-]?(?:[0-9]+(?:\.[0-9]*)?|\.[0-9]+)\Z")
_DOUBLE = re.compile(r"[+-]?(?:[0-9]+(?:\.[0-9]*)?|\.[0-9]+)(?:[eE][+-]?[0-9]+)?\Z")
_DOUBLES = {"INF": "inf", "-INF": "-inf", "NaN": "nan", "Infinity": "inf", "-Infinity": "-inf"}
_HEX = r"(?:\+|0[xX])?[0-9a-fA-F]+"
_GUID = re.compile(
    rf"(?=.{{8}}-.{{4}}-.{{4}}-.{{4}}-.{{12}}\Z)({_HEX})-({_HEX})-({_HEX})-({_HEX})-([0-9a-fA-F]{{12}})\Z"
)
_PLAIN_GUID = re.compile(r"[0-9a-fA-F]{32}\Z")
_BASE64 = re.compile(r"(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?\Z")
_DURATION = re.compile(
    r"(?P<sign>-)?P(?=.)(?:(?P<years>\d+)Y)?(?:(?P<months>\d+)M)?(?:(?P<days>\d+)D)?"
    r"(?:T(?=.)(?:(?P<hours>\d+)H)?(?:(?P<minutes>\d+)M)?(?:(?P<seconds>\d+)(?:\.(?P<fraction>\d+))?S)?)?\Z",
    re.ASCII,
)
_MAX_DURATION = timedelta(microseconds=(2**63 - 1) // 10)
_MAX_DECIMAL = Decimal(79228162514264337593543950335)


def _boolean(text: str) -> bool:
    return _BOOLEANS[text] if text in _BOOLEANS else _BOOLEANS[_known(text.strip(_BLANKS), _BOOLEANS)]


_BOOLEANS = {"true": True, "false": False, "1": True, "0": False}


def _known(text: str, table: Mapping[str, Any]) -> str:
    if text not in table:
        raise ValueError(text)
    return text


def _integer(bits: int) -> Parse:
    bound = 1 << (bits - 1)

    def parse(text: str) -> int:
        text = text.strip(_BLANKS)
        if _INTEGER.match(text) is None:
            raise ValueError(text)
        value = int(text)
        if not -bound <= value < bound:
            raise ValueError(text)
        return value

    return parse


def _decimal(text: str) -> Decimal:
    text = text.strip(_BLANKS)
    if _DECIMAL.match(text) is None:
        raise ValueError(text)
    value = Decimal(text)
    if value.copy_abs() > _MAX_DECIMAL:
        raise ValueError(text)
    return value


def _double(text: str) -> float:
    text = text.strip(_BLANKS)
    if text in _DOUBLES:
        return float(_DOUBLES[text])
    value = float(text) if _DOUBLE.match(text) else math.inf
    if math.isinf(value):
        raise ValueError(text)
    return value


def _guid(text: str) -> UUID:
    """Guid.Parse: with or without dashes, braces or parentheses; each group may begin with ``+`` or ``0x``."""
    text = text.strip()
    if text[:1] + text[-1:] in ("{}", "()"):
        text = text[1:-1]
    elif _PLAIN_GUID.match(text):
        return UUID(text)
    groups = _GUID.match(text)
    if groups is None:
        raise ValueError(text)
    first, second, third, fourth, last = (int(group, 16) for group in groups.groups())
    return UUID(int=first << 96 | second << 80 | third << 64 | fourth << 48 | last)


def _duration(text: str) -> timedelta:
    """xs:duration; a year is 365 days and a month 30, as TimeSpan has it. Below one microsecond is cut."""
    found = _DURATION.match(text.strip(_BLANKS))
    if found is None:
        raise ValueError(text)
    part = {name: value or "0" for name, value in found.groupdict().items()}
    days = int(part["years"]) * 365 + int(part["months"]) * 30 + int(part["days"])
    micros = int(part["seconds"]) * 1_000_000 + int(part["fraction"][:6].ljust(6, "0"))
    try:
        span = timedelta(days, hours=int(part["hours"]), minutes=int(part["minutes"]), microseconds=micros)
    except OverflowError:
        raise ValueError(text) from None
    if span > _MAX_DURATION:
        raise ValueError(text)
    return -span if found["sign"] else span


def _base64(text: str) -> bytes:
    packed = "".join(text.split())
    if _BASE64.match(packed) is None:
        raise ValueError(text)
    return base64.b64decode(packed)


def _char(text: str) -> str:
    """A .NET char travels as the number of its UTF-16 code unit."""
    number = _integer(32)(text)
    if not 0 <= number <= 0xFFFF:
        raise ValueError(text)
    return chr(number)


def _instant(zone: tzinfo) -> Parse:
    def parse(text: str) -> datetime:
        return parse_datetime(text, zone).instant(zone)

    return parse


def parsers(zone: tzinfo = UTC) -> Mapping[Kind, Parse]:
    """The parser of each scalar kind. ``zone`` is the server's: an offset in a DateTime is converted to it."""
    return {
        Kind.STRING: str,
        Kind.BOOLEAN: _boolean,
        Kind.INT: _integer(32),
        Kind.LONG: _integer(64),
        Kind.DECIMAL: _decimal,
        Kind.DOUBLE: _double,
        Kind.DATETIME: lambda text: parse_datetime(text, zone),
        Kind.INSTANT: _instant(zone),
        Kind.GUID: _guid,
        Kind.DURATION: _duration,
        Kind.BASE64: _base64,
        Kind.CHAR: _char,
    }


def _format_double(value: Any) -> str:
    """The shortest text that reads back the same, as .NET Core 3.0 and later write it (``1E+21``, ``INF``)."""
    number = float(value)
    if not math.isfinite(number):
        return "NaN" if math.isnan(number) else "INF" if number > 0 else "-INF"
    sign, digits, exponent = Decimal(repr(number)).normalize().as_tuple()
    point = len(digits) + int(exponent)
    text = "".join(map(str, digits))
    if number and not -3 <= point <= 15:
        mantissa = f"{text[0]}.{text[1:]}" if len(text) > 1 else text
        plain = f"{mantissa}E{'+' if point > 0 else '-'}{abs(point - 1):02d}"
    elif point <= 0:
        plain = f"0.{'0' * -point}{text}"
    else:
        plain = f"{text[:point].ljust(point, '0')}.{text[point:]}".rstrip(".")
    return f"-{plain}" if sign else plain


def _format_decimal(value: Any) -> str:
    return format(value if isinstance(value, Decimal) else Decimal(value), "f")


def _format_duration(value: timedelta) -> str:
    micros = abs(value) // timedelta(microseconds=1)
    seconds, fraction = divmod(micros, 1_000_000)
    minutes, seconds = divmod(seconds, 60)
    hours, minutes = divmod(minutes, 60)
    days, hours = divmod(hours, 24)
    second = f"{seconds}.{fraction:06d}".rstrip("0").rstrip(".") if fraction else str(seconds)
    date = f"{days}D" if days else ""
    time = "".join(
        (f"{hours}H" if hours else "", f"{minutes}M" if minutes else "", f"{second}S" if second != "0" else "")
    )
    sign = "-" if value < timedelta(0) else ""
    return f"{sign}P{date}T{time}" if time else f"{sign}P{date}" if date else "PT0S"


def formats(zone: tzinfo = UTC) -> Mapping[Kind, Format]:
    """What writes each scalar kind. ``zone`` gives the offset of local DateTimes."""
    return {
        Kind.STRING: str,
        Kind.BOOLEAN: lambda value: "true" if value else "false",
        Kind.INT: str,
        Kind.LONG: str,
        Kind.DECIMAL: _format_decimal,
        Kind.DOUBLE: _format_double,
        Kind.DATETIME: lambda value: format_datetime(value, zone),
        Kind.INSTANT: lambda value: format_datetime(NetDateTime.of(value), zone),
        Kind.GUID: str,
        Kind.DURATION: _format_duration,
        Kind.BASE64: lambda value: base64.b64encode(value).decode("ascii"),
        Kind.CHAR: lambda value: str(ord(value)),
    }


DEFAULTS: Mapping[Kind, Any] = {
    Kind.BOOLEAN: False,
    Kind.INT: 0,
    Kind.LONG: 0,
    Kind.DECIMAL: Decimal(0),
    Kind.DOUBLE: 0.0,
    Kind.DATETIME: NetDateTime(),
    Kind.INSTANT: datetime(1, 1, 1, tzinfo=UTC),
    Kind.GUID: UUID(int=0),
    Kind.DURATION: timedelta(0),
    Kind.CHAR: "\0",
}
"""What .NET value types are when nothing was set. An enumeration's default is its first name."""

NAMES: Mapping[Kind, tuple[str, str]] = {
    Kind.STRING: ("string", "String"),
    Kind.BOOLEAN: ("boolean", "Boolean"),
    Kind.INT: ("int", "Int32"),
    Kind.LONG: ("long", "Int64"),
    Kind.DECIMAL: ("decimal", "Decimal"),
    Kind.DOUBLE: ("double", "Double"),
    Kind.DATETIME: ("dateTime", "DateTime"),
    Kind.INSTANT: ("dateTime", "DateTime"),
    Kind.GUID: ("guid", "Guid"),
    Kind.DURATION: ("duration", "TimeSpan"),
    Kind.BASE64: ("base64Binary", "Byte[]"),
    Kind.CHAR: ("char", "Char"),
    Kind.ANY: ("anyType", "Object"),
}
"""The name of a kind in XML Schema (and of list items), and in .NET (as error texts quote it)."""
