"""The ``Authorization: Bearer`` header (RFC 6750), which several APIs read."""

from gateway.spi import WireRequest


def bearer(request: WireRequest) -> str | None:
    """The token of ``Authorization: Bearer …``, the scheme compared without case; None when there is none."""
    scheme, _, token = request.headers.get("authorization", "").strip().partition(" ")
    return token.strip() or None if scheme.lower() == "bearer" else None
