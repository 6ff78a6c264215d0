"""Following events: one thread of a process looks for new ones, for all who follow.

A follower first reads what it missed from the store itself, page by page. Then it takes from the tail, which keeps the
newest events in memory; when it falls too far behind, it reads from the store again. Positions grow in the order of
commits, so a follower that goes on after the last position it saw misses nothing.
"""

import itertools
import logging
import threading
import time
import uuid
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import TypeAlias

from adapters import eventstream
from gateway.commands import ListEvents
from gateway.model import SessionEvent
from gateway.outcome import Fault, Outcome

log = logging.getLogger("gateway.following")

Source: TypeAlias = Callable[[str | None, ListEvents], Outcome]
"""Reads events of a tenant (None: of all) from the store; raises a Fault."""

POLL = 0.2
"""Seconds between two looks for new events."""
WAIT = 0.5
"""Seconds after which a follower without news yields an empty piece."""
HEARTBEAT = 15.0
"""Seconds without news after which a follower is sent a comment."""
PAGE = 500
KEPT = 2000
"""So many events the tail keeps in memory."""


class Tail:
    """The newest events of all tenants, for the followers of this process; it polls only while there are any.

    ``last`` gives the position of the newest event there is.
    """

    def __init__(self, source: Source, last: Callable[[], int]) -> None:
        self.source, self.last = source, last
        self._changed = threading.Condition()
        self._recent: deque[SessionEvent] = deque()
        self._floor = self._head = 0
        self._followers = 0
        self._closed = threading.Event()
        self._thread: threading.Thread | None = None

    @property
    def closed(self) -> bool:
        """Whether the process is stopping."""
        return self._closed.is_set()

    def join(self, position: int) -> None:
        """One more follower, who has seen everything up to ``position``."""
        with self._changed:
            if self._followers == 0:
                self._recent.clear()
                self._floor = self._head = position
            self._followers += 1
            if self._thread is None:
                self._thread = threading.Thread(target=self._run, name="following", daemon=True)
                self._thread.start()
            self._changed.notify_all()

    def leave(self) -> None:
        """One follower less."""
        with self._changed:
            self._followers -= 1

    def after(self, position: int, seconds: float) -> tuple[int, Sequence[SessionEvent] | None]:
        """How far the tail has come and the events between, waiting for some at most so long.

        None instead of events: they are no longer kept, read them from the store.
        """
        with self._changed:
            if self._head <= position and not self.closed:
                self._changed.wait(seconds)
            if position < self._floor:
                return self._head, None
            newest = itertools.takewhile(lambda event: event.position > position, reversed(self._recent))
            return max(self._head, position), tuple(newest)[::-1]

    def close(self) -> None:
        """End the thread, and wake all followers so that they end, too."""
        self._closed.set()
        with self._changed:
            self._changed.notify_all()
        if self._thread is not None:
            self._thread.join(5)

    def _run(self) -> None:
        while not self.closed:
            with self._changed:
                while self._followers == 0 and not self.closed:
                    self._changed.wait()
                head = self._head
            if not self._look(head):
                self._closed.wait(POLL)

    def _look(self, head: int) -> bool:
        """Take what is new; whether there is more at once."""
        try:
            found = self.source(None, ListEvents(after=head, limit=PAGE))
        except Fault as fault:
            log.warning("new events could not be read: %s", fault.log or fault.message)
            return False
        except Exception:
            log.exception("new events could not be read")
            return False
        with self._changed:
            if found.events and self._head == head:
                self._recent.extend(found.events)
                self._head = found.events[-1].position
                while len(self._recent) > KEPT:
                    self._floor = self._recent.popleft().position
                self._changed.notify_all()
        return found.next is not None


@dataclass(frozen=True, slots=True)
class Wanted:
    """Who follows what: a tenant's events (None: all tenants'), of one session if named, after a position."""

    tenant: str | None
    session_uid: uuid.UUID | None
    position: int

    def has(self, event: SessionEvent) -> bool:
        """Whether the event is among them."""
        return self.tenant in (None, event.tenant) and self.session_uid in (None, event.session_uid)


class Following:
    """The body of an answer that goes on: pieces of bytes, an empty one at least once a second.

    ``first`` are the frames of the page that was read already, up to ``wanted.position``. ``render`` makes the frames
    of further events; ``allowed`` raises a Fault once the follower's credential is no longer valid.
    """

    farewell = eventstream.RETRY

    def __init__(
        self,
        tail: Tail,
        wanted: Wanted,
        first: bytes,
        render: Callable[[Outcome], bytes],
        allowed: Callable[[], None],
    ) -> None:
        self._tail, self._wanted, self._first = tail, wanted, first
        self._render, self._allowed = render, allowed
        self._position, self._head = wanted.position, 0
        self._behind, self._joined, self._left = True, False, False
        self._lock = threading.Lock()

    def __iter__(self) -> Iterator[bytes]:
        yield eventstream.RETRY + self._first
        told = time.monotonic()
        try:
            while not (self._left or self._tail.closed):
                self._allowed()
                piece = self._frames(self._read() if self._behind else self._wait())
                if not piece and time.monotonic() - told > HEARTBEAT:
                    piece = eventstream.HEARTBEAT
                told = time.monotonic() if piece else told
                yield piece
        except Fault as fault:
            log.info("a follower was sent away: %s", fault.log or fault.message)
        finally:
            self.close()
        yield self.farewell

    def _read(self) -> Sequence[SessionEvent]:
        """One page of what the store has; after the last one the tail is enough."""
        found = self._tail.source(self._wanted.tenant, ListEvents(self._wanted.session_uid, self._position, PAGE))
        self._position = found.events[-1].position if found.events else self._position
        self._behind = found.next is not None
        if not self._behind:
            # The tail had come as far before this page was read, so nothing up to there is missing.
            self._position = max(self._position, self._head)
            # A caller may name a position that no event has yet; the tail must not begin there.
            self._join(min(self._position, self._tail.last()))
        return found.events

    def _wait(self) -> Sequence[SessionEvent]:
        """What the tail has, for which this may wait."""
        head, events = self._tail.after(self._position, WAIT)
        if events is None:
            self._behind, self._head = True, head
            return ()
        self._position = head
        return events

    def _join(self, position: int) -> None:
        with self._lock:
            if not (self._joined or self._left):
                self._tail.join(position)
                self._joined = True

    def _frames(self, events: Sequence[SessionEvent]) -> bytes:
        chosen = tuple(event for event in events if self._wanted.has(event))
        return self._render(Outcome(events=chosen)) if chosen else b""

    def close(self) -> None:
        """The follower is gone; a second call does nothing."""
        with self._lock:
            if self._joined and not self._left:
                self._tail.leave()
            self._left = True
