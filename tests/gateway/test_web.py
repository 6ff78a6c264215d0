"""The pages, and the gateway under a plain WSGI server."""

import gzip
import io
import os
import re
import subprocess
import sys
from concurrent.futures import Future
from types import SimpleNamespace

import pytest
from werkzeug.test import Client, EnvironBuilder

from gateway.outcome import Fault, FaultKind
from gateway.settings import Settings
from gateway.web import paths
from gateway.web.wsgi import WsgiDoor
from gateway.wire import WireRequest, WireResponse

LIMIT = 1000


SETTINGS = Settings(
    {
        "limits.body_bytes": LIMIT,
        "work_timeout": 0.2,
        "gzip": True,
        "limits.decompressed_bytes": LIMIT,
        "limits.decompressed_ratio": 100,
        "trusted_proxies": (),
        "proxy_header": "x-forwarded",
        "base_url": "",
    }
)
OPERATIONS = [SimpleNamespace(name="Do")]
API = SimpleNamespace(name="demo", title="Demo <API>", native=("rest",), prefixes=("/demo",), operations=OPERATIONS)


class Small:
    """A gateway that answers every wire path with what it got."""

    settings = SETTINGS
    disabled = (SimpleNamespace(name="broken", owner="dist 1", reason="ImportError: gone"),)
    identity = SimpleNamespace(operator=lambda secret, at: None)

    def __init__(self):
        self.store = self
        self.apis, self.protocols = {"demo": API}, {"rest": object(), "soap": object()}
        self.records = []

    def prepare(self, request, *, inline=True):
        assert inline, "a thread may wait for a secret's check"
        return WireResponse(404, (), b"404", reason="Nowhere") if request.path == "/nowhere" else request

    def submit(self, prepared):
        future = Future()
        if prepared.path == "/fault":
            future.set_exception(Fault(FaultKind.CONFLICT, "no"))
        elif prepared.path != "/never":
            future.set_result("done")
        return future

    def finish(self, prepared: WireRequest, result):
        if isinstance(result, Fault):
            return self.reject(prepared, result)
        if prepared.path == "/stream":
            return WireResponse(200, (), iter([b"a", b"b"]))
        fields = (prepared.method, prepared.raw_path, prepared.path, prepared.query, prepared.body.decode())
        return WireResponse.of(200, "text/plain", "|".join((*fields, prepared.headers.get("x-one", ""))).encode())

    def reject(self, request, fault):
        return WireResponse.of(400, "text/x-dialect", f"{fault.kind.value}: {fault.message}".encode())

    def record(self, request, prepared, result, response, seconds):
        self.records.append((request.path, response.status))

    def ready(self):
        return None


@pytest.fixture
def gateway():
    return Small()


@pytest.fixture
def client(gateway):
    return Client(WsgiDoor(gateway))


def test_a_wire_request_reaches_the_gateway_as_it_came(client):
    answer = client.post("/a/x", query_string="q=1%20", data=b"body", headers={"X-One": "1"})
    assert answer.text == "POST|/a/x|/a/x|q=1%20|body|1"


def test_the_raw_path_of_the_server_is_used_where_it_gives_one(gateway):
    environ = EnvironBuilder("/a/b c").get_environ() | {"RAW_URI": "/a%2Fb%20c?x"}
    assert b"".join(WsgiDoor(gateway)(environ, lambda *_: None)).startswith(b"GET|/a%2Fb%20c|/a/b c|")


def test_reason_status_and_length_are_the_gateways(client):
    answer = client.get("/nowhere")
    assert answer.status == "404 Nowhere"
    assert answer.headers["Content-Length"] == "3"


def test_faults_of_the_work_are_answered_in_the_dialect(client):
    assert client.get("/fault").text == "conflict: no"
    assert client.get("/never").text.startswith("timeout: ")


def test_a_body_over_its_budget_is_refused_in_the_dialect(client, gateway):
    assert client.post("/a", data=b"x" * LIMIT).status_code == 200
    assert client.post("/a", data=b"x" * (LIMIT + 1)).text == "too_large: The body is larger than 1000 bytes."
    assert gateway.records[-1] == ("/a", 400)


def test_a_chunked_body_over_its_budget_is_refused(gateway):
    environ = EnvironBuilder("/a", method="POST", input_stream=io.BytesIO(b"x" * (LIMIT + 1))).get_environ()
    environ.pop("CONTENT_LENGTH", None)
    environ["wsgi.input_terminated"] = True
    assert b"too_large" in b"".join(WsgiDoor(gateway)(environ, lambda *_: None))


def test_a_gzip_body_is_read_within_its_budget_and_another_coding_is_not(client):
    said = {"Content-Encoding": "gzip"}
    assert client.post("/a", data=gzip.compress(b"text"), headers=said).text.startswith("POST|/a|/a||text|")
    assert client.post("/a", data=gzip.compress(b"x" * 1001), headers=said).text.startswith("too_large: ")
    assert client.post("/a", data=b"x", headers={"Content-Encoding": "br"}).text.startswith("unsupported_media: ")


def test_a_stream_is_passed_on_and_head_has_no_body(client):
    assert client.get("/stream").data == b"ab"
    head = client.head("/a")
    assert head.data == b""
    assert int(head.headers["Content-Length"]) > 0


def test_the_state_of_the_server_is_told_here_too(client):
    assert client.get("/-/live").status_code == 200
    assert client.get("/-/ready").json["problems"] == ["plug-in broken (dist 1): ImportError: gone"]


def test_home_lists_apis_protocols_and_what_is_missing(client, gateway):
    page = client.get("/").text
    assert "Demo &lt;API&gt;" in page
    assert "<code>soap</code>" in page
    assert "ImportError: gone" in page
    assert gateway.records == []


def test_home_loads_nothing_from_elsewhere(client):
    answer = client.get("/")
    assert re.findall(r'(?:src|href)="(?!/)', answer.text) == []
    assert "default-src 'none'" in answer.headers["Content-Security-Policy"]


def test_the_pages_own_style_is_shipped(client):
    answer = client.get("/static/style.css")
    assert answer.status_code == 200
    assert answer.mimetype == "text/css"


def test_a_file_outside_the_pages_own_folder_is_not_shown(client):
    assert client.get("/static/../pages.py").status_code == 404


@pytest.mark.parametrize("path", ["/v1/sessions", "/console", "/staticx", "/api", "/Static/x", "//"])
def test_only_the_listed_paths_are_pages(path):
    assert not paths.is_page(path)


def test_importing_the_package_builds_nothing():
    import gateway.web

    assert callable(gateway.web.app)


def test_the_gateway_runs_under_any_wsgi_server_from_the_environment_alone(tmp_path):
    script = (
        "from gateway.web import app; from werkzeug.test import Client; c = Client(app);"
        "print(c.get('/nobody').text, c.get('/-/live').status_code, c.get('/v1/sessions').status_code)"
    )
    environment = os.environ | {"SESSION_GATEWAY_DATABASE": f"sqlite:///{tmp_path}/store.db"}
    done = subprocess.run(
        [sys.executable, "-c", script], env=environment, capture_output=True, text=True, timeout=30, check=True
    )
    assert done.stdout.splitlines()[-1] == "404 200 401"
    assert '"api":"sessions"' in done.stdout
