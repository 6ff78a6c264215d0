"""The OnTime userSession API: a driver or dispatcher logs in and out, with odometer readings.

Published as REST pages (JSON). A post with an ID replaces the whole record: what it leaves out becomes null. The key of
the account stands in the header ``Authorization``, without a scheme word.
"""

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime
from functools import partial
from typing import Any
from uuid import UUID

from adapters.scalars import NetDateTime
from gateway.commands import ByKey, GetSession, Missing, Retry, Write
from gateway.model import Device, EventKind, Key, Session, State, Subject
from gateway.outcome import Fault, FaultKind, FieldError, Outcome
from gateway.settings import Setting, Settings
from gateway.wire import WireRequest
from schemas.api import Answer, Api, ApiPlugin, Asked, Context, FaultTable, Mapped, Native, Operation, Presented, Route
from schemas.fields import message_of
from schemas.message import Tree
from schemas.ontime_list import list_command, present_list
from schemas.ontime_messages import (
    LOG_IN_TYPES,
    UserSession,
    UserSessionGet,
    UserSessionIDs,
    UserSessionList,
    UserSessionPost,
)
from schemas.ontime_texts import parse_wall, wall_text

NAME = "ontime"
READ, WRITE = "userSession:read", "userSession:write"
"""What a key may do; a key without scopes may do both."""
PREFIX = "/sites"
TIMES = {"LogInTime": "started_at", "LogOutTime": "ended_at"}

BAD_REQUEST = "The request is invalid."
BAD_KEY = "Authorization key is invalid or no longer exists."
NO_PERMISSION = "Authorization key does not have permission to perform this action."
BROKEN = "An error has occurred."

FAULTS: FaultTable = {
    FaultKind.MALFORMED: Native(400, text=BAD_REQUEST),
    FaultKind.UNSUPPORTED_MEDIA: Native(415),
    FaultKind.NOT_FOUND_ROUTE: Native(404),
    FaultKind.METHOD_NOT_ALLOWED: Native(405),
    FaultKind.INVALID: Native(400, text=BAD_REQUEST),
    FaultKind.UNAUTHENTICATED: Native(401, text=BAD_KEY),
    FaultKind.FORBIDDEN: Native(403, text=NO_PERMISSION),
    FaultKind.LOCKED_OUT: Native(429, text="Too many requests with an invalid authorization key. Try again later."),
    FaultKind.NOT_FOUND: Native(404, text="There is no UserSession with this ID."),
    FaultKind.EXPIRED: Native(401, text=BAD_KEY),
    FaultKind.INVALID_TRANSITION: Native(400),
    FaultKind.CONFLICT: Native(400),
    FaultKind.PRECONDITION_FAILED: Native(400),
    FaultKind.UNSUPPORTED: Native(400),
    FaultKind.TOO_LARGE: Native(413),
    FaultKind.TIMEOUT: Native(503, text="The request took too long. Try again later."),
    FaultKind.BUSY: Native(503, text="The service is busy. Try again later."),
    FaultKind.STORE_UNAVAILABLE: Native(503, text="The service is temporarily unavailable. Try again later."),
    FaultKind.INTERNAL: Native(500, text=BROKEN),
}
"""400, 401 and 403 are published; a request with a field error carries it in its ModelState."""


def header(request: WireRequest, path: Mapping[str, str]) -> Presented | None:
    """The raw key of ``Authorization``; the ``Bearer`` that some clients put before it is taken off."""
    text = request.headers.get("authorization", "").strip()
    scheme, _, rest = text.partition(" ")
    key = rest.strip() if scheme.lower() == "bearer" else text
    return Presented("key", secret=key, realm=path.get("company-id", "")) if key else None


def post_command(tree: Tree, context: Context, order: str = "refuse") -> Mapped:
    """A new session where no ID is given (or the empty GUID), else the whole of the session with this ID."""
    changes = _changes(tree)
    start, end = changes["started_at"], changes["ended_at"]
    if order == "refuse" and start is not None and end is not None and end < start:
        raise _invalid("LogOutTime", "LogOutTime must not be before LogInTime.")
    given = tree.get("ID")
    named = given is not None and given != UUID(int=0)
    key = Key(NAME, _realm(tree, context, WRITE), str(given) if named else "")
    return Mapped(
        Write(
            EventKind.CLOSED if end is not None else EventKind.UPDATED if named else EventKind.OPENED,
            find=ByKey(key) if named else None,
            key=key,
            missing=Missing.CREATE,
            changes=changes,
            replace=True,
            occurred_at=end or start,
            retry=Retry.LATEST if named else Retry.WINDOW,
        )
    )


def get_command(tree: Tree, context: Context) -> Mapped:
    """The session with this ID, if there is one."""
    return Mapped(GetSession(ByKey(Key(NAME, _realm(tree, context, READ), str(tree["id"]))), optional=True))


def ids_command(tree: Tree, context: Context, limit: int) -> Mapped:
    """The sessions that fit the criteria."""
    return list_command(tree, context, _realm(tree, context, READ), limit)


def _realm(tree: Tree, context: Context, permission: str) -> str:
    """The company, without case as in ASP.NET's routes, if the key may name it and has the permission.

    Over a native route the header's check has asked for the company before; elsewhere it stands in the message alone.
    """
    company = str(tree["company_id"]).lower()
    allowed = context.principal.realms if context.principal is not None else frozenset()
    scopes = context.principal.scopes if context.principal is not None else frozenset()
    if (allowed and company not in {realm.lower() for realm in allowed}) or (scopes and permission not in scopes):
        raise Fault(FaultKind.FORBIDDEN, NO_PERMISSION)
    return company


def refuse_unknown(before: Session | None, after: Session, write: Write) -> None:
    """The check of the setting ``ontime.unknown_id = refuse``: an ID that names no session is an error."""
    if before is None and write.find is not None:
        raise _invalid("ID", "There is no UserSession with this ID.")


def _changes(tree: Tree) -> dict[str, Any]:
    user, vehicle = tree.get("UserID"), tree.get("Vehicle")
    role = LOG_IN_TYPES[log_in_type(tree.get("LogInType"))]
    times = {name: _time(tree, name) for name in TIMES}
    return {
        "subject": Subject(uid=user, user_id=str(user) if user else None, role=role),
        "device": Device(vehicle=str(vehicle) if vehicle else None),
        "started_at": _instant(times["LogInTime"]),
        "ended_at": _instant(times["LogOutTime"]),
        "start_mileage": tree.get("StartMileage"),
        "end_mileage": tree.get("EndMileage"),
        "state": State.OPEN if times["LogOutTime"] is None else State.CLOSED,
        "attributes": {name: None if time is None else wall_text(time) for name, time in times.items()},
    }


def _time(tree: Tree, name: str) -> NetDateTime | None:
    """DateTime.MinValue is how .NET clients without nullable members say «not yet»."""
    value: NetDateTime | None = tree.get(name)
    return None if value is None or value.is_min else value


def _instant(time: NetDateTime | None) -> datetime | None:
    return None if time is None else time.instant()


def log_in_type(value: Any) -> int:
    """The number of a LogInType given as a name (without case), a number or a number as text; absent is 0."""
    if value is None:
        return 0
    if isinstance(value, int) and not isinstance(value, bool) and 0 <= value < len(LOG_IN_TYPES):
        return value
    text = value.strip().lower() if isinstance(value, str) else ""
    for number, name in enumerate(LOG_IN_TYPES):
        if text in (name.lower(), str(number)):
            return number
    raise _invalid(
        "LogInType", f"LogInType must be one of: {', '.join(LOG_IN_TYPES)}; or its number, from 0.", "choice"
    )


def _invalid(name: str, message: str, rule: str = "invalid") -> Fault:
    return Fault(FaultKind.INVALID, message, fields=(FieldError(name, message, rule),))


def present(outcome: Outcome, asked: Asked, status: int = 201, form: str = "echo") -> Answer:
    """The whole record, nulls included; null when there is none."""
    session = outcome.session
    if session is None:
        return Answer(None, status)
    role = session.subject.role if session.subject.role in LOG_IN_TYPES else LOG_IN_TYPES[0]
    tree = {
        "Vehicle": _guid(session.device.vehicle),
        "ID": _guid(session.key.id) or session.uid,
        "UserID": session.subject.uid,
        "LogInType": _typed(str(role), asked.tree.get("LogInType"), form),
        **{name: _shown(session, name) for name in TIMES},
        "StartMileage": session.start_mileage,
        "EndMileage": session.end_mileage,
    }
    return Answer(tree, status)


def _typed(role: str, asked: Any, form: str) -> str | int:
    """The live service answers numbers, its page promises names: each caller gets back the form it used."""
    is_name = isinstance(asked, str) and not asked.strip().isdigit()
    return role if form == "name" or (form == "echo" and is_name) else LOG_IN_TYPES.index(role)


def _shown(session: Session, name: str) -> NetDateTime | None:
    """The clock time that was sent, unless the session has been changed since by something else."""
    instant: datetime | None = getattr(session, TIMES[name])
    sent = parse_wall(str(session.attributes.get(name, "")))
    if instant is None or (sent is not None and sent.instant() == instant):
        return None if instant is None else sent
    return NetDateTime.wall(instant.replace(tzinfo=None))


def _guid(text: str | None) -> UUID | None:
    try:
        return UUID(text) if text else None
    except ValueError:
        return None


def build(settings: Settings) -> Api:
    """The API, with the choices that the settings name."""
    form = settings["ontime.login_type"]
    post = Operation(
        "UserSessionPost",
        message_of(UserSessionPost),
        message_of(UserSession),
        command=partial(post_command, order=settings["ontime.time_order"]),
        present=partial(present, form=form),
        routes=(Route("POST", f"{PREFIX}/{{company-id}}/api/userSession/post"),),
        status=201,
        doc=(UserSessionPost.__doc__ or "").strip(),
    )
    if settings["ontime.unknown_id"] == "refuse":
        post = replace(post, check=refuse_unknown)
    return Api(
        NAME,
        "OnTime user sessions",
        native=("webapi",),
        prefixes=(PREFIX,),
        operations=(post, *_reading(form, max(1, settings["ontime.max_ids"]))),
        faults=FAULTS,
        header=header,
        options={"formats": ("json",), "model_prefix": "userSession"},
        doc=(__doc__ or "").strip(),
    )


def _reading(form: str, limit: int) -> tuple[Operation, ...]:
    return (
        Operation(
            "UserSessionGet",
            message_of(UserSessionGet),
            message_of(UserSession),
            command=get_command,
            present=partial(present, status=200, form=form),
            routes=(Route("GET", f"{PREFIX}/{{company-id}}/api/userSessions/{{id}}"),),
            writes=False,
            doc="Returns one UserSession record.",
        ),
        Operation(
            "UserSessionList",
            message_of(UserSessionList),
            message_of(UserSessionIDs),
            command=partial(ids_command, limit=limit),
            present=partial(present_list, limit=limit),
            routes=(Route("GET", f"{PREFIX}/{{company-id}}/api/userSessions"),),
            writes=False,
            doc=(UserSessionList.__doc__ or "").strip(),
        ),
    )


SETTINGS = (
    Setting(
        "ontime.login_type",
        "echo",
        "The form of LogInType in answers: the caller's own (a number where it gave none), always the number, "
        "or always the name.",
        origin="D2",
        choices=("echo", "integer", "name"),
    ),
    Setting(
        "ontime.unknown_id",
        "create",
        "A post with an ID that names no session makes it, or is refused with 400.",
        origin="D3",
        choices=("create", "refuse"),
    ),
    Setting("ontime.max_ids", 10_000, "The most identifiers in one list; a request that more fit is refused with 400."),
    Setting(
        "ontime.time_order",
        "refuse",
        "A LogOutTime before its LogInTime is refused with 400, or accepted.",
        origin="D3",
        choices=("refuse", "accept"),
    ),
)

PLUGIN = ApiPlugin(NAME, build, SETTINGS)
