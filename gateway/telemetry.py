"""What is told about each request: one structured log line, and the counters of :mod:`gateway.metrics`.

On an event loop both wait for :data:`DELAY` seconds at most, so that lines are written and counters are raised for many
requests at a time. A process that is killed takes the last of them with it; nothing else is told late.
"""

import asyncio
import atexit
import json
import logging
import sys
import time
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache, lru_cache
from itertools import groupby
from types import ModuleType
from typing import Any, TextIO

from gateway.outcome import FaultKind
from gateway.quick import quick

access = logging.getLogger("gateway.access")

_OURS = frozenset({FaultKind.INTERNAL.value, FaultKind.STORE_UNAVAILABLE.value})
_STANDARD = frozenset(vars(logging.makeLogRecord({}))) | {"message", "asctime", "taskName", "color_message"}


@quick
@dataclass(frozen=True, slots=True)
class RequestRecord:
    """One answered request, without anything secret: ``path`` is redacted, ``principal`` is a name and no credential.

    ``fault`` is a fault's kind, empty when there was none; ``fault_log`` is for the operator alone. ``notes`` are
    names, ``seconds`` is the time from the request's head to its answer, ``repeated`` says that a write had been stored
    before.
    """

    api: str
    operation: str
    protocol: str
    method: str
    path: str
    status: int
    correlation_id: str
    seconds: float
    fault: str = ""
    fault_log: str = ""
    notes: tuple[str, ...] = ()
    principal: str = ""
    tenant: str = ""
    repeated: bool = False
    bytes_in: int = 0
    bytes_out: int = 0


# ASCII alone: a lone surrogate of a caller's making cannot be written in UTF-8.
_ENCODER = json.JSONEncoder(default=str)
_json = json.JSONEncoder(separators=(",", ":"), default=str).encode
_quoted = json.encoder.encode_basestring_ascii

DELAY = 0.05
"""Seconds for which a line may wait for others."""
MANY = 500
"""So many lines wait for no more."""


class _Waiting:
    """The requests of this process that are not told yet, and whether a loop will tell them."""

    def __init__(self) -> None:
        self.rows: list[tuple[float, RequestRecord]] = []
        self.loop: asyncio.AbstractEventLoop | None = None

    def arm(self) -> bool:
        """See to it that a running loop tells them in a moment; False where none runs."""
        if self.loop is not None and self.loop.is_running():
            return True
        try:
            loop = asyncio.get_running_loop()
        except RuntimeError:
            return False
        self.loop = loop
        loop.call_later(DELAY, flush)
        return True


_waiting = _Waiting()


@cache
def _counters() -> ModuleType:
    """Imported when it is first asked for: it looks for its directory in the environment then."""
    from gateway import metrics

    return metrics


def observe(record: RequestRecord) -> None:
    """Log one line and count, now or in a moment. Nothing in it can fail a request."""
    _counters().count(record)
    if access.isEnabledFor(logging.INFO):
        _waiting.rows.append((time.time(), record))
    if not _waiting.arm() or len(_waiting.rows) >= MANY:
        flush()


def stir() -> None:
    """Let the gauges be looked at in a moment, where a loop runs."""
    _waiting.arm()


def flush() -> None:
    """Write every line that waits, and raise the counters."""
    _waiting.loop, rows, _waiting.rows = None, _waiting.rows, []
    for level, group in groupby(rows, key=lambda row: _level(row[1])):
        access.handle(_lines(level, group))
    _counters().flush()


@atexit.register
def _last() -> None:
    if _waiting.rows:
        flush()


def _level(record: RequestRecord) -> int:
    return logging.ERROR if record.fault in _OURS else logging.INFO


def _lines(level: int, rows: Iterable[tuple[float, RequestRecord]]) -> logging.LogRecord:
    # Made by hand: Logger.info would look for the caller's line of code, which costs more than all the rest.
    line = logging.LogRecord(access.name, level, "", 0, "request", None, None)
    name = line.levelname.lower()
    line.lines = "\n".join([_text(at, name, record) for at, record in rows])
    return line


def _text(at: float, level: str, record: RequestRecord) -> str:
    # Put together by hand, since an object to be written takes three times as long.
    kind = _kind(level, record.api, record.operation, record.protocol, record.method)
    path, status, seconds = _quoted(record.path), record.status, round(record.seconds, 6)
    own = f'"path":{path},"status":{status},"correlation_id":{_quoted(record.correlation_id)},"seconds":{seconds}'
    odd = record.fault or record.notes
    wrong = _said(fault=record.fault, fault_log=record.fault_log, notes=record.notes) if odd else ""
    who = f',"principal":{_quoted(record.principal)}' if record.principal else ""
    tenant = f',"tenant":{_quoted(record.tenant)}' if record.tenant else ""
    again = ',"repeated":true' if record.repeated else ""
    came = f',"bytes_in":{record.bytes_in}' if record.bytes_in else ""
    went = f',"bytes_out":{record.bytes_out}' if record.bytes_out else ""
    return f'{{"time":"{_stamp(at)}",{kind}{own}{wrong}{who}{tenant}{again}{came}{went}}}'


@lru_cache(maxsize=256)
def _kind(level: str, api: str, operation: str, protocol: str, method: str) -> str:
    said = _said(level=level, logger=access.name, message="request", api=api, operation=operation, protocol=protocol)
    return f'{said[1:]},"method":{_quoted(method)},'


def _said(**values: Any) -> str:
    """Members of a line, each behind a comma, without the empty ones."""
    return "".join([f',"{name}":{_json(value)}' for name, value in values.items() if value])


def _stamp(at: float) -> str:
    return f"{_second(int(at))}.{int(at * 1000) % 1000:03d}Z"


@lru_cache(maxsize=4)
def _second(at: int) -> str:
    return time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(at))


class JsonFormatter(logging.Formatter):
    """One JSON object a line: ``time`` (UTC), ``level``, ``logger``, ``message``, and every extra field."""

    def format(self, record: logging.LogRecord) -> str:
        """The line, without its end; line breaks in values are escaped, so one event is one line. Lines about requests
        come as they will be written, several at a time."""
        lines: str | None = getattr(record, "lines", None)
        if lines is not None:
            return lines
        stamp = _stamp(record.created)
        line: dict[str, Any] = {"time": stamp, "level": record.levelname.lower(), "logger": record.name}
        line["message"] = record.getMessage()
        for name, value in vars(record).items():
            if name not in _STANDARD:
                line[name] = value
        if record.exc_info:
            line["error"] = self.formatException(record.exc_info)
        return _ENCODER.encode(line)


def handler(stream: TextIO | None = None) -> logging.Handler:
    """A handler that writes structured lines to standard output, or to ``stream``."""
    made = logging.StreamHandler(stream or sys.stdout)
    made.setFormatter(JsonFormatter())
    return made


def configure(level: str, *, access_log: bool = True) -> None:
    """Send all logs to standard output as JSON lines; call it once in each process."""
    logging.basicConfig(level=level.upper(), handlers=[handler()], force=True)
    access.setLevel(logging.INFO if access_log else logging.CRITICAL)
