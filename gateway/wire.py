"""HTTP as plain values: what a door hands to the pipeline, and what it gets back."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from gateway.quick import quick


class Headers(Mapping[str, str]):
    """Header fields of one request; names are case-insensitive, the first value of a repeated name wins.

    ``getlist`` gives every value of a name, in the order in which they came.
    """

    __slots__ = ("_fields", "_first")

    def __init__(self, fields: Iterable[tuple[str, str]] = ()) -> None:
        self._fields = tuple((name.lower(), value) for name, value in fields)
        self._first = dict(reversed(self._fields))

    @classmethod
    def of(cls, rows: Iterable[tuple[bytes, bytes]]) -> "Headers":
        """Fields as a server reads them: in bytes, with names in small letters."""
        made = cls.__new__(cls)
        made._fields = tuple([(name.decode("latin-1"), value.decode("latin-1")) for name, value in rows])
        made._first = dict(reversed(made._fields))
        return made

    def __getitem__(self, name: str) -> str:
        return self._first[name.lower()]

    def __contains__(self, name: object) -> bool:
        return isinstance(name, str) and name.lower() in self._first

    def get(self, name: str, default: Any = None) -> Any:
        """The first value of ``name``; ``default`` when it was not sent."""
        return self._first.get(name.lower(), default)

    def __iter__(self) -> Iterator[str]:
        return iter(self._first)

    def __len__(self) -> int:
        return len(self._first)

    def getlist(self, name: str) -> list[str]:
        """Every value of ``name``, in wire order; empty when it was not sent."""
        wanted = name.lower()
        if wanted not in self._first:
            return []
        return [value for found, value in self._fields if found == wanted]


@quick
@dataclass(frozen=True, slots=True)
class WireRequest:
    """One request as it came, complete.

    ``path`` is percent-decoded, ``raw_path`` is not; ``query`` is the raw query string without its question mark.
    ``client`` is the caller's address and ``base_url`` the public ``scheme://host[:port][/prefix]`` of this server,
    both after trusted proxies were taken into account. ``correlation_id`` is the trace id of ``traceparent`` when the
    caller sent one, else made by the door: 32 hex digits.
    """

    method: str
    path: str
    query: str = ""
    headers: Headers = field(default_factory=Headers)
    body: bytes = b""
    client: str = ""
    base_url: str = "http://localhost"
    correlation_id: str = "0" * 32
    received_at: datetime = datetime(1970, 1, 1, tzinfo=UTC)
    raw_path: str = ""


@quick
@dataclass(frozen=True, slots=True)
class WireResponse:
    """One answer, ready for any door. ``reason`` replaces the standard reason phrase where a dialect has its own."""

    status: int
    headers: tuple[tuple[str, str], ...] = ()
    body: bytes | Iterable[bytes] = b""
    reason: str | None = None

    @staticmethod
    def of(
        status: int, media_type: str, body: bytes, *headers: tuple[str, str], reason: str | None = None
    ) -> "WireResponse":
        """An answer with a ``Content-Type`` and a body."""
        return WireResponse(status, (("Content-Type", media_type), *headers), body, reason)
