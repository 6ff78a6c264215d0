"""Names of the data contract language: namespaces, and how the items of a list are called."""

from adapters.scalars import Kind
from adapters.xsd import NAMES
from schemas.message import Member, Message

XSI = "http://www.w3.org/2001/XMLSchema-instance"
XSD = "http://www.w3.org/2001/XMLSchema"
SERIALIZATION = "http://schemas.microsoft.com/2003/10/Serialization/"
ARRAYS = "http://schemas.microsoft.com/2003/10/Serialization/Arrays"

NIL = f"{{{XSI}}}nil"
TYPE = f"{{{XSI}}}type"
ID = f"{{{SERIALIZATION}}}Id"
REF = f"{{{SERIALIZATION}}}Ref"


def item_name(item: Member) -> tuple[str, str]:
    """Local name and namespace of one item's element.

    A message lends its own; primitives have their XML Schema names in the Arrays namespace, lists are ``ArrayOf…``. An
    enumeration is named by its field's ``name`` option.
    """
    if item.message is not None:
        return item.message.name, item.message.namespace
    if item.item is not None:
        name, namespace = item_name(item.item)
        return f"ArrayOf{name}", namespace
    if item.kind is Kind.ENUM:
        return item.name or "string", item.namespace or ARRAYS
    return NAMES[item.kind][0], ARRAYS


def content_namespace(member: Member) -> str | None:
    """The namespace of a member's own contract; None for scalars, whose content has no elements."""
    if member.message is not None:
        return member.message.namespace
    return item_name(member.item)[1] if member.item is not None else None


def tag(name: str, namespace: str) -> str:
    """An element name as lxml spells it."""
    return f"{{{namespace}}}{name}" if namespace else name


def wire_members(message: Message) -> tuple[Member, ...]:
    """The members that stand in the element, in data contract order.

    This language has no SOAP Header, so members declared for one stand here, too, unless the Body has one of that name.
    """
    flat = set(map(id, message.flat_members))
    return tuple(member for member in message.xml_members if id(member) in flat)
