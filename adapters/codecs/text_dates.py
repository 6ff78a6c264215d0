"""Dates and spans of time as ServiceStack.Text reads and writes them.

Facts: recorded from ServiceStack v3 (``tests/golden/servicestack/text-json-jsv-csv-v3.txt``). ``zone`` is the zone of
the server whose bytes are meant: .NET converts what has an offset to local time, and writes local time with one.
"""

import re
from datetime import UTC, datetime, timedelta, tzinfo
from decimal import Decimal
from email.utils import parsedate_to_datetime

from adapters.scalars import TICKS_PER_SECOND, DateTimeKind, NetDateTime

_MAX_TICKS = 3_155_378_975_999_999_999
_UNIX = 62_135_596_800 * TICKS_PER_SECOND
_TICKS_PER_MS = TICKS_PER_SECOND // 1000
_EPOCH_DATE = re.compile(r"\\?/Date\((-?\d{1,17})([+-]\d{4})?\)\\?/")
_CLOCK = r"(?:[T ](\d{2}):(\d{2})(?::(\d{2})(?:\.(\d{1,20}))?)?)?\s*(Z|z|[+-]\d{2}:?\d{2})?"
_YEAR_FIRST = re.compile(r"(?P<year>\d{4})[-/](?P<month>\d{1,2})[-/](?P<day>\d{1,2})" + _CLOCK)
_MONTH_FIRST = re.compile(r"(?P<month>\d{1,2})/(?P<day>\d{1,2})/(?P<year>\d{4})" + _CLOCK)
_XSD_SPAN = re.compile(r"(-)?P(?:(\d{1,8})D)?(?:T(?:(\d{1,8})H)?(?:(\d{1,8})M)?(?:(\d{1,12}(?:\.\d{1,9})?)S)?)?")
_NET_SPAN = re.compile(r"(-)?(?:(\d{1,8})\.)?(\d{1,2}):(\d{2})(?::(\d{2}(?:\.\d{1,7})?))?")


def read_date(text: str, zone: tzinfo) -> NetDateTime | None:
    """The DateTime that .NET makes of ``text``, MinValue of nothing; None where it finds no date."""
    text = text.strip()
    if not text:
        return NetDateTime()
    try:
        return _read_date(text, zone)
    except (ValueError, OverflowError):
        return None


def _read_date(text: str, zone: tzinfo) -> NetDateTime | None:
    if found := _EPOCH_DATE.fullmatch(text):
        return _from_epoch(int(found[1]), found[2], zone)
    if found := _YEAR_FIRST.fullmatch(text) or _MONTH_FIRST.fullmatch(text):
        return _from_parts(found, text, zone)
    if text.endswith("GMT") and "," in text:
        return _local(NetDateTime.of(parsedate_to_datetime(text)).ticks, zone)
    return None


def _from_epoch(milliseconds: int, offset: str | None, zone: tzinfo) -> NetDateTime:
    ticks = _bounded(_UNIX + milliseconds * _TICKS_PER_MS)
    if offset is None:
        return NetDateTime(ticks, DateTimeKind.UTC)
    if offset == "-0000":
        return _local(ticks, zone)
    return NetDateTime(_bounded(ticks + _offset_ticks(offset)))


def _from_parts(found: re.Match[str], text: str, zone: tzinfo) -> NetDateTime:
    hour, minute, second, fraction, offset = found.groups()[3:]
    naive = datetime(int(found["year"]), int(found["month"]), int(found["day"]))
    clock = (_below(hour, 24) * 60 + _below(minute, 60)) * 60 + _below(second, 60)
    ticks = NetDateTime.wall(naive).ticks + clock * TICKS_PER_SECOND + _fraction(fraction or "")
    if offset is not None:
        return _local(_bounded(ticks - _offset_ticks(offset)), zone)
    # The shortest form with seconds is the one that .NET leaves unspecified; all others it assumes to be local.
    kind = DateTimeKind.UNSPECIFIED if hour and len(text) == 19 else DateTimeKind.LOCAL
    return NetDateTime(_bounded(ticks), kind)


def _below(text: str | None, bound: int) -> int:
    value = int(text or 0)
    if value >= bound:
        raise ValueError(text)
    return value


def _fraction(digits: str) -> int:
    padded = digits.ljust(8, "0")
    return int(padded[:7]) + (padded[7] >= "5")


def _offset_ticks(offset: str) -> int:
    if offset in "Zz":
        return 0
    minutes = int(offset[1:3]) * 60 + int(offset[-2:])
    return (-minutes if offset[0] == "-" else minutes) * 60 * TICKS_PER_SECOND


def _bounded(ticks: int) -> int:
    if not 0 <= ticks <= _MAX_TICKS:
        raise OverflowError(ticks)
    return ticks


def _local(utc_ticks: int, zone: tzinfo) -> NetDateTime:
    instant = NetDateTime(utc_ticks, DateTimeKind.UTC).instant()
    offset = instant.astimezone(zone).utcoffset() or timedelta()
    return NetDateTime(_bounded(utc_ticks + _span_ticks(offset)), DateTimeKind.LOCAL)


def _span_ticks(span: timedelta) -> int:
    return (span.days * 86_400 + span.seconds) * TICKS_PER_SECOND + span.microseconds * 10


def _zone_offset(value: NetDateTime, zone: tzinfo) -> timedelta:
    """The server's offset at a wall-clock time."""
    naive = datetime(1, 1, 1) + timedelta(microseconds=value.ticks // 10)
    return naive.replace(tzinfo=zone).utcoffset() or timedelta()


def utc_ticks(value: NetDateTime, zone: tzinfo) -> int:
    """``value`` in UTC; local and unspecified values are read in ``zone``. MinValue stays MinValue."""
    if value.kind is DateTimeKind.UTC or value.is_min:
        return value.ticks
    return value.ticks - _span_ticks(_zone_offset(value, zone))


def epoch_date(value: NetDateTime, zone: tzinfo, *, offsets: bool) -> str:
    r"""``/Date(ms)/`` without its slashes' escapes; ``offsets`` adds what v3 adds: ``-0000`` unspecified, ``+0200``
    local."""
    milliseconds = int((utc_ticks(value, zone) - _UNIX) / _TICKS_PER_MS)
    return f"/Date({milliseconds}{_suffix(value, zone) if offsets else ''})/"


def _suffix(value: NetDateTime, zone: tzinfo) -> str:
    if value.kind is DateTimeKind.UTC:
        return ""
    if value.kind is DateTimeKind.UNSPECIFIED:
        return "-0000"
    return _offset_text(_zone_offset(value, zone), "")


def _offset_text(offset: timedelta, colon: str) -> str:
    minutes = int(offset.total_seconds()) // 60
    sign = "-" if minutes < 0 else "+"
    return f"{sign}{abs(minutes) // 60:02d}{colon}{abs(minutes) % 60:02d}"


def short_date(value: NetDateTime, zone: tzinfo) -> str:
    """The shortest XSD form, as JSV and CSV have it: ``2024-01-02``, ``…T03:04:05.678Z``, ``…T03:04:05+02:00``."""
    if value.ticks % (86_400 * TICKS_PER_SECOND) == 0:
        return _seconds(value)[:10]
    fraction = value.ticks % TICKS_PER_SECOND
    if value.kind is DateTimeKind.UTC:
        return _seconds(value) + (f".{fraction:07d}".rstrip("0") if fraction else "") + "Z"
    return _seconds(value) + (f".{fraction:07d}" if fraction else "") + _offset_text(_zone_offset(value, zone), ":")


def iso_date(value: NetDateTime, zone: tzinfo) -> str:
    """The round-trip form of .NET (``o``), which ``?jsconfig=dh:iso8601`` asks for."""
    text = f"{_seconds(value)}.{value.ticks % TICKS_PER_SECOND:07d}"
    if value.kind is DateTimeKind.UTC:
        return text + "Z"
    return text + (_offset_text(_zone_offset(value, zone), ":") if value.kind is DateTimeKind.LOCAL else "")


def _seconds(value: NetDateTime) -> str:
    naive = datetime(1, 1, 1) + timedelta(seconds=value.ticks // TICKS_PER_SECOND)
    return naive.isoformat()


def iso_instant(value: datetime) -> str:
    """An aware instant in UTC with ``Z``; microseconds only where there are any."""
    return value.astimezone(UTC).isoformat().replace("+00:00", "Z")


def read_instant(text: str) -> datetime | None:
    """An aware instant; a text without a zone is taken as UTC. None where ``text`` is no date."""
    found = read_date(text, UTC)
    return None if found is None else found.instant(UTC)


def read_span(text: str) -> timedelta | None:
    """A TimeSpan: an XSD duration, ``[d.]hh:mm[:ss[.f]]``, or a whole number of days."""
    text = text.strip()
    try:
        return _read_span(text)
    except OverflowError:
        return None


def _read_span(text: str) -> timedelta | None:
    if (found := _XSD_SPAN.fullmatch(text)) and text[-1] not in "PT":
        return _span(found[1], found[2], found[3], found[4], found[5])
    if found := _NET_SPAN.fullmatch(text):
        if int(found[3]) > 23 or int(found[4]) > 59 or float(found[5] or 0) >= 60:
            return None
        return _span(found[1], found[2], found[3], found[4], found[5])
    if re.fullmatch(r"-?\d{1,8}", text):
        return timedelta(days=int(text))
    return None


def _span(sign: str | None, days: str | None, hours: str | None, minutes: str | None, seconds: str | None) -> timedelta:
    microseconds = int(Decimal(seconds or 0) * 1_000_000)
    span = timedelta(days=int(days or 0), hours=int(hours or 0), minutes=int(minutes or 0), microseconds=microseconds)
    return -span if sign else span


def xsd_span(value: timedelta) -> str:
    """An XSD duration as .NET writes it: ``P1DT2H3M4.005S``, ``PT0S``, ``-PT1.5S``."""
    sign, value = ("-", -value) if value < timedelta() else ("", value)
    hours, rest = divmod(value.seconds, 3600)
    minutes, seconds = divmod(rest, 60)
    exact = f"{seconds}.{value.microseconds:06d}".rstrip("0").rstrip(".")
    clock = [f"{hours}H" if hours else "", f"{minutes}M" if minutes else "", f"{exact}S" if exact != "0" else ""]
    text = (f"{value.days}D" if value.days else "") + ("T" + "".join(clock) if any(clock) else "")
    return f"{sign}P{text}" if text else "PT0S"
