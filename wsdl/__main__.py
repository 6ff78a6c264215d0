"""``python -m wsdl``: write the published documents anew."""

from collections.abc import Callable, Mapping
from pathlib import Path

from adapters.soap import style_of
from gateway.settings import load
from schemas import partstream
from wsdl.header_style import describe

PUBLISHED = Path(__file__).parent / "published"
BASE = "http://localhost:8080"
"""The address in the published files; a served document has the caller's own."""


def partstream_wsdl() -> bytes:
    """PartStream's description, with default settings."""
    api = partstream.build(load(partstream.SETTINGS))
    return describe(api, style_of(api), BASE + style_of(api).path)


DOCUMENTS: Mapping[str, Callable[[], bytes]] = {"partstream.wsdl": partstream_wsdl}


def main() -> None:
    """Write every document of the table, the same bytes each time."""
    PUBLISHED.mkdir(exist_ok=True)
    for name, make in DOCUMENTS.items():
        (PUBLISHED / name).write_bytes(make())


if __name__ == "__main__":
    main()
