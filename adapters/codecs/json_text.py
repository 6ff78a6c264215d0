"""JSON text to raw values: objects keep every pair in order, numbers keep their spelling, nothing is converted yet."""

import json
import re
from decimal import Decimal
from typing import Any, NoReturn

from gateway.limits import Limits
from gateway.outcome import Fault, FaultKind

# Comments, too, where they are read: neither may hide what is to be counted.
_NOT_COUNTED = re.compile(
    r'"(?:[^"\\]++|\\.)*+"?|' + r"'(?:[^'\\]++|\\.)*+'?|" + r"//[^\r\n]*+|/\*.*?(?:\*/|\Z)", re.DOTALL
)
_BRACKETS = re.compile(r"[\[\]{}]")
_NUMBER = re.compile(r"-?[0-9]*(?:\.[0-9]*)?(?:[eE][+-]?[0-9]{1,6})?")

NUMBER_CHARACTERS = 128
"""No number of any API needs more; a longer one is refused before it is converted."""


class Pairs(list[tuple[str, Any]]):
    """An object as it was sent: duplicates and order are kept."""


class Number:
    """A number as it was spelled; ``NaN`` and ``Infinity``, too, where the dialect reads them."""

    __slots__ = ("text",)

    def __init__(self, text: str) -> None:
        self.text = text

    @property
    def is_integer(self) -> bool:
        """Whether it was spelled as an integer: no fraction, no exponent."""
        return self.text.removeprefix("-").isdecimal()

    def value(self) -> int | Decimal:
        """The int, or the exact Decimal. Raises ValueError where it is too long, or beyond the range of a double."""
        if len(self.text) > NUMBER_CHARACTERS or not _NUMBER.fullmatch(self.text):
            raise ValueError("must be a number within the range of a double")
        if self.is_integer:
            return int(self.text)
        number = Decimal(self.text)
        if not -325 < number.adjusted() < 309:
            raise ValueError("must be a number within the range of a double")
        return number


def malformed(reason: str) -> Fault:
    """The fault of a body that is not JSON."""
    return Fault(FaultKind.MALFORMED, f"the body is not JSON: {reason}")


def _no_constant(name: str) -> NoReturn:
    raise malformed(f"{name} is not a JSON value")


_STRICT = json.JSONDecoder(object_pairs_hook=Pairs, parse_int=Number, parse_float=Number, parse_constant=_no_constant)
_PLAIN = json.JSONDecoder(object_pairs_hook=Pairs, parse_int=Number, parse_float=Number, parse_constant=Number)


def parse_strict(text: str) -> Any:
    """The raw value of RFC 8259 text. Raises a Fault."""
    try:
        return _STRICT.decode(text)
    except json.JSONDecodeError as error:
        raise malformed(str(error)) from None
    except RecursionError:
        raise malformed("it is nested too deeply") from None


def parse_plain(text: str) -> Any | None:
    """The raw value of well-formed text (``NaN`` and the infinities included), in one fast step.

    Raises ValueError where the text is anything else, RecursionError where it is nested too deeply.
    """
    return _PLAIN.decode(text)


def check_bounds(text: str, limits: Limits) -> None:
    """Refuse text with too many members or levels, before anything is built from it."""
    openings = text.count("[") + text.count("{")
    members = text.count(",") + openings
    if openings <= limits.depth and members <= limits.members:
        return
    outside = _NOT_COUNTED.sub("", text)
    if outside.count(",") + outside.count("[") + outside.count("{") > limits.members:
        raise Fault(FaultKind.MALFORMED, f"the body has more than {limits.members} members (limits.members)")
    depth = 0
    for bracket in _BRACKETS.findall(outside):
        depth += 1 if bracket in "[{" else -1
        if depth > limits.depth:
            raise too_deep(limits)


def too_deep(limits: Limits) -> Fault:
    """The fault of a body with too many levels."""
    return Fault(FaultKind.MALFORMED, f"the body is nested deeper than {limits.depth} levels (limits.depth)")
