"""Members that travel beside the body: in the path, the query, or a header."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qsl

from adapters.codecs.json import read_json_text
from adapters.codecs.json_scalars import Reader
from adapters.protocol import Decoded
from adapters.scalars import Kind
from gateway.limits import Limits
from gateway.outcome import Fault, FaultKind, FieldError, Note
from gateway.quick import quick
from gateway.wire import WireRequest
from schemas.message import Member, Message, Tree

_STRUCTURED = (Kind.OBJECT, Kind.LIST, Kind.ANY)


@quick
@dataclass(frozen=True, slots=True)
class Bound:
    """What was found beside the body: typed values, what was wrong, and what was odd. ``keys`` are all that might have
    been found there; the body has no say in them."""

    tree: Tree
    errors: tuple[FieldError, ...] = ()
    notes: tuple[Note, ...] = ()
    keys: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Binding:
    """How a protocol reads text beside the body: its table of scalars, and whether query names match in any case."""

    scalars: Mapping[Kind, Reader]
    ignore_case: bool = False

    def bind(self, request: WireRequest, path: Mapping[str, str], message: Message, limits: Limits) -> Bound:
        """The members whose declared location is path, query or header. Raises a Fault for a query that is none."""
        query, notes = self._query(request, limits) if message.at("query") else ({}, ())
        sources: Mapping[str, Callable[[str], str | None]] = {
            "path": path.get,
            "query": lambda name: query.get(self._fold(name)),
            "header": request.headers.get,
        }
        beside = message.compiled(_beside)
        found = ((member, sources[member.location](member.name)) for member in beside)
        return self._read(found, notes, limits, message.compiled(_keys_beside))

    def bind_query(self, request: WireRequest, message: Message, limits: Limits) -> Bound:
        """Every member, wherever it is declared, from the query: a read of an API that is not native here."""
        query, notes = self._query(request, limits)
        return self._read(((member, query.get(self._fold(member.name))) for member in message.members), notes, limits)

    def _fold(self, name: str) -> str:
        return name.lower() if self.ignore_case else name

    def _query(self, request: WireRequest, limits: Limits) -> tuple[dict[str, str], tuple[Note, ...]]:
        if request.query.count("&") >= limits.members:
            text = f"the query has more than {limits.members} fields (limits.members)"
            raise Fault(FaultKind.TOO_LARGE, text)
        try:
            pairs = parse_qsl(request.query, keep_blank_values=True, errors="strict")
        except ValueError:
            raise Fault(FaultKind.MALFORMED, "the query is not percent-encoded UTF-8") from None
        query: dict[str, str] = {}
        notes: list[Note] = []
        for name, value in pairs:
            if self._fold(name) in query:
                notes.append(Note("duplicate-query", name[:64]))
            else:
                query[self._fold(name)] = value
        return query, tuple(notes[:100])

    def _read(
        self,
        found: Iterable[tuple[Member, str | None]],
        notes: tuple[Note, ...],
        limits: Limits,
        keys: frozenset[str] = frozenset(),
    ) -> Bound:
        tree: Tree = {}
        errors: list[FieldError] = []
        for member, text in found:
            if text is None or (text == "" and member.kind is not Kind.STRING):
                continue
            try:
                tree[member.key] = self._value(text, member, limits)
            except ValueError as error:
                shown = None if member.credential else text[:64]
                errors.append(FieldError(member.name, f"{member.name} {error}", "type", shown))
            except Fault as fault:
                said = fault.message if "limits." in fault.message else "must be JSON"
                errors += fault.fields or (FieldError(member.name, f"{member.name} {said}", "type"),)
        return Bound(tree, tuple(errors), notes, keys)

    def _value(self, text: str, member: Member, limits: Limits) -> Any:
        if len(text) > limits.text_bytes:
            raise ValueError(f"must not be longer than {limits.text_bytes} characters (limits.text_bytes)")
        if "\x00" in text:
            raise ValueError("must not hold a NUL character")
        if member.kind in _STRUCTURED:
            return read_json_text(text, member, limits)
        return self.scalars[member.kind](text, member)


def _beside(message: Message) -> tuple[Member, ...]:
    return tuple(member for member in message.members if member.location != "body")


def _keys_beside(message: Message) -> frozenset[str]:
    return frozenset(member.key for member in _beside(message))


def has_beside(message: Message) -> bool:
    """Whether any member travels beside the body."""
    return bool(message.compiled(_beside))


def body_of(message: Message) -> Message:
    """``message`` without the members that travel beside the body."""
    return message.compiled(_body)


def _body(message: Message) -> Message:
    if not has_beside(message):
        return message
    return Message(message.name, message.namespace, message.at("body"), message.open, message.doc, message.clr_name)


def complete(bound: Bound, body: Callable[[], Decoded]) -> Decoded:
    """Body and bound members in one tree, the bound ones first in rank. Every wrong member of both is named at once."""
    try:
        decoded = body()
    except Fault as fault:
        if fault.kind is FaultKind.INVALID and bound.errors:
            raise _invalid((*bound.errors, *fault.fields)) from None
        raise
    if bound.errors:
        raise _invalid(bound.errors)
    if not (bound.keys or bound.tree or bound.notes):
        return decoded
    hidden = tuple([Note("hidden-member", key[:64]) for key in decoded.tree if key in bound.keys])
    kept = {key: value for key, value in decoded.tree.items() if key not in bound.keys}
    notes = (*bound.notes, *decoded.notes, *hidden)
    return Decoded({**kept, **bound.tree}, notes, decoded.operation, decoded.api, decoded.idempotency_key)


def _invalid(errors: tuple[FieldError, ...]) -> Fault:
    return Fault(FaultKind.INVALID, errors[0].message, fields=errors)
