"""The samples of a help page: a declared message, filled in and written by the codecs that answer callers."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from adapters.codecs.datacontract import WEBAPI_INDENT
from adapters.codecs.json import NET
from adapters.codecs.json_scalars import NET as READERS
from adapters.negotiation import MEDIA_TYPES
from adapters.scalars import REFERENCE_KINDS, Kind
from adapters.xsd import DEFAULTS
from gateway.outcome import Fault
from schemas.message import Member, Message, Tree

_DEPTH = 8


@dataclass(frozen=True, slots=True)
class Sample:
    """One sample: the media types of its format, and its text."""

    media_types: Sequence[str]
    text: str


def samples(message: Message, formats: Sequence[str]) -> list[Sample]:
    """A sample of ``message`` in each format, indented by two blanks."""
    tree = sample_tree(message)
    return [Sample(MEDIA_TYPES[name], _text(name, tree, message)) for name in formats]


def _text(name: str, tree: Tree, message: Message) -> str:
    """What the codec writes; the platform's help page indents JSON by reading it and writing it again, too."""
    try:
        if name == "xml":
            return WEBAPI_INDENT.encode(tree, message).decode()
        return json.dumps(json.loads(NET.encode(tree, message)), indent=2, ensure_ascii=False)
    except Fault as fault:
        return f"There is no sample: {fault.message}"


def sample_tree(message: Message, depth: int = 0) -> Tree:
    """``message`` with the declared sample of every member; what has none is null, or .NET's default."""
    return {member.key: _value(member, depth) for member in message.members}


def _value(member: Member, depth: int) -> Any:
    if member.sample is not None:
        return _typed(member)
    if depth > _DEPTH:
        return None
    if member.message is not None:
        return sample_tree(member.message, depth + 1)
    if member.item is not None:
        return [_value(member.item, depth + 1)]
    return _default(member)


def _typed(member: Member) -> Any:
    """The declared sample; a text stands for the value that it spells."""
    reader = READERS.get(member.kind)
    if not isinstance(member.sample, str) or reader is None or member.kind is Kind.STRING:
        return member.sample
    try:
        return reader(member.sample, member)
    except ValueError:
        return _default(member)


def _default(member: Member) -> Any:
    if member.nillable or member.kind in REFERENCE_KINDS:
        return None
    return member.choices[0] if member.choices else DEFAULTS.get(member.kind)


NAMES: Mapping[Kind, str] = {
    Kind.STRING: "string",
    Kind.BOOLEAN: "boolean",
    Kind.INT: "integer",
    Kind.LONG: "integer",
    Kind.DECIMAL: "decimal number",
    Kind.DOUBLE: "decimal number",
    Kind.DATETIME: "date",
    Kind.INSTANT: "date",
    Kind.GUID: "globally unique identifier",
    Kind.DURATION: "time interval",
    Kind.BASE64: "Collection of byte",
    Kind.CHAR: "character",
    Kind.ENUM: "enumeration",
}
"""How the platform's help pages call the types (ModelDescriptionGenerator); any other is ``Object``."""
