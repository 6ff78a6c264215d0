"""PartStream: what its logins and logouts mean, and which code each fault has."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest

from gateway.commands import ByToken, Retry, Write, natural_key
from gateway.credentials import digest
from gateway.model import EventKind, Key, Principal, Session, State, Subject, subject_uid
from gateway.outcome import Fault, FaultKind, FieldError, Outcome
from gateway.settings import Settings, load
from schemas import partstream
from schemas.api import Asked, Context, InBand, Presented
from schemas.message import credentials

NOON = datetime(2026, 1, 2, 12, tzinfo=UTC)
DEFAULTS = load(partstream.SETTINGS)
CONTEXT = Context(Principal("demo", "partstream", "acme"), NOON, "fresh-secret")
LOGIN = {"interfacename": "SWServiceLogin", "secure": "off", "catalog": "Bolts", "serviceuser": "svc", "password": "pw"}
LOGOUT = {"interfacename": "SWServiceLogout", "sessionid": "0000", "secure": "off"}
OPEN = Session(UUID(int=1), "acme", Key("partstream", "Bolts", "1"), State.OPEN, NOON, NOON, started_at=NOON)


def operation(name: str, settings: Settings = DEFAULTS):
    found = partstream.build(settings).operation(name)
    assert found is not None
    return found


def told(fault: Fault, tree: dict | None = None, settings: Settings = DEFAULTS) -> dict:
    row = partstream.build(settings).faults[fault.kind]
    assert isinstance(row, InBand)
    return row.tree(fault, None if tree is None else Asked(tree, CONTEXT))


def code(fault: Fault, tree: dict | None = None) -> str:
    return told(fault, tree)["faultcode"]


def write_of(name: str, tree: dict, context: Context = CONTEXT) -> Write:
    command = operation(name).command(tree, context).command
    assert isinstance(command, Write)
    return command


def test_a_login_shows_service_user_and_password_for_one_catalog():
    shown = operation("SWServiceLogin").credentials(LOGIN)
    assert shown == Presented("pair", secret="pw", name="svc", realm="Bolts")


@pytest.mark.parametrize("empty", ["serviceuser", "password"])
def test_a_login_with_an_empty_name_or_password_shows_nothing(empty):
    assert operation("SWServiceLogin").credentials({**LOGIN, empty: ""}) is None


def test_a_login_opens_a_session_in_its_catalog_and_grants_a_secret():
    write = write_of("SWServiceLogin", LOGIN)
    assert (write.kind, write.key, write.grants) == (EventKind.OPENED, Key("partstream", "Bolts", ""), True)
    assert write.changes["subject"] == Subject(uid=subject_uid("acme", "svc"), user_id="svc")
    assert write.changes["started_at"] == NOON
    assert write.changes["attributes"] == {"secure": "off", "serviceuser": "svc"}


def test_a_login_for_an_end_user_is_that_persons_session():
    write = write_of("SWServiceLogin", {**LOGIN, "enduser": "Ann"})
    assert write.changes["subject"].user_id == "Ann"
    assert write.changes["attributes"]["serviceuser"] == "svc"


def test_the_password_is_in_no_command():
    assert "pw" not in repr(write_of("SWServiceLogin", LOGIN))


def test_a_login_is_answered_with_the_secret_as_session_id():
    answer = operation("SWServiceLogin").present(Outcome(session=OPEN), Asked(LOGIN, CONTEXT))
    assert answer.tree == {
        "interfacename": "SWServiceLogin",
        "sessionid": "fresh-secret",
        "returnval": "Logged in",
        "success": "Success",
    }


def test_a_logout_shows_the_session_id_of_the_header():
    assert operation("SWServiceLogout").credentials(LOGOUT) == Presented("session", secret="0000")


@pytest.mark.parametrize("tree", [{}, {"sessionid": ""}, {"sessionid": None}])
def test_a_logout_without_a_session_id_is_fault_1001(tree):
    with pytest.raises(Fault) as caught:
        operation("SWServiceLogout").credentials(tree)
    assert code(caught.value) == "1001"


def test_a_logout_closes_the_session_that_the_id_opens():
    write = write_of("SWServiceLogout", LOGOUT)
    assert (write.kind, write.find) == (EventKind.CLOSED, ByToken("partstream", digest("0000")))
    assert (write.changes["state"], write.changes["ended_at"]) == (State.CLOSED, NOON)
    assert write.changes["attributes"] == {"logout": {"secure": "off"}}


def test_a_repeated_logout_is_the_same_command_a_second_later():
    later = replace(CONTEXT, received_at=NOON + timedelta(seconds=1), secret="another")
    first, second = write_of("SWServiceLogout", LOGOUT), write_of("SWServiceLogout", LOGOUT, later)
    assert first.retry is Retry.WINDOW
    assert first.changes["ended_at"] != second.changes["ended_at"]
    assert natural_key(first) == natural_key(second)
    other = write_of("SWServiceLogout", {**LOGOUT, "secure": "on"})
    assert natural_key(first) != natural_key(other)


@pytest.mark.parametrize(("setting", "name"), [("seed", "SWServiceLogin"), ("echo", "SWServiceLogout")])
def test_a_logout_is_answered_with_the_interface_name_that_the_setting_says(setting, name):
    settings = DEFAULTS.with_(partstream__interfacename=setting)
    answer = operation("SWServiceLogout", settings).present(Outcome(session=OPEN), Asked(LOGOUT, CONTEXT))
    assert answer.tree is not None
    assert (answer.tree["interfacename"], answer.tree["sessionid"]) == (name, "0000")
    assert told(Fault(FaultKind.EXPIRED), LOGOUT, settings)["interfacename"] == name


def test_a_closed_session_cannot_be_closed_again():
    write = write_of("SWServiceLogout", LOGOUT)
    with pytest.raises(Fault) as caught:
        operation("SWServiceLogout").check(replace(OPEN, state=State.CLOSED), OPEN, write)
    assert code(caught.value, LOGOUT) == "1001"


@pytest.mark.parametrize(("lifetime", "age", "valid"), [(0, 10**6, True), (60, 60, True), (60, 61, False)])
def test_a_session_is_valid_for_its_lifetime(lifetime, age, valid):
    settings = DEFAULTS.with_(partstream__session_lifetime=lifetime)
    after = replace(OPEN, updated_at=NOON + timedelta(seconds=age))
    check = operation("SWServiceLogout", settings).check
    write = write_of("SWServiceLogout", LOGOUT)
    if valid:
        check(OPEN, after, write)
    else:
        with pytest.raises(Fault) as caught:
            check(OPEN, after, write)
        assert caught.value.kind is FaultKind.EXPIRED


@pytest.mark.parametrize("missing", ["catalog", "serviceuser", "password"])
def test_a_login_without_a_parameter_is_fault_1004_and_names_it(missing):
    tree = {key: value for key, value in LOGIN.items() if key != missing}
    with pytest.raises(Fault) as caught:
        operation("SWServiceLogin").request.check(tree)
    answer = told(caught.value, tree)
    assert (answer["faultcode"], answer["faultstring"]) == ("1004", f"Missing parameter: {missing}")


def test_a_login_without_secure_is_accepted():
    tree = {key: value for key, value in LOGIN.items() if key != "secure"}
    operation("SWServiceLogin").request.check(tree)
    assert write_of("SWServiceLogin", tree).changes["attributes"] == {"serviceuser": "svc"}


def test_every_kind_of_fault_is_an_ordinary_answer_with_a_code_of_four_digits():
    table = partstream.build(DEFAULTS).faults
    assert set(table) == set(FaultKind)
    for kind in FaultKind:
        answer = told(Fault(kind), LOGOUT)
        assert answer["faultcode"].isdigit()
        assert len(answer["faultcode"]) == 4
        assert answer["faultstring"]
        assert (answer["returnval"], answer["success"]) == ("", "Failed")
        assert (answer["sessionid"], answer["header_sessionid"]) == ("0000", "0000")


@pytest.mark.parametrize(
    ("fault", "tree", "expected"),
    [
        (Fault(FaultKind.UNAUTHENTICATED), LOGOUT, "1001"),
        (Fault(FaultKind.NOT_FOUND), LOGOUT, "1001"),
        (Fault(FaultKind.MALFORMED), None, "1002"),
        (Fault(FaultKind.INVALID, fields=(FieldError("catalog", "wrong", "length"),)), LOGIN, "1002"),
        (Fault(FaultKind.UNSUPPORTED), None, "1003"),
        (Fault(FaultKind.UNAUTHENTICATED), LOGIN, "1005"),
        (Fault(FaultKind.UNAUTHENTICATED), None, "1005"),
        (Fault(FaultKind.FORBIDDEN), LOGIN, "1005"),
        (Fault(FaultKind.LOCKED_OUT), LOGIN, "1006"),
        (Fault(FaultKind.TOO_LARGE), None, "1007"),
        (Fault(FaultKind.STORE_UNAVAILABLE), LOGOUT, "1009"),
        (Fault(FaultKind.INTERNAL), LOGOUT, "9999"),
    ],
)
def test_the_code_tells_what_went_wrong(fault, tree, expected):
    assert code(fault, tree) == expected


def test_a_refused_login_is_told_no_reason():
    assert told(Fault(FaultKind.UNAUTHENTICATED, "no such user"), LOGIN)["faultstring"] == "Invalid service login"


def test_a_fault_about_a_request_that_was_not_understood_repeats_the_header():
    fault = Fault(FaultKind.UNSUPPORTED, details={"interfacename": "SWOther", "sessionid": "42"})
    settings = DEFAULTS.with_(partstream__interfacename="echo")
    answer = told(fault, None, settings)
    assert (answer["interfacename"], answer["header_sessionid"], answer["sessionid"]) == ("SWOther", "42", "42")


def test_without_a_soap_header_every_name_stands_once():
    names = [member.name for member in partstream.ERROR.flat_members]
    assert sorted(names) == sorted(set(names))
    assert partstream.ERROR.by_name["sessionid"].part == "body"
    assert "sessionid" in operation("SWServiceLogout").request.by_name


def test_session_id_and_password_are_credentials():
    assert credentials(operation("SWServiceLogin").request, LOGIN) == ["pw"]
    assert credentials(operation("SWServiceLogout").request, LOGOUT) == ["0000"]


def test_the_documentation_lists_every_code(request):
    page = (request.config.rootpath / "docs" / "partstream-faults.rst").read_text(encoding="utf-8")
    codes = {partstream.fault_code(Fault(kind), name) for kind in FaultKind for name in ("", partstream.LOGOUT)}
    codes |= {partstream.PARAMETER}
    assert [row for row in codes if row.code not in page or row.text not in page] == []
