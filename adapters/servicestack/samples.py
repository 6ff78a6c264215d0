"""Sample messages: what a member is shown with where it has no sample of its own."""

from collections.abc import Mapping
from datetime import UTC
from typing import Any

from adapters.codecs.jsv import read_text
from adapters.codecs.text_scalars import default
from adapters.scalars import Kind
from gateway.limits import DEFAULT
from schemas.message import Member, Message, Tree

_REFERENCES: Mapping[Kind, Any] = {Kind.STRING: "String", Kind.BASE64: b"\x00", Kind.ANY: "Object"}
_DEPTH = 8


def sample(message: Message, depth: int = 0) -> Tree:
    """A tree with every member set: texts ``String``, dates MinValue, the first choice, one item in each list."""
    return {member.key: sample_of(member, depth) for member in message.members}


def sample_of(member: Member, depth: int = 0) -> Any:
    """The sample of one member."""
    if member.sample is not None and not member.credential:
        return _declared(member)
    if depth > _DEPTH:
        return None
    if member.message is not None:
        return sample(member.message, depth + 1)
    if member.item is not None:
        return [sample_of(member.item, depth + 1)]
    return _REFERENCES[member.kind] if member.kind in _REFERENCES else _value_type(member)


def _declared(member: Member) -> Any:
    """The declared sample; a text stands for the value that it spells."""
    if not isinstance(member.sample, str) or member.kind in (Kind.STRING, Kind.ENUM, Kind.ANY):
        return member.sample
    value, fits = read_text(member.sample, member, UTC, DEFAULT)
    return value if fits else _value_type(member)


def _value_type(member: Member) -> Any:
    if member.kind is Kind.ENUM:
        return member.choices[0] if member.choices else "String"
    plain = Member(key=member.key, name=member.name, kind=member.kind, nillable=False)
    return default(plain)
