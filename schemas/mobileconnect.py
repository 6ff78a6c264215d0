"""The MobileConnect session log: which user worked on which device, and when.

Published as a ServiceStack metadata page (XML, JSON, JSV, CSV, SOAP). It reads the sessions of every API of the
caller's tenant. Errors are told inside the answer, HTTP 200; what ServiceStack itself refuses, before its service
runs, is ServiceStack's own error.
"""

from dataclasses import dataclass, replace
from datetime import datetime
from functools import partial
from typing import Any
from uuid import UUID

from adapters.scalars import NetDateTime
from gateway.commands import ListSessions, SessionFilter
from gateway.model import Session
from gateway.outcome import Fault, FaultKind, Outcome
from gateway.settings import Setting, Settings
from schemas.api import (
    Answer,
    Api,
    ApiPlugin,
    Asked,
    Context,
    FaultTable,
    InBand,
    Mapped,
    Native,
    Operation,
    Presented,
    Route,
)
from schemas.fields import message_of
from schemas.message import Member, Message, Tree
from schemas.mobileconnect_messages import (
    ERROR_CODES,
    RESULTS,
    UserClientSessionLogRequest,
    UserClientSessionLogResponse,
)

NAME = "mobileconnect"
ROUTE = "/userclientsession/log"
PREFIXES = ("/userclientsession", "/xml", "/json", "/jsv", "/csv", "/soap11", "/soap12", "/metadata")
EMPTY = UUID(int=0)

NATIVE: FaultTable = {
    FaultKind.MALFORMED: Native(400, "SerializationException"),
    FaultKind.INVALID: Native(400, "SerializationException"),
    FaultKind.UNSUPPORTED_MEDIA: Native(400, "SerializationException"),
    FaultKind.NOT_FOUND_ROUTE: Native(404, "NotFound"),
    FaultKind.METHOD_NOT_ALLOWED: Native(405, "NotImplementedException"),
    FaultKind.TOO_LARGE: Native(413, "RequestEntityTooLarge"),
}
"""What is refused before the service runs."""

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
    """What the settings of this API say, and the answer message that follows from it."""

    message: Message
    success: str
    failure: str
    error_code: str
    server: str
    max_records: int


@dataclass(frozen=True, slots=True)
class Page:
    """Which page is asked for. ``size`` is what an answer may hold, also where the caller did not ask for pages."""

    index: int
    size: int
    paged: bool


def page_of(tree: Tree, max_records: int) -> Page:
    """Paging is on iff RecordsPerPage is above zero, unless PagingEnabled (absent from XML) says false."""
    asked = tree.get("RecordsPerPage") or 0
    if asked <= 0 or tree.get("PagingEnabled") is False:
        return Page(0, max_records, False)
    return Page(max(tree.get("PageRequestIndex") or 0, 0), min(asked, max_records), True)


def credentials(tree: Tree) -> Presented:
    """The SessionUid; an absent one is the empty GUID, which only the demonstration knows."""
    return Presented("key", secret=(tree.get("SessionUid") or EMPTY).hex)


def command(tree: Tree, context: Context, max_records: int = 10_000) -> Mapped:
    """The page of the log that fits the filters; .NET's defaults (MinValue, empty GUID, empty text) filter nothing."""
    page = page_of(tree, max_records)
    user = tree.get("UserReferUid")
    where = SessionFilter(
        subject_uid=None if user == EMPTY else user,
        client=tree.get("ClientReferUid") or None,
        started_from=_bound(tree.get("StartedAfter")),
        started_to=_bound(tree.get("StartedBefore")),
        open_only=bool(tree.get("OpenSessionsOnly")),
    )
    return Mapped(ListSessions(where, limit=page.size, offset=page.index * page.size, count=True))


def _bound(time: NetDateTime | None) -> datetime | None:
    return None if time is None or time.is_min else time.instant()


def present(outcome: Outcome, asked: Asked, choices: Choices) -> Answer:
    """The log entries; what does not fit one answer is offered as pages of the largest size."""
    page = page_of(asked.tree, choices.max_records)
    size = page.size if page.paged or outcome.total > page.size else 0
    tree = {
        "LogEntries": [entry(session) for session in outcome.sessions],
        "PageIndex": page.index,
        "TotalPageCount": -(-outcome.total // size) if size else min(outcome.total, 1),
        "RecordsPerPage": size,
        **_frame(choices, asked, choices.success, None),
    }
    return Answer(tree, message=choices.message)


def entry(session: Session) -> Tree:
    """One session as the log shows it; MinValue stands for a time that is not known or not yet."""
    subject, device = session.subject, session.device
    return {
        "ReferUid": session.uid,
        "SessionStart": _shown(session.started_at),
        "SessionEnd": _shown(session.ended_at),
        "User": subject.email or subject.user_id,
        "UserReferUid": subject.uid or EMPTY,
        "ClientReferUid": device.device_id or device.serial or device.vehicle,
    }


def _shown(instant: datetime | None) -> NetDateTime:
    return NetDateTime() if instant is None else NetDateTime.of(instant)


def fault_tree(fault: Fault, asked: Asked | None, choices: Choices) -> Tree:
    """An empty page that says what went wrong."""
    details = {
        "Code": choices.error_code,
        "Description": DESCRIPTIONS[fault.kind],
        "AdditionalMessages": [item.message for item in fault.fields],
    }
    page = {"LogEntries": [], "PageIndex": 0, "TotalPageCount": 0, "RecordsPerPage": 0}
    return {**page, **_frame(choices, asked, choices.failure, details)}


def _frame(choices: Choices, asked: Asked | None, result: str, details: Tree | None) -> Tree:
    processed = NetDateTime() if asked is None else NetDateTime.of(asked.context.received_at)
    return {"Server": choices.server, "ProcessedAt": processed, "Result": result, "ServerErrorDetails": details}


def answer_message(results: tuple[str, ...], error_code: str) -> Message:
    """The answer, its two enumerations widened by what the settings answer."""
    message = message_of(UserClientSessionLogResponse)
    details = message.by_key["ServerErrorDetails"].message
    assert details is not None
    coded = _with(details, Code={"choices": _united(ERROR_CODES, error_code)})
    return _with(message, Result={"choices": _united(RESULTS, *results)}, ServerErrorDetails={"message": coded})


def _united(known: tuple[str, ...], *more: str) -> tuple[str, ...]:
    return tuple(dict.fromkeys((*known, *more)))


def _with(message: Message, **changes: dict[str, Any]) -> Message:
    def changed(member: Member) -> Member:
        return replace(member, **changes.get(member.key, {}))

    return replace(message, members=tuple(changed(member) for member in message.members))


def build(settings: Settings) -> Api:
    """The API, with the choices that the settings name."""
    success, failure = settings["mobileconnect.result_success"], settings["mobileconnect.result_failure"]
    choices = Choices(
        answer_message((success, failure), settings["mobileconnect.error_code"]),
        success,
        failure,
        settings["mobileconnect.error_code"],
        settings["mobileconnect.server"],
        max(settings["mobileconnect.max_records"], 1),
    )
    operation = Operation(
        "UserClientSessionLogRequest",
        message_of(UserClientSessionLogRequest),
        choices.message,
        command=partial(command, max_records=choices.max_records),
        present=partial(present, choices=choices),
        routes=(Route("*", ROUTE),),
        writes=False,
        credentials=credentials,
        doc=(UserClientSessionLogRequest.__doc__ or "").strip(),
    )
    row = InBand(choices.message, partial(fault_tree, choices=choices))
    return Api(
        NAME,
        "MobileConnect Application Server",
        native=("servicestack",),
        prefixes=PREFIXES,
        operations=(operation,),
        faults={**dict.fromkeys(DESCRIPTIONS, row), **NATIVE},
        doc=(__doc__ or "").strip(),
    )


SETTINGS = (
    Setting(
        "mobileconnect.result_success",
        "Success",
        "Result of an answer without errors; of this enumeration only Unknown is published.",
        origin="D3",
    ),
    Setting(
        "mobileconnect.result_failure",
        "Failure",
        "Result of an answer that tells an error; of this enumeration only Unknown is published.",
        origin="D3",
    ),
    Setting(
        "mobileconnect.error_code",
        ERROR_CODES[0],
        "ServerErrorDetails.Code of every error; the default is the one published member.",
        origin="D2",
    ),
    Setting("mobileconnect.server", "session-gateway", "Server of every answer: a host or product.", origin="D3"),
    Setting(
        "mobileconnect.max_records",
        10_000,
        "The most log entries in one answer; more are offered as pages of this size.",
    ),
)

PLUGIN = ApiPlugin(NAME, build, SETTINGS)
