"""The addresses of ServiceStack, and the table of operations that a name is looked up in."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Literal, TypeAlias

from adapters.protocol import Conflict, Endpoint, Offer, WireProtocol
from adapters.servicestack.formats import FORMATS, Format
from gateway.limits import DEFAULT, Limits
from schemas.api import Api, Operation

ACTIONS = ("reply", "syncreply", "oneway", "asynconeway")
SUFFIXES = ("json", "xml", "jsv", "csv", "html", "jsonreport")
LANGUAGES = ("typescript", "python", "csharp")
METADATA_FORMATS = ("xml", "json", "jsv", "csv", "soap11", "soap12")


@dataclass(frozen=True, slots=True)
class Offered:
    """One operation that can be called by its name."""

    api: Api
    operation: Operation
    native: bool


Table: TypeAlias = Mapping[str, Offered]


@dataclass(frozen=True, slots=True)
class Target:
    """What an endpoint stands for. ``format`` is that of its path, ``suffix`` the exact suffix it must have had,
    ``page`` the name of a page."""

    kind: Literal["predefined", "route", "api", "soap11", "soap12", "page"]
    table: Table
    format: Format | None = None
    suffix: str = ""
    page: str = ""
    limits: Limits = DEFAULT


def table_of(offers: Sequence[Offer]) -> Table:
    """Every offered operation by its name in lower case. Raises Conflict when two have one name."""
    table: dict[str, Offered] = {}
    for offer in offers:
        for operation in offer.api.operations:
            other = table.setdefault(operation.name.lower(), Offered(offer.api, operation, offer.native))
            if other.operation is not operation:
                sides = ((other.api.name, "servicestack"), (offer.api.name, "servicestack"))
                raise Conflict(
                    f"the operation {operation.name} is offered over servicestack by both {other.api.name} and "
                    f"{offer.api.name}; take one of them out of `offer`",
                    *sides,
                )
    return table


def endpoints(protocol: WireProtocol, offers: Sequence[Offer], limits: Limits) -> Iterator[Endpoint]:
    """Every address of ``offers``. Verbs are any: which verb may do what is decided by operation."""
    table = table_of(offers)
    if not table:
        return

    def at(path: str, target: Target) -> Endpoint:
        return Endpoint(protocol, path, None, ignore_case=True, data=replace(target, limits=limits))

    for name, item in FORMATS.items():
        for action in ACTIONS:
            target = Target("predefined", table, item)
            yield at(f"/{name}/{action}", target)
            yield at(f"/{name}/{action}/{{operation*}}", target)
    yield at("/api/{operation}", Target("api", table))
    for version in ("soap11", "soap12"):
        yield at(f"/{version}", Target("soap11" if version == "soap11" else "soap12", table))
    for path, page in _pages():
        yield at(path, Target("page", table, page=page))
    for offer in offers:
        if offer.native:
            yield from _native(protocol, offer.api, table, limits)


def _pages() -> Iterator[tuple[str, str]]:
    yield "/metadata", "index"
    yield "/api", "index"
    yield "/operations/metadata", "operations"
    yield "/types/metadata", "types"
    yield "/types/metadata.json", "types"
    for name in METADATA_FORMATS:
        yield f"/{name}/metadata", f"metadata:{name}"
    for language in LANGUAGES:
        yield f"/types/{language}", f"code:{language}"


def _native(protocol: WireProtocol, api: Api, table: Table, limits: Limits) -> Iterator[Endpoint]:
    for operation in api.operations:
        for route in operation.routes:
            methods = None if route.method == "*" else frozenset({route.method})
            for suffix in ("", *SUFFIXES):
                path = f"{route.path}.{suffix}" if suffix else route.path
                target = Target("route", table, FORMATS.get(suffix), suffix, limits=limits)
                yield Endpoint(protocol, path, methods, api, operation, ignore_case=True, data=target)
