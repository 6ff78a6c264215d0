"""The messages of the workstation API: plain .NET classes whose members are all text.

Declaration order is the order of the published JSON samples. The two namespaces differ by a dot, as published.
"""

from schemas.fields import List, Nested, String, WireSchema

API_MODELS = "http://schemas.datacontract.org/2004/07/ApiModels"
API_DOT_MODELS = "http://schemas.datacontract.org/2004/07/Api.Models"


class AuthenticationModel(WireSchema):
    """The account of the caller and its secret."""

    class Wire:
        namespace = API_DOT_MODELS

    Id = String(credential=True, sample="170200123 - sample only, user your ID")
    Key = String(credential=True, sample="467512342123 - sample only, user your Key")


class MessageModel(WireSchema):
    """The result of a request: a two-digit code, ``00`` is good, and a sentence."""

    class Wire:
        namespace = API_DOT_MODELS

    Code = String(sample="(2 digit code reflecting result of request - 00 is good)")
    Description = String(sample="(Message response in text depending upon request/result of request)")


class ContactsOutgoingModel(WireSchema):
    """What every operation answers."""

    class Wire:
        namespace = API_MODELS

    Message = Nested(MessageModel)


class ApplicationUsed(WireSchema):
    """One application that was used during the session."""

    class Wire:
        namespace = API_MODELS

    Name = String(sample="Autodesk Maya")
    Duration = String(sample="02:15:22 - (HH:MM:SS)")
    OwnSoftwareLicenseUsed = String(sample="True")
    SoftwareVersion = String(sample="2025")
    ServicePack = String(sample="SP3")
    ApplicationType = String(sample="Application")
    SoftwareId = String(sample="1")
    OperatingMode = String(sample="BYOSL/Purchased/Test/Trial/Free")


APPLICATIONS = [
    {
        "Name": name,
        "Duration": f"{duration} - (HH:MM:SS)",
        "OwnSoftwareLicenseUsed": "True",
        "SoftwareVersion": "2025",
        "ServicePack": service_pack,
        "ApplicationType": kind,
        "SoftwareId": number,
        "OperatingMode": "BYOSL/Purchased/Test/Trial/Free",
    }
    for name, duration, service_pack, kind, number in (
        ("Autodesk Maya", "02:15:22", "SP3", "Application", "1"),
        ("Renderman", "06:45:47", "", "Plugin", "11"),
    )
]
"""The two applications of the published sample."""


class SessionEndRequestModel(WireSchema):
    """The session that ended, and what was used in it."""

    class Wire:
        namespace = API_MODELS

    Email = String(sample="larry@newmedia.com")
    CurrentDate = String(sample="2025-12-04 06:57:36 (YYYY-MM-DD HH:MM:SS - UTC format)")
    WorkstationType = String(sample="3DA/GD")
    MeasureMode = String(sample="1/2")
    Index = String(sample="283")
    ApplicationsUsed = List(Nested(ApplicationUsed), sample=APPLICATIONS)


class SessionEndBindingModel(WireSchema):
    """Record the fact the customer ended their session."""

    class Wire:
        namespace = API_MODELS

    Authentication = Nested(AuthenticationModel, required=True)
    Request = Nested(SessionEndRequestModel, required=True)


class GeoData(WireSchema):
    """Where the customer is."""

    class Wire:
        namespace = API_MODELS

    IpAddress = String(sample="203.0.113.7")
    CountryCode = String(sample="CA")
    RegionCode = String(sample="BC")
    City = String(sample="Vancouver")
    ZipCode = String(sample="V6B 1A1")
    TimeZone = String(sample="America/Vancouver")
    Latitude = String(sample="49.2827")
    Longitude = String(sample="-123.1207")
    MetroCode = String(sample="0")


class PlatformData(WireSchema):
    """What the customer's own machine runs."""

    class Wire:
        namespace = API_MODELS

    Platform = String(sample="Windows")
    PlatformVersion = String(sample="10.0.19045")


class SessionRequestModel(WireSchema):
    """The session that started."""

    class Wire:
        namespace = API_MODELS

    Email = String(sample="larry@newmedia.com")
    CurrentDate = String(sample="2025-12-04 06:57:36 (YYYY-MM-DD HH:MM:SS - UTC format)")
    Index = String(sample="283")
    ServerName = String(sample="yvr-server-01 (free formatted text)")
    SlotName = String(sample="slot-01")
    GeoData = Nested(GeoData)
    PlatformData = Nested(PlatformData)
    OperatingMode = String(sample="Purchased/Test/Trial")


class SessionContactBindingModel(WireSchema):
    """Record the fact the customer started a session."""

    class Wire:
        namespace = API_MODELS

    Authentication = Nested(AuthenticationModel, required=True)
    Request = Nested(SessionRequestModel, required=True)


class ProductLaunchRequestModel(WireSchema):
    """The product that was launched, by whom and where."""

    class Wire:
        namespace = API_MODELS

    Email = String(sample="larry@newmedia.com")
    LaunchDate = String(sample="2025-12-04 06:57:36 (YYYY-MM-DD HH:MM:SS - UTC format)")
    GeoData = Nested(GeoData)
    PlatformData = Nested(PlatformData)
    ConfigId = String()


class ProductLaunchContactBindingModel(WireSchema):
    """Record the fact the customer launched a product."""

    class Wire:
        namespace = API_MODELS

    Authentication = Nested(AuthenticationModel, required=True)
    Request = Nested(ProductLaunchRequestModel, required=True)
