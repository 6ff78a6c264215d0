"""Pace: whether what would stop an event loop is over so soon that a hand-over to another thread would take longer."""

import time

_QUICK_SECONDS = 0.002
"""What is usual where an event loop may wait; a batch itself takes as long. A solid-state disk syncs in half a
millisecond."""
_SLOW_SECONDS = 0.01
_WARY = 20
"""For so many times as long as a slow one took, no event loop waits: what stops often stops it for a twentieth of the
time at most."""


class Pace:
    """Of waits that are alike. Any thread may tell of them."""

    def __init__(self) -> None:
        self._usual = self._wary_until = 0.0

    @property
    def is_quick(self) -> bool:
        """Whether the next wait will take no time to speak of, as far as those before it tell."""
        return self._usual < _QUICK_SECONDS and time.monotonic() >= self._wary_until

    def took(self, seconds: float) -> None:
        """Tell how long a wait was."""
        self._usual += (seconds - self._usual) / 16
        if seconds > _SLOW_SECONDS:
            self._wary_until = time.monotonic() + _WARY * seconds
