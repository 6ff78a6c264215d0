"""Work: a prepared request, frozen, so that any door can run it and run it again."""

import uuid
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from gateway.commands import Command, Write
from gateway.model import Principal
from gateway.outcome import Note
from gateway.quick import quick
from schemas.api import Api, Asked, Operation


@quick
@dataclass(frozen=True, slots=True)
class RawRequest:
    """The request as it came, with every declared credential masked; kept with the event.

    ``target`` is the raw path and query. ``form`` is ``bytes`` when ``body`` is the caller's own text, ``tree`` when
    it is JSON made from the decoded tree because a credential could not be masked in place.
    """

    method: str
    target: str
    media_type: str
    body: bytes
    form: str = "bytes"


@quick
@dataclass(frozen=True, slots=True)
class Work:
    """One prepared request.

    Everything that a write needs is fixed here (ids, instant, secret), so that a batch may be run again.
    ``principal`` is None until a session's own secret has named the tenant: then ``token`` is the SHA-256 (hex) of
    that secret, and a write or a read resolves the tenant from the session that it opens. ``exchange`` and ``asked``
    are for the answer.
    """

    api: Api
    operation: Operation
    protocol: str
    command: Command
    principal: Principal | None
    event_id: uuid.UUID
    session_uid: uuid.UUID
    secret: str
    received_at: datetime
    correlation_id: str
    asked: Asked
    raw: RawRequest
    notes: tuple[Note, ...] = ()
    token: str | None = None
    idempotency_key: str | None = None
    exchange: Any = None

    @property
    def is_write(self) -> bool:
        """Whether this goes to the ledger; everything else goes to a reader."""
        return isinstance(self.command, Write)


@dataclass(frozen=True, slots=True)
class Batch:
    """Several Works of one request.

    ``atomic``: all or nothing. Otherwise they run in order, the first fault stops the rest and what succeeded stays;
    with ``each`` a fault stops nothing, and there are as many results as works.
    """

    works: tuple[Work, ...]
    atomic: bool
    exchange: Any = None
    each: bool = False
