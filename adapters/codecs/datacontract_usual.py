"""Reads documents as .NET's own serializer writes them, by one regular expression for each run of members.

Nearly every document has the members in contract order, under the serializer's own declarations, and nothing else. For
those a parser, a tree of elements and a walk over it cost four times what this costs. Whatever is written in any other
way (another order, other prefixes, attributes, comments, entities, CDATA, carriage returns inside a text, a value that
does not parse) is not read here at all: None, and the reader of :mod:`adapters.codecs.datacontract_reader` decides.

What is read here has no markup but the declared elements, so it is well-formed where it matches; texts hold no
character that XML forbids. ``tests/adapters/codecs/test_datacontract_usual.py`` compares both readers.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, tzinfo
from typing import TypeAlias

from adapters.codecs.datacontract_attributes import enum_parser
from adapters.codecs.datacontract_names import XSI, item_name, wire_members
from adapters.scalars import REFERENCE_KINDS, Kind
from adapters.xsd import Parse, parsers
from gateway.limits import Limits
from schemas.message import Member, Message, Tree

ReadUsual: TypeAlias = Callable[[bytes, Limits], Tree | None]

BLANK = r"[ \t\r\n]*+"
TEXT = r"([^<&\x00-\x08\x0b-\x1f\ufffe\uffff]*+)"
_NIL = r' i:nil="true" ?/>'
PROLOGUE = r'\ufeff?(?:<\?xml version="1\.0"(?: encoding="[Uu][Tt][Ff]-8")?(?: standalone="(?:yes|no)")?\?>)?' + BLANK
_PREFIX = r"(?![xX][mM][lL]|i=)(?P<%s>[A-Za-z_][A-Za-z0-9_.-]{0,20})"


class _Unusual(Exception):
    """The message, or the document, is not for this reader."""


@dataclass(slots=True)
class _Row:
    """Which groups one member has, and what they mean: its text, or the mark of an object that is there, and then what
    closed it at once, if anything did."""

    group: int
    closed: int
    key: str
    parse: Parse | None = None
    rows: "list[_Row] | None" = None


Step: TypeAlias = Callable[[str, int, Tree], int]
"""Reads from a position into a tree, and gives the position behind it. Raises _Unusual."""


@dataclass(slots=True)
class _Run:
    """A run of members that one expression reads."""

    pattern: str = ""
    groups: int = 0
    rows: list[_Row] = field(default_factory=list)

    def group(self) -> int:
        self.groups += 1
        return self.groups - 1


class _Compiler:
    """Adds up expressions; ``names`` is the longest name, ``depth`` the deepest level."""

    def __init__(self, zone: tzinfo, default: str) -> None:
        self.parsers: Mapping[Kind, Parse] = parsers(zone)
        self.default = default
        self.depth = 1
        self.longest = 0

    def steps(self, message: Message, opening: str, closing: str) -> list[Step]:
        """What reads ``message`` between two pieces of an expression; lists are steps of their own."""
        if message.open:
            raise _Unusual
        steps, run = [], _Run(opening)
        for member in wire_members(message):
            if member.item is not None:
                steps += [_step(run), self.list(member)]
                run = _Run()
            elif member.message is not None and _has_list(member.message):
                steps += [_step(run), self.nested(member)]
                run = _Run()
            else:
                self.add(run, run.rows, member, "")
        run.pattern += closing
        return [*steps, _step(run)]

    def add(self, run: _Run, rows: list[_Row], member: Member, prefix: str) -> None:
        """One scalar, or one object of scalars."""
        self.longest = max(self.longest, len(member.name))
        if member.message is not None:
            self.object(run, rows, member, member.message, prefix)
            return
        name, own = self.name(member, prefix)
        row = _Row(run.group(), run.group(), member.key, self.parse(member))
        nil = f"|{_NIL}" if member.nillable or member.kind in REFERENCE_KINDS else ""
        run.pattern += f"(?:<{name}{own}(?:>{TEXT}</{name}>|( ?/>{nil})){BLANK})?+"
        rows.append(row)

    def parse(self, member: Member) -> Parse | None:
        """What a text becomes; None where it stays one. An ``object`` member without i:type is text."""
        if member.kind is Kind.ENUM:
            return enum_parser(member)
        return None if member.kind in (Kind.STRING, Kind.ANY) else self.parsers[member.kind]

    def object(self, run: _Run, rows: list[_Row], member: Member, message: Message, prefix: str) -> None:
        """An object of scalars; one of another namespace declares its prefix, as the serializer writes it."""
        name, own = self.name(member, prefix)
        if message.open or any(each.namespace != message.namespace for each in message.members):
            raise _Unusual
        self.depth += 1
        inner = ""
        if message.namespace != self.default:
            called = f"p{run.group()}"
            own += f' xmlns:{_PREFIX % called}="{re.escape(message.namespace)}"'
            inner = f"(?P={called}):"
        mark, inside = run.group(), list[_Row]()
        run.pattern += f"(?:<{name}{own}(?:>(){BLANK}"
        for each in wire_members(message):
            self.add(run, inside, each, inner)
        run.pattern += f"</{name}>|({_NIL})){BLANK})?+"
        rows.append(_Row(mark, run.group(), member.key, rows=inside))

    def name(self, member: Member, prefix: str) -> tuple[str, str]:
        """The qualified name, and the declaration that the element has of its own."""
        name = re.escape(member.name)
        if prefix:
            return prefix + name, ""
        own = f' xmlns="{re.escape(member.namespace)}"' if member.namespace != self.default else ""
        if own and (member.message is not None or member.item is not None):
            raise _Unusual
        return name, own

    def nested(self, member: Member) -> Step:
        """An object that holds a list."""
        assert member.message is not None
        name, own = self.name(member, "")
        if own or member.message.namespace != self.default:
            raise _Unusual
        self.longest, self.depth = max(self.longest, len(member.name)), self.depth + 1
        steps = self.steps(member.message, f"<{name}>{BLANK}", f"</{name}>{BLANK}")
        start, key = f"<{member.name}>", member.key

        def step(text: str, at: int, tree: Tree) -> int:
            if not text.startswith(start, at):
                return at
            inner: Tree = {}
            for each in steps:
                at = each(text, at, inner)
            tree[key] = inner
            return at

        return step

    def list(self, member: Member) -> Step:
        """A list of objects, or of scalars of which none is absent."""
        item = member.item
        assert item is not None
        name, space = item_name(item)
        if item.message is None or _has_list(item.message) or not space == member.namespace == self.default:
            raise _Unusual
        self.longest, self.depth = max(self.longest, len(member.name), len(name)), self.depth + 2
        (read,) = self.steps(item.message, f"<{re.escape(name)}>{BLANK}", f"</{re.escape(name)}>{BLANK}")
        start, first, end, key = _blanked(f"<{member.name}>"), f"<{name}>", _blanked(f"</{member.name}>"), member.key
        nil = re.compile(f"<{re.escape(member.name)}{_NIL}{BLANK}").match

        def step(text: str, at: int, tree: Tree) -> int:
            found = start(text, at)
            if found is None:
                found = nil(text, at)
                if found is None:
                    return at
                tree[key] = None
                return found.end()
            items, at = [], found.end()
            while text.startswith(first, at):
                inner: Tree = {}
                at = read(text, at, inner)
                items.append(inner)
            found = end(text, at)
            if found is None:
                raise _Unusual
            tree[key] = items
            return found.end()

        return step


def _has_list(message: Message) -> bool:
    return any(
        member.item is not None or (member.message is not None and _has_list(member.message))
        for member in message.members
    )


def _blanked(tag: str) -> Callable[[str, int], re.Match[str] | None]:
    return re.compile(re.escape(tag) + BLANK).match


def _step(run: _Run) -> Step:
    match, rows = re.compile(run.pattern).match, _table(run.rows)

    def step(text: str, at: int, tree: Tree) -> int:
        found = match(text, at)
        if found is None:
            raise _Unusual
        if rows:
            _take(rows, found.groups(), tree)
        return found.end()

    return step


_Table: TypeAlias = "list[tuple[int, int, str, Parse | None, _Table | None]]"


def _table(rows: list[_Row]) -> _Table:
    """The rows as tuples, which are taken apart at once."""
    return [(row.group, row.closed, row.key, row.parse, None if row.rows is None else _table(row.rows)) for row in rows]


def _take(rows: _Table, groups: tuple[str | None, ...], tree: Tree) -> None:
    for group, closing, key, parse, inside in rows:
        text = groups[group]
        if text is None:
            closed = groups[closing]
            if closed is None:
                continue
            if "nil" in closed:
                tree[key] = None
                continue
            text = ""
        if inside is not None:
            inner: Tree = {}
            _take(inside, groups, inner)
            tree[key] = inner
        else:
            tree[key] = text if parse is None else parse(text)


def compile_usual(message: Message, zone: tzinfo = UTC) -> ReadUsual | None:
    """A function that reads a usual document of ``message``; None where the message itself is none for this reader."""
    compiler = _Compiler(zone, message.namespace)
    name = re.escape(message.name)
    instance = f' xmlns:i="{XSI}"'
    space = f' xmlns="{re.escape(message.namespace)}"' if message.namespace else ""
    opening = f"{PROLOGUE}<{name}(?:{re.escape(instance)}{space}|{space}{re.escape(instance)}|{space})>{BLANK}"
    try:
        steps = compiler.steps(message, opening, f"</{name}>{BLANK}")
    except _Unusual:
        return None

    def read(body: bytes, limits: Limits) -> Tree | None:
        if not is_small(body, limits) or compiler.depth >= limits.depth or compiler.longest > limits.name_bytes:
            return None
        tree: Tree = {}
        try:
            text, at = body.decode(), 0
            # Nearly every document declares it, and at its beginning: that is soon found.
            if instance not in text and " i:nil" in text:
                return None
            for step in steps:
                at = step(text, at, tree)
        except (_Unusual, ValueError, ArithmeticError):
            return None
        return tree if at == len(text) else None

    return read


def is_small(body: bytes, limits: Limits) -> bool:
    """Whether no bound of size can be exceeded; and no text holds what may end a CDATA section alone."""
    size = len(body)
    small = size <= limits.body_bytes and size <= limits.text_bytes and limits.attributes >= 3
    # An element takes three bytes at least, and one character is found in a tenth of the time that three take.
    few = size <= 3 * limits.elements or body.count(b"<") <= limits.elements
    return small and few and (body.find(b"]") < 0 or body.find(b"]]>") < 0)
