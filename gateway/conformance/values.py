"""Whether a value is of the type that its member declares; and a value for any member, where a check needs one."""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

from adapters.scalars import Kind, NetDateTime
from adapters.xsd import parsers
from gateway.outcome import Fault
from schemas.message import Member, Message, Tree

_TYPES: Mapping[Kind, tuple[type, ...]] = {
    Kind.STRING: (str,),
    Kind.BOOLEAN: (bool,),
    Kind.INT: (int,),
    Kind.LONG: (int,),
    Kind.DECIMAL: (Decimal, int),
    Kind.DOUBLE: (float, int, Decimal),
    Kind.DATETIME: (NetDateTime,),
    Kind.INSTANT: (datetime,),
    Kind.GUID: (UUID,),
    Kind.DURATION: (timedelta,),
    Kind.BASE64: (bytes,),
    Kind.CHAR: (str,),
    Kind.ENUM: (str,),
    Kind.OBJECT: (dict,),
    Kind.LIST: (list,),
    Kind.ANY: (object,),
}
_BITS = {Kind.INT: 32, Kind.LONG: 64}


def misfit(member: Member, value: Any) -> str | None:
    """Why ``value`` is none of ``member``, None when it fits."""
    if value is None:
        return None if member.nillable and not member.required else "it must not be null"
    types = _TYPES[member.kind]
    if not _is_one(value, types) or (isinstance(value, bool) and bool not in types and types != (object,)):
        return f"{type(value).__name__} where {member.kind.value} takes {' or '.join(each.__name__ for each in types)}"
    if member.kind in _BITS and not -(1 << _BITS[member.kind] - 1) <= value < 1 << _BITS[member.kind] - 1:
        return f"{value} has more than {_BITS[member.kind]} bits"
    if member.message is not None:
        return misfit_tree(member.message, value)
    if member.item is not None:
        found = ((index, misfit(member.item, item)) for index, item in enumerate(value))
        return next((f"[{index}]: {wrong}" for index, wrong in found if wrong), None)
    return (
        f"{value!r} is none of {', '.join(member.choices)}" if member.choices and value not in member.choices else None
    )


def _is_one(value: Any, types: tuple[type, ...]) -> bool:
    return isinstance(value, types)


def misfit_tree(message: Message, tree: Any) -> str | None:
    """Why ``tree`` is none of ``message``, None when it fits: types, required members, unknown keys."""
    if not isinstance(tree, dict):
        return f"{type(tree).__name__} where an object is to be"
    for key, value in tree.items():
        member = message.by_key.get(key)
        if member is None:
            if message.open:
                continue
            return f"{key!r} is no member of {message.name}, which has {', '.join(message.by_key)}"
        wrong = misfit(member, value)
        if wrong:
            return f"{member.name}: {wrong}"
    missing = [member.name for member in message.members if member.required and member.key not in tree]
    return f"{', '.join(missing)} is required" if missing else None


_SAMPLES: Mapping[Kind, Any] = {
    Kind.STRING: "text",
    Kind.BOOLEAN: True,
    Kind.INT: 7,
    Kind.LONG: 7_000_000_000,
    Kind.DECIMAL: Decimal("7.50"),
    Kind.DOUBLE: 0.5,
    Kind.DATETIME: NetDateTime.of(datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)),
    Kind.INSTANT: datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC),
    Kind.GUID: UUID("6a1f4dbe-2b8c-4e0f-9a51-0c3d5e7f9b21"),
    Kind.DURATION: timedelta(hours=1, minutes=2, seconds=3),
    Kind.BASE64: b"bytes",
    Kind.CHAR: "A",
    Kind.ANY: "any",
}


def own_sample(member: Member) -> Any:
    """The member's own sample; one given as text of XML Schema is read. Raises ValueError when it is none."""
    read = parsers().get(member.kind)
    given = member.sample
    return (
        read(given)
        if isinstance(given, str) and read is not None and not isinstance(given, _TYPES[member.kind])
        else given
    )


def wrong_sample(member: Member) -> str | None:
    """Why the member's own sample is none, None when it is one."""
    try:
        return misfit(member, own_sample(member))
    except ValueError:
        return f"it cannot be read as {member.kind.value}"


def sample(member: Member, *, text: bool = False) -> Any:
    """A value of ``member``: its own sample where it has one. With ``text`` what may be anything is a text, which
    every format can carry."""
    if member.message is not None:
        return sample_tree(member.message, text=text)
    if member.item is not None:
        return [sample(member.item, text=text)]
    if text and member.kind is Kind.ANY:
        return _SAMPLES[Kind.ANY]
    if member.sample is not None and wrong_sample(member) is None:
        return own_sample(member)
    return member.choices[0] if member.choices else _SAMPLES[member.kind]


def sample_tree(message: Message, *, text: bool = False) -> Tree:
    """A tree of ``message`` in which every member has a value."""
    return {member.key: sample(member, text=text) for member in message.members}


def fits(message: Message, tree: Tree) -> bool:
    """Whether the message's own check takes ``tree``."""
    try:
        message.check(tree)
    except Fault:
        return False
    return True
