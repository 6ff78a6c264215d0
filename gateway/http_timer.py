"""A timer that is set and unset many times."""

import asyncio
from collections.abc import Callable


class Timer:
    """Calls ``due`` once, ``seconds`` after it was armed, unless it is disarmed before; arming it again changes
    nothing."""

    __slots__ = ("_due", "_handle", "_loop", "_seconds")

    def __init__(self, loop: asyncio.AbstractEventLoop, seconds: float, due: Callable[[], None]) -> None:
        self._loop = loop
        self._seconds = seconds
        self._due = due
        self._handle: asyncio.TimerHandle | None = None

    def arm(self, seconds: float | None = None) -> None:
        """Let it run, for other than its usual seconds if they are given."""
        if self._handle is None:
            self._handle = self._loop.call_later(self._seconds if seconds is None else seconds, self._call)

    def disarm(self) -> None:
        """Stop it."""
        if self._handle is not None:
            self._handle.cancel()
            self._handle = None

    def _call(self) -> None:
        self._handle = None
        self._due()
