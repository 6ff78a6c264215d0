"""The JSON codec in two dialects: :data:`NET` reads and writes as Json.NET does, :data:`STRICT` as RFC 8259 says."""

import codecs
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, tzinfo
from functools import lru_cache
from re import compile as pattern
from typing import Any

from adapters.codecs import json_scalars
from adapters.codecs.json_dates import read_net
from adapters.codecs.json_relaxed import parse_relaxed
from adapters.codecs.json_scalars import Reader
from adapters.codecs.json_text import (
    NUMBER_CHARACTERS,
    Number,
    Pairs,
    check_bounds,
    malformed,
    parse_plain,
    parse_strict,
)
from adapters.codecs.json_write import Writer
from adapters.protocol import Decoded
from adapters.scalars import Kind
from gateway.limits import Limits
from gateway.outcome import Fault, FaultKind, FieldError, Note
from schemas.message import Member, Message, Tree, is_secret

_LONE = pattern("[\ud800-\udfff]")
_BOMS = ((codecs.BOM_UTF8, "utf-8"), (codecs.BOM_UTF16_LE, "utf-16-le"), (codecs.BOM_UTF16_BE, "utf-16-be"))
_NAMED = {"utf-8": "utf-8", "utf-16": "utf-16-le"}

NOTES = 100
"""So many notes are kept for one body."""


@dataclass(frozen=True, slots=True)
class Dialect:
    """What the two dialects differ in.

    ``net``: names in any case, relaxed text, half a character replaced, a null root read as an empty object.
    Otherwise: exact names, no duplicates, UTF-8 only.
    """

    net: bool
    scalars: Mapping[Kind, Reader]


_NET = Dialect(True, json_scalars.NET)
_STRICT = Dialect(False, json_scalars.STRICT)


@dataclass(frozen=True, slots=True)
class JsonCodec:
    """Meets :class:`adapters.protocol.Codec`.

    ``charset`` is ``utf-8`` or ``utf-16`` (little endian, written with a byte order mark, as .NET does); a byte order
    mark in a body wins over it. ``zone`` is the server's, for DateTimes with an offset.
    """

    dialect: Dialect
    media_type: str = "application/json"
    charset: str = "utf-8"
    zone: tzinfo = UTC
    name: str = "json"

    def decode(self, body: bytes, message: Message, limits: Limits) -> Decoded:
        """The tree of ``body``. ``malformed``: not JSON, or not an object unless the message is bare; ``invalid``:
        every member of a wrong type is named."""
        reading = _Reading(self.dialect, self.zone, limits)
        raw = reading.parse(self._text(body))
        if message.bare:
            (member,) = message.members
            tree = {member.key: reading.value(raw, member, "")}
        elif isinstance(raw, Pairs):
            tree = reading.object(raw, message, "")
        else:
            raise Fault(FaultKind.MALFORMED, "the body must be a JSON object")
        if reading.errors:
            raise Fault(FaultKind.INVALID, reading.errors[0].message, fields=tuple(reading.errors))
        return Decoded(tree, tuple(reading.notes[:NOTES]))

    def encode(self, tree: Tree | None, message: Message) -> bytes:
        """The bytes of ``tree``; None is ``null``."""
        data = Writer(self.dialect.net, self.dialect.net, self.zone).data(tree, message)
        return codecs.BOM_UTF16_LE + data.decode().encode("utf-16-le") if self.charset == "utf-16" else data

    def _text(self, body: bytes) -> str:
        encoding = _NAMED[self.charset]
        for mark, marked in _BOMS if self.dialect.net else _BOMS[:1]:
            if body.startswith(mark):
                body, encoding = body[len(mark) :], marked
                break
        try:
            return body.decode(encoding)
        except UnicodeDecodeError as error:
            raise malformed(f"it is not {self.charset}, see byte {error.start}") from None


NET = JsonCodec(_NET, "application/json; charset=utf-8")
"""Json.NET, as ASP.NET Web API configures it."""

NET_UTF16 = JsonCodec(_NET, "application/json; charset=utf-16", "utf-16")
"""The same in UTF-16."""

STRICT = JsonCodec(_STRICT)
"""RFC 8259, for REST."""


def read_json_text(text: str, member: Member, limits: Limits) -> Any:
    """The value of JSON that stands in a query or a header. Raises ValueError or a Fault."""
    reading = _Reading(_STRICT, UTC, limits)
    value = reading.value(reading.parse(text), member, member.name)
    if reading.errors:
        raise Fault(FaultKind.INVALID, reading.errors[0].message, fields=tuple(reading.errors))
    return value


def read_any(text: str, limits: Limits) -> tuple[Any, tuple[Note, ...]]:
    """The value of JSON of no declared kind, and what was odd about it. Raises ValueError where it is none, or holds a
    number beyond the range of a double, and a Fault beyond a limit."""
    check_bounds(text, limits)
    reading = _Reading(_NET, UTC, limits)
    try:
        value = reading.plain(parse_plain(text), "")
    except RecursionError:
        raise ValueError("it is nested too deeply") from None
    if reading.errors:
        raise ValueError(reading.errors[0].message)
    return value, tuple(reading.notes[:NOTES])


@lru_cache(maxsize=4096)
def _names(message: Message, folded: bool) -> Mapping[str, Member]:
    """Every member by its wire name; one of the body wins over one of a SOAP header with the same name."""
    ordered = sorted(message.members, key=lambda member: member.part == "body")
    return {member.name.lower() if folded else member.name: member for member in ordered}


@dataclass(slots=True)
class _Reading:
    """One body being read: what was wrong and what was odd so far."""

    dialect: Dialect
    zone: tzinfo
    limits: Limits
    errors: list[FieldError] = field(default_factory=list)
    notes: list[Note] = field(default_factory=list)

    def parse(self, text: str) -> Any:
        check_bounds(text, self.limits)
        if not self.dialect.net:
            return parse_strict(text)
        if not text.strip():
            return self.null()
        try:
            raw = parse_plain(text)
        except (ValueError, RecursionError):
            raw = parse_relaxed(text, self.limits)
            self.notes.append(Note("relaxed-json"))
        return self.null() if raw is None else raw

    def null(self) -> Pairs:
        """A root that is null: what Json.NET makes of a body of blanks, too."""
        self.notes.append(Note("nil_root"))
        return Pairs()

    def object(self, pairs: Pairs, message: Message, path: str) -> Tree:
        net, longest = self.dialect.net, self.limits.name_bytes
        names, tree = _names(message, net), Tree()
        for sent, raw in pairs:
            member = names.get(sent.lower() if net else sent)
            if member is not None and len(sent) <= longest:
                # What is declared holds nothing that may not be stored.
                key, where = member.key, path + member.name
            else:
                name = self.text(sent, f"{path}{sent[:64]}", longest, "limits.name_bytes")
                member = names.get(name.lower() if net else name)
                key, where = (member.key, f"{path}{member.name}") if member else (name, f"{path}{name}")
            if key in tree:
                self.duplicate(member, where)
            elif member is not None:
                tree[key] = self.value(raw, member, where)
            elif message.open and key not in message.by_key:
                tree[key] = self.plain(raw, where)
            else:
                self.notes.append(Note("unknown-member", where))
        return tree

    def duplicate(self, member: Member | None, path: str) -> None:
        if not self.dialect.net or (member is not None and is_secret(member)):
            self.errors.append(FieldError(path, f"{path} must not be sent twice"))
        else:
            self.notes.append(Note("duplicate-member", path))

    def value(self, raw: Any, member: Member, path: str) -> Any:
        if raw is None:
            return None
        if member.kind is Kind.OBJECT and member.message is not None:
            if not isinstance(raw, Pairs):
                return self.wrong(raw, member, path, "must be an object")
            return self.object(raw, member.message, f"{path}.")
        if member.kind is Kind.LIST and member.item is not None:
            return self.list(raw, member, member.item, path)
        if member.kind in (Kind.ANY, Kind.OBJECT, Kind.LIST):
            return self.plain(raw, path)
        return self.scalar(raw, member, path)

    def list(self, raw: Any, member: Member, item: Member, path: str) -> Any:
        if isinstance(raw, Pairs) or not isinstance(raw, list):
            return self.wrong(raw, member, path, "must be a list")
        return [self.value(part, item, f"{path}[{index}]") for index, part in enumerate(raw)]

    def scalar(self, raw: Any, member: Member, path: str) -> Any:
        if isinstance(raw, str):
            raw = self.text(raw, path, self.limits.text_bytes, "limits.text_bytes")
            if raw == "" and self.dialect.net and member.nillable and member.kind not in (Kind.STRING, Kind.BASE64):
                return None
        elif isinstance(raw, Number) and len(raw.text) > NUMBER_CHARACTERS:
            return self.wrong(raw, member, path, f"must not be a number of more than {NUMBER_CHARACTERS} digits")
        try:
            if member.kind is Kind.DATETIME and isinstance(raw, str):
                return read_net(raw, self.zone)
            return self.dialect.scalars[member.kind](raw, member)
        except ValueError as error:
            return self.wrong(raw, member, path, str(error))

    def wrong(self, raw: Any, member: Member, path: str, reason: str) -> None:
        shown = raw.text[:64] if isinstance(raw, Number) else raw if isinstance(raw, (str, bool)) else None
        self.errors.append(
            FieldError(path, f"{member.name or path} {reason}", "type", None if is_secret(member) else shown)
        )

    def plain(self, raw: Any, path: str) -> Any:
        """A value of no declared kind: dict, list, str, bool, int, Decimal or None."""
        if isinstance(raw, Pairs):
            return self.open_object(raw, path)
        if isinstance(raw, list):
            return [self.plain(item, f"{path}[{index}]") for index, item in enumerate(raw)]
        if isinstance(raw, str):
            return self.text(raw, path, self.limits.text_bytes, "limits.text_bytes")
        try:
            return raw.value() if isinstance(raw, Number) else raw
        except ValueError as error:
            self.errors.append(FieldError(path, f"{path} {error}", "type"))
            return None

    def open_object(self, pairs: Pairs, path: str) -> Tree:
        tree = Tree()
        for sent, raw in pairs:
            name = self.text(sent, f"{path}.{sent[:64]}", self.limits.name_bytes, "limits.name_bytes")
            if name in tree:
                self.duplicate(None, f"{path}.{name}")
            else:
                tree[name] = self.plain(raw, f"{path}.{name}")
        return tree

    def text(self, text: str, path: str, bound: int, setting: str) -> str:
        """``text`` if it may be stored: not too long, no NUL, no half of a surrogate pair."""
        if len(text) > bound:
            raise Fault(FaultKind.TOO_LARGE, f"a text of the body is longer than {bound} characters ({setting})")
        if "\x00" in text:
            raise malformed("a text holds a NUL character")
        if text.isascii() or not _LONE.search(text):
            return text
        if not self.dialect.net:
            raise malformed("a text holds half a surrogate pair")
        self.notes.append(Note("lone-surrogate", _LONE.sub("\ufffd", path)))
        return _LONE.sub("\ufffd", text)
