"""The pages for people and tools: metadata, types for clients."""

import ast
import html
import importlib.util
import json
import re
from pathlib import Path

import pytest

from gateway.boot import table
from gateway.limits import DEFAULT
from gateway.registry import build as build_all
from gateway.registry import discover
from gateway.settings import load
from gateway.wire import WireRequest
from schemas.api import Answer

_spec = importlib.util.spec_from_file_location("servicestack_recording", Path(__file__).with_name("conftest.py"))
recording = importlib.util.module_from_spec(_spec)
_spec.loader.exec_module(recording)

X = "UserClientSessionLogRequest"
FORMATS = ("xml", "json", "jsv", "csv", "soap11", "soap12")


def text(driver, path):
    response = driver("GET", path)
    assert response.status == 200, response
    return response.body.decode()


def samples(page):
    found = re.findall(r"<pre[^>]*>(.*?)</pre>", page, re.DOTALL)
    return [html.unescape(one) for one in found]


def test_the_index_links_every_format_of_every_operation(recorded):
    page = text(recorded, "/metadata")
    for name in FORMATS:
        assert f'/{name}/metadata?op={X}"' in page


@pytest.mark.parametrize("name", FORMATS)
def test_a_format_lists_its_operations(recorded, name):
    assert f'href="?op={X}"' in text(recorded, f"/{name}/metadata")


@pytest.mark.parametrize(("name", "kind"), [("xml", "application/xml"), ("json", ""), ("jsv", ""), ("csv", "")])
def test_the_sample_request_of_an_operation_is_accepted(recorded, name, kind):
    request, response = samples(text(recorded, f"/{name}/metadata?op={X.lower()}"))
    head, _, body = request.partition("\n\n")
    assert head.startswith(f"POST /{name}/reply/{X} HTTP/1.1 \nHost: localhost \n")
    if name == "jsv":  # shown over several lines, which the original does not read back either
        body = re.sub(r"\n\t*|(?<=:) ", "", body)
    answered = recorded("POST", f"/{name}/reply/{X}", {}, body.encode())
    assert answered.status == 200
    assert recorded.decoded[0].tree["ClientReferUid"] == "String"
    assert recorded.decoded[0].notes == ()
    assert response.startswith("HTTP/1.1 200 OK\n")


@pytest.mark.parametrize("name", ["soap11", "soap12"])
def test_the_sample_envelope_of_an_operation_is_accepted(recorded, name):
    request, _ = samples(text(recorded, f"/{name}/metadata?op={X}"))
    head, _, body = request.partition("\n\n")
    assert f"SOAPAction: {X}" in head
    assert recorded("POST", f"/{name}", {"Content-Type": "text/xml"}, body.encode()).status == 200


def test_the_sample_answer_shows_first_choices_and_minimal_dates(recorded):
    _, response = samples(text(recorded, f"/json/metadata?op={X}"))
    tree = json.loads(response.partition("\n\n")[2])
    assert tree["Result"] == "Unknown"
    assert tree["ServerErrorDetails"]["Code"] == "ClientDataSubmissionFailure"
    assert tree["LogEntries"][0]["User"] == "String"


def test_the_index_links_the_formal_descriptions(recorded):
    page = text(recorded, "/metadata")
    for path in ("/metadata?xsd=0", "/metadata?xsd=1", "/metadata?xsd=2", "/soap11", "/soap12", "/types/python"):
        assert f'href="http://localhost{path}"' in page
        assert recorded("GET", path).status == 200


def test_the_index_tells_apart_what_is_of_which_api(everything):
    page = text(everything, "/metadata")
    assert page.index("3DPartStream.NET XML interfaces</h2>") < page.index("SWServiceLogin</th>")


@pytest.mark.parametrize("path", ["/metadata", "/xml/metadata", f"/xml/metadata?op={X}", f"/html/reply/{X}"])
def test_pages_load_nothing_run_nothing_and_fit_a_phone(recorded, path):
    response = recorded("GET", path)
    page = response.body.decode()
    assert "default-src 'none'" in dict(response.headers)["Content-Security-Policy"]
    assert '<meta name="viewport" content="width=device-width, initial-scale=1">' in page
    assert not re.search(r"<script|<link|<img|src=|@import", page)


def test_an_answer_for_people_is_a_table_with_readable_dates(recorded):
    page = text(recorded, f"/html/reply/{X}?ClientReferUid=a%3Cb")
    assert "<h2>LogEntries (2)</h2>" in page
    assert '<td data-column="ClientReferUid">a&lt;b</td>' in page
    assert '<td data-column="ClientReferUid">c2, with &quot;quote&quot;</td>' in page
    assert '<td data-column="SessionEnd">2024-01-02T03:04:05.120+02:00</td>' in page
    assert '<tr><th scope="row">ProcessedAt</th><td>2024-01-02T03:04:05.678Z</td></tr>' in page
    told = html.unescape(re.search(r'<pre id="dto"[^>]*>(.*?)</pre>', page, re.DOTALL)[1])
    assert told == recorded("GET", f"/json/reply/{X}?ClientReferUid=a%3Cb").body.decode()


def test_an_answer_for_people_links_the_same_request_in_other_formats(recorded):
    page = text(recorded, f"/html/reply/{X}?ClientReferUid=a%26b&format=html")
    links = [html.unescape(one) for one in re.findall(r'href="(\?[^"]*)"', page)]
    assert links == [f"?ClientReferUid=a%26b&format={name}" for name in ("json", "xml", "csv", "jsv")]
    assert [recorded("GET", f"/html/reply/{X}{link}").status for link in links] == [200] * 4


def test_an_answer_for_people_repeats_no_credential_and_links_no_request_with_a_body(everything):
    secret = "12345678-1234-1234-1234-123456789abc"
    exchange = everything.protocol.open(
        WireRequest("GET", f"/html/reply/{X}", f"sessionuid={secret}"),
        everything.router.match(WireRequest("GET", f"/html/reply/{X}")),
    )
    page = everything.protocol.encode(exchange, exchange.operation.answer, [Answer({})]).body.decode()
    assert secret not in page
    assert "Other formats" not in page
    posted = everything.protocol.open(
        WireRequest("POST", f"/html/reply/{X}"), everything.router.match(WireRequest("POST", f"/html/reply/{X}"))
    )
    assert b"Other formats" not in everything.protocol.encode(posted, posted.operation.answer, [Answer({})]).body


def test_the_page_of_an_unknown_operation_is_forbidden_as_recorded(recorded):
    response = recorded("GET", "/xml/metadata?op=Nope")
    assert (response.status, response.body) == (403, b"Forbidden\n\n")


def test_pages_are_only_read(recorded):
    assert recorded("POST", "/metadata", {}, b"x").status == 404


def test_a_hostile_host_name_is_escaped(recorded):
    request = WireRequest("GET", "/metadata", base_url='http://x"><script>alert(1)</script>')
    assert b"<script>" not in recorded.ask(request).body


def test_operations_as_json(recorded):
    assert json.loads(text(recorded, "/operations/metadata")) == [
        {
            "Name": X,
            "ResponseName": "UserClientSessionLogResponse",
            "ServiceName": "Recorded",
            "Actions": ["ANY"],
            "Routes": ["/userclientsession/log"],
        }
    ]


def test_types_as_json(recorded):
    found = json.loads(text(recorded, "/types/metadata.json"))
    assert found["operations"][0]["request"]["name"] == X
    assert found["operations"][0]["returnType"] == {"name": "UserClientSessionLogResponse"}
    names = {item["name"] for item in found["types"]}
    assert {"UserClientSessionLogResponse", "UserClientSessionLog", "ErrorResponse"} <= names


@pytest.mark.parametrize("language", ["typescript", "python", "csharp"])
def test_types_for_clients_have_what_update_tools_look_for(recorded, language):
    found = text(recorded, f"/types/{language}")
    assert "Options:" in found
    assert "BaseUrl: http://localhost\n" in found
    assert 'Route("/userclientsession/log")' in found
    assert dict(recorded("GET", f"/types/{language}").headers)["Content-Type"].startswith("text/plain")


def test_python_types_are_python(recorded):
    tree = ast.parse(text(recorded, "/types/python"))
    names = [node.name for node in tree.body if isinstance(node, ast.ClassDef)]
    assert names.index("UserClientSessionLog") < names.index("UserClientSessionLogResponse")
    assert X in names


def test_typescript_types_are_named_as_the_wire_has_them(recorded):
    found = text(recorded, "/types/typescript")
    assert f"export class {X} implements IReturn<UserClientSessionLogResponse>" in found
    assert "public clientReferUid?: string;" in found
    assert "public logEntries?: UserClientSessionLog[];" in found


@pytest.fixture(scope="module")
def everything():
    """Every built-in API, offered over ServiceStack."""
    registry = discover()
    settings = load(table(registry))
    built = build_all(registry, settings)
    assert [item for item in built.disabled if item.name == "servicestack" or item.group.endswith("apis")] == []
    return recording.Driver(built.protocols["servicestack"], tuple(built.apis.values()), native=False)


def test_every_operation_of_every_built_in_api_has_its_pages_and_its_samples_decode(everything):
    names = [row["Name"] for row in json.loads(text(everything, "/operations/metadata"))]
    assert len(names) > 10
    for operation in names:
        for name in FORMATS:
            request, _ = samples(text(everything, f"/{name}/metadata?op={operation}"))
            body = request.partition("\n\n")[2].encode()
            if name in ("xml", "json", "csv"):
                driven = WireRequest("POST", f"/{name}/reply/{operation}", body=body)
                exchange = everything.protocol.open(driven, everything.router.match(driven))
                everything.protocol.decode(exchange, DEFAULT)


@pytest.mark.parametrize("language", ["typescript", "python", "csharp"])
def test_types_of_every_built_in_api(everything, language):
    found = text(everything, f"/types/{language}")
    assert "SWServiceLogin" in found
    if language == "python":
        ast.parse(found)
