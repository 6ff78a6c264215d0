"""Everything that would differ from run to run, fixed: identifiers, secrets, and what is costly and always the same."""

import tempfile
import uuid
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from datetime import UTC, datetime
from functools import cache
from typing import Any
from unittest import mock

from gateway import demo
from gateway.registry import Registry

MOMENT = datetime(2026, 1, 2, 3, 4, 5, 678000, tzinfo=UTC)
"""When every case happens: one second later with each of its requests."""


class Numbers:
    """Identifiers that count from one; ``last`` has the latest of each kind."""

    def __init__(self) -> None:
        self.last: dict[str, int] = {}

    def set(self, last: Mapping[str, int]) -> None:
        """Go on after ``last``; an empty one begins again."""
        self.last = dict(last)

    def _next(self, name: str) -> int:
        self.last[name] = self.last.get(name, 0) + 1
        return self.last[name]

    @property
    def makers(self) -> dict[str, Callable[[], Any]]:
        """What stands in for the functions of :mod:`gateway.ids`."""
        return {
            "event_id": lambda: uuid.UUID(int=0xE0000000000070008000000000000000 + self._next("event")),
            "session_uid": lambda: uuid.UUID(int=0x50000000000040008000000000000000 + self._next("session")),
            "correlation_id": lambda: f"{self._next('correlation'):032x}",
            "session_secret": lambda: f"{self._next('secret'):032x}",
        }


@cache
def _cheap() -> dict[str, Any]:
    return {
        "gateway.credentials.SCRYPT_N": 2,
        "gateway.demo.token": cache(demo.token),
        "gateway.demo._public": cache(demo._public),
    }


@contextmanager
def steady(registry: Registry) -> Iterator[Numbers]:
    """Identifiers that are the same in every run, and ``registry`` as what is installed."""
    numbers = Numbers()
    with ExitStack() as stack:
        for name, make in numbers.makers.items():
            stack.enter_context(mock.patch(f"gateway.ids.{name}", make))
        for name, value in _cheap().items():
            stack.enter_context(mock.patch(name, value))
        for name in ("gateway.demo.discover", "gateway.boot.plugins.discover"):
            stack.enter_context(mock.patch(name, return_value=registry))
        yield numbers


@cache
def signing_key() -> str:
    """One key for all cases of a run: making one takes longer than a case."""
    with tempfile.TemporaryDirectory() as folder:
        return demo.private_key(f"sqlite:///{folder}/any.db")
