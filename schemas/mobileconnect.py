"""The MobileConnect session log: which user worked on which device, and when.

Published as a ServiceStack metadata page (XML, JSON, JSV, CSV, SOAP). It reads the sessions of every API of the
caller's tenant; the SessionUid that it wants is handed out by a login. Errors are told inside the answer, HTTP 200;
what ServiceStack itself refuses, before its service runs, is ServiceStack's own error.
"""

from dataclasses import dataclass
from datetime import datetime
from functools import partial
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
from schemas.message import Tree
from schemas.mobileconnect_answers import DESCRIPTIONS, Choices, bad, choices_of, good, widened
from schemas.mobileconnect_login import login_operation
from schemas.mobileconnect_messages import (
    ERROR_CODES,
    LOGIN,
    UserClientSessionLogRequest,
    UserClientSessionLogResponse,
)

NAME = "mobileconnect"
ROUTE = "/userclientsession/log"
PREFIXES = ("/userclientsession", "/user", "/xml", "/json", "/jsv", "/csv", "/soap11", "/soap12", "/metadata")
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
    """The SessionUid: of a login, or a stored key; an absent one is the empty GUID, which only the demonstration
    knows."""
    shown: UUID = tree.get("SessionUid") or EMPTY
    return Presented("key" if shown == EMPTY else "session", secret=shown.hex)


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
        **good(choices, asked),
    }
    return Answer(tree)


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
    page = {"LogEntries": [], "PageIndex": 0, "TotalPageCount": 0, "RecordsPerPage": 0}
    return {**page, **bad(choices, fault, asked)}


def build(settings: Settings) -> Api:
    """The API, with the choices that the settings name."""
    choices = choices_of(settings)
    log = _log(choices)
    row = InBand(log.answer, partial(fault_tree, choices=choices))
    return Api(
        NAME,
        "MobileConnect Application Server",
        native=("servicestack",),
        prefixes=PREFIXES,
        operations=(log, login_operation(choices, settings["mobileconnect.login_namespace"])),
        faults={**dict.fromkeys(DESCRIPTIONS, row), **NATIVE},
        doc=(__doc__ or "").strip(),
    )


def _log(choices: Choices) -> Operation:
    return Operation(
        "UserClientSessionLogRequest",
        message_of(UserClientSessionLogRequest),
        widened(message_of(UserClientSessionLogResponse), choices),
        command=partial(command, max_records=choices.max_records),
        present=partial(present, choices=choices),
        routes=(Route("*", ROUTE),),
        writes=False,
        credentials=credentials,
        lifetime=choices.lifetime,
        doc=(UserClientSessionLogRequest.__doc__ or "").strip(),
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
    Setting(
        "mobileconnect.session_lifetime",
        0,
        "Seconds for which the SessionUid of a login may be used; 0: without end.",
        origin="D3",
    ),
    Setting(
        "mobileconnect.login_namespace",
        LOGIN,
        "Namespace of UserLoginRequest and of its answer in XML, which is not published.",
        origin="D3",
    ),
    Setting("mobileconnect.server", "session-gateway", "Server of every answer: a host or product.", origin="D3"),
    Setting(
        "mobileconnect.max_records",
        10_000,
        "The most log entries in one answer; more are offered as pages of this size.",
    ),
)

PLUGIN = ApiPlugin(NAME, build, SETTINGS)
