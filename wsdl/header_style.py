"""WSDL 1.1 of an API whose operations are named in the SOAP Header and whose elements have no namespace.

The parameters of all operations share one wrapper element, and the parts of an answer stand directly in the Body.
Toolkits that make WSDL cannot describe that; WSDL 1.1 itself can, with header parts and several Body parts.
"""

from collections.abc import Iterable, Iterator
from xml.sax.saxutils import escape, quoteattr

from adapters.soapstyle import SoapStyle
from schemas.api import Api, InBand, Operation
from schemas.message import Member, Message

_HEAD = (
    '<?xml version="1.0" encoding="utf-8"?>\n'
    '<wsdl:definitions xmlns:wsdl="http://schemas.xmlsoap.org/wsdl/" xmlns:soap="http://schemas.xmlsoap.org/wsdl/soap/"'
    ' xmlns:xs="http://www.w3.org/2001/XMLSchema" xmlns:tns={space} name={name} targetNamespace={space}>\n'
)


def describe(api: Api, style: SoapStyle, location: str) -> bytes:
    """The WSDL document of ``api``, served at the absolute address ``location``."""
    space = quoteattr(f"urn:session-gateway:{api.name}:wsdl")
    lines = [
        _documentation(api, style),
        *_types(api, style),
        *(line for operation in api.operations for line in _messages(api, style, operation)),
        *_port_type(api),
        *_binding(api, style),
        f'<wsdl:service name="{api.name}">',
        f'  <wsdl:port name="{api.name}" binding="tns:{api.name}">',
        f"    <soap:address location={quoteattr(location)}/>",
        "  </wsdl:port>",
        "</wsdl:service>",
    ]
    head = _HEAD.format(space=space, name=quoteattr(api.name))
    return (head + "".join(f"  {line}\n" for line in lines) + "</wsdl:definitions>\n").encode("utf-8")


def _documentation(api: Api, style: SoapStyle) -> str:
    text = (
        f"{api.title}. The Header's {style.header_member} names the operation; SOAPAction is ignored. An error is an "
        "ordinary answer with HTTP status 200 that has faultcode and faultstring, which a success has not."
    )
    if style.encoding_style:
        text += f" Every Envelope carries encodingStyle {style.encoding_style}, though no element is encoded by it."
    return f"<wsdl:documentation>{escape(text)}</wsdl:documentation>"


def errors(api: Api) -> list[Message]:
    """The messages in which ``api`` tells its faults, each once."""
    found = {row.message.name: row.message for row in api.faults.values() if isinstance(row, InBand)}
    return list(found.values())


def _part(message: Message, part: str) -> list[Member]:
    return [member for member in message.members if member.part == part]


def _outputs(api: Api, operation: Operation, part: str) -> list[str]:
    """Names of the output's parts in wire order: those of a success, then those that only an error has."""
    members = [member for message in (operation.answer, *errors(api)) for member in _part(message, part)]
    return [member.name for member in _distinct(members)]


def _types(api: Api, style: SoapStyle) -> Iterator[str]:
    parameters = _distinct(member for operation in api.operations for member in _part(operation.request, "body"))
    requests = (member for operation in api.operations for member in _part(operation.request, "header"))
    answers = [operation.answer for operation in api.operations] + errors(api)
    plain = _distinct([*requests, *(member for message in answers for member in message.members)])
    yield "<wsdl:types>"
    yield '  <xs:schema elementFormDefault="unqualified">'
    yield from (_element(member, "", "    ") for member in plain)
    yield f'    <xs:element name="{style.wrapper}">'
    yield "      <xs:complexType>"
    yield "        <xs:sequence>"
    yield from (_element(member, ' minOccurs="0"', "          ") for member in parameters)
    yield "        </xs:sequence>"
    yield "      </xs:complexType>"
    yield "    </xs:element>"
    yield "  </xs:schema>"
    yield "</wsdl:types>"


def _distinct(members: Iterable[Member]) -> list[Member]:
    found: dict[str, Member] = {}
    for member in members:
        found.setdefault(member.name, member)
    return list(found.values())


def _element(member: Member, attributes: str, indent: str) -> str:
    opening = f'<xs:element name="{member.name}" type="xs:{member.kind.value}"{attributes}>'
    text = f"<xs:annotation><xs:documentation>{escape(member.doc)}</xs:documentation></xs:annotation>"
    return f"{indent}{opening}{text}</xs:element>"


def _messages(api: Api, style: SoapStyle, operation: Operation) -> Iterator[str]:
    headers = [member.name for member in _part(operation.request, "header")]
    yield from _message(f"{operation.name}Request", headers, [style.wrapper])
    outputs = (_outputs(api, operation, part) for part in ("header", "body"))
    yield from _message(f"{operation.name}Response", *outputs)


def _message(name: str, header: list[str], body: list[str]) -> Iterator[str]:
    yield f'<wsdl:message name="{name}">'
    yield from (f'  <wsdl:part name="header_{part}" element="{part}"/>' for part in header)
    yield from (f'  <wsdl:part name="{part}" element="{part}"/>' for part in body)
    yield "</wsdl:message>"


def _port_type(api: Api) -> Iterator[str]:
    yield f'<wsdl:portType name="{api.name}">'
    for operation in api.operations:
        required = [member.name for member in operation.request.members if member.required]
        needs = f" Required parameters: {', '.join(required)}." if required else ""
        yield f'  <wsdl:operation name="{operation.name}">'
        yield f"    <wsdl:documentation>{escape(operation.doc + needs)}</wsdl:documentation>"
        yield f'    <wsdl:input message="tns:{operation.name}Request"/>'
        yield f'    <wsdl:output message="tns:{operation.name}Response"/>'
        yield "  </wsdl:operation>"
    yield "</wsdl:portType>"


def _binding(api: Api, style: SoapStyle) -> Iterator[str]:
    yield f'<wsdl:binding name="{api.name}" type="tns:{api.name}">'
    yield '  <soap:binding style="document" transport="http://schemas.xmlsoap.org/soap/http"/>'
    for operation in api.operations:
        headers = [member.name for member in _part(operation.request, "header")]
        yield f'  <wsdl:operation name="{operation.name}">'
        yield '    <soap:operation soapAction=""/>'
        yield from _bound("input", f"{operation.name}Request", headers, [style.wrapper])
        outputs = (_outputs(api, operation, part) for part in ("header", "body"))
        yield from _bound("output", f"{operation.name}Response", *outputs)
        yield "  </wsdl:operation>"
    yield "</wsdl:binding>"


def _bound(direction: str, message: str, header: list[str], body: list[str]) -> Iterator[str]:
    yield f"    <wsdl:{direction}>"
    yield from (f'      <soap:header message="tns:{message}" part="header_{part}" use="literal"/>' for part in header)
    yield f'      <soap:body use="literal" parts="{" ".join(body)}"/>'
    yield f"    </wsdl:{direction}>"
