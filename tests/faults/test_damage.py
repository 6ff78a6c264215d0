"""A damaged file is never served as if it were whole, and a backup brings everything back."""

import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from benchmarks import traffic
from gateway import boot
from gateway.store import StoreError
from gateway.store.check import check
from tests.e2e.conftest import BIN, Server, command
from tests.faults.sweep import answer, settings_of
from tests.faults.test_store_away import assert_accepted, assert_stored, send

pytestmark = pytest.mark.once
PAGE = 4096


def header(content: bytearray) -> bytes:
    """Rubbish where the format is told."""
    return bytes(b"\xa5" * 100 + content[100:])


def half(content: bytearray) -> bytes:
    """The second half is missing."""
    return bytes(content[: len(content) // PAGE // 2 * PAGE])


def middle(content: bytearray) -> bytes:
    """Rubbish in every page of the second half."""
    kept = len(content) // PAGE // 2 * PAGE
    return bytes(content[:kept] + b"\xa5" * (len(content) - kept))


def empty(content: bytearray) -> bytes:
    """Nothing but a few letters."""
    return b"not a database"


def test_a_damaged_file_stops_the_start_and_a_backup_brings_all_back(
    serve: Callable[..., Server], keys: traffic.Keys, tmp_path: Path
) -> None:
    server = serve("--workers", "1")
    kept = assert_accepted(send(server, keys, 0))
    command("backup", str(tmp_path / "copy.db"), database=server.database)
    server.stop()
    whole = bytearray(server.database.read_bytes())
    read = traffic.Request("GET", "/v1/events?limit=100", {"Authorization": f"Bearer {keys.own}"})
    before = told(server.database, read)
    assert before is not None
    assert before[0] == 200
    for damage in (header, half, middle, empty):
        server.database.write_bytes(damage(whole))
        assert is_named(server.database), damage.__name__
        after = told(server.database, read)
        assert after is None or after[0] == 503 or after == before, damage.__name__
    assert after is None
    done = subprocess.run(
        [str(BIN / "session-gateway"), "serve", "--demo", "--bind", "127.0.0.1:0", "--database", str(server.database)],
        capture_output=True, text=True, timeout=30, check=False,
    )  # fmt: skip
    assert done.returncode == 1
    assert "cannot start: The store" in done.stderr
    (tmp_path / "copy.db").replace(server.database)
    server = serve("--workers", "1")
    kept += assert_accepted(send(server, keys, 100))
    server.stop()
    assert_stored(server.database, kept)


def told(database: Path, request: traffic.Request) -> tuple[int, str] | None:
    """Status and body of an answer from this file; None when a gateway does not start on it."""
    try:
        gateway = boot.assemble(settings_of(database), watch=False)
    except StoreError:
        return None
    try:
        return answer(gateway, request)[:2]
    finally:
        gateway.close()


def is_named(database: Path) -> bool:
    """Whether ``session-gateway check`` finds something."""
    try:
        return bool(check(str(database)).problems)
    except StoreError as error:
        return "cannot be read" in str(error)
