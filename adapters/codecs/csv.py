"""CSV as ServiceStack writes it: a header, and JSV in the fields."""

import csv
import io
import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, tzinfo
from typing import Any

from adapters.codecs.jsv import Jsv, read_text
from adapters.codecs.text_scalars import default
from adapters.codecs.text_tree import IGNORED, NOTES, STRICT_NOTES, sent_twice, text_of
from adapters.protocol import Decoded
from adapters.scalars import Kind
from gateway.limits import Limits
from gateway.outcome import Fault, FaultKind, Note
from schemas.message import Member, Message, Tree, is_secret

_SPECIAL = re.compile(r'[,"\r\n]')


def _field(text: str) -> str:
    return '"' + text.replace('"', '""') + '"' if _SPECIAL.search(text) else text


@dataclass(frozen=True, slots=True)
class Csv:
    """The codec.

    ``rows``: a row for each entry of the answer's first list, as for types with [DataContract]; otherwise one row of
    all members, as for plain classes. ``newline`` ends each row: that of the server's platform in v3.
    """

    zone: tzinfo = UTC
    rows: bool = False
    newline: str = "\r\n"
    name: str = "csv"
    media_type: str = "text/csv"

    def decode(self, body: bytes, message: Message, limits: Limits) -> Decoded:
        """The tree of a header row and one row of values. The recorded server reads no CSV; later versions do."""
        notes: list[Note] = []
        names, values = self._two_rows(text_of(body, notes).removeprefix("\ufeff"), limits)
        tree: Tree = {}
        seen: set[str] = set()
        for name, text in zip(names, values, strict=False):
            if len(name) > limits.name_bytes:
                raise Fault(FaultKind.TOO_LARGE, "a name of the header is too long (limits.name_bytes)")
            member = message.by_folded.get(name.strip().lower())
            if member is None:
                notes.append(Note("unknown_member", name[:80]))
            elif member.name in seen:
                _repeated(member, notes)
            elif text:
                _put(tree, member, text, self.zone, limits, notes)
            seen.add(member.name if member is not None else "")
        return Decoded(tree, tuple(sorted(notes, key=lambda note: note.name not in STRICT_NOTES)[:NOTES]))

    def _two_rows(self, text: str, limits: Limits) -> tuple[list[str], list[str]]:
        try:
            rows = [row for row, _ in zip(_rows(text), range(3), strict=False)]
        except csv.Error as error:
            if "field limit" in str(error):
                raise Fault(FaultKind.TOO_LARGE, "a field of the body is too long (limits.text_bytes)") from None
            raise Fault(FaultKind.MALFORMED, f"the body is not CSV: {error}") from None
        if any(len(row) > limits.members for row in rows):
            raise Fault(FaultKind.TOO_LARGE, f"the header has more than {limits.members} names (limits.members)")
        if rows and (len(rows) != 2 or len(rows[1]) > len(rows[0])):
            raise Fault(FaultKind.MALFORMED, "a CSV request has a header row and one row of no more values")
        return (rows[0], rows[1]) if rows else ([], [])

    def encode(self, tree: Tree | None, message: Message) -> bytes:
        """Header and rows, the last one ended, too."""
        listed = self._list(message) if self.rows else None
        if listed is not None and listed.item is not None and listed.item.message is not None:
            entries = (tree or {}).get(listed.key) or []
            table = self._table(listed.item.message, entries)
        else:
            table = self._table(message, [] if tree is None else [tree])
        return "".join(row + self.newline for row in table).encode("utf-8", "replace")

    def _list(self, message: Message) -> Member | None:
        return next((member for member in message.derived_members if member.kind is Kind.LIST), None)

    def _table(self, message: Message, trees: list[Tree]) -> Iterator[str]:
        members = message.derived_members
        yield ",".join(_field(member.name) for member in members)
        for tree in trees:
            yield ",".join(_field(self._cell(tree.get(member.key), member)) for member in members)

    def _cell(self, value: Any, member: Member) -> str:
        if value is None:
            value = default(member)
        if isinstance(value, str) and member.kind in (Kind.STRING, Kind.ENUM, Kind.ANY):
            return value
        return Jsv(self.zone).text(value, member)


def _rows(text: str) -> Iterator[list[str]]:
    return (row for row in csv.reader(io.StringIO(text, newline=""), strict=True) if row)


def _repeated(member: Member, notes: list[Note]) -> None:
    if is_secret(member):
        raise sent_twice(member.name)
    notes.append(Note("duplicate_member", member.name))


def _put(tree: Tree, member: Member, text: str, zone: tzinfo, limits: Limits, notes: list[Note]) -> None:
    value, fits = read_text(text, member, zone, limits)
    if not fits:
        notes.append(Note(IGNORED, member.name))
    elif value is not None:
        tree[member.key] = value
