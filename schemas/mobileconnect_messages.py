"""The messages of the MobileConnect session log.

Class levels and declaration order reproduce the published samples: XML has the base class first and names in ordinal
order, the text formats the most derived class first and members as declared. Names of the base classes are ours; they
never stand on the wire.
"""

from schemas.fields import Boolean, DateTime, Enum, Guid, Int, List, Nested, String, WireSchema

TYPES = "http://schemas.servicestack.net/types"
SESSIONS = "http://schemas.datacontract.org/2004/07/Spirit.Server.Common.Message.Sessions"
LOGIN = "http://schemas.datacontract.org/2004/07/Spirit.Server.Common.Message.Users"
"""Ours: no published page shows a UserLoginRequest in XML."""
ENTRIES = "http://schemas.datacontract.org/2004/07/Spirit.Server.Common.DomainModel.Sessions"

RESULTS = ("Unknown",)
"""The one published member of the Result enumeration; those we answer are settings."""
ERROR_CODES = ("ClientDataSubmissionFailure",)
"""The one published member of the enumeration of error codes."""


class ServerRequest(WireSchema):
    """What every request of this server carries."""

    class Wire:
        namespace = TYPES

    DeviceSerialNumber = String(sample="String")
    GeneratedAt = DateTime()


class SessionRequest(ServerRequest):
    """A request of a user who has logged in."""

    class Wire:
        namespace = TYPES

    SessionUid = Guid(credential=True, doc="The session that the user's login opened.")


class PagedRequest(SessionRequest):
    """A request for one page of records."""

    class Wire:
        namespace = TYPES

    PageRequestIndex = Int(doc="The page, from 0.")
    RecordsPerPage = Int(doc="0: all records in one page.")
    PagingEnabled = Boolean(xml=False, doc="False: all records in one page. Not part of the XML contract.")


class UserClientSessionLogRequest(PagedRequest):
    """Lists the sessions of users on their devices, the latest first."""

    class Wire:
        namespace = SESSIONS
        clr_name = "Spirit.Server.Common.Message.Sessions.UserClientSessionLogRequest"

    UserReferUid = Guid(doc="Only this user's; empty: anyone's.")
    ClientReferUid = String(sample="String", doc="Only those on this device; empty: any.")
    StartedBefore = DateTime(doc="Only those that started then or earlier; 0001-01-01: no bound.")
    StartedAfter = DateTime(doc="Only those that started then or later; 0001-01-01: no bound.")
    OpenSessionsOnly = Boolean(doc="Only those that have not ended.")


class ServerErrorDetails(WireSchema):
    """What went wrong."""

    class Wire:
        namespace = TYPES

    Code = Enum(ERROR_CODES)
    Description = String(sample="String")
    AdditionalMessages = List(String(sample="String"))


class ServerResponse(WireSchema):
    """What every answer of this server carries."""

    class Wire:
        namespace = TYPES

    Server = String(sample="String")
    ProcessedAt = DateTime()
    Result = Enum(RESULTS)
    ServerErrorDetails = Nested(ServerErrorDetails)


class PagedResponse(ServerResponse):
    """One page of records."""

    class Wire:
        namespace = TYPES

    PageIndex = Int()
    TotalPageCount = Int()
    RecordsPerPage = Int()


class UserClientSessionLog(WireSchema):
    """One session."""

    class Wire:
        namespace = ENTRIES
        clr_name = "Spirit.Server.Common.DomainModel.Sessions.UserClientSessionLog"

    ReferUid = Guid()
    SessionStart = DateTime(doc="0001-01-01: not known.")
    SessionEnd = DateTime(doc="0001-01-01: the session is open.")
    User = String(sample="String")
    UserReferUid = Guid()
    ClientReferUid = String(sample="String")


class UserClientSessionLogResponse(PagedResponse):
    """A page of the session log."""

    class Wire:
        namespace = SESSIONS
        clr_name = "Spirit.Server.Common.Message.Sessions.UserClientSessionLogResponse"

    LogEntries = List(Nested(UserClientSessionLog))


class UserLoginRequest(ServerRequest):
    """Opens a session of a user on a device; the SessionUid that is answered is sent with all later requests."""

    class Wire:
        namespace = LOGIN

    IncludeAssignedRoutes = Boolean(doc="Read, and kept with the session; the answer has no routes.")
    IncludeUserData = Boolean(doc="Read, and kept with the session; the answer has no user data.")
    IncludeWebDashboardWorkFlows = Boolean(doc="Read, and kept with the session; the answer has no work flows.")
    Password = String(credential=True, sample="String", doc="The user's password.")
    PasswordHash = String(credential=True, sample="String", doc="Taken for the password where that is not sent.")
    UserName = String(sample="String", doc="The user.")


class UserLoginResponse(ServerResponse):
    """A session that was opened."""

    class Wire:
        namespace = LOGIN

    SessionUid = Guid(credential=True, doc="The session, to be sent with all later requests; empty beside an error.")
