"""The bodies of REST: a list is read as a whole, Accept chooses the form of the answer, and rubbish is refused."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from adapters import forms
from adapters.forms import MAX_ITEMS, Reply, agree, read, write
from gateway.limits import Limits
from gateway.outcome import Fault, FaultKind
from gateway.wire import Headers, WireRequest
from schemas import fields
from schemas.api import Answer, Feed, Form, Operation
from schemas.fields import WireSchema, message_of

LIMITS = Limits()


class Thing(WireSchema):
    name = fields.String()
    parts = fields.List(fields.String())


class Boxed(WireSchema):
    id = fields.String(required=True)
    thing = fields.Nested(Thing)


THING, BOXED = message_of(Thing), message_of(Boxed)
BOX = Form(
    one="application/box+json",
    many="application/boxes+json",
    message=BOXED,
    answer=BOXED,
    read=lambda tree: dict(tree.get("thing") or {}),
    key=lambda tree: f"box {tree['id']}",
    write=lambda tree: (
        [{"id": str(n), "thing": item} for n, item in enumerate(tree["items"])]
        if "items" in tree
        else {"id": "0", "thing": tree}
    ),
)
FEED = Feed(THING, items=lambda tree: tree["items"], id=lambda item: item["name"])
APPEND = Operation("Append", THING, THING, lambda *_: None, lambda *_: None, batch=True, forms=(BOX,))
ONE = Operation("Make", THING, THING, lambda *_: None, lambda *_: None)
LIST = Operation("List", THING, THING, lambda *_: None, lambda *_: None, writes=False, forms=(BOX,), feed=FEED)


def request(body: bytes = b"", media: str = "", accept: str = "", method: str = "POST") -> WireRequest:
    sent = [("Content-Type", media)] if media else []
    return WireRequest(method, "/x", headers=Headers([*sent, *([("Accept", accept)] if accept else [])]), body=body)


def items(body: bytes, media: str = "", operation: Operation = APPEND):
    asked = request(body, media)
    return read(agree(asked, operation), asked, THING, LIMITS)


def refused(body: bytes, media: str = "", operation: Operation = APPEND) -> Fault:
    with pytest.raises(Fault) as caught:
        items(body, media, operation)
    return caught.value


def test_a_list_is_read_where_lists_are_taken_and_refused_where_not():
    body = b' \n[{"name":"a"},{"name":"b","odd":1}]'
    assert [item.tree for item in items(body)] == [{"name": "a"}, {"name": "b"}]
    assert [[str(note) for note in item.notes] for item in items(body)] == [[], ["unknown-member:odd"]]
    assert refused(body, operation=ONE).kind is FaultKind.MALFORMED


def test_every_wrong_item_is_named_by_its_place():
    fault = refused(b'[{"name":1},{"parts":["a",2]},3,null]')
    assert [error.path for error in fault.fields] == ["[0].name", "[1].parts[1]", "[2]"]
    assert [error.path for error in refused(b"[{},null]").fields] == ["[1]"]


@pytest.mark.parametrize("body", [b"[", b"[{}],[{}]", b'[{}],"x":[{}]', b"[{}]}", b"[\xff]", b"\xef\xbb\xbf[1"])
def test_what_is_no_list_is_refused(body):
    assert refused(body).kind in (FaultKind.MALFORMED, FaultKind.INVALID)


def test_a_list_has_at_least_one_and_at_most_a_thousand_items():
    assert refused(b"[]").kind is FaultKind.INVALID
    assert len(items(b"[%s]" % b",".join([b"{}"] * MAX_ITEMS))) == MAX_ITEMS
    assert refused(b"[%s]" % b",".join([b"{}"] * (MAX_ITEMS + 1))).kind is FaultKind.TOO_LARGE


def test_another_form_is_read_as_the_same_request_with_a_key_of_its_own():
    (one,) = items(b'{"id":"7","thing":{"name":"a"}}', BOX.one)
    assert (one.tree, one.idempotency_key) == ({"name": "a"}, "box 7")
    many = items(b'[{"id":"7"},{"id":"8","thing":{"name":"b"}}]', BOX.many)
    assert [(item.tree, item.idempotency_key) for item in many] == [({}, "box 7"), ({"name": "b"}, "box 8")]
    assert [item.idempotency_key for item in items(b"[{}]")] == [None]


def test_the_item_that_does_not_fit_its_form_is_named():
    fault = refused(b'[{"id":"7"},{"thing":{}}]', BOX.many)
    assert (fault.details["index"], fault.fields[0].path) == (1, "id")
    assert "index" not in refused(b"{}", BOX.one).details
    assert refused(b"", BOX.one).fields[0].path == "id"


@pytest.mark.parametrize(
    ("accept", "form", "follow"),
    [
        ("", None, False),
        ("*/*", None, False),
        ("text/html", None, False),
        ("application/json, application/box+json;q=0.9", None, False),
        ("application/box+json, */*;q=0.1", BOX, False),
        ("text/html, Application/Boxes+json", BOX, False),
        ("text/event-stream", None, True),
        ("text/event-stream;q=0.5, application/json", None, False),
        ("application/box+json;q=0", None, False),
    ],
)
def test_accept_chooses_the_form_of_the_answer(accept, form, follow):
    reply = agree(request(method="GET", accept=accept), LIST)
    assert (reply.answer, reply.follow) == (form, follow)


def test_only_what_has_a_feed_goes_on_as_a_stream():
    assert not agree(request(b"{}", accept="text/event-stream"), APPEND).follow


def test_an_answer_is_written_in_the_form_that_was_agreed():
    one, page = Answer({"name": "a"}), Answer({"items": [{"name": "a"}]})
    assert write(Reply(), THING, [one]) == ("application/json", b'{"name":"a"}')
    assert write(Reply(batch=True), THING, [one]) == ("application/json", b'[{"name":"a"}]')
    assert write(Reply(answer=BOX), THING, [one]) == (BOX.one, b'{"id":"0","thing":{"name":"a"}}')
    assert write(Reply(answer=BOX, batch=True), THING, [one])[0] == BOX.many
    assert write(Reply(answer=BOX), THING, [page]) == (BOX.many, b'[{"id":"0","thing":{"name":"a"}}]')
    assert write(Reply(answer=BOX), THING, [Answer({"items": []})]) == (BOX.many, b"[]")


def test_a_frame_is_one_event_whatever_its_text():
    written = forms.frames(LIST, Answer({"items": [{"name": "7", "parts": ["a\nb\r\u2028c"]}]}))
    assert written.startswith(b"id: 7\ndata: {")
    assert written.endswith(b"}\n\n")
    assert written.count(b"\n") == 3
    assert b"\r" not in written
    assert json.loads(written.split(b"data: ")[1]) == {"name": "7", "parts": ["a\nb\r\u2028c"]}


@given(
    st.binary(max_size=60) | st.text("[]{},:\"1 nul'a\\", max_size=40).map(str.encode),
    st.sampled_from(["", "application/json", BOX.one, BOX.many, "text/plain"]),
)
def test_whatever_is_sent_is_read_or_refused(body, media):
    try:
        found = items(body, media)
    except Fault:
        return
    assert all(isinstance(item.tree, dict) for item in found)
