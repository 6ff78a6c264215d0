"""Python source laid out as the formatter would: what fits on a line stays on it."""

import re
from collections.abc import Iterable, Sequence
from textwrap import wrap

WIDTH = 120
STEP = "    "


def call(head: str, arguments: Sequence[str], tail: str = ")", indent: str = "") -> str:
    """A call: on one line, else its arguments on the next, else one a line; ``head`` ends with its bracket."""
    line = f"{indent}{head}{', '.join(arguments)}{tail}"
    if len(line) <= WIDTH and "\n" not in line:
        return line
    inner = indent + STEP
    joined = f"{inner}{', '.join(arguments)}"
    if len(joined) <= WIDTH and "\n" not in joined and not head.endswith("{"):
        return f"{indent}{head}\n{joined}\n{indent}{tail}"
    return "\n".join([f"{indent}{head}", *(f"{inner}{each}," for each in arguments), f"{indent}{tail}"])


def exploded(head: str, arguments: Iterable[str], tail: str, indent: str = "") -> str:
    """The same with one argument a line, whatever fits."""
    return "\n".join([f"{indent}{head}", *(f"{indent}{STEP}{each}," for each in arguments), f"{indent}{tail}"])


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


def literal(value: object) -> str:
    """A value as the formatter writes it: texts in double quotes."""
    if isinstance(value, str):
        plain = repr(value)
        if '"' in value or plain.startswith('"'):
            return plain
        return f'"{plain[1:-1]}"'
    if isinstance(value, tuple):
        return f"({', '.join(map(literal, value))}{',' if len(value) == 1 else ''})"
    if isinstance(value, list):
        return f"[{', '.join(map(literal, value))}]"
    if isinstance(value, dict):
        return "{" + ", ".join(f"{literal(key)}: {literal(each)}" for key, each in value.items()) + "}"
    return repr(value)
