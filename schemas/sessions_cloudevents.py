"""Events as CloudEvents 1.0 in the JSON format, and such CloudEvents as requests to append an event.

Rules from the CloudEvents specification 1.0.2 and its JSON event format: ``id``, ``source``, ``specversion`` and
``type`` are required and not empty, null is the same as absent, and ``source`` and ``id`` together name one event.
"""

from typing import Any
from urllib.parse import quote
from uuid import UUID

from gateway.spi import EventKind, Form, Tree, message_of
from schemas.sessions_commands import wrong
from schemas.sessions_messages import CLOUD_PREFIX, CloudEvent, SentCloudEvent

_SENT = message_of(SentCloudEvent)
_OURS = frozenset({"specversion", "type", "time", "data"})
"""Attributes that have a place in the canonical model; every other one is kept with the event's attributes."""


def read(tree: Tree) -> Tree:
    """The request that a CloudEvent makes. Raises a fault for data that is not JSON."""
    media_type = (tree.get("datacontenttype") or "application/json").partition(";")[0].strip().lower()
    if not (media_type in ("application/json", "text/json") or media_type.endswith("+json")):
        raise wrong("datacontenttype", "datacontenttype must be a JSON media type, such as application/json")
    if tree.get("data_base64") is not None:
        raise wrong("data_base64", "data_base64 is not supported; send data as JSON")
    kind = tree["type"].removeprefix(CLOUD_PREFIX)
    data = {name: value for name, value in (tree.get("data") or {}).items() if value is not None}
    uid = None if "key" in data or "session_uid" in data or kind == EventKind.OPENED else _uid(tree.get("subject"))
    used = {*_OURS, "subject"} if uid is not None else _OURS
    origin = {name: value for name, value in tree.items() if name not in used and value is not None}
    named = {} if uid is None else {"session_uid": uid}
    changes = dict(data.get("changes") or {})
    changes["attributes"] = {**changes.get("attributes", {}), "cloudevents": origin}
    return {**data, **named, "kind": kind, "occurred_at": tree.get("time"), "changes": changes}


def _uid(subject: str | None) -> UUID | None:
    try:
        return UUID(subject) if subject is not None else None
    except ValueError:
        return None


def key(tree: Tree) -> str:
    """What makes two CloudEvents the same."""
    return f"cloudevents\n{tree['source']}\n{tree['id']}"


def write(tree: Tree) -> Tree | list[Tree]:
    """An event as a CloudEvent; a page as the list of them."""
    return [_cloud_event(item) for item in tree["items"]] if "items" in tree else _cloud_event(tree)


def _cloud_event(event: Tree) -> Tree:
    made: dict[str, Any] = {
        "specversion": "1.0",
        "id": event["id"],
        "source": f"urn:session-gateway:{quote(event['tenant'], safe='')}:{quote(event['api'], safe='')}",
        "type": CLOUD_PREFIX + event["kind"],
        "time": event["occurred_at"],
        "datacontenttype": "application/json",
        "sequence": f"{event['position']:020d}",
        "data": event,
    }
    return made if event["session_uid"] is None else {**made, "subject": event["session_uid"]}


FORM = Form(
    one="application/cloudevents+json",
    many="application/cloudevents-batch+json",
    message=_SENT,
    answer=message_of(CloudEvent),
    read=read,
    key=key,
    write=write,
)
"""CloudEvents, for every operation on events."""
