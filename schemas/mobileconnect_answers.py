"""What every MobileConnect answer carries: who answered, when, how it went, and what went wrong."""

from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any

from adapters.scalars import NetDateTime
from gateway.outcome import Fault, FaultKind
from gateway.settings import Settings
from schemas.api import Asked
from schemas.message import Member, Message, Tree
from schemas.mobileconnect_messages import ERROR_CODES, RESULTS

DESCRIPTIONS: dict[FaultKind, str] = {
    FaultKind.UNAUTHENTICATED: "The session is unknown or has expired. Log in again.",
    FaultKind.FORBIDDEN: "The user may not read the session log.",
    FaultKind.LOCKED_OUT: "Too many failed attempts. Try again later.",
    FaultKind.NOT_FOUND: "There is no such session.",
    FaultKind.EXPIRED: "The session is unknown or has expired. Log in again.",
    FaultKind.INVALID_TRANSITION: "The session does not allow this.",
    FaultKind.CONFLICT: "The request conflicts with another one.",
    FaultKind.PRECONDITION_FAILED: "The session has changed in the meantime.",
    FaultKind.UNSUPPORTED: "The server does not support this.",
    FaultKind.TIMEOUT: "The request took too long. Try again later.",
    FaultKind.BUSY: "The server is busy. Try again later.",
    FaultKind.STORE_UNAVAILABLE: "The server is temporarily unavailable. Try again later.",
    FaultKind.INTERNAL: "An internal error has occurred.",
}
"""ServerErrorDetails.Description of what is told inside the answer."""


@dataclass(frozen=True, slots=True)
class Choices:
    """What the settings of this API say; ``lifetime`` is None for ever."""

    success: str
    failure: str
    error_code: str
    server: str
    max_records: int
    lifetime: timedelta | None


def choices_of(settings: Settings) -> Choices:
    """The choices that the settings name."""
    seconds = settings["mobileconnect.session_lifetime"]
    return Choices(
        settings["mobileconnect.result_success"],
        settings["mobileconnect.result_failure"],
        settings["mobileconnect.error_code"],
        settings["mobileconnect.server"],
        max(settings["mobileconnect.max_records"], 1),
        timedelta(seconds=seconds) if seconds else None,
    )


def good(choices: Choices, asked: Asked) -> Tree:
    """The common members of an answer without errors."""
    return _frame(choices, asked, choices.success, None)


def bad(choices: Choices, fault: Fault, asked: Asked | None, text: str = "") -> Tree:
    """The common members of an answer that tells an error, with ``text`` in place of the description of its kind."""
    details = {
        "Code": choices.error_code,
        "Description": text or DESCRIPTIONS[fault.kind],
        "AdditionalMessages": [item.message for item in fault.fields],
    }
    return _frame(choices, asked, choices.failure, details)


def _frame(choices: Choices, asked: Asked | None, result: str, details: Tree | None) -> Tree:
    processed = NetDateTime() if asked is None else NetDateTime.of(asked.context.received_at)
    return {"Server": choices.server, "ProcessedAt": processed, "Result": result, "ServerErrorDetails": details}


def widened(message: Message, choices: Choices) -> Message:
    """An answer's message, its two enumerations widened by what the settings answer."""
    details = message.by_key["ServerErrorDetails"].message
    assert details is not None
    coded = _with(details, Code={"choices": _united(ERROR_CODES, choices.error_code)})
    return _with(
        message,
        Result={"choices": _united(RESULTS, choices.success, choices.failure)},
        ServerErrorDetails={"message": coded},
    )


def _united(known: tuple[str, ...], *more: str) -> tuple[str, ...]:
    return tuple(dict.fromkeys((*known, *more)))


def _with(message: Message, **changes: dict[str, Any]) -> Message:
    def changed(member: Member) -> Member:
        return replace(member, **changes.get(member.key, {}))

    return replace(message, members=tuple(changed(member) for member in message.members))
