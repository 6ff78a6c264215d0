"""The clock times of OnTime, as its answers show them: ``yyyy-MM-ddTHH:mm:ss[.fffffff]``, never with a zone."""

import re
from datetime import datetime, timedelta

from adapters.scalars import TICKS_PER_SECOND, NetDateTime

_WALL = re.compile(r"(\d{4})-(\d\d)-(\d\d)T(\d\d):(\d\d):(\d\d)(?:\.(\d{1,7}))?", re.ASCII)


def wall_text(time: NetDateTime) -> str:
    """What the clock showed, to 100 ns; a fraction without its closing zeros."""
    seconds, ticks = divmod(time.ticks, TICKS_PER_SECOND)
    text = (datetime(1, 1, 1) + timedelta(seconds=seconds)).isoformat()
    return f"{text}.{ticks:07}".rstrip("0") if ticks else text


def parse_wall(text: str) -> NetDateTime | None:
    """The time that :func:`wall_text` wrote; None for any other text."""
    found = _WALL.fullmatch(text)
    if found is None:
        return None
    *parts, fraction = found.groups()
    year, month, day, hour, minute, second = (int(part) for part in parts)
    try:
        whole = NetDateTime.wall(datetime(year, month, day, hour, minute, second))
    except ValueError:
        return None
    return NetDateTime(whole.ticks + int((fraction or "").ljust(7, "0")))
