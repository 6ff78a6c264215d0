"""A damaged file is never served as if it were whole, and a backup brings everything back."""

import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from benchmarks import traffic
from tests.e2e.conftest import BIN, Server, command
from tests.faults.load import ready, until
from tests.faults.test_store_away import assert_accepted, assert_stored, send

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


def tried(database: Path) -> subprocess.CompletedProcess[str] | None:
    """How a start on this file ends; None when it serves."""
    words = [str(BIN / "session-gateway"), "serve", "--demo", "--bind", "127.0.0.1:0", "--database", str(database)]
    try:
        return subprocess.run(words, capture_output=True, text=True, timeout=8, check=False)
    except subprocess.TimeoutExpired:
        return None


@pytest.mark.parametrize("damage", [header, half, middle, empty])
def test_a_damaged_file_stops_the_start_and_a_backup_brings_all_back(
    serve: Callable[..., Server], keys: traffic.Keys, tmp_path: Path, damage: Callable[[bytearray], bytes]
) -> None:
    server = serve("--workers", "1")
    kept = assert_accepted(send(server, keys, 0))
    command("backup", str(tmp_path / "copy.db"), database=server.database)
    server.stop()
    whole = bytearray(server.database.read_bytes())
    server.database.write_bytes(damage(whole))
    checked = subprocess.run(
        [str(BIN / "session-gateway"), "check", "--database", str(server.database)],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert checked.returncode == 1, checked.stdout
    done = tried(server.database)
    print(done)
    assert done is not None
    assert done.returncode == 1
    assert "cannot start" in done.stderr
    (tmp_path / "copy.db").replace(server.database)
    server = serve("--workers", "1")
    until(lambda: ready(server))
    kept += assert_accepted(send(server, keys, 100))
    server.stop()
    assert_stored(server.database, kept)
