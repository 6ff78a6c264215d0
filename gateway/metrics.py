"""Counters for Prometheus. Import it late: whether it counts across processes is decided at its import.

With ``PROMETHEUS_MULTIPROC_DIR`` set, each worker writes files there and any worker answers for all of them. Labels
come from closed sets (names of APIs, operations, protocols, fault kinds and notes), never from what a caller sent.
"""

import os
import threading
from bisect import bisect_left
from collections.abc import Callable, Sequence
from functools import lru_cache
from typing import TypeAlias

from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, Counter, Gauge, Histogram, generate_latest
from prometheus_client.multiprocess import MultiProcessCollector

from gateway.telemetry import RequestRecord

REGISTRY = CollectorRegistry()
BUCKETS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 10.0)
"""Bounds of what a request takes, in seconds."""

REQUESTS = Counter(
    "session_gateway_requests",
    "Answered requests.",
    ("api", "operation", "protocol", "status"),
    registry=REGISTRY,
)
FAULTS = Counter(
    "session_gateway_faults",
    "Requests that ended in a fault.",
    ("api", "operation", "protocol", "kind"),
    registry=REGISTRY,
)
PLUGIN_ERRORS = Counter(
    "session_gateway_plugin_errors",
    "Errors that a plug-in raised where it may raise faults alone; its caller got an internal fault.",
    ("group", "plugin"),
    registry=REGISTRY,
)
NOTES = Counter("session_gateway_notes", "Oddities that were accepted.", ("api", "note"), registry=REGISTRY)
REPEATED = Counter("session_gateway_repeated", "Writes that had been stored before.", ("api",), registry=REGISTRY)
SECONDS = Histogram(
    "session_gateway_request_seconds",
    "Time from a request's head to its answer.",
    ("api", "operation", "protocol"),
    buckets=BUCKETS,
    registry=REGISTRY,
)
COMMITS = Histogram(
    "session_gateway_commit_seconds",
    "Time of one commit of all writes that waited.",
    buckets=(0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.5, 2.0),
    registry=REGISTRY,
)
BATCHES = Histogram(
    "session_gateway_commit_writes",
    "Writes in one commit.",
    buckets=(1, 2, 4, 8, 16, 32, 64, 128, 256),
    registry=REGISTRY,
)
IN_FLIGHT = Gauge(
    "session_gateway_in_flight", "Requests being answered now.", registry=REGISTRY, multiprocess_mode="livesum"
)


Labels: TypeAlias = tuple[str, str, str, int]
"""API, operation, protocol and status."""


class _Sums:
    """Answered requests of this process that the counters do not show yet.

    A counter that is shared between processes is a write to a file under a lock; so many requests are added at a time.
    """

    def __init__(self) -> None:
        self.lock = threading.Lock()
        self.rows: dict[Labels, list[float]] = {}
        self.held: Callable[[], int] | None = None

    def add(self, labels: Labels, seconds: float) -> None:
        with self.lock:
            row = self.rows.get(labels)
            if row is None:
                # Their seconds, then how many there are for each bound, the last one for what is beyond all.
                row = self.rows[labels] = [0.0] * (len(BUCKETS) + 2)
            row[0] += seconds
            row[1 + bisect_left(BUCKETS, seconds)] += 1


_sums = _Sums()


def count(record: RequestRecord) -> None:
    """Add one answered request; it shows after the next :func:`flush`."""
    _sums.add((record.api, record.operation, record.protocol, record.status), record.seconds)
    if record.fault:
        FAULTS.labels(record.api, record.operation, record.protocol, record.fault).inc()
    if record.repeated:
        REPEATED.labels(record.api).inc()
    for note in record.notes:
        # Without the path behind the colon: that is in the caller's own names.
        NOTES.labels(record.api, note.partition(":")[0]).inc()


def holds(held: Callable[[], int]) -> None:
    """Say who knows how many requests this process is answering."""
    _sums.held = held


def flush() -> None:
    """Let the counters show every request that was counted."""
    with _sums.lock:
        rows, _sums.rows = _sums.rows, {}
    for labels, row in rows.items():
        requests, seconds = _children(*labels)
        requests.inc(sum(row[1:]))
        _observe(seconds, row)
    if _sums.held is not None:
        IN_FLIGHT.set(_sums.held())


def _observe(histogram: Histogram, row: Sequence[float]) -> None:
    """What ``observe`` does for each request, for many at once."""
    histogram._sum.inc(row[0])
    for bucket, number in zip(histogram._buckets, row[1:], strict=True):
        if number:
            bucket.inc(number)


def raised(group: str, plugin: str) -> None:
    """Add one error of a plug-in: ``group`` is ``api`` or ``protocol``."""
    PLUGIN_ERRORS.labels(group, plugin).inc()


@lru_cache(4096)
def _children(api: str, operation: str, protocol: str, status: int) -> tuple[Counter, Histogram]:
    return REQUESTS.labels(api, operation, protocol, str(status)), SECONDS.labels(api, operation, protocol)


def committed(writes: int, seconds: float) -> None:
    """Add one commit."""
    BATCHES.observe(writes)
    COMMITS.observe(seconds)


def exposition() -> tuple[str, bytes]:
    """Media type and text of all metrics, of every worker."""
    flush()
    if os.environ.get("PROMETHEUS_MULTIPROC_DIR"):
        registry = CollectorRegistry()
        MultiProcessCollector(registry)  # type: ignore[no-untyped-call]
        return CONTENT_TYPE_LATEST, generate_latest(registry)
    return CONTENT_TYPE_LATEST, generate_latest(REGISTRY)
