"""The wire door under WSGI: the same calls, waited for by a thread. Flask answers pages and nothing else."""

import atexit
import http
import logging
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import TimeoutError as FutureTimeout
from dataclasses import replace
from functools import lru_cache
from typing import Any
from urllib.parse import quote

from gateway import arrival, door, health
from gateway.door import Gateway
from gateway.inflate import inflated, is_gzip
from gateway.outcome import Fault
from gateway.proxies import ProxyPolicy
from gateway.web import paths
from gateway.web.bridge import call
from gateway.web.pages import pages
from gateway.wire import WireRequest, WireResponse

logger = logging.getLogger("gateway.door")
_LOCK = threading.Lock()


def default_door() -> "WsgiDoor":
    """The door of this process."""
    with _LOCK:
        return _default_door()


@lru_cache(1)
def _default_door() -> "WsgiDoor":
    from gateway import boot, telemetry

    settings = boot.load_settings()
    if not logging.getLogger().handlers:
        telemetry.configure(settings["log_level"], access_log=settings["access_log"])
    gateway = boot.assemble(settings)
    atexit.register(gateway.close)
    return WsgiDoor(gateway)


class WsgiDoor:
    """A WSGI callable over one gateway. Time-outs of head and body are the WSGI server's."""

    def __init__(self, gateway: Gateway) -> None:
        self._gateway = gateway
        self._policy = ProxyPolicy.of(gateway.settings)
        self._site = pages(gateway)

    def __call__(self, environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        started = time.perf_counter()
        request = _request(self._policy, environ)
        try:
            request = replace(request, body=self._body(request, environ))
        except Fault as fault:
            response = door.reject(self._gateway, request, fault)
            door.record(self._gateway, request, None, fault, response, started)
            return _send(request, response, start_response)
        return _send(request, self._answer(request, started), start_response)

    def _answer(self, request: WireRequest, started: float) -> WireResponse:
        if health.owns(request.path):
            return health.answer(self._gateway, request)
        if paths.is_page(request.path):
            return call(self._site, request)
        prepared = door.prepare(self._gateway, request)
        result = None if isinstance(prepared, WireResponse) else self._perform(prepared)
        response: WireResponse = (
            prepared if isinstance(prepared, WireResponse) else door.finish(self._gateway, request, prepared, result)
        )
        door.record(self._gateway, request, prepared, result, response, started)
        return response

    def _perform(self, prepared: Any) -> Any:
        seconds = self._gateway.settings["work_timeout"]
        try:
            return self._gateway.store.submit(prepared).result(seconds)
        except FutureTimeout:
            return arrival.unanswered(seconds)
        except Fault as fault:
            return fault
        except Exception as error:
            logger.exception("work failed")
            return arrival.internal(error)

    def _body(self, request: WireRequest, environ: dict[str, Any]) -> bytes:
        limit = self._gateway.settings["limits.body_bytes"]
        declared = arrival.declared_length(request.headers)
        if declared > limit:
            raise arrival.too_large(limit)
        gzip = is_gzip(request.headers.getlist("content-encoding"), self._gateway.settings["gzip"])
        # A server that decodes chunks says so; another one must not be read past the declared length.
        size = limit + 1 if environ.get("wsgi.input_terminated") else declared
        body = b"".join(_read(environ["wsgi.input"], size))
        if len(body) > limit:
            raise arrival.too_large(limit)
        return inflated(body, self._gateway.settings) if gzip else body


def _read(stream: Any, size: int) -> Iterator[bytes]:
    while size > 0 and (part := stream.read(min(size, 65536))):
        size -= len(part)
        yield part


def _request(policy: ProxyPolicy, environ: dict[str, Any]) -> WireRequest:
    target = environ.get("RAW_URI") or environ.get("REQUEST_URI") or ""
    path = environ.get("SCRIPT_NAME", "") + environ.get("PATH_INFO", "")
    return arrival.arrive(
        policy,
        environ["REQUEST_METHOD"],
        target.partition("?")[0] if target.startswith("/") else quote(path.encode("latin-1")),
        environ.get("QUERY_STRING", ""),
        _fields(environ),
        peer=environ.get("REMOTE_ADDR", ""),
        scheme=environ.get("wsgi.url_scheme", "http"),
        fallback_host=f"{environ.get('SERVER_NAME', 'localhost')}:{environ.get('SERVER_PORT', '80')}",
    )


def _fields(environ: dict[str, Any]) -> Iterator[tuple[str, str]]:
    for name, value in environ.items():
        if name.startswith("HTTP_"):
            yield name[5:].replace("_", "-"), value
        elif name in ("CONTENT_TYPE", "CONTENT_LENGTH") and value:
            yield name.replace("_", "-"), value


def _send(request: WireRequest, response: WireResponse, start_response: Callable[..., Any]) -> Iterable[bytes]:
    headers = list(response.headers)
    if isinstance(response.body, bytes) and response.status not in (204, 304):
        headers = [row for row in headers if row[0].lower() != "content-length"]
        headers.append(("Content-Length", str(len(response.body))))
    start_response(f"{response.status} {response.reason or _phrase(response.status)}", headers)
    if request.method == "HEAD" or response.status in (204, 304):
        return []
    return [response.body] if isinstance(response.body, bytes) else response.body


def _phrase(status: int) -> str:
    try:
        return http.HTTPStatus(status).phrase
    except ValueError:
        return "Unknown"
