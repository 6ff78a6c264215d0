"""The messages of the OnTime userSession API, in the order of the published page, which is that of its JSON answers."""

from schemas.fields import Any_, DateTime, Guid, Int, List, String, WireSchema

LOG_IN_TYPES = ("Undefined", "Dispatcher", "Driver")
"""The published values of LogInType; the live service numbers such lists from 0, in the published order."""


class UserSession(WireSchema):
    """Represents a comprehensive UserSession record within the OnTime API."""

    Vehicle = Guid(
        nillable=True,
        sample="8f14e45f-ceea-467f-9a0c-d3b1c5e2a7f4",
        doc="The Vehicle operated by the User for the duration of this UserSession.",
    )
    ID = Guid(
        nillable=True,
        sample="b0e8d8c4-5a0b-4b8c-8a8e-2d1f0f0f1a2b",
        doc="The unique identifier for this UserSession record.",
    )
    UserID = Guid(
        nillable=True,
        sample="7a1c1c0e-3c0f-4d5e-9a52-2f5b2d3c4e5f",
        doc="The User record assigned to this UserSession.",
    )
    LogInType = Any_(
        sample="Driver",
        doc="Dispatcher or driver: one of Undefined, Dispatcher, Driver, as a name or as its number from 0.",
    )
    LogInTime = DateTime(
        nillable=True, sample="2019-10-01T08:00:00", doc="The date and time that the User had logged in."
    )
    LogOutTime = DateTime(
        nillable=True, sample="2019-10-01T17:30:00", doc="The date and time that the User had logged out."
    )
    StartMileage = Int(
        nillable=True,
        sample=1200,
        doc="The odometer reading of the Vehicle when the User logged in as a driver.",
    )
    EndMileage = Int(
        nillable=True,
        sample=1264,
        doc="The odometer reading of the Vehicle when the User logged out as a driver.",
    )


class UserSessionPost(UserSession):
    """Creates a new UserSession record, or updates an existing UserSession record."""

    class Wire:
        name = "UserSession"

    company_id = String(name="company-id", location="path", required=True, doc="The name of the account's portal.")


class UserSessionGet(WireSchema):
    """Names one UserSession record of a company."""

    company_id = String(name="company-id", location="path", required=True, doc="The name of the account's portal.")
    id = Guid(location="path", required=True, doc="The ID of the UserSession record.")


class UserSessionList(WireSchema):
    """Returns the identifiers of the UserSession records that fit the criteria."""

    company_id = String(name="company-id", location="path", required=True, doc="The name of the account's portal.")
    user_id = Guid(name="userId", location="query", nillable=True, doc="The User that the UserSession is assigned to.")
    log_in_time = DateTime(
        name="logInTime", location="query", nillable=True, doc="The earliest date and time of logging in."
    )
    log_out_time = DateTime(
        name="logOutTime", location="query", nillable=True, doc="The latest date and time of logging out."
    )


class UserSessionIDs(WireSchema):
    """The identifiers of UserSession records, in no particular order."""

    class Wire:
        name = "ArrayOfguid"
        bare = True

    IDs = List(Guid())
