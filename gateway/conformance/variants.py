"""Metamorphic variants: the same request said otherwise means the same command."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from typing import Any

from gateway.commands import canonical
from gateway.conformance import variants_json, variants_xml
from gateway.conformance.bench import Bench, works_of
from gateway.conformance.case import Case
from gateway.conformance.findings import Finding, Trial
from gateway.conformance.kit import Kit
from gateway.conformance.members import members
from gateway.outcome import Fault, FaultKind
from gateway.pipeline import Prepared
from gateway.wire import Headers, WireRequest
from schemas.api import Operation

CASELESS = frozenset({"webapi", "servicestack"})
"""Protocols whose names of JSON members are found in any case, as those of .NET are."""
ENCODINGS = frozenset({"byte order mark", "utf-16"})
REFUSALS = frozenset({FaultKind.MALFORMED, FaultKind.UNSUPPORTED_MEDIA})
"""How JSON in another encoding than UTF-8 may be refused, which RFC 8259 asks for nowhere; misread it must not be."""


def trials(kit: Kit) -> Iterator[Trial]:
    """Each golden request with a body."""
    for case in kit.cases:
        if not case.trouble:
            yield Trial(case.name, _of(kit, case))


def _of(kit: Kit, case: Case) -> Callable[[], Iterable[Finding]]:
    return lambda: _compared(kit, case)


def _compared(kit: Kit, case: Case) -> Iterator[Finding]:
    bench = kit.shared(case.settings)
    request = case.request(bench.secrets)
    first = prepared(bench, request)
    if isinstance(first, Exception):
        yield Finding(f"{type(first).__name__}: {first}", str(case.folder), "nothing but a Fault may leave the decoder")
        return
    meant, operation = meaning(first), operation_of(first)
    strict = bench.gateway.settings["fidelity"] == "strict"
    for name, body, charset, refusable in _variants(bench, request, operation):
        if strict and name == "children shuffled":
            continue
        again = prepared(bench, said(request, body, charset))
        got = again if isinstance(again, Exception) else meaning(again)
        if got != meant and not (refusable and _kind(again) in REFUSALS):
            yield Finding(
                f"with {name} it means something else:\n  {_told(meant)}\n  {_told(got)}\nthe body was {body[:300]!r}",
                str(case.folder / "request.http"),
                f"read {name} as the grammar of the format has it; the two bodies say the same",
            )


def prepared(bench: Bench, request: WireRequest) -> Prepared | Exception:
    """What a request asks for, with the same identifiers each time; or what escaped, which nothing may."""
    bench.numbers.set({})
    try:
        return bench.gateway.prepare(request)
    except Exception as error:
        return error


def meaning(found: Prepared) -> Any:
    """What a prepared request means: its commands and who asks, or the kind and the members of its refusal."""
    works = works_of(found)
    if works:
        return [
            (work.api.name, work.operation.name, canonical(work.command), work.principal, work.idempotency_key)
            for work in works
        ]
    fault = fault_of(found)
    return (fault.kind, fault.code, tuple(sorted(field.path for field in fault.fields))) if fault else "a page"


def fault_of(found: Any) -> Fault | None:
    """The fault of a refusal."""
    fault = getattr(found, "fault", None)
    return fault if isinstance(fault, Fault) else None


def _kind(found: Any) -> FaultKind | None:
    fault = fault_of(found)
    return fault.kind if fault else None


def operation_of(found: Prepared) -> Operation | None:
    """The operation that a request was for, as far as it is known."""
    works = works_of(found)
    if works:
        return works[0].operation
    exchange = getattr(found, "exchange", None)
    return exchange.operation if exchange is not None else None


def _told(meant: Any) -> str:
    return repr(meant)[:700]


def _variants(
    bench: Bench, request: WireRequest, operation: Operation | None
) -> Iterator[tuple[str, bytes, str | None, bool]]:
    kind, _, rest = request.headers.get("content-type", "").partition(";")
    kind = kind.strip().lower()
    start = request.body.lstrip(b"\xef\xbb\xbf \t\r\n")[:1]
    if kind.endswith("xml") and start:
        charset = next((part.partition("=")[2] for part in rest.split(";") if "charset" in part.lower()), None)
        for name, body, sent in variants_xml.variants(request.body, charset.strip('" ') if charset else None):
            yield name, body, sent, False
    elif (kind.endswith("json") or not kind) and start in (b"{", b"["):
        names = _names(bench, request, operation)
        for name, body, sent in variants_json.variants(request.body, names):
            yield name, body, sent, name in ENCODINGS


def _names(bench: Bench, request: WireRequest, operation: Operation | None) -> frozenset[str] | None:
    """The names of members that may be spelled in any case, in lower case; None where case counts."""
    exchange = bench.gateway.pipeline.open(request)
    caseless = exchange is not None and (
        exchange.protocol.name in CASELESS or bool(getattr(exchange.protocol, "ignores_member_case", False))
    )
    if not caseless or operation is None or operation.request.open:
        return None
    rows = list(members(operation.request))
    return None if any(message.open for _, message, _ in rows) else frozenset(row[2].name.lower() for row in rows)


def said(request: WireRequest, body: bytes, charset: str | None) -> WireRequest:
    """The request with another body; with ``charset`` named in its Content-Type."""
    fields = []
    for name, value in request.headers.items():
        named = name == "content-type" and charset
        kept = f"{value.partition(';')[0]}; charset={charset}" if named else value
        fields.append((name, str(len(body)) if name == "content-length" else kept))
    return replace(request, body=body, headers=Headers(fields))
