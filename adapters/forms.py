"""The bodies of REST: one JSON object, a list of them, or one of the other forms that an operation declares."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import lru_cache

from adapters import eventstream
from adapters.codecs.json import STRICT
from adapters.codecs.json_text import Pairs, check_bounds, malformed, parse_strict
from adapters.negotiation import accepted, content_type
from adapters.protocol import Decoded
from adapters.scalars import Kind
from gateway.limits import Limits
from gateway.outcome import Fault, FaultKind, FieldError, Note
from gateway.wire import WireRequest, WireResponse
from schemas.api import Answer, Form, Operation
from schemas.message import Member, Message

MAX_ITEMS = 1000
"""So many items a list may hold."""
_ANY = ("application/json", "application/*", "*/*")


@dataclass(frozen=True, slots=True)
class Reply:
    """What was agreed on before the body was read.

    ``sent`` and ``answer`` are the forms of request and answer, None for plain JSON. ``batch``: the body is a list,
    of which all is accepted or nothing. ``follow``: the answer goes on as a stream. ``page`` is an answer that needs
    no work.
    """

    sent: Form | None = None
    answer: Form | None = None
    batch: bool = False
    follow: bool = False
    page: WireResponse | None = None

    @property
    def atomic(self) -> bool:
        """What the pipeline asks of a batch."""
        return True


def agree(request: WireRequest, operation: Operation) -> Reply:
    """The forms of a request and of its answer, by Content-Type and Accept; an Accept that nothing fits is no error."""
    media = content_type(request.headers)
    name = media.name if media is not None else ""
    sent = _form(operation, name) if operation.writes else None
    batch = name == sent.many if sent is not None else operation.batch and _is_list(request.body)
    known = {*_ANY, *(name for form in operation.forms for name in (form.one, form.many))}
    if operation.feed is not None:
        known.add(eventstream.MEDIA_TYPE)
    best = next((name for name in accepted(request.headers) if name in known), "")
    return Reply(sent, _form(operation, best), batch, follow=best == eventstream.MEDIA_TYPE)


def _form(operation: Operation, name: str) -> Form | None:
    return next((form for form in operation.forms if name in (form.one, form.many)), None)


def _is_list(body: bytes) -> bool:
    return body.removeprefix(b"\xef\xbb\xbf").lstrip(b" \t\r\n").startswith(b"[")


def read(reply: Reply, request: WireRequest, message: Message, limits: Limits) -> Sequence[Decoded]:
    """The items of a body, each as the operation's own tree of ``message``. Raises a Fault."""
    shape = message if reply.sent is None else reply.sent.message
    if not request.body or request.method == "GET":
        items: Sequence[Decoded] = [Decoded({})]
    else:
        _check_media(request)
        items = _list(request.body, shape, limits) if reply.batch else [STRICT.decode(request.body, shape, limits)]
    if reply.sent is None:
        return items
    return [_formed(reply.sent, item, number if reply.batch else None) for number, item in enumerate(items)]


def _check_media(request: WireRequest) -> None:
    sent = content_type(request.headers)
    if sent is not None and not (sent.name == "application/json" or sent.name.endswith("+json")):
        raise Fault(FaultKind.UNSUPPORTED_MEDIA, f"the media type {sent.sent} is not supported; send application/json")
    if sent is not None and sent.charset not in ("", "utf-8", "utf8", "us-ascii"):
        raise Fault(FaultKind.UNSUPPORTED_MEDIA, f"the charset {sent.charset} is not supported; send UTF-8")


def _formed(form: Form, item: Decoded, number: int | None) -> Decoded:
    try:
        form.message.check(item.tree)
        return replace(item, tree=form.read(item.tree), idempotency_key=form.key(item.tree))
    except Fault as fault:
        if number is not None:
            fault.details = {**fault.details, "index": number}
        raise


@lru_cache(maxsize=256)
def _listed(message: Message) -> Message:
    item = Member("", "", Kind.OBJECT, message=message)
    return Message("", "", (Member("items", "items", Kind.LIST, item=item),))


def _list(body: bytes, message: Message, limits: Limits) -> list[Decoded]:
    """The items of a JSON array; every one that does not fit is named, ``[2].kind``."""
    _check_list(body, limits)
    try:
        decoded = STRICT.decode(b'{"items":%s}' % body.removeprefix(b"\xef\xbb\xbf"), _listed(message), limits)
    except Fault as fault:
        fault.fields = tuple(
            FieldError(error.path[5:], error.message.removeprefix("items"), error.rule, error.value)
            for error in fault.fields
        )
        raise
    return [_item(decoded, tree, number) for number, tree in enumerate(decoded.tree["items"])]


def _check_list(body: bytes, limits: Limits) -> None:
    try:
        text = body.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise malformed(f"it is not utf-8, see byte {error.start}") from None
    check_bounds(text, limits)
    raw = parse_strict(text)
    if isinstance(raw, Pairs) or not isinstance(raw, list):
        raise Fault(FaultKind.MALFORMED, "the body must be a JSON array")
    if not raw:
        raise Fault(FaultKind.INVALID, "the list must have at least one item")
    if len(raw) > MAX_ITEMS:
        raise Fault(FaultKind.TOO_LARGE, f"the list has more than {MAX_ITEMS} items; send it in parts")


def _item(decoded: Decoded, tree: object, number: int) -> Decoded:
    prefix = f"items[{number}]"
    if not isinstance(tree, dict):
        text = f"[{number}] must be an object"
        raise Fault(FaultKind.INVALID, text, fields=(FieldError(f"[{number}]", text, "type"),))
    notes = (note for note in decoded.notes if note.path.startswith(f"{prefix}."))
    return Decoded(tree, tuple(Note(note.name, note.path[len(prefix) + 1 :]) for note in notes))


def write(reply: Reply, message: Message, answers: Sequence[Answer]) -> tuple[str, bytes]:
    """Media type and body of an answer: an object, or a list for a batch and for lists in other forms."""
    form = reply.answer
    if form is None:
        texts = [STRICT.encode(answer.tree, answer.message or message) for answer in answers]
        return STRICT.media_type, b"[%s]" % b",".join(texts) if reply.batch else texts[0]
    made = [form.write(answer.tree or {}) for answer in answers]
    many = reply.batch or any(isinstance(part, list) for part in made)
    items = [item for part in made for item in (part if isinstance(part, list) else [part])]
    texts = [STRICT.encode(item, form.answer) for item in items]
    return (form.many, b"[%s]" % b",".join(texts)) if many else (form.one, texts[0])


def frames(operation: Operation, answer: Answer) -> bytes:
    """The items of a list as frames of a stream."""
    feed, tree = operation.feed, answer.tree or {}
    assert feed is not None
    return b"".join(eventstream.frame(feed.id(item), STRICT.encode(item, feed.message)) for item in feed.items(tree))
