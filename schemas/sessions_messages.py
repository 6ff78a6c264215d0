"""Messages of the gateway's own API: the canonical model, in its own names."""

from marshmallow.validate import Length, Range

from gateway.spi import EventKind, Order, State, WireSchema, fields

STATES = tuple(state.value for state in State)
KINDS = tuple(kind.value for kind in EventKind)
MAX_LIMIT = 1000
ORDERS = tuple(order.value for order in Order)
CLOUD_PREFIX = "org.session-gateway.session."
CLOUD_TYPES = tuple(CLOUD_PREFIX + kind for kind in KINDS)
CONTEXT = Length(min=1, max=2000)
"""Context attributes of a CloudEvent must not be empty (CloudEvents 1.0.2)."""

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
    """One page of sessions; ``next`` is the cursor of the following page, or null."""

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
    sort = fields.Enum(ORDERS, location="query", doc="newest (the default) or oldest start first")
    client = fields.String(location="query", doc="On this device, by its id, serial number or vehicle")
    subject = fields.Guid(location="query", doc="Of this person, by uid")


class SessionPath(WireSchema):
    """The session in a request's path."""

    class Wire:
        name = "ReadSession"

    uid = fields.Guid(location="path", required=True, sample=_UID, doc="The session's uid")


class EventQuery(WireSchema):
    """Events of all sessions, in order."""

    class Wire:
        name = "ListEvents"

    after = fields.Long(location="query", validate=Range(min=0), doc="Only events after this position")
    cursor = fields.String(location="query", doc="next of an earlier page; wins over after")
    limit = fields.Int(location="query", validate=_LIMIT, sample=100, doc="At most this many; default 100")
    last_event_id = fields.String(
        name="Last-Event-ID", location="header", doc="The last id of a stream that broke off; wins over both"
    )


class SessionEventsQuery(EventQuery):
    """The events of one session."""

    class Wire:
        name = "ListSessionEvents"

    uid = fields.Guid(location="path", required=True, sample=_UID, doc="The session's uid")


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
    applications = fields.List(fields.Nested(ApplicationView, nillable=False), nillable=False)


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
    if_match = fields.String(name="If-Match", location="header", doc="The ETag that the session must still have")


class EndSession(WireSchema):
    """The end of one session."""

    uid = fields.Guid(location="path", required=True, sample=_UID, doc="The session's uid")
    if_match = fields.String(name="If-Match", location="header", doc="The ETag that the session must still have")
    ended_at = fields.Instant(sample=_AT, doc="Default: the moment it is received")
    stop_reason = fields.String()
    stop_code = fields.String()
    end_mileage = fields.Long(nillable=True)
    attributes = fields.Nested(Attributes, nillable=False)
    applications = fields.List(fields.Nested(ApplicationView, nillable=False), nillable=False)


class EventData(WireSchema):
    """What happened, and to which session: named by ``session_uid`` or ``key``, else a fact about none."""

    session_uid = fields.Guid(nillable=True)
    key = fields.Nested(KeyView)
    subject = fields.Nested(SubjectView)
    device = fields.Nested(DeviceView)
    changes = fields.Nested(Changes)


class AppendEvent(EventData):
    """One event: of the session named by ``session_uid`` or ``key``, else a fact about none."""

    class Wire:
        name = "AppendEvent"

    kind = fields.Enum(KINDS, required=True, sample="opened")
    occurred_at = fields.Instant(nillable=True, sample=_AT, doc="Default: the moment it is received")


class SentCloudEvent(WireSchema):
    """A CloudEvent 1.0 that asks to append an event; extension attributes are kept."""

    class Wire:
        name = "SentCloudEvent"
        open = True

    specversion = fields.Enum(("1.0",), required=True, sample="1.0")
    id = fields.String(required=True, validate=CONTEXT, sample="17", doc="With source: makes a repeat known")
    source = fields.String(required=True, validate=CONTEXT, sample="/plants/7", doc="Who says so, a URI reference")
    type = fields.Enum(CLOUD_TYPES, required=True, sample=CLOUD_TYPES[0])
    time = fields.Instant(nillable=True, sample=_AT, doc="Default: the moment it is received")
    subject = fields.String(validate=CONTEXT, doc="The session's uid, unless data names the session")
    datacontenttype = fields.String(sample="application/json", doc="A JSON media type")
    dataschema = fields.String(doc="Kept as it is")
    data = fields.Nested(EventData)


class CloudEvent(WireSchema):
    """An event as a CloudEvent 1.0."""

    class Wire:
        name = "CloudEvent"

    specversion = fields.String(sample="1.0")
    id = fields.Guid(sample=_UID)
    source = fields.String(sample="urn:session-gateway:demo:sessions", doc="Tenant and API")
    type = fields.Enum(CLOUD_TYPES, sample=CLOUD_TYPES[0])
    time = fields.Instant(sample=_AT)
    subject = fields.Guid(nillable=False, sample=_UID, doc="The session's uid; absent where there is none")
    datacontenttype = fields.String(sample="application/json")
    sequence = fields.String(sample=f"{1:020d}", doc="The position, in twenty digits")
    data = fields.Nested(EventView)
