"""Whether an answer is what its message declares: XML by XML Schema, JSON by the message."""

from gateway.conformance.dialects import Address
from gateway.wire import WireResponse
from schemas.message import Message


class Schemas:
    """The schemas that were compiled so far."""


def departure(address: Address, response: WireResponse, message: Message | None, schemas: Schemas) -> str | None:
    """How an answer departs from ``message`` (None: a native fault), None when it does not."""
    return None
