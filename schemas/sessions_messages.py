"""Messages of the gateway's own API: the canonical model, in its own names."""

from marshmallow.validate import Length, Range

from gateway.spi import EventKind, State, WireSchema, fields

STATES = tuple(state.value for state in State)
KINDS = tuple(kind.value for kind in EventKind)
MAX_LIMIT = 1000

_UID = "7b0c2f0e-2f8e-4c56-9d0a-0d9f3a0c1d11"
_AT = "2007-12-20T10:15:30Z"
_LIMIT = Range(min=1, max=MAX_LIMIT)


class Attributes(WireSchema):
    """An open map: whatever a dialect has no canonical name for."""

    class Wire:
        open = True


class KeyView(WireSchema):
    """What an API calls a session; ``realm`` is the account as the API spells it."""

    class Wire:
        name = "Key"

    api = fields.String(required=True, sample="sessions")
    realm = fields.String(sample="")
    id = fields.String(sample="shift-1", doc="Empty or absent in a write: the session's own uid")


class SubjectView(WireSchema):
    """The person."""

    class Wire:
        name = "Subject"

    uid = fields.Guid(nillable=True)
    email = fields.String(sample="ann@example.com")
    user_id = fields.String(sample="ann")
    role = fields.String()


class DeviceView(WireSchema):
    """The workstation, vehicle or device."""

    class Wire:
        name = "Device"

    uid = fields.Guid(nillable=True)
    serial = fields.String()
    vehicle = fields.String()
    workstation_type = fields.String()
    device_id = fields.String(sample="device-01")


class ApplicationView(WireSchema):
    """One application used during a session; ``duration`` is in seconds."""

    class Wire:
        name = "ApplicationUse"

    name = fields.String()
    kind = fields.String()
    duration = fields.Double(nillable=True, validate=Range(min=0, max=10**10), sample=90.5)
    licence_owned = fields.Boolean(nillable=True)
    version = fields.String()
    service_pack = fields.String()
    software_id = fields.String()
    operating_mode = fields.String()
    attributes = fields.Nested(Attributes)


class SessionView(WireSchema):
    """A session as of its latest event."""

    class Wire:
        name = "Session"

    uid = fields.Guid(sample=_UID)
    tenant = fields.String(sample="demo")
    key = fields.Nested(KeyView)
    state = fields.Enum(STATES, sample="open")
    subject = fields.Nested(SubjectView)
    device = fields.Nested(DeviceView)
    started_at = fields.Instant(nillable=True, sample=_AT)
    ended_at = fields.Instant(nillable=True)
    recorded_at = fields.Instant(sample=_AT)
    updated_at = fields.Instant(sample=_AT)
    name = fields.String()
    stop_reason = fields.String()
    stop_code = fields.String()
    start_mileage = fields.Long(nillable=True)
    end_mileage = fields.Long(nillable=True)
    mode = fields.String()
    index = fields.String()
    attributes = fields.Nested(Attributes)
    applications = fields.List(fields.Nested(ApplicationView))
    version = fields.Int(sample=1)


class EventView(WireSchema):
    """One accepted write; ``position`` orders all events of the store."""

    class Wire:
        name = "SessionEvent"

    id = fields.Guid(sample=_UID)
    position = fields.Long(sample=1)
    kind = fields.Enum(KINDS, sample="opened")
    session_uid = fields.Guid(nillable=True, sample=_UID)
    occurred_at = fields.Instant(sample=_AT)
    recorded_at = fields.Instant(sample=_AT)
    api = fields.String(sample="sessions")
    operation = fields.String()
    protocol = fields.String(sample="rest")
    principal = fields.String(sample="key:ann")
    tenant = fields.String(sample="demo")
    changes = fields.Nested(Attributes, doc="What the write set, in canonical names")
    notes = fields.List(fields.String())
    digest = fields.String()
    correlation_id = fields.String()


class SessionPage(WireSchema):
    """One page of sessions, newest first; ``next`` is the cursor of the following page, or null."""

    items = fields.List(fields.Nested(SessionView))
    next = fields.String()


class EventPage(WireSchema):
    """One page of events, in order; ``next`` is the cursor of the following page, or null."""

    items = fields.List(fields.Nested(EventView))
    next = fields.String()


class SessionQuery(WireSchema):
    """Which sessions to list; every filter that is given must match, and none matches an unknown."""

    class Wire:
        name = "ListSessions"

    limit = fields.Int(location="query", validate=_LIMIT, sample=100, doc="At most this many; default 100")
    cursor = fields.String(location="query", doc="next of an earlier page")
    state = fields.Enum(STATES, location="query", doc="In this state")
    api = fields.String(location="query", doc="Made through this API")
    user = fields.String(location="query", doc="Of this person, by e-mail or user id")
    started_from = fields.Instant(location="query", doc="Started at this instant or later")
    started_to = fields.Instant(location="query", doc="Started at this instant or earlier")
    open = fields.Boolean(location="query", doc="true: not ended; false: ended")
    client = fields.String(location="query", doc="On this device, by its id, serial number or vehicle")
    subject = fields.Guid(location="query", doc="Of this person, by uid")


class SessionPath(WireSchema):
    """The session in a request's path."""

    class Wire:
        name = "ReadSession"

    uid = fields.Guid(location="path", required=True, sample=_UID, doc="The session's uid")


class SessionEventsQuery(SessionPath):
    """The events of one session."""

    class Wire:
        name = "ListSessionEvents"

    after = fields.Long(location="query", validate=Range(min=0), doc="Only events after this position")
    cursor = fields.String(location="query", doc="next of an earlier page")
    limit = fields.Int(location="query", validate=_LIMIT, sample=100, doc="At most this many; default 100")


class EventQuery(WireSchema):
    """Events of all sessions, in order."""

    class Wire:
        name = "ListEvents"

    after = fields.Long(location="query", validate=Range(min=0), doc="Only events after this position")
    cursor = fields.String(location="query", doc="next of an earlier page")
    limit = fields.Int(location="query", validate=_LIMIT, sample=100, doc="At most this many; default 100")


class Changes(WireSchema):
    """What a write sets: absent stays, null clears, attributes merge key by key."""

    state = fields.Enum(STATES, sample="open")
    subject = fields.Nested(SubjectView)
    device = fields.Nested(DeviceView)
    started_at = fields.Instant(nillable=True, sample=_AT)
    ended_at = fields.Instant(nillable=True)
    name = fields.String(validate=Length(max=1000), sample="Morning shift")
    stop_reason = fields.String()
    stop_code = fields.String()
    start_mileage = fields.Long(nillable=True)
    end_mileage = fields.Long(nillable=True)
    mode = fields.String()
    index = fields.String()
    attributes = fields.Nested(Attributes, nillable=False)
    applications = fields.List(fields.Nested(ApplicationView), nillable=False)


class OpenSession(Changes):
    """A new session."""

    class Wire:
        name = "OpenSession"

    key = fields.Nested(KeyView, doc="Default: this API, and the session's uid")


class ChangeSession(Changes):
    """A change of one session."""

    class Wire:
        name = "ChangeSession"

    uid = fields.Guid(location="path", required=True, sample=_UID, doc="The session's uid")


class AppendEvent(WireSchema):
    """One event: of the session named by ``session_uid`` or ``key``, else a fact about none."""

    kind = fields.Enum(KINDS, required=True, sample="opened")
    session_uid = fields.Guid(nillable=True)
    key = fields.Nested(KeyView)
    subject = fields.Nested(SubjectView)
    device = fields.Nested(DeviceView)
    occurred_at = fields.Instant(nillable=True, sample=_AT, doc="Default: the moment it is received")
    changes = fields.Nested(Changes)
