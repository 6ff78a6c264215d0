"""The classes that a client needs, for ``/types/...``: each message once, requests under their operation's name."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from adapters.servicestack.errors import ERROR_RESPONSE
from adapters.servicestack.routes import Offered, Table
from schemas.message import Member, Message


@dataclass(frozen=True, slots=True)
class EnumType:
    """An enumeration, named after its message and member."""

    name: str
    choices: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class ClassType:
    """A class: its message, and the operation that it requests, if any, with the name of the answer's class."""

    name: str
    message: Message
    offered: Offered | None = None
    answer: str = ""


@dataclass(frozen=True)
class Catalog:
    """All types of an offer, dependencies first."""

    enums: tuple[EnumType, ...]
    classes: tuple[ClassType, ...]
    names: Mapping[int, str]

    def class_name(self, message: Message) -> str:
        """What the class of ``message`` is called."""
        return self.names[id(message)]


def enum_name(owner: str, member: Member) -> str:
    """The name of the enumeration of one member."""
    return f"{owner}{member.name}"


def catalog(table: Table) -> Catalog:
    """The types of every offered operation and of an error; each stands after those that it needs."""
    names: dict[int, str] = {}
    order: list[Message] = []
    requests = {id(item.operation.request): item for item in table.values()}
    taken = {item.operation.name for item in table.values()}
    for message in (ERROR_RESPONSE, *(each for item in table.values() for each in _both(item))):
        for found in _reachable(message):
            if id(found) not in names:
                names[id(found)] = _free(found, requests, taken)
                order.append(found)
    classes = tuple(_class(message, names, requests) for message in order)
    enums = tuple(
        EnumType(enum_name(item.name, member), member.choices)
        for item in classes
        for member in item.message.members
        if member.choices
    )
    return Catalog(enums, classes, names)


def _both(item: Offered) -> tuple[Message, Message]:
    return item.operation.answer, item.operation.request


def _reachable(message: Message) -> Iterator[Message]:
    for member in message.members:
        inner = member.item if member.item is not None else member
        if inner.message is not None:
            yield from _reachable(inner.message)
    yield message


def _free(message: Message, requests: Mapping[int, Offered], taken: set[str]) -> str:
    item = requests.get(id(message))
    if item is not None:
        return item.operation.name
    name, number = message.name, 1
    while name in taken:
        number += 1
        name = f"{message.name}{number}"
    taken.add(name)
    return name


def _class(message: Message, names: Mapping[int, str], requests: Mapping[int, Offered]) -> ClassType:
    item = requests.get(id(message))
    answer = names.get(id(item.operation.answer), item.operation.answer.name) if item else ""
    return ClassType(names[id(message)], message, item, answer)
