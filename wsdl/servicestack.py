"""WSDL and XSD of every operation offered over ServiceStack: what ``GET /soap11``, ``/soap12`` and ``/metadata?xsd=0``
answer.

Names of messages, port types, bindings and ports are those of the original's. Unlike its, these documents are valid:
each element stands in its own namespace under its own name, and every type is described.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from xml.sax.saxutils import escape, quoteattr

from schemas.api import Operation
from schemas.message import Message
from wsdl.datacontract_types import TYPES, XS, Types, alone, collect, inline


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
class Described:
    """What the documents are about. ``errors`` are messages that may stand in an answer instead; with ``flash`` a GUID
    is a plain string."""

    operations: Sequence[Operation]
    errors: Sequence[Message] = ()
    flash: bool = False

    def types(self) -> Types:
        """The types of all messages."""
        pairs = (message for item in self.operations for message in (item.request, item.answer))
        return collect((*pairs, *self.errors), flash=self.flash)

    def qualified(self) -> "Described":
        """The same without operations any of whose types has no namespace."""
        found = [item for item in self.operations if "" not in collect((item.request, item.answer)).lines]
        return replace(self, operations=found)


def describe(about: Described, base_url: str, version: Version) -> bytes:
    """The WSDL document, for the service at ``base_url``.

    It leaves out operations whose messages have no namespace: a WSDL may not hold a schema without one (WS-I Basic
    Profile 1.1, R2105), and clients that find one refuse the whole document.
    """
    about = about.qualified()
    types = about.types()
    body = [
        "<wsdl:types>",
        *inline(types),
        "</wsdl:types>",
        *(line for operation in about.operations for line in _messages(types, operation)),
        '<wsdl:portType name="ISyncReply">',
        *(line for operation in about.operations for line in _abstract(operation)),
        "</wsdl:portType>",
        *_binding(about.operations, version),
        '<wsdl:service name="SyncReply">',
        f'  <wsdl:port name="{version.binding}" binding="tns:{version.binding}">',
        f"    <{version.prefix}:address location={quoteattr(base_url + version.path)}/>",
        "  </wsdl:port>",
        "</wsdl:service>",
    ]
    return (_head(types, version) + "".join(f"{line}\n" for line in body) + "</wsdl:definitions>\n").encode()


def _head(types: Types, version: Version) -> str:
    declared = {
        "wsdl": "http://schemas.xmlsoap.org/wsdl/",
        "soap": "http://schemas.xmlsoap.org/wsdl/soap/",
        "soap12": "http://schemas.xmlsoap.org/wsdl/soap12/",
        "xs": XS,
        "tns": TYPES,
        **{prefix: namespace for namespace, prefix in types.prefixes.items()},
    }
    names = "".join(f"\n    xmlns:{prefix}={quoteattr(namespace)}" for prefix, namespace in declared.items())
    head = f'<?xml version="1.0" encoding="utf-8"?>\n<wsdl:definitions name="{version.name}" targetNamespace="{TYPES}"'
    return f"{head}{names}>\n"


def namespaces(about: Described) -> tuple[str, ...]:
    """The namespaces of the schemas by their number in ``?xsd=``: .NET's scalars, the service's types, collections,
    and then those of the messages."""
    return tuple(about.types().lines)


def numbered_xsd(about: Described, number: int, address: str) -> bytes | None:
    """The schema of this number, or None when there is no such; others lie at ``address`` and their number."""
    types = about.types()
    names = tuple(types.lines)
    if not 0 <= number < len(names):
        return None
    return alone(types, names[number], lambda namespace: f"{address}{names.index(namespace)}")


def xsd_files(about: Described) -> Mapping[str, bytes]:
    """Every schema as a file; the files lie in one folder."""
    types = about.types()
    return {_file_name(namespace): alone(types, namespace, _file_name) for namespace in types.lines}


def _file_name(namespace: str) -> str:
    return f"servicestack-{namespace.rstrip('/').rpartition('/')[2] or 'unqualified'}.xsd"


def _messages(types: Types, operation: Operation) -> Iterator[str]:
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


def _binding(operations: Iterable[Operation], version: Version) -> Iterator[str]:
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
