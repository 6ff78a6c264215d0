"""The workstation API: the published samples as trees, and what becomes of them."""

from copy import deepcopy
from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.commands import ByKey, Missing, Retry, Write, canonical
from gateway.model import Key, Session, State
from gateway.outcome import Fault, FaultKind, Outcome
from gateway.settings import load
from schemas.api import Asked, Context, InBand, Native
from schemas.message import redact
from schemas.workstation import PLUGIN
from schemas.workstation_texts import is_duration_alone, parse_date, parse_duration, parse_flag

NOW = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)
CONTEXT = Context(None, NOW)
API = PLUGIN.build(load(PLUGIN.settings))
DATE = "2025-12-04 06:57:36 (YYYY-MM-DD HH:MM:SS - UTC format)"
AT = datetime(2025, 12, 4, 6, 57, 36, tzinfo=UTC)
AUTHENTICATION = {"Id": "170200123", "Key": "467512342123"}
END = {
    "Authentication": AUTHENTICATION,
    "Request": {
        "Email": "larry@newmedia.com",
        "CurrentDate": DATE,
        "WorkstationType": "3DA/GD",
        "MeasureMode": "1/2",
        "Index": "283",
        "ApplicationsUsed": [
            {
                "Name": "Autodesk Maya",
                "Duration": "02:15:22 - (HH:MM:SS)",
                "OwnSoftwareLicenseUsed": "True",
                "SoftwareVersion": "2025",
                "ServicePack": "SP3",
                "ApplicationType": "Application",
                "SoftwareId": "1",
                "OperatingMode": "BYOSL/Purchased/Test/Trial/Free",
            },
            {
                "Name": "Renderman",
                "Duration": "06:45:47",
                "OwnSoftwareLicenseUsed": "false",
                "SoftwareVersion": "2025",
                "ServicePack": "",
                "ApplicationType": "Plugin",
                "SoftwareId": "11",
                "OperatingMode": "BYOSL/Purchased/Test/Trial/Free",
            },
        ],
    },
}
START = {
    "Authentication": AUTHENTICATION,
    "Request": {
        "Email": "Larry@NewMedia.com ",
        "CurrentDate": DATE,
        "Index": "283",
        "ServerName": "yvr-server-01 (free formatted text)",
        "SlotName": None,
        "GeoData": {"IpAddress": "192.0.2.1", "City": "Vancouver", "ZipCode": None},
        "PlatformData": {"Platform": "Windows", "PlatformVersion": "11"},
        "OperatingMode": "Purchased/Test/Trial",
    },
}
LAUNCH = {"Authentication": AUTHENTICATION, "Request": {"Email": "larry@newmedia.com", "LaunchDate": DATE}}


def mapped(tree, name="SessionEnd", api=API):
    operation = api.operation(name)
    operation.request.check(tree)
    return operation.command(tree, CONTEXT)


def ended(**members):
    tree = deepcopy(END)
    tree["Request"].update(members)
    return tree


def told(fault):
    row = API.row(fault)
    assert isinstance(row, InBand)
    assert row.status == 200
    return row.tree(fault, None)["Message"]


def refused(tree, name="SessionEnd", api=API):
    with pytest.raises(Fault) as caught:
        mapped(tree, name, api)
    return caught.value


def test_end_closes_the_open_session_of_email_and_index():
    write = mapped(END).command
    assert isinstance(write, Write)
    key = Key("workstation", "170200123", "larry@newmedia.com/283")
    assert (write.kind, write.find, write.key) == ("closed", ByKey(key, open_only=True), key)
    assert (write.missing, write.retry, write.replace) == (Missing.CREATE, Retry.WINDOW, False)
    assert write.changes["subject"].email == "larry@newmedia.com"
    assert write.changes["device"].workstation_type == "3DA/GD"
    assert (write.changes["mode"], write.changes["index"]) == ("1/2", "283")
    assert write.changes["ended_at"] == write.occurred_at == AT
    assert write.changes["attributes"] == {"SessionEnd": {"CurrentDate": DATE}}


def test_applications_are_typed_and_keep_the_text_that_types_would_lose():
    maya, renderman = mapped(END).command.changes["applications"]
    assert (maya.name, maya.kind, maya.duration) == ("Autodesk Maya", "Application", timedelta(0, 8122))
    assert (maya.licence_owned, maya.version, maya.service_pack, maya.software_id) == (True, "2025", "SP3", "1")
    assert maya.operating_mode == "BYOSL/Purchased/Test/Trial/Free"
    assert maya.attributes == {"Duration": "02:15:22 - (HH:MM:SS)"}
    assert (renderman.licence_owned, renderman.service_pack) == (False, "")
    assert renderman.attributes == {"OwnSoftwareLicenseUsed": "false"}


def test_start_and_end_of_one_session_meet_whatever_the_case_of_the_email():
    started, closed = mapped(START, "SessionStart").command, mapped(END).command
    assert started.key == closed.find.key
    assert (started.kind, started.find, started.missing) == ("opened", None, Missing.CREATE)
    assert started.changes["started_at"] == AT
    assert started.changes["device"].device_id == "yvr-server-01 (free formatted text)"


def test_start_keeps_all_that_was_sent():
    kept = mapped(START, "SessionStart").command.changes["attributes"]["SessionStart"]
    assert kept == {
        "CurrentDate": DATE,
        "ServerName": "yvr-server-01 (free formatted text)",
        "GeoData": {"IpAddress": "192.0.2.1", "City": "Vancouver"},
        "PlatformData": {"Platform": "Windows", "PlatformVersion": "11"},
        "OperatingMode": "Purchased/Test/Trial",
    }


def test_launch_is_a_fact_that_touches_no_session():
    write = mapped(LAUNCH, "ProductLaunch").command
    assert (write.kind, write.find, write.key, write.occurred_at) == ("recorded", None, None, AT)
    assert write.changes["attributes"] == {"ProductLaunch": {"LaunchDate": DATE}}


@pytest.mark.parametrize("index", [{}, {"Index": None}, {"Index": ""}])
def test_a_session_without_index_is_found_by_its_email_alone(index):
    tree = ended()
    del tree["Request"]["Index"]
    tree["Request"].update(index)
    assert mapped(tree).command.key.id == "larry@newmedia.com/"


@pytest.mark.parametrize(("tree", "name"), [(END, "SessionEnd"), (START, "SessionStart"), (LAUNCH, "ProductLaunch")])
def test_the_answer_is_code_00(tree, name):
    at = {"recorded_at": NOW, "updated_at": NOW}
    session = Session(UUID(int=1), "demo", Key("workstation", "1", "x/"), State.OPEN, **at)
    operation = API.operation(name)
    answer = operation.present(Outcome(session=session), Asked(tree, CONTEXT))
    assert (answer.status, answer.tree) == (200, {"Message": {"Code": "00", "Description": "Success"}})
    operation.answer.check(answer.tree)


@pytest.mark.parametrize(("tree", "name"), [(END, "SessionEnd"), (START, "SessionStart"), (LAUNCH, "ProductLaunch")])
def test_the_key_never_reaches_a_command(tree, name):
    operation = API.operation(name)
    assert operation.credentials(tree).secret == AUTHENTICATION["Key"]
    assert AUTHENTICATION["Key"] not in str(canonical(mapped(tree, name).command))
    assert redact(operation.request, tree)["Authentication"] == {"Id": "***", "Key": "***"}


def test_id_and_key_are_the_credentials_and_half_a_pair_is_none():
    shown = API.operation("SessionEnd").credentials(END)
    assert (shown.kind, shown.name, shown.realm) == ("pair", "170200123", "170200123")
    for half in ({}, {"Id": "1"}, {"Key": "1"}, {"Id": "", "Key": "1"}, {"Id": None, "Key": "1"}):
        assert API.operation("SessionEnd").credentials({"Authentication": half}) is None


@pytest.mark.parametrize("name", ["Email", "CurrentDate"])
@pytest.mark.parametrize("value", [None, "", "  "])
def test_missing_data_is_code_02_and_is_named(name, value):
    message = told(refused(ended(**{name: value})))
    assert message["Code"] == "02"
    assert name in message["Description"]


def test_what_is_required_is_a_setting():
    api = PLUGIN.build(load(PLUGIN.settings, flags={"workstation.required": "Index"}))
    assert mapped(ended(Email=None, CurrentDate=None), api=api).command.changes["index"] == "283"
    assert refused(ended(Index=""), api=api).fields[0].path == "Request.Index"


@pytest.mark.parametrize(
    "text", ["yesterday", "2025-13-04 06:57:36", "2025-12-04", "04.12.2025 06:57:36", "2025-12-04 24:00:00"]
)
def test_a_wrong_date_is_code_03(text):
    fault = refused(ended(CurrentDate=text))
    assert (fault.kind, told(fault)["Code"], fault.fields[0].path) == (FaultKind.INVALID, "03", "Request.CurrentDate")
    assert text not in told(fault)["Description"]


def test_a_wrong_duration_is_code_03_and_says_of_which_application():
    fault = refused(ended(ApplicationsUsed=[{"Duration": "1:2:3"}, {"Duration": "long"}]))
    assert told(fault)["Code"] == "03"
    assert fault.fields[0].path == "Request.ApplicationsUsed[1].Duration"


def test_a_null_application_is_noted_and_left_out():
    result = mapped(ended(ApplicationsUsed=[None, {"Name": "Maya"}]))
    assert [use.name for use in result.command.changes["applications"]] == ["Maya"]
    assert [str(note) for note in result.notes] == ["null_item:Request.ApplicationsUsed[0]"]


@pytest.mark.parametrize(
    "tree",
    [{}, {"Request": {}}, {"Authentication": {}}, {"Authentication": None, "Request": {}}],
)
def test_a_request_without_its_two_parts_is_web_apis_400(tree):
    fault = refused(tree)
    row = API.row(fault)
    assert isinstance(row, Native)
    assert (row.status, row.text) == (400, "The request is invalid.")
    assert {item.path for item in fault.fields} <= {"Authentication", "Request"}
    assert {item.rule for item in fault.fields} == {"required"}


def test_every_kind_of_fault_has_a_row():
    assert set(API.faults) == set(FaultKind)


@pytest.mark.parametrize(
    ("kind", "code"), [("unauthenticated", "01"), ("invalid", "03"), ("busy", "90"), ("internal", "99")]
)
def test_business_faults_are_told_by_their_code(kind, code):
    row = API.faults[FaultKind(kind)]
    tree = row.tree(Fault(FaultKind(kind)), None)
    row.message.check(tree)
    assert tree["Message"]["Code"] == code


def test_a_caller_is_told_what_to_do_but_nothing_about_its_credentials():
    conflict = told(Fault(FaultKind.CONFLICT, "Use a new key."))
    assert (conflict["Code"], conflict["Description"].endswith(": Use a new key.")) == ("07", True)
    for kind in (FaultKind.UNAUTHENTICATED, FaultKind.FORBIDDEN, FaultKind.INTERNAL):
        assert "170200123" not in told(Fault(kind, "170200123 may not"))["Description"]


def test_texts_are_settings():
    api = PLUGIN.build(load(PLUGIN.settings, flags={"workstation.text_00": "OK", "workstation.text_01": "No"}))
    answer = api.operation("SessionEnd").present(Outcome(), Asked(END, CONTEXT))
    assert answer.tree["Message"] == {"Code": "00", "Description": "OK"}
    row = api.faults[FaultKind.UNAUTHENTICATED]
    assert row.tree(Fault(FaultKind.UNAUTHENTICATED), None)["Message"] == {"Code": "01", "Description": "No"}


def test_data_contract_order_and_namespaces_are_the_published_ones():
    message = API.operation("SessionEnd").request
    request, shown = message.by_key["Request"].message, message.by_key["Authentication"].message
    assert [member.name for member in request.xml_members] == [
        *("ApplicationsUsed", "CurrentDate", "Email", "Index", "MeasureMode", "WorkstationType")
    ]
    assert (message.namespace, message.name) == (
        "http://schemas.datacontract.org/2004/07/ApiModels",
        "SessionEndBindingModel",
    )
    assert shown.namespace == "http://schemas.datacontract.org/2004/07/Api.Models"
    assert request.by_key["ApplicationsUsed"].item.message.name == "ApplicationUsed"
    assert [member.name for member in request.members] == list(END["Request"])


@given(st.datetimes(min_value=datetime(1000, 1, 1)).map(lambda at: at.replace(microsecond=0)), st.text())
def test_a_date_is_read_whatever_comment_follows(at, comment):
    assert parse_date(f"{at:%Y-%m-%d %H:%M:%S} {comment}") == at.replace(tzinfo=UTC)


def written(span: timedelta) -> str:
    minutes, seconds = divmod(int(span.total_seconds()), 60)
    return f"{minutes // 60:02}:{minutes % 60:02}:{seconds:02}"


@given(st.integers(0, 3_599_999_999))
def test_durations_come_back_as_they_were_written(seconds):
    span = timedelta(seconds=seconds)
    assert parse_duration(written(span)) == span
    assert is_duration_alone(written(span))


@given(st.from_regex(r"\s?\d{1,6}:\d{1,2}:\d{1,2}.?", fullmatch=True))
def test_a_duration_is_kept_as_text_where_it_would_not_be_written_so_again(text):
    span = parse_duration(text)
    assert (span is not None and is_duration_alone(text)) == (span is not None and written(span) == text)


@given(st.text())
def test_no_text_breaks_the_readers(text):
    assert parse_date(text) is None or parse_date(text).tzinfo is UTC
    assert parse_duration(text) is None or parse_duration(text) >= timedelta(0)
    assert parse_flag(text) in (None, True, False)


@pytest.mark.parametrize("text", ["", "1:60:00", "1:00:60", "-1:00:00", "1:2", "1:2:3:4", "٠١:00:00"])
def test_what_is_no_duration(text):
    assert parse_duration(text) is None


def test_hours_may_exceed_a_day():
    assert parse_duration("100:00:01 - (HH:MM:SS)") == timedelta(hours=100, seconds=1)
