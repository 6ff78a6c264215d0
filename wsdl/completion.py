"""What spyne's description of a service lacks, added to its tree: SOAP 1.2, actions, documentation, order."""

from collections.abc import Mapping
from copy import deepcopy
from typing import Any

from lxml import etree

from adapters.soapstyle import ADDRESSING, target_namespace
from schemas.api import Api
from schemas.message import Message

WSDL = "{http://schemas.xmlsoap.org/wsdl/}"
XS = "{http://www.w3.org/2001/XMLSchema}"
SOAP = "{http://schemas.xmlsoap.org/wsdl/soap/}"
SOAP12 = "{http://schemas.xmlsoap.org/wsdl/soap12/}"
METADATA = "http://www.w3.org/2007/05/addressing/metadata"
_ORDER = ("types", "message", "portType", "binding", "service")
_KEPT = ("tns", "xs", "wsdl", "wsam")
"""Prefixes that stand in the values of attributes, or that ought to be called what everybody calls them."""


def complete(root: Any, api: Api, messages: Mapping[str, Message]) -> bytes:
    """The finished document. ``messages`` are those behind the complex types, by name."""
    _types(root, messages)
    for operation in root.iterfind(f"{WSDL}portType/{WSDL}operation"):
        _actions(operation, target_namespace(api.name, ""))
    _second_version(root, api)
    root[:] = sorted(root, key=lambda part: _ORDER.index(etree.QName(part).localname))
    root.insert(0, etree.Element(f"{WSDL}documentation"))
    root[0].text = f"{api.title}. {api.doc} Send the key as Authorization: Bearer, an HTTP header."
    # A prefix can be declared only where an element is made.
    made = etree.Element(root.tag, root.attrib, {**root.nsmap, "wsam": METADATA})
    made[:] = list(root)
    etree.cleanup_namespaces(made, keep_ns_prefixes=list(_KEPT))
    etree.indent(made)
    return etree.tostring(made, xml_declaration=True, encoding="utf-8") + b"\n"


def _types(root: Any, messages: Mapping[str, Message]) -> None:
    """Sorted types, then only those elements that a message has for its part."""
    parts = {part.get("element").rpartition(":")[2] for part in root.iter(f"{WSDL}part")}
    for schema in root.iter(f"{XS}schema"):
        found = [each for each in schema if each.tag != f"{XS}element" or each.get("name") in parts]
        schema[:] = sorted(found, key=lambda each: (each.tag == f"{XS}element", each.get("name", "")))
        for each in schema.iterfind(f"{XS}complexType"):
            message = messages.get(each.get("name"))
            if message is not None:
                _document(each, message)


def _document(kind: Any, message: Message) -> None:
    _annotate(kind, message.doc)
    for element in kind.iter(f"{XS}element"):
        _annotate(element, message.by_name[element.get("name")].doc)


def _annotate(element: Any, text: str) -> None:
    if text:
        annotation = etree.Element(f"{XS}annotation")
        etree.SubElement(annotation, f"{XS}documentation").text = text.replace("``", "")
        element.insert(0, annotation)


def _actions(operation: Any, space: str) -> None:
    """WS-Addressing 1.0 Metadata, section 4.4.1: the actions of a message said outright."""
    operation.attrib.pop("parameterOrder", None)  # spyne names an element there, where parts belong
    name = f"{space}/{operation.get('name')}"
    actions = {"input": name, "output": f"{name}Response", "fault": f"{ADDRESSING}/soap/fault"}
    for tag, action in actions.items():
        operation.find(f"{WSDL}{tag}").set(f"{{{METADATA}}}Action", action)


def _second_version(root: Any, api: Api) -> None:
    """The binding and the port of SOAP 1.1, and the same for SOAP 1.2."""
    space = target_namespace(api.name, "")
    for found in (root.find(f"{WSDL}binding"), root.find(f"{WSDL}service/{WSDL}port")):
        for operation in found.iter(f"{SOAP}operation"):
            operation.set("soapAction", f"{space}/{operation.get('soapAction')}")
        second = deepcopy(found)
        for element in second.iter(f"{SOAP}*"):
            element.tag = SOAP12 + etree.QName(element).localname
        for each, version in ((found, "Soap11"), (second, "Soap12")):
            each.set("name", api.name + version)
            if each.get("binding"):
                each.set("binding", f"tns:{api.name}{version}")
        found.addnext(second)
