"""Every kind of fault, told over every protocol: well-formed, as declared, without what only the operator may read."""

from collections.abc import Callable, Iterable, Iterator

from adapters.protocol import WireProtocol
from gateway import refusals
from gateway.conformance.case import body_of
from gateway.conformance.dialects import Address, addresses, economical
from gateway.conformance.findings import Finding, Trial
from gateway.conformance.kit import Kit
from gateway.conformance.steady import MOMENT
from gateway.conformance.validity import Schemas, departure
from gateway.conformance.values import misfit_tree, sample_tree
from gateway.conformance.wellformed import flaw
from gateway.model import Principal
from gateway.outcome import Fault, FaultKind, FieldError
from gateway.wire import WireResponse
from schemas.api import Api, Asked, Context, InBand, Native

CANARY = "only-the-operator-reads-this"
TEXT = 'wrong: <a> & "b" \u00e9 \U0001f600\r\n\t]]> end'
"""A message with everything in it that a format has to escape."""


def fault_of(kind: FaultKind, text: str = TEXT) -> Fault:
    """A fault of this kind with all that a fault can have."""
    fields = (FieldError('Request.Items[0].<Name> & "more"', text, "required"),) if kind is FaultKind.INVALID else ()
    return Fault(kind, text, fields=fields, log=CANARY, retry_after=7, allow=("POST", "PATCH"))


def api_trials(kit: Kit) -> Iterator[Trial]:
    """Each kind of fault of this API, over every protocol."""
    found = {name: economical(addresses(protocol, kit.api)) for name, protocol in kit.built.protocols.items()}
    schemas = Schemas()
    for kind in FaultKind:
        yield Trial(kind.value, _of(kit, [each for rows in found.values() for each in rows], kind, schemas))


def protocol_trials(kit: Kit) -> Iterator[Trial]:
    """Each kind of fault of every API, over this protocol."""
    schemas = Schemas()
    for api in kit.built.apis.values():
        found = economical(addresses(kit.protocol, api))
        for kind in FaultKind:
            yield Trial(f"{api.name}-{kind.value}", _of(kit, found, kind, schemas))


def _of(kit: Kit, found: list[Address], kind: FaultKind, schemas: Schemas) -> Callable[[], Iterable[Finding]]:
    return lambda: (finding for each in found for finding in _address(kit, each, kind, schemas))


def _address(kit: Kit, address: Address, kind: FaultKind, schemas: Schemas) -> Iterator[Finding]:
    """The fault before and after the operation was known, without and with the text of a caller."""
    row = address.api.faults.get(kind)
    if row is None:
        yield Finding(f"no row tells {kind.value}", str(address), "add one to the API's faults")
        return
    where = f"{kind.value}, {address}"
    yield from _tree(address, row, kind, where)
    for fault in (fault_of(kind), Fault(kind)):
        yield from _told(kit, address, fault, where, schemas)


def asked_of(address: Address) -> Asked:
    """A request of which a fault may repeat something: every member has a value."""
    tree = sample_tree(address.operation.request) if address.operation is not None else {}
    principal = Principal("key:1", address.api.name, "demo")
    return Asked(tree, Context(principal, MOMENT, "5" * 32), "http://gateway.example", "5" * 32)


def in_band(address: Address, row: InBand | Native) -> InBand | None:
    """The in-band row that stands for a fault at this address."""
    if not isinstance(row, InBand):
        return None
    own = address.operation.in_band if address.operation is not None else None
    return own or row


def _tree(address: Address, row: InBand | Native, kind: FaultKind, where: str) -> Iterator[Finding]:
    """What the API itself makes of a fault, before any protocol writes it."""
    told = in_band(address, row)
    if told is None:
        return
    for asked in (None, Asked({}, Context(None, MOMENT)), asked_of(address)):
        given = "no request" if asked is None else f"the request {sorted(asked.tree)}"
        try:
            wrong = misfit_tree(told.message, told.tree(fault_of(kind), asked))
        except Exception as error:
            wrong = f"it raised {type(error).__name__}: {error}"
        if wrong:
            remedy = f"mend the function `tree` of the InBand row: it must give a {told.message.name} for any fault"
            yield Finding(f"with {given}, its tree does not fit {told.message.name}: {wrong}", where, remedy)
            return


def _told(kit: Kit, address: Address, fault: Fault, where: str, schemas: Schemas) -> Iterator[Finding]:
    try:
        response = render(address, fault)
    except Exception as error:
        yield Finding(
            f"{type(error).__name__} was raised while the fault was written: {error}",
            where,
            "mend the codec, or the `tree` of the row; the caller would get a bare 500",
        )
        return
    wrong = flaw(response)
    if wrong:
        yield Finding(wrong, where, "escape text where the answer is written; a caller's text may hold anything")
        return
    yield from _content(response, fault, where)
    row = in_band(address, address.api.row(fault))
    odd = departure(address, response, row.message if row else None, schemas)
    if odd:
        yield Finding(
            f"the answer is not as declared: {odd}", where, "write what the declared message says, or mend it"
        )


def render(address: Address, fault: Fault) -> WireResponse:
    """The fault as a caller gets it. Raises whatever the API or the protocol raises."""
    return refusals.render(address.open(), fault, asked_of(address))


def _content(response: WireResponse, fault: Fault, where: str) -> Iterator[Finding]:
    body = body_of(response)
    if CANARY.encode() in body or any(CANARY in value for _, value in response.headers):
        yield Finding("the caller is told Fault.log", where, "tell Fault.message only; `log` is the operator's")
    if b"Traceback (most recent call last)" in body:
        yield Finding("the caller is told a traceback", where, "tell Fault.message only")


def row_status(api: Api, fault: Fault) -> int:
    """The status with which an API tells a fault."""
    return api.row(fault).status


def protocols(kit: Kit) -> Iterable[WireProtocol]:
    """Every protocol that is installed."""
    return kit.built.protocols.values()
