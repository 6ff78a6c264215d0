"""3DPartStream.NET: service login and logout, the XML interfaces SWServiceLogin and SWServiceLogout.

The envelope looks like SOAP 1.1; its children have no namespace, and the Header's ``interfacename`` names the
operation. An error is an ordinary answer with ``faultcode`` and ``faultstring``; the published list of codes is lost,
ours is in ``docs/partstream-faults.rst``.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import timedelta
from functools import partial

from adapters.soapstyle import SoapStyle
from gateway.commands import ByToken, Missing, Retry, Write
from gateway.credentials import digest
from gateway.model import EventKind, Key, Session, State, Subject, subject_uid
from gateway.outcome import Fault, FaultKind, Outcome
from gateway.settings import Setting, Settings
from schemas.api import Answer, Api, ApiPlugin, Asked, Context, FaultTable, InBand, Mapped, Operation, Presented, Route
from schemas.fields import String, WireSchema, message_of
from schemas.message import Message, Tree

NAME = "partstream"
LOGIN = "SWServiceLogin"
LOGOUT = "SWServiceLogout"
ENCODING = "http://schemas.xmlsoap.org/soap/encoding/"

SETTINGS = (
    Setting(
        "partstream.path", "/3dpartstream/xml", "Path to which 3DPartStream clients post; never published.", origin="D3"
    ),
    Setting(
        "partstream.interfacename",
        "seed",
        "The interfacename in answers: `seed` is SWServiceLogin always, as in the published samples; `echo` names the "
        "interface that was called.",
        origin="D2",
        choices=("seed", "echo"),
    ),
    Setting(
        "partstream.declaration",
        True,
        "Whether answers begin with an XML declaration; the published samples show none, and some clients need one.",
        origin="D3",
    ),
    Setting("partstream.session_lifetime", 0, "Seconds after which a PartStream session is invalid; 0: never."),
    Setting("partstream.login_text", "Logged in", "returnval of a successful SWServiceLogin.", origin="D3"),
    Setting("partstream.logout_text", "Logged out", "returnval of a successful SWServiceLogout.", origin="D3"),
    Setting("partstream.success_text", "Success", "The text of <success> when all went well.", origin="D3"),
    Setting("partstream.failure_text", "Failed", "The text of <success> beside a faultcode.", origin="D3"),
)


class LoginRequest(WireSchema):
    """Logs in to the 3DPartStream.NET service; the new session's id is returned for all later requests."""

    class Wire:
        name = LOGIN

    interfacename = String(part="header", sample=LOGIN, doc="Name of the interface")
    secure = String(sample="off", doc="Security flag: on or off, off when it is left out")
    catalog = String(required=True, sample="CatalogName", doc="Catalog that the session reads")
    serviceuser = String(required=True, sample="ServiceLogin", doc="Service login of the catalog")
    password = String(required=True, credential=True, sample="ServicePassword", doc="Password of the service login")
    enduser = String(doc="The person on whose behalf the service logs in")


class LogoutRequest(WireSchema):
    """Logs out of a 3DPartStream.NET service session."""

    class Wire:
        name = LOGOUT

    interfacename = String(part="header", sample=LOGOUT, doc="Name of the interface")
    sessionid = String(part="header", credential=True, sample="0000", doc="Id of the active session")
    secure = String(sample="off", doc="Security flag: on or off, off when it is left out")


class LoginResponse(WireSchema):
    """Tells that the session is open."""

    class Wire:
        name = LOGIN + "Response"

    interfacename = String(part="header", sample=LOGIN, doc="Name of the interface")
    sessionid = String(credential=True, sample="0000", doc="Id of the session")
    returnval = String(sample="Logged in", doc="Success description")
    success = String(sample="Success", doc="Success or failure, as a text; an error is told by faultcode alone")


class LogoutResponse(WireSchema):
    """Tells that the session is over."""

    class Wire:
        name = LOGOUT + "Response"

    interfacename = String(part="header", sample=LOGIN, doc="Name of the interface")
    sessionid = String(credential=True, sample="0000", doc="Id of the session")
    returnval = String(sample="Logged out", doc="Success description")
    success = String(sample="Success", doc="Success or failure, as a text; an error is told by faultcode alone")


class ErrorResponse(WireSchema):
    """Tells what went wrong; it is an ordinary answer, not a soap:Fault."""

    interfacename = String(part="header", sample=LOGIN, doc="Name of the interface")
    header_sessionid = String(name="sessionid", part="header", credential=True, sample="0000", doc="As it was sent")
    sessionid = String(credential=True, sample="0000", doc="As it was sent")
    returnval = String(sample="", doc="Empty")
    success = String(sample="Failed", doc="A text, not a flag")
    faultcode = String(sample="1001", doc="Error code")
    faultstring = String(sample="Invalid session", doc="Description of the error")


ERROR: Message = message_of(ErrorResponse)


@dataclass(frozen=True, slots=True)
class FaultCode:
    """One row of our list of XML faults: the four digits, and the description that is sent with them."""

    code: str
    text: str


SESSION = FaultCode("1001", "Invalid session")
REQUEST = FaultCode("1002", "Invalid request")
INTERFACE = FaultCode("1003", "Unknown interface")
PARAMETER = FaultCode("1004", "Missing parameter")
SERVICE_LOGIN = FaultCode("1005", "Invalid service login")
LOCKED = FaultCode("1006", "Too many failed logins, try again later")
SIZE = FaultCode("1007", "Request too large")
CONFLICT = FaultCode("1008", "Conflict with an earlier request")
BUSY = FaultCode("1009", "Service busy, try again")
INTERNAL = FaultCode("9999", "Internal error")

CODES: Mapping[FaultKind, FaultCode] = {
    FaultKind.MALFORMED: REQUEST,
    FaultKind.UNSUPPORTED_MEDIA: REQUEST,
    FaultKind.NOT_FOUND_ROUTE: INTERFACE,
    FaultKind.METHOD_NOT_ALLOWED: REQUEST,
    FaultKind.INVALID: REQUEST,
    FaultKind.UNAUTHENTICATED: SESSION,
    FaultKind.FORBIDDEN: SERVICE_LOGIN,
    FaultKind.LOCKED_OUT: LOCKED,
    FaultKind.NOT_FOUND: SESSION,
    FaultKind.EXPIRED: SESSION,
    FaultKind.INVALID_TRANSITION: SESSION,
    FaultKind.CONFLICT: CONFLICT,
    FaultKind.PRECONDITION_FAILED: CONFLICT,
    FaultKind.UNSUPPORTED: INTERFACE,
    FaultKind.TOO_LARGE: SIZE,
    FaultKind.TIMEOUT: BUSY,
    FaultKind.BUSY: BUSY,
    FaultKind.STORE_UNAVAILABLE: BUSY,
    FaultKind.INTERNAL: INTERNAL,
}
"""The code of each kind of fault; :func:`fault_code` refines two of them by what was asked."""

STATUS = {FaultKind.NOT_FOUND_ROUTE: 404, FaultKind.METHOD_NOT_ALLOWED: 405}
"""HTTP statuses of requests that never reached an interface; every other fault is told with 200."""


def build(settings: Settings) -> Api:
    """PartStream as these settings have it."""
    routes = (Route("POST", settings["partstream.path"]),)
    return Api(
        name=NAME,
        title="3DPartStream.NET XML interfaces",
        native=("soap",),
        prefixes=(settings["partstream.path"],),
        operations=(_login(settings, routes), _logout(settings, routes)),
        faults=_faults(settings),
        options={
            "soap": SoapStyle(
                dispatch="header",
                header_member="interfacename",
                wrapper="interfaceparameters",
                bare_answer=True,
                qualified=False,
                encoding_style=ENCODING,
                prefix="SOAP-ENV",
                declaration=settings["partstream.declaration"],
                path=settings["partstream.path"],
                versions=("1.1",),
                media_types=(*SoapStyle().media_types, "application/x-www-form-urlencoded"),
            )
        },
        doc=__doc__ or "",
    )


def _login(settings: Settings, routes: tuple[Route, ...]) -> Operation:
    return Operation(
        name=LOGIN,
        request=message_of(LoginRequest),
        answer=message_of(LoginResponse),
        command=login_command,
        present=_presenter(settings, LOGIN, settings["partstream.login_text"]),
        routes=routes,
        credentials=login_credentials,
        doc=(LoginRequest.__doc__ or "").strip(),
    )


def _logout(settings: Settings, routes: tuple[Route, ...]) -> Operation:
    return Operation(
        name=LOGOUT,
        request=message_of(LogoutRequest),
        answer=message_of(LogoutResponse),
        command=logout_command,
        present=_presenter(settings, LOGOUT, settings["partstream.logout_text"]),
        routes=routes,
        check=partial(check_open, timedelta(seconds=settings["partstream.session_lifetime"])),
        credentials=logout_credentials,
        doc=(LogoutRequest.__doc__ or "").strip(),
    )


def login_credentials(tree: Tree) -> Presented | None:
    """Service user and password, for one catalog; None when either is missing."""
    user, password = tree.get("serviceuser"), tree.get("password")
    if not user or not password:
        return None
    return Presented("pair", secret=password, name=user, realm=tree.get("catalog") or "")


def logout_credentials(tree: Tree) -> Presented | None:
    """The session's own id, which is its secret. Raises a fault with code 1001 when it was not sent."""
    if not tree.get("sessionid"):
        raise Fault(FaultKind.UNAUTHENTICATED, "The Header has no sessionid", code=SESSION.code)
    return Presented("session", secret=tree["sessionid"])


def login_command(tree: Tree, context: Context) -> Mapped:
    """Opens a session in the catalog, for the end user if one is named, else for the service user."""
    kept = {key: tree[key] for key in ("secure", "serviceuser", "enduser") if tree.get(key) is not None}
    changes = {
        "state": State.OPEN,
        "started_at": context.received_at,
        "subject": _subject(tree.get("enduser") or tree["serviceuser"], context),
        "attributes": kept,
    }
    key = Key(NAME, tree["catalog"], "")
    volatile = ("started_at",)
    return Mapped(
        Write(EventKind.OPENED, key=key, missing=Missing.CREATE, changes=changes, grants=True, volatile=volatile)
    )


def _subject(user: str, context: Context) -> Subject:
    tenant = context.principal.tenant if context.principal else None
    return Subject(uid=subject_uid(tenant, user) if tenant else None, user_id=user)


def logout_command(tree: Tree, context: Context) -> Mapped:
    """Closes the session that the Header's id opens, now; a repeated logout is the same command all the same."""
    kept = {"logout": {"secure": tree["secure"]}} if tree.get("secure") is not None else {}
    changes = {
        "state": State.CLOSED,
        "ended_at": context.received_at,
        "stop_reason": "Logged out",
        "attributes": kept,
    }
    find = ByToken(NAME, digest(tree.get("sessionid") or ""))
    return Mapped(Write(EventKind.CLOSED, find=find, retry=Retry.WINDOW, changes=changes, volatile=("ended_at",)))


def check_open(lifetime: timedelta, before: Session | None, after: Session, write: Write) -> None:
    """Refuse to end a session that has ended or, with a lifetime above zero, has outlived it."""
    if before is None or not before.is_open:
        raise Fault(FaultKind.EXPIRED, "The session has ended")
    if lifetime and before.started_at and after.updated_at - before.started_at > lifetime:
        raise Fault(FaultKind.EXPIRED, "The session has expired")


def _presenter(settings: Settings, operation: str, text: str) -> Callable[[Outcome, Asked], Answer]:
    echo = settings["partstream.interfacename"] == "echo"

    def present(outcome: Outcome, asked: Asked) -> Answer:
        return Answer(
            {
                "interfacename": operation if echo else LOGIN,
                "sessionid": asked.tree.get("sessionid") or asked.context.secret,
                "returnval": text,
                "success": settings["partstream.success_text"],
            }
        )

    return present


def fault_code(fault: Fault, interface: str) -> FaultCode:
    """The code of ``fault``: a missing parameter has one of its own, and so has a refused service login.

    A login is refused before anything is known of the interface here, a session only after (or with its code set).
    """
    if fault.kind is FaultKind.UNAUTHENTICATED and interface != LOGOUT and fault.code != SESSION.code:
        return SERVICE_LOGIN
    if fault.kind is FaultKind.INVALID and any(error.rule == "required" for error in fault.fields):
        return PARAMETER
    return CODES[fault.kind]


def _faults(settings: Settings) -> FaultTable:
    row = partial(_error, settings)
    return {kind: InBand(ERROR, row, STATUS.get(kind, 200)) for kind in FaultKind}


def _error(settings: Settings, fault: Fault, asked: Asked | None) -> Tree:
    sent = asked.tree if asked is not None and asked.tree else fault.details
    interface = str(sent.get("interfacename") or "")
    found = fault_code(fault, interface)
    session = str(sent.get("sessionid") or "")
    return {
        "interfacename": (interface or LOGIN) if settings["partstream.interfacename"] == "echo" else LOGIN,
        "header_sessionid": session,
        "sessionid": session,
        "returnval": "",
        "success": settings["partstream.failure_text"],
        "faultcode": found.code,
        "faultstring": _faultstring(fault, found),
    }


def _faultstring(fault: Fault, found: FaultCode) -> str:
    """Only a wrong request is explained in full: about a session or a login nothing more is told."""
    if found is PARAMETER:
        missing = [error.path for error in fault.fields if error.rule == "required"]
        return f"{found.text}: {', '.join(missing)}"
    if fault.kind is FaultKind.METHOD_NOT_ALLOWED:
        return f"{found.text}: send it by POST"
    if found in (REQUEST, INTERFACE, SIZE) and fault.message:
        return f"{found.text}: {fault.message}"
    return found.text


PLUGIN = ApiPlugin(NAME, build, SETTINGS)
