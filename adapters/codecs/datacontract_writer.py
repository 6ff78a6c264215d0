"""Writes what .NET's DataContractSerializer writes through an XmlWriter, byte for byte.

Everything that does not depend on the value (names, prefixes, declarations, indentation) is settled once for a
message and a depth: :func:`compile_writer` returns a function that only fills in texts. The rules of prefixes: an
element whose own namespace no prefix names declares it as the default namespace, after every other attribute; a
member whose *content* has another namespace declares the prefix ``d{depth}p1`` for it, even when it is nil.
"""

import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, tzinfo
from decimal import Decimal
from typing import Any, TypeAlias
from uuid import UUID

from adapters.codecs.datacontract_names import SERIALIZATION, XSD, XSI, content_namespace, item_name, wire_members
from adapters.scalars import REFERENCE_KINDS, Kind, NetDateTime
from adapters.xml import escape, escape_attribute
from adapters.xsd import DEFAULTS, NAMES, Format, formats
from gateway.outcome import Fault, FaultKind
from schemas.message import Member, Message, Tree

Emit: TypeAlias = Callable[[Any, list[str]], None]


@dataclass(frozen=True, slots=True)
class Style:
    """How the underlying XmlWriter was set up; see :class:`adapters.codecs.datacontract.DataContract`."""

    zone: tzinfo = UTC
    indent: bool = False
    newline: str | None = "\n"
    controls: str = "reference"
    space: bool = True
    collapse: bool = False

    @property
    def collapsing(self) -> frozenset[Kind]:
        """The kinds whose empty text is an empty element: XmlTextWriter and XmlWriter differ in both."""
        return frozenset({Kind.STRING if self.collapse else Kind.BASE64})

    @property
    def close(self) -> str:
        """How an empty element ends."""
        return " />" if self.space else "/>"

    def line(self, depth: int) -> str:
        """What stands before a tag at ``depth``."""
        return (self.newline or "\n") + "  " * (depth - 1) if self.indent else ""


_SPECIAL = re.compile("\r\n?|[&<>\n\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")


def text_writer(style: Style) -> Format:
    """Element content: markup escaped, line ends as the XmlWriter makes them, control characters as it treats them."""

    def replace(found: re.Match[str]) -> str:
        return _special(found[0], style)

    def write(value: Any) -> str:
        text = value if isinstance(value, str) else str(value)
        return _SPECIAL.sub(replace, text) if _SPECIAL.search(text) is not None else text

    return write


def _special(found: str, style: Style) -> str:
    if found in "&<>":
        return escape(found)
    if found[0] in "\r\n":
        return found if style.newline is None else style.newline
    if "\ud800" <= found <= "\udfff":
        return "\ufffd"
    if style.controls == "reference":
        return f"&#x{ord(found):X};"
    raise Fault(FaultKind.INTERNAL, f"The answer holds the character U+{ord(found):04X}, which XML cannot carry.")


@dataclass(frozen=True, slots=True)
class _Scope:
    """The prefixes in force, innermost last."""

    bound: tuple[tuple[str, str], ...]

    def prefix(self, namespace: str) -> str | None:
        seen: set[str] = set()
        for prefix, uri in reversed(self.bound):
            if uri == namespace and prefix not in seen:
                return prefix
            seen.add(prefix)
        return None

    def bind(self, prefix: str, namespace: str) -> "_Scope":
        return _Scope((*self.bound, (prefix, namespace)))


@dataclass(frozen=True, slots=True)
class _Tag:
    """The constant parts of one element: ``opening`` lacks its ``>``."""

    opening: str
    late: str
    name: str
    scope: _Scope


class _Compiler:
    """What all closures of one writer share."""

    def __init__(self, style: Style) -> None:
        self.style = style
        self.text = text_writer(style)
        self.formats: Mapping[Kind, Format] = {**formats(style.zone), Kind.STRING: self.text}

    def tag(self, member: Member, name: str, namespace: str, depth: int, scope: _Scope) -> _Tag:
        prefix, late = scope.prefix(namespace), ""
        if prefix is None:
            prefix, late, scope = "", f' xmlns="{escape_attribute(namespace)}"', scope.bind("", namespace)
        qualified = f"{prefix}:{name}" if prefix else name
        opening, content = f"{self.style.line(depth)}<{qualified}", content_namespace(member)
        if content and content != namespace and scope.prefix(content) is None:
            opening += f' xmlns:d{depth}p1="{escape_attribute(content)}"'
            scope = scope.bind(f"d{depth}p1", content)
        return _Tag(opening, late, qualified, scope)

    def element(self, member: Member, name: str, namespace: str, depth: int, scope: _Scope) -> Emit:
        parts = self.tag(member, name, namespace, depth, scope)
        if member.message is not None:
            return self.container(parts, depth, self.content(member.message, depth, parts.scope))
        if member.item is not None:
            return self.container(parts, depth, self.items(member.item, depth, parts.scope))
        if member.kind is Kind.ANY:
            return self.anything(parts, depth)
        return self.leaf(member, parts)

    def container(self, parts: _Tag, depth: int, content: Emit) -> Emit:
        nil = f'{parts.opening} i:nil="true"{parts.late}{self.style.close}'
        start, empty = f"{parts.opening}{parts.late}>", f"{parts.opening}{parts.late}{self.style.close}"
        end = f"{self.style.line(depth)}</{parts.name}>"

        def emit(value: Any, out: list[str]) -> None:
            if value is None:
                out.append(nil)
                return
            mark = len(out)
            out.append(start)
            content(value, out)
            if len(out) == mark + 1:
                out[mark] = empty
            else:
                out.append(end)

        return emit

    def content(self, message: Message, depth: int, scope: _Scope) -> Emit:
        rows = [(member.key, self.member(member, depth + 1, scope)) for member in wire_members(message)]

        def emit(tree: Any, out: list[str]) -> None:
            get = tree.get
            for key, write in rows:
                write(get(key), out)

        return emit

    def items(self, item: Member, depth: int, scope: _Scope) -> Emit:
        write = self.element(item, *item_name(item), depth + 1, scope)

        def emit(values: Any, out: list[str]) -> None:
            for value in values:
                write(value, out)

        return emit

    def member(self, member: Member, depth: int, scope: _Scope) -> Emit:
        write = self.element(member, member.name, member.namespace, depth, scope)
        if member.emit_default:
            return write
        default = None if member.nillable or member.kind in REFERENCE_KINDS else default_of(member)

        def emit(value: Any, out: list[str]) -> None:
            if value is not None and value != default:
                write(value, out)

        return emit

    def leaf(self, member: Member, parts: _Tag) -> Emit:
        start, end = f"{parts.opening}{parts.late}>", f"</{parts.name}>"
        write = self.enum(member) if member.kind is Kind.ENUM else self.formats[member.kind]
        if member.nillable or member.kind in REFERENCE_KINDS:
            absent = f'{parts.opening} i:nil="true"{parts.late}{self.style.close}'
        else:
            absent = f"{start}{write(default_of(member))}{end}"

        def emit(value: Any, out: list[str]) -> None:
            out.append(absent if value is None else f"{start}{write(value)}{end}")

        def emit_or_collapse(value: Any, out: list[str]) -> None:
            out.append(absent if value is None else f"{start}{write(value)}{end}" if value else empty)

        empty = f"{parts.opening}{parts.late}{self.style.close}"
        return emit_or_collapse if member.kind in self.style.collapsing else emit

    def enum(self, member: Member) -> Format:
        texts: dict[Any, str] = {name: self.text(name) for name in member.choices}
        texts.update(enumerate(list(texts.values())))

        def write(value: Any) -> str:
            if not member.choices or value in texts:
                return texts.get(value) or self.text(value)
            raise Fault(
                FaultKind.INTERNAL, f"Enum value '{value}' is invalid for {member.name} and cannot be serialized."
            )

        return write

    def anything(self, parts: _Tag, depth: int) -> Emit:
        """An ``object`` member: the type of the value is written with it."""
        number = 2 if f"d{depth}p1=" in parts.opening else 1
        prefix, end = f"d{depth}p{number}", f"</{parts.name}>"

        def emit(value: Any, out: list[str]) -> None:
            if value is None:
                out.append(f'{parts.opening} i:nil="true"{parts.late}{self.style.close}')
                return
            kind, namespace = next((row[1:] for row in _TYPES if isinstance(value, row[0])), (Kind.STRING, XSD))
            text = json.dumps(value, default=str) if isinstance(value, (dict, list)) else value
            typed = f' xmlns:{prefix}="{namespace}" i:type="{prefix}:{NAMES[kind][0]}"'
            content = self.formats[kind](text)
            whole = f">{content}{end}" if content or kind not in self.style.collapsing else self.style.close
            out.append(f"{parts.opening}{typed}{parts.late}{whole}")

        return emit


_TYPES: tuple[tuple[type, Kind, str], ...] = (
    (bool, Kind.BOOLEAN, XSD),
    (int, Kind.INT, XSD),
    (Decimal, Kind.DECIMAL, XSD),
    (float, Kind.DOUBLE, XSD),
    (NetDateTime, Kind.DATETIME, XSD),
    (bytes, Kind.BASE64, XSD),
    (UUID, Kind.GUID, SERIALIZATION),
)


def default_of(member: Member) -> Any:
    """What a value type is in .NET when nothing was set."""
    if member.kind is Kind.ENUM:
        return member.choices[0] if member.choices else ""
    return DEFAULTS[member.kind]


def compile_writer(message: Message, style: Style, depth: int = 1) -> Callable[[Tree | None], str]:
    """A function that writes a tree of ``message`` as an element at ``depth`` (the root of a document is 1)."""
    member = Member(key="", name=message.name, kind=Kind.OBJECT, message=message, namespace=message.namespace)
    return _document(member, message.name, message.namespace, style, depth)


def compile_list_writer(message: Message, style: Style, depth: int = 1) -> Callable[[list[Tree] | None], str]:
    """The same for a list of messages, whose root is ``ArrayOf…``."""
    item = Member(key="", name=message.name, kind=Kind.OBJECT, message=message, namespace=message.namespace)
    member = Member(key="", name="", kind=Kind.LIST, item=item)
    return _document(member, *item_name(member), style, depth)


def _document(member: Member, name: str, namespace: str, style: Style, depth: int) -> Callable[[Any], str]:
    compiler = _Compiler(style)
    late = f' xmlns="{escape_attribute(namespace)}"' if namespace else ""
    scope = _Scope((("", namespace), ("i", XSI)))
    parts = _Tag(f'<{name} xmlns:i="{XSI}"', late, name, scope)
    content = (
        compiler.content(member.message, depth, scope)
        if member.message is not None
        else compiler.items(member.item, depth, scope)
        if member.item is not None
        else _nothing
    )
    emit = compiler.container(parts, depth, content)
    nil = f'<{name} i:nil="true" xmlns:i="{XSI}"{late}{style.close}'

    def write(value: Any) -> str:
        if value is None:
            return nil
        out: list[str] = []
        emit(value, out)
        return "".join(out)

    return write


def _nothing(value: Any, out: list[str]) -> None:
    """Content of an element that has none."""
