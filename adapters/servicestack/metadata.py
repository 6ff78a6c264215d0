"""The metadata pages: which operations there are, and for each a request and an answer as they stand on the wire."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from html import escape
from urllib.parse import urlsplit

from adapters.servicestack.answers import Writers
from adapters.servicestack.pretty import pretty
from adapters.servicestack.reply import SoapReply
from adapters.servicestack.routes import METADATA_FORMATS, Offered, Table
from adapters.servicestack.samples import sample
from adapters.servicestack.soap import write_envelope
from schemas.api import Operation, Route
from schemas.message import Member, Message

_STYLE = (
    "body { font: 16px/1.5 system-ui, sans-serif; margin: 2rem auto; max-width: 60rem; padding: 0 1rem; color: #222 }"
    "pre { background: #f6f6f6; padding: 1rem; overflow-x: auto; border-radius: 4px }"
    "table { border-collapse: collapse } td, th { text-align: left; padding: .2rem 1rem .2rem 0; vertical-align: top }"
)
_SOAP = {
    "soap11": ("http://schemas.xmlsoap.org/soap/envelope/", "SOAP 1.1"),
    "soap12": ("http://www.w3.org/2003/05/soap-envelope", "SOAP 1.2"),
}
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


def _page(title: str, body: str) -> bytes:
    head = f'<meta charset="utf-8"><title>{escape(title)}</title><style>{_STYLE}</style>'
    return f'<!doctype html>\n<html lang="en">\n<head>{head}</head>\n<body>\n{body}\n</body>\n</html>\n'.encode()


def index(site: Site) -> bytes:
    """``/metadata``: a table of operations, a link for each format."""
    rows = "\n".join(_row(item, site.root) for item in site.table.values())
    links = ", ".join(f'<a href="{site.root}/{name}">{name}</a>' for name in _SOAP)
    kinds = ", ".join(f'<a href="{site.root}/types/{name}">{name}</a>' for name in ("typescript", "python", "csharp"))
    body = (
        f"<h1>{escape(site.title)}</h1>\n<p>The following operations are supported.</p>\n<table>\n"
        f"<tr><th>Operation</th><th>Formats</th><th></th></tr>\n{rows}\n</table>\n"
        f"<h2>WSDLS</h2><p>{links}</p>\n<h2>Types for clients</h2><p>{kinds}</p>"
    )
    return _page(site.title, body)


def _row(item: Offered, base_url: str) -> str:
    name = escape(item.operation.name)
    links = " ".join(f'<a href="{base_url}/{kind}/metadata?op={name}">{kind}</a>' for kind in METADATA_FORMATS)
    return f"<tr><td>{name}</td><td>{links}</td><td>{escape(_first_line(item.operation.doc))}</td></tr>"


def _first_line(text: str) -> str:
    return text.strip().partition("\n")[0]


def listing(site: Site, kind: str) -> bytes:
    """``/{format}/metadata`` without an operation: links to all of them."""
    names = [escape(item.operation.name) for item in site.table.values()]
    links = "\n".join(f'<li><a href="?op={name}">{name}</a></li>' for name in names)
    back = f'<p><a href="{site.root}/metadata">&lt;back to all web services</a></p>'
    return _page(site.title, f"{back}\n<h1>{escape(site.title)}: {kind.upper()}</h1>\n<ul>\n{links}\n</ul>")


def operation_page(site: Site, kind: str, item: Offered) -> bytes:
    """``/{format}/metadata?op=X``: its routes, and live samples of request and answer."""
    operation = item.operation
    heading = _SOAP[kind][1] if kind in _SOAP else f"HTTP + {kind.upper()}"
    body = "\n".join(
        (
            f'<p><a href="{site.root}/metadata">&lt;back to all web services</a></p>',
            f"<h1>{escape(operation.name)}</h1>",
            f"<p>{escape(operation.doc)}</p>" if operation.doc else "",
            _routes(item),
            _members(operation.request),
            f"<h3>{heading}</h3>",
            "<p>The following are sample HTTP requests and responses. The placeholders shown need to be replaced with "
            "actual values.</p>",
            _override(kind),
            f'<pre class="request">{escape(request_sample(site, kind, operation), quote=False)}</pre>',
            f'<pre class="response">{escape(response_sample(site, kind, operation), quote=False)}</pre>',
        )
    )
    return _page(operation.name, body)


def _override(kind: str) -> str:
    if kind in _SOAP:
        return ""
    return (
        "<p>To override the Content-type in your clients HTTP Accept Header, append the "
        f"<b>.{kind}</b> suffix or <b>?format={kind}</b></p>"
    )


def _routes(item: Offered) -> str:
    routes: Sequence[Route] = item.operation.routes if item.native else ()
    rows = [f"<tr><td>{_verbs(route)}</td><td>{escape(route.path)}</td></tr>" for route in routes]
    rows.append(f"<tr><td>All Verbs</td><td>/api/{escape(item.operation.name)}</td></tr>")
    return "<table>" + "".join(rows) + "</table>"


def _verbs(route: Route) -> str:
    return "All Verbs" if route.method == "*" else escape(route.method)


def _members(message: Message) -> str:
    rows = [
        f"<tr><td>{escape(member.name)}</td><td>{member.kind.value}</td><td>{_needed(member)}</td>"
        f"<td>{escape(member.doc)}</td></tr>"
        for member in message.derived_members
    ]
    if not rows:
        return ""
    head = "<tr><th>Name</th><th>Type</th><th>Required</th><th>Description</th></tr>"
    return f"<h3>Parameters</h3><table>{head}{''.join(rows)}</table>"


def _needed(member: Member) -> str:
    return "Yes" if member.required else "No"


def request_sample(site: Site, kind: str, operation: Operation) -> str:
    """A request as it stands on the wire."""
    path = f"/{kind}" if kind in _SOAP else f"/{kind}/reply/{operation.name}"
    action = f"SOAPAction: {operation.name}\n" if kind in _SOAP else ""
    # A blank precedes the line end of these two lines, as on the original's pages.
    head = f"POST {path} HTTP/1.1 \nHost: {site.host} \nContent-Type: {_CONTENT_TYPES[kind]}\nContent-Length: length\n"
    return f"{head}{action}\n{written_sample(site, kind, operation.name, operation.request)}"


def response_sample(site: Site, kind: str, operation: Operation) -> str:
    """An answer as it stands on the wire."""
    head = f"HTTP/1.1 200 OK\nContent-Type: {_CONTENT_TYPES[kind]}\nContent-Length: length\n"
    return f"{head}\n{written_sample(site, kind, operation.name, operation.answer)}"


def written_sample(site: Site, kind: str, name: str, message: Message) -> str:
    """A sample of ``message`` in one format."""
    tree = sample(message)
    xml = replace(site.writers.xml, bom=False, indent=kind == "xml")
    if kind in _SOAP:
        return write_envelope(SoapReply(_SOAP[kind][0], ""), name, tree, message, xml).decode()
    if kind == "xml":
        return xml.encode(tree, message).decode()
    if kind == "json":
        return site.writers.json[False, False].text(tree, message)
    body = site.writers.others[kind].encode(tree, message)
    return (pretty(body) if kind == "jsv" else body).decode()


def operations(site: Site) -> bytes:
    """``/operations/metadata``: the operations as JSON."""
    rows = [_operation(item) for item in site.table.values()]
    return json.dumps(rows, ensure_ascii=False).encode()


def _operation(item: Offered) -> Mapping[str, object]:
    operation = item.operation
    return {
        "Name": operation.name,
        "ResponseName": operation.answer.name,
        "ServiceName": item.api.title,
        "Actions": ["POST"] if operation.writes else ["ANY"],
        "Routes": [route.path for route in operation.routes] if item.native else [],
    }
