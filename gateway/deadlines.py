"""Ends what an event loop waits for too long, by one look at all waits at intervals instead of a timer for each.

A timer, a task and a shield for every request cost more than reading its body. Here a wait costs an entry in a dict; it
ends up to one interval late.
"""

import asyncio
from collections.abc import Iterable
from types import TracebackType
from typing import Any, Protocol

LATE_SHARE, LATE_MOST = 10, 1.0
"""A wait ends at most this share of the shortest time, and never more seconds, after its time."""


class Wait(Protocol):
    """What may take too long."""

    ends: float
    """When, by the loop's clock."""

    def expire(self) -> None:
        """Called once it took too long; it is forgotten then."""


class Deadlines:
    """The waits of one event loop. ``times`` are the seconds that will be asked for."""

    def __init__(self, times: Iterable[float]) -> None:
        self._interval = min(LATE_MOST, *(seconds / LATE_SHARE for seconds in times))
        self._waits: set[Wait] = set()
        self._armed = False

    def within(self, seconds: float) -> "_Wait":
        """A context that raises TimeoutError when what is awaited in it takes longer; it cancels what is awaited."""
        return _Wait(self, seconds)

    def add(self, wait: Wait, loop: asyncio.AbstractEventLoop) -> None:
        """Watch a wait."""
        self._waits.add(wait)
        if not self._armed:
            self._armed = True
            loop.call_later(self._interval, self._look, loop)

    def remove(self, wait: Wait) -> None:
        """Forget a wait that is over."""
        self._waits.discard(wait)

    def _look(self, loop: asyncio.AbstractEventLoop) -> None:
        now = loop.time()
        for wait in [wait for wait in self._waits if wait.ends <= now]:
            self._waits.discard(wait)
            wait.expire()
        self._armed = bool(self._waits)
        if self._armed:
            loop.call_later(self._interval, self._look, loop)


class _Wait:
    """One wait of one task."""

    __slots__ = ("_deadlines", "_expired", "_seconds", "_task", "ends")

    def __init__(self, deadlines: Deadlines, seconds: float) -> None:
        self._deadlines = deadlines
        self._seconds = seconds
        self._expired = False

    def __enter__(self) -> None:
        loop = asyncio.get_running_loop()
        self._task: asyncio.Task[Any] | None = asyncio.current_task(loop)
        self.ends = loop.time() + self._seconds
        self._deadlines.add(self, loop)

    def expire(self) -> None:
        """Cancel what the task awaits."""
        self._expired = True
        if self._task is not None:
            self._task.cancel()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._deadlines.remove(self)
        # As asyncio.timeout does: somebody else's cancellation of the same task goes on.
        ours = self._expired and self._task is not None and self._task.uncancel() == 0
        if ours and kind is asyncio.CancelledError:
            raise TimeoutError from error
