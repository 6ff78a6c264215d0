"""Callers who are slow on purpose (slowhttptest) against the default server, while others go on being answered in time.

Set up as an operator starts it: no setting is changed.
"""

import shutil
import subprocess
import time
from collections.abc import Callable
from pathlib import Path

import httpx
import pytest

from tests.e2e.conftest import REQUESTS, Server

TOOL = shutil.which("slowhttptest")
CONNECTIONS, SECONDS = 500, 3
PATH = "/api/v1/workstation/session/end"

pytestmark = [
    pytest.mark.external,
    pytest.mark.skipif(TOOL is None, reason="slowhttptest is missing: apt install slowhttptest"),
]

ATTACKS = {
    "headers that never end (slowloris)": ["-H", "-i", "1", "-x", "24"],
    "bodies that never end (R.U.D.Y.)": ["-B", "-i", "1", "-s", "8192", "-x", "10", "-f", "application/json"],
    "answers that are hardly read": ["-X", "-w", "1", "-y", "2", "-n", "1", "-z", "1", "-k", "5"],
}


def attack(server: Server, flags: list[str], folder: Path) -> subprocess.Popen[bytes]:
    path = PATH if "-B" in flags else "/docs"
    load = ["-c", str(CONNECTIONS), "-r", str(CONNECTIONS), "-l", str(SECONDS), "-p", "3"]
    return subprocess.Popen(
        [str(TOOL), *flags, *load, "-u", f"{server.url}{path}"],
        stdout=(folder / "slowhttptest.txt").open("wb"), stderr=subprocess.STDOUT, cwd=folder,
    )  # fmt: skip


@pytest.mark.parametrize("name", ATTACKS)
def test_others_are_answered_while_many_callers_are_slow(
    serve: Callable[..., Server], tmp_path: Path, name: str
) -> None:
    server = serve("--demo")
    body = (REQUESTS / "workstation-session-end.json").read_bytes()
    slow = attack(server, ATTACKS[name], tmp_path)
    took = []
    try:
        with httpx.Client(base_url=server.url, timeout=10, trust_env=False) as client:
            while slow.poll() is None:
                began = time.monotonic()
                # A connection of its own for each, as a newcomer would have.
                answer = client.post(
                    PATH, content=body, headers={"Content-Type": "application/json", "Connection": "close"}
                )
                took.append(time.monotonic() - began)
                assert '"Code":"00"' in answer.text
                time.sleep(0.02)
    finally:
        slow.kill()
        slow.wait()
    took.sort()
    assert len(took) > 10, (tmp_path / "slowhttptest.txt").read_text()
    assert took[len(took) // 2] < 1.0
    assert took[-1] < 5.0
