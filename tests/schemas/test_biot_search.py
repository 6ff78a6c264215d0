"""BioT's searches: what the store is asked, what a session is sorted by, and what a search finds."""

import uuid
from datetime import UTC, datetime, timedelta

import pytest

from gateway.spi import Context, Device, Fault, Key, Principal, Session, SessionFilter, Settings, State, Subject
from schemas.biot import PLUGIN
from schemas.biot_options import Options
from schemas.biot_search import search
from tests.schemas.memory import NOW

PATIENT = uuid.UUID("3fa85f64-5717-4562-b3fc-2c963f66afa8")
CONTEXT = Context(Principal("jwt:ann", "biot", "demo", claims={"tenantId": "clinic"}), NOW)


def command(request=None, *, in_progress=False, **options):
    tree = {} if request is None else {"searchRequest": request}
    return search(Options(**options), in_progress, tree, CONTEXT).command


def session(realm="clinic", biot=None, **values):
    made = {"started_at": NOW, "device": Device(device_id="device-01"), **values}
    key = Key("biot", realm, str(uuid.uuid4()))
    return Session(uuid.uuid4(), "demo", key, State.OPEN, NOW, NOW, attributes={"biot": biot or {}}, **made)


def found(one, request=None, **options):
    return command(request, **options).pick.rank(one) is not None


@pytest.mark.parametrize(
    ("conditions", "narrowed"),
    [
        ({}, {}),
        ({"_state": {"eq": "PAUSED"}}, {"state": State.PAUSED}),
        ({"_state": {"in": ["DONE"]}}, {"state": State.CLOSED}),
        ({"_state": {"in": ["ACTIVE", "PAUSED"]}}, {"open_only": True}),
        ({"_state": {"in": ["ACTIVE", "DONE"]}}, {}),
        ({"_state": {"in": []}}, {}),
        ({"_state": {"not": "DONE"}}, {}),
        ({"_state": {"eq": "SLEEPING"}}, {}),
        (
            {"_startTime": {"from": "2025-12-20T00:00:00Z", "to": "2025-12-21"}},
            {"started_from": datetime(2025, 12, 20, tzinfo=UTC), "started_to": datetime(2025, 12, 21, tzinfo=UTC)},
        ),
        ({"_endTime": {"from": "2025-12-20"}}, {}),
        ({"_device.id": {"eq": "device-01"}}, {"client": "device-01"}),
        ({"_device.id": {"in": ["device-01"]}}, {"client": "device-01"}),
        ({"_device.id": {"in": ["device-01", "device-02"]}}, {}),
        ({"_device.id": {"like": "device-01"}}, {}),
        ({"_device.id": {"eq": 5}}, {}),
        ({"_patient.id": {"eq": str(PATIENT).upper()}}, {"subject_uid": PATIENT}),
        ({"_patient.id": {"eq": "nobody"}}, {}),
        ({"_state": {"eq": "PAUSED"}, "$OR": {"filter": {"_name": {"eq": "x"}}}}, {}),
        ({"_state": {"eq": "PAUSED"}, "$NOT": {"filter": {"_device.id": {"eq": "d"}}}}, {"state": State.PAUSED}),
        ({"$AND": {"filter": {"_state": {"eq": "PAUSED"}}}}, {}),
    ],
)
def test_the_store_narrows_a_search_by_what_it_indexes(conditions, narrowed):
    assert command({"filter": conditions}).where == SessionFilter(**{"api": "biot", **narrowed})


def test_sessions_in_progress_are_the_open_ones():
    assert command(in_progress=True).where == SessionFilter(api="biot", open_only=True)
    assert command({"filter": {"_id": {"eq": "d"}}}, in_progress=True).where.client == "d"


@pytest.mark.parametrize(
    ("request_", "limit", "offset"),
    [
        (None, 100, 0),
        ({}, 100, 0),
        ({"limit": 10, "page": 3}, 10, 30),
        ({"limit": None, "page": None}, 100, 0),
        ({"limit": 1_000_000, "page": 2}, 10_000, 20_000),
    ],
)
def test_pages(request_, limit, offset):
    read = command(request_)
    assert (read.limit, read.offset, read.reach) == (limit, offset, 100_000)


def test_a_search_finds_sessions_of_its_own_account_only():
    assert found(session())
    assert not found(session("hospital"))


@pytest.mark.parametrize(
    ("prop", "value"),
    [
        ("_templateName", "sleep"),
        ("_templateId", "t-1"),
        ("_initiator", "REMOTE_CONTROL"),
        ("_ownerOrganization.id", "clinic"),
        ("_patient.id", str(PATIENT)),
        ("_requiredMeasurementIntervalMilliseconds", 1000),
        ("colour", "red"),
        ("_configuration.rate", 5),
        ("rate", 5),
        ("_summary.box.depth", 2),
        ("a.b", "dotted"),
    ],
)
def test_every_property_can_be_asked_for(prop, value):
    biot = {
        "template_name": "sleep",
        "template_id": "t-1",
        "initiator": "REMOTE_CONTROL",
        "custom": {"colour": "red", "a.b": "dotted"},
        "configuration": {"rate": 5},
        "summary": {"box": {"depth": 2}},
    }
    one = session(biot=biot, subject=Subject(uid=PATIENT))
    assert found(one, {"filter": {prop: {"eq": value}}})
    assert not found(one, {"filter": {prop: {"not": value}}})


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("NIGHT", True),
        ("day red", True),
        ("device-01", True),
        ("active", True),
        ("12", True),
        ("2026", False),
        ("day", False),
        ("  ", True),
    ],
)
def test_free_text_is_looked_for_in_everything_but_times(text, expected):
    one = session(name="Night", biot={"custom": {"colour": "red", "rate": 12}}, started_at=NOW)
    assert NOW.year == 2026
    assert found(one, {"freeTextSearch": text}) is expected


def ranked(sessions, *sort):
    pick = command({"sort": [{"prop": prop, "order": order} for prop, order in sort]} if sort else {}).pick
    return [one.name for one in sorted(sessions, key=pick.rank)]


def test_what_is_unknown_stands_last_whichever_the_order():
    sessions = [session(name=name) for name in ("b", None, "a", "c")]
    assert ranked(sessions, ("_name", "ASC")) == ["a", "b", "c", None]
    assert ranked(sessions, ("_name", "DESC")) == ["c", "b", "a", None]
    assert ranked(sessions, ("_name", None)) == ["c", "b", "a", None]


def test_the_second_property_decides_between_equals():
    sessions = [
        session(name=name, started_at=NOW + timedelta(hours=hour)) for name, hour in (("a", 1), ("b", 1), ("c", 0))
    ]
    assert ranked(sessions, ("_startTime", "ASC"), ("_name", "DESC")) == ["c", "b", "a"]


def test_only_published_properties_sort():
    with pytest.raises(Fault) as caught:
        command({"sort": [{"prop": "_name"}, {"prop": "colour"}]})
    assert caught.value.fields[0].path == "searchRequest.sort[1].prop"


def test_the_settings_bound_a_search():
    settings = Settings({setting.name: setting.default for setting in PLUGIN.settings})
    api = PLUGIN.build(settings.with_(biot__search_limit=5, biot__search_reach=0))
    read = api.operation("searchSessions").command({}, CONTEXT).command
    assert (read.limit, read.reach) == (5, 1)
