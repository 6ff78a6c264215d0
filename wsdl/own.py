"""WSDL 1.1 of the gateway's own service, for SOAP 1.1 and 1.2, made with spyne when the published files are written.

The declared messages become spyne's models; :mod:`wsdl.completion` adds what spyne cannot say. No request reaches
spyne.
"""

import wsdl.toolkit  # noqa: F401, I001 # spyne cannot be imported before

from collections.abc import Callable
from typing import Any

from spyne import Application, ServiceBase, rpc
from spyne.interface.wsdl import Wsdl11
from spyne.model import (
    AnyXml,
    Boolean,
    ByteArray,
    ComplexModel,
    DateTime,
    Decimal,
    Double,
    Duration,
    Enum,
    Integer32,
    Integer64,
    Unicode,
    XmlAttribute,
    XmlData,
)
from spyne.model.complex import TypeInfo
from spyne.protocol.soap import Soap11

from adapters.scalars import Kind
from adapters.soapstyle import target_namespace
from adapters.wrapped import answer_of, request_of
from schemas.api import Api, Operation
from schemas.message import Member, Message
from wsdl.completion import XS, complete

GUID = "[0-9a-fA-F]{8}-([0-9a-fA-F]{4}-){3}[0-9a-fA-F]{12}"

_SCALARS = {
    Kind.STRING: Unicode,
    Kind.BOOLEAN: Boolean,
    Kind.INT: Integer32,
    Kind.LONG: Integer64,
    Kind.DECIMAL: Decimal,
    Kind.DOUBLE: Double,
    Kind.INSTANT: DateTime,
    Kind.DURATION: Duration,
    Kind.BASE64: ByteArray,
}
_ANYTHING = AnyXml.customize(
    schema_tag=f"{XS}any",
    namespace="##any",
    process_contents="skip",
    min_occurs=0,
    max_occurs="unbounded",
    nillable=False,
)


class Models:
    """The spyne models of messages, one for each name, all in one namespace."""

    def __init__(self, space: str) -> None:
        self.space = space
        self.messages: dict[str, Message] = {}
        self._made: dict[str, tuple[Any, Any]] = {}

    def of(self, message: Message) -> Any:
        """The model of a message and of all below it."""
        self.messages[message.name] = message
        return self._once(message.name, tuple(each.key for each in message.members), lambda: self._complex(message))

    def _once(self, name: str, contents: Any, make: Callable[[], Any]) -> Any:
        if name not in self._made:
            self._made[name] = contents, make()
        found, model = self._made[name]
        assert found == contents, f"two different types are called {name}"
        return model

    def _complex(self, message: Message) -> Any:
        members = [(each.name, self._member(each)) for each in message.members]
        if message.open:
            members.append(("any", _ANYTHING))
        return ComplexModel.produce(self.space, message.name, TypeInfo(members))

    def _member(self, member: Member) -> Any:
        """A member; a list is its item, repeated, and a nil item stands for no item."""
        item = member.item if member.kind is Kind.LIST else None
        bounds = {
            "min_occurs": 1 if member.required else 0,
            "max_occurs": 1 if item is None else "unbounded",
            "nillable": item is not None or (member.nillable and not member.required),
        }
        if (item or member).kind is Kind.GUID:
            guid = Unicode.customize(pattern=GUID, type_name="Guid", **bounds)
            guid.__namespace__ = self.space
            return guid
        return self._type(item or member, member.name).customize(**bounds)

    def _type(self, member: Member, name: str) -> Any:
        if member.message is not None:
            return self.of(member.message)
        if member.choices:
            name = name.title().replace("_", "")
            return self._once(name, member.choices, lambda: Enum(*member.choices, type_name=name))
        return _SCALARS[member.kind]


def describe(api: Api, location: str) -> bytes:
    """The WSDL document of ``api``, served at the absolute address ``location``; the same bytes for the same input."""
    models = Models(target_namespace(api.name, ""))
    fault = _fault(models.space)
    methods = {operation.name: _method(operation, models, fault) for operation in api.operations}
    service = type(ServiceBase)(api.name, (ServiceBase,), methods)
    application = Application([service], models.space, name=api.name, in_protocol=Soap11(), out_protocol=Soap11())
    application.transport = "http://schemas.xmlsoap.org/soap/http"
    document = Wsdl11(application.interface)
    document.build_interface_document(location)
    return complete(document.root_elt, api, models.messages)


def _method(operation: Operation, models: Models, fault: Any) -> Any:
    def called(ctx: Any, parameters: Any) -> None:
        """Nobody calls this: spyne only describes."""

    called.__name__, called.__doc__ = operation.name, operation.request.doc if operation.batch else operation.doc
    declare = rpc(
        models.of(request_of(operation)),
        _returns=models.of(answer_of(operation)),
        _body_style="bare",
        _in_message_name=f"{{{models.space}}}{operation.name}",
        _out_message_name=f"{{{models.space}}}{operation.name}Response",
        _wsdl_part_name="parameters",
        _throws=[fault],
    )
    return declare(called)


def _fault(space: str) -> Any:
    """What stands in the detail of a soap:Fault: the gateway's code, and each member that was wrong."""
    named = TypeInfo([("path", XmlAttribute(Unicode)), ("text", XmlData(Unicode))])
    field = ComplexModel.produce(space, "field", named).customize(min_occurs=0, max_occurs="unbounded", nillable=False)
    code = Unicode.customize(min_occurs=1, nillable=False)
    return ComplexModel.produce(space, "fault", TypeInfo([("code", code), ("field", field)]))
