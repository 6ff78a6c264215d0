"""The check-out message of a hotel's kiosk, for the session gateway: one declaration, every format.

A guest's stay is a session of the canonical model; checking out closes it.
"""

from datetime import datetime

from gateway.spi import (
    PLAIN_FAULTS,
    Answer,
    Api,
    ApiPlugin,
    Asked,
    ByKey,
    Context,
    Device,
    EventKind,
    Fault,
    FaultKind,
    FieldError,
    Key,
    Mapped,
    Missing,
    Operation,
    Outcome,
    Presented,
    Retry,
    Route,
    Settings,
    Subject,
    Tree,
    WireRequest,
    WireSchema,
    Write,
    fields,
    message_of,
)

NAME = "kiosk"
NAMESPACE = "http://schemas.datacontract.org/2004/07/Kiosk"


class CheckOut(WireSchema):
    """A guest hands back the room's key at a kiosk."""

    class Wire:
        namespace = NAMESPACE

    Kiosk = fields.String(required=True, sample="lobby-2", doc="Which kiosk it was.")
    Room = fields.String(required=True, sample="214", doc="The room whose key came back.")
    Guest = fields.String(sample="guest@example.com", doc="The guest's e-mail address, if it was given.")
    LeftAt = fields.DateTime(doc="When the key came back; left out, it is when the message arrives.")
    Stars = fields.Int(nillable=True, sample=5, doc="How the guest liked the stay, from 1 to 5.")


class CheckOutResponse(WireSchema):
    """The stay is over."""

    class Wire:
        namespace = NAMESPACE

    Stay = fields.Guid(doc="The session that was closed, as every other API of the gateway shows it.")
    Repeated = fields.Boolean(doc="Whether the same check-out had been accepted before.")


def check_out(tree: Tree, context: Context) -> Mapped:
    """The end of the room's open session. A stay whose beginning was never told is recorded all the same."""
    stars = tree.get("Stars")
    if stars is not None and not 1 <= stars <= 5:
        wrong = FieldError("Stars", "Stars must be from 1 to 5", "range", stars)
        raise Fault(FaultKind.INVALID, wrong.message, fields=(wrong,))
    left = left_at(tree)
    changes = {
        "device": Device(device_id=tree["Kiosk"]),
        "ended_at": left or context.received_at,
        "attributes": {"room": tree["Room"], **({} if stars is None else {"stars": stars})},
    }
    if tree.get("Guest"):
        changes["subject"] = Subject(email=tree["Guest"])
    key = Key(NAME, "", tree["Room"])
    write = Write(
        EventKind.CLOSED,
        find=ByKey(key, open_only=True),
        key=key,
        missing=Missing.CREATE,
        changes=changes,
        occurred_at=left,
        retry=Retry.WINDOW,
        volatile=None if left else ("ended_at",),
    )
    return Mapped(write)


def left_at(tree: Tree) -> datetime | None:
    """When the guest left. .NET clients write the year 1 for «not set»."""
    sent = tree.get("LeftAt")
    return None if sent is None or sent.is_min else sent.instant()


def present(outcome: Outcome, asked: Asked) -> Answer:
    """What the kiosk is told."""
    assert outcome.session is not None
    return Answer({"Stay": outcome.session.uid, "Repeated": outcome.repeated})


def kiosk_key(request: WireRequest, path: object) -> Presented | None:
    """The key that every kiosk sends in a header."""
    sent = request.headers.get("x-kiosk-key")
    return Presented("key", sent) if sent else None


def build(settings: Settings) -> Api:
    """The API: one operation, at an address of its own over Web API, and over ServiceStack at that protocol's."""
    operation = Operation(
        "CheckOut",
        message_of(CheckOut),
        message_of(CheckOutResponse),
        command=check_out,
        present=present,
        routes=(Route("POST", "/kiosk/check-out"),),
        doc="A guest checks out at a kiosk.",
    )
    return Api(
        NAME,
        "Check-out kiosks",
        native=("webapi",),
        also=("servicestack",),
        prefixes=("/kiosk",),
        operations=(operation,),
        faults=PLAIN_FAULTS,
        header=kiosk_key,
        doc="What the check-out kiosks of a hotel report.",
    )


PLUGIN = ApiPlugin(NAME, build, spi="1.0")
