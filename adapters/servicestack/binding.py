"""Keys and values: query strings and forms, and how they fill a message."""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import tzinfo
from email.parser import BytesParser
from email.policy import HTTP
from typing import Any, TypeAlias
from urllib.parse import parse_qsl

from adapters.codecs.jsv import read_text
from adapters.scalars import Kind
from adapters.servicestack.formats import bare_type
from gateway.limits import Limits
from gateway.outcome import Fault, FaultKind, FieldError, Note
from schemas.message import Member, Message, Tree

Pairs: TypeAlias = Sequence[tuple[str, str]]

OVERRIDE = "x-http-method-override"
RESERVED = frozenset({"format", "callback", "debug", "jsconfig", OVERRIDE})
"""Keys that speak to the server itself."""


def parse_query(text: str, limits: Limits) -> Pairs:
    """The pairs of a query or of an urlencoded form; empty pairs and keys without a value are left out."""
    try:
        found = parse_qsl(text, keep_blank_values=True, max_num_fields=limits.members, errors="replace")
    except ValueError:
        raise Fault(FaultKind.TOO_LARGE, f"there are more than {limits.members} pairs (limits.members)") from None
    return [(key, value) for key, value in found if key and value]


def parse_form(body: bytes, content_type: str, limits: Limits) -> Pairs:
    """The pairs of a form; the files of a multipart one are left out."""
    if bare_type(content_type) == "multipart/form-data":
        return _parse_multipart(body, content_type, limits)
    return parse_query(body.decode("utf-8", "replace"), limits)


def _parse_multipart(body: bytes, content_type: str, limits: Limits) -> Pairs:
    head = f"Content-Type: {content_type}\r\n\r\n".encode("latin-1", "replace")
    try:
        parsed = BytesParser(policy=HTTP).parsebytes(head + body)
        parts = list(parsed.iter_parts()) if parsed.is_multipart() else []
        found = [(_parameter(part, "name"), part) for part in parts[: limits.members] if part.get_filename() is None]
        return [(name, value) for name, part in found if name and (value := _payload(part))]
    except Exception:  # the parser promises no particular error for broken headers of parts
        raise Fault(FaultKind.MALFORMED, "the multipart form could not be read") from None


def _parameter(part: Any, name: str) -> str:
    value = part.get_param(name, header="content-disposition")
    return value if isinstance(value, str) else ""


def _payload(part: Any) -> str:
    payload = part.get_payload(decode=True)
    return payload.decode("utf-8", "replace") if isinstance(payload, bytes) else ""


_CALLBACK = re.compile(r"[A-Za-z_$][\w$]{0,63}(?:\.[A-Za-z_$][\w$]{0,63}){0,4}", re.ASCII)


def is_callback(text: str) -> bool:
    """Whether ``text`` can be the name of a function, and nothing else."""
    return _CALLBACK.fullmatch(text) is not None


def value_of(pairs: Pairs, key: str) -> str:
    """The first value of ``key``, compared without case; empty when there is none."""
    return next((value for name, value in pairs if name.lower() == key), "")


@dataclass(frozen=True, slots=True)
class Binding:
    """How pairs become members: ``joined`` joins the values of a repeated key with commas, else the first wins."""

    zone: tzinfo
    limits: Limits
    joined: bool


def bind(pairs: Pairs, message: Message, how: Binding) -> tuple[Tree, tuple[Note, ...]]:
    """The tree of ``pairs``. Raises a Fault of kind ``invalid`` that names every value its member does not have."""
    tree: Tree = {}
    notes: list[Note] = []
    errors: list[FieldError] = []
    for key, value in _united(pairs, how.joined):
        member = message.by_folded.get(key)
        if member is None:
            notes.append(Note("unknown_member", key[:80]))
        else:
            _put(tree, member, value, how, errors)
    if errors:
        raise Fault(FaultKind.INVALID, errors[0].message, fields=tuple(errors))
    return tree, tuple(notes)


def _united(pairs: Pairs, joined: bool) -> Iterable[tuple[str, str]]:
    found: dict[str, str] = {}
    for key, value in pairs:
        folded = key.lower()
        if folded in RESERVED:
            continue
        if folded not in found:
            found[folded] = value
        elif joined:
            found[folded] += f",{value}"
    return found.items()


def _put(tree: Tree, member: Member, text: str, how: Binding, errors: list[FieldError]) -> None:
    if member.kind is Kind.BOOLEAN:
        text = _switch(text.partition(",")[0])
    try:
        value, fits = read_text(text, member, how.zone, how.limits)
    except Fault as fault:
        value, fits = None, False
        if fault.kind is FaultKind.TOO_LARGE:
            raise
    if fits:
        tree[member.key] = value
    else:
        shown = "the value" if _is_secret(member) else f"'{text[:80]}'"
        errors.append(FieldError(member.name, f"{shown} is an Invalid value for '{member.name}'", "type"))


def _is_secret(member: Member) -> bool:
    """Whether a value may not be repeated: credentials, and whatever may hold some."""
    return member.credential or member.message is not None or member.item is not None


def _switch(text: str) -> str:
    return "true" if text.lower() == "on" else text


def masked(query: str, message: Message, mask: str = "***") -> str:
    """``query`` with the values of credentials masked, for an error text that repeats it."""
    parts = [_masked(part, message.by_folded, mask) for part in query[:2000].split("&")]
    return "&".join(parts)


def _masked(part: str, members: Mapping[str, Member], mask: str) -> str:
    key, equals, _ = part.partition("=")
    names = [name for name, _ in parse_qsl(f"{key}=x", max_num_fields=1, errors="replace")]
    member = members.get(names[0].lower()) if names else None
    return f"{key}{equals}{mask}" if member is not None and _is_secret(member) else part
