"""Let the n-th write or sync of a store's files fail, for one n after the other, below a whole gateway.

``python -m tests.faults.sweep FOLDER KIND LASTING EVERY`` runs with the shim preloaded. For each n a process of its own
opens a fresh store, sends a write of each API, sends what was refused again once the fault is gone, and closes. A line
of JSON for each n says what was answered, what is stored and what the check of the store found; the last one has an n
that was not reached.
"""

import json
import os
import shutil
import sqlite3
import sys
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from benchmarks import traffic
from gateway import arrival, boot, demo, registry, server
from gateway.credentials import Credential, key_verifier
from gateway.ids import event_id
from gateway.outcome import Fault
from gateway.proxies import ProxyPolicy
from gateway.store import open_store
from gateway.store.check import check
from gateway.wire import WireResponse
from tests.faults.shim import Control

OWN = "a-key-that-only-this-test-knows"
RUN = 1


def _url(database: Path | str) -> str:
    return f"sqlite:///{database}" if isinstance(database, Path) else database


def settings_of(database: Path | str) -> Any:
    """The demo's settings for a database."""
    return boot.load_settings(environment={}, flags={"database": _url(database), "demo": True})


def template(path: Path | str) -> traffic.Keys:
    """Make a store with all credentials; gives the callers' keys."""
    given = settings_of(path)
    token = demo.seed(given)["biot-token"]
    store = open_store(_url(path))
    scopes = ("sessions:read", "sessions:write")
    now = datetime.now(UTC)
    store.add_credential(
        Credential(event_id(), "sessions", "key", key_verifier(OWN), now, tenant="demo", scopes=scopes)
    )
    store.close()
    return traffic.Keys(token, OWN)


def answer(gateway: Any, request: traffic.Request) -> tuple[int, str, dict[str, str]]:
    """What a door would answer: status, body and header fields."""
    length = ("Content-Length", str(len(request.body)))
    policy = ProxyPolicy.of(gateway.settings)
    path, _, query = request.path.partition("?")
    fields = [*request.headers.items(), length]
    wire = arrival.arrive(policy, request.method, path, query, fields, peer="127.0.0.1", scheme="http")
    prepared = gateway.prepare(_with(wire, request.body.encode()))
    if isinstance(prepared, WireResponse):
        return _told(prepared)
    try:
        result = gateway.store.submit(prepared).result(30)
    except Fault as fault:
        result = fault
    return _told(gateway.finish(prepared, result))


def _with(wire: Any, body: bytes) -> Any:
    from dataclasses import replace

    return replace(wire, body=body)


def _told(response: WireResponse) -> tuple[int, str, dict[str, str]]:
    assert isinstance(response.body, bytes)
    return response.status, response.body.decode(), {name.lower(): value for name, value in response.headers}


def send(gateway: Any, keys: traffic.Keys, numbers: list[int], report: Any) -> list[int]:
    """Send the writes of these numbers; gives those that were not accepted."""
    refused = []
    for number in numbers:
        write, mark = traffic.WRITES[number % len(traffic.WRITES)], traffic.mark(RUN, number)
        status, text, fields = answer(gateway, write.ask(mark, keys))
        accepted = write.accepted(status, text)
        kept = traffic.kept_as(write, mark, text)
        report({"name": write.name, "accepted": accepted, "kept": kept, "status": status, "text": text,
                "retry": fields.get("retry-after")})  # fmt: skip
        if not accepted:
            refused.append(number)
    return refused


def child(database: Path, keys: traffic.Keys, numbers: list[int], report: Any, control: Control, fault: Any) -> None:
    """One life of a gateway; it may end at any moment."""
    gateway = boot.assemble(settings_of(database), watch=False)
    if fault is not None:
        kind, at, lasting = fault
        control.arm(kind, at, lasting=lasting)
    refused = send(gateway, keys, numbers, report)
    if fault is not None and fault[2]:
        control.lift()
    if refused:
        report({"ready": gateway.store.ready() is None})
        refused = send(gateway, keys, refused, report)
        report({"refused": refused, "ready": gateway.store.ready() is None})
    gateway.close()
    control.lift()


def lived(*arguments: Any) -> tuple[list[dict[str, Any]], int]:
    """What a child reported, and how it ended."""
    here, there = os.pipe()
    process = os.fork()
    if process == 0:
        os.close(here)
        status = 1
        try:
            child(*arguments[:3], lambda line: os.write(there, json.dumps(line).encode() + b"\n"), *arguments[3:])
            status = 0
        finally:
            os._exit(status)
    os.close(there)
    with open(here, "rb") as stream:
        lines = [json.loads(line) for line in stream.read().splitlines()]
    return lines, os.waitstatus_to_exitcode(os.waitpid(process, 0)[1])


def one(folder: Path, keys: traffic.Keys, control: Control, fault: tuple[str, int, bool]) -> dict[str, Any]:
    """Everything about one n."""
    database = folder / "meant.db"
    for old in folder.glob("meant.db*"):
        old.unlink()
    for file in folder.glob("template.db*"):
        shutil.copy(file, folder / file.name.replace("template", "meant"))
    numbers = list(range(len(traffic.WRITES)))
    first, ended = lived(database, keys, numbers, control, fault)
    calls = control.calls
    control.lift()
    second: list[dict[str, Any]] = []
    if ended:
        accepted = sum(1 for line in first if line.get("accepted"))
        second, _ = lived(database, keys, numbers[accepted:], control, None)
    with closing(sqlite3.connect(database)) as connection:
        found = traffic.stored(connection, RUN)
    problems = check(str(database)).problems
    return {"at": fault[1], "calls": calls, "ended": ended, "first": first, "second": second, "stored": found,
            "problems": problems}  # fmt: skip


def main(folder: str, kind: str, lasting: str, every: str) -> None:
    """Sweep until an n is not reached."""
    place, control = Path(folder), Control(Path(os.environ["FAULTS_CONTROL"]))
    keys = template(place / "template.db")
    at = 1
    while True:
        found = one(place, keys, control, (kind, at, lasting == "lasting"))
        print(json.dumps(found), flush=True)
        if found["calls"] < at:
            return
        at += int(every)


if __name__ == "__main__":
    # Loaded once, before any child is made.
    registry.discover()
    assert server
    main(*sys.argv[1:])
