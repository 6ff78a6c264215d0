"""Counters for Prometheus. Import it late: whether it counts across processes is decided at its import.

With ``PROMETHEUS_MULTIPROC_DIR`` set, each worker writes files there and any worker answers for all of them. Labels
come from closed sets (names of APIs, operations, protocols, fault kinds and notes), never from what a caller sent.
"""

import os
from functools import lru_cache

from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, Counter, Gauge, Histogram, generate_latest
from prometheus_client.multiprocess import MultiProcessCollector

from gateway.telemetry import RequestRecord

REGISTRY = CollectorRegistry()

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
    buckets=(0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 10.0),
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


def count(record: RequestRecord) -> None:
    """Add one answered request."""
    requests, seconds = _children(record.api, record.operation, record.protocol, record.status)
    requests.inc()
    seconds.observe(record.seconds)
    if record.fault:
        FAULTS.labels(record.api, record.operation, record.protocol, record.fault).inc()
    if record.repeated:
        REPEATED.labels(record.api).inc()
    for note in record.notes:
        # Without the path behind the colon: that is in the caller's own names.
        NOTES.labels(record.api, note.partition(":")[0]).inc()


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
    if os.environ.get("PROMETHEUS_MULTIPROC_DIR"):
        registry = CollectorRegistry()
        MultiProcessCollector(registry)  # type: ignore[no-untyped-call]
        return CONTENT_TYPE_LATEST, generate_latest(registry)
    return CONTENT_TYPE_LATEST, generate_latest(REGISTRY)
