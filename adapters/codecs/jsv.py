"""JSV, ServiceStack's own text format: JSON's shape with CSV's quoting."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, tzinfo
from typing import Any

from adapters.codecs.text_scalars import write_scalar
from adapters.codecs.text_tree import (
    BROKEN,
    Grammar,
    Reading,
    Slice,
    check_text,
    nested_end,
    out_of_range,
    read_object,
    read_value,
    text_of,
    written,
)
from adapters.protocol import Decoded
from adapters.scalars import Kind
from gateway.limits import Limits
from gateway.outcome import Fault, FaultKind
from schemas.message import Member, Message, Tree

_QUOTED = re.compile(r'"([^"]*(?:""[^"]*)*)"')
_NESTED = re.compile(r'"[^"]*(?:"|\Z)|[{}\[\]]|[^"{}\[\]]+')
_BARE = {ends: re.compile(f"[^{re.escape(ends)}]*") for ends in (",}", ",]", ",")}
_SPECIAL = re.compile(r'[":,{}\[\]\r\n]')
_RAW = frozenset(
    {
        Kind.BOOLEAN,
        Kind.INT,
        Kind.LONG,
        Kind.DECIMAL,
        Kind.DOUBLE,
        Kind.DATETIME,
        Kind.INSTANT,
        Kind.GUID,
        Kind.DURATION,
        Kind.BASE64,
        Kind.CHAR,
    }
)


def _pairs(reading: Reading, text: str) -> Iterator[tuple[str, Slice]]:
    at = 1
    while at < len(text) and text[at] != "}":
        name, at = _name(text, at)
        found, at = _value(reading, text, at, ",}")
        yield name, found
        if text[at : at + 1] == ",":
            at += 1
        elif text[at : at + 1] != "}":
            break
    if text[at : at + 1] != "}" or at + 1 < len(text):
        reading.note(BROKEN)


def _name(text: str, at: int) -> tuple[str, int]:
    found = _QUOTED.match(text, at)
    end = found.end() if found else text.find(":", at)
    if end < 0 or text[end : end + 1] != ":":
        raise out_of_range()
    return (found[1].replace('""', '"') if found else text[at:end]), end + 1


def _items(reading: Reading, text: str) -> Iterator[Slice]:
    closing = "]" if text.startswith("[") else ""
    at = len(closing)
    if text[at : at + 1] == closing:
        return
    while True:
        found, at = _value(reading, text, at, f",{closing}")
        yield found
        if text[at : at + 1] != ",":
            break
        at += 1
    if text[at : at + 1] != closing or at + 1 < len(text):
        reading.note(BROKEN)


def _value(reading: Reading, text: str, at: int, ends: str) -> tuple[Slice, int]:
    first = text[at : at + 1]
    quoted = _QUOTED.match(text, at)
    if quoted is not None:
        return Slice("quoted", quoted[1].replace('""', '"')), quoted.end()
    if first in ("{", "["):
        end = nested_end(_NESTED, reading, text, at)
        return Slice("object" if first == "{" else "array", text[at:end]), end
    bare = _BARE[ends].match(text, at) if ends else None
    end = bare.end() if bare else len(text)
    return Slice("bare", text[at:end]), end


def _plain(found: Slice) -> str:
    return found.text


def _whole(reading: Reading, found: Slice) -> str:
    check_text(reading, found.text)
    return found.text


_JSV = Grammar(null="", pairs=_pairs, items=_items, plain=_plain, whole=_whole)


def split_list(body: bytes, limits: Limits) -> list[bytes]:
    """The texts of the items of a JSV list: the requests of a batch. Raises a Fault when it is none."""
    reading = Reading(_JSV, UTC, limits)
    text = text_of(body, reading.notes).strip()
    if not text.startswith("["):
        raise Fault(FaultKind.MALFORMED, "a batch is a list: its body should start with a '['")
    items = [found.text.encode("utf-8") for found in _items(reading, text)]
    if reading.notes:
        raise Fault(FaultKind.MALFORMED, "the list of a batch is broken")
    return items


def read_text(text: str, member: Member, zone: tzinfo, limits: Limits) -> tuple[Any, bool]:
    """One value of a query, a form or a CSV field, and whether it fits its member; strings are taken verbatim."""
    reading = Reading(_JSV, zone, limits)
    if member.kind in (Kind.STRING, Kind.ENUM, Kind.ANY):
        value = read_value(reading, Slice("quoted", text), member)
    else:
        found, end = (Slice("bare", text), len(text)) if member.kind in _RAW else _value(reading, text, 0, "")
        if member.kind is Kind.LIST and end != len(text):
            found = Slice("bare", text)
        value = read_value(reading, found, member)
    return value, not any(note.name in (BROKEN, "ignored_value") for note in reading.notes)


def quote(text: str) -> str:
    """``text`` in quotes if it needs them."""
    return '"' + text.replace('"', '""') + '"' if not text or _SPECIAL.search(text) else text


@dataclass(frozen=True, slots=True)
class Jsv:
    """The codec; ``zone`` is the server's."""

    zone: tzinfo = UTC
    name: str = "jsv"
    media_type: str = "application/jsv"

    def decode(self, body: bytes, message: Message, limits: Limits) -> Decoded:
        """The tree of a JSV object; a blank body is an empty one."""
        reading = Reading(_JSV, self.zone, limits)
        text = text_of(body, reading.notes)
        tree = read_object(reading, text, message) if text.strip() else {}
        return Decoded(tree, tuple(reading.notes))

    def encode(self, tree: Tree | None, message: Message) -> bytes:
        """One line of JSV."""
        return ("" if tree is None else self._object(tree, message)).encode("utf-8", "replace")

    def _object(self, tree: Tree, message: Message) -> str:
        pairs = [f"{quote(member.name)}:{self.text(value, member)}" for member, value in written(message, tree)]
        if message.open:
            pairs += [f"{quote(key)}:{quote(str(tree[key]))}" for key in tree if key not in message.by_key]
        return "{" + ",".join(pairs) + "}"

    def text(self, value: Any, member: Member) -> str:
        """One value, quoted where it needs to be; null is nothing."""
        if value is None:
            return ""
        if member.kind is Kind.OBJECT and member.message is not None:
            return self._object(value, member.message)
        if member.kind is Kind.LIST and member.item is not None:
            item = member.item
            return "[" + ",".join([self.text(each, item) for each in value]) + "]"
        text = write_scalar(value, member.kind, self.zone)
        return text if member.kind in _RAW else quote(text)
