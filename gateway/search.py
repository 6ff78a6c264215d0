"""Searches in what no index tells apart: every session that the store leaves is looked at, a chunk at a time."""

import uuid
from collections.abc import Callable, Iterator
from typing import Any, NamedTuple, TypeAlias

from gateway.commands import ListSessions, SearchSessions
from gateway.model import Session
from gateway.outcome import Fault, FaultKind, Outcome

CHUNK = 500
"""So many sessions are in memory at once while a search looks at them."""

Listing: TypeAlias = Callable[[ListSessions], Outcome]
"""A page of sessions, as :meth:`gateway.handler.View.list_sessions` gives it for the caller's tenant."""


class _Match(NamedTuple):
    """All that is kept of a session that is wanted, until the page is known."""

    rank: tuple[Any, ...]
    uid: uuid.UUID
    group: str | None


def search(command: SearchSessions, listing: Listing, by_uid: Callable[[uuid.UUID], Session | None]) -> Outcome:
    """The page that ``command`` asks for. Raises a Fault of kind ``unsupported`` when the search reaches too far, or a
    page of groups is too large.

    Sessions of equal rank stand in the order of the store: the latest first.
    """
    matches = sorted(_matches(command, listing), key=lambda match: match.rank)
    page = slice(command.offset, command.offset + command.limit)
    groups = dict.fromkeys(match.group for match in matches if match.group is not None)
    wanted = set(list(groups)[page])
    chosen = [match for match in matches if match.group in wanted] if groups else matches[page]
    if groups and len(chosen) > command.most:
        message = f"The page holds more than {command.most} sessions; ask for a smaller one."
        raise Fault(FaultKind.UNSUPPORTED, message)
    found = (by_uid(match.uid) for match in chosen)
    sessions = tuple(session for session in found if session is not None)
    return Outcome(sessions=sessions, total=len(groups) if groups else len(matches))


def _matches(command: SearchSessions, listing: Listing) -> Iterator[_Match]:
    for session in _sessions(command, listing):
        rank = command.pick.rank(session)
        if rank is not None:
            yield _Match(rank, session.uid, command.pick.group(session))


def _sessions(command: SearchSessions, listing: Listing) -> Iterator[Session]:
    left, cursor = command.reach, None
    while True:
        chunk = listing(ListSessions(command.where, limit=min(CHUNK, left), cursor=cursor))
        yield from chunk.sessions
        left, cursor = left - len(chunk.sessions), chunk.next
        if cursor is None:
            return
        if left <= 0:
            message = f"The search looks at more than {command.reach} sessions; narrow it by time, state or device."
            raise Fault(FaultKind.UNSUPPORTED, message)
