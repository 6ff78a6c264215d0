"""The OnTime userSession API: what a post means, and the record that is answered."""

from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from adapters.scalars import DateTimeKind, NetDateTime
from gateway.commands import ByKey, GetSession, Missing, Retry, natural_key
from gateway.model import Device, Key, Principal, Session, State, Subject
from gateway.outcome import Fault, FaultKind, Outcome
from gateway.settings import load
from gateway.wire import Headers, WireRequest
from schemas.api import Asked, Context, Native
from schemas.ontime import PLUGIN, log_in_type
from schemas.ontime_texts import parse_wall, wall_text

NOW = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)
CONTEXT = Context(None, NOW)
USER = UUID("7a1c1c0e-3c0f-4d5e-9a52-2f5b2d3c4e5f")
RECORD = UUID("b0e8d8c4-5a0b-4b8c-8a8e-2d1f0f0f1a2b")
SECRET = "3f2504e0-4f89-41d3-9a0c-0305e82c3301"
MAX_TICKS = 3_155_378_975_999_999_999


def at(*parts, ticks=0):
    wall = NetDateTime.wall(datetime(*parts))
    return NetDateTime(wall.ticks + ticks)


LOGIN = {
    "company_id": "acme",
    "UserID": USER,
    "Vehicle": None,
    "LogInType": "Driver",
    "LogInTime": at(2019, 10, 1, 8),
    "StartMileage": 1200,
}


def build(**flags):
    return PLUGIN.build(load(PLUGIN.settings, flags={f"ontime.{name}": value for name, value in flags.items()}))


API = build()


def post(tree, api=API, context=CONTEXT):
    operation = api.operation("UserSessionPost")
    operation.request.check(tree)
    return operation.command(tree, context).command


def session_of(write):
    """The new session that a write makes, as the core would."""
    changes = {**write.changes, "attributes": {k: v for k, v in write.changes["attributes"].items() if v is not None}}
    key = write.key if write.key.id else Key("ontime", write.key.realm, str(RECORD))
    return Session(RECORD, "demo", key, recorded_at=NOW, updated_at=NOW, **changes)


def answered(tree, api=API):
    operation = api.operation("UserSessionPost")
    answer = operation.present(Outcome(session=session_of(post(tree, api))), Asked(tree, CONTEXT))
    operation.answer.check(answer.tree)
    return answer


def shown(authorization, path=None):
    headers = Headers([("Authorization", authorization)] if authorization is not None else [])
    return API.header(WireRequest("POST", "/", headers=headers), {"company-id": "acme"} if path is None else path)


def test_a_login_makes_a_session_that_gets_its_id_from_us():
    write = post(LOGIN)
    assert (write.kind, write.find, write.key) == ("opened", None, Key("ontime", "acme", ""))
    assert (write.missing, write.retry, write.replace) == (Missing.CREATE, Retry.WINDOW, True)
    assert write.changes["subject"] == Subject(uid=USER, user_id=str(USER), role="Driver")
    assert write.changes["started_at"] == write.occurred_at == datetime(2019, 10, 1, 8, tzinfo=UTC)
    assert (write.changes["state"], write.changes["start_mileage"]) == (State.OPEN, 1200)


def test_the_published_example_is_answered_member_by_member():
    answer = answered({**LOGIN, "LogInType": 2})
    assert answer.status == 201
    assert list(answer.tree.items()) == [
        ("Vehicle", None),
        ("ID", RECORD),
        ("UserID", USER),
        ("LogInType", 2),
        ("LogInTime", at(2019, 10, 1, 8)),
        ("LogOutTime", None),
        ("StartMileage", 1200),
        ("EndMileage", None),
    ]
    assert [member.name for member in API.operation("UserSessionPost").answer.members] == list(answer.tree)


@pytest.mark.parametrize("given_id", [{}, {"ID": None}, {"ID": UUID(int=0)}])
def test_no_id_in_any_form_makes_a_session(given_id):
    write = post({**LOGIN, **given_id})
    assert (write.find, write.key.id) == (None, "")


def test_an_id_replaces_the_whole_record():
    write = post({"company_id": "acme", "ID": RECORD, "LogInTime": at(2019, 10, 1, 8)})
    key = Key("ontime", "acme", str(RECORD))
    assert (write.kind, write.find, write.key) == ("updated", ByKey(key), key)
    assert (write.replace, write.retry, write.missing) == (True, Retry.LATEST, Missing.CREATE)
    assert write.changes["subject"] == Subject(role="Undefined")
    assert (write.changes["device"], write.changes["start_mileage"], write.changes["ended_at"]) == (
        Device(),
        None,
        None,
    )
    assert write.changes["attributes"] == {"LogInTime": "2019-10-01T08:00:00", "LogOutTime": None}


def test_a_logout_time_closes_and_its_absence_opens_again():
    closed = post({**LOGIN, "ID": RECORD, "LogOutTime": at(2019, 10, 1, 17)})
    assert (closed.kind, closed.changes["state"], closed.occurred_at.hour) == ("closed", State.CLOSED, 17)
    assert post({**LOGIN, "ID": RECORD}).changes["state"] is State.OPEN


def test_min_value_is_no_time():
    write = post({**LOGIN, "LogOutTime": NetDateTime()})
    assert (write.changes["state"], write.changes["ended_at"]) == (State.OPEN, None)


def test_a_logout_before_its_login_is_refused_unless_set_otherwise():
    tree = {**LOGIN, "LogOutTime": at(2019, 10, 1, 7)}
    with pytest.raises(Fault) as caught:
        post(tree)
    assert (caught.value.kind, caught.value.fields[0].path) == (FaultKind.INVALID, "LogOutTime")
    assert post(tree, build(time_order="accept")).changes["state"] is State.CLOSED


def test_an_unknown_id_makes_the_record_unless_set_otherwise():
    write = post({**LOGIN, "ID": RECORD})
    after = session_of(write)
    API.operation("UserSessionPost").check(None, after, write)
    check = build(unknown_id="refuse").operation("UserSessionPost").check
    check(after, after, write)
    check(None, after, post(LOGIN))
    with pytest.raises(Fault) as caught:
        check(None, after, write)
    assert caught.value.fields[0].path == "ID"


@pytest.mark.parametrize(
    ("sent", "echo"),
    [("Driver", "Driver"), ("driver", "Driver"), (2, 2), ("2", 2), (1, 1), ("undefined", "Undefined"), (None, 0)],
)
def test_log_in_type_comes_back_in_the_callers_form(sent, echo):
    tree = {**LOGIN, "LogInType": sent}
    assert answered(tree).tree["LogInType"] == echo
    assert isinstance(answered(tree, build(login_type="integer")).tree["LogInType"], int)
    assert isinstance(answered(tree, build(login_type="name")).tree["LogInType"], str)


@pytest.mark.parametrize("sent", ["Pilot", 3, -1, "3", "", True, 1.5, [], {}, "²", pytest.param(10**5000, id="huge")])
def test_any_other_log_in_type_is_an_error(sent):
    with pytest.raises(Fault) as caught:
        log_in_type(sent)
    assert (caught.value.kind, caught.value.fields[0].path) == (FaultKind.INVALID, "LogInType")


def test_the_form_of_log_in_type_does_not_make_another_command():
    assert natural_key(post({**LOGIN, "LogInType": 2})) == natural_key(post({**LOGIN, "LogInType": "driver"}))


def test_times_come_back_as_the_clock_showed_them_to_100_ns_and_without_a_zone():
    sent = NetDateTime(at(2019, 10, 1, 8).ticks + 1_234_567, DateTimeKind.UTC)
    assert answered({**LOGIN, "LogInTime": sent}).tree["LogInTime"] == NetDateTime(sent.ticks)


def test_a_time_that_was_changed_elsewhere_is_shown_as_it_is_now():
    operation = API.operation("UserSessionGet")
    session = Session(
        RECORD,
        "demo",
        Key("ontime", "acme", str(RECORD)),
        State.CLOSED,
        NOW,
        NOW,
        started_at=NOW,
        ended_at=NOW + timedelta(hours=1),
        attributes={"LogInTime": "2019-10-01T08:00:00"},
    )
    answer = operation.present(Outcome(session=session), Asked({"company_id": "acme", "id": RECORD}, CONTEXT))
    assert (answer.status, answer.tree["LogInTime"], answer.tree["LogInType"]) == (200, at(2026, 1, 2, 3, 4, 5), 0)
    assert answer.tree["LogOutTime"] == at(2026, 1, 2, 4, 4, 5)


def test_one_record_is_read_by_its_id():
    operation = API.operation("UserSessionGet")
    read = operation.command({"company_id": "Acme", "id": RECORD}, CONTEXT).command
    assert read == GetSession(ByKey(Key("ontime", "acme", str(RECORD))), optional=True)
    assert operation.writes is False


def test_the_company_is_compared_without_case():
    assert post({**LOGIN, "company_id": "ACME"}).key.realm == "acme"


def test_a_key_of_other_companies_may_not_name_this_one_even_where_no_path_says_it():
    def caller(*realms):
        return Context(Principal("key:1", "ontime", "demo", realms=frozenset(realms)), NOW)

    assert post(LOGIN, context=caller("Acme")).key.realm == "acme"
    for tree, name in ((LOGIN, "UserSessionPost"), ({"company_id": "acme", "id": RECORD}, "UserSessionGet")):
        with pytest.raises(Fault) as caught:
            API.operation(name).command(tree, caller("other"))
        assert caught.value.kind is FaultKind.FORBIDDEN


@pytest.mark.parametrize("text", [SECRET, f"Bearer {SECRET}", f"bearer  {SECRET} ", f" {SECRET}"])
def test_the_key_is_raw_or_behind_bearer(text):
    found = shown(text)
    assert (found.kind, found.secret, found.realm) == ("key", SECRET, "acme")


@pytest.mark.parametrize("text", [None, "", "  ", "Bearer", "Bearer "])
def test_no_key(text):
    assert shown(text) is None


def test_the_key_needs_no_path():
    assert shown(SECRET, {}).realm == ""


@pytest.mark.parametrize(
    ("kind", "status", "text"),
    [
        ("malformed", 400, "The request is invalid."),
        ("invalid", 400, "The request is invalid."),
        ("unauthenticated", 401, "Authorization key is invalid or no longer exists."),
        ("forbidden", 403, "Authorization key does not have permission to perform this action."),
    ],
)
def test_published_faults(kind, status, text):
    assert API.row(Fault(FaultKind(kind))) == Native(status, text=text)


def test_every_kind_of_fault_has_a_row():
    assert set(API.faults) == set(FaultKind)


def test_the_path_names_the_company_and_the_body_does_not():
    operation = API.operation("UserSessionPost")
    assert [member.name for member in operation.request.at("path")] == ["company-id"]
    assert operation.routes[0].path == "/sites/{company-id}/api/userSession/post"
    assert "company-id" not in operation.answer.by_name
    assert operation.request.name == operation.answer.name == "UserSession"


@given(st.integers(0, MAX_TICKS))
def test_every_time_is_read_back_as_it_was_written(ticks):
    time = NetDateTime(ticks)
    assert parse_wall(wall_text(time)) == time


@given(st.text())
def test_no_text_breaks_the_reader(text):
    assert parse_wall(text) is None or wall_text(parse_wall(text))


@pytest.mark.parametrize("text", ["", "2019-10-01", "2019-13-01T00:00:00", "2019-10-01T08:00:00Z"])
def test_what_is_no_clock_time(text):
    assert parse_wall(text) is None


def test_a_fraction_is_written_without_closing_zeros():
    assert wall_text(at(2019, 10, 1, 8, ticks=1_200_000)) == "2019-10-01T08:00:00.12"
    assert wall_text(at(2019, 10, 1, 8)) == "2019-10-01T08:00:00"
