"""How a command ends: an Outcome, or a Fault of a closed set of kinds; and the notes about odd input."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from gateway.model import Session, SessionEvent
from gateway.quick import quick


class FaultKind(StrEnum):
    """Every way in which a request can fail. The set is closed: each API maps every kind to its own dialect."""

    MALFORMED = "malformed"
    UNSUPPORTED_MEDIA = "unsupported_media"
    NOT_FOUND_ROUTE = "not_found_route"
    METHOD_NOT_ALLOWED = "method_not_allowed"
    INVALID = "invalid"
    UNAUTHENTICATED = "unauthenticated"
    FORBIDDEN = "forbidden"
    LOCKED_OUT = "locked_out"
    NOT_FOUND = "not_found"
    EXPIRED = "expired"
    INVALID_TRANSITION = "invalid_transition"
    CONFLICT = "conflict"
    PRECONDITION_FAILED = "precondition_failed"
    UNSUPPORTED = "unsupported"
    TOO_LARGE = "too_large"
    TIMEOUT = "timeout"
    BUSY = "busy"
    STORE_UNAVAILABLE = "store_unavailable"
    INTERNAL = "internal"


RETRYABLE = frozenset({FaultKind.TIMEOUT, FaultKind.BUSY, FaultKind.STORE_UNAVAILABLE, FaultKind.LOCKED_OUT})


@dataclass(frozen=True, slots=True)
class FieldError:
    """One wrong member: its path in the caller's own names (``Request.ApplicationsUsed[0].Name``) and what is wrong.

    ``rule`` names the broken rule (``required``, ``null``, ``type``, ``length``, ``choice``, ``range``, ``pattern``,
    ``invalid``), so that a
    dialect with sentences of its own can say it in them; ``value`` is what was sent, None where it must not be
    repeated.
    """

    path: str
    message: str
    rule: str = "invalid"
    value: Any = None


class Fault(Exception):
    """The one exception that crosses a layer: what was wrong, where, and what the API's own code for it is.

    ``message`` is written for the caller. ``code`` and ``details`` are set by an API that publishes finer codes than
    the kinds. ``log`` holds what only the operator may read (it never reaches the caller). ``status`` is for a fault of
    HTTP itself whose status is finer than its kind's (431): it is used where the API has no answer of its own for the
    kind. ``headers`` help in every dialect.
    """

    def __init__(
        self,
        kind: FaultKind,
        message: str = "",
        *,
        fields: tuple[FieldError, ...] = (),
        code: str | None = None,
        details: Mapping[str, Any] | None = None,
        log: str = "",
        retry_after: int | None = None,
        allow: tuple[str, ...] = (),
        status: int | None = None,
        headers: tuple[tuple[str, str], ...] = (),
    ) -> None:
        super().__init__(message or kind.value)
        self.kind = kind
        self.message = message
        self.fields = fields
        self.code = code
        self.details: Mapping[str, Any] = details or {}
        self.log = log
        self.retry_after = retry_after
        self.allow = allow
        self.status = status
        self.headers = headers

    def __repr__(self) -> str:
        return f"Fault({self.kind.value}, {self.message!r}, fields={self.fields!r}, code={self.code!r})"


@quick
@dataclass(frozen=True, slots=True)
class Note:
    """Something odd that was accepted: logged by name, counted, and kept with the event."""

    name: str
    path: str = ""

    def __str__(self) -> str:
        return f"{self.name}:{self.path}" if self.path else self.name


@quick
@dataclass(frozen=True, slots=True)
class Outcome:
    """What a command led to. A write has ``session`` and ``event``; a read has the part that it asked for.

    ``repeated`` says that this write had been accepted before and that nothing was written again. ``total`` counts all
    matches of a paged read, ``next`` is the cursor of the following page.
    """

    session: Session | None = None
    event: SessionEvent | None = None
    created: bool = False
    repeated: bool = False
    sessions: tuple[Session, ...] = ()
    events: tuple[SessionEvent, ...] = ()
    total: int = 0
    next: str | None = None
    facts: Mapping[str, Any] = field(default_factory=dict)
