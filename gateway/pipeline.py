"""The pipeline: prepare, work, finish; three plain calls, so that any door can drive it.

``prepare`` does no I/O. ``work`` is the store's (ledger or reader). ``finish`` renders. Whatever goes wrong in any of
them is answered in the caller's dialect.
"""

import logging
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from functools import partial
from typing import Any, TypeAlias, TypeVar, TypeVarTuple

from adapters.protocol import Decoded, Exchange, Match, WireProtocol
from gateway import ids, several
from gateway.commands import ListEvents
from gateway.credentials import digest
from gateway.following import Following, Tail, Wanted
from gateway.guard import answer_of, by_api, by_protocol
from gateway.identity import Identity, Unverified, refused, require
from gateway.limits import Limits
from gateway.model import Principal
from gateway.outcome import Fault, FaultKind, Outcome
from gateway.quick import quick
from gateway.redaction import raw_request
from gateway.refusals import advice, internal, render, unowned
from gateway.router import Miss, Router
from gateway.several import Several
from gateway.wire import WireRequest, WireResponse
from gateway.work import Batch, Work
from schemas.api import Answer, Api, Asked, Context, Mapped, Operation, Presented, no_header, nobody
from schemas.message import Message, Tree

log = logging.getLogger("gateway.pipeline")
T = TypeVar("T")
Ts = TypeVarTuple("Ts")

SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS", "TRACE"})
"""Writes never happen by these."""


@dataclass(frozen=True, slots=True)
class Refused(WireResponse):
    """An answer that was ready before any work: a fault, or a page. It knows why, for log and metrics."""

    exchange: Exchange | None = None
    fault: Fault | None = None


Prepared: TypeAlias = Work | Batch | WireResponse
Result: TypeAlias = Outcome | Fault | Sequence[Outcome | Fault]


@dataclass(frozen=True)
class Pipeline:
    """Routes, identities and budgets of one process; it keeps nothing between requests."""

    router: Router
    protocols: dict[str, WireProtocol]
    identity: Identity
    limits: Limits
    tail: Tail | None = None

    def prepare(self, request: WireRequest, *, inline: bool = True) -> Prepared:
        """The work that a request asks for, or its answer where no work is needed. Raises Unverified unless
        ``inline``."""
        (prepared,) = self.prepare_all((request,), inline=inline)
        if isinstance(prepared, Unverified):
            raise prepared
        return prepared

    def prepare_all(self, requests: Sequence[WireRequest], *, inline: bool = True) -> list[Prepared | Unverified]:
        """:meth:`prepare` for requests that came together, each of which goes through one step before any goes through
        the next: a processor does a step for many in three quarters of the time. Whoever waits for a check has its
        Unverified."""
        exchanges = [self.open(request) for request in requests]
        begun = [self._begun(exchange, inline) for exchange in exchanges]
        return [
            self._guarded(item.exchange, self._works, item, inline) if isinstance(item, _Read) else item
            for item in begun
        ]

    def _begun(self, exchange: Exchange | None, inline: bool) -> "_Read | Prepared | Unverified":
        if exchange is None:
            return unowned()
        page = getattr(exchange.reply, "page", None)
        if isinstance(page, WireResponse):
            return page
        return self._guarded(exchange, self._several if exchange.several else self._read, exchange, inline)

    def _guarded(self, exchange: Exchange, step: Callable[[*Ts], T], *given: *Ts) -> T | Refused | Unverified:
        """What a step gives; what goes wrong in it as the caller's answer."""
        try:
            return step(*given)
        except Unverified as unverified:
            return unverified
        except Fault as fault:
            return self.refuse(exchange, fault)
        except Exception as error:
            return self._defect(exchange, error)

    def _prepared(self, exchange: Exchange, inline: bool) -> Work | Batch | Refused:
        """One request of several in a body. Raises Unverified unless ``inline``."""
        read = self._guarded(exchange, self._read, exchange, inline)
        made = self._guarded(exchange, self._works, read, inline) if isinstance(read, _Read) else read
        if isinstance(made, Unverified):
            raise made
        return made

    def finish(self, prepared: Work | Batch, result: Result) -> WireResponse:
        """The answer to finished work, in the caller's dialect."""
        if isinstance(prepared, Several):
            return self._joined(prepared, result)
        first = prepared.works[0] if isinstance(prepared, Batch) else prepared
        exchange: Exchange = prepared.exchange
        try:
            return self._finish(exchange, prepared, result)
        except Fault as fault:
            return self.refuse(exchange, fault, first.asked)
        except Exception as error:
            log.exception("a plug-in raised while it wrote an answer", extra={"correlation_id": first.correlation_id})
            return self.refuse(exchange, internal(error), first.asked)

    def reject(self, request: WireRequest, fault: Fault) -> WireResponse:
        """The answer to a request that a door itself refuses (too large, too slow), in the dialect of its path."""
        exchange = self.open(request)
        return unowned() if exchange is None else self.refuse(exchange, fault)

    def open(self, request: WireRequest) -> Exchange | None:
        """The exchange for a request's path; None when nobody owns the path."""
        match = self.router.match(request)
        if not isinstance(match, Miss):
            return _opened(match.endpoint.protocol, request, match)
        if match.endpoint is not None:
            fault = Fault(FaultKind.METHOD_NOT_ALLOWED, allow=match.allow)
            exchange = _opened(match.endpoint.protocol, request, None)
            return _refusing(exchange, match.endpoint.api or match.api, fault)
        native = match.api.native if match.api is not None else ()
        protocol = next((self.protocols[name] for name in native if name in self.protocols), None)
        if protocol is None:
            return None
        return _refusing(_opened(protocol, request, None), match.api, Fault(FaultKind.NOT_FOUND_ROUTE))

    def refuse(self, exchange: Exchange, fault: Fault, asked: Asked | None = None) -> Refused:
        """A fault as its API tells it, over the protocol that was spoken."""
        if isinstance(exchange.reply, _Refusal):
            exchange = replace(exchange, reply=exchange.reply.reply)
        try:
            response = render(exchange, fault, asked or _asked(exchange.request, {}))
        except Exception:
            log.exception("a fault could not be rendered", extra={"correlation_id": exchange.request.correlation_id})
            response = WireResponse.of(500, "text/plain", b"Internal Server Error")
        headers = (*response.headers, *advice(response, fault))
        return Refused(response.status, headers, response.body, response.reason, exchange, fault)

    def _several(self, exchange: Exchange, inline: bool) -> Prepared:
        """Each request of a body by itself; what is no work is answered at once, and all at once if none is."""
        made = several.prepared(several.split(exchange, self.limits), self._prepared, inline)
        bundle = several.of(exchange, made)
        if bundle.works:
            return bundle
        answer = self._joined(bundle, [])
        told = next((part.fault for part in made if isinstance(part, Refused)), None)
        return Refused(answer.status, answer.headers, answer.body, answer.reason, exchange, told)

    def _joined(self, prepared: Several, result: Result) -> WireResponse:
        """One answer of all parts' answers; what befell the store befell each."""
        results = iter(result if isinstance(result, Sequence) else [result] * len(prepared.works))
        answers = [self.finish(part, next(results)) if isinstance(part, Work) else part for part in prepared.parts]
        try:
            return several.join(prepared.exchange, answers)
        except Exception as error:
            return self._defect(prepared.exchange, error)

    def _defect(self, exchange: Exchange, error: Exception) -> Refused:
        log.exception("a plug-in raised", extra={"correlation_id": exchange.request.correlation_id})
        return self.refuse(exchange, internal(error))

    def _read(self, exchange: Exchange, inline: bool) -> "_Read":
        """Who asks, as far as the header says, and the members of what is asked."""
        if isinstance(exchange.reply, _Refusal):
            raise exchange.reply.fault
        principal = self._from_header(exchange, inline)
        decoded = by_protocol(exchange.protocol, exchange.protocol.decode, exchange, self.limits)
        return _Read(exchange, principal, decoded)

    def _works(self, read: "_Read", inline: bool) -> Work | Batch | Refused:
        exchange, request = read.exchange, read.exchange.request
        works: list[Work] = []
        for item in read.decoded:
            try:
                works.append(self._work(exchange, item, read.principal, inline))
            except Fault as fault:
                if exchange.batch:
                    fault.details = {**fault.details, "index": len(works)}
                return self.refuse(_addressed(exchange, item), fault, _asked(request, item.tree))
        if not exchange.batch:
            return works[0]
        numbered = _numbered(request.headers.get("idempotency-key"), read.decoded, works)
        return Batch(tuple(numbered), atomic=bool(getattr(exchange.reply, "atomic", False)), exchange=exchange)

    def _from_header(self, exchange: Exchange, inline: bool) -> Principal | None:
        api, operation = exchange.api, exchange.operation
        if api is None or api.header is no_header or (operation is not None and operation.public):
            return None
        shown = by_api(api, api.header, exchange.request, exchange.match.path if exchange.match else {})
        if shown is None:
            raise refused("no credentials in the header")
        request = exchange.request
        principal = self.identity.authenticate(api, shown, request.received_at, inline=inline, client=request.client)
        require(principal, operation.scope if operation else None)
        return principal

    def _work(self, exchange: Exchange, decoded: Decoded, principal: Principal | None, inline: bool) -> Work:
        request = exchange.request
        api, operation = _target(exchange, decoded)
        if operation.writes and request.method in SAFE_METHODS:
            raise Fault(FaultKind.METHOD_NOT_ALLOWED, allow=("POST",))
        by_api(api, operation.request.check, decoded.tree)
        if principal is None and exchange.api is None:
            principal = self._from_header(replace(exchange, api=api, operation=operation), inline)
        principal, token = self._who(api, operation, decoded.tree, principal, request, inline)
        secret = ids.session_secret()
        context = Context(principal, request.received_at, secret)
        mapped = by_api(api, _mapped, operation, decoded.tree, context)
        return Work(
            api=api,
            operation=operation,
            protocol=exchange.protocol.name,
            command=mapped.command,
            principal=principal,
            event_id=ids.event_id(),
            session_uid=ids.session_uid(),
            secret=secret,
            received_at=request.received_at,
            correlation_id=request.correlation_id,
            asked=Asked(decoded.tree, context, request.base_url, request.correlation_id),
            raw=raw_request(request, operation.request, decoded.tree, part=exchange.batch),
            notes=(*decoded.notes, *mapped.notes),
            token=token,
            idempotency_key=_key(request, decoded) if operation.writes else None,
            exchange=_addressed(exchange, decoded),
        )

    def _who(
        self,
        api: Api,
        operation: Operation,
        tree: Tree,
        principal: Principal | None,
        request: WireRequest,
        inline: bool,
    ) -> tuple[Principal | None, str | None]:
        shown: Presented | None = None
        if operation.credentials is not nobody:
            shown = by_api(api, operation.credentials, tree)
        if shown is not None and shown.kind == "session":
            principal = self.identity.key(api, shown.secret, request.received_at)
            if principal is None:
                return None, digest(shown.secret)
        elif shown is not None:
            principal = self.identity.authenticate(
                api, shown, request.received_at, inline=inline, client=request.client
            )
        if principal is None and not operation.public:
            raise refused("no credentials")
        if principal is not None:
            require(principal, operation.scope)
        return principal, None

    def _finish(self, exchange: Exchange, prepared: Work | Batch, result: Result) -> WireResponse:
        if isinstance(result, Fault):
            raise result
        if isinstance(prepared, Batch):
            return _finish_batch(exchange, prepared, result)
        assert isinstance(result, Outcome)
        response = _present(exchange, prepared, result)
        if self.tail is not None and getattr(exchange.reply, "follow", False):
            return replace(response, body=self._followed(self.tail, exchange, prepared, result, response))
        return response

    def _followed(
        self, tail: Tail, exchange: Exchange, work: Work, outcome: Outcome, response: WireResponse
    ) -> Following:
        """A body that goes on with the events after those of ``response``, for as long as the caller may read them."""
        command, principal = work.command, work.principal
        assert isinstance(command, ListEvents)
        assert isinstance(response.body, bytes)
        position = outcome.events[-1].position if outcome.events else command.after
        return Following(
            tail,
            Wanted(principal.tenant if principal else "", command.session_uid, position),
            response.body,
            partial(_frames, exchange, work),
            partial(self._still, exchange),
        )

    def _still(self, exchange: Exchange) -> None:
        """Raise a Fault unless the caller's credential is valid now."""
        self._from_header(replace(exchange, request=replace(exchange.request, received_at=datetime.now(UTC))), True)


@quick
@dataclass(frozen=True, slots=True)
class _Read:
    """A request that was read, before it is known what work it is."""

    exchange: Exchange
    principal: Principal | None
    decoded: Sequence[Decoded]


@dataclass(frozen=True, slots=True)
class _Refusal:
    """Stands in an exchange's reply until its fault is raised; the protocol's own reply waits behind it."""

    fault: Fault
    reply: Any


def _opened(protocol: WireProtocol, request: WireRequest, match: Match | None) -> Exchange:
    """The exchange of a request; of a protocol that raises, one that will be refused."""
    try:
        return by_protocol(protocol, protocol.open, request, match)
    except Exception as error:
        log.exception("a plug-in raised", extra={"correlation_id": request.correlation_id})
        fault = error if isinstance(error, Fault) else internal(error)
        end = match.endpoint if match is not None else None
        exchange = Exchange(protocol, request, match, end.api if end else None, end.operation if end else None)
        return _refusing(exchange, exchange.api, fault)


def _refusing(exchange: Exchange, api: Api | None, fault: Fault) -> Exchange:
    """The exchange that is answered with ``fault``, the first one that was found."""
    if isinstance(exchange.reply, _Refusal):
        return replace(exchange, api=api)
    return replace(exchange, api=api, reply=_Refusal(fault, exchange.reply), several=False)


def _mapped(operation: Operation, tree: Tree, context: Context) -> Mapped:
    mapped = operation.command(tree, context)
    if not isinstance(mapped, Mapped):
        raise TypeError(f"{operation.name} gave {type(mapped).__name__} for a Mapped")
    return mapped


def _present(exchange: Exchange, work: Work, outcome: Outcome) -> WireResponse:
    answer = by_api(work.api, work.operation.present, outcome, work.asked)
    return _encoded(exchange, answer.message or work.operation.answer, [answer])


def _encoded(exchange: Exchange, message: Message, answers: Sequence[Answer]) -> WireResponse:
    return answer_of(exchange.protocol, exchange.protocol.encode, exchange, message, answers)


def _frames(exchange: Exchange, work: Work, more: Outcome) -> bytes:
    body = _present(exchange, work, more).body
    assert isinstance(body, bytes)
    return body


def _key(request: WireRequest, decoded: Decoded) -> str | None:
    return decoded.idempotency_key or request.headers.get("idempotency-key") or None


def _numbered(key: str | None, decoded: Sequence[Decoded], works: Sequence[Work]) -> Iterator[Work]:
    """Works of a batch: each with its own Idempotency-Key, else with its number below that of the request."""
    for number, (item, work) in enumerate(zip(decoded, works, strict=True)):
        yield replace(work, idempotency_key=item.idempotency_key or (f"{key}/{number}" if key else None))


def _addressed(exchange: Exchange, decoded: Decoded) -> Exchange:
    """The exchange, with the API and operation that only the body named."""
    if decoded.api is None and decoded.operation is None:
        return exchange
    return replace(exchange, api=decoded.api or exchange.api, operation=decoded.operation or exchange.operation)


def _asked(request: WireRequest, tree: Tree) -> Asked:
    """What a fault may repeat of its request: without a principal, since it may be what is wrong."""
    return Asked(tree, Context(None, request.received_at), request.base_url, request.correlation_id)


def _target(exchange: Exchange, decoded: Decoded) -> tuple[Api, Operation]:
    api, operation = decoded.api or exchange.api, decoded.operation or exchange.operation
    if api is None or operation is None:
        raise Fault(FaultKind.NOT_FOUND_ROUTE, "the request names no operation")
    return api, operation


def _finish_batch(exchange: Exchange, batch: Batch, result: Result) -> WireResponse:
    assert isinstance(result, Sequence)
    answers: list[Answer] = []
    for work, item in zip(batch.works, result, strict=False):
        if isinstance(item, Fault):
            item.details = {**item.details, "completed": len(answers)}
            raise item
        answers.append(by_api(work.api, work.operation.present, item, work.asked))
    operation = batch.works[0].operation
    return _encoded(exchange, operation.answer, answers)
