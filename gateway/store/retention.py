"""The setting ``retention_days``: what is older is forgotten while the gateway runs."""

import logging
import random
import threading
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

from gateway.store.prune import Pruned

_log = logging.getLogger(__name__)
FIRST_SECONDS, SECONDS = 60.0, 3600.0
"""Until the first look, and between two; each process adds up to as much again, so that they take turns."""
_SWEEPS = 24
"""Every so many looks all names are looked through."""


class Retention:
    """A thread that prunes from time to time, until it is closed."""

    def __init__(self, days: float, prune: Callable[[datetime, bool, Callable[[], bool]], Pruned]) -> None:
        self._age = timedelta(days=days)
        self._prune = prune
        self._end = threading.Event()
        self._thread = threading.Thread(target=self._run, name="retention", daemon=True)
        self._thread.start()

    def _run(self) -> None:
        looks, pause = 0, FIRST_SECONDS
        while not self._end.wait(pause * (1 + random.random())):  # noqa: S311 - nothing is kept secret by it
            looks, pause = looks + 1, SECONDS
            try:
                self._told(self._prune(datetime.now(UTC) - self._age, looks % _SWEEPS == 0, self._end.is_set))
            except Exception:
                _log.exception("what is older than retention_days could not be forgotten")

    def _told(self, pruned: Pruned) -> None:
        if pruned.sessions or pruned.events:
            _log.info("retention: %d sessions and %d events forgotten", pruned.sessions, pruned.events)

    def close(self) -> None:
        """End, after the slice that runs."""
        self._end.set()
        self._thread.join()
