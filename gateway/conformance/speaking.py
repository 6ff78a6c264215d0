"""What a protocol must do whatever API it carries: addresses, answers, methods, unknown paths, requests."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from typing import Any
from uuid import UUID

from adapters.protocol import Decoded, Offer
from adapters.scalars import NetDateTime
from gateway import refusals, several
from gateway.conformance import ask as asking
from gateway.conformance.bench import works_of
from gateway.conformance.dialects import ACCEPTS, addresses, economical
from gateway.conformance.findings import Finding, Trial
from gateway.conformance.kit import Kit
from gateway.conformance.storing import succeeded
from gateway.conformance.validity import Schemas, departure
from gateway.conformance.values import sample_tree
from gateway.conformance.variants import fault_of
from gateway.conformance.wellformed import flaw
from gateway.limits import DEFAULT
from gateway.model import Principal
from gateway.outcome import Fault, FaultKind
from gateway.pipeline import Pipeline
from gateway.router import Router
from gateway.wire import Headers, WireRequest, WireResponse
from schemas.api import Answer, Api, InBand, Operation, Presented
from schemas.leaves import leaves
from schemas.message import Tree

SAFE = ("GET", "HEAD", "OPTIONS")
_ODD = (
    WireRequest("GET", "/"),
    WireRequest(
        "POST", "/%00/../x", "a=%ff&a&&=", Headers([("Content-Type", ";;"), ("Accept", "*/*;q=x, ,;")]), b"\xff\0<{"
    ),
    WireRequest("OPTIONS", "*", "", Headers([("Accept", "a" * 5000)]), b""),
    WireRequest("BREW", "/a/b/c", "?", Headers([("Content-Type", "text/xml; charset=utf-99")]), b"<a"),
)
"""Requests that no protocol need understand, and every one must open."""


def _of(function: Callable[..., Iterator[Finding]], *arguments: Any) -> Callable[[], Iterable[Finding]]:
    return lambda: function(*arguments)


def _apis(kit: Kit) -> list[Api]:
    return [kit.built.apis[name] for name in sorted(kit.built.apis)]


def binding_trials(kit: Kit) -> Iterator[Trial]:
    """Each API alone, none, and all together."""
    yield Trial("nothing", lambda: _bound(kit, []))
    yield Trial("everything", lambda: _bound(kit, _apis(kit)))
    for api in _apis(kit):
        yield Trial(api.name, _of(_reached, kit, api))


def _bound(kit: Kit, apis: list[Api]) -> Iterator[Finding]:
    protocol, where = kit.protocol, f"{kit.subject.name}, bound to {', '.join(api.name for api in apis) or 'nothing'}"
    if protocol.name != kit.subject.name:
        yield Finding(f"the protocol is called {protocol.name!r}", where, "give it the name of its entry point")
    offers = [Offer(api, kit.subject.name in api.native) for api in apis]
    try:
        found = protocol.bind(offers)
        Router(found, apis)
    except Exception as error:
        yield Finding(
            f"{type(error).__name__}: {error}",
            where,
            "give every operation an address of its own, such as /PROTOCOL/API/OPERATION",
        )
        return
    if [each.path for each in found] != [each.path for each in protocol.bind(offers)]:
        yield Finding("bound twice, it has other addresses", where, "keep nothing between two calls of bind")
    for endpoint in found:
        if endpoint.protocol is not protocol:
            yield Finding(f"the endpoint {endpoint.path} is another protocol's", where, "pass self to Endpoint")
        if not endpoint.path.startswith("/"):
            yield Finding(f"the path {endpoint.path!r} does not begin with a slash", where, "write it as /one/{two}")


def _reached(kit: Kit, api: Api) -> Iterator[Finding]:
    found = {each.operation.name for each in addresses(kit.protocol, api, ("",)) if each.operation is not None}
    for operation in api.operations:
        if operation.name not in found:
            yield Finding(
                f"{operation.name} has no address",
                f"{api.name} over {kit.subject.name}",
                "bind every operation of every offer, native or not; open() gives the exchange its api and operation",
            )


def answer_trials(kit: Kit) -> Iterator[Trial]:
    """The answers of each API."""
    schemas = Schemas()
    for api in _apis(kit):
        yield Trial(api.name, _of(_answers, kit, api, schemas))


def _answers(kit: Kit, api: Api, schemas: Schemas) -> Iterator[Finding]:
    """An answer in which every member has a value, and an empty one."""
    for address in economical(addresses(kit.protocol, api)):
        assert address.operation is not None
        message, status = address.operation.answer, address.operation.status
        full = Answer(sample_tree(message), status)
        for answer in (full, Answer(None, 204)):
            try:
                response = kit.protocol.encode(address.open(), message, [answer])
            except Exception as error:
                yield Finding(f"{type(error).__name__}: {error}", str(address), "write every kind that Kind lists")
                continue
            wrong = flaw(response)
            if not wrong and answer is full:
                wrong = departure(address, response, message, schemas)
            if wrong:
                yield Finding(wrong, f"an answer of {address}", "write what the declared message says")


def unknown_trials(kit: Kit) -> Iterator[Trial]:
    """Paths that nobody serves."""
    yield Trial("open", lambda: _opened(kit))
    for api in _apis(kit):
        yield Trial(api.name, _of(_unknown, kit, api))


def _opened(kit: Kit) -> Iterator[Finding]:
    for request in _ODD:
        where = f"{request.method} {request.path}?{request.query} with {dict(request.headers)} and {request.body!r}"
        try:
            exchange = kit.protocol.open(request, None)
            response = refusals.render(exchange, Fault(FaultKind.NOT_FOUND_ROUTE), None)
        except Exception as error:
            yield Finding(
                f"{type(error).__name__}: {error}", where, "let open() raise never; an unknown path has no match"
            )
            continue
        wrong = flaw(response) or _no_refusal(response)
        if wrong:
            yield Finding(wrong, where, "tell a fault without an API in the protocol's own form, with status 404")


def _no_refusal(response: WireResponse) -> str | None:
    return None if response.status >= 400 else f"an unknown path gets the status {response.status}"


def _unknown(kit: Kit, api: Api) -> Iterator[Finding]:
    """A path below the API's own: told as the API tells it."""
    row = api.faults.get(FaultKind.NOT_FOUND_ROUTE)
    for accept in ACCEPTS:
        headers = Headers([("Accept", accept)] if accept else [])
        exchange = replace(kit.protocol.open(WireRequest("GET", "/nowhere", headers=headers), None), api=api)
        where = f"an unknown path of {api.name} over {kit.subject.name}, Accept: {accept or '(none)'}"
        try:
            response = refusals.render(exchange, Fault(FaultKind.NOT_FOUND_ROUTE), None)
        except Exception as error:
            yield Finding(f"{type(error).__name__}: {error}", where, "render faults also where no operation is known")
            continue
        wrong = flaw(response) or (None if isinstance(row, InBand) else _no_refusal(response))
        if wrong:
            yield Finding(wrong, where, "tell it as any native fault")


def method_trials(kit: Kit) -> Iterator[Trial]:
    """GET, HEAD and OPTIONS of each API."""
    for api in _apis(kit):
        yield Trial(api.name, _of(_methods, kit, api))


def _methods(kit: Kit, api: Api) -> Iterator[Finding]:
    """Nothing is written by a safe method, and HEAD is refused or taken as GET is."""
    pipeline = _for_anyone(kit, api)
    for request, where, operation in _requests(kit, api):
        for method in SAFE:
            try:
                got = pipeline.prepare(replace(request, method=method))
            except Exception as error:
                yield Finding(
                    f"{method}: {type(error).__name__}: {error}", where, "refuse by a Fault what is not served"
                )
                continue
            if operation.writes and any(work.is_write for work in works_of(got)):
                yield Finding(f"{operation.name} writes by {method}", where, "write by POST, PUT, PATCH or DELETE")
            wrong = flaw(got) if isinstance(got, WireResponse) else None
            if wrong:
                yield Finding(f"{method}: {wrong}", where, "mend the refusal")
            yield from _allowed(got, where)


class _Anyone:
    """Takes everybody for somebody who may do everything, so that a request is not refused for who sends it."""

    def authenticate(self, api: Api, *_: object, **__: object) -> Principal:
        """A principal of every scope."""
        scopes = frozenset(operation.scope for operation in api.operations if operation.scope)
        return Principal("anyone", api.name, "demo", scopes, claims={"tenantId": str(UUID(int=1))})

    def key(self, api: Api, *_: object, **__: object) -> Principal:
        """The same."""
        return self.authenticate(api)


def _for_anyone(kit: Kit, api: Api) -> Pipeline:
    """A pipeline that serves one API over the protocol, to anybody."""
    shown = Presented("key", "anyone")
    operations = tuple(replace(each, credentials=lambda tree: shown) for each in api.operations)
    opened = replace(api, operations=operations, header=lambda request, path: shown)
    found = kit.protocol.bind([Offer(opened, kit.subject.name in api.native)])
    identity: Any = _Anyone()
    return Pipeline(Router(found, [opened]), {kit.subject.name: kit.protocol}, identity, DEFAULT)


def _allowed(got: Any, where: str) -> Iterator[Finding]:
    fault = fault_of(got)
    if fault is None or fault.kind is not FaultKind.METHOD_NOT_ALLOWED or got.exchange.operation is None:
        return
    if not any(name.lower() == "allow" for name, _ in got.headers):
        yield Finding("a refused method is told no Allow", where, "give Fault(METHOD_NOT_ALLOWED, allow=(...))")


def _requests(kit: Kit, api: Api) -> Iterator[tuple[WireRequest, str, Operation]]:
    """A request for each operation at each address: without a body, and as a client asks, where that is known."""
    for address in economical(addresses(kit.protocol, api, ("",))):
        assert address.operation is not None
        yield address.request(), str(address), address.operation
    for operation in api.operations:
        for request in _asked(kit, api, operation, sample_tree(operation.request)):
            yield request, f"{operation.name}: {request.method} {request.raw_path}", operation


def _asked(kit: Kit, api: Api, operation: Operation, tree: Tree) -> Iterable[WireRequest]:
    golden = kit.subject.golden
    ask = asking.of(kit.subject.name, golden.ask if golden else "")
    return ask(api, operation, tree) if ask is not None else ()


def carrying_trials(kit: Kit) -> Iterator[Trial]:
    """Each API, each of its operations."""
    for api in _apis(kit):
        yield Trial(api.name, _of(_carried, kit, api))


def _carried(kit: Kit, api: Api) -> Iterator[Finding]:
    """Every member of every request arrives as it was sent; without a way to ask, a golden case has to show it."""
    golden = kit.subject.golden
    if asking.of(kit.subject.name, golden.ask if golden else "") is None:
        shown = any(
            work.api.name == api.name
            for case in kit.cases
            for work in kit.ran(case)[-1].works
            if succeeded(kit.ran(case)[-1])
        )
        if not shown:
            yield Finding(
                f"nothing shows that {api.name} can be asked over {kit.subject.name}",
                golden.path.as_posix() if golden else f"tests/golden/{kit.subject.name}",
                'add a golden case of it, or say in conformance.toml how to ask: ask = "package.module:function", a '
                "function of (api, operation, tree) that gives WireRequests",
            )
        return
    for operation in api.operations:
        tree = sample_tree(operation.request, text=True)
        for request in _asked(kit, api, operation, tree):
            yield from _arrived(kit, api, operation, tree, request)


def _arrived(kit: Kit, api: Api, operation: Operation, tree: Tree, request: WireRequest) -> Iterator[Finding]:
    where = f"{api.name}.{operation.name}: {request.method} {request.raw_path}, {request.body[:300]!r}"
    exchange = kit.shared().gateway.pipeline.open(request)
    if exchange is None or exchange.protocol.name != kit.subject.name:
        yield Finding("nobody, or another protocol, serves this address", where, "mend bind(), or the function `ask`")
        return
    try:
        # Of a body that may hold several requests, each is decoded by itself.
        single = several.split(exchange, DEFAULT)[0] if exchange.several else exchange
        decoded = single.protocol.decode(single, DEFAULT)[0]
    except Fault as fault:
        yield Finding(f"it is refused: {fault!r} {fault.log}", where, "mend decode(), or the function `ask`")
        return
    found = decoded.operation or single.operation
    if found is None or found.name != operation.name:
        yield Finding(f"{found.name if found else 'no operation'} is understood", where, "mend open() or decode()")
        return
    in_xml = request.body.lstrip(b"\xef\xbb\xbf \r\n\t").startswith(b"<")
    yield from _differences(operation, tree, decoded, where, in_xml=in_xml)


def _differences(operation: Operation, tree: Tree, decoded: Decoded, where: str, *, in_xml: bool) -> Iterator[Finding]:
    sent, read = _by_path(operation, tree), _by_path(operation, decoded.tree)
    elsewhere = {member.key for member in operation.request.members if in_xml and not member.xml}
    for path, value in sent.items():
        if path in elsewhere:
            continue
        if path not in read:
            yield Finding(f"the member {path} is lost", where, "read every member that the message declares")
        elif read[path] != value:
            yield Finding(
                f"the member {path} was {value!r} and arrives as {read[path]!r}",
                where,
                "give typed leaves by Kind: str, bool, int, Decimal, UUID, NetDateTime, datetime, ...",
            )


def _by_path(operation: Operation, tree: Tree) -> dict[str, Any]:
    """Every value by its path, a date as its instant: not every text says of which kind it is."""
    found = leaves(operation.request, tree)
    return {leaf.path: leaf.value.instant() if isinstance(leaf.value, NetDateTime) else leaf.value for leaf in found}
