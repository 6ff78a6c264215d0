"""What the metadata pages are about, and samples of requests and answers as they stand on the wire."""

from dataclasses import dataclass, replace
from html import escape
from urllib.parse import urlsplit

from adapters.servicestack.answers import Writers
from adapters.servicestack.pretty import pretty
from adapters.servicestack.routes import Table
from adapters.servicestack.samples import sample
from schemas.api import Operation
from schemas.message import Message, Tree

SOAP = {
    "soap11": ("http://schemas.xmlsoap.org/soap/envelope/", "SOAP 1.1"),
    "soap12": ("http://www.w3.org/2003/05/soap-envelope", "SOAP 1.2"),
}
"""The namespace of each SOAP version, and its name."""
_CONTENT_TYPES = {
    "xml": "application/xml",
    "json": "application/json",
    "jsv": "text/jsv",
    "csv": "text/csv",
    "soap11": "text/xml; charset=utf-8",
    "soap12": "text/xml; charset=utf-8",
}


@dataclass(frozen=True, slots=True)
class Site:
    """What the pages are about: the operations, how samples are written, and the public address."""

    table: Table
    writers: Writers
    base_url: str

    @property
    def host(self) -> str:
        """The host name without its port, as the original shows it."""
        return urlsplit(self.base_url).hostname or "localhost"

    @property
    def root(self) -> str:
        """The public address as it may stand in an attribute."""
        return escape(self.base_url)

    @property
    def title(self) -> str:
        """The one API's title, or a word for several."""
        titles = {item.api.title for item in self.table.values()}
        return titles.pop() if len(titles) == 1 else "Session Gateway"


def request_sample(site: Site, kind: str, operation: Operation) -> str:
    """A request as it stands on the wire."""
    path = f"/{kind}" if kind in SOAP else f"/{kind}/reply/{operation.name}"
    action = f"SOAPAction: {operation.name}\n" if kind in SOAP else ""
    # A blank precedes the line end of these two lines, as on the original's pages.
    head = f"POST {path} HTTP/1.1 \nHost: {site.host} \nContent-Type: {_CONTENT_TYPES[kind]}\nContent-Length: length\n"
    return f"{head}{action}\n{written_sample(site, kind, operation.request)}"


def response_sample(site: Site, kind: str, operation: Operation) -> str:
    """An answer as it stands on the wire."""
    head = f"HTTP/1.1 200 OK\nContent-Type: {_CONTENT_TYPES[kind]}\nContent-Length: length\n"
    return f"{head}\n{written_sample(site, kind, operation.answer)}"


def written_sample(site: Site, kind: str, message: Message) -> str:
    """A sample of ``message`` in one format."""
    tree = sample(message)
    if kind in SOAP:
        return _envelope(kind, _xml(site, tree, message))
    if kind == "xml":
        return _xml(site, tree, message)
    if kind == "json":
        return site.writers.json[False, False].text(tree, message)
    body = site.writers.others[kind].encode(tree, message)
    return (pretty(body) if kind == "jsv" else body).decode()


def _xml(site: Site, tree: Tree, message: Message) -> str:
    return replace(site.writers.xml, bom=False, indent=True).encode(tree, message).decode()


def _envelope(kind: str, body: str) -> str:
    """The body in an envelope, laid out as on the original's pages."""
    prefix = "soap12" if kind == "soap12" else "soap"
    schemas = 'xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" xmlns:xsd="http://www.w3.org/2001/XMLSchema"'
    opening = f'<{prefix}:Envelope {schemas} xmlns:{prefix}="{SOAP[kind][0]}">\n    <{prefix}:Body>'
    closing = f"    </{prefix}:Body>\n</{prefix}:Envelope>"
    return f'<?xml version="1.0" encoding="utf-8"?>\n{opening}\n\n{body}\n\n{closing}'
