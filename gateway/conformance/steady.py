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


_ACTIVE: list[tuple[Numbers, Registry]] = []
"""What was asked for and has not ended, the newest last. They end in any order: a kit keeps gateways open until it is
closed, while others come and go."""
_PATCHES = ExitStack()


def _newest(name: str) -> Callable[[], Any]:
    def make() -> Any:
        return _ACTIVE[-1][0].makers[name]()

    return make


def _installed() -> Registry:
    return _ACTIVE[-1][1]


@contextmanager
def steady(registry: Registry) -> Iterator[Numbers]:
    """Identifiers that are the same in every run, and ``registry`` as what is installed."""
    mine = (Numbers(), registry)
    if not _ACTIVE:
        _patch()
    _ACTIVE.append(mine)
    try:
        yield mine[0]
    finally:
        _ACTIVE[:] = [each for each in _ACTIVE if each is not mine]
        if not _ACTIVE:
            _PATCHES.close()


def _patch() -> None:
    for name in Numbers().makers:
        _PATCHES.enter_context(mock.patch(f"gateway.ids.{name}", _newest(name)))
    for name, value in _cheap().items():
        _PATCHES.enter_context(mock.patch(name, value))
    for name in ("gateway.demo.discover", "gateway.boot.plugins.discover"):
        _PATCHES.enter_context(mock.patch(name, _installed))


@cache
def signing_key() -> str:
    """One key for all cases of a run: making one takes longer than a case."""
    with tempfile.TemporaryDirectory() as folder:
        return demo.private_key(f"sqlite:///{folder}/any.db")
