"""The values of a tree, one by one: where each stands, and the same tree with one value changed or left out."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, TypeAlias

from schemas.message import Member, Message, Tree

Keys: TypeAlias = tuple[str | int, ...]


@dataclass(frozen=True, slots=True)
class Leaf:
    """One value of a tree.

    ``path`` is in wire names (``Request.ApplicationsUsed[0].Name``), ``keys`` leads to it in the tree. ``member`` is
    its declaration, None for a member that an open message keeps undeclared.
    """

    path: str
    keys: Keys
    member: Member | None
    value: Any


def leaves(message: Message, tree: Tree) -> Iterator[Leaf]:
    """Every value of ``tree``; an object or a list without anything in it is a value itself."""
    return _object(message, tree, "", ())


def _object(message: Message, tree: Tree, path: str, keys: Keys) -> Iterator[Leaf]:
    for key, value in tree.items():
        member = message.by_key.get(key)
        yield from _value(member, value, f"{path}{member.name if member else key}", (*keys, key))


def _value(member: Member | None, value: Any, path: str, keys: Keys) -> Iterator[Leaf]:
    if member is not None and member.message is not None and isinstance(value, dict) and value:
        yield from _object(member.message, value, f"{path}.", keys)
    elif member is not None and member.item is not None and isinstance(value, list) and value:
        for index, item in enumerate(value):
            yield from _value(member.item, item, f"{path}[{index}]", (*keys, index))
    else:
        yield Leaf(path, keys, member, value)


def put(tree: Any, keys: Keys, value: Any) -> Any:
    """A copy of ``tree`` with ``value`` at ``keys``; what leads there is made where it is missing."""
    if not keys:
        return value
    key, rest = keys[0], keys[1:]
    if isinstance(key, int):
        items = list(tree or ())
        items[key : key + 1] = [put(items[key] if key < len(items) else None, rest, value)]
        return items
    return {**(tree or {}), key: put((tree or {}).get(key), rest, value)}


def without(tree: Any, keys: Keys) -> Any:
    """A copy of ``tree`` with nothing at ``keys``."""
    key, rest = keys[0], keys[1:]
    if rest:
        return put(tree, (key,), without(tree[key], rest))
    if isinstance(key, int):
        return [item for index, item in enumerate(tree) if index != key]
    return {name: value for name, value in tree.items() if name != key}
