"""The grammar of a .NET DateTime in XML: what XmlConvert writes and reads."""

import re
from datetime import datetime, timedelta, tzinfo

from adapters.scalars import TICKS_PER_SECOND, DateTimeKind, NetDateTime

_EPOCH = datetime(1, 1, 1)
_MINUTE = 60 * TICKS_PER_SECOND
MAX_TICKS = 3_155_378_975_999_999_999
"""9999-12-31T23:59:59.9999999."""

_ZONE = r"(?P<zone>[Zz]|[+-]\d\d:(?:[0-5]\d|60))?\Z"
_DATETIME = re.compile(
    r"(?P<year>\d{4})(?:-(?P<month>\d\d)(?:-(?P<day>\d\d)"
    r"(?:T(?P<hour>\d\d):(?P<minute>\d\d):(?P<second>\d\d)(?:\.(?P<fraction>\d+))?)?)?)?" + _ZONE,
    re.ASCII,
)
_MONTH_DAY = re.compile(r"--(?P<month>\d\d)-(?P<day>\d\d)" + _ZONE, re.ASCII)
_LEAP_YEAR = 1904
"""What XmlConvert takes for a missing year."""


def parse_datetime(text: str, zone: tzinfo) -> NetDateTime:
    """xs:dateTime, xs:date, xs:gYearMonth, xs:gYear or xs:gMonthDay, with or without a zone.

    ``Z`` gives UTC, an offset gives the same instant as LOCAL in ``zone``, nothing gives UNSPECIFIED. More than seven
    digits of a fraction are rounded to even. xs:time, xs:gMonth and xs:gDay, which .NET completes from today's date,
    are refused: the result would depend on the clock. Raises ValueError.
    """
    text = text.strip()
    found = _DATETIME.match(text)
    if found is None:
        return _yearless(text, zone)
    year, month, day, hour, minute, second, fraction, offset = found.groups()
    moment = datetime(int(year), int(month or 1), int(day or 1), int(hour or 0), int(minute or 0), int(second or 0))
    ticks = _ticks(moment) + (_fraction(fraction) if fraction else 0)
    return _in_zone(ticks, offset, zone)


def _yearless(text: str, zone: tzinfo) -> NetDateTime:
    found = _MONTH_DAY.match(text)
    if found is None:
        raise ValueError(text)
    return _in_zone(_ticks(datetime(_LEAP_YEAR, int(found["month"]), int(found["day"]))), found["zone"], zone)


def _ticks(moment: datetime) -> int:
    delta = moment - _EPOCH
    return (delta.days * 86_400 + delta.seconds) * TICKS_PER_SECOND + delta.microseconds * 10


def _fraction(digits: str) -> int:
    if len(digits) <= 7:
        return int(digits.ljust(7, "0"))
    ticks, rest = int(digits[:7]), digits[7:].rstrip("0")
    up = rest > "5" or (rest == "5" and ticks % 2 == 1)
    return ticks + up


def _in_zone(ticks: int, offset: str | None, zone: tzinfo) -> NetDateTime:
    if ticks > MAX_TICKS:
        raise ValueError(ticks)
    if offset is None:
        return NetDateTime(ticks)
    if offset in ("Z", "z"):
        return NetDateTime(ticks, DateTimeKind.UTC)
    minutes = int(offset[1:3]) * 60 + int(offset[4:6])
    ticks += _MINUTE * (minutes if offset[0] == "-" else -minutes)
    return NetDateTime(_clamp(ticks + _utc_offset(_clamp(ticks), zone, utc=True)), DateTimeKind.LOCAL)


def _clamp(ticks: int) -> int:
    return min(max(ticks, 0), MAX_TICKS)


def _utc_offset(ticks: int, zone: tzinfo, *, utc: bool) -> int:
    """The zone's offset in ticks at ``ticks``, which are UTC or the zone's own wall clock."""
    moment = _EPOCH + timedelta(microseconds=ticks // 10)
    try:
        offset = (
            zone.fromutc(moment.replace(tzinfo=zone)).utcoffset() if utc else moment.replace(tzinfo=zone).utcoffset()
        )
    except OverflowError:  # within a day of year 1 or 9999
        offset = moment.replace(tzinfo=zone).utcoffset()
    return (offset or timedelta(0)) // timedelta(minutes=1) * _MINUTE


_KINDS = {DateTimeKind.UNSPECIFIED: "", DateTimeKind.UTC: "Z"}


def format_datetime(value: NetDateTime, zone: tzinfo) -> str:
    """``yyyy-MM-ddTHH:mm:ss`` and as many digits of a fraction as needed; ``Z`` for UTC, an offset for LOCAL."""
    seconds, fraction = divmod(value.ticks, TICKS_PER_SECOND)
    text = (_EPOCH + timedelta(seconds=seconds)).isoformat()
    if fraction:
        text += f".{fraction:07d}".rstrip("0")
    if value.kind is DateTimeKind.LOCAL:
        return text + _offset_text(_utc_offset(value.ticks, zone, utc=False) // _MINUTE)
    return text + _KINDS[value.kind]


def _offset_text(minutes: int) -> str:
    hours, rest = divmod(abs(minutes), 60)
    return f"{'-' if minutes < 0 else '+'}{hours:02d}:{rest:02d}"
