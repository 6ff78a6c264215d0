"""What a message demands of its tree, compiled once: only members that can be wrong are looked at."""

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, TypeAlias

from marshmallow import ValidationError

from adapters.scalars import Kind
from gateway.outcome import FieldError

if TYPE_CHECKING:
    from schemas.message import Member, Message

Check: TypeAlias = Callable[[Any, str, list[FieldError]], None]
"""Takes a value, its path, and the list to which it adds what is wrong."""

_RULES = {"Length": "length", "Range": "range", "Regexp": "pattern", "OneOf": "choice"}


def object_check(message: "Message") -> Check | None:
    """The check of a tree of ``message``; its path ends with a dot, or is empty. None where nothing can be wrong."""
    found = ((member, member_check(member)) for member in message.members)
    rows = [(each.key, each.name, each.required, check) for each, check in found if check or each.required]

    def check(tree: Any, path: str, errors: list[FieldError]) -> None:
        for key, name, required, inner in rows:
            if key in tree:
                if inner is not None:
                    inner(tree[key], f"{path}{name}", errors)
            elif required:
                errors.append(FieldError(f"{path}{name}", f"{name} is required", "required"))

    return check if rows else None


def member_check(member: "Member") -> Check | None:
    """The check of a member's value that was sent; None where none can be wrong."""
    parts = [part for part in (_inside(member), _items(member), _choice(member)) if part is not None]
    parts += [_validated(validator, member) for validator in member.validators]
    refuses_null = not member.nillable or member.required
    rule = "required" if member.required else "null"

    def check(value: Any, path: str, errors: list[FieldError]) -> None:
        if value is not None:
            for part in parts:
                part(value, path, errors)
        elif refuses_null:
            errors.append(FieldError(path, f"{member.name} must not be null", rule))

    return check if parts or refuses_null else None


def _inside(member: "Member") -> Check | None:
    inner = object_check(member.message) if member.kind is Kind.OBJECT and member.message is not None else None
    return None if inner is None else lambda value, path, errors: inner(value, f"{path}.", errors)


def _items(member: "Member") -> Check | None:
    each = member_check(member.item) if member.kind is Kind.LIST and member.item is not None else None
    if each is None:
        return None

    def check(value: Any, path: str, errors: list[FieldError]) -> None:
        for index, item in enumerate(value):
            each(item, f"{path}[{index}]", errors)

    return check


def _choice(member: "Member") -> Check | None:
    choices = frozenset(member.choices)
    if not choices:
        return None

    def check(value: Any, path: str, errors: list[FieldError]) -> None:
        if isinstance(value, str) and value not in choices:
            text = f"{member.name} must be one of: {', '.join(member.choices)}"
            errors.append(FieldError(path, text, "choice", value))

    return check


def _validated(validator: Callable[[Any], Any], member: "Member") -> Check:
    rule = _RULES.get(type(validator).__name__, "invalid")

    def check(value: Any, path: str, errors: list[FieldError]) -> None:
        try:
            validator(value)
        except ValidationError as error:
            shown = None if member.credential else value
            errors.append(FieldError(path, " ".join(str(text) for text in error.messages), rule, shown))

    return check


Collect: TypeAlias = Callable[[Any, list[str]], None]
"""Takes a value, and the list to which it adds the texts of the credentials in it."""


def object_collect(message: "Message") -> Collect | None:
    """Finds the credentials of a tree of ``message``; None where it declares none."""
    found = ((member.key, _member_collect(member)) for member in message.members)
    rows = {key: collect for key, collect in found if collect is not None}

    def collect(tree: Any, found: list[str]) -> None:
        # In the tree's order: a long secret that holds a shorter one is masked as it was sent.
        for key in tree if isinstance(tree, dict) else ():
            if key in rows and (value := tree[key]) is not None:
                rows[key](value, found)

    return collect if rows else None


def _member_collect(member: "Member") -> Collect | None:
    if member.credential:
        return _text
    inner = object_collect(member.message) if member.message is not None else None
    if inner is not None:
        return inner
    each = _member_collect(member.item) if member.item is not None else None
    if each is None:
        return None

    def collect(value: Any, found: list[str]) -> None:
        for item in value if isinstance(value, list) else ():
            if item is not None:
                each(item, found)

    return collect


def _text(value: Any, found: list[str]) -> None:
    found.append(str(value))
