"""The pages: what is served here, in HTML."""

from functools import lru_cache, partial

from flask import Flask, Response, abort, render_template, request

from adapters import openapi
from gateway.door import Gateway

POLICY = "default-src 'none'; style-src 'self'; img-src 'self'; base-uri 'none'; frame-ancestors 'none'"

_BASES = 16


def pages(gateway: Gateway) -> Flask:
    """The Flask application over one gateway; make it once."""
    made = Flask(__name__, static_url_path="/static")
    # Written once for each base: anybody may ask for them, and writing takes as long as a hundred requests.
    home, docs = lru_cache(_BASES)(partial(_home, gateway)), lru_cache(_BASES)(partial(_docs, gateway))
    made.add_url_rule("/", "home", lambda: home(request.script_root))
    made.add_url_rule("/docs", "docs", lambda: docs(request.script_root))
    made.add_url_rule("/favicon.ico", "icon", lambda: Response(status=204))
    made.after_request(_harden)
    return made


def _home(gateway: Gateway, base: str) -> str:
    apis = [gateway.apis[name] for name in sorted(gateway.apis)]
    return render_template("home.html", apis=apis, protocols=sorted(gateway.protocols), disabled=gateway.disabled)


def _docs(gateway: Gateway, base: str) -> str:
    """The own API for people: the page shows its OpenAPI document, and nothing else."""
    api = gateway.apis.get("sessions")
    if api is None:
        abort(404)
    problems = sorted((kind.value, row.status) for kind, row in api.faults.items())
    source = api.options[openapi.PATH]
    document = openapi.document(api)
    return render_template("docs.html", document=document, source=source, base=base, problems=problems)


def _harden(response: Response) -> Response:
    response.headers["Content-Security-Policy"] = POLICY
    response.headers["X-Content-Type-Options"] = "nosniff"
    response.headers["Referrer-Policy"] = "no-referrer"
    return response
