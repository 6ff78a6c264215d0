"""BioT's search messages, as its OpenAPI document (device service, 2.3.33) declares them."""

from marshmallow.validate import Range

from gateway.spi import WireSchema, fields
from schemas.biot_messages import Reference, SessionResponse, Template

ORDERS = ("ASC", "DESC")


class SortOrder(WireSchema):
    """One property that results are sorted by."""

    class Wire:
        name = "Order"

    prop = fields.String(required=True, sample="_name", doc="The property name for the sort")
    order = fields.Enum(ORDERS, nillable=True, sample="ASC", doc="The direction of sort. Default DESC")


class SearchRequest(WireSchema):
    """Which entities are wanted, in which order, and which page of them; see docs/apis/biot.rst for filters."""

    class Wire:
        name = "SearchRequestV2"

    filter = fields.Any_(sample={"_state": {"in": ["ACTIVE"]}}, doc="Conditions by property, and $AND, $OR, $NOT")
    freeTextSearch = fields.String(sample="cat dog", doc="Words, one of which must appear in any property")
    sort = fields.List(fields.Nested(SortOrder), doc="The first property is the primary sort")
    limit = fields.Int(nillable=True, validate=Range(min=1), sample=100, doc="Results a page; default 100")
    page = fields.Int(nillable=True, validate=Range(min=0), sample=0, doc="The page, from 0")


class SearchSessions(WireSchema):
    """A search among usage sessions."""

    class Wire:
        name = "SearchSessionsRequest"

    searchRequest = fields.Nested(SearchRequest, location="query", doc="The search as JSON, percent-encoded")


class SearchDeviceSessions(SearchSessions):
    """A search among usage sessions in progress, by device."""

    class Wire:
        name = "SearchDeviceSessionsRequest"


class PageMetadata(WireSchema):
    """Where in all results this page stands."""

    totalResults = fields.Long()
    page = fields.Int()
    limit = fields.Int()


class Metadata(WireSchema):
    """The search as it was sent, and the page."""

    sort = fields.Any_()
    filter = fields.Any_()
    page = fields.Nested(PageMetadata)
    freeTextSearch = fields.String()


class SessionsFound(WireSchema):
    """One page of usage sessions."""

    class Wire:
        name = "SearchResponseSessionResponseV2"

    data = fields.List(fields.Nested(SessionResponse))
    metadata = fields.Nested(Metadata)


class DeviceResponse(WireSchema):
    """A device, as far as its sessions tell of it."""

    _id = fields.String()
    _caption = fields.String()
    _ownerOrganization = fields.Nested(Reference)
    _template = fields.Nested(Template)
    _creationTime = fields.Instant()
    _lastModifiedTime = fields.Instant()


class DeviceSessions(WireSchema):
    """A device and its sessions in progress."""

    class Wire:
        name = "DeviceSessionsResponseV2"

    _device = fields.Nested(DeviceResponse)
    _sessions = fields.List(fields.Nested(SessionResponse))


class DevicesFound(WireSchema):
    """One page of devices that have sessions in progress."""

    class Wire:
        name = "SearchResponseDeviceSessionsResponseV2"

    data = fields.List(fields.Nested(DeviceSessions))
    metadata = fields.Nested(Metadata)
