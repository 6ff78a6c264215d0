"""Reads what .NET's DataContractSerializer reads, by a declared message, in one forward pass.

The original looks for each element only among the members that follow the last one it found, and skips in silence
what it does not find there. The strict reader keeps exactly what the original keeps. The lenient reader keeps the same
values, and then those members that were skipped although it is plain what they are (out of order, in another case, in
another namespace). Both name in a note whatever they met outside the pass.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, tzinfo
from typing import Any

from lxml import etree

from adapters.codecs.datacontract_attributes import BLANKS, Read, Reading, attributed, enum_parser, said_type, wrong
from adapters.codecs.datacontract_names import SERIALIZATION, XSD, item_name, tag, wire_members
from adapters.scalars import Kind
from adapters.xml import malformed
from adapters.xsd import NAMES, Parse, parsers
from gateway.outcome import Fault, FaultKind, FieldError
from schemas.message import Member, Message, Tree, is_secret


@dataclass(frozen=True, slots=True)
class _Row:
    """How one member is found and read."""

    index: int
    member: Member
    read: Read


_OWN_TYPES = frozenset({Kind.GUID, Kind.DURATION, Kind.CHAR})


class _Compiler:
    """What all closures of one reader share."""

    def __init__(self, zone: tzinfo, strict: bool) -> None:
        self.strict = strict
        self.parsers: Mapping[Kind, Parse] = parsers(zone)

    def member(self, member: Member) -> Read:
        """Reads the element of ``member``; an item of a list has no name and stands at its list's path."""
        if member.message is not None:
            return attributed(_inside(self.object(member.message), member.name), member, item_name(member))
        if member.item is not None:
            return attributed(self.items(member), member, item_name(member))
        read = {Kind.STRING: _string, Kind.ANY: self.anything}.get(member.kind, self.scalar)
        return attributed(read(member), member, None)

    def anything(self, member: Member) -> Read:
        """An ``object`` member: i:type says what its text is; without one it is text."""
        readers = {
            tag(NAMES[kind][0], SERIALIZATION if kind in _OWN_TYPES else XSD): self.scalar(replace(member, kind=kind))
            for kind in self.parsers
            if kind is not Kind.INSTANT
        }
        text = readers[tag("string", XSD)]

        def read(element: etree._Element, reading: Reading) -> Any:
            said = said_type(element)
            if said is None:
                return text(element, reading)
            if tag(*said) not in readers:
                raise malformed(f"{reading.at(member.name)} is of the unknown type '{said[1]}:{said[0]}'.")
            return readers[tag(*said)](element, reading)

        return read

    def scalar(self, member: Member) -> Read:
        parse = enum_parser(member) if member.kind is Kind.ENUM else self.parsers[member.kind]

        def read(element: etree._Element, reading: Reading) -> Any:
            text = element.text or ""
            if len(element):
                raise _element_not_expected(reading, member)
            try:
                return parse(text)
            except (ValueError, ArithmeticError):
                raise wrong(reading, member, _sentence(member, text), text) from None

        return read

    def object(self, message: Message) -> Callable[[etree._Element, Reading], Tree]:
        members = wire_members(message)
        rows = [_Row(index, member, self.member(member)) for index, member in enumerate(members)]
        table = {tag(row.member.name, row.member.namespace): (row.index, row.member.key, row.read) for row in rows}
        recover = self.recovery(message, rows)

        def read(element: etree._Element, reading: Reading) -> Tree:
            tree: Tree = {}
            left: list[etree._Element] = []
            last = -1
            if element.text is not None and element.text.strip(BLANKS):
                raise _text_not_expected()
            for child in element:
                entry = table.get(child.tag)
                if entry is not None and entry[0] > last:
                    last, key, read_member = entry
                    tree[key] = read_member(child, reading)
                else:
                    left.append(child)
                if child.tail is not None and child.tail.strip(BLANKS):
                    raise _text_not_expected()
            if left:
                recover(tree, left, reading)
            return tree

        return read

    def recovery(self, message: Message, rows: list[_Row]) -> Callable[[Tree, list[etree._Element], Reading], None]:
        """What becomes of elements that the forward pass skipped."""
        exact = {tag(row.member.name, row.member.namespace): row for row in rows}
        folded = _unambiguous(rows)

        def recover(tree: Tree, left: list[etree._Element], reading: Reading) -> None:
            for element in left:
                row = exact.get(element.tag)
                if row is None:
                    row = folded.get(_local(element).lower())
                if row is None:
                    _unknown(message, tree, element, reading)
                elif row.member.key in tree:
                    _duplicate(row.member, element, reading)
                else:
                    self.keep(tree, row, element, reading)

        return recover

    def keep(self, tree: Tree, row: _Row, element: etree._Element, reading: Reading) -> None:
        """Take a member that the original would have lost; where it cannot be read it stays lost."""
        for name in _oddities(row.member.name, row.member.namespace, element):
            reading.note(name, row.member.name)
        if self.strict:
            return
        value, read = _attempt(row.read, element, reading, row.member.name)
        if read:
            tree[row.member.key] = value

    def items(self, member: Member) -> Read:
        item = member.item
        assert item is not None
        name, namespace = item_name(item)
        wanted, read_item = tag(name, namespace), self.member(_anonymous(item))

        def read(element: etree._Element, reading: Reading) -> list[Any]:
            if element.text is not None and element.text.strip(BLANKS):
                raise _text_not_expected()
            items: list[Any] = []
            path, outer = reading.path, len(reading.path)
            path.append(member.name)
            for child in element:
                path[outer] = f"{member.name}[{len(items)}]"
                if child.tag == wanted:
                    items.append(read_item(child, reading))
                else:
                    self.stray_item(items, read_item, name, namespace, child, reading)
                if child.tail is not None and child.tail.strip(BLANKS):
                    raise _text_not_expected()
            path.pop()
            return items

        return read

    def stray_item(
        self, items: list[Any], read: Read, name: str, namespace: str, element: etree._Element, reading: Reading
    ) -> None:
        if _local(element).lower() != name.lower():
            reading.note("unknown_member", _local(element))
            return
        for oddity in _oddities(name, namespace, element):
            reading.note(oddity, "")
        if not self.strict:
            value, done = _attempt(read, element, reading, "")
            if done:
                items.append(value)


def _attempt(read: Read, element: etree._Element, reading: Reading, name: str) -> tuple[Any, bool]:
    depth, notes = len(reading.path), len(reading.notes)
    try:
        return read(element, reading), True
    except Fault as fault:
        if fault.kind is FaultKind.TOO_LARGE:
            raise
        del reading.path[depth:], reading.notes[notes:]
        reading.note("unreadable_member", name)
        return None, False


def _anonymous(item: Member) -> Member:
    return replace(item, name="") if item.name else item


def _inside(read: Read, name: str) -> Read:
    if not name:
        return read

    def inside(element: etree._Element, reading: Reading) -> Any:
        reading.path.append(name)
        value = read(element, reading)
        reading.path.pop()
        return value

    return inside


def _text_not_expected() -> Fault:
    return malformed("Expecting state 'Element'.. Encountered 'Text'  with name '', namespace ''.")


def _element_not_expected(reading: Reading, member: Member) -> Fault:
    return malformed(f"{reading.at(member.name)} holds an element where only text is expected.")


def _string(member: Member) -> Read:
    def read(element: etree._Element, reading: Reading) -> str:
        if len(element):
            raise _element_not_expected(reading, member)
        return element.text or ""

    return read


def _sentence(member: Member, text: str) -> str:
    if member.kind is Kind.ENUM:
        return f"Invalid value for {member.name or 'an item'}; it must be one of: {', '.join(member.choices)}."
    shown = "" if member.credential else f" '{text[:100]}'"
    return f"The value{shown} cannot be parsed as the type '{NAMES[member.kind][1]}'."


def _local(element: etree._Element) -> str:
    return str(element.tag).rpartition("}")[2]


def _namespace(element: etree._Element) -> str:
    return str(element.tag)[1:].rpartition("}")[0]


def _unambiguous(rows: list[_Row]) -> dict[str, _Row]:
    """Members by lower-case local name, without those that another member's name could be taken for."""
    names = [row.member.name.lower() for row in rows]
    return {name: row for name, row in zip(names, rows, strict=True) if names.count(name) == 1}


def _oddities(name: str, namespace: str, element: etree._Element) -> list[str]:
    odd = ["wrong_case"] if _local(element) != name else []
    odd += ["wrong_namespace"] if _namespace(element) != namespace else []
    return odd or ["out_of_order"]


def _duplicate(member: Member, element: etree._Element, reading: Reading) -> None:
    if is_secret(member):
        message = f"{member.name} must be sent only once."
        wrong = FieldError(reading.at(member.name), message, "invalid")
        raise Fault(FaultKind.INVALID, message, fields=(wrong,))
    reading.note("duplicate_member", member.name)


def _unknown(message: Message, tree: Tree, element: etree._Element, reading: Reading) -> None:
    reading.note("unknown_member", _local(element))
    if message.open and not len(element):
        tree.setdefault(_local(element), element.text or "")


def root_mismatch(element: etree._Element, name: str, namespace: str) -> Fault:
    """The fault for a document element of another name or namespace, in the sentence of the original serializer."""
    return malformed(
        f"Expecting element '{name}' from namespace '{namespace}'.. "
        f"Encountered 'Element'  with name '{_local(element)}', namespace '{_namespace(element)}'."
    )


def compile_reader(
    message: Message, zone: tzinfo = UTC, strict: bool = False
) -> Callable[[etree._Element, Reading], Tree]:
    """A function that reads an element of ``message``, whose name and namespace must match exactly.

    A root that is nil gives an empty tree and the note ``nil_root``.
    """
    member = Member(key="", name="", kind=Kind.OBJECT, message=message, namespace=message.namespace)
    read, wanted = _Compiler(zone, strict).member(member), tag(message.name, message.namespace)

    def read_root(element: etree._Element, reading: Reading) -> Tree:
        if element.tag != wanted:
            raise root_mismatch(element, message.name, message.namespace)
        tree: Tree | None = read(element, reading)
        if tree is None:
            reading.note("nil_root", message.name)
        return tree or {}

    return read_root


def compile_list_reader(
    message: Message, zone: tzinfo = UTC, strict: bool = False
) -> Callable[[etree._Element, Reading], list[Tree]]:
    """The same for a list of messages, whose root is ``ArrayOf…``; items that are nil are empty trees."""
    item = Member(key="", name="", kind=Kind.OBJECT, message=message, namespace=message.namespace)
    member = Member(key="", name="", kind=Kind.LIST, item=item)
    name, namespace = item_name(member)
    read, wanted = _Compiler(zone, strict).member(member), tag(name, namespace)

    def read_root(element: etree._Element, reading: Reading) -> list[Tree]:
        if element.tag != wanted:
            raise root_mismatch(element, name, namespace)
        return [tree or {} for tree in read(element, reading) or []]

    return read_root
