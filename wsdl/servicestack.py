"""WSDL of every operation offered over ServiceStack, as ``GET /soap11`` and ``GET /soap12`` answer it.

Names of messages, port types, bindings and ports are those of the original's. Unlike it, this document is valid: each
element stands in its own namespace under its own name, and every type is described. Class levels of a data contract
become types that extend each other; levels below a message have names of ours, which never stand on the wire.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from xml.sax.saxutils import escape, quoteattr

from adapters.codecs.datacontract_names import SERIALIZATION, item_name, wire_members
from adapters.scalars import REFERENCE_KINDS, Kind
from schemas.api import Operation
from schemas.message import Member, Message

TYPES = "http://schemas.servicestack.net/types"
_XS = "http://www.w3.org/2001/XMLSchema"

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
    f'<xs:schema targetNamespace="{SERIALIZATION}" elementFormDefault="qualified">',
    '  <xs:simpleType name="guid"><xs:restriction base="xs:string">',
    f'    <xs:pattern value="{_HEX}{{8}}-{_HEX}{{4}}-{_HEX}{{4}}-{_HEX}{{4}}-{_HEX}{{12}}"/>',
    "  </xs:restriction></xs:simpleType>",
    '  <xs:simpleType name="char"><xs:restriction base="xs:int"/></xs:simpleType>',
    '  <xs:simpleType name="duration"><xs:restriction base="xs:duration"/></xs:simpleType>',
    "</xs:schema>",
)


@dataclass(frozen=True, slots=True)
class Version:
    """One SOAP version: the document's name, the prefix of its WSDL binding, and the binding's name."""

    name: str
    prefix: str
    binding: str
    path: str


SOAP_11 = Version("Soap11", "soap", "BasicHttpBinding_ISyncReply", "/soap11")
SOAP_12 = Version("Soap12", "soap12", "WSHttpBinding_ISyncReply", "/soap12")


@dataclass(frozen=True, slots=True)
class _Types:
    """The types found so far, as lines by namespace; ``prefixes`` are those of the document."""

    prefixes: dict[str, str] = field(default_factory=dict)
    lines: dict[str, list[str]] = field(default_factory=dict)
    seen: set[tuple[str, str]] = field(default_factory=set)

    def name(self, namespace: str, local: str) -> str:
        """A qualified name, its namespace declared."""
        if not namespace:
            return local
        prefix = self.prefixes.setdefault(namespace, f"q{len(self.prefixes) + 1}")
        return f"{prefix}:{local}"

    def first(self, namespace: str, local: str) -> bool:
        """Whether this type has not been described yet."""
        known = (namespace, local) in self.seen
        self.seen.add((namespace, local))
        self.lines.setdefault(namespace, [])
        return not known


def describe(operations: Sequence[Operation], errors: Iterable[Message], base_url: str, version: Version) -> bytes:
    """The document for ``operations``; ``errors`` are messages that may stand in an answer instead."""
    types = _Types()
    for message in (*(each for item in operations for each in (item.request, item.answer)), *errors):
        _root(types, message)
    body = [
        "<wsdl:types>",
        *_SERIALIZATION,
        *_schemas(types),
        "</wsdl:types>",
        *(line for operation in operations for line in _messages(types, operation)),
        '<wsdl:portType name="ISyncReply">',
        *(line for operation in operations for line in _abstract(operation)),
        "</wsdl:portType>",
        *_binding(operations, version),
        '<wsdl:service name="SyncReply">',
        f'  <wsdl:port name="{version.binding}" binding="tns:{version.binding}">',
        f"    <{version.prefix}:address location={quoteattr(base_url + version.path)}/>",
        "  </wsdl:port>",
        "</wsdl:service>",
    ]
    head = f'<?xml version="1.0" encoding="utf-8"?>\n<wsdl:definitions name="{version.name}" targetNamespace="{TYPES}"'
    declared = {
        "wsdl": "http://schemas.xmlsoap.org/wsdl/",
        "soap": "http://schemas.xmlsoap.org/wsdl/soap/",
        "soap12": "http://schemas.xmlsoap.org/wsdl/soap12/",
        "xs": _XS,
        "ser": SERIALIZATION,
        "tns": TYPES,
        **{prefix: namespace for namespace, prefix in types.prefixes.items()},
    }
    names = "".join(f"\n    xmlns:{prefix}={quoteattr(namespace)}" for prefix, namespace in declared.items())
    return (head + names + ">\n" + "".join(f"{line}\n" for line in body) + "</wsdl:definitions>\n").encode()


def _root(types: _Types, message: Message) -> None:
    named = _type(types, message)
    if types.first(message.namespace, f"element {message.name}"):
        line = f'  <xs:element name="{message.name}" nillable="true" type="{named}"/>'
        types.lines[message.namespace].append(line)


def _type(types: _Types, message: Message) -> str:
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


def _complex(types: _Types, namespace: str, local: str, base: str, members: list[Member]) -> None:
    lines = [f'  <xs:complexType name="{local}">']
    if base:
        lines.append(f'    <xs:complexContent><xs:extension base="{base}">')
    lines += ["    <xs:sequence>", *(_element(types, member) for member in members), "    </xs:sequence>"]
    if base:
        lines.append("    </xs:extension></xs:complexContent>")
    types.lines[namespace] += [*lines, "  </xs:complexType>"]


def _element(types: _Types, member: Member) -> str:
    nillable = ' nillable="true"' if member.nillable or member.kind in REFERENCE_KINDS else ""
    opening = f'      <xs:element name="{member.name}" minOccurs="0"{nillable}'
    if member.choices:
        values = "".join(f"<xs:enumeration value={quoteattr(choice)}/>" for choice in member.choices)
        restricted = f'<xs:restriction base="xs:string">{values}</xs:restriction>'
        return f"{opening}><xs:simpleType>{restricted}</xs:simpleType></xs:element>"
    return f'{opening} type="{_named(types, member)}"/>'


def _named(types: _Types, member: Member) -> str:
    if member.message is not None:
        return _type(types, member.message)
    if member.item is not None:
        return _list(types, member.item)
    return _SCALARS[member.kind]


def _list(types: _Types, item: Member) -> str:
    local, namespace = item_name(item)
    name = f"ArrayOf{local}"
    if types.first(namespace, name):
        named = _named(types, item)
        opening = f'<xs:element name="{local}" minOccurs="0" maxOccurs="unbounded" nillable="true" type="{named}"/>'
        sequence = f"<xs:sequence>{opening}</xs:sequence>"
        types.lines[namespace].append(f'  <xs:complexType name="{name}">{sequence}</xs:complexType>')
    return types.name(namespace, name)


def _schemas(types: _Types) -> Iterator[str]:
    for namespace, lines in types.lines.items():
        target = f" targetNamespace={quoteattr(namespace)}" if namespace else ""
        yield f'<xs:schema{target} elementFormDefault="qualified">'
        for other in (SERIALIZATION, *types.lines):
            if other != namespace:
                yield f"  <xs:import namespace={quoteattr(other)}/>" if other else "  <xs:import/>"
        yield from lines
        yield "</xs:schema>"


def _messages(types: _Types, operation: Operation) -> Iterator[str]:
    for suffix, message in (("In", operation.request), ("Out", operation.answer)):
        part = f'<wsdl:part name="par" element="{types.name(message.namespace, message.name)}"/>'
        yield f'<wsdl:message name="{operation.name}{suffix}">{part}</wsdl:message>'


def _abstract(operation: Operation) -> Iterator[str]:
    yield f'  <wsdl:operation name="{operation.name}">'
    if operation.doc:
        yield f"    <wsdl:documentation>{escape(operation.doc)}</wsdl:documentation>"
    yield f'    <wsdl:input message="tns:{operation.name}In"/>'
    yield f'    <wsdl:output message="tns:{operation.name}Out"/>'
    yield "  </wsdl:operation>"


def _binding(operations: Sequence[Operation], version: Version) -> Iterator[str]:
    prefix = version.prefix
    yield f'<wsdl:binding name="{version.binding}" type="tns:ISyncReply">'
    yield f'  <{prefix}:binding style="document" transport="http://schemas.xmlsoap.org/soap/http"/>'
    for operation in operations:
        yield f'  <wsdl:operation name="{operation.name}">'
        yield f'    <{prefix}:operation soapAction="{TYPES}/{operation.name}" style="document"/>'
        yield f'    <wsdl:input><{prefix}:body use="literal"/></wsdl:input>'
        yield f'    <wsdl:output><{prefix}:body use="literal"/></wsdl:output>'
        yield "  </wsdl:operation>"
    yield "</wsdl:binding>"
