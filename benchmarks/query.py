"""``make bench-query``: pages of the MobileConnect log over a million sessions, asked through the real pipeline.

The sessions are written by bulk SQL into a temporary file; every answer's page and TotalPageCount are compared with
what a plain Python list of the same sessions says.
"""

import argparse
import json
import os
import platform
import statistics
import sys
import tempfile
import time
import uuid
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import apsw

from gateway import boot, demo
from gateway.boot import Gateway
from gateway.model import Device, Key, Session, State, Subject, subject_uid
from gateway.store.columns import client_term, subject_term, user_term
from gateway.store.dialect import Connection
from gateway.store.sqlite import DIALECT as SQLITE
from gateway.store.tallies import count_anew
from gateway.store.values import micros, session_text
from gateway.wire import Headers, WireRequest, WireResponse

PAGE = 20
BEGIN = datetime(2023, 1, 1, tzinfo=UTC)
TARGET_MS = 50.0
USERS, CLIENTS = 997, 499


@dataclass(frozen=True, slots=True)
class Facts:
    """What the log tells of session ``number``: one in ten is of one user, one in ten on one device, one in a hundred
    is open, and the start of one in fifty is not known."""

    number: int
    at: datetime
    user: int
    client: int
    open: bool
    started: bool

    @property
    def uid(self) -> uuid.UUID:
        """The public uid."""
        return uuid.UUID(int=self.number + 1)


def facts(count: int) -> list[Facts]:
    """All sessions, the oldest first; two years hold them, a few share an instant."""
    step = timedelta(days=730) / count
    return [
        Facts(
            number=number,
            at=BEGIN + step * (number - number % 3),
            user=0 if number % 10 == 0 else 1 + number % USERS,
            client=0 if number % 10 == 5 else 1 + number % CLIENTS,
            open=number % 100 == 0,
            started=number % 50 != 7,
        )
        for number in range(count)
    ]


def email(user: int) -> str:
    """A user's e-mail address."""
    return f"user{user}@example.org"


def serial(client: int) -> str:
    """A device's serial number."""
    return f"device-{client}"


def person(user: int) -> uuid.UUID:
    """A user's uid, as the gateway makes it."""
    return subject_uid(demo.TENANT, email(user))


def _session(fact: Facts) -> Session:
    return Session(
        uid=fact.uid,
        tenant=demo.TENANT,
        key=Key("workstation", "", str(fact.number)),
        state=State.OPEN if fact.open else State.CLOSED,
        recorded_at=fact.at,
        updated_at=fact.at,
        opened_by=fact.uid,
        last_event=fact.uid,
        subject=Subject(uid=person(fact.user), email=email(fact.user)),
        device=Device(serial=serial(fact.client)),
        started_at=fact.at if fact.started else None,
    )


def _rows(every: list[Facts]) -> Iterator[tuple[Any, ...]]:
    tenant = demo.TENANT
    for fact in every:
        at, ordinal = micros(fact.at), fact.number + 1
        place = (ordinal, fact.uid.bytes, tenant, fact.number.to_bytes(16, "big"), int(fact.open), at)
        state = State.OPEN if fact.open else State.CLOSED
        text = session_text(_session(fact))
        yield (*place, at if fact.started else None, state.value, "workstation", ordinal, 0, text)


def _terms(every: list[Facts]) -> Iterator[tuple[Any, ...]]:
    """In the order of their index, so that they are written one after the other."""
    named: dict[bytes, list[Facts]] = {}
    users = {user: (subject_term(person(user)), user_term(email(user))) for user in {fact.user for fact in every}}
    clients = {client: client_term(serial(client)) for client in {fact.client for fact in every}}
    for fact in every:
        for term in (*users[fact.user], clients[fact.client]):
            named.setdefault(term, []).append(fact)
    for term in sorted(named):
        for fact in named[term]:
            yield demo.TENANT, term, micros(fact.at), fact.number + 1, int(fact.started)


def fill(database: Path, every: list[Facts]) -> None:
    """Put the sessions, and no others, into a store that is there."""
    # Two SQLites in one process would see none of each other's locks.
    connection = apsw.Connection(str(database))
    connection.execute("PRAGMA cache_size = -400000")
    with connection:
        for table in ("sessions", "terms", "tokens"):
            connection.execute(f"DELETE FROM {table}")
        connection.executemany(f"INSERT INTO sessions VALUES ({', '.join('?' * 12)})", _rows(every))
        connection.executemany("INSERT INTO terms VALUES (?, ?, ?, ?, ?)", _terms(every))
    connection.close()
    counting = Connection(SQLITE, str(database), 10.0)
    counting.begin()
    count_anew(counting)
    counting.commit()
    counting.close()


@dataclass(frozen=True, slots=True)
class Question:
    """A filter in the log's own members, and which sessions it means."""

    name: str
    members: Mapping[str, Any]
    wanted: Callable[[Facts], bool]


def questions() -> tuple[Question, ...]:
    """Every filter that the log has, alone and together."""
    after, before = BEGIN + timedelta(days=40, hours=5), BEGIN + timedelta(days=700, seconds=77)
    late, early = {"StartedAfter": _text(after)}, {"StartedBefore": _text(before)}
    busy, other = {"UserReferUid": person(0).hex}, {"UserReferUid": person(5).hex}
    device = {"ClientReferUid": serial(0)}
    return (
        Question("all", {}, lambda fact: True),
        Question("open only", {"OpenSessionsOnly": True}, lambda fact: fact.open),
        Question("started after", late, lambda fact: fact.started and fact.at >= after),
        Question("started before", early, lambda fact: fact.started and fact.at <= before),
        Question("between", {**late, **early}, lambda fact: fact.started and after <= fact.at <= before),
        Question("user", other, lambda fact: fact.user == 5),
        Question("busy user", busy, lambda fact: fact.user == 0),
        Question("client", device, lambda fact: fact.client == 0),
        Question("user, client", {**other, "ClientReferUid": serial(3)}, lambda f: (f.user, f.client) == (5, 3)),
        Question(
            "busy user, after", {**busy, **late}, lambda fact: fact.user == 0 and fact.started and fact.at >= after
        ),
        Question(
            "open, between",
            {"OpenSessionsOnly": True, **late, **early},
            lambda fact: fact.open and fact.started and after <= fact.at <= before,
        ),
    )


def _text(instant: datetime) -> str:
    return instant.isoformat().replace("+00:00", "Z")


def opened(database: Path) -> Gateway:
    """A gateway of the demonstration over this file."""
    settings = boot.load_settings(environment={}, flags={"database": f"sqlite:///{database}", "demo": True})
    demo.seed(settings)
    return boot.assemble(settings, watch=False)


def ask(gateway: Gateway, members: Mapping[str, Any], index: int) -> dict[str, Any]:
    """One page of the log, as JSON, through the whole pipeline."""
    body = json.dumps({"PageRequestIndex": index, "RecordsPerPage": PAGE, **members}).encode()
    headers = Headers((("Content-Type", "application/json"), ("Accept", "application/json")))
    path = "/json/reply/UserClientSessionLogRequest"
    request = WireRequest("POST", path, "", headers, body, received_at=datetime.now(UTC), raw_path=path)
    prepared = gateway.prepare(request)
    assert not isinstance(prepared, WireResponse), prepared
    response = gateway.finish(prepared, gateway.store.submit(prepared).result())
    assert response.status == 200, response
    assert isinstance(response.body, bytes), response
    answer: dict[str, Any] = json.loads(response.body)
    return answer


def compare(answer: Mapping[str, Any], expected: list[Facts], index: int) -> None:
    """Raise AssertionError unless a page and the count of pages are those of the expected list, newest first."""
    page = expected[::-1][index * PAGE : (index + 1) * PAGE]
    assert [uuid.UUID(entry["ReferUid"]) for entry in answer["LogEntries"]] == [fact.uid for fact in page]
    assert answer["TotalPageCount"] == -(-len(expected) // PAGE), (answer["TotalPageCount"], len(expected))


def measure(gateway: Gateway, every: list[Facts], rounds: int) -> Iterator[tuple[str, int, dict[str, float]]]:
    """Of each question: its name, its matches, and the median milliseconds of its first, middle and last page."""
    for question in questions():
        expected = [fact for fact in every if question.wanted(fact)]
        last = max(0, -(-len(expected) // PAGE) - 1)
        medians = {}
        for name, index in (("first", 0), ("middle", last // 2), ("last", last)):
            compare(ask(gateway, question.members, index), expected, index)
            medians[name] = statistics.median(_milliseconds(gateway, question, index) for _ in range(rounds))
        yield question.name, len(expected), medians


def _milliseconds(gateway: Gateway, question: Question, index: int) -> float:
    began = time.perf_counter()
    ask(gateway, question.members, index)
    return (time.perf_counter() - began) * 1000


def main() -> int:
    """Print a table; exit status 1 when a median is above the target."""
    parser = argparse.ArgumentParser(prog="make bench-query BENCH=…", description=__doc__)
    parser.add_argument("--sessions", type=int, default=1_000_000)
    parser.add_argument("--rounds", type=int, default=9)
    options = parser.parse_args()
    print(f"{platform.platform()}, {os.cpu_count()} processors, Python {platform.python_version()}")
    with tempfile.TemporaryDirectory() as folder:
        gateway = opened(Path(folder) / "log.db")
        every = facts(options.sessions)
        began = time.perf_counter()
        fill(Path(folder) / "log.db", every)
        print(
            f"{options.sessions} sessions written in {time.perf_counter() - began:.0f} s; medians of {options.rounds}"
        )
        rows = list(measure(gateway, every, options.rounds))
        gateway.close()
    for name, matches, medians in rows:
        times = "  ".join(f"{page} {value:6.1f} ms" for page, value in medians.items())
        print(f"{name:18} {matches:9} sessions  {times}")
    slow = [name for name, _, medians in rows if max(medians.values()) > TARGET_MS]
    for name in slow:
        print(f"SLOW {name}: above {TARGET_MS:.0f} ms")
    return 1 if slow else 0


if __name__ == "__main__":
    sys.exit(main())
