"""Every address at which an API is offered, over every installed protocol: where its faults must be told."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

from adapters.protocol import Endpoint, Exchange, Match, Offer, WireProtocol
from gateway.conformance.steady import MOMENT
from gateway.wire import Headers, WireRequest, WireResponse
from schemas.api import Api, Operation

ACCEPTS = ("", "application/json", "application/xml")
"""What callers are tried with: without an Accept header, and with one for either family of formats."""
_PARAMETER = re.compile(r"\{([^{}*]+)\*?\}")


@dataclass(frozen=True)
class Address:
    """One address of one operation over one protocol, asked for in one format. ``operation`` is None where only the
    API is known yet."""

    protocol: WireProtocol
    endpoint: Endpoint
    api: Api
    operation: Operation | None
    method: str
    accept: str = ""

    def __str__(self) -> str:
        accept = f", Accept: {self.accept}" if self.accept else ""
        operation = self.operation.name if self.operation else "(no operation known)"
        return f"{self.api.name} over {self.protocol.name}: {self.method} {self.endpoint.path}{accept}; {operation}"

    @property
    def path(self) -> str:
        """The path, with something in each of its parameters."""
        named = self.operation.name if self.operation else "x"
        return _PARAMETER.sub(lambda found: named if found[1] == "operation" else "x", self.endpoint.path)

    def request(self, body: bytes = b"") -> WireRequest:
        """A request at this address."""
        headers = [("Accept", self.accept)] if self.accept else []
        return WireRequest(
            self.method, self.path, "", Headers(headers), body, received_at=MOMENT, raw_path=self.path,
            correlation_id="5" * 32,
        )  # fmt: skip

    def open(self) -> Exchange:
        """The exchange as the protocol opens it; API and operation are filled in as the pipeline does."""
        parameters = dict.fromkeys(_PARAMETER.findall(self.endpoint.path), "x")
        if "operation" in parameters and self.operation is not None:
            parameters["operation"] = self.operation.name
        made = self.protocol.open(self.request(), Match(self.endpoint, parameters))
        api = made.api if made.api is not None else self.api
        return replace(made, api=api, operation=made.operation or self.operation)

    def is_page(self, exchange: Exchange) -> bool:
        """Whether a page for people is served here, which no fault comes from."""
        page: Any = getattr(exchange.reply, "page", None)
        return isinstance(page, WireResponse)


def addresses(protocol: WireProtocol, api: Api, accepts: Sequence[str] = ACCEPTS) -> Iterator[Address]:
    """Every address at which ``protocol`` serves ``api``, for each operation."""
    for endpoint in protocol.bind([Offer(api, protocol.name in api.native)]):
        if endpoint.api not in (None, api):
            continue
        known = [endpoint.operation] if endpoint.operation is not None else list(api.operations)
        method = "POST" if endpoint.methods is None or "POST" in endpoint.methods else sorted(endpoint.methods)[0]
        for operation in known:
            for accept in accepts:
                found = Address(protocol, endpoint, api, operation, method, accept)
                exchange = found.open()
                if not found.is_page(exchange) and exchange.operation is operation and exchange.api is api:
                    yield found


def economical(found: Iterator[Address]) -> list[Address]:
    """One address of each kind: those that differ in path only where another path of its shape serves, are one."""
    kept: dict[Any, Address] = {}
    for each in found:
        exchange = each.open()
        native = exchange.native
        codec = exchange.codec.name if exchange.codec is not None else ""
        shape = (each.operation, each.accept, native, codec, _shape(each))
        kept.setdefault(shape, each)
    return list(kept.values())


def _shape(address: Address) -> str:
    """The first segment of a path that all APIs share (``/json``, ``/soap12``), else the whole path."""
    return address.endpoint.path.split("/")[1] if address.endpoint.api is None else address.endpoint.path
