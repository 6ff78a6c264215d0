"""The message of ``text-json-jsv-csv-v3.txt``, and its cases, for the tests of the three text codecs."""

import math
import re
from datetime import timedelta, timezone
from functools import cache
from pathlib import Path
from typing import Any

from adapters.codecs.text_dates import iso_date
from adapters.codecs.text_scalars import default
from adapters.scalars import DateTimeKind, Kind, NetDateTime
from schemas import fields as f
from schemas.message import Member, Message

RECORD = Path(__file__).parents[2] / "golden" / "servicestack" / "text-json-jsv-csv-v3.txt"
ZONE = timezone(timedelta(hours=2))


class SubDto(f.WireSchema):
    class Wire:
        name = "Sub"

    X = f.String()
    N = f.Int()


class Dto(f.WireSchema):
    """Without F ([Flags]), Do (DateTimeOffset) and Di (Dictionary): no message can declare these."""

    S = f.String()
    I = f.Int()  # noqa: E741
    Ni = f.Int(nillable=True)
    B = f.Boolean()
    D = f.DateTime()
    Nd = f.DateTime(nillable=True)
    T = f.Duration()
    G = f.Guid()
    Ng = f.Guid(nillable=True)
    E = f.Enum(("Zero", "One", "Two"))
    De = f.Decimal()
    Db = f.Double()
    Fl = f.Double()
    L = f.Long()
    By = f.Int()
    C = f.Char()
    Bytes = f.Base64()
    Ls = f.List(f.String())
    Ia = f.List(f.Int())
    Sub = f.Nested(SubDto)
    Subs = f.List(f.Nested(SubDto))
    U = f.String()


DTO = f.message_of(Dto)
SUB = f.message_of(SubDto)
UNDECLARABLE = re.compile(r'[{,"](F|Do|Di)"?:')


@cache
def cases(letter: str) -> tuple[tuple[str, str], ...]:
    """(input, recorded result) of the cases of one letter; inputs with a member that nothing can declare left out."""
    lines = RECORD.read_text(encoding="utf-8").split("\n")
    found = [line[2:].split(" => ") for line in lines if line.startswith(f"{letter} ") and " => " in line]
    return tuple((given, result) for given, result in found if not UNDECLARABLE.search(given))


def shown(tree: dict[str, Any], message: Message = DTO) -> str:
    """A tree in the words of the record: members that differ from .NET's default, in declaration order."""
    found = [(member, tree[member.key]) for member in message.members if tree.get(member.key) is not None]
    texts = [f"{m.name}={_leaf(value, m)}" for m, value in found if m.nillable or value != _default(m, value)]
    return "{" + "; ".join(texts) + "}"


def _default(member: Member, value: Any) -> Any:
    # MinValue is the default whatever its kind.
    return value if isinstance(value, NetDateTime) and value.is_min else default(member)


def _leaf(value: Any, member: Member) -> str:
    if value is None:
        return "null"
    if member.message is not None:
        return shown(value, member.message)
    if member.item is not None:
        return "[" + ",".join(_item(each, member.item) for each in value) + "]"
    if member.kind is Kind.BASE64:
        return "[" + ",".join(f"'{number}'" for number in value) + "]"
    if member.kind is Kind.STRING and member.name != "U":
        return "'" + value.replace("\n", "\\n").replace("\t", "\\t") + "'"
    return _WORDS.get(member.kind, str)(value)


def _item(value: Any, member: Member) -> str:
    return f"'{value}'" if member.kind is Kind.INT else _leaf(value, member)


def _span(value: timedelta) -> str:
    clock = f"{value.seconds // 3600:02d}:{value.seconds // 60 % 60:02d}:{value.seconds % 60:02d}"
    fraction = f".{value.microseconds:06d}0" if value.microseconds else ""
    return (f"{value.days}." if value.days else "") + clock + fraction


def _date(value: NetDateTime) -> str:
    if value.is_min:
        return "MIN/Unspecified"
    kind = {DateTimeKind.UTC: "Utc", DateTimeKind.LOCAL: "Local"}.get(value.kind, "Unspecified")
    return f"{iso_date(value, ZONE)}/{kind}"


_WORDS = {
    Kind.DATETIME: _date,
    Kind.DURATION: _span,
    Kind.DOUBLE: lambda value: "NaN" if math.isnan(value) else f"{value:.15G}",
}


def tree(**members: Any) -> dict[str, Any]:
    """A Dto with some members set."""
    return members


@cache
def written(title: str) -> tuple[str, str]:
    """What was recorded under ``O {title}``: the JSON and the JSV."""
    text = RECORD.read_bytes().decode("utf-8")
    found = re.search(rf"^O {title} json=(.*?) jsv=(.*?)(?=\n(?:O|CSV) )", text, re.DOTALL | re.MULTILINE)
    assert found is not None, title
    return found[1], found[2]


@cache
def csv_record(title: str) -> str:
    """What was recorded under ``CSV {title}:``."""
    text = RECORD.read_bytes().decode("utf-8")
    found = re.search(rf"^CSV {title}:\n(.*?\n)(?=\n|\Z)", text, re.DOTALL | re.MULTILINE)
    assert found is not None, title
    return found[1]


def without_undeclarable(text: str, separator: str = ":") -> str:
    """A recorded text without the members that no message can declare; a NUL as JSON has to have it."""
    return re.sub(r'"?(?:F|Do|Di)"?:(?:"[^"]*"|\{[^}]*\}|[^,}]*),?', "", text)
