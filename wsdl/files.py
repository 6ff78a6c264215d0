"""The published documents, as they are served: the same but for the service's address."""

from functools import cache
from pathlib import Path
from xml.sax.saxutils import quoteattr

PUBLISHED = Path(__file__).parent / "published"
BASE = "http://localhost:8080"
"""The address in the published files; a served document has the caller's own."""


@cache
def _parts(name: str) -> list[bytes]:
    """A document, split at the addresses of its service."""
    before, *after = (PUBLISHED / name).read_bytes().split(b'location="' + BASE.encode())
    return [before, *(part.partition(b'"')[2] for part in after)]


def at(name: str, location: str) -> bytes:
    """The published document ``name``, of a service at the absolute address ``location``."""
    return f"location={quoteattr(location)}".encode().join(_parts(name))
