"""``python -m wsdl``: write the published documents anew."""

from collections.abc import Callable, Mapping

from adapters.soap import style_of
from gateway.settings import load
from schemas import partstream, sessions
from wsdl import servicestack_files
from wsdl.files import BASE, PUBLISHED
from wsdl.header_style import describe


def partstream_wsdl() -> bytes:
    """PartStream's description, with default settings."""
    api = partstream.build(load(partstream.SETTINGS))
    return describe(api, style_of(api), BASE + style_of(api).path)


def sessions_wsdl() -> bytes:
    """The description of the gateway's own service. It needs spyne, and nothing else here does."""
    from wsdl import own

    api = sessions.build(load(sessions.PLUGIN.settings))
    return own.describe(api, BASE + style_of(api).path)


DOCUMENTS: Mapping[str, Callable[[], bytes]] = {
    "partstream.wsdl": partstream_wsdl,
    "sessions.wsdl": sessions_wsdl,
    **servicestack_files.documents(BASE),
}


def main() -> None:
    """Write every document of the table, the same bytes each time."""
    PUBLISHED.mkdir(exist_ok=True)
    for name, make in DOCUMENTS.items():
        (PUBLISHED / name).write_bytes(make())


if __name__ == "__main__":
    main()
