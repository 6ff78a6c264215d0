"""What a door needs of the gateway behind it, and the guarded calls that all doors make."""

import asyncio
import logging
import time
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from typing import Any, Protocol

from gateway.arrival import internal
from gateway.identity import Unverified
from gateway.outcome import Fault
from gateway.settings import Settings
from gateway.wire import WireRequest, WireResponse

logger = logging.getLogger("gateway.door")

PLAIN_FAILURE = WireResponse.of(500, "text/plain; charset=utf-8", b"Internal Server Error")


class Store(Protocol):
    """The middle call: awaited by an event loop, or waited for by a thread. Both raise Fault."""

    def attach(self, loop: Any) -> None:
        """Write in this event loop from now on."""

    def start(self, prepared: Any) -> "asyncio.Future[Any]":
        """The Outcome of a Work, for the running event loop; the list of outcomes and faults of a Batch."""

    def put(self, prepared: Any, then: Callable[[Any], None]) -> "asyncio.Future[Any] | None":
        """The same; ``then`` is called with it, or with what went wrong. A future that is given may be cancelled."""

    def submit(self, prepared: Any) -> "Future[Any]":
        """The same, for a thread."""

    def ready(self) -> str | None:
        """None when writes can be stored, else what is wrong."""


class Gateway(Protocol):
    """One assembled gateway. None of its calls but the store's does I/O, and none raises."""

    @property
    def store(self) -> Any:
        """See :class:`Store`."""

    @property
    def settings(self) -> Settings:
        """The settings in force."""

    @property
    def identity(self) -> Any:
        """Who is who; ``operator(secret, at)`` gives the operator's principal or None."""

    @property
    def apis(self) -> Any:
        """The APIs offered: a mapping of names to values with ``title``, ``native`` and ``prefixes``."""

    @property
    def protocols(self) -> Any:
        """The protocols offered: a mapping by name."""

    @property
    def disabled(self) -> Any:
        """Plug-ins that could not be loaded: values with ``name``, ``owner`` and ``reason``."""

    def prepare(self, request: WireRequest, *, inline: bool = True) -> Any:
        """A Work, a Batch, or the answer itself. Raises Unverified unless ``inline``."""

    def prepare_all(self, requests: Sequence[WireRequest]) -> list[Any]:
        """The same for requests that came together; those that wait for a check have their Unverified."""

    def finish(self, prepared: Any, result: Any) -> WireResponse:
        """The answer to a prepared request."""

    def reject(self, request: WireRequest, fault: Fault) -> WireResponse:
        """The answer to a request that a door refuses, in the dialect of its path."""

    def record(self, request: WireRequest, prepared: Any, result: Any, response: WireResponse, seconds: float) -> None:
        """Log and count one answered request."""

    def close(self) -> None:
        """Finish what was handed over to the store, then let go of everything."""


def prepare(gateway: Gateway, request: WireRequest, *, inline: bool = True) -> Any:
    """``gateway.prepare``; a defect in it becomes the dialect's internal error. Raises Unverified unless ``inline``."""
    try:
        return gateway.prepare(request, inline=inline)
    except Unverified:
        raise
    except Exception as error:
        logger.exception("prepare failed", extra={"correlation_id": request.correlation_id})
        return reject(gateway, request, internal(error))


def prepare_all(gateway: Gateway, requests: Sequence[WireRequest]) -> list[Any]:
    """``gateway.prepare_all``; after a defect in it, each request by itself."""
    try:
        return gateway.prepare_all(requests)
    except Exception:
        return [_alone(gateway, request) for request in requests]


def _alone(gateway: Gateway, request: WireRequest) -> Any:
    try:
        return prepare(gateway, request, inline=False)
    except Unverified as unverified:
        return unverified


def finish(gateway: Gateway, request: WireRequest, prepared: Any, result: Any) -> WireResponse:
    """``gateway.finish``, guarded in the same way."""
    try:
        return gateway.finish(prepared, result)
    except Exception as error:
        logger.exception("finish failed", extra={"correlation_id": request.correlation_id})
        return reject(gateway, request, internal(error))


def reject(gateway: Gateway, request: WireRequest, fault: Fault) -> WireResponse:
    """``gateway.reject``; a plain 500 if even that fails."""
    try:
        return gateway.reject(request, fault)
    except Exception:
        logger.exception("reject failed", extra={"correlation_id": request.correlation_id})
        return PLAIN_FAILURE


def record(
    gateway: Gateway, request: WireRequest, prepared: Any, result: Any, response: WireResponse, started: float
) -> None:
    """Tell telemetry about an answered request; ``started`` is of :func:`time.perf_counter`. Never raises."""
    try:
        gateway.record(request, prepared, result, response, time.perf_counter() - started)
    except Exception:
        logger.exception("record failed", extra={"correlation_id": request.correlation_id})
