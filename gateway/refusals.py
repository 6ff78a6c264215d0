"""How a fault is told: as its API says, over the protocol that was spoken; and what is told where no API is known."""

from collections.abc import Iterator

from adapters.protocol import Exchange
from gateway.guard import answer_of, by_api
from gateway.outcome import Fault, FaultKind
from gateway.wire import WireResponse
from schemas.api import PLAIN_FAULTS, Answer, Asked, InBand, NativeFault


def render(exchange: Exchange, fault: Fault, asked: Asked | None) -> WireResponse:
    """The answer that tells ``fault``. What the plug-ins raise while they tell it goes on."""
    row = exchange.api.row(fault) if exchange.api is not None else None
    if isinstance(row, InBand):
        if exchange.operation is not None and exchange.operation.in_band is not None:
            row = exchange.operation.in_band
        assert exchange.api is not None
        answer = Answer(by_api(exchange.api, row.tree, fault, asked), row.status, row.message)
        return answer_of(exchange.protocol, exchange.protocol.encode, exchange, row.message, [answer])
    if row is None:
        status = fault.status or PLAIN_FAULTS[fault.kind].status
        native = NativeFault(status, fault.code or fault.kind.value, fault.message, fault)
    else:
        status, text = fault.status or row.status, row.text or fault.message
        native = NativeFault(status, fault.code or row.code or fault.kind.value, text, fault)
    return answer_of(exchange.protocol, exchange.protocol.fault, exchange, native)


def advice(response: WireResponse, fault: Fault) -> Iterator[tuple[str, str]]:
    """``Allow`` and ``Retry-After``, which help in every dialect, where the protocol has not set them."""
    present = {name.lower() for name, _ in response.headers}
    if fault.allow and "allow" not in present:
        yield "Allow", ", ".join(fault.allow)
    if fault.retry_after is not None and "retry-after" not in present:
        yield "Retry-After", str(fault.retry_after)
    yield from fault.headers


def internal(error: Exception) -> Fault:
    """The fault of a bug: the caller learns nothing of it, the log everything."""
    return Fault(FaultKind.INTERNAL, "An internal error occurred.", log=f"{type(error).__name__}: {error}")


def unowned() -> WireResponse:
    """What an unknown path gets that no API owns: ServiceStack's plain ``404``."""
    return WireResponse.of(404, "text/plain", b"404")
