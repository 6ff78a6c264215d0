"""CloudEvents 1.0 in and out: what is required, what is kept, and that our own are understood again."""

import json
import uuid

import pytest

from adapters.codecs.json import STRICT
from gateway.spi import EventKind, Fault, Limits
from schemas.sessions import PLUGIN, Settings
from schemas.sessions_cloudevents import FORM
from tests.schemas.memory import Caller
from tests.schemas.test_sessions import ANN

API = PLUGIN.build(Settings({}))
UID = "7b0c2f0e-2f8e-4c56-9d0a-0d9f3a0c1d11"
SENT = {"specversion": "1.0", "id": "1", "source": "/a", "type": "org.session-gateway.session.closed", "subject": UID}


def read(**more):
    sent = {name: value for name, value in {**SENT, **more}.items() if value is not ...}
    tree = STRICT.decode(json.dumps(sent).encode(), FORM.message, Limits()).tree
    FORM.message.check(tree)
    return FORM.read(tree)


def refused(**more):
    with pytest.raises(Fault) as caught:
        read(**more)
    return {error.path for error in caught.value.fields}


@pytest.mark.parametrize("name", ["specversion", "id", "source", "type"])
@pytest.mark.parametrize("value", [..., None, ""])
def test_the_required_attributes_are_required(name, value):
    assert refused(**{name: value}) == {name}


@pytest.mark.parametrize(
    ("more", "path"),
    [
        ({"specversion": "0.3"}, "specversion"),
        ({"type": "org.session-gateway.session.exploded"}, "type"),
        ({"type": "com.example.closed"}, "type"),
        ({"time": "2007-12-20T10:15:30"}, "time"),
        ({"datacontenttype": "text/plain"}, "datacontenttype"),
        ({"data_base64": "AA=="}, "data_base64"),
        ({"data": {"changes": {"state": "asleep"}}}, "data.changes.state"),
        ({"subject": ""}, "subject"),
    ],
)
def test_what_cannot_be_is_refused_and_named(more, path):
    assert refused(**more) == {path}


def test_null_is_the_same_as_absent():
    assert read(time=None, dataschema=None, data=None, plant=None) == read()


def test_the_subject_names_the_session_unless_the_data_does():
    assert read()["session_uid"] == uuid.UUID(UID)
    key = {"api": "ontime", "realm": "acme", "id": "7"}
    named = read(data={"key": key})
    assert "session_uid" not in named
    assert (named["key"], named["changes"]["attributes"]["cloudevents"]["subject"]) == (key, UID)


def test_what_has_no_place_is_kept():
    kept = read(subject="machine-7", plant="7", dataschema="urn:x", data={"changes": {"attributes": {"y": 1}}})
    origin = {"id": "1", "source": "/a", "subject": "machine-7", "plant": "7", "dataschema": "urn:x"}
    assert kept["changes"]["attributes"] == {"y": 1, "cloudevents": origin}


def test_source_and_id_together_make_the_key():
    tree = {"source": "/a", "id": "1"}
    assert FORM.key(tree) == FORM.key({**tree, "type": "x"})
    assert len({FORM.key(tree), FORM.key({**tree, "id": "2"}), FORM.key({**tree, "source": "/b"})}) == 3


@pytest.mark.parametrize("kind", ["paused", "closed", "recorded"])
def test_our_own_events_can_be_sent_on(kind):
    caller = Caller(API, ANN)
    uid = caller("OpenSession", {}).tree["uid"]
    event = caller("AppendEvent", {"kind": kind, "session_uid": uid}).tree
    wire = STRICT.encode(FORM.write(event), FORM.answer)
    shown = json.loads(wire)
    assert (shown["specversion"], shown["subject"]) == ("1.0", str(uid))
    assert (shown["id"], shown["type"]) == (str(event["id"]), f"org.session-gateway.session.{kind}")
    tree = STRICT.decode(wire, FORM.message, Limits()).tree
    FORM.message.check(tree)
    again = FORM.read(tree)
    assert (again["kind"], again["session_uid"], again["occurred_at"]) == (kind, uid, event["occurred_at"])


def test_a_fact_about_no_session_has_no_subject():
    event = Caller(API, ANN)("AppendEvent", {"kind": EventKind.RECORDED.value}).tree
    assert "subject" not in FORM.write(event)


def test_later_events_have_a_greater_sequence():
    caller = Caller(API, ANN)
    made = [FORM.write(caller("AppendEvent", {"kind": "recorded"}).tree)["sequence"] for _ in range(11)]
    assert made == sorted(made)
    assert len(set(made)) == 11
