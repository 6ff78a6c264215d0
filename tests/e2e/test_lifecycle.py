"""Starting, stopping and dying: what was answered is there, and what cannot start says why."""

import re
import sqlite3
import subprocess
import time
from collections.abc import Callable
from pathlib import Path

import httpx
import pytest

from tests.e2e.conftest import BIN, REQUESTS, Server, command

END = (REQUESTS / "workstation-session-end.json").read_text(encoding="utf-8")
JSON = {"Content-Type": "application/json"}
OK = '{"Message":{"Code":"00","Description":"Success"}}'


def end(client: httpx.Client, index: str) -> httpx.Response:
    return client.post("/api/v1/workstation/session/end", content=END.replace('"283"', f'"{index}"'), headers=JSON)


def stored(database: Path) -> list[str]:
    """The indexes of all stored sessions, read with nothing of ours."""
    with sqlite3.connect(database) as connection:
        rows = connection.execute("SELECT body FROM sessions").fetchall()
    return re.findall(r'"index":"(t\d+-\d+)"', "\n".join(str(row[0]) for row in rows))


def test_two_servers_share_one_database(serve: Callable[..., Server], tmp_path: Path) -> None:
    one = serve("--demo", database=tmp_path / "shared.db")
    two = serve("--demo", database=tmp_path / "shared.db")
    with one.client() as first, two.client() as second:
        assert end(first, "a").text == OK
        assert end(second, "a").text == OK
        events = [event for event in two.events() if event["operation"] == "SessionEnd"]
    assert len(events) == 1


def test_a_newer_schema_stops_the_start_with_a_sentence(tmp_path: Path) -> None:
    database = tmp_path / "new.db"
    command("migrate", database=database)
    with sqlite3.connect(database) as connection:
        connection.execute("UPDATE meta SET value = '999' WHERE name = 'schema_version'")
    words = [str(BIN / "session-gateway"), "serve", "--database", f"sqlite:///{database}", "--bind", "127.0.0.1:0"]
    done = subprocess.run(words, capture_output=True, text=True, timeout=30, check=False)
    assert done.returncode == 1
    assert "schema version 999" in done.stderr
    assert "Install" in done.stderr


def test_a_backup_of_a_live_store_holds_what_was_answered(serve: Callable[..., Server], tmp_path: Path) -> None:
    server = serve("--demo")
    with server.client() as client:
        assert end(client, "t0-0").text == OK
    command("backup", str(tmp_path / "copy.db"), database=server.database)
    assert stored(tmp_path / "copy.db") == ["t0-0"]


def test_demo_mode_refuses_any_address_but_loopback(tmp_path: Path) -> None:
    words = [
        str(BIN / "session-gateway"),
        "serve",
        "--demo",
        "--bind",
        "0.0.0.0:0",
        "--database",
        str(tmp_path / "x.db"),
    ]
    done = subprocess.run(words, capture_output=True, text=True, timeout=30, check=False)
    assert done.returncode in (1, 2)
    assert "listens on 127.0.0.1 only" in done.stderr


def test_a_database_of_the_demo_is_served_as_the_demo_only(serve: Callable[..., Server]) -> None:
    server = serve("--demo")
    server.stop()
    words = [str(BIN / "session-gateway"), "serve", "--bind", "127.0.0.1:0", "--database", str(server.database)]
    done = subprocess.run(words, capture_output=True, text=True, timeout=30, check=False)
    assert done.returncode == 1
    assert "made by the demo" in done.stderr


def test_without_demo_nothing_is_open(serve: Callable[..., Server]) -> None:
    server = serve()
    with server.client() as client:
        assert '"Code":"01"' in end(client, "1").text
        assert client.post("/sites/acme/api/userSession/post", json={}).status_code == 401
        assert client.get("/v1/sessions").status_code == 401
        assert client.get("/v1/sessions", headers={"Authorization": "Bearer demo"}).status_code == 401
        biot = client.patch("/device/v1/devices/d/usage-sessions/3fa85f64-5717-4562-b3fc-2c963f66afa6", json={})
        assert (biot.status_code, biot.json()["code"]) == (401, "TOKEN_NOT_VALID")
        log = client.post("/json/reply/UserClientSessionLogRequest", json={}).json()
        assert log["Result"] == "Failure"
        logout = (REQUESTS / "partstream-logout.xml").read_bytes()
        assert "<faultcode>1001</faultcode>" in client.post("/3dpartstream/xml", content=logout).text


def test_ready_turns_red_when_the_store_cannot_be_written_and_recovers(serve: Callable[..., Server]) -> None:
    server = serve("--demo")
    with sqlite3.connect(server.database, timeout=1) as blocker, server.client() as client:
        blocker.execute("BEGIN EXCLUSIVE")
        refused = end(client, "1")
        red = client.get("/-/ready")
        blocker.rollback()
        assert refused.text != OK
        assert red.status_code == 503
        deadline = time.monotonic() + 20
        while client.get("/-/ready").status_code != 200 and time.monotonic() < deadline:
            time.sleep(0.2)
        assert client.get("/-/ready").status_code == 200
        assert end(client, "1").text == OK


@pytest.mark.parametrize("secret", ["467512342123", "3f2504e0-4f89-41d3-9a0c-0305e82c3301"])
def test_no_credential_is_ever_logged_or_kept(serve: Callable[..., Server], secret: str) -> None:
    server = serve("--demo")
    with server.client() as client:
        end(client, "1")
        client.post("/sites/acme/api/userSession/post", json={}, headers={"Authorization": secret})
        client.post("/api/v1/workstation/session/end", content=END.replace("Email", "Key"), headers=JSON)
    server.stop()
    printed = [line for line in server.log.read_text(encoding="utf-8").splitlines() if not line.startswith("curl ")]
    assert secret not in "\n".join(printed)
    for file in server.database.parent.glob("gateway.db*"):
        if file.suffix != ".log":
            assert secret.encode() not in file.read_bytes(), file.name


def test_https_with_a_certificate(serve: Callable[..., Server], tmp_path: Path) -> None:
    key, certificate = tmp_path / "key.pem", tmp_path / "certificate.pem"
    words = ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "1", "-subj", "/CN=localhost"]
    subprocess.run([*words, "-keyout", str(key), "-out", str(certificate)], check=True, capture_output=True)
    from tests.databases import free_port

    port = free_port()
    flags = ["--demo", "--bind", f"127.0.0.1:{port}", "--tls-cert", str(certificate), "--tls-key", str(key)]
    words = [str(BIN / "session-gateway"), "serve", *flags, "--database", str(tmp_path / "tls.db")]
    with subprocess.Popen(words, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as process:
        try:
            assert _first_answer(f"https://127.0.0.1:{port}/-/live").status_code == 200
        finally:
            process.terminate()


def _first_answer(url: str) -> httpx.Response:
    for _ in range(100):
        try:
            return httpx.get(url, verify=False, trust_env=False)
        except httpx.HTTPError:
            time.sleep(0.1)
    raise AssertionError(f"no answer from {url}")
