"""JSON Schema, as OpenAPI 3.0 and 3.1 have it, as fields and records. What they cannot say is a TODO."""

from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any

from adapters.scalars import Kind
from gateway.scaffold.contract import Field, Level, Record, ScaffoldError
from gateway.scaffold.guess import is_secret
from gateway.scaffold.names import class_name, unique

_FORMATS = {
    ("integer", "int32"): Kind.INT,
    ("integer", ""): Kind.LONG,
    ("number", "float"): Kind.DOUBLE,
    ("number", "double"): Kind.DOUBLE,
    ("number", ""): Kind.DECIMAL,
    ("string", "date-time"): Kind.INSTANT,
    ("string", "uuid"): Kind.GUID,
    ("string", "duration"): Kind.DURATION,
    ("string", "byte"): Kind.BASE64,
    ("string", ""): Kind.STRING,
    ("boolean", ""): Kind.BOOLEAN,
}
_LIMITS = (
    "pattern", "minLength", "maxLength", "minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum", "multipleOf",
    "minItems", "maxItems", "uniqueItems", "minProperties", "maxProperties", "const", "not", "if", "patternProperties",
)  # fmt: skip


class Schemas:
    """The schemas of one document; each that has a name becomes one record."""

    def __init__(self, document: Mapping[str, Any], source: str) -> None:
        self.document, self.source = document, source
        self._records: dict[int, Record] = {}
        self._above: list[int] = []

    def resolve(self, node: Any) -> tuple[Mapping[str, Any], str]:
        """What a reference leads to, and the last part of its name. Raises ScaffoldError for one that leads nowhere."""
        name, seen = "", set[str]()
        while isinstance(node, Mapping) and isinstance(node.get("$ref"), str):
            reference = node["$ref"]
            if reference in seen or not reference.startswith("#/"):
                why = "leads to itself" if reference in seen else "leads out of the document; bundle it into one file"
                raise ScaffoldError(f"{self.source}: the reference {reference} {why}")
            seen.add(reference)
            name, node = reference.rpartition("/")[2], self._at(reference)
        return (node if isinstance(node, Mapping) else {}), name

    def _at(self, reference: str) -> Any:
        node: Any = self.document
        for part in reference[2:].split("/"):
            key = part.replace("~1", "/").replace("~0", "~")
            if isinstance(node, list) and key.isdecimal() and int(key) < len(node):
                node = node[int(key)]
            elif isinstance(node, Mapping) and key in node:
                node = node[key]
            else:
                raise ScaffoldError(f"{self.source}: the reference {reference} leads nowhere")
        return node

    def field(self, name: str, node: Any, title: str = "", *, required: bool = False) -> Field:
        """The member that a schema describes."""
        schema, said = self.resolve(node)
        made = self._typed(name, schema, said or title or class_name(name))
        limits = [limit for limit in _LIMITS if limit in schema]
        todos = (f"{name} has limits that nobody checks yet: {', '.join(limits)}",) if limits else ()
        nullable = schema.get("nullable") is True or "null" in _types(schema) or made.nillable
        example = schema.get("example", schema.get("default"))
        return replace(
            made,
            required=required and not nullable,
            nillable=nullable or None,
            credential=made.kind is Kind.STRING and is_secret(name),
            sample=example if isinstance(example, (str, int)) else made.sample,
            doc=str(schema.get("description") or schema.get("title") or ""),
            todos=(*made.todos, *todos),
        )

    def _typed(self, name: str, schema: Mapping[str, Any], title: str) -> Field:
        for word in ("oneOf", "anyOf"):
            if word in schema:
                return self._either(name, schema[word], word, title)
        types = [each for each in _types(schema) if each != "null"]
        if len(types) > 1:
            return Field(name, Kind.ANY, todos=(f"{name} is one of {', '.join(types)}: anything is taken",))
        kind = types[0] if types else "object" if {"properties", "allOf"} & set(schema) else ""
        if kind == "array":
            item = self.field("", schema.get("items", {}), title if title.endswith("Item") else f"{title}Item")
            return Field(name, Kind.LIST, item=item, todos=tuple(each.replace("  ", " ") for each in item.todos))
        if kind == "object":
            return self._object(name, schema, title)
        return _scalar(name, kind, schema)

    def _either(self, name: str, options: Any, word: str, title: str) -> Field:
        """One of several; with null as the other one it is simply nullable."""
        found = [one for one in options if isinstance(one, Mapping)] if isinstance(options, list) else []
        real = [one for one in found if one.get("type") != "null"]
        if len(real) == 1:
            made = self.field(name, real[0], title)
            return replace(made, nillable=True)
        return Field(name, Kind.ANY, todos=(f"{name} is {word} {len(real)} schemas: anything is taken",))

    def _object(self, name: str, schema: Mapping[str, Any], title: str) -> Field:
        properties, _ = self.properties(schema)
        if not properties:
            told = f"{name} is an object without declared members: anything is taken"
            return Field(name, Kind.ANY, sample={}, todos=(told,))
        if id(schema) in self._above:
            return Field(name, Kind.ANY, todos=(f"{name} is a {title} again, within itself: anything is taken there",))
        return Field(name, Kind.OBJECT, self.record(schema, title))

    def record(self, schema: Mapping[str, Any], title: str) -> Record:
        """The record of an object."""
        if id(schema) not in self._records:
            self._above.append(id(schema))
            properties, required = self.properties(schema)
            fields = tuple(
                self.field(key, node, f"{title}{class_name(key)}", required=key in required)
                for key, node in properties.items()
            )
            self._above.pop()
            more = schema.get("additionalProperties")
            todos = (f"{title} may have further members: they are kept as they came",) if more else ()
            doc = str(schema.get("description") or "")
            self._records[id(schema)] = Record(title, (Level("", fields),), open=bool(more), doc=doc, todos=todos)
        return self._records[id(schema)]

    def properties(self, schema: Mapping[str, Any], depth: int = 0) -> tuple[dict[str, Any], set[str]]:
        """The properties of an object and which of them are required, those of ``allOf`` too."""
        found: dict[str, Any] = {}
        required: set[str] = set()
        for part in _list(schema.get("allOf")) if depth < 16 else ():
            inner, needed = self.properties(self.resolve(part)[0], depth + 1)
            found |= inner
            required |= needed
        own = schema.get("properties")
        found |= own if isinstance(own, Mapping) else {}
        return found, required | {str(each) for each in _list(schema.get("required"))}


def _list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []


def _types(schema: Mapping[str, Any]) -> list[str]:
    said = schema.get("type", [])
    return [str(each) for each in said] if isinstance(said, list) else [str(said)]


def _scalar(name: str, kind: str, schema: Mapping[str, Any]) -> Field:
    choices = schema.get("enum")
    if isinstance(choices, list) and kind in ("string", ""):
        texts = tuple(unique(each for each in choices if isinstance(each, str)))
        if texts and len(texts) == len([each for each in choices if each is not None]):
            return Field(name, Kind.ENUM, choices=texts)
    todos = tuple(_remarks(name, kind, schema))
    form = str(schema.get("format", ""))
    found = _FORMATS.get((kind, form), _FORMATS.get((kind, ""), Kind.ANY))
    return Field(name, found, todos=todos)


def _remarks(name: str, kind: str, schema: Mapping[str, Any]) -> Iterator[str]:
    if not kind:
        yield f"{name} has no type: anything is taken"
    elif (kind, "") not in _FORMATS:
        yield f"{name} has the unknown type {kind}: anything is taken"
    if isinstance(schema.get("enum"), list):
        yield f"{name} is one of {schema['enum']}: nobody checks it"
    form = schema.get("format")
    if form and (kind, str(form)) not in _FORMATS and form not in ("int64", "password"):
        yield f"{name} has the format {form}, which nobody checks: it is a plain {kind}"
