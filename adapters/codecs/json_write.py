"""Trees to JSON text: one line, no blanks, text as it is except what Json.NET escapes."""

import base64
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, tzinfo
from decimal import Decimal
from json.encoder import encode_basestring
from math import isfinite
from typing import Any
from uuid import UUID

import orjson

from adapters.codecs.json_dates import write_instant, write_net
from adapters.scalars import NetDateTime
from gateway.quick import quick
from schemas.message import Member, Message, Tree

_LONE = re.compile("[\ud800-\udfff]")
_LINE_ENDS = {0x85: "\\u0085", 0x2028: "\\u2028", 0x2029: "\\u2029"}


def quoted(text: str) -> str:
    """A JSON string. U+0085, U+2028 and U+2029 are escaped, as Json.NET does; half a character becomes U+FFFD."""
    written: str = encode_basestring(text)
    if written.isascii():
        return written
    return _LONE.sub("\ufffd", written.translate(_LINE_ENDS))


def _double(value: float) -> str:
    return repr(value).replace("e", "E") if isfinite(value) else quoted(str(value))


def _net_decimal(value: Decimal) -> str:
    text = str(value)
    return text if "." in text or "E" in text else f"{text}.0"


def _net_span(value: timedelta) -> str:
    micros = abs(value) // timedelta(microseconds=1)
    seconds, fraction = divmod(micros, 1_000_000)
    hours, rest = divmod(seconds, 3600)
    day = f"{hours // 24}." if hours >= 24 else ""
    tail = f".{fraction:06d}0" if fraction else ""
    return f"{'-' if value < timedelta() else ''}{day}{hours % 24:02d}:{rest // 60:02d}:{rest % 60:02d}{tail}"


def _iso_span(value: timedelta) -> str:
    micros = abs(value) // timedelta(microseconds=1)
    seconds, fraction = divmod(micros, 1_000_000)
    hours, rest = divmod(seconds, 3600)
    tail = f".{fraction:06d}".rstrip("0") if fraction else ""
    parts = (f"{hours}H" if hours else "", f"{rest // 60}M" if rest // 60 else "")
    last = f"{rest % 60}{tail}S" if rest % 60 or tail or not micros else ""
    return f"{'-' if value < timedelta() else ''}PT{''.join(parts)}{last}"


_SCALARS: Mapping[type, Callable[[Any], str]] = {
    type(None): lambda value: "null",
    bool: lambda value: "true" if value else "false",
    str: quoted,
    int: str,
    float: _double,
    Decimal: str,
    UUID: lambda value: f'"{value}"',
    datetime: lambda value: f'"{write_instant(value)}"',
    timedelta: lambda value: f'"{_iso_span(value)}"',
    bytes: lambda value: f'"{base64.b64encode(value).decode("ascii")}"',
}

_SAME = frozenset({str, int, bool, UUID})
"""Types, but not their subclasses, that orjson writes as :data:`_SCALARS` does."""

_NET_SCALARS = {**_SCALARS, Decimal: _net_decimal, timedelta: lambda value: f'"{_net_span(value)}"'}


@quick
@dataclass(frozen=True, slots=True)
class Writer:
    """How one dialect writes: ``nulls`` also for members that are absent, ``net`` for Json.NET's scalars."""

    nulls: bool = False
    net: bool = False
    zone: tzinfo = UTC

    def data(self, tree: Any, message: Message) -> bytes:
        """The bytes of :meth:`text` in UTF-8, in a fifth of its time: orjson writes what it writes in the same way."""
        if not isinstance(tree, dict) or message.bare:
            return self.text(tree, message).encode()
        try:
            data = orjson.dumps(self._shaped(tree, message))
        except (TypeError, LookupError):
            # Half a character, an integer beyond 64 bits, one name twice.
            return self.text(tree, message).encode()
        return data if data.isascii() else data.decode().translate(_LINE_ENDS).encode()

    def _shaped(self, tree: Tree, message: Message) -> dict[str, Any]:
        """What :meth:`_object` writes, by wire name and in its order, for orjson."""
        shaped: dict[str, Any] = {}
        for key, name, member in message.compiled(_named):
            value = tree.get(key)
            if type(value) in _SAME:
                shaped[name] = value
            elif value is not None:
                shaped[name] = self._ready(value, member)
            elif member.emit_default if self.nulls else key in tree:
                shaped[name] = None
        if message.open:
            for key, value in tree.items():
                if key not in message.by_key:
                    if key in shaped:
                        raise LookupError(key)
                    shaped[key] = self._plain(value)
        return shaped

    def _ready(self, value: Any, member: Member) -> Any:
        if isinstance(value, dict) and member.message is not None:
            return self._shaped(value, member.message)
        if isinstance(value, (list, tuple)) and member.item is not None:
            return [self._ready(item, member.item) for item in value]
        return self._plain(value)

    def _plain(self, value: Any) -> Any:
        return value if value is None or type(value) in _SAME else orjson.Fragment(self.plain(value))

    def text(self, tree: Any, message: Message) -> str:
        """The JSON text of a tree of ``message``; a list or None stands for itself."""
        if isinstance(tree, dict) and message.bare:
            return self._value(tree.get(message.members[0].key), message.members[0])
        return self._object(tree, message) if isinstance(tree, dict) else self.plain(tree)

    def _object(self, tree: Tree, message: Message) -> str:
        texts: list[str] = []
        scalars = _NET_SCALARS if self.net else _SCALARS
        for key, name, member in message.compiled(_rows):
            value = tree.get(key)
            if value is not None:
                # Most values are scalars; asked here, each costs two calls less.
                write = scalars.get(type(value))
                texts.append(name + (self._value(value, member) if write is None else write(value)))
            elif member.emit_default if self.nulls else key in tree:
                texts.append(f"{name}null")
        if message.open:
            known = message.by_key
            texts += [f"{quoted(key)}:{self.plain(value)}" for key, value in tree.items() if key not in known]
        return "{" + ",".join(texts) + "}"

    def _value(self, value: Any, member: Member) -> str:
        if isinstance(value, dict) and member.message is not None:
            return self._object(value, member.message)
        if isinstance(value, (list, tuple)) and member.item is not None:
            return "[" + ",".join([self._value(item, member.item) for item in value]) + "]"
        return self.plain(value)

    def plain(self, value: Any) -> str:
        """The JSON text of any tree value, without a message."""
        write = (_NET_SCALARS if self.net else _SCALARS).get(type(value))
        if write is not None:
            return write(value)
        if isinstance(value, dict):
            return "{" + ",".join([f"{quoted(str(key))}:{self.plain(item)}" for key, item in value.items()]) + "}"
        if isinstance(value, (list, tuple)):
            return "[" + ",".join([self.plain(item) for item in value]) + "]"
        if isinstance(value, NetDateTime):
            return f'"{write_net(value, self.zone)}"'
        return quoted(str(value))


def _named(message: Message) -> tuple[tuple[str, str, Member], ...]:
    """Key, name and member, in the order of writing."""
    return tuple((member.key, member.name, member) for member in message.flat_members)


def _rows(message: Message) -> tuple[tuple[str, str, Member], ...]:
    """Key, quoted name with its colon, and member, in the order of writing."""
    return tuple((member.key, f"{quoted(member.name)}:", member) for member in message.flat_members)
