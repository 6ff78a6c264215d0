"""BioT's messages, as its OpenAPI document (device service, 2.3.33) declares them.

Members keep their wire names as keys, so that a custom attribute can never be taken for one of BioT's own.
"""

from marshmallow.validate import Length

from gateway.spi import WireSchema, fields

STATES = ("ACTIVE", "DONE", "PAUSED", "ACTIVATING", "PAUSING", "RESUMING", "STOPPING")
STOP_CODES = ("COMPLETION", "GENERAL_DEVICE_ERROR", "TIMEOUT")
INITIATORS = ("REMOTE_CONTROL", "EXTERNAL")

_START = "2007-12-20T10:15:30Z"
_ID = "3fa85f64-5717-4562-b3fc-2c963f66afa6"


class Attributes(WireSchema):
    """Custom attributes alone: names of the customer's own, any JSON value."""

    class Wire:
        open = True


class Summary(WireSchema):
    """How a session ended, and custom attributes."""

    class Wire:
        open = True

    _stopReason = fields.String(
        validate=Length(max=128), sample="Manual Stop", doc="The reason the session was stopped"
    )
    _stopReasonCode = fields.Enum(STOP_CODES, nillable=True, sample="COMPLETION", doc="The code of the stop reason")


class PatientId(WireSchema):
    """A reference to the patient of a new session."""

    class Wire:
        name = "Patient"

    id = fields.Guid(required=True)


class DevicePath(WireSchema):
    """The device in a request's path."""

    device_id = fields.String(
        name="deviceId", location="path", required=True, sample="device-01", doc="The device, by its own name"
    )


class SessionPath(DevicePath):
    """The device and the session in a request's path."""

    session_id = fields.Guid(name="id", location="path", required=True, sample=_ID, doc="The usage session")


class GetSession(SessionPath):
    """A usage session to read."""

    class Wire:
        name = "GetSessionRequest"


class DeleteSession(SessionPath):
    """A usage session to delete."""

    class Wire:
        name = "DeleteSessionRequest"


class StopSession(SessionPath):
    """A usage session to stop by remote control."""

    class Wire:
        name = "StopSessionRequest"


class PauseSession(SessionPath):
    """A usage session to pause by remote control."""

    class Wire:
        name = "PauseSessionRequest"


class ResumeSession(SessionPath):
    """A paused usage session to resume by remote control."""

    class Wire:
        name = "ResumeSessionRequest"


class UpdateSession(SessionPath):
    """A partial update: what is absent stays as it is, null clears."""

    class Wire:
        name = "UpdateSessionRequestV2"
        open = True

    _startTime = fields.Instant(sample=_START, doc="A UTC date-time in the ISO-8601 format")
    _endTime = fields.Instant(nillable=True, sample=_START, doc="A UTC date-time in the ISO-8601 format")
    _state = fields.Enum(STATES, sample="ACTIVE", doc="The session's state")
    _configuration = fields.Nested(Attributes, doc="An object that holds the entity configuration attributes")
    _summary = fields.Nested(Summary)
    _name = fields.String(validate=Length(min=1, max=64), sample="My session", doc="The name of the session")


class CreateByUsageType(DevicePath):
    """A new usage session of a device, its template known by name."""

    class Wire:
        name = "CreateSessionByUsageTypeRequestV2"
        open = True

    _usageType = fields.String(
        name="usageType", location="path", required=True, sample="usage_type", doc="The usage type's template, by name"
    )
    _startTime = fields.Instant(required=True, sample=_START)
    _endTime = fields.Instant(nillable=True)
    _state = fields.Enum(STATES, required=True, sample="ACTIVE")
    _configuration = fields.Nested(Attributes)
    _summary = fields.Nested(Summary)
    _name = fields.String(validate=Length(min=1, max=64))
    _patient = fields.Nested(PatientId)


class StartSession(DevicePath):
    """A usage session that a device is to start by remote control."""

    class Wire:
        name = "StartSessionRequestV2"
        open = True

    _templateId = fields.Guid(required=True, sample=_ID, doc="The usage type's template")
    _configuration = fields.Nested(Attributes)
    _summary = fields.Nested(Attributes)
    _name = fields.String(validate=Length(min=1, max=64))
    _patient = fields.Nested(PatientId)


class Nothing(WireSchema):
    """An answer without a body."""


class CreateSession(DevicePath):
    """A new usage session of a device."""

    class Wire:
        name = "CreateSessionRequestV2"
        open = True

    _startTime = fields.Instant(required=True, sample=_START)
    _endTime = fields.Instant(nillable=True)
    _state = fields.Enum(STATES, required=True, sample="ACTIVE")
    _configuration = fields.Nested(Attributes)
    _summary = fields.Nested(Summary)
    _name = fields.String(validate=Length(min=1, max=64))
    _templateId = fields.Guid(required=True, sample=_ID, doc="The usage type's template")
    _patient = fields.Nested(PatientId)


class HealthCheck(WireSchema):
    """Nothing is asked."""


class HealthStatus(WireSchema):
    """That the service is up."""

    version = fields.String()
    springVersion = fields.String()
    traceId = fields.String()


class Reference(WireSchema):
    """Another entity: a patient, a device, an organisation."""

    id = fields.String()
    name = fields.String()
    templateId = fields.String()
    templateName = fields.String()


class ParentTemplate(WireSchema):
    """The template that a template belongs to."""

    id = fields.String()
    name = fields.String()
    displayName = fields.String()


class Template(WireSchema):
    """The template of an entity."""

    id = fields.String()
    name = fields.String()
    displayName = fields.String()
    parentTemplate = fields.Nested(ParentTemplate)


class SessionResponse(WireSchema):
    """A usage session; custom attributes follow BioT's own members."""

    class Wire:
        name = "SessionResponseV2"
        open = True

    _id = fields.String(sample=_ID)
    _name = fields.String()
    _caption = fields.String()
    _patient = fields.Nested(Reference)
    _device = fields.Nested(Reference)
    _ownerOrganization = fields.Nested(Reference)
    _startTime = fields.Instant(nillable=True)
    _endTime = fields.Instant(nillable=True)
    _state = fields.Enum(STATES)
    _initiator = fields.Enum(INITIATORS)
    _requiredMeasurementIntervalMilliseconds = fields.Int()
    _template = fields.Nested(Template)
    _referencers = fields.Nested(Attributes)
    _configuration = fields.Nested(Attributes)
    _summary = fields.Nested(Summary)
    _sessionContext = fields.String()
    _creationTime = fields.Instant()
    _lastModifiedTime = fields.Instant()


class ErrorResponse(WireSchema):
    """Every error of every BioT service."""

    code = fields.String()
    message = fields.String()
    serviceName = fields.String()
    traceId = fields.String()
    environment = fields.String()
    details = fields.Any_(nillable=False)
