"""The same JSON said otherwise: what every reader of JSON must take for the same value."""

import codecs
import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, TypeAlias

Pairs: TypeAlias = list[tuple[str, Any]]


class Number(str):
    """A number as it was written: a reader may keep its digits."""

    __slots__ = ()


@dataclass(frozen=True)
class Object:
    """An object, its members in their order."""

    pairs: Pairs


@dataclass(frozen=True)
class Style:
    """How JSON is written. ``name`` makes the name of a member another one that means the same."""

    blank: str = ""
    escaped: bool = False
    backwards: bool = False
    name: Callable[[str], str] = str


def read(body: bytes) -> Any:
    """The value of ``body`` with everything kept that a writer needs. Raises ValueError for what is no JSON, and
    where a name stands twice in one object: then order matters."""
    text = body.decode("utf-8-sig")
    return json.loads(text, object_pairs_hook=_object, parse_int=Number, parse_float=Number, parse_constant=_none)


def _object(pairs: Pairs) -> Object:
    if len({name.lower() for name, _ in pairs}) < len(pairs):
        raise ValueError("a name stands twice")
    return Object(pairs)


def _none(text: str) -> Any:
    raise ValueError(f"{text} is no JSON")


def write(value: Any, style: Style) -> str:
    """The text of a value that :func:`read` gave."""
    blank = style.blank
    if isinstance(value, Object):
        pairs = value.pairs[::-1] if style.backwards else value.pairs
        inner = (f"{_text(style.name(name), style)}{blank}:{blank}{write(item, style)}" for name, item in pairs)
        return "{" + blank + f"{blank},{blank}".join(inner) + blank + "}"
    if isinstance(value, list):
        return "[" + blank + f"{blank},{blank}".join(write(item, style) for item in value) + blank + "]"
    if isinstance(value, Number):
        return str(value)
    return _text(value, style) if isinstance(value, str) else json.dumps(value)


def _text(value: str, style: Style) -> str:
    if not style.escaped:
        return json.dumps(value, ensure_ascii=False)
    units = value.encode("utf-16-be", "surrogatepass")
    return '"' + "".join(f"\\u{units[at]:02x}{units[at + 1]:02X}" for at in range(0, len(units), 2)) + '"'


def variants(body: bytes, names: frozenset[str] | None) -> Iterator[tuple[str, bytes, str | None]]:
    """Each variant of ``body``: its name, its bytes, and the charset to name in Content-Type. ``names`` are the names
    of members that may be spelled in any case, None where case counts. None of what is no JSON."""
    try:
        value = read(body)
    except (ValueError, RecursionError):
        return
    plain = write(value, Style())
    yield "white space", write(value, Style(blank=" \r\n\t")).encode(), None
    yield "escapes", write(value, Style(escaped=True)).encode(), None
    yield "members backwards", write(value, Style(backwards=True)).encode(), None
    if names is not None:
        for name, change in (("names in capitals", str.upper), ("names in lower case", str.lower)):
            yield name, write(value, Style(name=_spelled(names, change))).encode(), None
    yield "byte order mark", codecs.BOM_UTF8 + plain.encode(), None
    yield "utf-16", codecs.BOM_UTF16_LE + plain.encode("utf-16-le"), "utf-16"


def _spelled(names: frozenset[str], change: Callable[[str], str]) -> Callable[[str], str]:
    return lambda name: change(name) if name.lower() in names else name
