"""Python source laid out as the formatter would: what fits on a line stays on it."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from decimal import Decimal
from textwrap import wrap
from typing import Any, TypeAlias
from uuid import UUID

from gateway.spi import NetDateTime

WIDTH = 120
STEP = "    "


@dataclass(frozen=True, slots=True)
class Node:
    """An expression with brackets: ``head`` ends with the opening one. A literal's items never share a line alone."""

    head: str
    items: "tuple[str | Node, ...]"
    tail: str = ")"

    @property
    def is_call(self) -> bool:
        """Whether it is a call, and no literal."""
        return self.head.endswith("(") and (self.head[-2:-1].isalnum() or self.head[-2:-1] == "_")


Source: TypeAlias = str | Node


def flat(source: Source) -> str:
    """An expression on one line."""
    if isinstance(source, str):
        return source
    comma = "," if len(source.items) == 1 and source.head.endswith("(") and not source.is_call else ""
    return f"{source.head}{', '.join(map(flat, source.items))}{comma}{source.tail}"


def render(source: Source, indent: str = "", more: int = 0) -> str:
    """An expression as the formatter breaks it; ``more`` characters follow it."""
    line = f"{indent}{flat(source)}"
    if isinstance(source, str) or len(line) + more <= WIDTH:
        return line
    inner = indent + STEP
    joined = f"{inner}{', '.join(map(flat, source.items))}"
    if source.is_call and len(joined) <= WIDTH:
        lines = [joined]
    elif source.is_call and len(source.items) == 1:
        lines = [render(source.items[0], inner)]
    else:
        lines = [f"{render(item, inner, 1)}," for item in source.items]
    return "\n".join([f"{indent}{source.head}", *lines, f"{indent}{source.tail}"])


def prefixed(text: str, source: Source) -> Source:
    """An expression after a name, as a keyword or a key."""
    return f"{text}{source}" if isinstance(source, str) else replace(source, head=f"{text}{source.head}")


def comment(text: str, indent: str = "", mark: str = "TODO: ") -> str:
    """A comment, wrapped; its further lines are indented, so that it is one thing to see."""
    lines = wrap(tidy(f"{mark}{text}"), WIDTH - len(indent) - 4, break_long_words=False, break_on_hyphens=False)
    return "\n".join(f"{indent}# {'' if number == 0 else '  '}{line}" for number, line in enumerate(lines))


def docstring(text: str, indent: str = "") -> str:
    """A docstring of one paragraph, wrapped."""
    safe = tidy(text).replace("\\", "/").replace('"""', "'''").strip()
    safe = f"{safe}." if safe and safe[-1] not in ".!?…:" else safe
    safe = f"{safe} " if safe.endswith('"') else safe
    if len(safe) + len(indent) + 6 <= WIDTH:
        return f'{indent}"""{safe}"""'
    lines = wrap(f'"""{safe}', WIDTH - len(indent), break_long_words=False, break_on_hyphens=False)
    return "\n".join(f"{indent}{line}" for line in lines) + f'\n{indent}"""'


def tidy(text: str) -> str:
    """Text on one line, without what cannot be printed."""
    return "".join(letter for letter in re.sub(r"\s+", " ", text) if letter.isprintable()).strip()


def short(text: str, width: int = 90) -> str:
    """The first sentence of a text, or as much of it as fits."""
    first = re.split(r"(?<=[.!?])\s", tidy(re.sub(r"<[^>]{0,80}>", "", text)), maxsplit=1)[0]
    return first if len(first) <= width else f"{first[: width - 1].rsplit(' ', 1)[0]} …"


_VALUES: Mapping[type, Callable[[Any], str]] = {
    Decimal: lambda value: f"Decimal({quoted(str(value))})",
    UUID: lambda value: f"UUID({quoted(str(value))})",
    NetDateTime: lambda value: "NetDateTime()",
    datetime: lambda value: f"datetime({value:%Y}, {value.month}, {value.day}, tzinfo=UTC)",
    timedelta: lambda value: f"timedelta(seconds={value.total_seconds():.0f})",
}


def literal(value: object) -> Source:
    """A value as source: texts in double quotes; of a .NET DateTime the one that says «not set»."""
    if isinstance(value, str):
        return quoted(value)
    if type(value) in _VALUES:
        return _VALUES[type(value)](value)
    if isinstance(value, (tuple, list)):
        head, tail = ("(", ")") if isinstance(value, tuple) else ("[", "]")
        return Node(head, tuple(map(literal, value)), tail)
    if isinstance(value, dict):
        return Node("{", tuple(prefixed(f"{quoted(key)}: ", literal(each)) for key, each in value.items()), "}")
    return repr(value)


def quoted(text: str) -> str:
    """A text as the formatter writes it: in double quotes, unless single ones need fewer escapes."""
    mark = "'" if text.count('"') > text.count("'") else '"'
    inner = "".join(letter if letter in "'\"" else repr(letter)[1:-1] for letter in text)
    return f"{mark}{inner.replace(mark, chr(92) + mark)}{mark}"
