"""The help pages: what a person finds on them, and that their samples are the published ones and can be sent."""

import json
import re
from html import unescape
from pathlib import Path

import pytest
from lxml import html

from adapters.protocol import Match, Offer
from adapters.webapi import PLUGIN
from adapters.webapi_entry import friendly_id
from gateway.limits import DEFAULT
from gateway.registry import discover
from gateway.settings import Settings
from gateway.wire import Headers, WireRequest
from schemas import fields
from schemas.api import Api, Native, Operation, Route
from schemas.fields import WireSchema, message_of

PUBLISHED = (Path(__file__).parents[1] / "data" / "workstation" / "help.txt").read_text("utf-8")
WEBAPI = PLUGIN.build(Settings({"fidelity": "lenient"}))
REGISTRY = discover()
DEFAULTS = Settings({setting.name: setting.default for _, setting in REGISTRY.owned_settings})
APIS = [api for found in REGISTRY.apis if "webapi" in (api := found.plugin.build(DEFAULTS)).native]
ENDPOINTS = WEBAPI.bind([Offer(api, True) for api in APIS])
END = "POST-api-v1-workstation-session-end"


def get(path, query="", *, endpoints=ENDPOINTS, base_url="http://localhost", **values):
    """The answer to a GET of the page whose address is the template ``path``."""
    (endpoint,) = [endpoint for endpoint in endpoints if endpoint.path == path and endpoint.data is not True]
    request = WireRequest("GET", path, query, base_url=base_url)
    return WEBAPI.open(request, Match(endpoint, values)).reply.page


def read(*address, **values):
    """The page as a tree; it must be there."""
    answer = get(*address, **values)
    assert answer.status == 200
    assert dict(answer.headers)["Content-Type"] == "text/html; charset=utf-8"
    return html.fromstring(answer.body)


def texts(page, path):
    return [unescape("".join(found.itertext())) for found in page.xpath(path)]


def operation(name):
    return read("/Help/Api/{id}", id=name)


def flush(text):
    """The lines without their indentation, which the published text does not show."""
    return [line.strip() for line in text.strip().splitlines()]


def published_samples():
    blocks = re.split(r"^Sample:$", PUBLISHED, flags=re.MULTILINE)[1:]
    ends = r"^(?:application/xml, text/xml|Response Information)$"
    return [flush(re.split(ends, block, flags=re.MULTILINE)[0]) for block in blocks]


def test_the_samples_of_a_session_end_are_the_published_ones():
    assert len(published_samples()) == 4
    assert [flush(sample) for sample in texts(operation(END), "//pre")] == published_samples()


def test_the_samples_are_indented_by_two_blanks():
    as_json, as_xml = texts(operation(END), "//pre")[:2]
    assert as_json.splitlines()[1:3] == ['  "Authentication": {', '    "Id": "170200123 - sample only, user your ID",']
    assert as_xml.splitlines()[2] == "    <d2p1:Id>170200123 - sample only, user your ID</d2p1:Id>"


def test_the_page_says_what_the_published_page_says_in_its_order():
    page = operation(END)
    wanted = [
        "POST api/v1/workstation/session/end",
        "Request Information",
        "URI Parameters",
        "Body Parameters",
        "Request Formats",
        "application/json, text/json",
        "application/xml, text/xml",
        "Response Information",
        "Resource Description",
        "Response Formats",
        "application/json, text/json",
        "application/xml, text/xml",
    ]
    assert texts(page, "//h1|//h2|//h3|//h4") == wanted
    lines = flush(PUBLISHED)
    assert [line for line in lines if line in wanted] == wanted
    assert texts(page, "//main/p") == ["Record the fact the customer ended their session."]
    assert [texts(row, "./*") for row in page.xpath("//tbody/tr")] == [
        ["Authentication", "", "AuthenticationModel", "Required"],
        ["Request", "", "SessionEndRequestModel", "Required"],
        ["Message", "", "MessageModel", "None."],
    ]


@pytest.mark.parametrize("api", APIS, ids=lambda api: api.name)
def test_every_operation_has_a_page_that_the_index_names_and_its_links_lead_somewhere(api):
    index = read("/Help")
    for item in api.operations:
        (route,) = item.routes
        query = "&".join(f"{member.name}={{{member.name}}}" for member in item.request.at("query"))
        title = f"{route.method} {route.path.lstrip('/')}" + (f"?{query}" if query else "")
        (address,) = index.xpath(f"//a[.='{title}']/@href")
        page = operation(address.removeprefix("/Help/Api/"))
        assert texts(page, "//h1") == [title]
        for link in page.xpath("//main//a/@href"):
            model = read("/Help/ResourceModel", link.partition("?")[2])
            assert texts(model, "//thead//th") == ["Name", "Description", "Type", "Additional information"]


@pytest.mark.parametrize("api", APIS, ids=lambda api: api.name)
def test_every_request_sample_can_be_sent(api):
    for endpoint in (end for end in ENDPOINTS if end.api is api and end.methods == {"POST"}):
        page = operation(friendly_id("POST", endpoint.path.lstrip("/")))
        (section,) = page.xpath("//section[h3='Request Formats']")
        for types, sample in zip(texts(section, "./h4"), texts(section, "./pre"), strict=True):
            headers = Headers([("Content-Type", types.partition(",")[0])])
            request = WireRequest("POST", endpoint.path, headers=headers, body=sample.encode())
            exchange = WEBAPI.open(request, Match(endpoint, {"company-id": "acme"}))
            (decoded,) = WEBAPI.decode(exchange, DEFAULT)
            assert decoded.notes == ()
            endpoint.operation.request.check(decoded.tree)


def test_a_model_is_described_as_what_it_is_not_as_what_is_done_with_it():
    page = read("/Help/ResourceModel", "modelName=UserSession")
    assert texts(page, "//main/p") == ["Represents a comprehensive UserSession record within the OnTime API."]


def test_a_list_without_an_object_around_it_is_described_by_its_items():
    class Identifiers(WireSchema):
        class Wire:
            bare = True

        IDs = fields.List(fields.Guid(sample="3f2504e0-4f89-41d3-9a0c-0305e82c3301"))

    endpoints = WEBAPI.bind([Offer(made("one", Identifiers), True)])
    page = read("/Help/Api/{id}", id="POST-one-do", endpoints=endpoints)
    (described,) = page.xpath("//section[h3='Resource Description']")
    assert texts(described, "./*") == ["Resource Description", "Collection of globally unique identifier"]
    assert json.loads(texts(page, "//section[h3='Response Formats']/pre")[0]) == [
        "3f2504e0-4f89-41d3-9a0c-0305e82c3301"
    ]


def test_a_member_that_is_null_is_shown_as_null():
    as_json, as_xml = texts(operation("POST-api-v1-workstation-launch"), "//pre")[:2]
    assert json.loads(as_json)["Request"]["ConfigId"] is None
    assert '<ConfigId i:nil="true" />' in as_xml


def test_members_of_the_path_are_uri_parameters_and_a_read_has_no_body():
    page = operation("GET-sites-company-id-api-userSessions-id")
    (asked,) = page.xpath("//section[h2='Request Information']")
    assert [texts(row, "./*")[0::2] for row in asked.xpath(".//tbody/tr")] == [
        ["company-id", "string"],
        ["id", "globally unique identifier"],
    ]
    assert texts(asked, "./section[h3='Body Parameters']/p") == ["None."]
    assert "Request Formats" not in texts(page, "//h3")


@pytest.mark.parametrize(
    ("method", "path", "wanted"),
    [
        ("POST", "api/v1/workstation/session/end", END),
        ("POST", "sites/{company-id}/api/userSession/post", "POST-sites-company-id-api-userSession-post"),
        ("GET", "api/values/{id}?name={name}&x.y={x.y}", "GET-api-values-id_name_x-y"),
    ],
)
def test_the_id_of_a_page_is_the_platforms(method, path, wanted):
    assert friendly_id(method, path) == wanted


@pytest.mark.parametrize(
    ("path", "query", "values"),
    [
        ("/Help/Api/{id}", "", {"id": "GET-<b>nothing</b>"}),
        ("/Help/ResourceModel", "modelName=%3Cb%3Enothing", {}),
        ("/Help/ResourceModel", "", {}),
    ],
)
def test_an_unknown_page_is_a_page_that_says_so(path, query, values):
    answer = get(path, query, **values)
    assert answer.status == 404
    assert b"There is no " in answer.body
    assert b"<b>" not in answer.body


class Twin(WireSchema):
    """Says <script>alert(1)</script> & "more"."""

    class Wire:
        namespace = "urn:1"

    Colour = fields.Enum(("Red", "Green"), doc="A <b>colour</b>.")


class Other(WireSchema):
    class Wire:
        name = "Twin"
        namespace = "urn:2"

    Self = fields.List(fields.Nested(Twin), doc="Twins")


def made(name, schema):
    message = message_of(schema)
    item = Operation("Do", message, message, lambda *_: None, lambda *_: None, (Route("POST", f"/{name}/do"),))
    return Api(name, f"The <{name}>", ("webapi",), (f"/{name}",), (item,), {None: Native(400)})


def test_what_declarations_say_is_text_not_markup():
    endpoints = WEBAPI.bind([Offer(made("one", Twin), True), Offer(made("two", Other), True)])
    assert b"<one>" not in get("/Help", endpoints=endpoints).body
    answer = get("/Help/ResourceModel", "modelName=twin", endpoints=endpoints)
    assert b"<script>" not in answer.body
    assert texts(html.fromstring(answer.body), "//td") == ["A <b>colour</b>.", "enumeration", "One of: Red, Green"]


def test_two_models_of_one_name_have_a_page_each():
    endpoints = WEBAPI.bind([Offer(made("one", Twin), True), Offer(made("two", Other), True)])
    page = read("/Help/Api/{id}", id="POST-two-do", endpoints=endpoints)
    assert set(page.xpath("//main//a/@href")) == {
        "/Help/ResourceModel?modelName=two.Twin",
        "/Help/ResourceModel?modelName=Twin",
    }
    assert texts(page, "(//td)[2]") == ["Collection of Twin"]


def test_links_and_style_keep_the_public_path_and_nothing_else_is_loaded():
    page = read("/Help", base_url="https://example.org/gateway")
    assert all(link.startswith("/gateway/Help") for link in page.xpath("//@href"))
    assert page.xpath("//script|//img|//@style|//@src") == []
    style = get("/Help/help.css")
    assert dict(style.headers)["Content-Type"] == "text/css; charset=utf-8"
    assert b"url(" not in style.body


def test_without_a_native_api_there_are_no_pages():
    assert [end.path for end in WEBAPI.bind([Offer(made("one", Twin), False)])] == ["/webapi/one/Do"]
