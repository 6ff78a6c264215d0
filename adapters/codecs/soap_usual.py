"""Takes apart the envelopes that callers usually send, by one regular expression and without a tree of elements.

It is for styles that name the operation in the Header and have no namespaces in what they hold: a Header and the one
element of a Body, in which leaves stand that have no attributes. Whatever is written in any other way (namespaces,
comments, entities, CDATA, a carriage return inside a text, a member that is unknown, sent twice or does not parse) is
not read here at all: None, and :func:`adapters.codecs.soap.open_envelope` decides and words every fault.

The Envelope's own tag, which is always the same from one caller, is read by the XML parser, once.
``tests/adapters/codecs/test_soap_usual.py`` compares both readers.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import TypeAlias

from adapters import xml, xsd
from adapters.codecs.datacontract_usual import BLANK, PROLOGUE, TEXT, is_small
from adapters.codecs.soap import VERSIONS, Version, namespace
from adapters.scalars import Kind
from adapters.xsd import Parse
from gateway.limits import Limits
from gateway.outcome import Fault
from gateway.quick import quick
from schemas.message import Member, Message, Tree

Leaves: TypeAlias = list[tuple[str, str]]
"""Names and texts, in the order in which they came."""
_Rows: TypeAlias = Mapping[str, tuple[str, Parse | None]]

_NAME = r"[A-Za-z_][A-Za-z0-9_.-]{0,40}+"
# Text between elements is nothing to a reader of envelopes; the published samples are indented by no-break spaces.
_STRAY = r"[^<&\x00-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff]*+"
_LEAF = rf"<({_NAME})(?:>{TEXT}</\%d>|[ \t\r\n]?/>){_STRAY}"
_LEAVES = re.compile(_LEAF % 1, re.ASCII)
_ENVELOPE = re.compile(
    rf"{PROLOGUE}(<({_NAME}):Envelope(?:[ \t\r\n][^<>]*+)?>){_STRAY}"
    rf"<\2:Header>{_STRAY}((?:{_LEAF % 4})*)</\2:Header>{_STRAY}"
    rf"<\2:Body>{_STRAY}<({_NAME})>{_STRAY}((?:{_LEAF % 8})*)</\6>{_STRAY}</\2:Body>{_STRAY}</\2:Envelope>{BLANK}",
    re.ASCII,
)
_LONGEST = 1024
"""Characters of an Envelope's tag that is remembered."""
_LEVELS = 4
_PARSERS = xsd.parsers()
_STRUCTURED = (Kind.OBJECT, Kind.LIST, Kind.ANY)


@quick
@dataclass(frozen=True, slots=True)
class UsualEnvelope:
    """An envelope, taken apart: its version, the leaves of its Header, and those of the Body's one element."""

    version: Version
    header: Leaves
    wrapper: str
    body: Leaves

    def tree(self, message: Message) -> Tree | None:
        """The leaves as members of ``message``; None where one is no scalar of it, is sent twice or does not parse."""
        rows = message.compiled(_parts)
        tree: Tree = {}
        try:
            _fill(tree, rows["header"], self.header)
            _fill(tree, rows["body"], self.body)
        except (LookupError, ValueError, ArithmeticError):
            return None
        return tree


def _parts(message: Message) -> Mapping[str, _Rows]:
    return {part: _rows([each for each in message.members if each.part == part]) for part in ("header", "body")}


def _rows(members: list[Member]) -> _Rows:
    """Key and parser of each scalar by its name; a string is what it is."""
    return {
        member.name: (member.key, None if member.kind is Kind.STRING else _PARSERS.get(member.kind, str))
        for member in members
        if member.kind not in _STRUCTURED
    }


def _fill(tree: Tree, rows: _Rows, leaves: Leaves) -> None:
    for name, text in leaves:
        key, parse = rows[name]
        if key in tree:
            raise LookupError(key)
        tree[key] = text if parse is None else parse(text)


def usual_envelope(body: bytes, limits: Limits) -> UsualEnvelope | None:
    """The envelope of ``body``, None where it is none that is read here."""
    if not is_small(body, limits) or limits.depth <= _LEVELS:
        return None
    try:
        found = _ENVELOPE.fullmatch(body.decode())
    except UnicodeDecodeError:
        return None
    if found is None:
        return None
    opening, prefix, header, wrapper, members = found.group(1, 2, 3, 6, 7)
    # No name in the expression is longer than this tag, which names the namespace of the Envelope.
    if len(opening) > min(_LONGEST, limits.name_bytes) or opening.count("=") > limits.attributes:
        return None
    version = _version(opening, prefix)
    if version is None:
        return None
    return UsualEnvelope(version, _LEAVES.findall(header), wrapper, _LEAVES.findall(members))


@lru_cache(maxsize=256)
def _version(opening: str, prefix: str) -> Version | None:
    """The version of SOAP that an Envelope's tag names; None for a tag that is no XML, or declares a namespace for
    what has no prefix."""
    try:
        root = xml.parse(f"{opening}</{prefix}:Envelope>".encode(), Limits())
    except Fault:
        return None
    return VERSIONS.get(namespace(root)) if None not in root.nsmap else None
