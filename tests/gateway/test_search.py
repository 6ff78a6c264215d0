"""Searches that look at every session: what is kept, in which order, and how far they reach."""

import uuid
from dataclasses import dataclass, replace
from datetime import UTC, datetime

import pytest

from gateway.commands import SearchSessions, SessionFilter
from gateway.model import Key, Session, State
from gateway.outcome import Fault, FaultKind, Outcome
from gateway.search import CHUNK, search

NOON = datetime(2026, 1, 2, 12, tzinfo=UTC)


@dataclass(frozen=True)
class ByName:
    """Wants sessions that have a name, by name; groups are first letters."""

    grouped: bool = False

    def rank(self, session):
        return (session.name,) if session.name else None

    def group(self, session):
        return session.name[0] if self.grouped else None


class Stored:
    """Sessions as a store lists them, and how many of them a search had at once."""

    def __init__(self, *names):
        made = [Session(uuid.uuid4(), "demo", Key("a", "", "1"), State.OPEN, NOON, NOON, name=name) for name in names]
        self.sessions, self.pages, self.wheres = made, [], set()

    def listing(self, command):
        start = int(command.cursor or 0)
        page = self.sessions[start : start + command.limit]
        self.pages.append(len(page))
        self.wheres.add(command.where)
        end = start + len(page)
        return Outcome(sessions=tuple(page), next=str(end) if end < len(self.sessions) else None)

    def by_uid(self, uid):
        return next(session for session in self.sessions if session.uid == uid)

    def search(self, **options):
        command = SearchSessions(**{"pick": ByName(), **options})
        outcome = search(command, self.listing, self.by_uid)
        return [session.name for session in outcome.sessions], outcome.total


def test_only_what_is_wanted_in_the_order_that_is_wanted():
    assert Stored("c", "", "a", "b").search() == (["a", "b", "c"], 3)


def test_a_page_is_cut_from_all_that_is_wanted():
    assert Stored("e", "d", "c", "b", "a").search(limit=2, offset=2) == (["c", "d"], 5)
    assert Stored("b", "a").search(offset=5) == ([], 2)


def test_a_page_of_groups_holds_all_sessions_of_its_groups():
    stored = Stored("b2", "a2", "c1", "b1", "a1")
    assert stored.search(pick=ByName(grouped=True), limit=2) == (["a1", "a2", "b1", "b2"], 3)
    assert stored.search(pick=ByName(grouped=True), limit=2, offset=2) == (["c1"], 3)


def test_a_page_of_groups_that_holds_too_many_sessions_is_refused():
    stored = Stored("b2", "a2", "c1", "b1", "a1")
    assert stored.search(pick=ByName(grouped=True), limit=1, most=2) == (["a1", "a2"], 3)
    with pytest.raises(Fault) as caught:
        stored.search(pick=ByName(grouped=True), limit=2, most=2)
    assert caught.value.kind is FaultKind.UNSUPPORTED


def test_the_store_is_read_in_chunks_and_narrowed():
    stored = Stored(*(f"{number:05d}" for number in range(CHUNK + 7)))
    names, total = stored.search(where=SessionFilter(api="a"), limit=3)
    assert (names, total) == (["00000", "00001", "00002"], CHUNK + 7)
    assert stored.pages == [CHUNK, 7]
    assert stored.wheres == {SessionFilter(api="a")}


@pytest.mark.parametrize("reach", [1, 3, CHUNK + 1])
def test_a_search_that_reaches_its_bound_exactly_is_answered_and_one_beyond_is_refused(reach):
    assert Stored(*["x"] * reach).search(reach=reach, limit=1) == (["x"], reach)
    with pytest.raises(Fault) as caught:
        Stored(*["x"] * (reach + 1)).search(reach=reach)
    assert caught.value.kind is FaultKind.UNSUPPORTED
    assert str(reach) in caught.value.message


def test_equal_ranks_keep_the_order_of_the_store():
    stored = Stored("x", "x", "x")
    stored.sessions = [replace(one, index=str(number)) for number, one in enumerate(stored.sessions)]
    outcome = search(SearchSessions(ByName()), stored.listing, stored.by_uid)
    assert [session.index for session in outcome.sessions] == ["0", "1", "2"]
