"""SOAP toolkits that know nothing but the WSDL keep a session through the gateway's own service."""

from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from types import SimpleNamespace
from uuid import UUID

import httpx
import pytest
import requests
import zeep
from lxml import etree
from suds import WebFault
from suds.client import Client as SudsClient
from zeep.plugins import HistoryPlugin

from tests.e2e.conftest import Server, command, start

pytestmark = pytest.mark.once

SPACE = "urn:session-gateway:sessions"
NOBODY = UUID("7b0c2f0e-2f8e-4c56-9d0a-0d9f3a0c1d11")
START = datetime(2007, 12, 20, 10, 15, 30, tzinfo=UTC)
ENVELOPES = {
    "1.1": ("http://schemas.xmlsoap.org/soap/envelope/", "text/xml; charset=utf-8"),
    "1.2": ("http://www.w3.org/2003/05/soap-envelope", "application/soap+xml; charset=utf-8"),
}


@pytest.fixture(scope="module")
def database(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("soap") / "gateway.db"


@pytest.fixture(scope="module")
def key(database: Path) -> str:
    """The secret of a key that may read and write, made before the server so that every worker knows it."""
    words = ("credentials", "add", "--api", "sessions", "--tenant", "acme")
    said = command(*words, "--scope", "sessions:read", "--scope", "sessions:write", database=database)
    return said.split()[-1]


@pytest.fixture(scope="module")
def server(database: Path, key: str) -> Iterator[Server]:
    running = start(database)
    yield running
    running.stop()


@pytest.fixture(scope="module")
def schema(server: Server) -> etree.XMLSchema:
    """The schema in the served description."""
    with server.client() as client:
        root = etree.fromstring(client.get("/v1/soap?wsdl").content)
    return etree.XMLSchema(etree.fromstring(etree.tostring(root.find(".//{http://www.w3.org/2001/XMLSchema}schema"))))


def payload(envelope: etree._Element) -> etree._Element:
    """What the Body, or the detail of a fault in it, holds."""
    inner = envelope.xpath("*[local-name() = 'Body']/*")[0]
    if etree.QName(inner).localname != "Fault":
        return inner
    return inner.xpath("*[local-name() = 'detail' or local-name() = 'Detail']/*")[0]


@pytest.fixture(params=["1.1", "1.2"])
def service(request, server: Server, key: str, schema: etree.XMLSchema) -> Iterator[SimpleNamespace]:
    """zeep's view of the service; afterwards all that was said must have been as the description says."""
    session = requests.Session()
    session.trust_env = False
    session.headers["Authorization"] = f"Bearer {key}"
    history = HistoryPlugin(maxlen=100)
    url = f"{server.url}/v1/soap?wsdl"
    client = zeep.Client(url, transport=zeep.Transport(session=session), plugins=[history])
    yield client.bind("sessions", f"sessionsSoap{request.param.replace('.', '')}")
    assert len(history._buffer) > 0
    for exchange in history._buffer:
        for way in ("sent", "received"):
            schema.assertValid(payload(exchange[way]["envelope"]))


def attributes(**values: str) -> dict[str, list[etree._Element]]:
    made = [etree.Element(f"{{{SPACE}}}{name}") for name in values]
    for element, value in zip(made, values.values(), strict=True):
        element.text = value
    return {"_value_1": made}


def test_zeep_keeps_a_whole_session(service):
    opened = service.OpenSession(
        name="Morning",
        started_at=START,
        subject={"email": "ann@example.com"},
        device={"device_id": "device-soap"},
        attributes=attributes(ShiftCode="früh"),
        applications=[{"name": "Maya", "duration": 90.5}, {"name": "Notepad"}],
    )
    assert (opened.state, opened.version, opened.started_at, opened.ended_at) == ("open", 1, START, None)
    assert [(use.name, use.duration) for use in opened.applications] == [("Maya", 90.5), ("Notepad", None)]
    assert [(element.tag, element.text) for element in opened.attributes._value_1] == [
        (f"{{{SPACE}}}ShiftCode", "früh")
    ]

    assert service.ReadSession(uid=opened.uid).subject.email == "ann@example.com"

    changed = service.ChangeSession(uid=opened.uid, mode="night", if_match=f'"{opened.version}"')
    assert (changed.mode, changed.name, changed.version) == ("night", "Morning", 2)

    page = service.ListSessions(client="device-soap", open=True, limit=1)
    assert [session.uid for session in page["items"]] == [opened.uid]

    event = service.AppendEvent(kind="paused", session_uid=opened.uid, changes={"state": "paused"})
    assert (event.kind, event.session_uid, event.protocol) == ("paused", opened.uid, "soap")

    ended = service.EndSession(
        uid=opened.uid, stop_reason="Manual Stop", ended_at=datetime(2007, 12, 20, 11, tzinfo=UTC)
    )
    assert (ended.state, ended.stop_reason) == ("closed", "Manual Stop")

    events = service.ListSessionEvents(uid=opened.uid)["items"]
    assert [event.kind for event in events] == ["opened", "updated", "paused", "closed"]
    assert [event.notes for event in events] == [[], [], [], []]
    assert events[0].position in [event.position for event in service.ListEvents(after=events[0].position - 1)["items"]]

    listed = service.ListSessions(client="device-soap", open=True)
    assert opened.uid not in [session.uid for session in listed["items"]]


def test_nil_clears_a_member_and_empties_a_list(service):
    opened = service.OpenSession(name="Evening", applications=[{"name": "Maya"}])
    changed = service.ChangeSession(uid=opened.uid, name=zeep.xsd.Nil, applications=zeep.xsd.Nil)
    assert (changed.name, changed.applications) == (None, [])


@pytest.mark.parametrize(
    ("call", "code", "path"),
    [
        (lambda service: service.ReadSession(uid=NOBODY), "not_found", None),
        (lambda service: service.ListSessions(limit=100_000), "invalid", "limit"),
        (lambda service: service.EndSession(uid=NOBODY), "not_found", None),
        (lambda service: service.ChangeSession(uid=NOBODY, if_match="3"), "invalid", "If-Match"),
    ],
    ids=["unknown session", "limit out of range", "end of an unknown session", "no ETag"],
)
def test_zeep_is_told_what_was_wrong(service, call: Callable[..., object], code: str, path: str | None):
    with pytest.raises(zeep.exceptions.Fault) as caught:
        call(service)
    fault = caught.value
    assert fault.code.endswith(("Client", "Sender"))
    assert fault.message
    detail = fault.detail[0]
    assert detail.tag == f"{{{SPACE}}}fault"
    assert detail.findtext(f"{{{SPACE}}}code") == code
    assert [field.get("path") for field in detail.findall(f"{{{SPACE}}}field")] == ([path] if path else [])


def test_suds_keeps_a_whole_session(server: Server, key: str):
    client = SudsClient(f"{server.url}/v1/soap?wsdl", headers={"Authorization": f"Bearer {key}"}, cache=None)
    service = client.service["sessionsSoap11"]
    subject = client.factory.create("{urn:session-gateway:sessions}Subject")
    subject.user_id = "bob"
    opened = service.OpenSession(name="Suds", subject=subject, started_at=START, applications=[{"name": "Maya"}])
    assert (opened.state, opened.subject.user_id, opened.started_at) == ("open", "bob", START)
    assert service.ReadSession(uid=opened.uid).name == "Suds"
    assert service.ChangeSession(uid=opened.uid, mode="night").mode == "night"
    assert [session.uid for session in service.ListSessions(user="bob", open=True)["items"]] == [opened.uid]
    assert service.EndSession(uid=opened.uid).state == "closed"
    kinds = [event.kind for event in service.ListSessionEvents(uid=opened.uid)["items"]]
    assert kinds == ["opened", "updated", "closed"]
    with pytest.raises(WebFault) as caught:
        service.ReadSession(uid=NOBODY)
    assert caught.value.fault.faultcode == "soap:Client"
    assert caught.value.fault.detail.fault.code == "not_found"


def read(client: httpx.Client, version: str, **headers: str) -> httpx.Response:
    space, media_type = ENVELOPES[version]
    body = f'<e:Envelope xmlns:e="{space}"><e:Body><ListSessions xmlns="{SPACE}"/></e:Body></e:Envelope>'
    return client.post("/v1/soap", content=body.encode(), headers={"Content-Type": media_type, **headers})


@pytest.mark.parametrize("action", [None, "", '""', "*", '"*"', f"{SPACE}/ListSessions", f'"{SPACE}/ListSessions"'])
def test_the_soap_action_may_be_quoted_or_a_star_or_missing(server: Server, key: str, action: str | None):
    headers = {"Authorization": f"Bearer {key}"} | ({} if action is None else {"SOAPAction": action})
    with server.client() as client:
        answer = read(client, "1.1", **headers)
    assert answer.status_code == 200
    assert payload(etree.fromstring(answer.content)).tag == f"{{{SPACE}}}ListSessionsResponse"


@pytest.mark.parametrize(("version", "status"), [("1.1", 500), ("1.2", 400)])
def test_without_a_key_the_fault_says_so_in_the_version_of_the_request(
    server: Server, schema: etree.XMLSchema, version: str, status: int
):
    with server.client() as client:
        answer = read(client, version)
    assert (answer.status_code, answer.headers["Content-Type"]) == (status, ENVELOPES[version][1])
    envelope = etree.fromstring(answer.content)
    assert etree.QName(envelope).namespace == ENVELOPES[version][0]
    schema.assertValid(payload(envelope))
    assert payload(envelope).findtext(f"{{{SPACE}}}code") == "unauthenticated"


def test_the_description_names_the_address_at_which_it_was_asked_for(server: Server):
    with server.client() as client:
        home = client.get("/").text
        answer = client.get("/v1/soap?wsdl", headers={"Host": f"localhost:{server.port}"})
    assert 'href="/v1/soap?wsdl"' in home
    assert answer.headers["Content-Type"] == "text/xml; charset=utf-8"
    found = etree.fromstring(answer.content).xpath("//*[local-name() = 'address']/@location")
    assert found == [f"http://localhost:{server.port}/v1/soap"] * 2
