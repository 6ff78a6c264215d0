"""Keys and values: query strings and forms, and how they fill a message."""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import tzinfo
from typing import TypeAlias
from urllib.parse import parse_qsl

from werkzeug.http import parse_options_header
from werkzeug.sansio.multipart import Data, Epilogue, Field, MultipartDecoder, NeedData

from adapters.codecs.jsv import read_text
from adapters.codecs.text_tree import NOTES, sent_twice
from adapters.scalars import Kind
from adapters.servicestack.formats import bare_type
from gateway.limits import Limits
from gateway.outcome import Fault, FaultKind, FieldError, Note
from schemas.message import Member, Message, Tree, is_secret

Pairs: TypeAlias = Sequence[tuple[str, str]]

OVERRIDE = "x-http-method-override"
RESERVED = frozenset({"format", "callback", "debug", "jsconfig", OVERRIDE})
"""Keys that speak to the server itself."""


def parse_query(text: str, limits: Limits) -> Pairs:
    """The pairs of a query or of an urlencoded form; empty pairs and keys without a value are left out."""
    try:
        found = parse_qsl(text, keep_blank_values=True, max_num_fields=limits.members, errors="replace")
    except ValueError:
        raise _too_many(limits) from None
    return [(_checked(key, limits), value) for key, value in found if key and value]


def _checked(name: str, limits: Limits) -> str:
    if len(name) > limits.name_bytes:
        raise Fault(FaultKind.TOO_LARGE, f"a name is longer than {limits.name_bytes} characters (limits.name_bytes)")
    return name


def _too_many(limits: Limits) -> Fault:
    return Fault(FaultKind.TOO_LARGE, f"there are more than {limits.members} pairs (limits.members)")


def parse_form(body: bytes, content_type: str, limits: Limits) -> Pairs:
    """The pairs of a form; the files of a multipart one are left out."""
    if bare_type(content_type) == "multipart/form-data":
        return _parse_multipart(body, content_type, limits)
    return parse_query(body.decode("utf-8", "replace"), limits)


def _parse_multipart(body: bytes, content_type: str, limits: Limits) -> Pairs:
    boundary = parse_options_header(content_type)[1].get("boundary", "").encode("latin-1", "replace")
    if not boundary:
        raise Fault(FaultKind.MALFORMED, "the Content-Type of the multipart form names no boundary")
    if body.count(b"--" + boundary) > limits.members + 1:
        raise _too_many(limits)
    decoder = MultipartDecoder(boundary)
    try:
        decoder.receive_data(body)
        decoder.receive_data(None)
        return list(_fields(decoder, limits))
    except ValueError:
        raise Fault(FaultKind.MALFORMED, "the multipart form could not be read") from None


def _fields(decoder: MultipartDecoder, limits: Limits) -> Iterator[tuple[str, str]]:
    """The fields of a form that is there as a whole; none of them comes in more than one piece."""
    name = ""
    while not isinstance(event := decoder.next_event(), (Epilogue, NeedData)):
        if isinstance(event, Data) and name and event.data:
            yield name, event.data.decode("utf-8", "replace")
        name = _checked(event.name or "", limits) if isinstance(event, Field) else ""


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
    _refuse_repeated_credentials(pairs, message)
    for key, value in _united(pairs, how.joined):
        member = message.by_folded.get(key)
        if member is None:
            notes.append(Note("unknown_member", key[:80]))
        else:
            _put(tree, member, value, how, errors)
    if errors:
        raise Fault(FaultKind.INVALID, errors[0].message, fields=tuple(errors))
    return tree, tuple(notes[:NOTES])


def _refuse_repeated_credentials(pairs: Pairs, message: Message) -> None:
    """It must be plain which one was checked, and none may stay behind unmasked."""
    seen: set[str] = set()
    for key, _ in pairs:
        member = message.by_folded.get(key.lower())
        if member is None or not is_secret(member):
            continue
        if member.name in seen:
            raise sent_twice(member.name)
        seen.add(member.name)


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
