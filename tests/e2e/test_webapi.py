"""ASP.NET Web API over real HTTP: negotiation row by row, faults in the platform's words, and what a workstation tells
in its life."""

import json
import sqlite3
import uuid
from collections.abc import Callable, Mapping
from typing import Any

import httpx
import pytest

from tests.e2e.conftest import REQUESTS, Server

WORKSTATION = "/api/v1/workstation"
END = f"{WORKSTATION}/session/end"
POST = "/sites/acme/api/userSession/post"
KEY = {"Authorization": "3f2504e0-4f89-41d3-9a0c-0305e82c3301"}
OPERATOR = {"Authorization": "Bearer demo"}
JSON, XML = "application/json", "application/xml"
BODIES = {name: (REQUESTS / f"workstation-session-end.{name}").read_text("utf-8") for name in ("json", "xml")}
IN_JSON = '{"Message":{"Code":"00","Description":"Success"}}'
IN_XML = (
    '<ContactsOutgoingModel xmlns:i="http://www.w3.org/2001/XMLSchema-instance" '
    'xmlns="http://schemas.datacontract.org/2004/07/ApiModels">'
    '<Message xmlns:d2p1="http://schemas.datacontract.org/2004/07/Api.Models">'
    "<d2p1:Code>00</d2p1:Code><d2p1:Description>Success</d2p1:Description></Message></ContactsOutgoingModel>"
)
INVALID = "The request is invalid."


def send(server: Server, body: str | bytes, *, path: str = END, **headers: str | None) -> httpx.Response:
    """A POST with exactly these headers: what is None is not sent, not even the client's own Accept."""
    sent = {name.replace("_", "-"): value for name, value in {"accept": None, **headers}.items()}
    with server.client() as client:
        request = client.build_request("POST", path, content=body)
        for name, value in sent.items():
            request.headers.pop(name, None)
            if value is not None:
                request.headers[name] = value
        return client.send(request)


def ask(server: Server, method: str, path: str, **headers: str) -> httpx.Response:
    with server.client() as client:
        return client.request(method, path, headers={"accept": "*/*", **headers})


def told(answer: httpx.Response) -> tuple[int, str, Any]:
    return answer.status_code, answer.headers["content-type"], answer.json()


BROWSER = "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8"
NEGOTIATED = [
    (JSON, None, JSON),
    (JSON, "*/*", JSON),
    (JSON, "text/html", JSON),
    (JSON, "image/png", JSON),
    (XML, None, XML),
    ("text/xml", None, "text/xml"),
    ("text/json", None, "text/json"),
    (XML, "*/*", JSON),
    (JSON, XML, XML),
    (XML, XML, XML),
    (JSON, "text/json", "text/json"),
    (XML, "text/json", "text/json"),
    (JSON, "text/xml", "text/xml"),
    (XML, "text/xml", "text/xml"),
    (XML, "image/png", XML),
    (JSON, BROWSER, XML),
    (XML, BROWSER, XML),
    (JSON, "application/xml, */*", XML),
    (JSON, "application/json, application/xml", JSON),
    (XML, "application/xml, application/json", JSON),
    (JSON, "application/json;q=0.5, application/xml;q=0.9", XML),
    (JSON, "application/xml;q=0.5, */*;q=0.9", JSON),
    (XML, "application/xml;q=0", XML),
    (XML, "text/*;q=0.9, application/xml;q=0.8", "text/json"),
    (JSON, "not a media type;;q=x", JSON),
]


@pytest.mark.parametrize(("sent", "accept", "answered"), NEGOTIATED)
def test_the_format_of_an_answer_is_negotiated_and_there_is_always_one(
    demo: Server, sent: str, accept: str | None, answered: str
) -> None:
    answer = send(demo, BODIES["xml" if "xml" in sent else "json"], content_type=sent, accept=accept)
    assert answer.status_code == 200
    assert answer.headers["content-type"] == f"{answered}; charset=utf-8"
    assert answer.text == (IN_XML if "xml" in answered else IN_JSON)


CHARSETS: list[tuple[str, Mapping[str, str], str]] = [
    ("utf-8", {"accept_charset": "utf-16"}, "utf-16"),
    ("utf-8", {"accept_charset": "utf-16;q=0.5, utf-8"}, "utf-8"),
    ("utf-8", {"accept_charset": "*"}, "utf-8"),
    ("utf-8", {"accept_charset": "iso-8859-1"}, "utf-8"),
    ("utf-16", {}, "utf-16"),
    ("utf-16", {"accept_charset": "utf-8"}, "utf-8"),
]


@pytest.mark.parametrize("kind", ["json", "xml"])
@pytest.mark.parametrize(("sent", "accepted", "answered"), CHARSETS)
def test_utf16_is_read_and_written(
    demo: Server, kind: str, sent: str, accepted: Mapping[str, str], answered: str
) -> None:
    answer = send(demo, BODIES[kind].encode(sent), content_type=f"application/{kind}; charset={sent}", **accepted)
    assert answer.headers["content-type"] == f"application/{kind}; charset={answered}"
    text = IN_XML if kind == "xml" else IN_JSON
    assert answer.content == (b"\xff\xfe" + text.encode("utf-16-le") if answered == "utf-16" else text.encode())


REQUIRED = {
    "Message": INVALID,
    "ModelState": {
        "model.Authentication": ["The Authentication field is required."],
        "model.Request": ["The Request field is required."],
    },
}
UNREADABLE = {"Message": INVALID, "ModelState": {"model": ["An error has occurred."]}}
EMPTY_XML = '<SessionEndBindingModel xmlns="http://schemas.datacontract.org/2004/07/ApiModels"/>'


@pytest.mark.parametrize(
    ("body", "content_type", "expected"),
    [
        ("{}", JSON, REQUIRED),
        (EMPTY_XML, XML, REQUIRED),
        ('{"Authentication":', JSON, UNREADABLE),
        ("<SessionEndBindingModel>", XML, UNREADABLE),
        ("<SessionEndBindingModel/>", XML, UNREADABLE),
        (f"<!DOCTYPE x>{EMPTY_XML}", XML, UNREADABLE),
        ("", JSON, {"Message": INVALID}),
        ("null", JSON, {"Message": INVALID}),
        ("", None, {"Message": INVALID}),
    ],
)
def test_a_model_that_is_not_there_or_cannot_be_read_is_a_400(
    demo: Server, body: str, content_type: str | None, expected: Any
) -> None:
    answer = send(demo, body, content_type=content_type, accept=JSON)
    assert told(answer) == (400, "application/json; charset=utf-8", expected)


def test_a_model_state_in_xml_has_no_namespace(demo: Server) -> None:
    answer = send(demo, "{}", content_type=JSON, accept="text/xml")
    assert (answer.status_code, answer.headers["content-type"]) == (400, "text/xml; charset=utf-8")
    assert answer.text == (
        "<Error><Message>The request is invalid.</Message><ModelState>"
        "<model.Authentication>The Authentication field is required.</model.Authentication>"
        "<model.Request>The Request field is required.</model.Request></ModelState></Error>"
    )


def test_an_empty_body_leaves_nothing_behind(demo: Server) -> None:
    before = len(demo.events())
    answer = send(demo, b"", path=POST, content_type=JSON, **KEY)
    assert told(answer) == (400, "application/json; charset=utf-8", {"Message": INVALID})
    assert len(demo.events()) == before
    assert send(demo, b"{}", path=POST, content_type=JSON, **KEY).status_code == 201


@pytest.mark.parametrize("method", ["GET", "PUT", "DELETE", "PATCH", "OPTIONS"])
def test_another_method_is_refused_and_told_which_is_allowed(demo: Server, method: str) -> None:
    answer = ask(demo, method, END)
    message = f"The requested resource does not support http method '{method}'."
    assert told(answer) == (405, "application/json; charset=utf-8", {"Message": message})
    assert answer.headers["allow"] == "POST"


def test_head_is_refused_without_a_body(demo: Server) -> None:
    answer = ask(demo, "HEAD", END)
    assert (answer.status_code, answer.headers["allow"], answer.content) == (405, "POST", b"")


def test_an_unknown_path_is_named_in_a_404(demo: Server) -> None:
    answer = ask(demo, "GET", f"{WORKSTATION}/x%20y?a=1")
    message = f"No HTTP resource was found that matches the request URI '{demo.url}{WORKSTATION}/x%20y?a=1'."
    assert told(answer) == (404, "application/json; charset=utf-8", {"Message": message})
    assert ask(demo, "GET", f"{WORKSTATION}/x", accept=XML).text.startswith("<Error><Message>No HTTP resource was")


@pytest.mark.parametrize(
    ("content_type", "message"),
    [
        ("text/plain", "The request entity's media type 'text/plain' is not supported for this resource."),
        (
            "application/x-www-form-urlencoded",
            "The request entity's media type 'application/x-www-form-urlencoded' is not supported for this resource.",
        ),
        (
            None,
            "The request contains an entity body but no Content-Type header. The inferred media type "
            "'application/octet-stream' is not supported for this resource.",
        ),
    ],
)
def test_another_media_type_is_a_415(demo: Server, content_type: str | None, message: str) -> None:
    answer = send(demo, BODIES["json"], content_type=content_type)
    assert told(answer) == (415, "application/json; charset=utf-8", {"Message": message})


def test_an_error_of_ours_tells_a_caller_nothing_but_that(serve: Callable[..., Server]) -> None:
    server = serve("--demo")
    made = send(server, b'{"StartMileage":7}', path=POST, content_type=JSON, **KEY).json()
    with sqlite3.connect(server.database) as connection:
        connection.execute("UPDATE sessions SET body = 'rubbish'")
    answer = ask(server, "GET", f"/sites/acme/api/userSessions/{made['ID']}", **KEY)
    assert told(answer) == (500, "application/json; charset=utf-8", {"Message": "An error has occurred."})


def tell(server: Server, path: str, request: Mapping[str, object]) -> None:
    body = {"Authentication": {"Id": "170200123", "Key": "467512342123"}, "Request": request}
    answer = send(server, json.dumps(body), path=f"{WORKSTATION}/{path}", content_type=JSON)
    assert (answer.status_code, answer.text) == (200, IN_JSON)


def listed(server: Server, path: str) -> list[dict[str, Any]]:
    items: list[dict[str, Any]] = ask(server, "GET", f"{path}?limit=1000", **OPERATOR).json()["items"]
    return items


def test_start_and_end_of_one_email_and_index_are_one_session(demo: Server) -> None:
    index = uuid.uuid4().hex
    start = {"Email": "Larry@newmedia.com", "Index": index, "CurrentDate": "2025-12-04 06:00:00", "ServerName": "yvr-1"}
    end = {
        "Email": "larry@newmedia.com",
        "Index": index,
        "CurrentDate": "2025-12-04 06:57:36 (YYYY-MM-DD HH:MM:SS - UTC format)",
        "WorkstationType": "3DA/GD",
        "ApplicationsUsed": [{"Name": "Autodesk Maya", "Duration": "02:15:22 - (HH:MM:SS)"}],
    }
    tell(demo, "session/start", start)
    (opened,) = [session for session in listed(demo, "/v1/sessions") if session.get("index") == index]
    assert (opened["state"], opened["started_at"]) == ("open", "2025-12-04T06:00:00Z")
    tell(demo, "session/end", end)
    (closed,) = [session for session in listed(demo, "/v1/sessions") if session.get("index") == index]
    assert closed["uid"] == opened["uid"]
    assert (closed["state"], closed["ended_at"]) == ("closed", "2025-12-04T06:57:36Z")
    events = listed(demo, f"/v1/sessions/{opened['uid']}/events")
    assert [(event["kind"], event["operation"]) for event in events] == [
        ("opened", "SessionStart"),
        ("closed", "SessionEnd"),
    ]


def test_a_launch_is_an_event_of_no_session(demo: Server) -> None:
    who, before = f"{uuid.uuid4().hex}@newmedia.com", len(listed(demo, "/v1/sessions"))
    tell(demo, "launch", {"Email": who, "LaunchDate": "2025-12-04 06:57:36", "ConfigId": None})
    (event,) = [event for event in demo.events() if who in json.dumps(event)]
    assert (event["kind"], event["operation"], event.get("session_uid")) == ("recorded", "ProductLaunch", None)
    assert event["occurred_at"] == "2025-12-04T06:57:36Z"
    assert len(listed(demo, "/v1/sessions")) == before


def test_a_partstream_logout_in_datacontract_xml_ends_its_session(demo: Server) -> None:
    login = {"catalog": "demo", "serviceuser": "demo", "password": "demo"}
    opened = send(demo, json.dumps(login), path="/webapi/partstream/SWServiceLogin", content_type=JSON).json()
    body = f"<SWServiceLogout><sessionid>{opened['sessionid']}</sessionid></SWServiceLogout>"
    answer = send(demo, body, path="/webapi/partstream/SWServiceLogout", content_type=XML)
    assert "<returnval>Logged out</returnval>" in answer.text


def test_a_partstream_error_in_json_has_each_member_once(demo: Server) -> None:
    answer = send(demo, '{"sessionid":"none"}', path="/webapi/partstream/SWServiceLogout", content_type=JSON)
    names = [name for name, _ in json.loads(answer.text, object_pairs_hook=list)]
    assert sorted(names) == sorted(set(names))
    assert {"sessionid", "faultcode"} <= set(names)


@pytest.mark.parametrize("page", ["/Help", "/help/api/post-api-v1-workstation-session-end", "/Help/help.css"])
def test_the_help_pages_are_served(demo: Server, page: str) -> None:
    answer = ask(demo, "GET", page)
    assert answer.status_code == 200
    assert answer.headers["content-type"].startswith("text/")
    assert 'href="/Help"' in ask(demo, "GET", "/").text
