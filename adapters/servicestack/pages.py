"""The pages that the protocol serves by itself; each is ready when a request has been opened."""

from adapters.servicestack.binding import Pairs
from adapters.servicestack.reply import Reply
from adapters.servicestack.routes import Target
from gateway.outcome import Fault, FaultKind
from gateway.wire import WireRequest


def page(request: WireRequest, target: Target, query: Pairs) -> Reply:
    """The reply that carries the page of ``target``."""
    return Reply("unknown", None, "text/plain", pending=Fault(FaultKind.NOT_FOUND_ROUTE))
