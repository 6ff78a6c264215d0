"""One address of an operation, as the platform's help pages name it (ApiDescription, aspnet/AspNetWebStack)."""

from collections.abc import Sequence
from dataclasses import dataclass
from urllib.parse import parse_qs

from adapters.binding import body_of
from adapters.negotiation import MEDIA_TYPES
from schemas.api import Api, Operation, Route
from schemas.message import Message


@dataclass(frozen=True, eq=False)
class Entry:
    """One documented address."""

    api: Api
    operation: Operation
    route: Route

    @property
    def method(self) -> str:
        """The verb that is shown; an operation of any verb is shown with POST."""
        return "POST" if self.route.method == "*" else self.route.method

    @property
    def path(self) -> str:
        """The address, relative to the server, with its query members as the platform writes them."""
        query = "&".join(f"{member.name}={{{member.name}}}" for member in self.operation.request.at("query"))
        return self.route.path.lstrip("/") + (f"?{query}" if query else "")

    @property
    def title(self) -> str:
        """What heads the page: ``POST api/v1/workstation/session/end``."""
        return f"{self.method} {self.path}"

    @property
    def id(self) -> str:
        """The last part of the page's address."""
        return friendly_id(self.method, self.path)

    @property
    def body(self) -> Message | None:
        """What the body holds; None where it holds nothing."""
        body = body_of(self.operation.request)
        return body if body.members and self.method != "GET" else None

    @property
    def formats(self) -> Sequence[str]:
        """The formats of the API."""
        return tuple(self.api.options.get("formats", MEDIA_TYPES))


def friendly_id(method: str, path: str) -> str:
    """``ApiDescription.GetFriendlyId``: slashes become hyphens, braces vanish, the names in the query follow."""
    local, _, query = path.partition("?")
    plain = local.replace("/", "-").replace("{", "").replace("}", "")
    names = "_".join(parse_qs(query, keep_blank_values=True)).replace(".", "-")
    return f"{method}-{plain}" + (f"_{names}" if query else "")
