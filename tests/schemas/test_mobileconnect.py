"""The MobileConnect session log: the published samples as trees, filters, pages and errors."""

from dataclasses import replace
from datetime import UTC, datetime
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from adapters.scalars import NetDateTime
from gateway.commands import ListSessions, Order, SessionFilter, canonical
from gateway.model import Device, Key, Session, State, Subject
from gateway.outcome import Fault, FaultKind, FieldError, Outcome
from gateway.settings import load
from schemas.api import Asked, Context, InBand, Native
from schemas.message import redact
from schemas.mobileconnect import PLUGIN, page_of

NOW = datetime(2026, 1, 2, 3, 4, 5, 678000, tzinfo=UTC)
CONTEXT = Context(None, NOW)
API = PLUGIN.build(load(PLUGIN.settings))
OPERATION = API.operation("UserClientSessionLogRequest")
MIN, EMPTY = NetDateTime(), UUID(int=0)
TYPES = "http://schemas.servicestack.net/types"
SESSIONS = "http://schemas.datacontract.org/2004/07/Spirit.Server.Common.Message.Sessions"
REQUEST = {
    "DeviceSerialNumber": "String",
    "GeneratedAt": MIN,
    "SessionUid": EMPTY,
    "PageRequestIndex": 0,
    "RecordsPerPage": 0,
    "ClientReferUid": "",
    "OpenSessionsOnly": False,
    "StartedAfter": MIN,
    "StartedBefore": MIN,
    "UserReferUid": EMPTY,
}
SESSION = Session(
    UUID(int=7),
    "demo",
    Key("workstation", "1", "larry@newmedia.com/283"),
    State.CLOSED,
    NOW,
    NOW,
    subject=Subject(UUID(int=8), "larry@newmedia.com", "larry"),
    device=Device(device_id="device-01", serial="S1", vehicle="V1"),
    started_at=datetime(2025, 12, 4, 6, tzinfo=UTC),
    ended_at=datetime(2025, 12, 4, 7, tzinfo=UTC),
)


def asked(**members):
    tree = {**REQUEST, **members}
    OPERATION.request.check(tree)
    return tree


def listed(**members):
    read = OPERATION.command(asked(**members), CONTEXT).command
    assert isinstance(read, ListSessions)
    assert (read.order, read.count) == (Order.NEWEST, True)
    return read


def answered(total=0, sessions=(), api=API, **members):
    operation = api.operations[0]
    answer = operation.present(Outcome(sessions=sessions, total=total), Asked(asked(**members), CONTEXT))
    operation.answer.check(answer.tree)
    assert answer.status == 200
    return answer.tree


def entry(**changes):
    return answered(1, (replace(SESSION, **changes),))["LogEntries"][0]


def names(members):
    return [member.name for member in members]


def test_text_formats_order_members_as_published():
    assert names(OPERATION.request.derived_members) == [
        *("UserReferUid", "ClientReferUid", "StartedBefore", "StartedAfter", "OpenSessionsOnly"),
        *("PageRequestIndex", "RecordsPerPage", "PagingEnabled", "SessionUid", "DeviceSerialNumber", "GeneratedAt"),
    ]
    assert names(OPERATION.answer.derived_members) == [
        *("LogEntries", "PageIndex", "TotalPageCount", "RecordsPerPage"),
        *("Server", "ProcessedAt", "Result", "ServerErrorDetails"),
    ]
    entries, details = OPERATION.answer.by_key["LogEntries"], OPERATION.answer.by_key["ServerErrorDetails"]
    assert names(entries.item.message.derived_members) == [
        *("ReferUid", "SessionStart", "SessionEnd", "User", "UserReferUid", "ClientReferUid")
    ]
    assert names(details.message.derived_members) == ["Code", "Description", "AdditionalMessages"]


def test_xml_orders_members_and_names_spaces_as_published():
    assert [(member.name, member.namespace) for member in OPERATION.request.xml_members] == [
        ("DeviceSerialNumber", TYPES),
        ("GeneratedAt", TYPES),
        ("SessionUid", TYPES),
        ("PageRequestIndex", TYPES),
        ("RecordsPerPage", TYPES),
        ("ClientReferUid", SESSIONS),
        ("OpenSessionsOnly", SESSIONS),
        ("StartedAfter", SESSIONS),
        ("StartedBefore", SESSIONS),
        ("UserReferUid", SESSIONS),
    ]
    assert names(OPERATION.answer.xml_members) == [
        *("ProcessedAt", "Result", "Server", "ServerErrorDetails"),
        *("PageIndex", "RecordsPerPage", "TotalPageCount", "LogEntries"),
    ]
    item = OPERATION.answer.by_key["LogEntries"].item.message
    assert item.name == "UserClientSessionLog"
    assert item.namespace.endswith("/Spirit.Server.Common.DomainModel.Sessions")
    assert OPERATION.request.clr_name == "Spirit.Server.Common.Message.Sessions.UserClientSessionLogRequest"


def test_dotnet_defaults_filter_nothing():
    assert listed() == ListSessions(SessionFilter(), limit=10_000, count=True)
    assert OPERATION.command({}, CONTEXT).command == listed()


def test_every_filter():
    where = listed(
        UserReferUid=UUID(int=8),
        ClientReferUid="device-01",
        StartedAfter=NetDateTime.of(NOW),
        StartedBefore=NetDateTime.wall(datetime(2027, 1, 1)),
        OpenSessionsOnly=True,
    ).where
    assert where == SessionFilter(UUID(int=8), "device-01", NOW, datetime(2027, 1, 1, tzinfo=UTC), True)


@pytest.mark.parametrize(
    ("members", "limit", "offset"),
    [
        ({"RecordsPerPage": 5, "PageRequestIndex": 3}, 5, 15),
        ({"RecordsPerPage": 5, "PageRequestIndex": 3, "PagingEnabled": True}, 5, 15),
        ({"RecordsPerPage": 5, "PageRequestIndex": 3, "PagingEnabled": None}, 5, 15),
        ({"RecordsPerPage": 5, "PageRequestIndex": 3, "PagingEnabled": False}, 10_000, 0),
        ({"RecordsPerPage": 0, "PageRequestIndex": 3, "PagingEnabled": True}, 10_000, 0),
        ({"RecordsPerPage": -1, "PageRequestIndex": -1}, 10_000, 0),
        ({"RecordsPerPage": 5, "PageRequestIndex": -1}, 5, 0),
        ({"RecordsPerPage": 20_000, "PageRequestIndex": 1}, 10_000, 10_000),
    ],
)
def test_pages(members, limit, offset):
    members = {name: value for name, value in members.items() if value is not None}
    assert (listed(**members).limit, listed(**members).offset) == (limit, offset)


@pytest.mark.parametrize(
    ("members", "total", "told"),
    [
        ({}, 0, (0, 0, 0)),
        ({}, 12, (0, 1, 0)),
        ({}, 10_000, (0, 1, 0)),
        ({}, 25_000, (0, 3, 10_000)),
        ({"RecordsPerPage": 5, "PageRequestIndex": 2}, 12, (2, 3, 5)),
        ({"RecordsPerPage": 5, "PageRequestIndex": 9}, 10, (9, 2, 5)),
        ({"RecordsPerPage": 5}, 0, (0, 0, 5)),
        ({"RecordsPerPage": 5, "PagingEnabled": False}, 12, (0, 1, 0)),
        ({"RecordsPerPage": 20_000}, 25_000, (0, 3, 10_000)),
    ],
)
def test_page_counts(members, total, told):
    tree = answered(total, **members)
    assert (tree["PageIndex"], tree["TotalPageCount"], tree["RecordsPerPage"]) == told


@given(st.integers(-(2**31), 2**31 - 1), st.integers(-(2**31), 2**31 - 1), st.sampled_from([None, True, False]))
def test_no_page_is_larger_than_the_cap_or_before_the_first(index, size, paging):
    page = page_of({"PageRequestIndex": index, "RecordsPerPage": size, "PagingEnabled": paging}, 100)
    assert 1 <= page.size <= 100
    assert page.index >= 0


def test_an_answer_without_error():
    tree = answered()
    assert tree["LogEntries"] == []
    assert (tree["Result"], tree["Server"], tree["ServerErrorDetails"]) == ("Success", "session-gateway", None)
    assert tree["ProcessedAt"] == NetDateTime.of(NOW)


def test_an_entry():
    assert entry() == {
        "ReferUid": UUID(int=7),
        "SessionStart": NetDateTime.of(SESSION.started_at),
        "SessionEnd": NetDateTime.of(SESSION.ended_at),
        "User": "larry@newmedia.com",
        "UserReferUid": UUID(int=8),
        "ClientReferUid": "device-01",
    }


def test_what_is_not_known_is_shown_as_dotnet_does():
    unknown = entry(subject=Subject(), device=Device(), started_at=None, ended_at=None)
    assert (unknown["SessionStart"], unknown["SessionEnd"], unknown["UserReferUid"]) == (MIN, MIN, EMPTY)
    assert (unknown["User"], unknown["ClientReferUid"]) == (None, None)


def test_user_and_client_by_their_next_best_name():
    assert entry(subject=Subject(user_id="larry"))["User"] == "larry"
    assert entry(device=Device(serial="S1", vehicle="V1"))["ClientReferUid"] == "S1"
    assert entry(device=Device(vehicle="V1"))["ClientReferUid"] == "V1"


def test_the_session_is_the_credential_and_stays_out_of_the_command():
    uid = UUID("11111111-2222-3333-4444-55555555abcd")
    shown = OPERATION.credentials(asked(SessionUid=uid))
    assert (shown.kind, shown.secret) == ("session", "1111111122223333444455555555abcd")
    text = str(canonical(listed(SessionUid=uid)))
    assert uid.hex not in text
    assert str(uid) not in text
    assert redact(OPERATION.request, asked(SessionUid=uid))["SessionUid"] == "***"


@pytest.mark.parametrize("tree", [{}, {"SessionUid": None}, {"SessionUid": EMPTY}])
def test_no_session_is_the_empty_guid(tree):
    assert OPERATION.credentials(tree).secret == "0" * 32


def test_an_error_is_told_inside_the_answer():
    row = API.row(Fault(FaultKind.UNAUTHENTICATED))
    assert isinstance(row, InBand)
    fault = Fault(FaultKind.UNAUTHENTICATED, "internal words", fields=(FieldError("A", "A is odd"),), log="secret")
    tree = row.tree(fault, Asked(REQUEST, CONTEXT))
    row.message.check(tree)
    assert (row.status, tree["Result"], tree["LogEntries"]) == (200, "Failure", [])
    assert tree["ProcessedAt"] == NetDateTime.of(NOW)
    assert tree["ServerErrorDetails"] == {
        "Code": "ClientDataSubmissionFailure",
        "Description": "The session is unknown or has expired. Log in again.",
        "AdditionalMessages": ["A is odd"],
    }


def test_an_error_before_the_request_was_understood_has_no_time():
    assert API.faults[FaultKind.BUSY].tree(Fault(FaultKind.BUSY), None)["ProcessedAt"] == MIN


@pytest.mark.parametrize(
    ("kind", "status", "code"),
    [
        ("malformed", 400, "SerializationException"),
        ("invalid", 400, "SerializationException"),
        ("not_found_route", 404, "NotFound"),
        ("method_not_allowed", 405, "NotImplementedException"),
    ],
)
def test_what_fails_before_the_service_runs_is_servicestacks(kind, status, code):
    assert API.row(Fault(FaultKind(kind))) == Native(status, code)


def test_every_kind_of_fault_has_a_row_that_can_be_written():
    assert set(API.faults) == set(FaultKind)
    for kind, row in API.faults.items():
        if isinstance(row, InBand):
            row.message.check(row.tree(Fault(kind), None))


def test_names_that_nobody_published_are_settings():
    flags = {"result_success": "OK", "result_failure": "Error", "error_code": "Bad", "server": "s1", "max_records": 2}
    api = PLUGIN.build(load(PLUGIN.settings, flags={f"mobileconnect.{name}": value for name, value in flags.items()}))
    tree = answered(3, api=api)
    assert (tree["Result"], tree["Server"], tree["RecordsPerPage"], tree["TotalPageCount"]) == ("OK", "s1", 2, 2)
    told = api.faults[FaultKind.BUSY].tree(Fault(FaultKind.BUSY), None)
    assert (told["Result"], told["ServerErrorDetails"]["Code"]) == ("Error", "Bad")
    assert api.operations[0].answer.by_key["Result"].choices == ("Unknown", "OK", "Error")
