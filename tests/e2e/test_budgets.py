"""What HTTP alone makes too much is told in the dialect of its path, and the log names the setting."""

import gzip
import json
import time

import httpx
import pytest

from tests.e2e.conftest import Server

pytestmark = pytest.mark.once

PATHS = {
    "/api/v1/workstation/session/end": ("POST", "application/json"),
    "/sites/acme/api/userSession/post": ("POST", "application/json"),
    "/device/v1/devices/d/usage-sessions": ("POST", "application/json"),
    "/json/reply/UserLoginRequest": ("POST", "application/json"),
    "/3dpartstream/xml": ("POST", "text/xml"),
    "/v1/sessions": ("POST", "application/json"),
    "/v1/soap": ("POST", "text/xml"),
}
MARKS = {
    "/api/v1/workstation/session/end": '{"Message":',
    "/sites/acme/api/userSession/post": '{"Message":',
    "/device/v1/devices/d/usage-sessions": '"serviceName":"Device Service"',
    "/json/reply/UserLoginRequest": "ResponseStatus",
    "/3dpartstream/xml": "<faultcode>",
    "/v1/sessions": '"type":"urn:session-gateway:problem:',
    "/v1/soap": "soap:Fault>",
}
MANY = {f"X-{number}": "1" for number in range(120)}
REQUESTS = {
    "header_count": ({"headers": MANY}, 431),
    "header_bytes": ({"headers": {"X": "a" * 70_000}}, 431),
    "line_bytes": ({"params": {"q": "a" * 20_000}}, 414),
    "limits.body_bytes": ({"content": b" " * (1024 * 1024 + 1)}, 413),
    "gzip": ({"content": gzip.compress(b"{}"), "headers": {"Content-Encoding": "gzip"}}, 415),
}


@pytest.mark.parametrize("path", PATHS)
@pytest.mark.parametrize("setting", REQUESTS)
def test_what_is_too_much_is_told_in_the_dialect(demo: Server, path: str, setting: str) -> None:
    method, media_type = PATHS[path]
    given, status = REQUESTS[setting]
    headers = {"Content-Type": media_type, **given.get("headers", {})}  # type: ignore[dict-item]
    asked = {**given, "headers": headers}
    with demo.client() as client:
        answer: httpx.Response = client.request(method, path, **asked)  # type: ignore[arg-type]
    assert MARKS[path] in answer.text
    if "soap" not in path and "partstream" not in path:
        assert answer.status_code == status
    if setting == "gzip":
        assert answer.headers["Accept-Encoding"] == "identity"
    assert answer.headers["Connection"] == "close"
    assert told(demo, path, setting)


def told(server: Server, path: str, setting: str) -> bool:
    """Whether the log names the setting for this path; it is written a moment after the answer."""
    for _ in range(50):
        lines = [json.loads(line) for line in server.log.read_text().splitlines() if line.startswith("{")]
        if any(row.get("path") == path and row.get("fault_log", "").endswith(f"setting: {setting}") for row in lines):
            return True
        time.sleep(0.1)
    return False
