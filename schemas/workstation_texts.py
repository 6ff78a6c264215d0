"""The grammar of the texts that the workstation API carries: dates and durations with a comment behind them."""

import re
from datetime import UTC, datetime, timedelta

_DATE = re.compile(r"\s*(\d{4})-(\d\d)-(\d\d)[ T](\d\d):(\d\d):(\d\d)(?!\d)", re.ASCII)
_DURATION = re.compile(r"\s*(\d{1,6}):([0-5]?\d):([0-5]?\d)(?![\d:])", re.ASCII)
_FLAGS = {"true": True, "1": True, "false": False, "0": False}


def parse_date(text: str) -> datetime | None:
    """The aware UTC instant that ``text`` begins with (``yyyy-MM-dd HH:mm:ss``); what follows is a comment.

    The published sample itself is ``2025-12-04 06:57:36 (YYYY-MM-DD HH:MM:SS - UTC format)``. None: not a date.
    """
    found = _DATE.match(text)
    if found is None:
        return None
    try:
        return datetime(*map(int, found.groups()), tzinfo=UTC)  # type: ignore[misc, arg-type]
    except ValueError:
        return None


def parse_duration(text: str) -> timedelta | None:
    """The span that ``text`` begins with (``HH:MM:SS``, hours may exceed 23); None: not a duration."""
    found = _DURATION.match(text)
    if found is None:
        return None
    hours, minutes, seconds = map(int, found.groups())
    return timedelta(0, hours * 3600 + minutes * 60 + seconds)


def format_duration(span: timedelta) -> str:
    """``span`` as ``HH:MM:SS``, hours beyond 23 and 99 written out."""
    minutes, seconds = divmod(span.days * 86_400 + span.seconds, 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours:02}:{minutes:02}:{seconds:02}"


def parse_flag(text: str) -> bool | None:
    """``True`` or ``False`` as .NET writes them, without case; None for any other text."""
    return _FLAGS.get(text.strip().lower())
