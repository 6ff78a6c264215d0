"""Whether an answer is what its message declares: XML by XML Schema, JSON by the message itself.

The shape around a message is known for the protocols that come with the gateway. Of others, only what every protocol
has in common is looked at: that the body is well-formed, and that the tree which the API gave fits its message.
"""

import tempfile
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from lxml import etree

from adapters import xml
from adapters.protocol import Match
from adapters.scalars import Kind
from gateway.conformance.case import body_of
from gateway.conformance.dialects import Address
from gateway.conformance.wellformed import ANY_SIZE, json_of, media_type
from gateway.wire import WireRequest, WireResponse
from schemas.api import Api
from schemas.message import Member, Message
from wsdl import datacontract_types

_XS = "{http://www.w3.org/2001/XMLSchema}"
_ENVELOPES = ("http://schemas.xmlsoap.org/soap/envelope/", "http://www.w3.org/2003/05/soap-envelope")
_JSON = frozenset({"rest", "webapi", "servicestack"})
"""Protocols whose JSON answer is the message itself."""
_BARE = frozenset({"rest", "webapi"})
"""Those of them in which a bare message is its one member's value."""


class Schemas:
    """Compiled schemas, each made when it is first asked for."""

    def __init__(self) -> None:
        self._messages: dict[int, etree.XMLSchema] = {}
        self._apis: dict[str, etree.XMLSchema] = {}

    def message(self, message: Message) -> etree.XMLSchema:
        """The schema of a data contract."""
        if id(message) not in self._messages:
            types = datacontract_types.collect([message])
            places = {space: f"{number}.xsd" for number, space in enumerate(types.lines)}
            files = {
                place: datacontract_types.alone(types, space, places.__getitem__) for space, place in places.items()
            }
            self._messages[id(message)] = _compiled(files, places)
        return self._messages[id(message)]

    def service(self, address: Address) -> etree.XMLSchema:
        """The schemas in the WSDL document that is served at a SOAP address."""
        api = address.api
        if api.name not in self._apis:
            self._apis[api.name] = _service(address, api)
        return self._apis[api.name]


def _service(address: Address, api: Api) -> etree.XMLSchema:
    asked = WireRequest("GET", address.path, "wsdl", base_url="http://gateway.example", raw_path=address.path)
    page = address.protocol.open(asked, Match(address.endpoint)).reply.page
    found = xml.parse(body_of(page), ANY_SIZE).iter(f"{_XS}schema")
    places: dict[str, str] = {}
    files: dict[str, bytes] = {}
    for number, schema in enumerate(found):
        place = f"{number}.xsd"
        places[schema.get("targetNamespace", "")] = place
        files[place] = etree.tostring(schema)
    return _compiled(files, places)


def _compiled(files: Mapping[str, bytes], places: Mapping[str, str]) -> etree.XMLSchema:
    """One schema of several documents, by a driver that imports each."""
    lines = [
        f'<xs:import{f" namespace={chr(34)}{space}{chr(34)}" if space else ""} schemaLocation="{place}"/>'
        for space, place in places.items()
    ]
    driver = f'<xs:schema xmlns:xs="{_XS[1:-1]}" targetNamespace="urn:driver">{"".join(lines)}</xs:schema>'
    with tempfile.TemporaryDirectory() as folder:
        for place, content in {**files, "driver.xsd": driver.encode()}.items():
            (Path(folder) / place).write_bytes(content)
        return etree.XMLSchema(file=str(Path(folder) / "driver.xsd"))


def departure(address: Address, response: WireResponse, message: Message | None, schemas: Schemas) -> str | None:
    """How an answer departs from ``message`` (None: a native fault), None when it does not."""
    kind, charset = media_type(response)
    body = body_of(response)
    if not body:
        return None
    if kind.endswith("json"):
        name = address.protocol.name
        if message is None or name not in _JSON:
            return None
        value = json_of(body, charset)
        bare = message.bare and name in _BARE
        return _value_departure(message.members[0], value) if bare else _json_departure(message, value)
    if kind.endswith("xml"):
        return _xml_departure(address, xml.parse(body, ANY_SIZE, charset=charset or None), message, schemas)
    return None


def _xml_departure(address: Address, root: Any, message: Message | None, schemas: Schemas) -> str | None:
    envelope = etree.QName(root)
    if envelope.namespace in _ENVELOPES and envelope.localname == "Envelope":
        if address.protocol.name != "soap":
            return None
        schema = schemas.service(address)
        return next((wrong for part in _parts(root) if (wrong := _invalid(schema, part))), None)
    if message is None or address.protocol.name not in ("webapi", "servicestack"):
        return None
    return _invalid(schemas.message(message), root)


def _parts(envelope: Any) -> Iterator[Any]:
    """The elements of an envelope that a service description speaks of: those of the Body, or of a fault's detail."""
    for block in envelope:
        if etree.QName(block).localname != "Body":
            continue
        for part in block:
            if etree.QName(part).namespace in _ENVELOPES and etree.QName(part).localname == "Fault":
                yield from (
                    each for detail in part if etree.QName(detail).localname in ("detail", "Detail") for each in detail
                )
            else:
                yield part


def _invalid(schema: etree.XMLSchema, element: Any) -> str | None:
    if schema.validate(element):
        return None
    return f"<{etree.QName(element).localname}> is not valid by the schema: {schema.error_log[0].message}"  # type: ignore[index]


_SHAPES: Mapping[Kind, tuple[type, ...]] = {
    Kind.BOOLEAN: (bool,),
    Kind.INT: (int,),
    Kind.LONG: (int, str),
    Kind.DECIMAL: (int, float, str),
    Kind.DOUBLE: (int, float, str),
    Kind.OBJECT: (dict,),
    Kind.LIST: (list,),
    Kind.ANY: (object,),
}
"""What a kind is in JSON, text where nothing else is said; an enumeration may be its number."""


def _json_departure(message: Message, value: Any) -> str | None:
    if not isinstance(value, dict):
        return f"{message.name} is {type(value).__name__} instead of an object"
    for name, item in value.items():
        member = message.by_folded.get(name.lower())
        if member is None and not message.open:
            return f"{name!r} is no member of {message.name}"
        wrong = _value_departure(member, item) if member is not None else None
        if wrong:
            return f"{name}: {wrong}"
    missing = [
        member.name for member in message.flat_members if member.required and member.name.lower() not in _folded(value)
    ]
    return f"{', '.join(missing)} is required in {message.name}" if missing else None


def _folded(value: Mapping[str, Any]) -> set[str]:
    return {name.lower() for name in value}


def _is_one(value: Any, types: tuple[type, ...]) -> bool:
    return isinstance(value, types) and (bool in types or object in types or not isinstance(value, bool))


def _value_departure(member: Member, value: Any) -> str | None:
    if value is None:
        return None if member.nillable else "null, which it must not be"
    types = _SHAPES.get(member.kind, (str, int) if member.kind in (Kind.ENUM, Kind.DATETIME) else (str,))
    if not _is_one(value, types):
        return f"{value!r} is no {member.kind.value}"
    if member.message is not None:
        return _json_departure(member.message, value)
    if member.item is not None:
        found = (_value_departure(member.item, item) for item in value)
        return next((wrong for wrong in found if wrong), None)
    return None
