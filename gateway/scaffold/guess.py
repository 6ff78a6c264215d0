"""What a value of a sample, and a name, give away. Where they do not, it is text."""

import re
from decimal import Decimal
from typing import Any

from adapters.codecs import json_scalars
from adapters.codecs.json_text import Number
from adapters.scalars import Kind
from adapters.xsd import parsers
from gateway.scaffold.names import words
from schemas.message import Member

_GUID = re.compile(r"[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}")
_INTEGER = re.compile(r"-?(?:0|[1-9][0-9]{0,18})")
_DECIMAL = re.compile(r"-?(?:0|[1-9][0-9]*)\.[0-9]+")
_DATETIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?(?:Z|[+-]\d\d:\d\d)?")
_NET_DATE = re.compile(r"/Date\(-?\d+(?:[+-]\d{4})?\)/")
_SPAN = re.compile(r"-?(?:\d+\.)?(?:[01]\d|2[0-3]):[0-5]\d:[0-5]\d(?:\.\d{1,7})?")
_ISO_SPAN = re.compile(r"-?P(?=.)(?:\d+D)?(?:T(?=.)(?:\d+H)?(?:\d+M)?(?:\d+(?:\.\d+)?S)?)?")

_TEXTS = (
    (Kind.GUID, _GUID),
    (Kind.DATETIME, _DATETIME),
    (Kind.DURATION, _ISO_SPAN),
)
_NUMBERS = ((Kind.INT, _INTEGER), (Kind.DECIMAL, _DECIMAL))
_LABELS = frozenset({"id", "key", "code", "number", "no", "version", "phone", "zip", "postcode", "serial", "pin"})
"""Last words of names whose digits are not counted with: leading zeros and letters may come."""

SECRETS = frozenset({"password", "passwd", "pwd", "secret", "token", "apikey", "pin", "passphrase"})
"""Words of names whose values may not be stored or logged."""

SPAN_TODO = "{name} looks like a .NET time span, which {format} cannot declare: it is text; parse it in commands.py"


def is_secret(name: str, inside: str = "") -> bool:
    """Whether a member's name says that its value is a secret: a password, a token, a key beside an authentication."""
    found = words(name)
    if SECRETS & set(found) or "".join(found) in SECRETS:
        return True
    return found[-1:] == ["key"] and ("api" in found or bool({"authentication", "credentials"} & set(words(inside))))


def text_kind(text: str, name: str) -> Kind:
    """The kind of an element's text."""
    if text in ("true", "false"):
        return Kind.BOOLEAN
    for kind, pattern in _TEXTS:
        if pattern.fullmatch(text) and _reads(kind, text):
            return kind
    if words(name)[-1:] and words(name)[-1] in _LABELS:
        return Kind.STRING
    found = next((kind for kind, pattern in _NUMBERS if pattern.fullmatch(text)), Kind.STRING)
    return _wide(int(text)) if found is Kind.INT else found


def json_kind(value: Any) -> Kind:
    """The kind of a JSON scalar that is not null; numbers are those of :mod:`adapters.codecs.json_text`."""
    if isinstance(value, bool):
        return Kind.BOOLEAN
    if isinstance(value, (int, Decimal)):
        return _wide(int(value)) if isinstance(value, int) else Kind.DECIMAL
    if _NET_DATE.fullmatch(value):
        return Kind.DATETIME
    found = next((kind for kind, pattern in _TEXTS if pattern.fullmatch(value)), Kind.STRING)
    return found if found is Kind.STRING or _reads_json(found, value) else Kind.STRING


def is_span(text: str) -> bool:
    """Whether a text is a .NET TimeSpan (``02:15:22``), which XML and plain JSON have no form of their own for."""
    return _SPAN.fullmatch(text) is not None


def _wide(value: int) -> Kind:
    if -(1 << 31) <= value < 1 << 31:
        return Kind.INT
    return Kind.LONG if -(1 << 63) <= value < 1 << 63 else Kind.DECIMAL


def _reads(kind: Kind, text: str) -> bool:
    try:
        parsers()[kind](text)
    except (ValueError, ArithmeticError):
        return False
    return True


def _reads_json(kind: Kind, value: str | Number) -> bool:
    try:
        json_scalars.STRICT[kind](value, Member("", "", kind))
    except (ValueError, ArithmeticError):
        return False
    return True
