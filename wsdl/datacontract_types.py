"""XML Schema of declared messages as .NET data contracts have them: one schema for each namespace.

Class levels of a data contract become types that extend each other; levels below a message have names of ours, which
never stand on the wire.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from xml.sax.saxutils import quoteattr

from adapters.codecs.datacontract_names import ARRAYS, SERIALIZATION, item_name, wire_members
from adapters.scalars import REFERENCE_KINDS, Kind
from schemas.message import Member, Message

TYPES = "http://schemas.servicestack.net/types"
XS = "http://www.w3.org/2001/XMLSchema"

_SCALARS: Mapping[Kind, str] = {
    Kind.STRING: "xs:string",
    Kind.BOOLEAN: "xs:boolean",
    Kind.INT: "xs:int",
    Kind.LONG: "xs:long",
    Kind.DECIMAL: "xs:decimal",
    Kind.DOUBLE: "xs:double",
    Kind.DATETIME: "xs:dateTime",
    Kind.INSTANT: "xs:dateTime",
    Kind.GUID: "ser:guid",
    Kind.DURATION: "ser:duration",
    Kind.BASE64: "xs:base64Binary",
    Kind.CHAR: "ser:char",
    Kind.ENUM: "xs:string",
    Kind.ANY: "xs:anyType",
}
_HEX = "[\\da-fA-F]"
_SERIALIZATION = (
    '  <xs:simpleType name="guid"><xs:restriction base="xs:string">',
    f'    <xs:pattern value="{_HEX}{{8}}-{_HEX}{{4}}-{_HEX}{{4}}-{_HEX}{{4}}-{_HEX}{{12}}"/>',
    "  </xs:restriction></xs:simpleType>",
    '  <xs:simpleType name="char"><xs:restriction base="xs:int"/></xs:simpleType>',
    '  <xs:simpleType name="duration"><xs:restriction base="xs:duration"/></xs:simpleType>',
)


@dataclass(frozen=True, slots=True)
class Types:
    """The types found so far, as lines by namespace; ``prefixes`` are those of the document.

    The first three namespaces stand in the order in which the original numbers them: .NET's scalars, the service's
    types, collections. With ``flash`` a GUID is a plain string, for tools that cannot read a restricted one.
    """

    flash: bool = False
    prefixes: dict[str, str] = field(default_factory=lambda: {SERIALIZATION: "ser"})
    lines: dict[str, list[str]] = field(
        default_factory=lambda: {SERIALIZATION: [*_SERIALIZATION], TYPES: [], ARRAYS: []}
    )
    seen: set[tuple[str, str]] = field(default_factory=set)

    def name(self, namespace: str, local: str) -> str:
        """A qualified name, its namespace declared."""
        if not namespace:
            return local
        prefix = self.prefixes.setdefault(namespace, f"q{len(self.prefixes)}")
        return f"{prefix}:{local}"

    def first(self, namespace: str, local: str) -> bool:
        """Whether this type has not been described yet."""
        known = (namespace, local) in self.seen
        self.seen.add((namespace, local))
        self.lines.setdefault(namespace, [])
        return not known

    def scalar(self, kind: Kind) -> str:
        """The type of a kind that has no members."""
        return "xs:string" if self.flash and kind is Kind.GUID else _SCALARS[kind]


def collect(messages: Iterable[Message], *, flash: bool = False) -> Types:
    """A global element and a type for each of ``messages``, and every type that they use."""
    types = Types(flash)
    for message in messages:
        named = _type(types, message)
        if types.first(message.namespace, f"element {message.name}"):
            line = f'  <xs:element name="{message.name}" nillable="true" type="{named}"/>'
            types.lines[message.namespace].append(line)
    return types


def inline(types: Types) -> Iterator[str]:
    """Every schema, for a document that declares the prefixes."""
    for namespace in types.lines:
        yield from _schema(types, namespace, "", lambda other: None)


def alone(types: Types, namespace: str, place: Callable[[str], str]) -> bytes:
    """The schema of one namespace as a document; ``place`` says where that of another namespace lies."""
    declared = "".join(f" xmlns:{prefix}={quoteattr(name)}" for name, prefix in types.prefixes.items())
    lines = _schema(types, namespace, f' xmlns:xs="{XS}"{declared}', place)
    return ('<?xml version="1.0" encoding="utf-8"?>\n' + "".join(f"{line}\n" for line in lines)).encode()


def _schema(types: Types, namespace: str, declared: str, place: Callable[[str], str | None]) -> Iterator[str]:
    target = f" targetNamespace={quoteattr(namespace)}" if namespace else ""
    yield f'<xs:schema{declared}{target} elementFormDefault="qualified">'
    for other in types.lines:
        if other != namespace:
            where = place(other)
            named = f" namespace={quoteattr(other)}" if other else ""
            yield f"  <xs:import{named}{f' schemaLocation={quoteattr(where)}' if where else ''}/>"
    yield from types.lines[namespace]
    yield "</xs:schema>"


def _type(types: Types, message: Message) -> str:
    """The name of the message's type; described when it is first asked for."""
    named = types.name(message.namespace, message.name)
    if types.first(message.namespace, message.name):
        *bases, own = _levels(message)
        base = ""
        for number, (namespace, members) in enumerate(bases):
            local = f"{message.name}Base{number}"
            types.first(namespace, local)
            _complex(types, namespace, local, base, members)
            base = types.name(namespace, local)
        _complex(types, message.namespace, message.name, base, own[1])
    return named


def _levels(message: Message) -> list[tuple[str, list[Member]]]:
    """The members of each class level with its namespace, base first; the last level is the message's own."""
    found: dict[int, tuple[str, list[Member]]] = {}
    for member in wire_members(message):
        found.setdefault(member.level, (member.namespace, []))[1].append(member)
    levels = [found[number] for number in sorted(found)]
    if not levels or levels[-1][0] != message.namespace:
        levels.append((message.namespace, []))
    return levels


def _complex(types: Types, namespace: str, local: str, base: str, members: list[Member]) -> None:
    lines = [f'  <xs:complexType name="{local}">']
    if base:
        lines.append(f'    <xs:complexContent><xs:extension base="{base}">')
    lines += ["    <xs:sequence>", *(_element(types, member) for member in members), "    </xs:sequence>"]
    if base:
        lines.append("    </xs:extension></xs:complexContent>")
    types.lines[namespace] += [*lines, "  </xs:complexType>"]


def _element(types: Types, member: Member) -> str:
    nillable = ' nillable="true"' if member.nillable or member.kind in REFERENCE_KINDS else ""
    opening = f'      <xs:element name="{member.name}" minOccurs="0"{nillable}'
    if member.choices:
        values = "".join(f"<xs:enumeration value={quoteattr(choice)}/>" for choice in member.choices)
        restricted = f'<xs:restriction base="xs:string">{values}</xs:restriction>'
        return f"{opening}><xs:simpleType>{restricted}</xs:simpleType></xs:element>"
    return f'{opening} type="{_named(types, member)}"/>'


def _named(types: Types, member: Member) -> str:
    if member.message is not None:
        return _type(types, member.message)
    if member.item is not None:
        return _list(types, member.item)
    return types.scalar(member.kind)


def _list(types: Types, item: Member) -> str:
    local, namespace = item_name(item)
    name = f"ArrayOf{local}"
    if types.first(namespace, name):
        named = _named(types, item)
        opening = f'<xs:element name="{local}" minOccurs="0" maxOccurs="unbounded" nillable="true" type="{named}"/>'
        sequence = f"<xs:sequence>{opening}</xs:sequence>"
        types.lines[namespace].append(f'  <xs:complexType name="{name}">{sequence}</xs:complexType>')
    return types.name(namespace, name)
