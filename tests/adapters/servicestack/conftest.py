"""A service like the one whose exchanges were recorded, and the least that can drive the protocol."""

import json
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path
from uuid import UUID

import pytest

from adapters.codecs.csv import Csv
from adapters.codecs.jsv import Jsv
from adapters.codecs.text_json import TextJson
from adapters.protocol import Offer
from adapters.scalars import DateTimeKind, NetDateTime
from adapters.servicestack.plugin import SETTINGS, build
from gateway.commands import ListSessions, SessionFilter
from gateway.limits import DEFAULT
from gateway.outcome import Fault, FaultKind
from gateway.router import Miss, Router
from gateway.settings import load
from gateway.wire import Headers, WireRequest
from schemas import fields as f
from schemas.api import Answer, Api, Mapped, Native, NativeFault, Operation, Route

GOLDEN = Path(__file__).parents[2] / "golden" / "servicestack"
ZONE = timezone(timedelta(hours=2))
TYPES = "http://schemas.servicestack.net/types"
CLR = "Spirit.Server.Common.Message.Sessions."
SESSIONS = "http://schemas.datacontract.org/2004/07/Spirit.Server.Common.Message.Sessions"
ENTRIES = "http://schemas.datacontract.org/2004/07/Spirit.Server.Common.DomainModel.Sessions"


class RequestBase(f.WireSchema):
    class Wire:
        namespace = TYPES

    DeviceSerialNumber = f.String()
    GeneratedAt = f.DateTime()
    SessionUid = f.Guid()


class PagedRequestBase(RequestBase):
    class Wire:
        namespace = TYPES

    PageRequestIndex = f.Int()
    RecordsPerPage = f.Int()


class UserClientSessionLogRequest(PagedRequestBase):
    class Wire:
        namespace = SESSIONS
        clr_name = CLR + "UserClientSessionLogRequest"

    ClientReferUid = f.String()
    OpenSessionsOnly = f.Boolean()
    StartedAfter = f.DateTime()
    StartedBefore = f.DateTime()
    UserReferUid = f.Guid()


class ServerErrorDetails(f.WireSchema):
    class Wire:
        namespace = TYPES

    AdditionalMessages = f.List(f.String())
    Code = f.Enum(("ClientDataSubmissionFailure", "Other"))
    Description = f.String()


class ResponseBase(f.WireSchema):
    class Wire:
        namespace = TYPES

    ProcessedAt = f.DateTime()
    Result = f.Enum(("Unknown", "Success"))
    Server = f.String()
    ServerErrorDetails = f.Nested(ServerErrorDetails)


class PagedResponseBase(ResponseBase):
    class Wire:
        namespace = TYPES

    PageIndex = f.Int()
    RecordsPerPage = f.Int()
    TotalPageCount = f.Int()


class UserClientSessionLog(f.WireSchema):
    class Wire:
        namespace = ENTRIES

    ClientReferUid = f.String()
    ReferUid = f.Guid()
    SessionEnd = f.DateTime(nillable=True)
    SessionStart = f.DateTime()
    User = f.String()
    UserReferUid = f.Guid()


class UserClientSessionLogResponse(PagedResponseBase):
    class Wire:
        namespace = SESSIONS
        clr_name = CLR + "UserClientSessionLogResponse"

    LogEntries = f.List(f.Nested(UserClientSessionLog))


REQUEST = f.message_of(UserClientSessionLogRequest)
RESPONSE = f.message_of(UserClientSessionLogResponse)
LOCAL_END = NetDateTime.wall(datetime(2024, 1, 2, 3, 4, 5, 120_000), DateTimeKind.LOCAL)
PLAIN_START = NetDateTime.wall(datetime(2024, 1, 2, 3, 4, 5))
PROCESSED = NetDateTime.wall(datetime(2024, 1, 2, 3, 4, 5, 678_000), DateTimeKind.UTC)


def full_answer(asked):
    """What the recorded service answers to anything but its few magic words."""
    first = {
        "ClientReferUid": asked.get("ClientReferUid"),
        "ReferUid": UUID("11111111-2222-3333-4444-55555555abcd"),
        "SessionStart": asked.get("StartedAfter", NetDateTime()),
        "User": asked.get("DeviceSerialNumber"),
        "UserReferUid": asked.get("UserReferUid", UUID(int=0)),
    }
    second = {
        "ClientReferUid": 'c2, with "quote"',
        "ReferUid": UUID(int=0),
        "SessionEnd": LOCAL_END,
        "SessionStart": PLAIN_START,
        "User": str(asked.get("OpenSessionsOnly", False)),
        "UserReferUid": UUID(int=0),
    }
    return {
        "LogEntries": [first, second],
        "PageIndex": 0,
        "RecordsPerPage": asked.get("RecordsPerPage", 0),
        "TotalPageCount": 1,
        "ProcessedAt": PROCESSED,
        "Result": "Success",
        "Server": 'srv <1> & "q" é',
        "ServerErrorDetails": {"AdditionalMessages": ["a", "b, c"], "Code": "Other", "Description": "d"},
    }


def answer_to(asked):
    """The recorded service."""
    word = asked.get("ClientReferUid")
    if word == "arg":
        raise Fault(FaultKind.INVALID, "bad argument\nParameter name: ClientReferUid", code="ArgumentException")
    if word in ("empty", "emptylist"):
        return {} if word == "empty" else {"LogEntries": []}
    return full_answer(asked)


def never(outcome, asked):
    raise AssertionError("the driver presents by itself")


def operation(name="UserClientSessionLogRequest", *, writes=False, request=REQUEST, routes=("*",)):
    return Operation(
        name,
        request,
        RESPONSE,
        command=lambda tree, context: Mapped(ListSessions(SessionFilter())),
        present=never,
        routes=tuple(Route(method, "/userclientsession/log") for method in routes),
        writes=writes,
    )


FAULTS = {kind: Native(400) for kind in FaultKind} | {FaultKind.METHOD_NOT_ALLOWED: Native(405)}


def api_of(*operations, name="recorded"):
    return Api(name, "Recorded", ("servicestack",), ("/userclientsession",), operations, FAULTS)


@dataclass
class Driver:
    """Route, open, decode, check, answer, encode: the pipeline without identities and store."""

    protocol: object
    apis: tuple = ()
    native: bool = True

    def __post_init__(self):
        offers = [Offer(api, self.native) for api in self.apis]
        self.router = Router(self.protocol.bind(offers), self.apis)

    def __call__(self, method, path, headers=(), body=b""):
        target, _, query = path.partition("?")
        fields = Headers(dict(headers).items())
        from urllib.parse import unquote

        return self.ask(WireRequest(method, unquote(target), query, fields, body, raw_path=target, received_at=NOW))

    def ask(self, request):
        match = self.router.match(request)
        missed = isinstance(match, Miss)
        exchange = self.protocol.open(request, None if missed else match)
        self.last = exchange
        if exchange.reply.page is not None:
            return exchange.reply.page
        done = []
        try:
            if missed:
                raise Fault(FaultKind.NOT_FOUND_ROUTE)
            self.decoded = self.protocol.decode(exchange, DEFAULT)
            for item in self.decoded:
                exchange.operation.request.check(item.tree)
                done.append(Answer(answer_to(item.tree)))
            return self.protocol.encode(exchange, RESPONSE, done)
        except Fault as fault:
            if exchange.batch:
                fault.details = {**fault.details, "completed": len(done)}
            row = exchange.api.faults[fault.kind] if exchange.api else Native(405 if fault.code else 404)
            native = NativeFault(row.status, fault.code or row.code or fault.kind.value, fault.message, fault)
            return self.protocol.fault(exchange, native)


NOW = datetime(2024, 1, 2, 3, 4, 5, tzinfo=UTC)


def recorded_protocol():
    """The protocol with the zone, newline and dates of the recorded server."""
    made = build(load(SETTINGS))
    xml = replace(made.writers.xml, zone=ZONE)
    json = {(camel, iso): TextJson(ZONE, "iso" if iso else "offset", camel) for camel in (0, 1) for iso in (0, 1)}
    texts = {"jsv": Jsv(ZONE), "csv": Csv(ZONE, newline="\n")}
    readers = replace(
        made.readers,
        xml=xml,
        codecs={"xml": xml, "json": json[0, 0], **texts},
        binding=replace(made.readers.binding, zone=ZONE),
    )
    modern = replace(made.writers.modern_xml, zone=ZONE)
    return replace(
        made, readers=readers, writers=replace(made.writers, xml=xml, modern_xml=modern, json=json, others=texts)
    )


def exchanges():
    return [json.loads(line) for line in (GOLDEN / "exchanges.jsonl").read_text(encoding="utf-8").splitlines()]


@pytest.fixture(scope="session")
def recorded():
    """The recorded server."""
    return Driver(recorded_protocol(), (api_of(operation()),))


@pytest.fixture(scope="session")
def writing():
    """A server with one operation that writes."""
    return Driver(recorded_protocol(), (api_of(operation("OpenIt", writes=True, routes=("POST",))),))


@pytest.fixture(scope="session")
def golden():
    """Reads one recorded file."""
    return lambda name: (GOLDEN / name).read_bytes()
