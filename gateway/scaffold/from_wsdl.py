"""A contract from WSDL 1.1: every operation that is bound to SOAP, document/literal or rpc/literal."""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from adapters.codecs.soap import SOAP_11, SOAP_12, local, namespace
from adapters.scalars import Kind
from gateway.scaffold.contract import Call, Contract, Field, Level, Record, ScaffoldError, records
from gateway.scaffold.from_xsd import Types, is_qualified
from gateway.scaffold.mapping import reads
from gateway.scaffold.schemas import WSDL, Documents, QName, Schemas, UndeclaredPrefix, qname

SOAPS = {
    "http://schemas.xmlsoap.org/wsdl/soap/": SOAP_11,
    "http://schemas.xmlsoap.org/wsdl/soap12/": SOAP_12,
}


@dataclass(frozen=True)
class _Bound:
    """One operation of a binding, and what it is bound to."""

    binding: Any
    node: Any
    abstract: Any
    style: str


def contract(root: Any, file: Path) -> Contract:
    """The contract of a WSDL whose root element was parsed; what it imports is read from beside it."""
    try:
        return _Reader(Documents(root, file), file.name).contract(root)
    except UndeclaredPrefix as error:
        raise ScaffoldError(f"{file.name}: {error}") from None


class _Reader:
    def __init__(self, documents: Documents, source: str) -> None:
        self.documents, self.source = documents, source
        self.schemas = Schemas(documents)
        self.types = Types(self.schemas)
        self.named = {
            (kind, (_target(node), node.get("name"))): node
            for kind in ("message", "portType", "binding")
            for node in documents.all(kind)
        }
        self.forms: Counter[str] = Counter()
        self.left: list[str] = []

    def contract(self, root: Any) -> Contract:
        """Every operation once, though it may be bound to both versions of SOAP."""
        bound = self._bound()
        calls = tuple(self.call(each) for each in bound)
        service = next(iter(self.documents.all("service")), None)
        title = str(service.get("name") if service is not None else root.get("name") or "Service")
        version = _version(bound[0].binding)
        members: Any = self.forms.most_common(1)[0][0] if self.forms else "qualified"
        todos = (*self.left, *self._addresses(), *self._mixed(), *_alike(calls), *dict.fromkeys(self._faults(bound)))
        return Contract(
            title, "soap", calls, self.source, doc=_documentation(service), media_type=version.media_type,
            members=members, todos=todos,
        )  # fmt: skip

    def _bound(self) -> list[_Bound]:
        found: dict[tuple[QName, str, str], _Bound] = {}
        for binding in self.documents.all("binding"):
            soap = next((child for child in binding if namespace(child) in SOAPS), None)
            if soap is None:
                continue
            port = qname(binding, binding.get("type", ""))
            for node in binding.findall(f"{{{WSDL}}}operation"):
                named = next((child for child in node if namespace(child) in SOAPS), None)
                style = (named.get("style") if named is not None else None) or soap.get("style", "document")
                abstract = self._abstract(port, node)
                if abstract is None:
                    self.left.append(
                        f"{node.get('name')} is bound, but its portType {port[1]} does not have it: left out"
                    )
                    continue
                key = (port, str(node.get("name")), str(getattr(_part(node, "input"), "attrib", {}).get("name", "")))
                found.setdefault(key, _Bound(binding, node, abstract, style))
        if not found:
            raise ScaffoldError(f"{self.source}: no operation is bound to SOAP")
        return list(found.values())

    def _abstract(self, port: QName, node: Any) -> Any:
        holder = self.named.get(("portType", port))
        candidates = holder.findall(f"{{{WSDL}}}operation") if holder is not None else []
        same = [each for each in candidates if each.get("name") == node.get("name")]
        wanted = getattr(_part(node, "input"), "attrib", {}).get("name")
        chosen = [each for each in same if wanted and getattr(_part(each, "input"), "attrib", {}).get("name") == wanted]
        return next(iter(chosen or same), None)

    def call(self, bound: _Bound) -> Call:
        """One operation."""
        name, todos = str(bound.abstract.get("name")), list(self._headers(bound))
        request = self.message(bound, "input", name)
        if _part(bound.abstract, "output") is None:
            todos.append(f"{name} is one-way: its callers expect an answer without a body")
        answer = self.message(bound, "output", f"{name}Response")
        spaces = {level.namespace for record in records(answer) for level in record.levels if level.fields}
        if len(spaces - {answer.namespace}) > 0 and self.forms["qualified"]:
            todos.append("the answer has elements of further namespaces, but all are written in that of the answer")
        doc = _documentation(bound.abstract)
        return Call(name, request, answer, writes=not reads(name), doc=doc, todos=tuple(todos))

    def message(self, bound: _Bound, role: str, name: str) -> Record:
        """The element in the Body."""
        abstract, concrete = _part(bound.abstract, role), _part(bound.node, role)
        if abstract is None:
            return Record(name, (Level(_target(bound.abstract), ()),))
        body = next((one for one in _children(concrete) if namespace(one) in SOAPS and local(one) == "body"), None)
        self._refuse_encoded(bound, body)
        parts = self._parts(abstract, body)
        if bound.style == "rpc":
            return self._rpc(bound, parts, body, name)
        if not parts:
            return Record(name, (Level(_target(bound.abstract), ()),))
        if len(parts) == 1 and parts[0].get("element"):
            return self._element(parts[0], role)
        if role == "output":
            return self._side_by_side(bound, parts, name)
        raise ScaffoldError(
            f"{self.source}: the Body of {bound.abstract.get('name')} is document/literal, but not one element (line"
            f" {parts[0].sourceline}): such requests cannot be told apart; begin from a sample of each instead"
        )

    def _side_by_side(self, bound: _Bound, parts: list[Any], name: str) -> Record:
        """An answer whose parts stand in the Body without an element around them."""
        fields = tuple(self._part_field(part) for part in parts)
        todo = f"the Body of {name} holds these side by side, without {name}: that is SoapStyle(bare_answer=True)"
        return Record(name, (Level(_target(bound.abstract), fields),), todos=(todo,))

    def _element(self, part: Any, role: str) -> Record:
        wanted = qname(part, part.get("element"))
        element = self.schemas.find("element", wanted)
        if element is None:
            raise ScaffoldError(
                f"{self.source}: the element {wanted[1]} of the namespace {wanted[0]!r} is declared in no schema"
                f" (line {part.sourceline}); save the schema that has it beside the WSDL and import it"
            )
        holder = self.schemas.find("type", qname(element, element.get("type"))) if element.get("type") else None
        qualified = is_qualified(holder if holder is not None else element)
        if not wanted[0]:
            self.forms["none"] += 1
        elif qualified is not None:
            self.forms["qualified" if qualified else "unqualified"] += 1
        return self.types.root(element)

    def _rpc(self, bound: _Bound, parts: list[Any], body: Any, name: str) -> Record:
        """rpc/literal: an element named after the operation around its parts, which have no namespace."""
        space = (body.get("namespace") if body is not None else None) or _target(bound.abstract)
        self.forms["unqualified"] += 1
        fields = tuple(self._part_field(part) for part in parts)
        return Record(name, (Level(space, fields),))

    def _part_field(self, part: Any) -> Field:
        name = str(part.get("name"))
        if part.get("type"):
            return self.types.named(name, qname(part, part.get("type")))
        element = self.schemas.find("element", qname(part, part.get("element", "")))
        todo = f"the part {name} of an rpc operation names an element: anything is taken"
        return Field(name, Kind.ANY, todos=(todo,)) if element is None else self.types.element(element)

    def _parts(self, abstract: Any, body: Any) -> list[Any]:
        wanted = qname(abstract, abstract.get("message", ""))
        message = self.named.get(("message", wanted))
        if message is None:
            raise ScaffoldError(f"{self.source}: the message {wanted[1]} is not declared (line {abstract.sourceline})")
        parts = message.findall(f"{{{WSDL}}}part")
        chosen = body.get("parts") if body is not None else None
        return [part for part in parts if part.get("name") in chosen.split()] if chosen is not None else parts

    def _refuse_encoded(self, bound: _Bound, body: Any) -> None:
        if body is not None and body.get("use", "literal") == "encoded":
            raise ScaffoldError(
                f"{self.source}: {bound.abstract.get('name')} is {bound.style}/encoded (line {body.sourceline}); only"
                f" literal contracts are read: begin from a sample of each request instead"
            )

    def _headers(self, bound: _Bound) -> Iterator[str]:
        for block in _children(_part(bound.node, "input")):
            if namespace(block) in SOAPS and local(block) == "header":
                part = f"{qname(block, block.get('message', ''))[1]}.{block.get('part')}"
                yield f'the Header block {part} is ignored: declare what is in it with part="header"'

    def _addresses(self) -> Iterator[str]:
        for service in self.documents.all("service"):
            for address in service.iter(*(f"{{{space}}}address" for space in SOAPS)):
                yield (
                    f"the service's own address is {address.get('location')}: SoapStyle(path=...) serves its path, so"
                    f" that clients change the host alone"
                )
                return

    def _mixed(self) -> Iterator[str]:
        if len(self.forms) > 1:
            told = ", ".join(f"{number} {form}" for form, number in sorted(self.forms.items()))
            yield f"the messages disagree on the namespace of their members ({told}); answers have one form for all"

    def _faults(self, bound: list[_Bound]) -> Iterator[str]:
        for each in bound:
            for fault in each.abstract.findall(f"{{{WSDL}}}fault"):
                yield f"fault: {fault.get('name')} of {each.abstract.get('name')}"


def _target(node: Any) -> str:
    root = node.getroottree().getroot()
    return str(root.get("targetNamespace", ""))


def _part(operation: Any, role: str) -> Any:
    return operation.find(f"{{{WSDL}}}{role}")


def _alike(calls: tuple[Call, ...]) -> Iterator[str]:
    found: dict[tuple[str, str], list[str]] = {}
    for each in calls:
        found.setdefault((each.request.name, each.request.namespace), []).append(each.name)
    for (element, _), names in found.items():
        if len(names) > 1:
            yield f"{' and '.join(names)} have the same element {element}: they are told apart by SOAPAction alone"


def _children(node: Any) -> list[Any]:
    return list(node) if node is not None else []


def _version(binding: Any) -> Any:
    return next(SOAPS[namespace(child)] for child in binding if namespace(child) in SOAPS)


def _documentation(node: Any) -> str:
    found = node.find(f"{{{WSDL}}}documentation") if node is not None else None
    return " ".join("".join(found.itertext()).split()) if found is not None else ""
