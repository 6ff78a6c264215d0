"""The DataContract codec against what the .NET runtimes wrote and read, case by case."""

import json
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from uuid import UUID
from zoneinfo import ZoneInfo

import pytest

from adapters.codecs.datacontract import (
    REFUSED,
    SERVICESTACK_V4,
    WEBAPI,
    WEBAPI_INDENT,
    WEBAPI_UTF16,
    DataContract,
)
from adapters.scalars import DateTimeKind, NetDateTime
from gateway.limits import Limits
from gateway.outcome import Fault, FaultKind
from schemas import fields
from schemas.fields import WireSchema, message_of

GOLDEN = Path(__file__).parents[2] / "golden" / "datacontract"
BERLIN = ZoneInfo("Europe/Berlin")
QUOTAS = Limits(
    body_bytes=1 << 30, depth=256, elements=1 << 20, attributes=1 << 10, text_bytes=1 << 20, name_bytes=1 << 16
)
CLR = "http://schemas.datacontract.org/2004/07/"
TYPES = "http://schemas.servicestack.net/types"


class AuthenticationModel(WireSchema):
    class Wire:
        namespace = CLR + "Api.Models"

    Id = fields.String(credential=True)
    Key = fields.String(credential=True)


class MessageModel(WireSchema):
    class Wire:
        namespace = CLR + "Api.Models"

    Code = fields.String()
    Description = fields.String()


class ApplicationUsed(WireSchema):
    class Wire:
        namespace = CLR + "ApiModels"

    Name = fields.String()
    Duration = fields.String()
    OwnSoftwareLicenseUsed = fields.String()
    SoftwareVersion = fields.String()
    ServicePack = fields.String()
    ApplicationType = fields.String()
    SoftwareId = fields.String()
    OperatingMode = fields.String()


class SessionEndRequestModel(WireSchema):
    class Wire:
        namespace = CLR + "ApiModels"

    Email = fields.String()
    CurrentDate = fields.String()
    WorkstationType = fields.String()
    MeasureMode = fields.String()
    Index = fields.String()
    ApplicationsUsed = fields.List(fields.Nested(ApplicationUsed))


class SessionEndBindingModel(WireSchema):
    class Wire:
        namespace = CLR + "ApiModels"

    Authentication = fields.Nested(AuthenticationModel)
    Request = fields.Nested(SessionEndRequestModel)


class ContactsOutgoingModel(WireSchema):
    class Wire:
        namespace = CLR + "ApiModels"

    Message = fields.Nested(MessageModel)


class ServerErrorDetails(WireSchema):
    class Wire:
        namespace = TYPES

    Code = fields.Enum(("ClientDataSubmissionFailure", "ServerFailure", "SessionExpired"))
    Description = fields.String()
    AdditionalMessages = fields.List(fields.String())


class RequestBase(WireSchema):
    class Wire:
        namespace = TYPES

    DeviceSerialNumber = fields.String()
    GeneratedAt = fields.DateTime()
    SessionUid = fields.Guid()


class PagedRequestBase(RequestBase):
    class Wire:
        namespace = TYPES

    PageRequestIndex = fields.Int()
    RecordsPerPage = fields.Int()


class UserClientSessionLogRequest(PagedRequestBase):
    class Wire:
        namespace = CLR + "Spirit.Server.Common.Message.Sessions"

    UserReferUid = fields.Guid()
    ClientReferUid = fields.String()
    StartedAfter = fields.DateTime()
    StartedBefore = fields.DateTime()
    OpenSessionsOnly = fields.Boolean()


class ResponseBase(WireSchema):
    class Wire:
        namespace = TYPES

    ProcessedAt = fields.DateTime()
    Result = fields.Enum(("Unknown", "Success", "Failure", "Partial-OK"))
    Server = fields.String()
    ServerErrorDetails = fields.Nested(ServerErrorDetails)


class PagedResponseBase(ResponseBase):
    class Wire:
        namespace = TYPES

    PageIndex = fields.Int()
    RecordsPerPage = fields.Int()
    TotalPageCount = fields.Int()


class UserClientSessionLog(WireSchema):
    class Wire:
        namespace = CLR + "Spirit.Server.Common.DomainModel.Sessions"

    ReferUid = fields.Guid()
    User = fields.String()
    UserReferUid = fields.Guid()
    ClientReferUid = fields.String()
    SessionStart = fields.DateTime()
    SessionEnd = fields.DateTime()


class UserClientSessionLogResponse(PagedResponseBase):
    class Wire:
        namespace = CLR + "Spirit.Server.Common.Message.Sessions"

    LogEntries = fields.List(fields.Nested(UserClientSessionLog))


MESSAGES = {
    "ApiModels.SessionEndBindingModel": message_of(SessionEndBindingModel),
    "ApiModels.ContactsOutgoingModel": message_of(ContactsOutgoingModel),
    "Spirit.Server.Common.Message.Sessions.UserClientSessionLogRequest": message_of(UserClientSessionLogRequest),
    "Spirit.Server.Common.Message.Sessions.UserClientSessionLogResponse": message_of(UserClientSessionLogResponse),
}
RENAMED = {"PartialOk": "Partial-OK"}
PIPELINES = {
    "webapi": WEBAPI,
    "webapi-win": replace(WEBAPI, newline="\r\n"),
    "webapi-indent": WEBAPI_INDENT,
    "webapi-utf16": WEBAPI_UTF16,
    "servicestack": SERVICESTACK_V4,
}
# Each names the line of REFUSED that says why.
REFUSED_CASES = {
    "r000-entity-charref-0": "references to characters that XML forbids",
    "r000-entity-charref-fffe": "references to characters that XML forbids",
    "r003-int-nul": "references to characters that XML forbids",
    "r000-entity-charref-surrogates": "surrogate halves as two references",
    "r000-mal-trailing-ws-text": "text after the document element",
    "r000-mal-trailing-comment-text": "text after the document element",
    "r000-limit-1mib": "more than the limits allow",
}


def cases(name: str) -> list[dict]:
    return [json.loads(line) for line in (GOLDEN / name).read_text("ascii").splitlines()]


def value(recorded):
    """A recorded value as the codec's: typed leaves, keys as declared."""
    if isinstance(recorded, list):
        return [value(item) for item in recorded]
    if not isinstance(recorded, dict):
        return recorded
    if "$datetime" in recorded:
        return date(recorded)
    if "$guid" in recorded:
        return UUID(recorded["$guid"])
    if "$enum" in recorded:
        return RENAMED.get(recorded["$enum"], recorded["$enum"])
    return {key: value(item) for key, item in recorded.items() if key != "$type"}


def date(recorded: dict) -> NetDateTime:
    day, _, time = recorded["$datetime"].partition("T")
    hour, minute, second = time.split(":")
    days = NetDateTime.wall(datetime.fromisoformat(day)).ticks
    ticks = days + (int(hour) * 3600 + int(minute) * 60) * 10_000_000 + int(second.replace(".", ""))
    return NetDateTime(ticks, DateTimeKind[recorded["kind"].upper()])


def filled(message, tree):
    """``tree`` as .NET shows it: every member there, absent ones with their default."""
    if tree is None:
        return None
    return {member.key: _filled(member, tree.get(member.key)) for member in message.members}


def _filled(member, found):
    if found is None:
        empty = {"int": 0, "boolean": False, "guid": UUID(int=0), "dateTime": NetDateTime(), "enum": None}
        return member.choices[0] if member.choices else empty.get(member.kind.value)
    if member.message:
        return filled(member.message, found)
    if member.item and member.item.message:
        return [filled(member.item.message, item) for item in found]
    return found


WRITES = [case for case in cases("write.jsonl") if case["type"] in MESSAGES]
READS = [case for case in cases("read.jsonl") if case["type"] in MESSAGES]


@pytest.mark.parametrize("case", WRITES, ids=lambda case: case["name"])
def test_writes_the_recorded_bytes(case):
    codec = replace(PIPELINES[case["pipeline"]], zone=BERLIN)
    tree, message = value(case["value"]), MESSAGES[case["type"]]
    if not case["ok"]:
        with pytest.raises(Fault) as raised:
            codec.encode(tree, message)
        assert raised.value.kind is FaultKind.INTERNAL
    else:
        assert codec.encode(tree, message) == case["xml"].encode("latin-1")


def reader(case: dict, fidelity: str) -> DataContract:
    host = WEBAPI if case["name"].startswith("r000") else SERVICESTACK_V4
    return replace(host, zone=BERLIN, fidelity=fidelity)


def recorded_result(case: dict) -> dict:
    results = case["results"]
    return results.get("all") or results["webapi" if case["name"].startswith("r000") else "servicestack"]


@pytest.mark.parametrize("case", READS, ids=lambda case: case["name"])
def test_strict_reads_what_the_original_read(case):
    codec, message, result = reader(case, "strict"), MESSAGES[case["type"]], recorded_result(case)
    body = (case["xml"] or "x" * case["bytes"]).encode("latin-1")
    if not result["ok"] or case["name"] in REFUSED_CASES:
        with pytest.raises(Fault) as raised:
            codec.decode(body, message, QUOTAS)
        assert raised.value.kind in (FaultKind.MALFORMED, FaultKind.INVALID)
        return
    decoded = codec.decode(body, message, QUOTAS)
    if result["value"] is None:
        assert decoded.tree == {}
        assert [note.name for note in decoded.notes] == ["nil_root"]
    else:
        assert filled(message, decoded.tree) == value(result["value"])


def within(kept, tree) -> bool:
    """Whether everything in ``kept`` is in ``tree``, with the same values."""
    if isinstance(kept, dict):
        return all(key in tree and within(item, tree[key]) for key, item in kept.items())
    if isinstance(kept, list) and kept and isinstance(kept[0], dict):
        return len(kept) <= len(tree) and all(map(within, kept, tree))
    return kept in (tree, [])


def outcome(codec: DataContract, case: dict):
    """What came of a case: the tree and its notes, or the kind of the fault."""
    body = (case["xml"] or "x" * case["bytes"]).encode("latin-1")
    try:
        decoded = codec.decode(body, MESSAGES[case["type"]], QUOTAS)
    except Fault as fault:
        return fault.kind
    return decoded.tree, decoded.notes


@pytest.mark.parametrize("case", READS, ids=lambda case: case["name"])
def test_lenient_reads_at_least_what_strict_reads(case):
    strict, lenient = outcome(reader(case, "strict"), case), outcome(reader(case, "lenient"), case)
    if isinstance(strict, FaultKind) or strict[0] == lenient[0]:
        assert lenient == strict
    else:
        assert within(strict[0], lenient[0])
        assert lenient[1]


def test_every_refused_case_has_its_reason():
    assert set(REFUSED_CASES.values()) <= set(REFUSED)
    assert set(REFUSED_CASES) <= {case["name"] for case in READS}
