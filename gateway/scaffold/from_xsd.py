"""Types of XML Schema as fields and records. What they cannot say is said as a TODO that names the place."""

from collections.abc import Iterator
from dataclasses import replace
from itertools import groupby
from typing import Any

from adapters.codecs.datacontract_names import SERIALIZATION
from adapters.codecs.soap import local
from adapters.scalars import Kind
from gateway.scaffold.contract import Field, Level, Record
from gateway.scaffold.guess import is_secret
from gateway.scaffold.schemas import XSD, QName, Schemas, documentation, is_schema, qname, schema_of, target

_STRINGS = (
    "string normalizedString token language Name NCName NMTOKEN NMTOKENS ID IDREF IDREFS ENTITY anyURI QName "
    "NOTATION time gYear gYearMonth gMonth gMonthDay gDay hexBinary"
)
_KINDS = {
    **dict.fromkeys(_STRINGS.split(), Kind.STRING),
    **dict.fromkeys(("int", "short", "byte", "unsignedShort", "unsignedByte"), Kind.INT),
    **dict.fromkeys(("long", "unsignedInt"), Kind.LONG),
    **dict.fromkeys(
        ("integer", "nonNegativeInteger", "positiveInteger", "nonPositiveInteger", "negativeInteger"), Kind.LONG
    ),
    **dict.fromkeys(("decimal", "unsignedLong"), Kind.DECIMAL),
    **dict.fromkeys(("float", "double"), Kind.DOUBLE),
    **dict.fromkeys(("dateTime", "date"), Kind.DATETIME),
    **dict.fromkeys(("anyType", "anySimpleType", "anyAtomicType"), Kind.ANY),
    "boolean": Kind.BOOLEAN,
    "duration": Kind.DURATION,
    "base64Binary": Kind.BASE64,
}
_NET = {"guid": Kind.GUID, "char": Kind.CHAR, "duration": Kind.DURATION}
_REMARKS = {
    "date": "is a date: it is read, but an answer writes it with a time",
    "hexBinary": "is hexadecimal: it is text; take its bytes in commands.py",
    "integer": "is an integer of any size: 64 bits are taken",
    "unsignedLong": "is an unsigned integer of 64 bits: fractions are taken, too",
}
_FACETS = ("pattern", "length", "minLength", "maxLength", "minInclusive", "maxInclusive", "minExclusive",
           "maxExclusive", "totalDigits", "fractionDigits")  # fmt: skip
DEEP = 24
"""Levels of nesting that are declared; requests may have 32."""


class Types:
    """Turns schema components into fields; each named type becomes one record."""

    def __init__(self, schemas: Schemas) -> None:
        self.schemas = schemas
        self._records: dict[Any, Record] = {}
        self._roots: dict[Any, Record] = {}
        self._above: list[Any] = []

    def root(self, element: Any) -> Record:
        """The message that a global element is."""
        field = self.element(element)
        space, own = target(element), str(element.get("name"))
        if field.record is None:
            todo = f"{own} holds a {field.kind.value} itself, which no message can be: its value is not read"
            todos = () if field.kind is Kind.ANY and not _typed(element) else (todo,)
            return Record(own, (Level(space, ()),), doc=field.doc, todos=todos)
        if element not in self._roots:
            levels = field.record.levels
            levels = levels if levels[-1].namespace == space else (*levels, Level(space, ()))
            self._roots[element] = replace(field.record, name=own, levels=levels, doc=field.doc or field.record.doc)
        return self._roots[element]

    def element(self, node: Any) -> Field:
        """The member that an element's declaration is."""
        found = node
        if node.get("ref"):
            found = self.schemas.find("element", qname(node, node.get("ref")))
            if found is None:
                return Field(qname(node, node.get("ref"))[1], Kind.ANY, todos=(f"{node.get('ref')} is not declared",))
        field = self._typed(found, str(found.get("name")))
        most, least = node.get("maxOccurs", "1"), node.get("minOccurs", "1")
        nillable = found.get("nillable") in ("true", "1")
        secret = field.kind is Kind.STRING and is_secret(field.name)
        fixed = [f"{field.name} is always {found.get('fixed')!r}: nobody checks it"] if found.get("fixed") else []
        todos = (*field.todos, *fixed)
        field = replace(field, credential=secret, doc=documentation(node) or documentation(found) or field.doc)
        if most not in ("0", "1"):
            item = replace(field, name=field.name, nillable=nillable or None, todos=(), doc="")
            return Field(field.name, Kind.LIST, item=item, required=least != "0", doc=field.doc, todos=todos)
        required = least != "0" and not nillable
        return replace(field, required=required, nillable=nillable or None, todos=todos)

    def _typed(self, node: Any, name: str) -> Field:
        for child in node:
            if is_schema(child, "complexType"):
                return self._complex(child, name, name)
            if is_schema(child, "simpleType"):
                return self._simple(child, name)
        return self.named(name, qname(node, node.get("type"))) if node.get("type") else Field(name, Kind.ANY)

    def named(self, name: str, wanted: QName) -> Field:
        """A member of a type that is known by its name."""
        space, plain = wanted
        if space == XSD:
            return _builtin(name, plain)
        if space == SERIALIZATION and plain in _NET:
            return Field(name, _NET[plain])
        node = self.schemas.find("type", wanted)
        if node is None:
            return Field(name, Kind.ANY, todos=(f"the type {plain} of {name} is not declared: anything is taken",))
        return self._complex(node, name, plain) if is_schema(node, "complexType") else self._simple(node, name)

    def _complex(self, node: Any, name: str, title: str) -> Field:
        content = next((child for child in node if is_schema(child, "simpleContent")), None)
        if content is not None:
            return self._valued(content, name)
        if node in self._above or len(self._above) > DEEP:
            todo = f"{name} is a {title} again, within itself: anything is taken there"
            return Field(name, Kind.ANY, todos=(todo,))
        if node not in self._records:
            self._above.append(node)
            levels = tuple(_levels(self.members(node))) or (Level(target(node), ()),)
            self._above.pop()
            todos = tuple(_todos(node, title))
            is_open = any(is_schema(each, "any") for each in node.iter())
            self._records[node] = Record(title, levels, open=is_open, doc=documentation(node), todos=todos)
        return Field(name, Kind.OBJECT, self._records[node])

    def members(self, node: Any, *, optional: bool = False) -> Iterator[tuple[str, Field]]:
        """The members that a type or a part of one has, each with its namespace, those of its base first."""
        for child in node:
            if is_schema(child, "element"):
                field = self.element(child)
                space = qname(child, child.get("ref"))[0] if child.get("ref") else target(child)
                yield space, replace(field, required=False) if optional else field
            elif is_schema(child, "extension", "restriction"):
                if is_schema(child, "extension") and child.get("base"):
                    base = self.schemas.find("type", qname(child, child.get("base")))
                    yield from self.members(base) if base is not None and base not in self._above else ()
                yield from self.members(child)
            elif is_schema(child, "group") and child.get("ref"):
                group = self.schemas.find("group", qname(child, child.get("ref")))
                yield from self.members(group, optional=optional) if group is not None else ()
            elif is_schema(child, "sequence", "all", "choice", "complexContent"):
                loose = optional or local(child) == "choice" or child.get("minOccurs") == "0"
                yield from (
                    self._repeated(child, loose)
                    if child.get("maxOccurs", "1") not in ("0", "1")
                    else (self.members(child, optional=loose))
                )

    def _repeated(self, node: Any, optional: bool) -> Iterator[tuple[str, Field]]:
        """The members of a group that repeats: each is a list; how they alternate is lost."""
        for space, field in self.members(node, optional=optional):
            if field.item is not None:
                yield space, field
            else:
                todo = f"{field.name} repeats together with its neighbours: each is a list, how they alternate is lost"
                item = replace(field, todos=(), doc="")
                yield space, Field(field.name, Kind.LIST, item=item, doc=field.doc, todos=(*field.todos, todo))

    def _valued(self, content: Any, name: str) -> Field:
        """A text with attributes: its text."""
        derived = content[0] if not is_schema(content[0], "annotation") else content[1]
        field = self.named(name, qname(derived, derived.get("base")))
        todos = tuple(_attributes(derived, name))
        return replace(field, todos=(*field.todos, *todos))

    def _simple(self, node: Any, name: str) -> Field:
        doc = documentation(node)
        for child in node:
            if is_schema(child, "list", "union"):
                todo = f"{name} is a {local(child)} of simple types: it is text"
                return Field(name, Kind.STRING, doc=doc, todos=(todo,))
            if is_schema(child, "restriction"):
                return replace(self._restricted(child, name), doc=doc)
        return Field(name, Kind.STRING, doc=doc)

    def _restricted(self, node: Any, name: str) -> Field:
        choices = tuple(each.get("value", "") for each in node if is_schema(each, "enumeration"))
        inner = next((each for each in node if is_schema(each, "simpleType")), None)
        base = self._simple(inner, name) if inner is not None else self.named(name, qname(node, node.get("base", "")))
        if choices and base.kind in (Kind.STRING, Kind.ENUM):
            return Field(name, Kind.ENUM, choices=tuple(dict.fromkeys(choices)))
        facets = [local(each) for each in node if is_schema(each, *_FACETS)]
        facets += ["enumeration"] if choices else []
        told = ", ".join(dict.fromkeys(facets))
        todo = (f"{name} has limits that nobody checks yet: {told}",) if facets else ()
        return replace(base, todos=(*base.todos, *todo))


def _typed(element: Any) -> bool:
    return bool(element.get("type")) or any(is_schema(child, "simpleType") for child in element)


def _builtin(name: str, plain: str) -> Field:
    kind = _KINDS.get(plain)
    if kind is None:
        return Field(name, Kind.STRING, todos=(f"the type {plain} of {name} is unknown: it is text",))
    remark = _REMARKS.get(plain)
    return Field(name, kind, todos=(f"{name} {remark}",) if remark else ())


def _levels(members: Iterator[tuple[str, Field]]) -> Iterator[Level]:
    """Members by their namespace; each name once, since a choice may have the same element in two branches."""
    once: dict[str, tuple[str, Field]] = {}
    for space, field in members:
        once.setdefault(field.name, (space, field))
    for space, run in groupby(once.values(), key=lambda pair: pair[0]):
        yield Level(space, tuple(field for _, field in run))


def _todos(node: Any, title: str) -> Iterator[str]:
    """What of a complex type no record says."""
    own = [each for each in node.iter() if isinstance(each.tag, str) and _belongs(each, node)]
    for each in own:
        if is_schema(each, "choice"):
            names = [str(one.get("name") or one.get("ref")) for one in each if is_schema(one, "element")]
            yield f"{title} has one of {', '.join(names) or 'several groups'}: nobody checks that it is one"
        elif is_schema(each, "any"):
            yield f"{title} may have elements that nobody declared: they are kept as they came"
        elif is_schema(each, "restriction") and each.getparent() is not None and "Content" in local(each.getparent()):
            yield f"{title} restricts {each.get('base')}: only what it declares itself is a member"
    if node.get("mixed") in ("true", "1"):
        yield f"{title} mixes text and elements: the text is refused"
    if node.get("abstract") in ("true", "1"):
        yield f"{title} is abstract: the members of the types derived from it (xsi:type) are ignored with a note"
    for each in own:
        if is_schema(each, "complexType", "extension", "restriction"):
            yield from _attributes(each, title)


def _belongs(each: Any, node: Any) -> bool:
    """Whether a part is the type's own, not that of a type declared in one of its elements."""
    inner = next(one for one in (each, *each.iterancestors()) if one is node or is_schema(one, "element"))
    return inner is node


def _attributes(node: Any, title: str) -> Iterator[str]:
    for each in node:
        if is_schema(each, "attribute", "attributeGroup", "anyAttribute"):
            name = each.get("name") or each.get("ref") or "any name"
            if not str(name).startswith(("ser:", "wsdl:")):
                yield f"the attribute {name} of {title} is not read: no codec has attributes"


def is_qualified(element: Any) -> bool | None:
    """Whether the children of a global element stand in its namespace; None where it has none of its own."""
    found = [each for each in element.iter() if is_schema(each, "element") and each is not element]
    default = schema_of(element).get("elementFormDefault") == "qualified"
    if not found:
        return default if element.get("type") else None
    first = found[0]
    return True if first.get("ref") else first.get("form", "qualified" if default else "") == "qualified"
