"""What one request costs outside the store: ``python -m benchmarks.path [SEED...]``.

Each seed goes through the wire door as one that came whole does in a worker (:mod:`gateway.direct`): from its exchange
to the work that the ledger gets, and from the outcome to the answer, the log line and the counters. The ledger itself
is left out: its outcome was made once. ``http`` is the server's part, from the bytes of a request to the bytes of its
answer, with a gateway that has the answer already; it holds ``arrive``. The figures are microseconds of this process's
CPU; no profiler is at work.
"""

import asyncio
import gc
import itertools
import os
import sys
import tempfile
from collections.abc import Awaitable, Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import quantiles
from time import process_time_ns
from typing import Any

import uvloop

from benchmarks import connection
from gateway import asgi, boot, demo, direct, server, telemetry
from gateway.http_exchange import Exchange
from gateway.proxies import ProxyPolicy
from gateway.settings import Settings
from gateway.store.jobs import Job, draft_all
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


def fields(seed: Seed, body: bytes) -> list[tuple[bytes, bytes]]:
    """The header fields of a request of ``seed``, as they come in."""
    return [(b"host", b"127.0.0.1:8080"), *seed.headers, (b"content-length", b"%d" % len(body))]


def exchange(seed: Seed, body: bytes, answered: Callable[[bytes], None], *, hurried: bool = False) -> Exchange:
    """What the protocol class offers the door for a request of ``seed``."""
    return connection.exchange(seed.method, seed.path, fields(seed, body), body, answered, hurried=hurried)


class _Ready:
    """A store that has every outcome already; a write is drafted as for the ledger."""

    def __init__(self, outcome: Any) -> None:
        self.outcome = outcome

    def put(self, prepared: Any, then: Callable[[Any], None]) -> None:
        """The outcome, which is there."""
        draft_all((Job(prepared, None),))
        then(self.outcome)


def steps(gateway: Any, seed: Seed) -> Mapping[str, Callable[[], object]]:
    """Each step by its name; ``prepare`` holds those before it, but for ``arrive``."""
    pipeline, request = gateway.pipeline, request_of(gateway, seed)
    policy, given = ProxyPolicy.of(gateway.settings), exchange(seed, seed.body, _good)
    opened = pipeline.open(request)
    work = gateway.prepare(request)
    assert not isinstance(work, WireResponse), work.body
    outcome = gateway.store.submit(work).result(10)
    response = gateway.finish(work, outcome)
    assert response.status < 300, response.body
    return {
        "arrive": lambda: direct._request(policy, given),
        "open": lambda: pipeline.open(request),
        "decode": lambda: opened.protocol.decode(opened, pipeline.limits),
        "prepare": lambda: gateway.prepare(request),
        "draft": lambda: draft_all((Job(work, None),)),
        "finish": lambda: gateway.finish(work, outcome),
        "record": lambda: gateway.record(request, work, outcome, response, 0.001),
    }


def request_of(gateway: Any, seed: Seed) -> WireRequest:
    """The request of ``seed``, as the door makes it."""
    return direct._request(ProxyPolicy.of(gateway.settings), exchange(seed, seed.body, _good))


def _good(answer: bytes) -> None:
    assert answer.startswith(b"HTTP/1.1 2"), answer


def _door(gateway: Any) -> asgi.WireDoor:
    door = asgi.create_app(gateway.settings, lambda settings: gateway)
    door._gateway = gateway
    return door


def through(gateway: Any, seed: Seed) -> Callable[[], None]:
    """One request through the whole door, but for the ledger; for a running loop."""
    work = gateway.prepare(request_of(gateway, seed))
    door = _door(_Front(gateway, _Ready(gateway.store.submit(work).result(10))))
    answers: list[bytes] = []

    def request() -> None:
        answers.clear()
        assert door.direct(exchange(seed, seed.body, answers.append, hurried=True))
        _good(answers[0])

    return request


def http(gateway: Any, seed: Seed) -> Callable[[], None]:
    """One request through the protocol class and a door whose gateway has the answer; for a running loop."""
    work = gateway.prepare(request_of(gateway, seed))
    response = gateway.finish(work, gateway.store.submit(work).result(10))
    line = connection.Connection(_door(_Answered(gateway.settings, response)))
    data = connection.raw(seed.method, seed.path, fields(seed, seed.body), seed.body)
    return lambda: _good(line.ask(data))


def whole(gateway: Any, seed: Seed, together: int = 1) -> Callable[[], Awaitable[None]]:
    """So many requests at once through the whole door, ledger included; a workstation's end has a fresh Index each.

    No other number of them uses the same: the same end again would be a repeat, and cost something else.

    For a running loop, to which the gateway's store is attached as in a worker.
    """
    # A secret that was not seen before is checked elsewhere.
    gateway.prepare(request_of(gateway, seed))
    door, numbers = _door(gateway), itertools.count()

    async def request() -> None:
        done = asyncio.get_running_loop().create_future()
        answers: list[bytes] = []

        def answered(answer: bytes) -> None:
            answers.append(answer)
            if len(answers) == together:
                done.set_result(None)

        for _ in range(together):
            body = seed.body.replace(b"<Index>283<", b"<Index>%d-%d<" % (together, next(numbers)))
            assert door.direct(exchange(seed, body, answered))
        await done
        for answer in answers:
            _good(answer)

    return request


class _Answered:
    """A gateway of nothing: it has one answer, and keeps no record."""

    def __init__(self, settings: Settings, response: WireResponse) -> None:
        self.settings = settings
        self._response = response

    def prepare_all(self, requests: Sequence[WireRequest]) -> list[WireResponse]:
        """The answer."""
        return [self._response for _ in requests]

    def record(self, *told: Any) -> None:
        """Nothing."""


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


async def measured(gateway: Any, seed: Seed) -> Mapping[str, float]:
    """Every step, ``all`` of the door, ``rest``, which no step names, and ``http`` before and behind it."""
    figures = {name: microseconds(step) for name, step in steps(gateway, seed).items()}
    every = microseconds(through(gateway, seed))
    known = ("arrive", "prepare", "draft", "finish", "record")
    rest = every - sum(figures[name] for name in known)
    return {**figures, "rest": rest, "all": every, "http": microseconds(http(gateway, seed))}


def _opened(folder: str) -> tuple[Any, str]:
    settings: Settings = boot.load_settings(
        environment={}, flags={"database": f"sqlite:///{folder}/path.db", "demo": "true"}
    )
    telemetry.configure("info")
    for handler in telemetry.logging.getLogger().handlers:
        handler.setStream(open(os.devnull, "w"))  # type: ignore[attr-defined] # noqa: SIM115
    token = demo.seed(settings)["biot-token"]
    gateway = boot.assemble(settings)
    # As a worker does, or the collector is what is measured.
    sys.setswitchinterval(server.SWITCH_SECONDS)
    gc.set_threshold(*server.GARBAGE)
    gc.collect()
    gc.freeze()
    return gateway, token


def report(names: list[str]) -> None:
    """Print a table: a row for each seed, a column for each step. Ends the program when there is no such seed."""
    with tempfile.TemporaryDirectory() as folder:
        os.environ["PROMETHEUS_MULTIPROC_DIR"] = folder
        gateway, token = _opened(folder)
        every = {seed.name: seed for seed in seeds(token)}
        if unknown := sorted({*names} - {*every}):
            gateway.close()
            sys.exit(f"no seed {', '.join(unknown)}; there are {', '.join(every)}")
        chosen = [seed for name, seed in every.items() if not names or name in names]
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
