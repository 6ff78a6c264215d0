"""How ServiceStack.Text reads: forward over slices of text, led by the declared message, and very leniently.

JSON and JSV share it; each brings a :class:`Grammar` that cuts a text into slices. A wrong scalar is not an error but
leaves the member at its default, with a note; see ``tests/golden/servicestack/text-json-jsv-csv-v3.txt``.
"""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from datetime import tzinfo
from typing import Any, Literal

from adapters.codecs.text_scalars import default, read_scalar
from adapters.scalars import Kind
from gateway.limits import Limits
from gateway.outcome import Fault, FaultKind, FieldError, Note
from schemas.message import Member, Message, Tree, is_secret

IGNORED = "ignored_value"
"""Note: a value that its member's type does not have was ignored."""
BROKEN = "broken_text"
"""Note: the rest of a broken text was ignored."""
HALF = "lone_surrogate"
"""Note: half of a surrogate pair became U+FFFD."""
NOTES = 100
"""So many notes are kept for one body."""
STRICT_NOTES = frozenset({IGNORED, BROKEN, HALF, "invalid_utf8"})
"""Notes on lost input: what a read may pass over, but a write must not."""


@dataclass(frozen=True, slots=True)
class Slice:
    """A value as it stands in the text; ``text`` is without its quotes when ``shape`` is ``quoted``."""

    shape: Literal["quoted", "bare", "object", "array"]
    text: str


@dataclass(frozen=True, slots=True)
class Grammar:
    """What differs between JSON and JSV.

    ``pairs`` and ``items`` cut the inside of an object or of a list; ``plain`` gives the text of a slice that a
    string member takes; ``null`` is the bare text that means null. ``whole`` gives any value, for members of any kind;
    it raises a Fault where that is beyond a limit.
    """

    null: str
    pairs: Callable[["Reading", str], Iterator[tuple[str, Slice]]]
    items: Callable[["Reading", str], Iterator[Slice]]
    plain: Callable[[Slice], str]
    whole: Callable[["Reading", Slice], Any]


@dataclass(frozen=True, slots=True)
class Reading:
    """One decoding: its grammar, zone and budgets, and the notes found so far."""

    grammar: Grammar
    zone: tzinfo
    limits: Limits
    notes: list[Note] = field(default_factory=list)
    path: str = ""
    spent: list[int] = field(default_factory=lambda: [0])

    def note(self, name: str, path: str = "") -> None:
        """Keep a note about the member at ``path``; no more than :data:`NOTES`, but room is left for what was lost."""
        if len(self.notes) < (2 * NOTES if name in STRICT_NOTES else NOTES):
            self.notes.append(Note(name, f"{self.path}{path}"))

    def spend(self) -> None:
        """Count one member or item against the budget."""
        self.spent[0] += 1
        if self.spent[0] > self.limits.members:
            raise Fault(FaultKind.TOO_LARGE, f"the body has more than {self.limits.members} values (limits.members)")

    def below(self, step: str) -> "Reading":
        """The same decoding, one level deeper."""
        return replace(self, path=f"{self.path}{step}")


def out_of_range() -> Fault:
    """What the recorded server says of a text that ends too early."""
    return Fault(FaultKind.MALFORMED, "Index was outside the bounds of the array.")


def nested_end(tokens: re.Pattern[str], reading: Reading, text: str, at: int) -> int:
    """Where the object or list that begins at ``at`` ends; ``tokens`` are quoted texts, brackets, and what is between.

    Raises a Fault where it is nested too deep or does not end.
    """
    depth = 0
    for found in tokens.finditer(text, at):
        mark = found[0]
        if mark in ("{", "["):
            depth += 1
        elif mark in ("}", "]"):
            depth -= 1
        if depth > reading.limits.depth:
            raise Fault(FaultKind.MALFORMED, f"the body is nested deeper than {reading.limits.depth} (limits.depth)")
        if depth == 0:
            return found.end()
    raise out_of_range()


def sent_twice(name: str) -> Fault:
    """The fault of a credential that was sent more than once: it must be plain which one was checked."""
    message = f"{name} must be sent only once."
    return Fault(FaultKind.INVALID, message, fields=(FieldError(name, message),))


def text_of(body: bytes, notes: list[Note]) -> str:
    """``body`` as text; what is not UTF-8 is replaced, with a note, as a .NET reader does."""
    try:
        return body.decode("utf-8")
    except UnicodeDecodeError:
        notes.append(Note("invalid_utf8"))
        return body.decode("utf-8", "replace")


def read_object(reading: Reading, text: str, message: Message) -> Tree:
    """The tree of an object. Raises a Fault when ``text`` does not begin as one."""
    text = text.strip()
    if not text.startswith("{"):
        raise Fault(
            FaultKind.MALFORMED,
            "Type definitions should start with a '{', expecting serialized type "
            f"'{message.name}', got string starting with: {text[:50]}",
        )
    tree: Tree = {}
    for name, found in reading.grammar.pairs(reading, text):
        reading.spend()
        _put(reading, tree, message, name, found)
    return tree


def _put(reading: Reading, tree: Tree, message: Message, name: str, found: Slice) -> None:
    if len(name) > reading.limits.name_bytes:
        bound = f"{reading.limits.name_bytes} characters (limits.name_bytes)"
        raise Fault(FaultKind.TOO_LARGE, f"a name is longer than {bound}")
    member = message.by_folded.get(name.lower())
    if member is None:
        _unknown(reading, tree, message, name, found)
        return
    if member.key in tree:
        if is_secret(member):
            raise sent_twice(f"{reading.path}{member.name}")
        reading.note("duplicate_member", member.name)
    value = read_value(reading, found, member)
    if value is None and not member.nillable:
        tree.pop(member.key, None)
    else:
        tree[member.key] = value


def _unknown(reading: Reading, tree: Tree, message: Message, name: str, found: Slice) -> None:
    if message.open:
        tree[name] = reading.grammar.whole(reading.below(name[:80]), found)
    else:
        reading.note("unknown_member", name[:80])


def check_text(reading: Reading, text: str, name: str = "", kind: Kind = Kind.STRING) -> None:
    """Refuse a text that is too long, or that no store could keep."""
    if len(text) > reading.limits.text_bytes:
        bound = f"{reading.limits.text_bytes} characters (limits.text_bytes)"
        raise Fault(FaultKind.TOO_LARGE, f"{reading.path}{name} is longer than {bound}")
    if "\x00" in text and kind is not Kind.CHAR:  # the default of a character
        raise Fault(FaultKind.MALFORMED, f"{reading.path}{name} holds a NUL character")


def read_value(reading: Reading, found: Slice, member: Member) -> Any:
    """The typed value of a slice; None for null and for what was ignored."""
    if found.shape == "bare" and found.text == reading.grammar.null:
        return None
    if member.kind is Kind.OBJECT and member.message is not None:
        return _object(reading, found, member, member.message)
    if member.kind is Kind.LIST and member.item is not None:
        return _list(reading, found, member, member.item)
    if member.kind is Kind.ANY:
        return reading.grammar.whole(reading.below(member.name), found)
    return _leaf(reading, found, member)


def _object(reading: Reading, found: Slice, member: Member, message: Message) -> Tree | None:
    if found.shape == "quoted" and not found.text:
        return None
    return read_object(reading.below(f"{member.name}."), found.text, message)


def _list(reading: Reading, found: Slice, member: Member, item: Member) -> list[Any] | None:
    if found.shape == "object" or (found.shape == "bare" and reading.grammar.null):
        reading.note(IGNORED, member.name)
        return None
    values: list[Any] = []
    for index, part in enumerate(reading.grammar.items(reading, found.text)):
        reading.spend()
        value = read_value(reading.below(f"{member.name}[{index}]"), part, item)
        values.append(default(item) if value is None else value)
    return values


def _leaf(reading: Reading, found: Slice, member: Member) -> Any:
    text = reading.grammar.plain(found)
    check_text(reading, text, member.name, member.kind)
    if member.kind is Kind.STRING:
        return text
    value = read_scalar(text, member, reading.zone) if found.shape in ("quoted", "bare") else None
    if value is None:
        reading.note(IGNORED, member.name)
    return value


def written(message: Message, tree: Tree) -> Iterator[tuple[Member, Any]]:
    """The members that a text format writes, in its order: the most derived class first, nulls left out.

    What is absent is written as .NET has it: value types as their default, all else not at all.
    """
    for member in message.derived_members:
        value = tree.get(member.key)
        if value is None:
            value = default(member)
        if value is not None:
            yield member, value
