"""The store cannot be written for a while: full, read-only, broken or locked. Callers are told, and it recovers."""

import errno
import os
import sqlite3
import subprocess
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import pytest

from benchmarks import traffic
from tests.e2e.conftest import BIN, Server
from tests.faults.load import assert_kept, ready, until
from tests.faults.shim import Shim
from tests.faults.sweep import template
from tests.faults.test_sweep import UNAVAILABLE

pytestmark = pytest.mark.external


def send(server: Server, keys: traffic.Keys, start: int) -> list[tuple[traffic.Write, str, httpx.Response]]:
    """A write of each API, numbered from ``start``, with its mark and its answer."""
    found = []
    with server.client() as client:
        for number, write in enumerate(traffic.WRITES, start):
            mark = traffic.mark(1, number)
            asked = write.ask(mark, keys)
            answer = client.request(asked.method, asked.path, headers=asked.headers, content=asked.body)
            found.append((write, mark, answer))
    return found


def assert_unavailable(answers: list[tuple[traffic.Write, str, httpx.Response]]) -> None:
    """Each API says so in its own words, and when to try again."""
    for write, _, answer in answers:
        status, text = UNAVAILABLE[write.name]
        assert (answer.status_code, answer.headers.get("Retry-After")) == (status, "1"), answer.text
        assert text in answer.text


def assert_accepted(answers: list[tuple[traffic.Write, str, httpx.Response]]) -> list[str]:
    """All were accepted; gives how each is kept."""
    for write, _, answer in answers:
        assert write.accepted(answer.status_code, answer.text), answer.text
    return [traffic.kept_as(write, mark, answer.text) for write, mark, answer in answers]


def assert_stored(database: Path, kept: list[str]) -> None:
    class Answered:
        run, accepted = 1, kept

    assert_kept(database, Answered)  # type: ignore[arg-type]


def test_a_server_whose_disk_fails_says_so_and_recovers_by_itself(
    shim: Shim, serve: Callable[..., Server], keys: traffic.Keys
) -> None:
    server = serve("--workers", "1")
    kept = assert_accepted(send(server, keys, 0))
    for number, kind in enumerate(("EIO", "ENOSPC", "EROFS"), 1):
        shim.arm(kind, lasting=True)
        assert_unavailable(send(server, keys, 100 * number))
        assert not ready(server)
        told = httpx.get(f"{server.url}/-/ready", trust_env=False).json()["problems"]
        assert "store: The store takes no writes" in told[0]
        with server.client() as client:
            assert client.get("/v1/sessions", headers={"Authorization": "Bearer demo"}).status_code == 200
        shim.lift()
        until(lambda: ready(server), 5.0)
        kept += assert_accepted(send(server, keys, 100 * number))
    server.stop()
    assert_stored(server.database, kept)


@contextmanager
def mounted(place: Path, size: str) -> Iterator[Path]:
    """A file system of its own, of a fixed size. Skips where that is not allowed."""
    place.mkdir()
    words = ["mount", "-t", "tmpfs", "-o", f"size={size}", "tmpfs", str(place)]
    if os.geteuid() != 0 or subprocess.run(words, capture_output=True, check=False).returncode:
        pytest.skip("a file system cannot be mounted here: run as root, outside a container that forbids it")
    try:
        yield place
    finally:
        subprocess.run(["umount", "--lazy", str(place)], check=True)


def fill(file: Path) -> None:
    """Take all space that is left."""
    with file.open("wb", buffering=0) as stream:
        for size in (1 << 16, 1 << 12, 1):
            try:
                while stream.write(b"x" * size):
                    pass
            except OSError as error:
                if error.errno != errno.ENOSPC:
                    raise


def test_a_full_disk_loses_nothing_and_writes_go_on_when_there_is_room(
    serve: Callable[..., Server], tmp_path: Path
) -> None:
    with mounted(tmp_path / "disk", "6m") as disk:
        keys = template(disk / "full.db")
        server = serve("--workers", "1", database=disk / "full.db")
        try:
            kept = assert_accepted(send(server, keys, 0))
            fill(disk / "ballast")
            number, refused = 0, False
            while not refused:
                number += 10
                answers = send(server, keys, number)
                accepted = [row for row in answers if row[0].accepted(row[2].status_code, row[2].text)]
                kept += assert_accepted(accepted)
                refused = len(accepted) < len(answers)
            assert_unavailable(send(server, keys, 10_000))
            assert not ready(server)
            (disk / "ballast").unlink()
            until(lambda: ready(server), 5.0)
            kept += assert_accepted(send(server, keys, 10_000))
            server.stop()
            assert_stored(server.database, kept)
        finally:
            server.kill() if server.process.poll() is None else None


def test_a_read_only_file_system_stops_the_start_with_a_sentence(tmp_path: Path) -> None:
    with mounted(tmp_path / "disk", "6m") as disk:
        template(disk / "only.db")
        subprocess.run(["mount", "-o", "remount,ro", str(disk)], check=True)
        words = [str(BIN / "session-gateway"), "serve", "--demo", "--bind", "127.0.0.1:0", "--database"]
        done = subprocess.run([*words, str(disk / "only.db")], capture_output=True, text=True, timeout=30, check=False)
        assert done.returncode == 1
        assert "cannot start" in done.stderr
        assert str(disk / "only.db") in done.stderr
        assert "Read-only file system" in done.stderr or "readonly" in done.stderr


def test_a_program_that_holds_the_database_is_waited_for_and_then_told_of(
    serve: Callable[..., Server], keys: traffic.Keys, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SESSION_GATEWAY_STORE_BUSY_SECONDS", "0.1")
    server = serve("--workers", "1")
    with sqlite3.connect(server.database, timeout=5) as holder:
        holder.execute("BEGIN IMMEDIATE")
        assert_unavailable(send(server, keys, 0))
        assert not ready(server)
        holder.rollback()
    until(lambda: ready(server), 5.0)
    kept = assert_accepted(send(server, keys, 0))
    server.stop()
    assert_stored(server.database, kept)
