"""Calls into plug-ins: whatever one raises that is no Fault is a defect of it, counted under its name."""

from collections.abc import Callable
from typing import Any, TypeVar, TypeVarTuple

from gateway.outcome import Fault
from gateway.wire import WireResponse
from schemas.api import Api

Ts = TypeVarTuple("Ts")
T = TypeVar("T")


def by_api(api: Api, call: Callable[[*Ts], T], *args: *Ts) -> T:
    """What an API's own code gives; what it raises goes on, counted."""
    try:
        return call(*args)
    except Fault:
        raise
    except Exception as error:
        blame("api", api.name, error)
        raise


def by_protocol(protocol: Any, call: Callable[[*Ts], T], *args: *Ts) -> T:
    """What a protocol's own code gives; what it raises goes on, counted."""
    try:
        return call(*args)
    except Fault:
        raise
    except Exception as error:
        blame("protocol", protocol.name, error)
        raise


def answer_of(protocol: Any, call: Callable[[*Ts], WireResponse], *args: *Ts) -> WireResponse:
    """A protocol's answer; anything else that it gives for one is its defect, too."""
    response = by_protocol(protocol, call, *args)
    if not isinstance(response, WireResponse):
        error = TypeError(f"{protocol.name} gave {type(response).__name__} for a WireResponse")
        blame("protocol", protocol.name, error)
        raise error
    return response


def blame(group: str, name: str, error: BaseException) -> None:
    """Count an error of the plug-in ``name``, an ``api`` or a ``protocol``, and say in its traceback whose it is."""
    if getattr(error, "_counted", False):
        return
    from gateway import metrics

    metrics.raised(group, name)
    error.add_note(f"in the {group} {name}")
    # Not every exception takes attributes; one without is counted again on its way out.
    if hasattr(error, "__dict__"):
        error.__dict__["_counted"] = True
