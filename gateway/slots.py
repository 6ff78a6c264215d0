"""Slots: where the outcome of a write is kept for its repeats."""

import uuid
from dataclasses import dataclass
from datetime import datetime

from gateway.commands import ByKey, ByToken, Write
from gateway.credentials import digest
from gateway.model import EventKind, Session
from gateway.places import DIGITS, place_of
from gateway.quick import quick
from gateway.work import Work


@quick
@dataclass(frozen=True, slots=True)
class Slot:
    """Where an outcome is kept: 64 hexadecimal digits made of what makes two writes the same.

    Where a key is part of that, the first 16 are its place (:mod:`gateway.places`). ``command`` is the SHA-256 (hex) of
    the write's own command.
    """

    name: str
    command: str
    expires_at: datetime


def closes(work: Work, write: Write) -> bool:
    """Whether this is a close that is known by its content: where it finds no session it is a repeat of none."""
    return write.kind is EventKind.CLOSED and write.find is not None and work.idempotency_key is None


def opening(work: Work, write: Write, target: Session | None) -> uuid.UUID | None:
    """The opening of a session for which alone a write is the same again; None for a write that is bound to none."""
    if target is None or work.idempotency_key is not None:
        return None
    return target.opened_by if closes(work, write) or isinstance(write.find, ByToken) else None


def name_of(work: Work, command: str, tenant: str | None, caller: str, opened: uuid.UUID | None) -> str:
    """The name of a write's slot; ``command`` is the digest of the command."""
    write = work.command
    assert isinstance(write, Write)
    scope = (tenant or "", work.api.name, work.operation.name)
    if work.idempotency_key is not None:
        return digest("\n".join(("key", *scope, work.idempotency_key)))
    name = digest("\n".join(("command", *scope, str(opened) if opened is not None else "", command, caller)))
    key = write.key or (write.find.key if isinstance(write.find, ByKey) else None)
    if key is not None and key.id and tenant is not None:
        return place_of(tenant, key) + name[DIGITS:]
    return name
