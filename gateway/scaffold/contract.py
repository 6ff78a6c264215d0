"""What a sample or a contract says of a service, before any code is written: frozen values, alike for all sources."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Literal

from adapters.scalars import Kind


class ScaffoldError(Exception):
    """The input cannot become a package; the text is one line that says where it is wrong and what to do."""


@dataclass(frozen=True, slots=True)
class Field:
    """A member that is to be declared. ``sample`` is its value in wire terms; ``todos`` is what could not be said.
    ``nillable`` is None where nobody said it."""

    name: str
    kind: Kind
    record: "Record | None" = None
    item: "Field | None" = None
    choices: tuple[str, ...] = ()
    required: bool = False
    nillable: bool | None = None
    location: str = "body"
    credential: bool = False
    sample: Any = None
    doc: str = ""
    todos: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Level:
    """A run of members of one namespace: a class of its own in a data contract, whose base comes first."""

    namespace: str
    fields: tuple[Field, ...]


@dataclass(frozen=True, eq=False)
class Record:
    """A message that is to be declared: a root element, or what is nested in one. Each is one class.

    ``ordered`` says that elements stand in the order of their declaration and not in that of their names. An ``open``
    record keeps what nobody declared, a ``bare`` one is its one member's value.
    """

    name: str
    levels: tuple[Level, ...] = ()
    ordered: bool = False
    open: bool = False
    bare: bool = False
    doc: str = ""
    todos: tuple[str, ...] = ()

    @property
    def namespace(self) -> str:
        """That of the root element: the most derived level's."""
        return self.levels[-1].namespace if self.levels else ""

    @property
    def fields(self) -> tuple[Field, ...]:
        """The members of every level."""
        return tuple(field for level in self.levels for field in level.fields)


@dataclass(frozen=True, slots=True)
class Call:
    """One operation. ``body`` is a request to begin with; empty where there is none, and then it is made.
    A ``batch`` may be a list of requests, too."""

    name: str
    request: Record
    answer: Record
    method: str = "POST"
    path: str = ""
    writes: bool = True
    status: int = 200
    batch: bool = False
    doc: str = ""
    body: bytes = b""
    todos: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Contract:
    """A whole service as one protocol publishes it.

    ``members`` says for SOAP whether the children of a message's element stand in its namespace (``qualified``), have
    none (``unqualified``), or whether not even the element has one (``none``).
    """

    title: str
    protocol: Literal["webapi", "servicestack", "rest", "soap"]
    calls: tuple[Call, ...]
    source: str
    doc: str = ""
    prefix: str = ""
    media_type: str = "application/json"
    members: Literal["qualified", "unqualified", "none"] = "qualified"
    todos: tuple[str, ...] = ()


DEEP = 4
"""How far :func:`walk` looks."""


def nested(field: Field) -> Record | None:
    """The record that a field is, or that its items are."""
    while field.item is not None:
        field = field.item
    return field.record


def walk(record: Record, path: tuple[str, ...] = ()) -> Iterator[tuple[tuple[str, ...], Field]]:
    """Every field of a record and of the objects nested in it, not in its lists, with the names that lead to it."""
    for field in record.fields:
        where = (*path, field.name)
        yield where, field
        if field.record is not None and len(where) < DEEP:
            yield from walk(field.record, where)


def records(*roots: Record) -> list[Record]:
    """Every record that the roots need, the roots too, each once, and after what is nested in it."""
    found: dict[Record, None] = {}
    for root in roots:
        _collect(root, found)
    return list(found)


def _collect(record: Record, found: dict[Record, None]) -> None:
    if record not in found:
        for field in record.fields:
            inner = nested(field)
            if inner is not None:
                _collect(inner, found)
        found[record] = None
