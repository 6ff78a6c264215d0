"""Which of a worker's connections make room for a further one."""

from collections.abc import Iterable
from typing import Any


def make_room(connections: Iterable[Any], but: Any, most: int) -> bool:
    """Close so many connections at most, those first that were waited for longest; False if there is none to close."""
    waiting = waited_for(connections, but)
    for connection in waiting[:most]:
        connection.transport.abort()
    return bool(waiting)


def waited_for(connections: Iterable[Any], but: Any) -> list[Any]:
    """Connections whose turn it is, those to close first at the front: first those that sent part of a request or
    nothing at all, then those that are idle between two requests; of each those that were waited for longest."""
    waiting = [connection for connection in connections if connection is not but and _is_waiting(connection)]
    waiting.sort(key=lambda connection: (_is_between(connection), connection.waiting_since))
    return waiting


def _is_waiting(connection: Any) -> bool:
    """Whether it is the caller's turn: its request is not complete, and nothing is being answered."""
    cycle = connection.cycle
    return cycle is None or cycle.response_complete or (cycle.more_body and not cycle.response_started)


def _is_between(connection: Any) -> bool:
    """Whether it is idle between two requests."""
    return connection.cycle is not None and connection.cycle.response_complete and not connection.in_head
