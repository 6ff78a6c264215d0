"""All that a plug-in imports: a new API or a new protocol needs nothing else from the gateway.

Stability: everything in ``__all__`` follows semantic versioning of :data:`SPI_VERSION`; names not listed may change
at any time.
"""

from adapters.protocol import (
    Codec,
    Decoded,
    Endpoint,
    Exchange,
    Match,
    Offer,
    ProtocolPlugin,
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
    Probe,
    Retry,
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
from gateway.settings import Setting, Settings
from gateway.wire import Headers, WireRequest, WireResponse
from schemas import fields
from schemas.api import (
    Answer,
    Api,
    ApiPlugin,
    Asked,
    Context,
    FaultBody,
    FaultRow,
    FaultTable,
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

__all__ = [
    "SPI_VERSION",
    "UNSET",
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
    "FieldError",
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
    "Presented",
    "Principal",
    "Probe",
    "ProtocolPlugin",
    "Retry",
    "Route",
    "Session",
    "SessionEvent",
    "SessionFilter",
    "Setting",
    "Settings",
    "SoapStyle",
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
