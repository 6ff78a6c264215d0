"""BioT's device service: usage sessions, as published at docs.biot-med.com (``updateSession`` and its neighbours).

An update is partial: what is absent stays, null clears, custom attributes merge key by key. docs/apis/biot.rst tells
what is published and what was decided.
"""

from collections.abc import Iterator, Mapping
from datetime import datetime
from functools import partial
from typing import Any

from gateway.spi import (
    Api,
    ApiPlugin,
    ByKey,
    Context,
    Device,
    EventKind,
    FaultKind,
    FaultTable,
    GetSession,
    Key,
    Mapped,
    Missing,
    Native,
    Note,
    Operation,
    Presented,
    Probe,
    Retry,
    Route,
    Settings,
    State,
    Subject,
    Tree,
    WireRequest,
    Write,
    message_of,
)
from schemas import biot_messages as messages
from schemas.bearer import bearer
from schemas.biot_answers import BAD_REQUEST, fault_body, present_health, present_session, realm_of
from schemas.biot_codes import refusal
from schemas.biot_options import SETTINGS, Options, options_of
from schemas.biot_rules import STATE_OF, check
from schemas.instants import utc

SCOPE = "PROTECTED_API"
_SESSIONS = "/device/v1/devices/{deviceId}/usage-sessions"

_FIELDS = {"_startTime": "started_at", "_endTime": "ended_at", "_state": "state", "_name": "name"}
_STOP = {"_stopReason": "stop_reason", "_stopReasonCode": "stop_code"}
_OWN = frozenset({"device_id", "session_id", "_summary", "_configuration", "_templateId", "_patient", *_FIELDS})
_KINDS = {State.CLOSED: EventKind.CLOSED, State.PAUSED: EventKind.PAUSED}


def header(request: WireRequest, path: Mapping[str, str]) -> Presented | None:
    """The token of ``Authorization: Bearer``."""
    token = bearer(request)
    return Presented("jwt", token) if token else None


def update(options: Options, tree: Tree, context: Context) -> Mapped:
    """The write of an ``updateSession``. Raises ATTRIBUTE_IS_MANDATORY when the strict table is asked for."""
    if options.strict_required:
        _require(tree, "_startTime", "_state")
    changes = changes_of(tree)
    kind = _KINDS.get(changes.get("state", State.OPEN), EventKind.UPDATED)
    write = Write(
        kind=kind,
        find=ByKey(key_of(tree, context)),
        missing=Missing.REFUSE,
        changes=changes,
        occurred_at=changes.get("ended_at") if kind is EventKind.CLOSED else None,
        retry=Retry.NONE,
        facts={"device_id": tree["device_id"], "id": str(tree["session_id"])},
    )
    return Mapped(write, tuple(_notes(tree)))


def create(tree: Tree, context: Context) -> Mapped:
    """The write of a ``createSession``; the new session's id is its uid."""
    changes = changes_of(tree)
    changes["device"] = Device(device_id=tree["device_id"])
    changes["attributes"]["biot"] |= {"template_id": str(tree["_templateId"]), "initiator": "EXTERNAL"}
    if tree.get("_patient"):
        changes["subject"] = Subject(uid=tree["_patient"]["id"])
    write = Write(
        kind=EventKind.CLOSED if changes["state"] is State.CLOSED else EventKind.OPENED,
        key=Key("biot", realm_of(context), ""),
        missing=Missing.CREATE,
        changes=changes,
        occurred_at=changes["started_at"],
        facts={"device_id": tree["device_id"]},
    )
    return Mapped(write, tuple(_notes(tree)))


def get(tree: Tree, context: Context) -> Mapped:
    """The read of a ``getSession``."""
    return Mapped(GetSession(ByKey(key_of(tree, context))))


def health(tree: Tree, context: Context) -> Mapped:
    """A read that asks for nothing, but needs a store that answers."""
    return Mapped(Probe())


def key_of(tree: Tree, context: Context) -> Key:
    """The key of the session in the path, within the account of the caller's token."""
    return Key("biot", realm_of(context), str(tree["session_id"]))


def changes_of(tree: Tree) -> dict[str, Any]:
    """What a request sets, in canonical names; all that BioT alone knows is under ``attributes.biot``."""
    summary = tree.get("_summary", {})
    changes = {name: _canonical(key, tree[key]) for key, name in _FIELDS.items() if key in tree}
    changes |= {name: (summary or {}).get(key) for key, name in _STOP.items() if summary is None or key in summary}
    attributes = {name: part for name, part in _attributes(tree) if part is None or part}
    return {**changes, "attributes": {"biot": attributes}} if attributes or "_templateId" in tree else changes


def _canonical(key: str, value: Any) -> Any:
    if key == "_state":
        return STATE_OF[value]
    return utc(value, key) if isinstance(value, datetime) else value


def _attributes(tree: Tree) -> Iterator[tuple[str, Any]]:
    if "_state" in tree:
        yield "state", tree["_state"]
    yield "custom", {name: value for name, value in tree.items() if not name.startswith("_") and name not in _OWN}
    yield "other", {name: tree[name] for name in _unknown(tree)}
    if "_configuration" in tree:
        yield "configuration", tree["_configuration"]
    if "_summary" in tree:
        summary = tree["_summary"]
        yield "summary", None if summary is None else {key: summary[key] for key in summary if key not in _STOP}


def _unknown(tree: Tree) -> list[str]:
    return [name for name in tree if name.startswith("_") and name not in _OWN]


def _notes(tree: Tree) -> Iterator[Note]:
    return (Note("ignored_member", name) for name in _unknown(tree))


def _require(tree: Tree, *names: str) -> None:
    for name in names:
        if name not in tree:
            raise refusal("ATTRIBUTE_IS_MANDATORY", f"{name} is mandatory", attributeName=name)


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
    """The API as ``settings`` want it. Raises ValueError when an attribute template is wrong."""
    options = options_of(settings)
    return Api(
        name="biot",
        title="BioT device service: usage sessions",
        native=("rest",),
        prefixes=("/device",),
        operations=operations(options),
        faults=FAULTS,
        header=header,
        fault_body=fault_body(options),
        doc="Usage sessions of medical devices, as BioT's device service publishes them.",
    )


def operations(options: Options) -> tuple[Operation, ...]:
    """The operations, in the order of the published document."""
    answer = message_of(messages.SessionResponse)
    one = f"{_SESSIONS}/{{id}}"
    return (
        Operation(
            name="createSession",
            request=message_of(messages.CreateSession),
            answer=answer,
            command=create,
            present=partial(present_session, options, 201),
            routes=(Route("POST", _SESSIONS),),
            check=partial(check, options),
            scope=SCOPE,
            doc="Create a usage session.",
        ),
        Operation(
            name="getSession",
            request=message_of(messages.SessionPath),
            answer=answer,
            command=get,
            present=partial(present_session, options, 200),
            routes=(Route("GET", one),),
            writes=False,
            scope=SCOPE,
            doc="Read a usage session.",
        ),
        Operation(
            name="updateSession",
            request=message_of(messages.UpdateSession),
            answer=answer,
            command=partial(update, options),
            present=partial(present_session, options, 200),
            routes=(Route("PATCH", one),),
            check=partial(check, options),
            scope=SCOPE,
            doc="Performs partial update, if a field is specified in the request it will be updated.",
        ),
        Operation(
            name="healthCheck",
            request=message_of(messages.HealthCheck),
            answer=message_of(messages.HealthStatus),
            command=health,
            present=partial(present_health, options),
            routes=(Route("GET", "/device/system/healthCheck"),),
            writes=False,
            public=True,
            doc="Whether the service is up.",
        ),
    )


PLUGIN = ApiPlugin("biot", build, SETTINGS)
