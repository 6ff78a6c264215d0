"""What one request costs outside the store: ``python -m benchmarks.path [SEED...]``.

Each seed goes through the wire door as it does in a worker: from an ASGI scope to the work that the ledger gets, and
from the outcome to the answer, the log line and the counters. The ledger itself is left out: its outcome was made once.
The figures are microseconds of this process's CPU; no profiler is at work.
"""

import itertools
import os
import sys
import tempfile
from collections.abc import Awaitable, Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from statistics import quantiles
from time import process_time_ns
from typing import Any

import uvloop

from gateway import asgi, boot, demo, telemetry
from gateway.handler import draft
from gateway.settings import Settings
from gateway.wire import WireRequest, WireResponse

REQUESTS = Path(__file__).parent.parent / "tests" / "data" / "requests"
RUNS, CALLS = 400, 8
"""A figure is the tenth percentile of so many runs of so many calls each: the median tells of the neighbours, too."""

_XML, _JSON = (b"content-type", b"application/xml"), (b"content-type", b"application/json")
_ONTIME = b"""<UserSession xmlns:i="http://www.w3.org/2001/XMLSchema-instance">\
<LogInTime>2019-10-01T08:00:00</LogInTime><LogInType>Driver</LogInType><StartMileage>1200</StartMileage>\
<UserID>7a1c1c0e-3c0f-4d5e-9a52-2f5b2d3c4e5f</UserID><company-id>acme</company-id></UserSession>"""


@dataclass(frozen=True)
class Seed:
    """One kind of request."""

    name: str
    method: str
    path: str
    body: bytes
    headers: tuple[tuple[bytes, bytes], ...]


def seeds(token: str) -> list[Seed]:
    """The published requests, and two of them over another protocol."""
    bearer = (b"authorization", b"Bearer " + token.encode())
    key = (b"authorization", demo.ONTIME_KEY.encode())
    session = f"/device/v1/devices/device-01/usage-sessions/{demo.BIOT_SESSION}"
    return [
        Seed(
            "workstation-xml", "POST", "/api/v1/workstation/session/end", _file("workstation-session-end.xml"), (_XML,)
        ),
        Seed("workstation-reply", "POST", "/xml/reply/SessionEnd", _file("workstation-session-end.xml"), (_XML,)),
        Seed("biot-json", "PATCH", session, _file("biot-usage-session.json"), (_JSON, bearer)),
        Seed(
            "ontime-json", "POST", "/sites/acme/api/userSession/post", _file("ontime-user-session.json"), (_JSON, key)
        ),
        Seed("ontime-xml", "POST", "/xml/reply/UserSessionPost?company-id=acme", _ONTIME, (_XML, key)),
        Seed("partstream-soap", "POST", "/3dpartstream/xml", _file("partstream-logout.xml"), ((_XML[0], b"text/xml"),)),
        Seed(
            "mobileconnect",
            "POST",
            "/xml/reply/UserClientSessionLogRequest",
            _file("mobileconnect-session-log.xml"),
            (_XML,),
        ),
    ]


def _file(name: str) -> bytes:
    return (REQUESTS / name).read_bytes()


def scope(seed: Seed) -> dict[str, Any]:
    """What uvicorn hands over for a request of ``seed``."""
    path, _, query = seed.path.partition("?")
    length = (b"content-length", str(len(seed.body)).encode())
    return {
        "type": "http",
        "method": seed.method,
        "path": path,
        "raw_path": path.encode(),
        "query_string": query.encode(),
        "headers": [(b"host", b"127.0.0.1:8080"), *seed.headers, length],
        "client": ("127.0.0.1", 40000),
        "server": ("127.0.0.1", 8080),
        "scheme": "http",
        "extensions": {"gateway.reason": {"reason": None, "names": {}}},
    }


class _Ready:
    """A store that has every outcome already; a write is drafted as for the ledger."""

    def __init__(self, outcome: Any) -> None:
        self.outcome = outcome

    async def perform(self, prepared: Any) -> Any:
        draft(prepared)
        return self.outcome


def steps(gateway: Any, seed: Seed) -> Mapping[str, Callable[[], object]]:
    """Each step by its name; ``prepare`` holds those before it, but for ``arrive``."""
    pipeline, given = gateway.pipeline, scope(seed)
    request = request_of(gateway, seed)
    exchange = pipeline.open(request)
    work = gateway.prepare(request)
    assert not isinstance(work, WireResponse), work.body
    outcome = gateway.store.submit(work).result(10)
    response = gateway.finish(work, outcome)
    assert response.status < 300, response.body
    policy = asgi.ProxyPolicy.of(gateway.settings)
    return {
        "arrive": lambda: asgi._request(policy, given, seed.body, request.received_at),
        "open": lambda: pipeline.open(request),
        "decode": lambda: exchange.protocol.decode(exchange, pipeline.limits),
        "prepare": lambda: gateway.prepare(request),
        "draft": lambda: draft(work),
        "finish": lambda: gateway.finish(work, outcome),
        "record": lambda: gateway.record(request, work, outcome, response, 0.001),
    }


def request_of(gateway: Any, seed: Seed) -> WireRequest:
    """The request of ``seed``, as the door makes it."""
    return asgi._request(asgi.ProxyPolicy.of(gateway.settings), scope(seed), seed.body, datetime.now(UTC))


def through(gateway: Any, seed: Seed) -> Callable[[], Awaitable[None]]:
    """One request through the whole door, but for the ledger."""
    work = gateway.prepare(request_of(gateway, seed))
    outcome = gateway.store.submit(work).result(10)
    door = asgi.create_app(gateway.settings, lambda settings: gateway)
    door._gateway = _Front(gateway, _Ready(outcome))  # type: ignore[assignment]
    messages: list[Any] = []

    async def receive() -> dict[str, Any]:
        return {"type": "http.request", "body": seed.body, "more_body": False}

    async def send(message: Any) -> None:
        messages.append(message)

    async def request() -> None:
        messages.clear()
        await door(scope(seed), receive, send)
        assert messages[0]["status"] < 300, messages

    return request


def whole(gateway: Any, seed: Seed) -> Callable[[], Awaitable[None]]:
    """One request through the whole door, ledger included; a workstation's end has a fresh Index each time."""
    door = asgi.create_app(gateway.settings, lambda settings: gateway)
    door._gateway = gateway
    messages: list[Any] = []
    numbers = itertools.count()

    async def request() -> None:
        messages.clear()
        body = seed.body.replace(b"<Index>283<", b"<Index>n%d<" % next(numbers))

        async def receive() -> dict[str, Any]:
            return {"type": "http.request", "body": body, "more_body": False}

        async def send(message: Any) -> None:
            messages.append(message)

        given = scope(seed)
        given["headers"] = [(name, value) for name, value in given["headers"] if name != b"content-length"]
        given["headers"].append((b"content-length", str(len(body)).encode()))
        await door(given, receive, send)
        assert messages[0]["status"] < 300, messages

    return request


class _Front:
    """A gateway with another store."""

    def __init__(self, gateway: Any, store: Any) -> None:
        self._gateway = gateway
        self.store = store

    def __getattr__(self, name: str) -> Any:
        return getattr(self._gateway, name)


def microseconds(step: Callable[[], object]) -> float:
    """The CPU time of one call."""
    return _figure([_run(step) for _ in range(RUNS)])


def _figure(runs: list[int]) -> float:
    return quantiles(runs, n=10)[0] / CALLS / 1000


def _run(step: Callable[[], object]) -> int:
    started = process_time_ns()
    for _ in range(CALLS):
        step()
    return process_time_ns() - started


async def _waited(request: Callable[[], Awaitable[None]]) -> float:
    figures = []
    for _ in range(RUNS):
        started = process_time_ns()
        for _ in range(CALLS):
            await request()
        figures.append(process_time_ns() - started)
    return _figure(figures)


async def measured(gateway: Any, seed: Seed) -> Mapping[str, float]:
    """Every step, ``all`` of the door, and ``rest``, which no step names."""
    figures = {name: microseconds(step) for name, step in steps(gateway, seed).items()}
    whole = await _waited(through(gateway, seed))
    known = ("arrive", "prepare", "draft", "finish", "record")
    return {**figures, "rest": whole - sum(figures[name] for name in known), "all": whole}


def _opened(folder: str) -> tuple[Any, str]:
    settings: Settings = boot.load_settings(
        environment={}, flags={"database": f"sqlite:///{folder}/path.db", "demo": "true"}
    )
    telemetry.configure("info")
    for handler in telemetry.logging.getLogger().handlers:
        handler.setStream(open(os.devnull, "w"))  # type: ignore[attr-defined] # noqa: SIM115
    token = demo.seed(settings)["biot-token"]
    return boot.assemble(settings), token


def report(names: list[str]) -> None:
    """Print a table: a row for each seed, a column for each step."""
    with tempfile.TemporaryDirectory() as folder:
        os.environ["PROMETHEUS_MULTIPROC_DIR"] = folder
        gateway, token = _opened(folder)
        chosen = [seed for seed in seeds(token) if not names or seed.name in names]
        for line in _table({seed.name: uvloop.run(measured(gateway, seed)) for seed in chosen}):
            print(line)
        gateway.close()


def _table(rows: Mapping[str, Mapping[str, float]]) -> Iterator[str]:
    columns = list(next(iter(rows.values())))
    yield f"{'microseconds of CPU':20}" + "".join(f"{name:>9}" for name in columns)
    for name, figures in rows.items():
        yield f"{name:20}" + "".join(f"{figures[column]:9.1f}" for column in columns)


if __name__ == "__main__":
    report(sys.argv[1:])
