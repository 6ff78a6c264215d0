"""WSDL 1.1 of any API as the protocol ``soap`` serves it without a published style: document/literal, SOAP 1.1 and 1.2.

Each message is one global element, whose members are typed in place, all in its namespace. Message parts are named
``parameters``, which is what makes client generators unwrap them. Open messages may hold further elements than the
schema says, where XML Schema cannot say so: beside optional members.
"""

from collections.abc import Iterator
from dataclasses import replace
from xml.sax.saxutils import escape, quoteattr

from adapters.scalars import Kind
from adapters.soapstyle import DOCUMENT_LITERAL, target_namespace
from schemas.api import Api, Operation
from schemas.message import Member, Message

FAULTS = "urn:session-gateway:faults"
"""The namespace of what stands in a soap:Fault's detail."""

_TYPES = {
    Kind.STRING: "xs:string",
    Kind.BOOLEAN: "xs:boolean",
    Kind.INT: "xs:int",
    Kind.LONG: "xs:long",
    Kind.DECIMAL: "xs:decimal",
    Kind.DOUBLE: "xs:double",
    Kind.DATETIME: "xs:dateTime",
    Kind.INSTANT: "xs:dateTime",
    Kind.GUID: "xs:string",
    Kind.DURATION: "xs:duration",
    Kind.BASE64: "xs:base64Binary",
    Kind.CHAR: "xs:unsignedShort",
}
_ANYTHING = '<xs:any processContents="lax" minOccurs="0" maxOccurs="unbounded"/>'
_BINDINGS = (("Soap11", "soap"), ("Soap12", "soap12"))
_HEAD = (
    '<?xml version="1.0" encoding="utf-8"?>\n<wsdl:definitions xmlns:wsdl="http://schemas.xmlsoap.org/wsdl/"'
    ' xmlns:soap="http://schemas.xmlsoap.org/wsdl/soap/" xmlns:soap12="http://schemas.xmlsoap.org/wsdl/soap12/"'
    ' xmlns:xs="http://www.w3.org/2001/XMLSchema"'
)
_FAULT_TYPE = (
    f'<xs:schema targetNamespace="{FAULTS}" elementFormDefault="qualified">',
    '  <xs:element name="fault"><xs:complexType><xs:sequence>',
    '    <xs:element name="code" type="xs:string"/>',
    '    <xs:element name="field" minOccurs="0" maxOccurs="unbounded"><xs:complexType><xs:simpleContent>',
    '      <xs:extension base="xs:string"><xs:attribute name="path" type="xs:string"/></xs:extension>',
    "    </xs:simpleContent></xs:complexType></xs:element>",
    "  </xs:sequence></xs:complexType></xs:element>",
    "</xs:schema>",
)


def describe(api: Api, location: str) -> bytes:
    """The WSDL document of ``api``, served at the absolute address ``location``."""
    messages = _messages(api)
    prefixes = {space: f"n{number}" for number, space in enumerate(sorted({space for space, _ in messages}))}
    own = f"urn:session-gateway:{api.name}:wsdl"
    declared = "".join(f" xmlns:{prefix}={quoteattr(space)}" for space, prefix in prefixes.items())
    head = f'{_HEAD} xmlns:tns="{own}" xmlns:f="{FAULTS}"{declared} name="{api.name}" targetNamespace="{own}">\n'
    lines = [
        f"<wsdl:documentation>{escape(api.title)}</wsdl:documentation>",
        "<wsdl:types>",
        *_schemas(messages, prefixes, _form(api)),
        *_FAULT_TYPE,
        "</wsdl:types>",
        '<wsdl:message name="Fault"><wsdl:part name="fault" element="f:fault"/></wsdl:message>',
        *(line for operation in api.operations for line in _parts(api, operation, prefixes)),
        *_port_type(api),
        *(line for name, prefix in _BINDINGS for line in _binding(api, name, prefix)),
        *_service(api, location),
    ]
    return (head + "".join(f"{line}\n" for line in lines) + "</wsdl:definitions>\n").encode("utf-8")


def _messages(api: Api) -> dict[tuple[str, str], Message]:
    found: dict[tuple[str, str], Message] = {}
    for operation in api.operations:
        for message in (operation.request, operation.answer):
            name = (target_namespace(api.name, message.namespace), message.name)
            found[name] = _both(found[name], message) if name in found else message
    return found


def _both(one: Message, other: Message) -> Message:
    """What holds either of two messages of one name: a member that only one of them has may be absent."""
    if one is other:
        return one
    members = {member.key: member for member in (*other.members, *one.members)}
    ordered = dict.fromkeys([*one.by_key, *other.by_key])
    return replace(
        one,
        members=tuple(
            members[key] if key in one.by_key and key in other.by_key else replace(members[key], required=False)
            for key in ordered
        ),
    )


def _form(api: Api) -> str:
    style = api.options.get("soap", DOCUMENT_LITERAL)
    return "unqualified" if style.local_members else "qualified"


def _schemas(messages: dict[tuple[str, str], Message], prefixes: dict[str, str], form: str) -> Iterator[str]:
    for space in prefixes:
        yield f'<xs:schema targetNamespace={quoteattr(space)} elementFormDefault="{form}">'
        for (other, name), message in messages.items():
            if other == space:
                yield f'  <xs:element name="{name}">'
                yield from _complex(message, "    ")
                yield "  </xs:element>"
        yield "</xs:schema>"


def _complex(message: Message, indent: str) -> Iterator[str]:
    yield f"{indent}<xs:complexType><xs:sequence>"
    for member in message.members:
        yield from _element(member, indent + "  ")
    if message.open and not message.members:
        yield f"{indent}  {_ANYTHING}"
    yield f"{indent}</xs:sequence></xs:complexType>"


def _element(member: Member, indent: str) -> Iterator[str]:
    bounds = "" if member.required else ' minOccurs="0"'
    item = member
    if member.kind is Kind.LIST and member.item is not None:
        item, bounds = member.item, ' minOccurs="0" maxOccurs="unbounded"'
    if item.nillable and not member.required:
        bounds += ' nillable="true"'
    opening = f'{indent}<xs:element name="{member.name}"{bounds}'
    if item.kind is Kind.OBJECT and item.message is not None:
        yield f"{opening}>"
        yield from _complex(item.message, indent + "  ")
        yield f"{indent}</xs:element>"
    elif item.choices:
        values = "".join(f"<xs:enumeration value={quoteattr(choice)}/>" for choice in item.choices)
        yield f'{opening}><xs:simpleType><xs:restriction base="xs:string">{values}</xs:restriction></xs:simpleType>'
        yield f"{indent}</xs:element>"
    else:
        yield f'{opening} type="{_TYPES.get(item.kind, "xs:anyType")}"/>'


def _parts(api: Api, operation: Operation, prefixes: dict[str, str]) -> Iterator[str]:
    for suffix, message in (("Request", operation.request), ("Response", operation.answer)):
        element = f"{prefixes[target_namespace(api.name, message.namespace)]}:{message.name}"
        part = f'<wsdl:part name="parameters" element="{element}"/>'
        yield f'<wsdl:message name="{operation.name}{suffix}">{part}</wsdl:message>'


def _port_type(api: Api) -> Iterator[str]:
    yield f'<wsdl:portType name="{api.name}">'
    for operation in api.operations:
        yield f'  <wsdl:operation name="{operation.name}">'
        yield f"    <wsdl:documentation>{escape(operation.doc)}</wsdl:documentation>"
        yield f'    <wsdl:input message="tns:{operation.name}Request"/>'
        yield f'    <wsdl:output message="tns:{operation.name}Response"/>'
        yield '    <wsdl:fault name="Fault" message="tns:Fault"/>'
        yield "  </wsdl:operation>"
    yield "</wsdl:portType>"


def _binding(api: Api, name: str, prefix: str) -> Iterator[str]:
    yield f'<wsdl:binding name="{api.name}{name}" type="tns:{api.name}">'
    yield f'  <{prefix}:binding style="document" transport="http://schemas.xmlsoap.org/soap/http"/>'
    for operation in api.operations:
        yield f'  <wsdl:operation name="{operation.name}">'
        yield f'    <{prefix}:operation soapAction="urn:session-gateway:{api.name}/{operation.name}"/>'
        yield f'    <wsdl:input><{prefix}:body use="literal"/></wsdl:input>'
        yield f'    <wsdl:output><{prefix}:body use="literal"/></wsdl:output>'
        yield f'    <wsdl:fault name="Fault"><{prefix}:fault name="Fault" use="literal"/></wsdl:fault>'
        yield "  </wsdl:operation>"
    yield "</wsdl:binding>"


def _service(api: Api, location: str) -> Iterator[str]:
    yield f'<wsdl:service name="{api.name}">'
    for name, prefix in _BINDINGS:
        address = f"<{prefix}:address location={quoteattr(location)}/>"
        yield f'  <wsdl:port name="{api.name}{name}" binding="tns:{api.name}{name}">{address}</wsdl:port>'
    yield "</wsdl:service>"
