"""A contract from one XML request: a plain document, or a SOAP envelope."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from functools import reduce
from itertools import groupby
from typing import Any

from adapters import xml
from adapters.codecs.datacontract_names import ARRAYS, ID, NIL, REF, TYPE
from adapters.codecs.soap import VERSIONS, local, namespace
from adapters.scalars import Kind
from adapters.xsd import NAMES
from gateway.limits import Limits
from gateway.outcome import Fault
from gateway.scaffold.contract import Call, Contract, Field, Level, Record, ScaffoldError
from gateway.scaffold.guess import SPAN_TODO, is_secret, is_span, text_kind
from gateway.scaffold.mapping import reads
from gateway.scaffold.merge import merged

SERVICESTACK = "http://schemas.servicestack.net/types"
GENEROUS = Limits(body_bytes=16 << 20, elements=200_000)
"""Samples and contracts are read with these limits: their owner gave them."""

_ARRAY_KINDS = {name: kind for kind, (name, _) in NAMES.items() if kind is not Kind.INSTANT}


def parse(body: bytes, source: str) -> Any:
    """The root element. Raises ScaffoldError that names the file."""
    try:
        return xml.parse(body, GENEROUS, allow_pi=True)
    except Fault as fault:
        raise ScaffoldError(f"{source}: {fault.message.removeprefix('The body ')}") from None


def contract(root: Any, body: bytes, source: str) -> Contract:
    """The contract of a sample whose root element was parsed."""
    version = VERSIONS.get(namespace(root))
    if local(root) == "Envelope" and version is None:
        raise ScaffoldError(f"{source}: the Envelope's namespace {namespace(root)!r} is not that of SOAP 1.1 or 1.2")
    return _document(root, body, source) if version is None else _envelope(root, body, source, version.media_type)


def _document(root: Any, body: bytes, source: str) -> Contract:
    record = _Reader(wrapped=True).record(root)
    stack = any(namespace(element) == SERVICESTACK for element in root.iter())
    name = local(root)
    call = Call(name, record, _answer(name, record.namespace), writes=not reads(name), body=body)
    todos = ("the members' order, kinds and lists are those of one sample: compare them with the original's help page",)
    protocol: Any = "servicestack" if stack else "webapi"
    return Contract(name, protocol, (call,), source, media_type="application/xml", todos=todos)


def _envelope(root: Any, body: bytes, source: str, media_type: str) -> Contract:
    parts = {local(child): child for child in root}
    payload = list(parts["Body"]) if "Body" in parts else []
    if len(payload) != 1:
        raise ScaffoldError(f"{source}: the envelope's Body must hold one element, not {len(payload)}")
    message, name = payload[0], local(payload[0])
    record = _Reader(wrapped=False).record(message)
    answer = _answer(f"{name}Response", record.namespace)
    call = Call(name, record, answer, writes=not reads(name), body=body)
    todos = tuple(
        f'the Header holds {local(block)}, which is ignored: declare it with part="header" if it means anything'
        for block in parts.get("Header", ())
    )
    return Contract(name, "soap", (call,), source, media_type=media_type, members=_members(message), todos=todos)


def _members(message: Any) -> Any:
    if not namespace(message):
        return "none"
    return "unqualified" if any(not namespace(child) for child in message) else "qualified"


def _answer(name: str, space: str) -> Record:
    """An answer that nobody showed: one text."""
    result = Field("Result", Kind.STRING, sample="OK", doc="How it went")
    todo = "the sample shows no answer; declare the members of the real one"
    title = name if name.endswith("Response") else f"{name.removesuffix('Request')}Response"
    return Record(title, (Level(space, (result,)),), doc="What the caller is told.", todos=(todo,))


class _Reader:
    """Elements to records. ``wrapped`` is how data contracts write a list: one element around its items; otherwise
    (SOAP) the items of a list are repeated elements."""

    def __init__(self, *, wrapped: bool) -> None:
        self.wrapped = wrapped
        self.seen: dict[object, Record] = {}

    def record(self, element: Any, *, named: bool = True) -> Record:
        """The record of an element with children, or without anything; ``named`` where its own name is on the wire."""
        todos = [*_attribute_todos(element), *_text_todos(element)]
        runs = groupby(_gathered(element), key=lambda same: namespace(same[0]) if self.wrapped else None)
        levels = [
            Level(space or namespace(element), tuple(self.fields(run, element, todos))) for space, run in runs
        ]  # fmt: skip
        if not levels or (named and levels[-1].namespace != namespace(element)):
            levels.append(Level(namespace(element), ()))
        made = Record(local(element), tuple(levels))
        names = [field.name for field in made.fields]
        if len(set(names)) < len(names):
            todos.append(f"{local(element)} has members of one name in two namespaces: only one of each can be read")
        ordered = self.wrapped and _is_ordered(made)
        shape = (made.name, made.levels, ordered, tuple(todos))
        return self.seen.setdefault(shape, replace(made, ordered=ordered, todos=tuple(todos)))

    def fields(self, run: Iterable[Sequence[Any]], parent: Any, todos: list[str]) -> Iterator[Field]:
        """The members that the children of one namespace are."""
        for same in run:
            found = self.field(same, parent, todos)
            if found is not None:
                yield found

    def field(self, same: Sequence[Any], parent: Any, todos: list[str]) -> Field | None:
        """The member that elements of one name are; None for one that cannot be declared."""
        first, name = same[0], local(same[0])
        if len(same) > 1 and not self.wrapped:
            return Field(name, Kind.LIST, item=self.items(same))
        if len(same) > 1:
            todos.append(
                f"{name} stands {len(same)} times in {local(parent)} without an element around them, which data"
                f" contracts cannot say: only the first is read"
            )
        if self.wrapped and _is_list(first):
            return self.list(first, todos)
        return self.one(first)

    def list(self, element: Any, todos: list[str]) -> Field | None:
        """A list with an element of its own around its items."""
        child, name = element[0], local(element)
        if namespace(child) == ARRAYS:
            return Field(name, Kind.LIST, item=Field("", _ARRAY_KINDS.get(local(child), Kind.STRING)))
        if not len(child):
            todos.append(
                f"{name} holds {local(child)} elements that are plain values, which data contracts have only in the"
                f" namespace {ARRAYS}: it is ignored, with a note"
            )
            return None
        return Field(name, Kind.LIST, item=self.items(list(element)))

    def items(self, elements: Sequence[Any]) -> Field:
        """What the items of a list have in common."""
        found = [self.one(element, named=True) for element in elements]
        return reduce(lambda one, other: merged(one, other, Kind.STRING), found)

    def one(self, element: Any, *, named: bool = False) -> Field:
        """A member that is no list."""
        name, text = local(element), element.text or ""
        if element.get(NIL, "") in ("true", "1"):
            todo = f"{name} was nil in the sample, so that its kind is unknown: it is text for now"
            return Field(name, Kind.STRING, todos=(todo,))
        if len(element):
            return Field(name, Kind.OBJECT, self.record(element, named=named))
        todos = _attribute_todos(element)
        secret = is_secret(name, local(element.getparent()))
        kind = Kind.STRING if secret else text_kind(text, name)
        if kind is Kind.STRING and is_span(text):
            todos.append(SPAN_TODO.format(name=name, format="XML"))
        return Field(name, kind, credential=secret, sample=None if secret else text, todos=tuple(todos))


def _attribute_todos(element: Any) -> list[str]:
    silent = (NIL, TYPE, ID, REF)
    names = [str(name) for name in element.attrib if name not in silent and namespace_of(str(name)) not in VERSIONS]
    return [f"the attribute {name.rpartition('}')[2]} of {local(element)} is not read: no codec has attributes"
            for name in names]  # fmt: skip


def namespace_of(tag: str) -> str:
    """The namespace of a name as lxml spells it."""
    return tag.rpartition("}")[0].removeprefix("{")


def _text_todos(element: Any) -> list[str]:
    texts = [element.text or "", *(child.tail or "" for child in element)] if len(element) else []
    return [f"{local(element)} mixes text and elements: the text is refused"] if "".join(texts).strip() else []


def _is_ordered(record: Record) -> bool:
    levels = [[field.name for field in level.fields] for level in record.levels]
    return any(names != sorted(names) for names in levels)


def _gathered(element: Any) -> list[list[Any]]:
    """The children, those of one name together where the first of them stands."""
    found: dict[str, list[Any]] = {}
    for child in element:
        found.setdefault(str(child.tag), []).append(child)
    return list(found.values())


def _is_list(element: Any) -> bool:
    """Whether all an element holds are items: several of one name, or one whose name its own is the plural of."""
    tags = {str(child.tag) for child in element}
    if len(tags) != 1:
        return False
    child, name = local(element[0]), local(element)
    plural = name in (f"{child}s", f"{child}es", f"ArrayOf{child}") or name == f"{child[:-1]}ies"
    return len(element) > 1 or namespace(element[0]) == ARRAYS or plural
