"""The canonical model: what every protocol and every API is turned into.

All values are frozen. Instants are aware UTC ``datetime``; where a caller gave no zone, the original text stays in
``attributes``. Nothing a client sent is dropped: what has no field of its own is kept in ``attributes``.
"""

import uuid
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from decimal import Decimal
from enum import StrEnum
from typing import TypeAlias

from gateway.quick import quick

Json: TypeAlias = "dict[str, Json] | list[Json] | str | bool | int | float | Decimal | None"
Attributes: TypeAlias = Mapping[str, Json]


class State(StrEnum):
    """Where a session is in its life. A dialect's own spelling is kept in ``attributes``."""

    OPENING = "opening"
    OPEN = "open"
    PAUSING = "pausing"
    PAUSED = "paused"
    RESUMING = "resuming"
    CLOSING = "closing"
    CLOSED = "closed"


class EventKind(StrEnum):
    """What happened to a session; ``RECORDED`` is a fact that changes no session's state."""

    OPENED = "opened"
    UPDATED = "updated"
    PAUSED = "paused"
    RESUMED = "resumed"
    CLOSED = "closed"
    DELETED = "deleted"
    RECORDED = "recorded"


@quick
@dataclass(frozen=True, slots=True)
class Key:
    """What an API calls a session: its ``realm`` is the account as the API spells it (company, tenant, catalogue).

    An empty ``id`` in a write means that the session's own uid becomes the id.
    """

    api: str
    realm: str
    id: str

    def __hash__(self) -> int:
        # A write looks its key up a dozen times; keys differ by their ids, and a text knows its hash.
        return hash(self.id)


@quick
@dataclass(frozen=True, slots=True)
class Subject:
    """The person. ``uid`` is the one given, else a uuid5 of tenant and user (see :func:`subject_uid`)."""

    uid: uuid.UUID | None = None
    email: str | None = None
    user_id: str | None = None
    role: str | None = None


@quick
@dataclass(frozen=True, slots=True)
class Device:
    """The workstation, vehicle or device that the session runs on."""

    uid: uuid.UUID | None = None
    serial: str | None = None
    vehicle: str | None = None
    workstation_type: str | None = None
    device_id: str | None = None


@quick
@dataclass(frozen=True, slots=True)
class ApplicationUse:
    """One application used during a session."""

    name: str | None = None
    kind: str | None = None
    duration: timedelta | None = None
    licence_owned: bool | None = None
    version: str | None = None
    service_pack: str | None = None
    software_id: str | None = None
    operating_mode: str | None = None
    attributes: Attributes = field(default_factory=dict)


@quick
@dataclass(frozen=True, slots=True)
class Session:
    """A person's session as of its latest event. ``version`` counts its events from 1."""

    uid: uuid.UUID
    tenant: str
    key: Key
    state: State
    recorded_at: datetime
    updated_at: datetime
    subject: Subject = Subject()
    device: Device = Device()
    started_at: datetime | None = None
    ended_at: datetime | None = None
    name: str | None = None
    stop_reason: str | None = None
    stop_code: str | None = None
    start_mileage: int | None = None
    end_mileage: int | None = None
    mode: str | None = None
    index: str | None = None
    attributes: Attributes = field(default_factory=dict)
    applications: tuple[ApplicationUse, ...] = ()
    version: int = 1
    opened_by: uuid.UUID | None = None
    last_event: uuid.UUID | None = None

    @property
    def sort_at(self) -> datetime:
        """The instant that orders lists of sessions: start, else end, else the moment it was first recorded."""
        return self.started_at or self.ended_at or self.recorded_at

    @property
    def is_open(self) -> bool:
        """Whether the session has not ended."""
        return self.state is not State.CLOSED


@quick
@dataclass(frozen=True, slots=True)
class SessionEvent:
    """One accepted write. ``position`` orders all events of a store; ``changes`` names what it set, in canonical
    names."""

    id: uuid.UUID
    tenant: str
    kind: EventKind
    occurred_at: datetime
    recorded_at: datetime
    api: str
    operation: str
    protocol: str
    principal: str
    session_uid: uuid.UUID | None = None
    changes: Attributes = field(default_factory=dict)
    notes: tuple[str, ...] = ()
    digest: str = ""
    correlation_id: str = ""
    position: int = 0


@quick
@dataclass(frozen=True, slots=True)
class Principal:
    """Who is asking: one credential, its tenant, and what it may do.

    ``realms`` limits the accounts it may name (empty: any). ``tenant`` is None for the operator, who sees all tenants.
    """

    name: str
    api: str
    tenant: str | None
    scopes: frozenset[str] = frozenset()
    realms: frozenset[str] = frozenset()
    claims: Attributes = field(default_factory=dict, compare=False)


_SUBJECTS = uuid.uuid5(uuid.NAMESPACE_URL, "urn:session-gateway:subject")


def subject_uid(tenant: str, user: str) -> uuid.UUID:
    """The stable uid of a person whom the caller names only by text, an e-mail address compared without case."""
    return uuid.uuid5(_SUBJECTS, f"{tenant}\n{user.strip().lower()}")
