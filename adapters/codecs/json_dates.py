"""Dates as JSON spells them: Json.NET's ISO form and ``/Date(ms)/``, and the ISO instant of everyone else."""

import re
from datetime import UTC, datetime, timedelta, timezone, tzinfo

from adapters.scalars import TICKS_PER_SECOND, DateTimeKind, NetDateTime

_ISO = re.compile(
    r"([0-9]{4})-([0-9]{2})-([0-9]{2})"
    r"(?:[Tt ]([0-9]{2}):([0-9]{2})(?::([0-9]{2})(?:[.,]([0-9]{1,12}))?)?)?"
    r"(?:([Zz])|([+-])([0-9]{2}):?([0-9]{2})?)?"
)
_MICROSOFT = re.compile(r"\\?/Date\((-?[0-9]{1,15})([+-][0-9]{4})?\)\\?/")
_UNIX = NetDateTime.wall(datetime(1970, 1, 1)).ticks
_MAX = NetDateTime.wall(datetime.max).ticks + 9

WRONG_DATE = "must be a date such as 2019-10-01T08:00:00"
WRONG_INSTANT = "must be an instant with a zone, such as 2007-12-20T10:15:30Z"


def read_net(text: str, zone: tzinfo = UTC) -> NetDateTime:
    """A .NET DateTime as Json.NET reads it (RoundtripKind): ``Z`` is UTC, an offset makes it LOCAL in ``zone``."""
    microsoft = _MICROSOFT.fullmatch(text)
    if microsoft is not None:
        ticks = _UNIX + int(microsoft[1]) * 10_000
        return _in_range(ticks, DateTimeKind.UTC) if microsoft[2] is None else _local(ticks, zone)
    wall, tenths, offset = _parts(text.strip(), WRONG_DATE)
    ticks = NetDateTime.wall(wall).ticks + tenths
    if offset is None:
        return NetDateTime(ticks, DateTimeKind.UNSPECIFIED)
    if text.strip()[-1] in "Zz":
        return NetDateTime(ticks, DateTimeKind.UTC)
    return _local(ticks - _ticks_of(offset), zone)


def _local(utc_ticks: int, zone: tzinfo) -> NetDateTime:
    moment = _in_range(utc_ticks, DateTimeKind.UTC).instant()
    return _in_range(utc_ticks + _ticks_of(moment.astimezone(zone).utcoffset()), DateTimeKind.LOCAL)


def _in_range(ticks: int, kind: DateTimeKind) -> NetDateTime:
    if not 0 <= ticks <= _MAX:
        raise ValueError(WRONG_DATE)
    return NetDateTime(ticks, kind)


def _ticks_of(offset: timedelta | None) -> int:
    return 0 if offset is None else int(offset.total_seconds()) * TICKS_PER_SECOND


def _parts(text: str, wrong: str) -> tuple[datetime, int, timedelta | None]:
    """Wall clock to the second, the fraction in ticks (finer is cut), and the offset if there is one."""
    found = _ISO.fullmatch(text)
    if found is None:
        raise ValueError(wrong)
    try:
        wall = datetime(*(int(part or 0) for part in found.group(1, 2, 3, 4, 5, 6)))  # type: ignore[arg-type]
        offset = None if found[8] is None and found[9] is None else _offset(found)
    except ValueError:
        raise ValueError(wrong) from None
    return wall, int((found[7] or "")[:7].ljust(7, "0")), offset


def _offset(found: re.Match[str]) -> timedelta:
    span = timedelta(hours=int(found[10] or 0), minutes=int(found[11] or 0))
    timezone(span)  # refuses a whole day and more
    return -span if found[9] == "-" else span


def write_net(value: NetDateTime, zone: tzinfo = UTC) -> str:
    """``yyyy-MM-ddTHH:mm:ss[.fffffff]``, the fraction trimmed, with ``Z`` for UTC and the offset for LOCAL."""
    wall = datetime(1, 1, 1) + timedelta(seconds=value.ticks // TICKS_PER_SECOND)
    fraction = f"{value.ticks % TICKS_PER_SECOND:07d}".rstrip("0")
    text = wall.isoformat() + (f".{fraction}" if fraction else "")
    if value.kind is DateTimeKind.UTC:
        return f"{text}Z"
    return text + _written_offset(value, zone) if value.kind is DateTimeKind.LOCAL else text


def _written_offset(value: NetDateTime, zone: tzinfo) -> str:
    minutes = int(_ticks_of(value.instant(zone).astimezone(zone).utcoffset()) / TICKS_PER_SECOND) // 60
    return f"{'-' if minutes < 0 else '+'}{abs(minutes) // 60:02d}:{abs(minutes) % 60:02d}"


def read_instant(text: str) -> datetime:
    """An ISO 8601 instant, in UTC; below one microsecond is cut. Raises ValueError, also where the zone is missing."""
    wall, fraction, offset = _parts(text, WRONG_INSTANT)
    if offset is None:
        raise ValueError(WRONG_INSTANT)
    try:
        return (wall - offset).replace(microsecond=fraction // 10, tzinfo=UTC)
    except OverflowError:
        raise ValueError(WRONG_INSTANT) from None


def write_instant(value: datetime) -> str:
    """ISO with ``Z``; the fraction has 3 or 6 digits, or is left out."""
    moment = value if value.tzinfo is UTC else value.astimezone(UTC)
    micros = moment.microsecond
    digits = "microseconds" if micros % 1000 else "milliseconds" if micros else "seconds"
    # Without the +00:00 that UTC ends with.
    return f"{moment.isoformat(timespec=digits)[:-6]}Z"
