"""The JSON that Json.NET reads beyond RFC 8259.

Understood: comments, single quotes, unquoted member names, raw control characters in strings, a comma before a closing
bracket, ``undefined`` (null), numbers without a leading or trailing digit, and hexadecimal integers. Not understood,
though Json.NET reads them: octal integers (``010``), constructors (``new Date(0)``), and empty array items (``[,]``).
"""

import re
from typing import Any, NoReturn

from adapters.codecs.json_text import Number, Pairs, malformed, too_deep
from gateway.limits import Limits

_SKIP = re.compile(r"(?:\s++|//[^\r\n]*+|/\*.*?\*/)*+", re.DOTALL)
_STRING = re.compile(r'"((?:[^"\\]++|\\.)*+)"|' + r"'((?:[^'\\]++|\\.)*+)'", re.DOTALL)
_NAME = re.compile(r"[\w$]++")
_NUMBER = re.compile(r"-?(?:(?:0|[1-9][0-9]*+)(?:\.[0-9]*+)?|\.[0-9]++)(?:[eE][+-]?[0-9]++)?(?![\w.])")
_HEX = re.compile(r"-?0[xX][0-9a-fA-F]{1,16}(?!\w)")
_WORD = re.compile(r"-?[A-Za-z]++(?!\w)")
_ESCAPE = re.compile(r"\\(u[0-9a-fA-F]{4}|.)", re.DOTALL)
_ESCAPES = {"b": "\b", "t": "\t", "n": "\n", "f": "\f", "r": "\r", "\\": "\\", '"': '"', "'": "'", "/": "/"}
_WORDS = {
    "true": True,
    "false": False,
    "null": None,
    "undefined": None,
    **{name: Number(name) for name in ("NaN", "Infinity", "-Infinity")},
}


def parse_relaxed(text: str, limits: Limits) -> Any:
    """The raw value of ``text``. Raises a Fault of kind ``malformed``, and nothing else."""
    reader = _Reader(text, limits)
    value = reader.value(1)
    reader.skip()
    if reader.position != len(text):
        reader.fail("something follows the value")
    return value


class _Reader:
    """A position in a text."""

    def __init__(self, text: str, limits: Limits) -> None:
        self.text = text
        self.limits = limits
        self.position = 0

    def fail(self, reason: str) -> NoReturn:
        raise malformed(f"{reason} (character {self.position})")

    def skip(self) -> str:
        """Pass blanks and comments; the next character, empty at the end."""
        found = _SKIP.match(self.text, self.position)
        assert found is not None
        self.position = found.end()
        return self.text[self.position : self.position + 1]

    def take(self, pattern: re.Pattern[str]) -> re.Match[str] | None:
        found = pattern.match(self.text, self.position)
        if found is not None:
            self.position = found.end()
        return found

    def value(self, depth: int) -> Any:
        first = self.skip()
        if first in ("{", "["):
            if depth > self.limits.depth:
                raise too_deep(self.limits)
            self.position += 1
            return self.object(depth) if first == "{" else self.array(depth)
        return self.string() if first in ('"', "'") else self.literal()

    def object(self, depth: int) -> Pairs:
        pairs = Pairs()
        while self.skip() != "}":
            name = self.name()
            if self.skip() != ":":
                self.fail("a colon is missing after a member name")
            self.position += 1
            pairs.append((name, self.value(depth + 1)))
            self.separator("}")
        self.position += 1
        return pairs

    def array(self, depth: int) -> list[Any]:
        items: list[Any] = []
        while self.skip() != "]":
            items.append(self.value(depth + 1))
            self.separator("]")
        self.position += 1
        return items

    def separator(self, closing: str) -> None:
        found = self.skip()
        if found == ",":
            self.position += 1
        elif found != closing:
            self.fail(f"a comma or {closing} is missing")

    def name(self) -> str:
        if self.text[self.position : self.position + 1] in ('"', "'"):
            return self.string()
        found = self.take(_NAME)
        return found[0] if found is not None else self.fail("a member name is missing")

    def string(self) -> str:
        found = self.take(_STRING)
        if found is None:
            self.fail("a string is not closed")
        raw = found[1] if found[1] is not None else found[2]
        return self.unescaped(raw) if "\\" in raw else raw

    def unescaped(self, raw: str) -> str:
        text = _ESCAPE.sub(self.escape, raw)
        # Two escapes may make one character; what stays alone is judged where every string is.
        return text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "surrogatepass")

    def escape(self, found: re.Match[str]) -> str:
        code = found[1]
        if len(code) > 1:
            return chr(int(code[1:], 16))
        if code not in _ESCAPES:
            self.fail("a string holds an unknown escape before this place")
        return _ESCAPES[code]

    def literal(self) -> Any:
        hexadecimal = self.take(_HEX)
        if hexadecimal is not None:
            return Number(str(int(hexadecimal[0], 16)))
        number = self.take(_NUMBER)
        if number is not None:
            return Number(number[0])
        word = self.take(_WORD)
        if word is None or word[0] not in _WORDS:
            self.fail("a value is missing")
        return _WORDS[word[0]]
