"""A WireRequest for a page, answered by Flask."""

from urllib.parse import urlsplit

from flask import Flask
from werkzeug.test import EnvironBuilder, run_wsgi_app

from gateway.wire import WireRequest, WireResponse

_SKIPPED = frozenset({"content-length", "transfer-encoding", "connection"})


def call(site: Flask, request: WireRequest) -> WireResponse:
    """The page's answer; the server sets the length of its body."""
    body, status, headers = run_wsgi_app(site.wsgi_app, _environ(request), buffered=True)
    kept = tuple((name, value) for name, value in headers if name.lower() not in _SKIPPED)
    return WireResponse(int(status.split(" ", 1)[0]), kept, b"".join(body))


def _environ(request: WireRequest) -> dict[str, object]:
    parts = urlsplit(request.base_url)
    builder = EnvironBuilder(
        path=request.path,
        base_url=f"{parts.scheme}://{parts.netloc}{parts.path}",
        query_string=request.query,
        method=request.method,
        headers=[(name, value) for name in request.headers for value in request.headers.getlist(name)],
        data=request.body,
        environ_base={"REMOTE_ADDR": request.client},
    )
    return dict(builder.get_environ())
