"""Scalar values that Python has no type for, and the kinds of scalar that a message can declare."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, tzinfo
from enum import Enum, StrEnum


class Kind(StrEnum):
    """The type of a member. Codecs give and take these Python values:

    ``str``, ``bool``, ``int`` (INT is 32 bits, LONG 64), ``Decimal``, ``float`` (DOUBLE), :class:`NetDateTime`
    (DATETIME: a .NET
    DateTime), aware ``datetime`` (INSTANT: ISO 8601 with a zone), ``uuid.UUID`` (GUID), ``timedelta`` (DURATION),
    ``bytes`` (BASE64),
    one-character ``str`` (CHAR), the member's name as ``str`` (ENUM), ``dict`` (OBJECT), ``list`` (LIST), any JSON
    value (ANY).
    """

    STRING = "string"
    BOOLEAN = "boolean"
    INT = "int"
    LONG = "long"
    DECIMAL = "decimal"
    DOUBLE = "double"
    DATETIME = "dateTime"
    INSTANT = "instant"
    GUID = "guid"
    DURATION = "duration"
    BASE64 = "base64Binary"
    CHAR = "char"
    ENUM = "enum"
    OBJECT = "object"
    LIST = "list"
    ANY = "any"


REFERENCE_KINDS = frozenset({Kind.STRING, Kind.BASE64, Kind.OBJECT, Kind.LIST, Kind.ANY})
"""Kinds that are reference types in .NET: null unless set. The others are value types, with a default of their own."""


class DateTimeKind(Enum):
    """What a .NET DateTime says about its zone."""

    UNSPECIFIED = 0
    UTC = 1
    LOCAL = 2


_EPOCH = datetime(1, 1, 1)
TICKS_PER_SECOND = 10_000_000


@dataclass(frozen=True, slots=True, order=True)
class NetDateTime:
    """A .NET DateTime: 100 ns ticks since 0001-01-01T00:00:00, and a kind.

    LOCAL ticks are in the server's zone, a setting of the codec. ``NetDateTime()`` is ``DateTime.MinValue``, the .NET
    sentinel for «not set».
    """

    ticks: int = 0
    kind: DateTimeKind = DateTimeKind.UNSPECIFIED

    @property
    def is_min(self) -> bool:
        """Whether this is ``DateTime.MinValue``, whatever its kind."""
        return self.ticks == 0

    @staticmethod
    def of(instant: datetime) -> "NetDateTime":
        """The UTC DateTime of an aware instant; microseconds are kept."""
        return NetDateTime(_ticks(instant.astimezone(UTC).replace(tzinfo=None)), DateTimeKind.UTC)

    @staticmethod
    def wall(naive: datetime, kind: DateTimeKind = DateTimeKind.UNSPECIFIED) -> "NetDateTime":
        """The DateTime that shows ``naive`` on a clock."""
        return NetDateTime(_ticks(naive), kind)

    def instant(self, zone: tzinfo = UTC) -> datetime:
        """The aware UTC instant; unspecified and local values are read in ``zone``. Below one microsecond is cut."""
        naive = _EPOCH + timedelta(microseconds=self.ticks // 10)
        source = UTC if self.kind is DateTimeKind.UTC else zone
        try:
            return naive.replace(tzinfo=source).astimezone(UTC)
        except OverflowError:
            return naive.replace(tzinfo=UTC)


def _ticks(naive: datetime) -> int:
    delta = naive - _EPOCH
    return (delta.days * 86_400 + delta.seconds) * TICKS_PER_SECOND + delta.microseconds * 10
