"""Pages for people (Flask), and the whole gateway as a plain WSGI callable: ``gateway.web:app``."""

from collections.abc import Callable, Iterable
from typing import Any


def app(environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
    """The gateway under any WSGI server; assembled at the first request, from the environment's settings."""
    from gateway.web.wsgi import default_door

    return default_door()(environ, start_response)
