"""A contract from an OpenAPI document, 3.0 or 3.1."""

from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any
from urllib.parse import urlsplit

from adapters.scalars import Kind
from gateway.scaffold.contract import Call, Contract, Field, Level, Record, ScaffoldError
from gateway.scaffold.json_schema import Schemas
from gateway.scaffold.names import class_name, snake

METHODS = ("get", "put", "post", "delete", "options", "head", "patch", "trace")
SAFE = ("get", "head", "options", "trace")
_PLACES = {"path": "path", "query": "query", "header": "header"}
_OWN_HEADERS = frozenset({"accept", "content-type", "authorization"})


def parse_yaml(body: bytes, source: str) -> Any:
    """The value of a YAML document. Raises ScaffoldError."""
    try:
        import yaml  # type: ignore[import-untyped] # an extra, which brings no types
    except ImportError:
        raise ScaffoldError(
            f"{source}: YAML needs PyYAML: pip install 'session-gateway[yaml]', or convert it to JSON"
        ) from None
    try:
        return yaml.load(body.decode("utf-8-sig"), _loader(yaml))  # noqa: S506 # a safe loader, see _loader
    except (yaml.YAMLError, UnicodeDecodeError, RecursionError, ValueError) as error:
        told = " ".join(str(error).split())
        raise ScaffoldError(f"{source}: is not YAML: {told[:200]}") from None


def _loader(yaml: Any) -> Any:
    """YAML as JSON has it: dates stay texts, and 401 as a key is a text, too."""

    class Loader(yaml.SafeLoader):  # type: ignore[misc] # PyYAML is optional
        """A safe loader without dates."""

    kinds = Loader.yaml_implicit_resolvers
    Loader.yaml_implicit_resolvers = {
        first: [(tag, pattern) for tag, pattern in rows if tag != "tag:yaml.org,2002:timestamp"]
        for first, rows in kinds.items()
    }
    return Loader


def contract(document: Any, source: str) -> Contract:
    """The contract of a document that was parsed."""
    if not isinstance(document, Mapping) or not str(document.get("openapi", "")).startswith("3."):
        version = document.get("swagger") if isinstance(document, Mapping) else None
        told = f"Swagger {version}; convert it to OpenAPI 3 first" if version else "no OpenAPI 3 document"
        raise ScaffoldError(f"{source}: is {told}")
    reader = _Reader(document, source)
    info: Mapping[str, Any] = document.get("info") or {}
    title = str(info.get("title") or "Service")
    calls, todos = tuple(reader.calls()), tuple(reader.todos())
    doc = str(info.get("description") or "")
    return Contract(title, "rest", calls, source, doc=doc, prefix=reader.prefix, todos=todos)


class _Reader:
    def __init__(self, document: Mapping[str, Any], source: str) -> None:
        self.document, self.source = document, source
        self.schemas = Schemas(document, source)
        servers = document.get("servers")
        url = servers[0].get("url", "") if isinstance(servers, list) and servers else ""
        path = urlsplit(str(url)).path.rstrip("/")
        self.prefix = path if "{" not in path else ""

    def todos(self) -> Iterator[str]:
        """What the document says of the whole service and no API of the gateway does."""
        found = self.document.get("components", {}).get("securitySchemes", {})
        if found:
            yield f"the document's security schemes are {', '.join(map(str, found))}: see header() below"
        if self.document.get("webhooks"):
            yield f"webhooks are not served: {', '.join(map(str, self.document['webhooks']))}"
        servers = self.document.get("servers") or []
        if len(servers) > 1 or any("{" in str(server.get("url")) for server in servers):
            yield f"the document names several servers or a template: the paths begin with {self.prefix or '/'}"

    def calls(self) -> Iterator[Call]:
        """Every operation, in the document's order."""
        paths = self.document.get("paths")
        for path, item in (paths if isinstance(paths, Mapping) else {}).items():
            shared, _ = self.schemas.resolve(item)
            for method in METHODS:
                if isinstance(shared.get(method), Mapping):
                    yield self.call(str(path), method, shared[method], shared.get("parameters", []))

    def call(self, path: str, method: str, node: Mapping[str, Any], shared: Any) -> Call:
        """One operation."""
        if not path.startswith("/") or not path.isprintable() or set(path) & set(' "\\?#'):
            raise ScaffoldError(f"{self.source}: {path!r} is no path; it begins with a slash and has no blanks")
        name = str(node.get("operationId") or snake(f"{method} {path}"))
        todos = list(self._undone(node))
        found = [self._resolved(one) for one in (*shared, *node.get("parameters", []))]
        given = {(one.get("in"), one.get("name")): one for one in found}
        fields = [field for one in given.values() if (field := self.parameter(one, todos)) is not None]
        told = {field.name for field in fields if field.location == "path"}
        fields += [
            Field(one, Kind.STRING, required=True, location="path") for one in _templates(path) if one not in told
        ]
        body, batch = self.body(node.get("requestBody"), todos)
        request = body if body is not None and not fields else _request(name, fields, body)
        status, answer = self.answer(name, node.get("responses"), todos)
        doc = str(node.get("summary") or node.get("description") or "")
        return Call(
            name, request, answer, method.upper(), f"{self.prefix}{path}", method not in SAFE, status, batch, doc,
            todos=tuple(todos),
        )  # fmt: skip

    def _resolved(self, node: Any) -> Mapping[str, Any]:
        return self.schemas.resolve(node)[0]

    def _undone(self, node: Mapping[str, Any]) -> Iterator[str]:
        if node.get("deprecated"):
            yield "deprecated by the document"
        if node.get("callbacks"):
            yield f"callbacks are not made: {', '.join(map(str, node['callbacks']))}"

    def parameter(self, node: Mapping[str, Any], todos: list[str]) -> Field | None:
        """The member that a parameter is; None for one that is no member."""
        name, place = str(node.get("name")), str(node.get("in"))
        if place not in _PLACES:
            todos.append(f"the {place} parameter {name} is not read: members travel in path, query, header and body")
            return None
        if place == "header" and name.lower() in _OWN_HEADERS:
            return None
        schema = node.get("schema") or next(iter(dict(node.get("content") or {"": {}}).values())).get("schema", {})
        field = self.schemas.field(name, schema, required=bool(node.get("required")) or place == "path")
        if field.item is not None and place != "body":
            todo = f"{name} is a list in the {place}: it is read as JSON there; see style and explode in the document"
            field = replace(field, todos=(*field.todos, todo))
        example = node.get("example")
        sample = example if isinstance(example, (str, int)) else field.sample
        return replace(field, location=place, doc=str(node.get("description") or field.doc), sample=sample)

    def body(self, node: Any, todos: list[str]) -> tuple[Record | None, bool]:
        """The record of a body, and whether it may be a list of them."""
        body, _ = self.schemas.resolve(node)
        schema = _json(body.get("content"), "the request", todos)
        if schema is None:
            return None, False
        found = self.schemas.field("body", schema, "Body")
        if found.record is not None:
            return found.record, False
        if found.item is not None and found.item.record is not None:
            return found.item.record, True
        todos.append(f"the body is {_called(found)}, and a request is an object: anything in an object is taken")
        return Record("Body", (Level("", ()),), open=True), False

    def answer(self, name: str, node: Any, todos: list[str]) -> tuple[int, Record]:
        """The status and the record of what a success answers; the other statuses are told."""
        title, nothing = f"{class_name(name)}Response", (Level("", ()),)
        found = {str(code): self._resolved(one) for code, one in (node if isinstance(node, Mapping) else {}).items()}
        good = sorted(code for code in found if code[:1] == "2")
        others = [code for code in found if code not in good[:1]]
        if others:
            todos.append(f"further answers are published: {', '.join(others)}; tell them in faults.py or answers.py")
        code = good[0] if good else "default" if "default" in found else ""
        status = int(code) if code.isdecimal() else 200
        content = found.get(code, {}).get("content")
        schema = _json(content, "the answer", todos)
        if schema is None:
            return status, Record(title, nothing, doc=f"{name} answers nothing.")
        made = self.schemas.field("items" if _is_list(self._resolved(schema)) else "value", schema, title)
        if made.record is not None:
            return status, made.record
        field = replace(made, required=True, todos=made.todos)
        return status, Record(title, (Level("", (field,)),), bare=True, doc=f"What {name} answers.")


def _request(name: str, fields: list[Field], body: Record | None) -> Record:
    """What travels beside the body, and what is in it."""
    inside = body or Record("")
    level = Level("", (*fields, *inside.fields))
    doc = f"What {name} is asked with."
    return Record(f"{class_name(name)}Request", (level,), open=inside.open, doc=doc, todos=inside.todos)


def _is_list(schema: Mapping[str, Any]) -> bool:
    return schema.get("type") == "array"


def _templates(path: str) -> list[str]:
    return [part.partition("}")[0] for part in path.split("{")[1:]]


def _json(content: Any, what: str, todos: list[str]) -> Any | None:
    """The schema of a JSON body; other media types are told."""
    kinds = list(content) if isinstance(content, Mapping) else []
    chosen = next((kind for kind in kinds if "json" in kind), kinds[0] if kinds else None)
    if chosen is None:
        return None
    others = [kind for kind in kinds if kind != chosen]
    if "json" not in chosen and chosen != "*/*":
        todos.append(f"{what} is published as {', '.join(kinds)} alone; here it is JSON")
    elif others:
        todos.append(f"{what} is published as {', '.join(others)}, too; here it is JSON alone")
    return dict(content[chosen] or {}).get("schema", {})


def _called(field: Field) -> str:
    names = {Kind.LIST: "a list of plain values", Kind.ANY: "of no declared form"}
    return names.get(field.kind, f"a {field.kind.value}")
