"""The module ``messages.py`` of a package: every record as a class."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace

from adapters.scalars import REFERENCE_KINDS, Kind
from gateway.scaffold import names
from gateway.scaffold.contract import Contract, Field, Level, Record, records
from gateway.scaffold.layout import (
    STEP,
    WIDTH,
    Node,
    Source,
    comment,
    docstring,
    flat,
    literal,
    quoted,
    render,
    short,
    tidy,
)

_CLASSES = {
    Kind.STRING: "String",
    Kind.BOOLEAN: "Boolean",
    Kind.INT: "Int",
    Kind.LONG: "Long",
    Kind.DECIMAL: "Decimal",
    Kind.DOUBLE: "Double",
    Kind.DATETIME: "DateTime",
    Kind.INSTANT: "Instant",
    Kind.GUID: "Guid",
    Kind.DURATION: "Duration",
    Kind.BASE64: "Base64",
    Kind.CHAR: "Char",
    Kind.ANY: "Any_",
    Kind.ENUM: "Enum",
}


@dataclass
class Declarations:
    """What is declared so far: the class of each record, the constant of each namespace, and the source of both."""

    source: str
    keys: frozenset[str]
    classes: dict[Record, str] = field(default_factory=dict)
    spaces: dict[str, str] = field(default_factory=dict)
    sources: list[str] = field(default_factory=list)
    taken: set[str] = field(default_factory=set)

    def name(self, wanted: str) -> str:
        """A class name that no class, constant or member has."""
        made = names.class_name(wanted)
        made = f"{made}Model" if made in self.keys or made in ("WireSchema", "Wire", "Meta") else made
        made = names.free(made, self.taken | self.keys)
        self.taken.add(made)
        return made


def messages(contract: Contract, title: str) -> tuple[str, Mapping[Record, str]]:
    """The source of the module, and the name of the class of each record."""
    found = records(*(record for one in contract.calls for record in (one.request, one.answer)))
    made = Declarations(contract.source, frozenset(names.key(each.name) for record in found for each in record.fields))
    for space in dict.fromkeys(level.namespace for record in found for level in record.levels):
        if space:
            made.spaces[space] = names.free(_constant(space), set(made.spaces.values()))
    for record in found:
        declare(record, made)
    constants = [f"{name} = {quoted(space)}" for space, name in made.spaces.items()]
    intro = docstring(f"The messages of {title}, as {contract.source} has them")
    used = "WireSchema, fields" if any(record.fields for record in found) else "WireSchema"
    parts = [intro, "", f"from gateway.spi import {used}", *(["", *constants] if constants else [])]
    return "\n".join([*parts, *made.sources, ""]), made.classes


def _constant(space: str) -> str:
    """A name for a namespace: its last word, or the first of its host where it has no path."""
    host, *path = [part for part in re.split(r"[/#]", space.partition("://")[2] or space) if names.words(part)]
    parts = [part for part in re.split(r"[.:]", path[-1] if path else host.removeprefix("www.")) if names.words(part)]
    made = names.snake(parts[-1] if path or ":" in host else parts[0]).upper().strip("_")
    return made if made[:1].isalpha() else f"NAMESPACE_{made}"


def declare(record: Record, made: Declarations) -> None:
    """Declare a record, whose nested ones are declared: one class, and a base for each level but the last."""
    own = made.classes[record] = made.name(record.name)
    base, taken = "WireSchema", set[str]()
    levels = record.levels or (Level("", ()),)
    for number, level in enumerate(levels, 1):
        last = number == len(levels)
        name = own if last else made.name(f"{own}Base{number if number > 1 else ''}")
        made.sources.append(_class(name, base, record, level, made, taken, last=last))
        base = name


def _class(
    name: str, base: str, record: Record, level: Level, made: Declarations, taken: set[str], *, last: bool
) -> str:
    doc = record.doc if last and record.doc else f"The members that {record.name} begins with" if not last else ""
    lines = ["", "", f"class {name}({base}):", docstring(doc or f"{record.name}, as {made.source} has it", STEP)]
    wire = list(_wire(name, record, level, made)) if last else [f"namespace = {made.spaces[level.namespace]}"]
    if wire:
        lines += ["", f"{STEP}class Wire:", *(f"{STEP * 2}{each}" for each in wire)]
    if level.fields or (last and record.todos):
        lines.append("")
    lines += [comment(todo, STEP) for todo in record.todos if last]
    for order, each in enumerate(level.fields, 1):
        key = names.key(each.name, taken)
        taken.add(key)
        lines += [comment(todo, STEP) for todo in each.todos]
        lines.append(_assignment(key, each, made, order if record.ordered else None))
    return "\n".join(lines)


def _wire(name: str, record: Record, level: Level, made: Declarations) -> Iterator[str]:
    if record.name != name:
        yield f"name = {quoted(record.name)}"
    if level.namespace:
        yield f"namespace = {made.spaces[level.namespace]}"
    if record.open:
        yield "open = True"
    if record.bare:
        yield "bare = True"


def _assignment(key: str, each: Field, made: Declarations, order: int | None) -> str:
    options = list(_options(key, each, order))
    node = Node(f"{key} = fields.{_class_of(each)}(", (*_type(each, made), *options))
    line = render(node, STEP)
    if max(map(len, line.split("\n"))) <= WIDTH:
        return line
    return render(replace(node, items=tuple(item for item in node.items if not str(item).startswith("doc="))), STEP)


def _class_of(each: Field) -> str:
    if each.record is not None:
        return "Nested"
    return "List" if each.item is not None else _CLASSES[each.kind]


def _type(each: Field, made: Declarations) -> Iterator[Source]:
    if each.record is not None:
        yield made.classes[each.record]
    elif each.item is not None:
        inner = each.item
        yield Node(f"fields.{_class_of(inner)}(", (*_type(inner, made), *_inner_options(inner)))
    elif each.kind is Kind.ENUM:
        yield literal(each.choices)


def _inner_options(item: Field) -> Iterator[str]:
    if item.nillable and item.kind not in REFERENCE_KINDS:
        yield "nillable=True"
    if item.credential:
        yield "credential=True"


def _options(key: str, each: Field, order: int | None) -> Iterator[str]:
    if each.name != key:
        yield f"name={quoted(each.name)}"
    if each.required:
        yield "required=True"
    elif each.nillable and each.kind not in REFERENCE_KINDS:
        yield "nillable=True"
    if order is not None:
        yield f"order={order}"
    if each.location != "body":
        yield f"location={quoted(each.location)}"
    if each.credential:
        yield "credential=True"
    elif _is_shown(each):
        yield f"sample={flat(literal(each.sample))}"
    if each.doc:
        yield f"doc={quoted(short(each.doc, 70))}"


def _is_shown(each: Field) -> bool:
    """Whether the sample is worth its place: a text or a number of its member's own kind."""
    if each.kind in (Kind.STRING, Kind.ENUM):
        fits = isinstance(each.sample, str) and 0 < len(each.sample) <= 50 and tidy(each.sample) == each.sample
        return fits and (not each.choices or each.sample in each.choices)
    kind = bool if each.kind is Kind.BOOLEAN else int
    return each.kind in (Kind.INT, Kind.LONG, Kind.BOOLEAN) and type(each.sample) is kind
