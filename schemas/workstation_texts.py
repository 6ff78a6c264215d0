"""The grammar of the texts that the workstation API carries: dates and durations with a comment behind them."""

import re
from datetime import datetime, timedelta

_DATE = re.compile(r"\s*(\d{4}-\d\d-\d\d[ T](?:[01]\d|2[0-3]):\d\d:\d\d)(?!\d)", re.ASCII)
_DURATION = re.compile(r"\s*(\d{1,6}):([0-5]?\d):([0-5]?\d)(?![\d:])", re.ASCII)
_DURATION_ALONE = re.compile(r"(?:\d\d|[1-9]\d{2,5}):[0-5]\d:[0-5]\d", re.ASCII).fullmatch
_FLAGS = {"true": True, "1": True, "false": False, "0": False}
FLAG_TEXTS = {True: "True", False: "False"}
"""A flag as .NET writes it."""


def parse_date(text: str) -> datetime | None:
    """The aware UTC instant that ``text`` begins with (``yyyy-MM-dd HH:mm:ss``); what follows is a comment.

    The published sample itself is ``2025-12-04 06:57:36 (YYYY-MM-DD HH:MM:SS - UTC format)``. None: not a date.
    """
    found = _DATE.match(text)
    if found is None:
        return None
    try:
        return datetime.fromisoformat(f"{found[1]}Z")
    except ValueError:
        return None


def parse_duration(text: str) -> timedelta | None:
    """The span that ``text`` begins with (``HH:MM:SS``, hours may exceed 23); None: not a duration."""
    found = _DURATION.match(text)
    if found is None:
        return None
    hours, minutes, seconds = found.groups()
    return timedelta(0, int(hours) * 3600 + int(minutes) * 60 + int(seconds))


def is_duration_alone(text: str) -> bool:
    """Whether ``text`` is a duration as it would be written again (``HH:MM:SS``, hours beyond 23 and 99 written out),
    and nothing else."""
    return _DURATION_ALONE(text) is not None


def parse_flag(text: str) -> bool | None:
    """``True`` or ``False`` as .NET writes them, without case; None for any other text."""
    return _FLAGS.get(text.strip().lower())
