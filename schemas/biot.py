"""BioT's device service: usage sessions, as published at docs.biot-med.com (``updateSession`` and its neighbours).

docs/apis/biot.rst tells what is published and what was decided.
"""

from collections.abc import Mapping
from functools import partial
from typing import Any

from gateway.spi import (
    Api,
    ApiPlugin,
    FaultKind,
    FaultTable,
    Native,
    Operation,
    Presented,
    Route,
    Settings,
    WireRequest,
    WireSchema,
    message_of,
)
from schemas import biot_messages as messages
from schemas import biot_search_messages as searches
from schemas.bearer import bearer
from schemas.biot_answers import BAD_REQUEST, fault_body, present_deleted, present_health, present_session
from schemas.biot_commands import create, create_by_usage_type, delete, get, health, update
from schemas.biot_options import SETTINGS, Options, options_of
from schemas.biot_remote import REMOTE_CONTROL, Control, check_control, control, present_control, start
from schemas.biot_rules import check, check_delete
from schemas.biot_search import present_devices, present_sessions, search

SCOPE = "PROTECTED_API"
_DEVICES = "/device/v1/devices"
_SESSIONS = f"{_DEVICES}/{{deviceId}}/usage-sessions"
_ONE = f"{_SESSIONS}/{{id}}"


def header(request: WireRequest, path: Mapping[str, str]) -> Presented | None:
    """The token of ``Authorization: Bearer``."""
    token = bearer(request)
    return Presented("jwt", token) if token else None


FAULTS: FaultTable = {
    FaultKind.MALFORMED: Native(400, BAD_REQUEST),
    FaultKind.UNSUPPORTED_MEDIA: Native(415, "UNSUPPORTED_MEDIA_TYPE"),
    FaultKind.NOT_FOUND_ROUTE: Native(404, "NOT_FOUND", "Nothing is served at this address"),
    FaultKind.METHOD_NOT_ALLOWED: Native(405, "METHOD_NOT_ALLOWED", "This address does not take this method"),
    FaultKind.INVALID: Native(400, BAD_REQUEST),
    FaultKind.UNAUTHENTICATED: Native(401, "TOKEN_NOT_VALID", "Token is not valid"),
    FaultKind.FORBIDDEN: Native(403, "ACCESS_DENIED"),
    FaultKind.LOCKED_OUT: Native(401, "TOKEN_NOT_VALID", "Token is not valid"),
    FaultKind.NOT_FOUND: Native(404, "SESSION_NOT_FOUND"),
    FaultKind.EXPIRED: Native(401, "TOKEN_NOT_VALID", "Token is not valid"),
    FaultKind.INVALID_TRANSITION: Native(409, "SESSION_STATE_CHANGE_INVALID"),
    FaultKind.CONFLICT: Native(409, "CONFLICT"),
    FaultKind.PRECONDITION_FAILED: Native(412, "PRECONDITION_FAILED"),
    FaultKind.UNSUPPORTED: Native(400, BAD_REQUEST),
    FaultKind.TOO_LARGE: Native(413, "PAYLOAD_TOO_LARGE"),
    FaultKind.TIMEOUT: Native(504, "GATEWAY_TIMEOUT"),
    FaultKind.BUSY: Native(504, "GATEWAY_TIMEOUT"),
    FaultKind.STORE_UNAVAILABLE: Native(504, "GATEWAY_TIMEOUT"),
    FaultKind.INTERNAL: Native(500, "INTERNAL_SERVER_ERROR", "Internal server error"),
}
"""Codes and statuses of each kind. What can be retried is told as 504, the one such status that BioT documents."""


def build(settings: Settings) -> Api:
    """The API as ``settings`` want it. Raises ValueError when an attribute template or a usage type is wrong."""
    options = options_of(settings)
    return Api(
        name="biot",
        title="BioT device service: usage sessions",
        native=("rest",),
        prefixes=("/device",),
        operations=(*_creating(options), *_controlling(options), *_single(options), *_searching(options)),
        faults=FAULTS,
        header=header,
        fault_body=fault_body(options),
        doc="Usage sessions of medical devices, as BioT's device service publishes them.",
    )


def _operation(name: str, route: Route, request: type[WireSchema], doc: str, **options: Any) -> Operation:
    """An operation that answers a session, unless ``options`` say otherwise."""
    given = {"answer": message_of(messages.SessionResponse), "scope": SCOPE, **options}
    return Operation(name=name, request=message_of(request), routes=(route,), doc=doc, **given)


def _creating(options: Options) -> tuple[Operation, ...]:
    created: dict[str, Any] = {"present": partial(present_session, options, 201), "check": partial(check, options)}
    return (
        _operation(
            "createSession",
            Route("POST", _SESSIONS),
            messages.CreateSession,
            "Create a usage session by template id.",
            command=create,
            status=201,
            **created,
        ),
        _operation(
            "createSessionByUsageType",
            Route("POST", f"{_SESSIONS}/usage-type/{{usageType}}"),
            messages.CreateByUsageType,
            "Create a usage session by template name.",
            command=partial(create_by_usage_type, options),
            status=201,
            **created,
        ),
    )


_CONTROLLED: Mapping[str, tuple[type[WireSchema], str]] = {
    "stop": (messages.StopSession, "Stop a usage session by remote control."),
    "pause": (messages.PauseSession, "Pause a usage session by remote control."),
    "resume": (messages.ResumeSession, "Resume a paused usage session by remote control."),
}


def _controlling(options: Options) -> tuple[Operation, ...]:
    begin = _operation(
        "startSession",
        Route("POST", f"{_SESSIONS}/remote-control/start"),
        messages.StartSession,
        "Create a usage session and start it by remote control.",
        command=partial(start, options),
        present=partial(present_control, options, 201, REMOTE_CONTROL["start"]),
        check=partial(check, options),
        status=201,
    )
    return begin, *(_controlled(options, name, REMOTE_CONTROL[name]) for name in _CONTROLLED)


def _controlled(options: Options, name: str, wanted: Control) -> Operation:
    request, doc = _CONTROLLED[name]
    return _operation(
        f"{name}Session",
        Route("POST", f"{_ONE}/remote-control/{name}"),
        request,
        doc,
        command=partial(control, options, wanted),
        present=partial(present_control, options, 200, wanted),
        check=partial(check_control, options, wanted),
    )


def _single(options: Options) -> tuple[Operation, ...]:
    told = partial(present_session, options, 200)
    return (
        _operation(
            "getSession",
            Route("GET", _ONE),
            messages.GetSession,
            "Read a usage session.",
            command=get,
            present=told,
            writes=False,
        ),
        _operation(
            "updateSession",
            Route("PATCH", _ONE),
            messages.UpdateSession,
            "Performs partial update, if a field is specified in the request it will be updated.",
            command=partial(update, options),
            present=told,
            check=partial(check, options),
        ),
        _operation(
            "deleteSession",
            Route("DELETE", _ONE),
            messages.DeleteSession,
            "Delete a usage session.",
            answer=message_of(messages.Nothing),
            command=delete,
            present=present_deleted,
            check=partial(check_delete, options),
            status=204,
        ),
    )


def _searching(options: Options) -> tuple[Operation, ...]:
    return (
        _operation(
            "searchSessions",
            Route("GET", f"{_DEVICES}/usage-sessions"),
            searches.SearchSessions,
            "Search usage sessions by filter.",
            answer=message_of(searches.SessionsFound),
            command=partial(search, options, False),
            present=partial(present_sessions, options),
            writes=False,
        ),
        _operation(
            "searchDeviceSessions",
            Route("GET", f"{_DEVICES}/current/usage-sessions"),
            searches.SearchDeviceSessions,
            "Search the usage sessions in progress, by device.",
            answer=message_of(searches.DevicesFound),
            command=partial(search, options, True),
            present=partial(present_devices, options),
            writes=False,
        ),
        _operation(
            "healthCheck",
            Route("GET", "/device/system/healthCheck"),
            messages.HealthCheck,
            "Whether the service is up.",
            answer=message_of(messages.HealthStatus),
            command=health,
            present=partial(present_health, options),
            writes=False,
            public=True,
            scope=None,
        ),
    )


PLUGIN = ApiPlugin("biot", build, SETTINGS)
