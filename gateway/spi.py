"""All that a plug-in imports: a new API or a new protocol needs nothing else from the gateway.

Versions: :data:`SPI_VERSION` is MAJOR.MINOR. A minor version only adds; what a plug-in uses goes on working. A major
version may take away or change, and says what in the change log. A plug-in states the version it was written for
(``ApiPlugin(..., spi="1.0")``); one that this gateway is too old or too new for is disabled with that reason.

Stability: what ``__all__`` names is *stable*, which means all of the above, unless :data:`PROVISIONAL` names it: a
provisional name may still change with a minor version, which the change log says. Names not listed may change at any
time. A data class may get new fields, with defaults, at its end: give its fields by name.
"""

from adapters.codecs.json import STRICT as JSON
from adapters.protocol import (
    Codec,
    Conflict,
    Decoded,
    Endpoint,
    Exchange,
    Match,
    Offer,
    ProtocolPlugin,
    SplittingProtocol,
    WireProtocol,
)
from adapters.scalars import DateTimeKind, Kind, NetDateTime
from adapters.soapstyle import SoapStyle
from gateway.commands import (
    UNSET,
    ByKey,
    ByToken,
    ByUid,
    Command,
    GetSession,
    ListEvents,
    ListSessions,
    Missing,
    Order,
    Pick,
    Probe,
    Retry,
    SearchSessions,
    SessionFilter,
    Write,
)
from gateway.limits import Limits
from gateway.model import (
    ApplicationUse,
    Device,
    EventKind,
    Key,
    Principal,
    Session,
    SessionEvent,
    State,
    Subject,
    subject_uid,
)
from gateway.outcome import Fault, FaultKind, FieldError, Note, Outcome
from gateway.settings import Setting, Settings, SettingsError
from gateway.wire import Headers, WireRequest, WireResponse
from schemas import fields
from schemas.api import (
    PLAIN_FAULTS,
    Always,
    Answer,
    Api,
    ApiPlugin,
    Asked,
    Context,
    FaultBody,
    FaultRow,
    FaultTable,
    Feed,
    Form,
    InBand,
    Mapped,
    Native,
    NativeFault,
    Operation,
    Presented,
    Route,
)
from schemas.fields import WireSchema, message_of
from schemas.message import Member, Message, Tree

SPI_VERSION = "1.0"
"""The version of this module, MAJOR.MINOR."""

PROVISIONAL = frozenset({"Feed", "Form", "Pick", "SearchSessions", "SoapStyle", "SplittingProtocol"})
"""The names that may still change with a minor version."""

__all__ = [
    "JSON",
    "PLAIN_FAULTS",
    "PROVISIONAL",
    "SPI_VERSION",
    "UNSET",
    "Always",
    "Answer",
    "Api",
    "ApiPlugin",
    "ApplicationUse",
    "Asked",
    "ByKey",
    "ByToken",
    "ByUid",
    "Codec",
    "Command",
    "Conflict",
    "Context",
    "DateTimeKind",
    "Decoded",
    "Device",
    "Endpoint",
    "EventKind",
    "Exchange",
    "Fault",
    "FaultBody",
    "FaultKind",
    "FaultRow",
    "FaultTable",
    "Feed",
    "FieldError",
    "Form",
    "GetSession",
    "Headers",
    "InBand",
    "Key",
    "Kind",
    "Limits",
    "ListEvents",
    "ListSessions",
    "Mapped",
    "Match",
    "Member",
    "Message",
    "Missing",
    "Native",
    "NativeFault",
    "NetDateTime",
    "Note",
    "Offer",
    "Operation",
    "Order",
    "Outcome",
    "Pick",
    "Presented",
    "Principal",
    "Probe",
    "ProtocolPlugin",
    "Retry",
    "Route",
    "SearchSessions",
    "Session",
    "SessionEvent",
    "SessionFilter",
    "Setting",
    "Settings",
    "SettingsError",
    "SoapStyle",
    "SplittingProtocol",
    "State",
    "Subject",
    "Tree",
    "WireProtocol",
    "WireRequest",
    "WireResponse",
    "WireSchema",
    "Write",
    "fields",
    "message_of",
    "subject_uid",
]
