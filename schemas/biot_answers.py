"""What BioT callers are told: a usage session, the state of the service, or an error, key by key as published."""

import json
import uuid
from binascii import b2a_base64
from collections.abc import Mapping, Sequence
from decimal import Decimal
from functools import lru_cache, partial
from typing import Any

import orjson

from gateway.spi import (
    Answer,
    Asked,
    Context,
    FaultBody,
    FieldError,
    Kind,
    Member,
    Message,
    NativeFault,
    Outcome,
    Session,
    Tree,
    message_of,
)
from schemas.biot_codes import CODES
from schemas.biot_messages import CreateSession, ErrorResponse, UpdateSession
from schemas.biot_options import Options
from schemas.biot_rules import NATIVE_OF, check_device, initiator, native_id, stored

_TEMPLATES = uuid.uuid5(uuid.NAMESPACE_URL, "urn:session-gateway:biot:template")
_NO_ORGANIZATION = str(uuid.UUID(int=0))


def realm_of(context: Context) -> str:
    """The account of the caller's token: its claim ``tenantId``, empty when it has none."""
    claims = context.principal.claims if context.principal is not None else {}
    return str(claims.get("tenantId") or "")


def present_session(options: Options, status: int, outcome: Outcome, asked: Asked) -> Answer:
    """The session as SessionResponseV2. A read of another device's session is refused as a write of it would be."""
    session = outcome.session
    assert session is not None
    check_device(session, asked.tree["device_id"])
    return Answer(session_tree(session, options), status)


def present_deleted(outcome: Outcome, asked: Asked) -> Answer:
    """Nothing: 204."""
    return Answer(None, 204)


def session_tree(session: Session, options: Options) -> Tree:
    """SessionResponseV2: every optional member is present, null where nothing is known (clients index them)."""
    kept = stored(session)
    custom = {name: value for name, value in _known(kept, "custom").items() if not name.startswith("_")}
    patient = _patient(session, kept, options)
    organization = organization_id(session)
    return {
        "_id": native_id(session),
        "_name": session.name,
        "_caption": session.name,
        "_patient": patient,
        "_device": _reference(session.device.device_id, session.device.device_id, options.device_template),
        "_ownerOrganization": _reference(organization, options.organization_name, options.organization_template),
        "_startTime": session.started_at,
        "_endTime": session.ended_at,
        "_state": NATIVE_OF[session.state],
        "_initiator": initiator(session),
        "_requiredMeasurementIntervalMilliseconds": options.measurement_interval,
        "_template": _template(kept, options),
        "_referencers": {},
        "_configuration": _known(kept, "configuration"),
        "_summary": {
            "_stopReason": session.stop_reason,
            "_stopReasonCode": session.stop_code,
            **_known(kept, "summary"),
        },
        "_sessionContext": _session_context(session, patient, organization),
        "_creationTime": session.recorded_at,
        "_lastModifiedTime": session.updated_at,
        **custom,
    }


def organization_id(session: Session) -> str:
    """The organisation that owns a session: the caller's account."""
    return session.key.realm or _NO_ORGANIZATION


def device_tree(sessions: Sequence[Session], options: Options) -> Tree:
    """DeviceResponse. Devices are not kept here: its times are those of its sessions in progress."""
    first, template = sessions[0], options.device_template
    organization = options.organization_name, options.organization_template
    return {
        "_id": first.device.device_id,
        "_caption": first.device.device_id,
        "_ownerOrganization": _reference(organization_id(first), *organization),
        "_template": {"id": template_id(template), "name": template, "displayName": template, "parentTemplate": None},
        "_creationTime": min(session.recorded_at for session in sessions),
        "_lastModifiedTime": max(session.updated_at for session in sessions),
    }


def _part(kept: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    found = kept.get(name)
    return found if isinstance(found, dict) else {}


def _known(kept: Mapping[str, Any], name: str) -> Tree:
    return {key: value for key, value in _part(kept, name).items() if value is not None}


@lru_cache(maxsize=1024)
def template_id(name: str) -> str:
    """The id that this gateway gives to a template which it knows by name only: always the same for one name."""
    return str(uuid.uuid5(_TEMPLATES, name))


def _reference(found: str | None, name: str | None, template: str) -> Tree | None:
    if found is None:
        return None
    return {"id": found, "name": name, "templateId": template_id(template), "templateName": template}


def _patient(session: Session, kept: Mapping[str, Any], options: Options) -> Tree | None:
    subject = session.subject
    found = str(subject.uid) if subject.uid is not None else None
    given = {name: value for name, value in _part(kept, "patient").items() if name in _REFERENCE}
    made = _reference(found, subject.email or subject.user_id, options.patient_template)
    return {**dict.fromkeys(_REFERENCE), **(made or {}), **given} if made or given else None


_REFERENCE = ("id", "name", "templateId", "templateName")


def _template(kept: Mapping[str, Any], options: Options) -> Tree:
    found = kept.get("template_id") or template_id(options.usage_template)
    name, parent = str(kept.get("template_name") or options.usage_template), options.device_template
    return {
        "id": str(found),
        "name": name,
        "displayName": name,
        "parentTemplate": {"id": template_id(parent), "name": parent, "displayName": parent},
    }


def _session_context(session: Session, patient: Tree | None, organization: str) -> str:
    context = {
        "patientId": patient["id"] if patient else None,
        "sessionId": native_id(session),
        "ownerOrganizationId": organization,
    }
    data = orjson.dumps(context)
    if not data.isascii() or b"\x7f" in data:
        data = json.dumps(context, separators=(",", ":")).encode()
    return b2a_base64(data, newline=False).decode("ascii")


def trace_id(correlation_id: str) -> str:
    """16 hex digits: the lower half of the trace id, which is what B3 keeps of a long one."""
    return correlation_id[-16:].rjust(16, "0")


def present_health(options: Options, outcome: Outcome, asked: Asked) -> Answer:
    """That the service is up; ``springVersion`` is null, for there is none."""
    found = {"version": options.version, "springVersion": None, "traceId": trace_id(asked.correlation_id)}
    return Answer(found)


def fault_body(options: Options) -> FaultBody:
    """The six keys of every BioT error."""
    return FaultBody(message_of(ErrorResponse), partial(error_tree, options))


def error_tree(options: Options, native: NativeFault, correlation_id: str) -> Tree:
    """ErrorResponse. A published code carries its published details and no others."""
    fault = native.fault
    code, text, details = native.code, native.text or str(fault), dict(fault.details)
    if fault.code is None and fault.fields:
        code, details = field_error(fault.fields[0])
    if code in CODES:
        details = {name: details[name] for name in CODES[code].details if name in details}
    if code == "SESSION_NOT_FOUND" and "id" in details:
        text = f"Entity with id [{details['id']}] not found"
    return {
        "code": code,
        "message": text,
        "serviceName": options.service_name,
        "traceId": trace_id(correlation_id),
        "environment": options.environment,
        "details": {name: _shown(value) for name, value in details.items()},
    }


def _shown(value: Any) -> Any:
    return value if value is None or isinstance(value, (str, bool, int, float, Decimal, list, dict)) else str(value)


BAD_REQUEST = "BAD_REQUEST"
"""Ours: nobody published what a malformed body, a wrong id or a text of wrong length leads to."""


def field_error(error: FieldError) -> tuple[str, dict[str, Any]]:
    """The code and details of a member that does not fit its declaration.

    The published codes of attributes are used where they say precisely what is wrong.
    """
    member = _declared(error.path)
    if member is not None and member.location == "body":
        if error.rule in ("null", "required"):
            return "ATTRIBUTE_IS_MANDATORY", {"attributeName": error.path}
        if error.rule == "choice":
            allowed = {"value": error.value, "allowedValues": list(member.choices), "attributeName": error.path}
            return "SELECT_ATTRIBUTE_INVALID_VALUE", allowed
        if error.rule == "type":
            wrong = {"attributeName": error.path, "value": error.value, "type": _TYPE_NAMES.get(member.kind, "OBJECT")}
            return "ATTRIBUTE_VALUE_TYPE_MISMATCH", wrong
    return BAD_REQUEST, {"attributeName": error.path, "message": error.message}


_TYPE_NAMES = {Kind.STRING: "LABEL", Kind.INSTANT: "DATE_TIME", Kind.ENUM: "SINGLE_SELECT", Kind.GUID: "UUID"}


def _declared(path: str) -> Member | None:
    found: Member | None = None
    for message in (message_of(CreateSession), message_of(UpdateSession)):
        found = _member(message, path.split(".")) or found
    return found


def _member(message: Message | None, names: list[str]) -> Member | None:
    found = message.by_name.get(names[0]) if message is not None else None
    return found if found is None or len(names) == 1 else _member(found.message, names[1:])
