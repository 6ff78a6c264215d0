"""What is told about each request: one structured log line, and the counters of :mod:`gateway.metrics`."""

import json
import logging
import sys
import time
from dataclasses import dataclass, fields
from typing import Any, TextIO

from gateway.outcome import FaultKind

access = logging.getLogger("gateway.access")

_OURS = frozenset({FaultKind.INTERNAL.value, FaultKind.STORE_UNAVAILABLE.value})
_STANDARD = frozenset(vars(logging.makeLogRecord({}))) | {"message", "asctime", "taskName", "color_message"}


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
_FIELDS = tuple(field.name for field in fields(RequestRecord))
_EMPTY: tuple[Any, ...] = ("", (), False)


def observe(record: RequestRecord) -> None:
    """Log one line and count. Nothing in it can fail a request."""
    from gateway import metrics

    if access.isEnabledFor(logging.INFO):
        access.handle(_line(record))
    metrics.count(record)


def _line(record: RequestRecord) -> logging.LogRecord:
    # Made by hand: Logger.info would look for the caller's line of code, which costs more than all the rest.
    level = logging.ERROR if record.fault in _OURS else logging.INFO
    line = logging.LogRecord(access.name, level, "", 0, "request", None, None)
    values = ((name, getattr(record, name)) for name in _FIELDS)
    line.fields = {name: value for name, value in values if value not in _EMPTY}
    return line


class JsonFormatter(logging.Formatter):
    """One JSON object a line: ``time`` (UTC), ``level``, ``logger``, ``message``, and every extra field."""

    def format(self, record: logging.LogRecord) -> str:
        """The line, without its end; line breaks in values are escaped, so one event is one line."""
        stamp = time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(record.created)) + f".{int(record.msecs):03d}Z"
        line: dict[str, Any] = {"time": stamp, "level": record.levelname.lower(), "logger": record.name}
        line["message"] = record.getMessage()
        for name, value in vars(record).items():
            if name not in _STANDARD:
                line.update(value if name == "fields" else {name: value})
        if "seconds" in line:
            line["seconds"] = round(line["seconds"], 6)
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
