"""JSON as ServiceStack.Text speaks it: guids without dashes, dates as ``\\/Date(ms)\\/``, and very lenient reading."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, tzinfo
from typing import Any, Literal

from adapters.codecs.json import read_any
from adapters.codecs.json_write import Writer
from adapters.codecs.text_dates import epoch_date, iso_date
from adapters.codecs.text_scalars import is_bare, write_scalar
from adapters.codecs.text_tree import (
    BROKEN,
    HALF,
    IGNORED,
    Grammar,
    Reading,
    Slice,
    check_text,
    nested_end,
    out_of_range,
    read_object,
    text_of,
    written,
)
from adapters.protocol import Decoded
from adapters.scalars import Kind
from gateway.limits import Limits
from gateway.outcome import Fault, FaultKind
from schemas.message import Member, Message, Tree

_STRING = re.compile(r'"([^"\\]*(?:\\.[^"\\]*)*)"', re.DOTALL)
# A string that does not end runs to the end of the text: each character is looked at once, whatever is sent.
_NESTED = re.compile(r'"[^"\\]*(?:\\.[^"\\]*)*(?:"|\\?\Z)|[{}\[\]]|[^"{}\[\]]+', re.DOTALL)
_BARE = re.compile(r"[^,}\]]*")
_BLANK = re.compile(r"[ \t\r\n]*")
_ESCAPE = re.compile(r"\\(u[0-9a-fA-F]{4}|.)", re.DOTALL)
_SIMPLE = {"n": "\n", "t": "\t", "r": "\r", "b": "\b", "f": "\f"}
_SURROGATE = re.compile("[\ud800-\udfff]")


def _unescape(reading: Reading, text: str) -> str:
    if "\\" not in text:
        return text
    loose = _ESCAPE.sub(lambda found: _character(found[1]), text)
    joined = _joined(loose)
    if joined.count("\ufffd") > loose.count("\ufffd"):
        reading.note(HALF)
    return joined


def _character(escape: str) -> str:
    return chr(int(escape[1:], 16)) if len(escape) == 5 else _SIMPLE.get(escape, escape)


def _joined(text: str) -> str:
    """Surrogate pairs as the character they mean; a lone one as U+FFFD."""
    if _SURROGATE.search(text) is None:
        return text
    return text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")


def _pairs(reading: Reading, text: str) -> Iterator[tuple[str, Slice]]:
    at = 1
    while True:
        at = _skip(text, at, ",")
        if at >= len(text) or text[at] != '"':
            break
        name, at = _quoted(reading, text, at)
        at = _skip(text, at)
        if text[at : at + 1] != ":":
            break
        found, at = _value(reading, text, _skip(text, at + 1))
        yield name, found
        at = _skip(text, at)
        if text[at : at + 1] != ",":
            break
    _end(reading, text, at, "}")


def _items(reading: Reading, text: str) -> Iterator[Slice]:
    inner, closing = (1, "]") if text.startswith("[") else (0, "")
    at = _skip(text, inner)
    while at < len(text) and text[at] != closing:
        found, at = _value(reading, text, at) if closing else _unquoted_item(text, at)
        yield found
        at = _skip(text, at)
        if text[at : at + 1] != ",":
            break
        at = _skip(text, at + 1)
    _end(reading, text, at, closing)


def _unquoted_item(text: str, at: int) -> tuple[Slice, int]:
    """An item of a list that was sent as one string: ``a,b``."""
    end = text.find(",", at)
    end = len(text) if end < 0 else end
    return Slice("quoted", text[at:end]), end


def _end(reading: Reading, text: str, at: int, closing: str) -> None:
    if text[at : at + 1] != closing or _skip(text, at + 1) < len(text):
        reading.note(BROKEN)


def _skip(text: str, at: int, also: str = "") -> int:
    found = _BLANK.match(text, at)
    at = found.end() if found else at
    return _skip(text, at + 1) if also and text[at : at + 1] == also else at


def _quoted(reading: Reading, text: str, at: int) -> tuple[str, int]:
    found = _STRING.match(text, at)
    if found is None:
        raise out_of_range()
    return _unescape(reading, found[1]), found.end()


def _value(reading: Reading, text: str, at: int) -> tuple[Slice, int]:
    first = text[at : at + 1]
    if first == '"':
        inner, end = _quoted(reading, text, at)
        return Slice("quoted", inner), end
    if first in ("{", "["):
        end = nested_end(_NESTED, reading, text, at)
        return Slice("object" if first == "{" else "array", text[at:end]), end
    found = _BARE.match(text, at)
    end = found.end() if found else at
    return Slice("bare", text[at:end].strip()), end


def _plain(found: Slice) -> str:
    # A string member that was sent an object keeps its text without quotes, as recorded.
    return found.text.replace('"', "") if found.shape in ("object", "array") else found.text


def _whole(reading: Reading, found: Slice) -> Any:
    try:
        if found.shape != "quoted":
            value, notes = read_any(found.text, reading.limits)
            if any(note.name == "lone-surrogate" for note in notes):
                reading.note(HALF)
            return value
    except ValueError:
        reading.note(IGNORED)
    check_text(reading, found.text)
    return found.text


_JSON = Grammar(null="null", pairs=_pairs, items=_items, plain=_plain, whole=_whole)


def split_array(body: bytes, limits: Limits) -> list[bytes]:
    """The texts of the items of a JSON array: the requests of a batch. Raises a Fault when it is none."""
    reading = Reading(_JSON, UTC, limits)
    text = text_of(body, reading.notes).strip()
    if not text.startswith("["):
        raise Fault(FaultKind.MALFORMED, "a batch is an array: its body should start with a '['")
    items = [found.text.encode("utf-8") for found in _items(reading, text)]
    if reading.notes:
        raise Fault(FaultKind.MALFORMED, "the array of a batch is broken")
    return items


_ESCAPES = {number: f"\\u{number:04x}" for number in range(0x20)}
_ESCAPES |= {ord('"'): '\\"', ord("\\"): "\\\\", ord("\r"): "\\r", ord("\n"): "\\n", ord("\t"): "\\t"}


def quote(text: str) -> str:
    """A JSON string as v3 writes it: non-ASCII raw, no ``\\b`` and ``\\f``."""
    return f'"{_joined(text).translate(_ESCAPES)}"'


def camel_case(name: str) -> str:
    """``ClientReferUid`` as .NET Core hosts write it: ``clientReferUid``; a leading acronym is lowered as one."""
    upper = 0
    while upper < len(name) and name[upper].isupper():
        upper += 1
    lowered = upper if upper in (0, 1, len(name)) else upper - 1
    return name[:lowered].lower() + name[lowered:]


@dataclass(frozen=True, slots=True)
class TextJson:
    """The codec. ``zone`` is the server's. ``dates``: ``plain`` writes ``\\/Date(ms)\\/`` alone, ``offset`` adds
    v3's suffixes, ``iso`` is ISO 8601. ``camel`` lowers the first letters of names."""

    zone: tzinfo = UTC
    dates: Literal["plain", "offset", "iso"] = "plain"
    camel: bool = False
    name: str = "json"
    media_type: str = "application/json; charset=utf-8"

    def decode(self, body: bytes, message: Message, limits: Limits) -> Decoded:
        """The tree of a JSON object; a blank body is an empty one."""
        reading = Reading(_JSON, self.zone, limits)
        text = text_of(body, reading.notes)
        tree = read_object(reading, text, message) if text.strip() else {}
        return Decoded(tree, tuple(reading.notes))

    def encode(self, tree: Tree | None, message: Message) -> bytes:
        """One line of JSON."""
        return self.text(tree, message).encode("utf-8")

    def text(self, tree: Tree | None, message: Message) -> str:
        """As :meth:`encode`, as text."""
        return "null" if tree is None else self._object(tree, message)

    def _object(self, tree: Tree, message: Message) -> str:
        pairs = [f"{self._name(member.name)}:{self._value(value, member)}" for member, value in written(message, tree)]
        if message.open:
            pairs += [f"{quote(key)}:{_any(value)}" for key, value in tree.items() if key not in message.by_key]
        return "{" + ",".join(pairs) + "}"

    def _name(self, name: str) -> str:
        return quote(camel_case(name) if self.camel else name)

    def _value(self, value: Any, member: Member) -> str:
        if value is None:
            return "null"
        if member.kind is Kind.OBJECT and member.message is not None:
            return self._object(value, member.message)
        if member.kind is Kind.LIST and member.item is not None:
            item = member.item
            return "[" + ",".join([self._value(each, item) for each in value]) + "]"
        return _any(value) if member.kind is Kind.ANY else self._leaf(value, member.kind)

    def _leaf(self, value: Any, kind: Kind) -> str:
        if kind is Kind.DATETIME:
            return self._date(value)
        text = write_scalar(value, kind, self.zone)
        if kind is Kind.BOOLEAN:
            return text.lower()
        return text if is_bare(kind, value) else quote(text)

    def _date(self, value: Any) -> str:
        if self.dates == "iso":
            return quote(iso_date(value, self.zone))
        return '"' + epoch_date(value, self.zone, offsets=self.dates == "offset").replace("/", "\\/") + '"'


def _any(value: Any) -> str:
    return _joined(Writer().plain(value))
