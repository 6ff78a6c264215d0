"""The help pages of ASP.NET Web API for the operations served here: an index, a page for each operation and each model.

Addresses, headings and names of types are those of the platform's HelpPage package (aspnet/AspNetWebStack,
WebApiHelpPage); the design is our own.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from urllib.parse import parse_qs, quote, urlsplit

from adapters.webapi_entry import Entry
from adapters.webapi_html import CSS, Html, code_block, joined, link, page, paragraph, section, table, text
from adapters.webapi_samples import NAMES, samples
from gateway.wire import WireRequest, WireResponse
from schemas.api import Api
from schemas.message import Member, Message

HARDENED = (
    ("Content-Security-Policy", "default-src 'none'; style-src 'self'; base-uri 'none'; frame-ancestors 'none'"),
    ("X-Content-Type-Options", "nosniff"),
)
NONE = Html("None.")
COLUMNS = ("Name", "Description", "Type", "Additional information")


@dataclass(frozen=True, slots=True)
class HelpReply:
    """A request for a page is answered by it, before anything is read."""

    page: WireResponse


@dataclass(frozen=True, eq=False)
class Help:
    """The pages of everything in ``entries``."""

    entries: tuple[Entry, ...]

    @property
    def pages(self) -> Mapping[str, Callable[[WireRequest, Mapping[str, str]], WireResponse]]:
        """Each page by its address."""
        return {
            "/Help": self._index,
            "/Help/Api/{id}": self._operation,
            "/Help/ResourceModel": self._model,
            "/Help/help.css": _stylesheet,
        }

    @cached_property
    def models(self) -> Mapping[str, Message]:
        """Every message that a page shows, by the name of its page."""
        found: dict[str, Message] = {}
        for entry in self.entries:
            for root in (entry.operation.answer, entry.body):
                for message in _reached(root):
                    name = message.name
                    if not _same(found.get(name, message), message):
                        name = f"{entry.api.name}.{name}"
                    found.setdefault(name, message)
        return found

    def _index(self, request: WireRequest, path: Mapping[str, str]) -> WireResponse:
        base, groups = _base(request), list(dict.fromkeys(entry.api for entry in self.entries))
        content = joined(self._group(base, api) for api in groups)
        return _page(base, "Help", paragraph("The operations that are served here as ASP.NET Web API."), content)

    def _group(self, base: str, api: Api) -> Html:
        rows = [
            (link(f"{base}/Help/Api/{quote(entry.id)}", entry.title), text(entry.operation.doc))
            for entry in self.entries
            if entry.api is api
        ]
        return section(api.title, table(("API", "Description"), rows))

    def _operation(self, request: WireRequest, path: Mapping[str, str]) -> WireResponse:
        base, wanted = _base(request), path.get("id", "").lower()
        entry = next((entry for entry in self.entries if entry.id.lower() == wanted), None)
        if entry is None:
            return _missing(base, f"There is no operation with the ID {path.get('id', '')}.")
        answer = entry.operation.answer
        beside = [member for member in entry.operation.request.members if member.location in ("path", "query")]
        asked = section(
            "Request Information",
            section("URI Parameters", self._table(base, beside), level=3),
            section("Body Parameters", self._message(base, entry.body), level=3),
            _samples("Request Formats", entry.body, entry.formats),
        )
        told = section(
            "Response Information",
            section("Resource Description", self._message(base, answer), level=3),
            _samples("Response Formats", answer, entry.formats),
        )
        return _page(base, entry.title, paragraph(entry.operation.doc), asked, told)

    def _model(self, request: WireRequest, path: Mapping[str, str]) -> WireResponse:
        base, wanted = _base(request), parse_qs(request.query).get("modelName", [""])[0]
        found = {name.lower(): name for name in self.models}.get(wanted.lower())
        if found is None:
            return _missing(base, f"There is no model named {wanted}.")
        message = self.models[found]
        return _page(base, found, paragraph(message.doc), self._table(base, message.flat_members))

    def _message(self, base: str, message: Message | None) -> Html:
        if message is None:
            return paragraph(NONE)
        if message.bare:
            return paragraph(self._type(base, message.members[0]))
        return joined([paragraph(self._link(base, message)), self._table(base, message.flat_members)])

    def _table(self, base: str, members: Sequence[Member]) -> Html:
        rows = [
            (text(member.name), text(member.doc), self._type(base, member), _additional(member)) for member in members
        ]
        return table(COLUMNS, rows) if rows else paragraph(NONE)

    def _type(self, base: str, member: Member) -> Html:
        if member.message is not None:
            return self._link(base, member.message)
        if member.item is not None:
            return Html("Collection of " + self._type(base, member.item))
        return text(NAMES.get(member.kind, "Object"))

    def _link(self, base: str, message: Message) -> Html:
        name = next((name for name, found in self.models.items() if _same(found, message)), message.name)
        return link(f"{base}/Help/ResourceModel?modelName={quote(name)}", message.name)


def _reached(message: Message | None, above: tuple[Message, ...] = ()) -> Iterator[Message]:
    """``message`` and every message in it."""
    if message is None or message in above:
        return
    yield message
    for member in message.members:
        yield from _reached(_innermost(member).message, (*above, message))


def _innermost(member: Member) -> Member:
    return member if member.item is None else _innermost(member.item)


def _same(one: Message, other: Message) -> bool:
    """Whether two messages look the same on a page: those of a route's body are made anew from their declaration."""
    return (one.name, one.namespace, one.members) == (other.name, other.namespace, other.members)


def _additional(member: Member) -> Html:
    said = [
        *(["Required"] if member.required else []),
        *([f"One of: {', '.join(member.choices)}"] * bool(member.choices)),
    ]
    return text("; ".join(said)) if said else NONE


def _samples(title: str, message: Message | None, formats: Sequence[str]) -> Html:
    if message is None:
        return Html("")
    blocks = (code_block(", ".join(sample.media_types), sample.text) for sample in samples(message, formats))
    return section(title, *blocks, level=3)


def _base(request: WireRequest) -> str:
    """The path at which the server is seen from outside."""
    return urlsplit(request.base_url).path.rstrip("/")


def _page(base: str, title: str, *content: Html, status: int = 200) -> WireResponse:
    nav = link(f"{base}/Help", "Help Page Home")
    whole = page(title, f"{base}/Help/help.css", nav, joined(content))
    return WireResponse.of(status, "text/html; charset=utf-8", whole.encode("utf-8", "replace"), *HARDENED)


def _missing(base: str, reason: str) -> WireResponse:
    return _page(base, "Not found", paragraph(reason), status=404)


def _stylesheet(request: WireRequest, path: Mapping[str, str]) -> WireResponse:
    return WireResponse.of(200, "text/css; charset=utf-8", CSS.encode(), ("Cache-Control", "max-age=3600"))
