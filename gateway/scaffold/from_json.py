"""A contract from one JSON request."""

import json
from decimal import Decimal
from functools import reduce
from typing import Any

from adapters.scalars import Kind
from gateway.scaffold.contract import Call, Contract, Field, Level, Record, ScaffoldError
from gateway.scaffold.guess import SPAN_TODO, is_secret, is_span, json_kind
from gateway.scaffold.merge import merged
from gateway.scaffold.names import class_name

DEPTH = 30
"""Levels of nesting that a sample may have; requests may have as many (limits.depth)."""


def parse(body: bytes, source: str) -> Any:
    """The JSON value of ``body``. Raises ScaffoldError that names the file and the place."""
    try:
        return json.loads(body.decode("utf-8-sig"), parse_float=Decimal, object_pairs_hook=_once)
    except json.JSONDecodeError as error:
        raise ScaffoldError(f"{source}: is not JSON: {error.msg} (line {error.lineno}, column {error.colno})") from None
    except (UnicodeDecodeError, RecursionError, ValueError) as error:
        told = "it is nested too deeply" if isinstance(error, RecursionError) else str(error)
        raise ScaffoldError(f"{source}: is not JSON: {told}") from None


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        names = [name for name, _ in pairs]
        twice = next(name for name in names if names.count(name) > 1)
        raise ValueError(f"the name {twice!r} stands twice in one object")
    return found


def contract(value: Any, body: bytes, source: str, name: str) -> Contract:
    """The contract of a sample; the operation has the name of the API."""
    if not isinstance(value, dict):
        raise ScaffoldError(f"{source}: a request must be a JSON object, not {_called(value)}")
    title = class_name(name)
    record = _record(value, f"{title}Request", "", 0)
    result = Field("result", Kind.STRING, sample="OK", doc="How it went")
    todo = "the sample shows no answer; declare the members of the real one"
    answer = Record(f"{title}Response", (Level("", (result,)),), doc="What the caller is told.", todos=(todo,))
    call = Call(name.replace("-", "_"), record, answer, "POST", f"/{name}", body=body)
    todos = ("the path and the verb are made up: a sample does not show them",)
    return Contract(title, "rest", (call,), source, prefix=f"/{name}", todos=todos)


def _record(value: dict[str, Any], name: str, inside: str, depth: int) -> Record:
    if depth > DEPTH:
        raise ScaffoldError(f"the sample is nested deeper than {DEPTH} levels")
    fields = tuple(_field(key, each, inside or name, depth) for key, each in value.items())
    return Record(name, (Level("", fields),))


def _field(name: str, value: Any, inside: str, depth: int) -> Field:
    if isinstance(value, dict):
        return Field(name, Kind.OBJECT, _record(value, class_name(name), name, depth + 1))
    if isinstance(value, list):
        return _list(name, value, depth)
    if value is None:
        return Field(name, Kind.ANY, todos=(f"{name} was null in the sample: its kind is unknown, anything is taken",))
    secret = is_secret(name, inside)
    kind = json_kind(value)
    todos = (SPAN_TODO.format(name=name, format="JSON"),) if isinstance(value, str) and is_span(value) else ()
    return Field(name, kind, credential=secret, sample=None if secret else value, todos=todos)


def _list(name: str, values: list[Any], depth: int) -> Field:
    singular = name[:-1] if name.endswith("s") and not name.endswith("ss") and len(name) > 3 else f"{name}Item"
    if not values:
        todo = f"{name} was empty in the sample: its items are unknown, anything is taken"
        return Field(name, Kind.LIST, item=Field("", Kind.ANY), todos=(todo,))
    found = [_field(singular, value, name, depth) for value in values]
    item = reduce(lambda one, other: merged(one, other, Kind.ANY), found)
    return Field(name, Kind.LIST, item=item, todos=item.todos)


def _called(value: Any) -> str:
    kinds = {list: "a list", str: "a string", bool: "a boolean", type(None): "null"}
    return kinds.get(type(value), "a number")
