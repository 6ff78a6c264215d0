"""Names of the wire as names of Python."""

import keyword
import re
from collections.abc import Collection, Iterable

from gateway.spi import WireSchema

_WORDS = re.compile(r"[A-Z]+(?=[A-Z][a-z])|[A-Z]?[a-z]+|[A-Z]+|[0-9]+")
RESERVED = frozenset(dir(WireSchema())) | {"fields", "Wire", "Meta"}
"""What a member of a schema cannot be called, since the schema itself has it."""


def words(name: str) -> list[str]:
    """The words of a name in lower case: ``SessionUID`` is session and uid."""
    return [word.lower() for word in _WORDS.findall(name)]


def snake(name: str) -> str:
    """``name`` as that of a function or a module."""
    text = "_".join(words(name)) or "unnamed"
    text = text if not text[0].isdigit() else f"n{text}"
    return f"{text}_" if keyword.iskeyword(text) or keyword.issoftkeyword(text) else text


def class_name(name: str) -> str:
    """``name`` as that of a class; one that could be a class already stays as it is."""
    if name.isidentifier() and name.isascii() and name[0].isupper() and not keyword.iskeyword(name):
        return name.replace("_", "") if "_" in name.strip("_") else name
    text = "".join(word.capitalize() if word.islower() else word for word in _WORDS.findall(name)) or "Unnamed"
    return text if not text[0].isdigit() else f"N{text}"


def key(name: str, taken: Collection[str] = ()) -> str:
    """``name`` as a member's key: itself where Python allows it."""
    plain = name.isidentifier() and name.isascii() and not keyword.iskeyword(name) and name not in RESERVED
    made = name if plain and not name.startswith("__") else f"{snake(name)}_" if name in RESERVED else snake(name)
    return free(made, taken)


def free(name: str, taken: Collection[str]) -> str:
    """``name``, numbered when it is taken."""
    number, made = 1, name
    while made in taken:
        number += 1
        made = f"{name}{number}"
    return made


def unique(texts: Iterable[str]) -> list[str]:
    """Every text once, in order."""
    return list(dict.fromkeys(texts))
