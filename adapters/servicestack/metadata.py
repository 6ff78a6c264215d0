"""The metadata pages: which operations there are, and for each a request and an answer as they stand on the wire."""

import json
from collections.abc import Iterable, Mapping, Sequence
from html import escape

from adapters.servicestack.design import document
from adapters.servicestack.routes import LANGUAGES, METADATA_FORMATS, Offered
from adapters.servicestack.site import SOAP, Site, request_sample, response_sample
from adapters.webapi_html import Html, joined, link, paragraph, section, table, text
from schemas.api import Operation, Route
from schemas.message import Member, Message


def index(site: Site, namespaces: Sequence[str]) -> bytes:
    """``/metadata``: the operations of each API, a link for each format; the formal descriptions below."""
    by_title: dict[str, list[Offered]] = {}
    for item in sorted(site.table.values(), key=lambda item: not item.native):
        by_title.setdefault(item.api.title, []).append(item)
    service_xsd = link(f"{site.base_url}/metadata?xsd=1", "Service XSD")
    body = joined(
        (
            Html(f"<h1>{text(site.title)}</h1>"),
            paragraph(
                Html(
                    f"The following operations are supported. For a formal definition, please review the {service_xsd}."
                )
            ),
            *(_of_api(site, title if len(by_title) > 1 else "", items) for title, items in by_title.items()),
            section("XSDS", _xsds(site, namespaces)),
            section("WSDLS", _links((f"{site.base_url}/{name}", name) for name in SOAP)),
            section("Types for clients", _links((f"{site.base_url}/types/{name}", name) for name in LANGUAGES)),
        )
    )
    return document(site.title, Html(""), body)


def _of_api(site: Site, title: str, items: Sequence[Offered]) -> Html:
    rows = [(text(item.operation.name), _formats(site, item), text(_first_line(item.operation.doc))) for item in items]
    found = table(("Operation", "Formats", "What it does"), rows)
    return section(title, found) if title else found


def _formats(site: Site, item: Offered) -> Html:
    return _links(
        (f"{site.base_url}/{kind}/metadata?op={item.operation.name}", kind.upper()) for kind in METADATA_FORMATS
    )


def _xsds(site: Site, namespaces: Sequence[str]) -> Html:
    roles = ("Scalar types of .NET", "Service types", "Collections")
    rows = [
        (
            link(f"{site.base_url}/metadata?xsd={number}", roles[number] if number < len(roles) else "Messages"),
            Html(f"<code>{text(namespace) or '(none)'}</code>"),
        )
        for number, namespace in enumerate(namespaces)
    ]
    return table(("Schema", "Namespace"), rows)


def _links(found: Iterable[tuple[str, str]]) -> Html:
    return Html(" ".join(link(address, label) for address, label in found))


def _first_line(doc: str) -> str:
    return doc.strip().partition("\n")[0]


def listing(site: Site, kind: str) -> bytes:
    """``/{format}/metadata`` without an operation: links to all of them."""
    names = [item.operation.name for item in site.table.values()]
    links = "\n".join(f'<li><a href="?op={text(name)}">{text(name)}</a></li>' for name in names)
    body = Html(f"<h1>{text(site.title)}: {kind.upper()}</h1>\n<ul>\n{links}\n</ul>")
    return document(site.title, _back(site), body)


def _back(site: Site) -> Html:
    return Html(f'<a href="{site.root}/metadata">&lt;back to all web services</a>')


def operation_page(site: Site, kind: str, item: Offered) -> bytes:
    """``/{format}/metadata?op=X``: its routes, and live samples of request and answer."""
    operation = item.operation
    heading = SOAP[kind][1] if kind in SOAP else f"HTTP + {kind.upper()}"
    hint = Html(
        "The following are sample HTTP requests and responses. The placeholders shown need to be replaced with actual "
        "values."
    )
    body = joined(
        (
            Html(f"<h1>{text(operation.name)}</h1>"),
            paragraph(operation.doc),
            _routes(item),
            _members("Parameters", operation.request),
            section(heading, paragraph(hint), _override(kind)),
            _sample("request", request_sample(site, kind, operation)),
            _sample("response", response_sample(site, kind, operation)),
            _members(f"Answer: {operation.answer.name}", operation.answer),
        )
    )
    return document(operation.name, _navigation(site, kind, operation), body)


def _navigation(site: Site, kind: str, operation: Operation) -> Html:
    """The way back, and the same operation in the other formats."""
    others = (
        Html(f"<b>{name.upper()}</b>")
        if name == kind
        else link(f"{site.base_url}/{name}/metadata?op={operation.name}", name.upper())
        for name in METADATA_FORMATS
    )
    return Html(" ".join((_back(site), *others)))


def _sample(role: str, content: str) -> Html:
    return Html(f'<pre class="{role}" tabindex="0">{escape(content, quote=False)}</pre>')


def _override(kind: str) -> Html:
    if kind in SOAP:
        return Html("")
    return paragraph(
        Html(
            "To override the Content-type in your clients HTTP Accept Header, append the "
            f"<b>.{kind}</b> suffix or <b>?format={kind}</b>"
        )
    )


def _routes(item: Offered) -> Html:
    routes: Sequence[Route] = item.operation.routes if item.native else ()
    paths = [(_verbs(route), route.path) for route in routes]
    paths.append(("POST" if item.operation.writes else "All Verbs", f"/api/{item.operation.name}"))
    rows = (f'<tr><th scope="row">{text(verbs)}</th><td class="path">{text(path)}</td></tr>' for verbs, path in paths)
    return Html(f'<table class="object"><tbody>{"".join(rows)}</tbody></table>')


def _verbs(route: Route) -> str:
    return "All Verbs" if route.method == "*" else route.method


def _members(title: str, message: Message) -> Html:
    rows = [
        (text(member.name), text(_type(member)), Html("Yes" if member.required else "No"), text(member.doc))
        for member in message.derived_members
    ]
    return section(title, table(("Name", "Type", "Required", "Description"), rows)) if rows else Html("")


def _type(member: Member) -> str:
    """The type as people write it: a list of what, or which texts are allowed."""
    if member.item is not None:
        return f"list of {_type(member.item)}"
    if member.choices:
        return ", ".join(member.choices)
    return member.message.name if member.message is not None else member.kind.value


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
