"""Optimistic batches: writes that expect to find nothing, on one way to the database server and back.

While a batch looks up, is run and is sent, all writers of all machines wait for its transaction. Many writes make a
session, and find nothing that has its key. A batch of such writes is run before its transaction, as on an empty store:
its rows count positions from nought, and the server adds the last one. If there was something after all, the server
refuses the whole transaction, and the batch is run again in the usual way.
"""

import uuid
from dataclasses import fields, replace
from typing import Any

from peewee import PeeweeException

from gateway.commands import ListEvents, ListSessions
from gateway.model import Key
from gateway.outcome import Outcome
from gateway.places import number_of, place_of
from gateway.store.columns import slot_name
from gateway.store.dialect import ROW, Connection
from gateway.store.snapshot import LAST, Found, Slotted, Snapshot
from gateway.store.statements import Statements
from gateway.store.tables import EventRow, NameRow, SessionRow, StateRow, TermRow, TokenRow
from gateway.store.unit import Unit

_ROWS = {
    "add_session": SessionRow,
    "add_name": NameRow,
    "add_term": TermRow,
    "add_token": TokenRow,
    "add_event": EventRow,
    "add_state": StateRow,
}
_POSITIONS = frozenset({"ordinal", "latest", "position"})
"""Columns that hold positions."""
_LONGEST_PAUSE = 64
"""Batches between two tries, where each of them was a surprise."""
_OPEN, _CLOSED = 1, 0
"""Tags of the places of sessions (:class:`gateway.store.tables.NameRow`)."""


class Surprise(PeeweeException):
    """A write asks for something that cannot be expected: told like what a driver raises, so that nobody takes it for
    the write's own fault."""


class Nothing(Snapshot):
    """A store in which nothing is found; ``looked`` are the places, with their tags, where there might be something."""

    def __init__(self, connection: Connection, statements: Statements) -> None:
        super().__init__(connection, statements)
        self.looked: set[tuple[int, int]] = set()

    def row_by_key(self, tenant: str, key: Key, open_only: bool, below: int = LAST) -> Found:
        """None."""
        place = number_of(place_of(tenant, key))
        self.looked |= {(place, _OPEN), (place, _CLOSED)}
        return None

    def kept(self, slot: str) -> Slotted | None:
        """None."""
        self.looked.add(slot_name(slot))
        return None

    def row_by_uid(self, uid: uuid.UUID) -> Found:
        """Whoever knows a uid expects its session."""
        raise Surprise

    def row_by_token(self, api: str, token: str) -> Found:
        """Whoever knows a secret expects its session."""
        raise Surprise

    def tenants(self) -> list[str]:
        """An operator looks everywhere."""
        raise Surprise

    def list_sessions(self, tenant: str | None, command: ListSessions) -> Outcome:
        """Whoever lists wants what there is."""
        raise Surprise

    def list_events(self, tenant: str | None, command: ListEvents) -> Outcome:
        """Whoever lists wants what there is."""
        raise Surprise


NOTHING_AT = """SELECT CAST(COALESCE('an optimistic batch found event ' || MAX((
SELECT MAX(position) FROM names WHERE place = asked.column1 AND tag = asked.column2
)) || ' and is run again', '0') AS INTEGER) FROM (VALUES (%s, %s)) AS asked"""
"""Refused, with the rest of its transaction, where there is something at one of the places: the text is no number, and
is for the server's log."""
_LAST = "gateway.last"
LAST_POSITION = f"SELECT set_config('{_LAST}', CAST(COALESCE(MAX(position), 0) AS TEXT), true) FROM events"  # noqa: S608 - fixed texts
"""The position of the last event, to be asked before there are others; for its transaction the server remembers it."""


def relative(sql: Statements) -> Statements:
    """Statements whose rows count positions from :data:`LAST_POSITION`."""
    texts = {item.name: getattr(sql, item.name) for item in fields(sql)}
    return replace(sql, **{name: _relative(texts[name], model) for name, model in _ROWS.items()})


def _relative(insert: str, model: Any) -> str:
    columns = [_column(number, item) for number, item in enumerate(model._meta.sorted_fields, 1)]
    last = f"(SELECT CAST(current_setting('{_LAST}') AS BIGINT) AS position) AS last"
    return ROW.sub(lambda row: f"SELECT {', '.join(columns)} FROM {last}, (VALUES {row[1]}) AS added", insert)  # noqa: S608 - fixed texts


def _column(number: int, item: Any) -> str:
    if item.name in _POSITIONS:
        return f"last.position + added.column{number}"
    # A column of nothing but nulls has no type of its own.
    return f"CAST(added.column{number} AS {_TYPES[item.field_type]})" if item.null else f"added.column{number}"


_TYPES = {"BIGINT": "BIGINT", "DIGEST": "BYTEA"}


def move(unit: Unit, by: int) -> None:
    """Give the events of a unit the positions that they have got; nobody has seen them yet."""
    for event, _ in unit.events.values() if by else ():
        object.__setattr__(event, "position", event.position + by)


class Optimism:
    """Whether a batch should be an optimistic one. After a surprise some are not, after each further one more."""

    def __init__(self) -> None:
        self._pause = self._rest = 0

    def is_due(self) -> bool:
        """Asked once for each batch."""
        self._rest -= 1
        return self._rest < 0

    def proved(self, right: bool) -> None:
        """Tell how it went."""
        self._pause = 0 if right else min(2 * self._pause + 1, _LONGEST_PAUSE)
        self._rest = self._pause
