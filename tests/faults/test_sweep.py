"""Every single write and sync of the store's files fails once, or is the last thing that the process does."""

import json
import subprocess
import sys
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from tests.faults.conftest import LONG
from tests.faults.shim import Shim

pytestmark = pytest.mark.external

ONCE, LASTING = "once", "lasting"
UNAVAILABLE = {
    "workstation": (200, '"Code":"91"'),
    "workstation-xml": (200, "Code>91<"),
    "ontime": (503, "temporarily unavailable"),
    "biot": (504, '"GATEWAY_TIMEOUT"'),
    "mobileconnect": (200, '"Result":"Failure"'),
    "partstream": (200, "<faultcode>"),
    "sessions": (503, '"store_unavailable"'),
}
"""How each API says that it cannot store anything now; what is not said by a status of its own is in the body."""

NEW_EACH_TIME = frozenset({"biot", "mobileconnect"})
"""What means something new each time that it is sent: an update of a device, a login."""


def sweep(library: Path, folder: Path, kind: str, how: str, every: int) -> list[dict[str, Any]]:
    shim = Shim(library, folder, "meant.db")
    words = [sys.executable, "-m", "tests.faults.sweep", str(folder), kind, how, str(every)]
    done = subprocess.run(words, capture_output=True, text=True, env=shim.environment, timeout=3600, check=False)
    assert done.returncode == 0, done.stderr
    return [json.loads(line) for line in done.stdout.splitlines()]


def stride(few: int) -> int:
    return 1 if LONG else few


def assert_nothing_lost(life: dict[str, Any]) -> None:
    """What was answered is stored exactly once, and the store is whole."""
    assert life["problems"] == [], life["at"]
    stored = Counter(life["stored"])
    accepted = [line for line in life["first"] + life["second"] if line.get("accepted")]
    assert len(accepted) == len(UNAVAILABLE), life["at"]
    for line in accepted:
        assert stored[line["kept"]] == 1 or repeated_without_a_key(life, line), (life["at"], line["name"])


def repeated_without_a_key(life: dict[str, Any], line: dict[str, Any]) -> bool:
    """A request that was stored, never answered, and sent again: twice there only where a repeat is a new write."""
    return bool(life["ended"]) and line["name"] in NEW_EACH_TIME and Counter(life["stored"])[line["kept"]] == 2


FAILING = [("EIO", ONCE), ("ENOSPC", LASTING), ("EIO", LASTING), ("EROFS", LASTING)]
DYING = ["dies within", "dies"]


@pytest.mark.parametrize(("kind", "how"), FAILING if LONG else FAILING[:2])
def test_a_failing_write_is_told_in_dialect_and_the_store_recovers(
    library: Path, tmp_path: Path, kind: str, how: str
) -> None:
    lives = sweep(library, tmp_path, kind, how, stride(79 if how == ONCE else 149))
    assert lives[-1]["calls"] < lives[-1]["at"]
    refused = 0
    for life in lives:
        assert life["ended"] == 0
        assert_nothing_lost(life)
        for line in life["first"]:
            if line.get("accepted") is False:
                refused += 1
                status, text = UNAVAILABLE[line["name"]]
                assert (line["status"], line["retry"]) == (status, "1"), line
                assert text in line["text"]
        if any("refused" in line for line in life["first"]):
            assert life["first"][-1] == {"refused": [], "ready": True}
    assert refused >= len(lives) // 2


@pytest.mark.parametrize("kind", DYING if LONG else DYING[:1])
def test_a_process_that_dies_at_any_write_leaves_whole_events_only(library: Path, tmp_path: Path, kind: str) -> None:
    lives = sweep(library, tmp_path, kind, ONCE, stride(89))
    assert [life["ended"] for life in lives[:-1]] == [-9] * (len(lives) - 1)
    assert lives[-1]["ended"] == 0
    for life in lives:
        assert_nothing_lost(life)
