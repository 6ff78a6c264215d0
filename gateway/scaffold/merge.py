"""Two looks at one thing, made one: what the items of a list have in common."""

from collections.abc import Iterator
from dataclasses import replace

from adapters.scalars import Kind
from gateway.scaffold.contract import Field, Level, Record

_NUMBERS = (Kind.INT, Kind.LONG, Kind.DECIMAL)


def merged(one: Field, other: Field, otherwise: Kind) -> Field:
    """A field that takes what either takes: numbers widen, unlike scalars are ``otherwise``, and what was null in one
    place is what it was in the other."""
    if _unknown(one) or _unknown(other):
        return replace(other if _unknown(one) else one, nillable=True)
    todos = tuple(dict.fromkeys((*one.todos, *other.todos)))
    if one.record is not None and other.record is not None:
        return replace(one, record=_records(one.record, other.record, otherwise), todos=todos)
    if one.item is not None and other.item is not None:
        return replace(one, item=merged(one.item, other.item, otherwise), todos=todos)
    if one.kind in _NUMBERS and other.kind in _NUMBERS:
        return replace(one, kind=max(one.kind, other.kind, key=_NUMBERS.index), todos=todos)
    if one.kind is other.kind:
        return replace(one, todos=todos)
    nested = {Kind.OBJECT, Kind.LIST} & {one.kind, other.kind}
    todo = f"{one.name} is one thing in one place of the sample and another elsewhere: {{}} is taken"
    told = todo.format("anything" if nested or otherwise is Kind.ANY else "any text")
    return Field(one.name, Kind.ANY if nested else otherwise, todos=(*todos, told))


def _unknown(field: Field) -> bool:
    return field.record is None and field.item is None and field.sample is None and bool(field.todos)


def _records(one: Record, other: Record, otherwise: Kind) -> Record:
    """Members of both; those that only the other has come last, in a level of their own if its namespace is new."""
    theirs = {(level.namespace, field.name): field for level in other.levels for field in level.fields}
    levels = [Level(level.namespace, tuple(_common(level, theirs, otherwise))) for level in one.levels]
    known = {(level.namespace, field.name) for level in one.levels for field in level.fields}
    for (space, name), field in theirs.items():
        if (space, name) not in known:
            last = next((at for at in reversed(range(len(levels))) if levels[at].namespace == space), None)
            if last is None:
                levels.insert(0, Level(space, (field,)))
            else:
                levels[last] = replace(levels[last], fields=(*levels[last].fields, field))
    todos = tuple(dict.fromkeys((*one.todos, *other.todos)))
    ordered = one.ordered or other.ordered or any(_unsorted(level) for level in levels if one.namespace)
    return replace(one, levels=tuple(levels), ordered=ordered, todos=todos)


def _common(level: Level, theirs: dict[tuple[str, str], Field], otherwise: Kind) -> Iterator[Field]:
    for field in level.fields:
        other = theirs.get((level.namespace, field.name))
        yield field if other is None else merged(field, other, otherwise)


def _unsorted(level: Level) -> bool:
    names = [field.name for field in level.fields]
    return names != sorted(names)
