"""Following events: nothing is lost, nothing is shown twice or to the wrong one, and every stream ends."""

import itertools
import threading
import time
import uuid
from dataclasses import replace
from datetime import UTC, datetime

import pytest

from gateway import following
from gateway.commands import ListEvents
from gateway.following import Following, Tail, Wanted
from gateway.model import EventKind, SessionEvent
from gateway.outcome import Fault, FaultKind, Outcome

NOW = datetime(2026, 1, 2, tzinfo=UTC)
ONE = uuid.UUID(int=1)
EVENT = SessionEvent(uuid.UUID(int=0), "demo", EventKind.RECORDED, NOW, NOW, "sessions", "AppendEvent", "rest", "key:a")


class Log:
    """A store of events, read as the real one is; it counts what it is asked."""

    def __init__(self) -> None:
        self.events: list[SessionEvent] = []
        self.asked = 0

    def write(self, tenant: str = "demo", session: uuid.UUID | None = None) -> None:
        event = replace(EVENT, tenant=tenant, session_uid=session, position=len(self.events) + 1)
        self.events.append(event)

    def last(self) -> int:
        return len(self.events)

    def read(self, tenant: str | None, command: ListEvents) -> Outcome:
        self.asked += 1
        found = [
            event
            for event in list(self.events)
            if event.position > command.after
            and tenant in (None, event.tenant)
            and command.session_uid in (None, event.session_uid)
        ]
        more = len(found) > command.limit
        page = tuple(found[: command.limit])
        return Outcome(events=page, next=str(page[-1].position) if more else None)


@pytest.fixture
def log() -> Log:
    return Log()


@pytest.fixture
def tail(log, monkeypatch):
    monkeypatch.setattr(following, "POLL", 0.01)
    monkeypatch.setattr(following, "WAIT", 0.05)
    made = Tail(log.read, log.last)
    yield made
    made.close()


def render(outcome: Outcome) -> bytes:
    return b"".join(b"%d " % event.position for event in outcome.events)


def follow(tail, position=0, tenant="demo", session=None, allowed=lambda: None) -> Following:
    return Following(tail, Wanted(tenant, session, position), b"", render, allowed)


def take(pieces, wanted: int, seconds: float = 10.0) -> list[int]:
    """The positions that a follower is sent, until it has so many."""
    found: list[int] = []
    end = time.monotonic() + seconds
    while len(found) < wanted:
        assert time.monotonic() < end, f"only {found}"
        piece = next(pieces)
        if not piece.startswith((b"retry", b":")):
            found += [int(number) for number in piece.split()]
    return found


def test_what_was_missed_comes_first_and_then_what_is_new(log, tail):
    for _ in range(3):
        log.write()
    pieces = iter(follow(tail, position=1))
    assert next(pieces) == b"retry: 1000\n\n"
    assert take(pieces, 2) == [2, 3]
    log.write()
    assert take(pieces, 1) == [4]


def test_nothing_is_lost_or_repeated_while_others_write_faster_than_is_kept(log, tail, monkeypatch):
    monkeypatch.setattr(following, "PAGE", 7)
    monkeypatch.setattr(following, "KEPT", 5)
    writer = threading.Thread(target=lambda: [(log.write(), time.sleep(0.0005)) for _ in range(600)])
    slow, fast = iter(follow(tail)), iter(follow(tail))
    writer.start()
    found: list[int] = []
    while len(found) < 600:
        found += take(slow, 1)
        if len(found) < 100:
            time.sleep(0.005)
    writer.join()
    assert found == list(range(1, 601))
    assert take(fast, 600) == list(range(1, 601))


def test_a_follower_of_the_far_future_hides_nothing_from_others(log, tail):
    future = iter(follow(tail, position=5))
    next(future), next(future)
    others = [iter(follow(tail)) for _ in range(2)]
    for pieces in others:
        next(pieces), next(pieces)
    for _ in range(7):
        log.write()
    assert [take(pieces, 7) for pieces in others] == [list(range(1, 8))] * 2
    assert take(future, 2) == [6, 7]


def test_a_tenant_sees_its_own_events_and_the_operator_all(log, tail):
    mine, all_of_them = iter(follow(tail)), iter(follow(tail, tenant=None))
    next(mine), next(mine), next(all_of_them), next(all_of_them)
    for tenant in ("demo", "other", "demo"):
        log.write(tenant)
    assert take(mine, 2) == [1, 3]
    assert take(all_of_them, 3) == [1, 2, 3]


def test_a_follower_of_one_session_sees_no_other(log, tail):
    pieces = iter(follow(tail, session=ONE))
    next(pieces), next(pieces)
    for session in (None, ONE, uuid.UUID(int=2), ONE):
        log.write(session=session)
    assert take(pieces, 2) == [2, 4]


def test_a_follower_without_news_says_so_at_least_once_a_second(tail):
    pieces = iter(follow(tail))
    next(pieces)
    for _ in range(3):
        began = time.monotonic()
        assert next(pieces) == b""
        assert time.monotonic() - began < 1


def test_a_comment_keeps_the_connection_alive(tail, monkeypatch):
    monkeypatch.setattr(following, "HEARTBEAT", 0.01)
    pieces = itertools.islice(follow(tail), 5)
    assert any(piece.startswith(b":") for piece in pieces)


def test_a_follower_whose_key_was_revoked_is_sent_away(log, tail):
    keys = {"valid": True}

    def allowed() -> None:
        if not keys["valid"]:
            raise Fault(FaultKind.UNAUTHENTICATED)

    pieces = iter(follow(tail, allowed=allowed))
    next(pieces), next(pieces)
    keys["valid"] = False
    log.write()
    assert b"".join(pieces) == b"retry: 1000\n\n"


def test_a_store_that_cannot_be_read_ends_the_stream_so_that_the_reader_comes_back():
    def broken(tenant, command):
        raise Fault(FaultKind.STORE_UNAVAILABLE)

    tail = Tail(broken, lambda: 0)
    assert b"".join(follow(tail)) == b"retry: 1000\n\n" * 2
    tail.close()


def test_a_look_that_fails_is_not_the_last_one(log, tail, monkeypatch):
    pieces = iter(follow(tail))
    next(pieces), next(pieces)
    read, failures = log.read, iter([Fault(FaultKind.STORE_UNAVAILABLE), RuntimeError("a bug")])

    def failing(tenant, command):
        for failure in failures:
            raise failure
        return read(tenant, command)

    monkeypatch.setattr(tail, "source", failing)
    log.write()
    assert take(pieces, 1) == [1]
    assert next(failures, None) is None


def test_every_stream_ends_with_a_retry_line_when_the_server_stops(tail):
    pieces = iter(follow(tail))
    next(pieces), next(pieces)
    tail.close()
    assert list(pieces)[-1] == b"retry: 1000\n\n"


def test_one_reader_asks_for_all_and_nobody_asks_when_nobody_follows(log, tail):
    followers = [follow(tail) for _ in range(20)]
    streams = [iter(follower) for follower in followers]
    for pieces in streams:
        next(pieces), next(pieces)
    assert [thread.name for thread in threading.enumerate()].count("following") == 1
    asked, began = log.asked, time.monotonic()
    time.sleep(0.3)
    looks = (time.monotonic() - began) / following.POLL
    assert log.asked - asked <= looks + 2, "one look each POLL seconds, not one for each follower"
    for follower in followers:
        follower.close()
        follower.close()
    time.sleep(0.1)
    asked = log.asked
    time.sleep(0.1)
    assert log.asked == asked
