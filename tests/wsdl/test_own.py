"""The description of the gateway's own service: made with spyne before a release, valid, and true of every answer."""

import subprocess
import sys
import uuid
from copy import deepcopy
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from lxml import etree

from adapters.codecs.soap import SoapCodec
from adapters.wrapped import RESULT, answer_of, request_of
from gateway.model import ApplicationUse, Device, EventKind, Key, Session, SessionEvent, State, Subject
from gateway.settings import Settings
from schemas import sessions
from schemas.message import Message
from wsdl.files import BASE, at

XS = "{http://www.w3.org/2001/XMLSchema}"
WSDL = "{http://schemas.xmlsoap.org/wsdl/}"
SPACE = "urn:session-gateway:sessions"
API = sessions.build(Settings({}))
ROOT = Path(__file__).parent.parent.parent
DOCUMENT = etree.fromstring(at("sessions.wsdl", BASE))
SCHEMA = etree.XMLSchema(etree.fromstring(etree.tostring(DOCUMENT.find(f".//{XS}schema"))))
OPERATIONS = pytest.mark.parametrize("operation", API.operations, ids=lambda operation: operation.name)


NOW = datetime(2026, 1, 2, 3, 4, 5, 678000, tzinfo=UTC)
SESSION = Session(
    uid=uuid.UUID(int=1),
    tenant="demo",
    key=Key("ontime", "acme", "17"),
    state=State.CLOSED,
    recorded_at=NOW,
    updated_at=NOW,
    subject=Subject(uuid.UUID(int=2), "ann@example.com", "ann", "driver"),
    device=Device(uuid.UUID(int=3), "PDA-7", "V8", "PC", "device-01"),
    started_at=NOW,
    ended_at=NOW,
    name="Früh & spät",
    start_mileage=-(2**40),
    end_mileage=2**40,
    attributes={"no name of XML": [1, {"a": None}], "x": True},
    applications=(ApplicationUse("Editor", duration=timedelta(seconds=90.5), attributes={"y": 1.5}), ApplicationUse()),
)
EVENT = SessionEvent(
    uuid.UUID(int=4), "demo", EventKind.CLOSED, NOW, NOW, "ontime", "Post", "webapi", "key:1",
    session_uid=SESSION.uid, changes={"state": "closed", "applications": [{"name": "Editor"}]}, notes=("a", "b"),
)  # fmt: skip


def run(code: str, *words: str) -> str:
    """What ``code`` prints in a process of its own."""
    done = subprocess.run([sys.executable, "-c", code, *words], capture_output=True, text=True, check=False, cwd=ROOT)
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.mark.parametrize("seed", ["1", "2"])
def test_it_is_made_alike_on_every_python_and_in_every_process(seed, monkeypatch):
    monkeypatch.setenv("PYTHONHASHSEED", seed)
    made = run("from wsdl.__main__ import sessions_wsdl as make; print(ascii(make().decode()))")
    assert made.strip() == ascii(at("sessions.wsdl", f"{BASE}/v1/soap").decode())


def test_no_request_reaches_spyne(tmp_path):
    code = """
import sys
from gateway import demo
from gateway.boot import assemble, load_settings
from gateway.wire import Headers, WireRequest
settings = load_settings(flags={"database": "sqlite:///" + sys.argv[1], "demo": True})
demo.seed(settings)
gateway = assemble(settings, watch=False)
body = b'<Envelope xmlns="http://schemas.xmlsoap.org/soap/envelope/"><Body><ListSessions xmlns="%s"/></Body></Envelope>'
headers = Headers([("Authorization", "Bearer demo")])
work = gateway.prepare(WireRequest("POST", "/v1/soap", headers=headers, body=body % sys.argv[2].encode()))
print(work.operation.name)
print(gateway.prepare(WireRequest("GET", "/v1/soap", "wsdl")).status)
print([name for name in sys.modules if name.partition(".")[0] == "spyne"])
gateway.close()
"""
    assert run(code, f"{tmp_path}/store.db", SPACE).splitlines()[-3:] == ["ListSessions", "200", "[]"]


def test_every_operation_is_described_for_both_versions_of_soap():
    names = [operation.name for operation in API.operations]
    assert [each.get("name") for each in DOCUMENT.iterfind(f"{WSDL}portType/{WSDL}operation")] == names
    bindings = {each.get("name"): each for each in DOCUMENT.iterfind(f"{WSDL}binding")}
    assert sorted(bindings) == ["sessionsSoap11", "sessionsSoap12"]
    for binding in bindings.values():
        assert [each.get("name") for each in binding.iterfind(f"{WSDL}operation")] == names
        actions = binding.xpath("*/*[local-name() = 'operation']/@soapAction")
        assert actions == [f"{SPACE}/{name}" for name in names]
    assert {part.get("name") for part in DOCUMENT.iter(f"{WSDL}part")} == {"parameters", "fault"}


@pytest.mark.parametrize("location", ["https://gw.example/v1/soap", 'http://h/"a"&b/v1/soap'])
def test_it_is_served_with_the_address_of_the_service(location):
    served = etree.fromstring(at("sessions.wsdl", location))
    assert served.xpath("//*[local-name() = 'address']/@location") == [location, location]
    assert BASE.encode() not in at("sessions.wsdl", location)


def body(tree: dict, message: Message) -> etree._Element:
    written = SoapCodec("sessions", sessions.SOAP).encode(tree, message)
    return deepcopy(etree.fromstring(written)[0][0])


@OPERATIONS
def test_a_full_answer_is_as_described(operation):
    session, event = sessions.answers.session_view(SESSION), sessions.answers.event_view(EVENT)
    item = session if operation.answer.by_key.get("state") or "Sessions" in operation.name else event
    tree = {"items": [item, item], "next": "more"} if "items" in operation.answer.by_key else item
    SCHEMA.assertValid(body({RESULT: tree}, answer_of(operation)))


@OPERATIONS
def test_an_answer_of_nulls_is_as_described(operation):
    nulls = {member.key: None for member in operation.answer.members if member.nillable}
    SCHEMA.assertValid(body({RESULT: nulls | ({"items": []} if "items" in nulls else {})}, answer_of(operation)))


@OPERATIONS
def test_the_element_of_a_request_has_each_member_under_its_name_in_programs(operation):
    kind = next(each for each in DOCUMENT.iter(f"{XS}complexType") if each.get("name") == operation.name)
    described = {element.get("name"): element.get("minOccurs", "1") == "1" for element in kind.iter(f"{XS}element")}
    assert described == {member.key: member.required for member in operation.request.members}
    assert [member.name for member in request_of(operation).members] == list(described)
