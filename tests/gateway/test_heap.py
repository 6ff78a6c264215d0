"""What a process keeps of the memory that it has given back, in a process of its own."""

import platform
import subprocess
import sys

import pytest

KEPT = """
import sys, threading
from pathlib import Path
from gateway.credentials import pair_verifier
from gateway.heap import give_back_large_blocks

def resident():
    return int(Path("/proc/self/statm").read_text().split()[1]) * 4096

if sys.argv[1] == "given back":
    assert give_back_large_blocks()
before = resident()
thread = threading.Thread(target=lambda: [pair_verifier("1234") for _ in range(3)])
thread.start()
thread.join()
print(resident() - before)
"""


def kept(how):
    done = subprocess.run([sys.executable, "-c", KEPT, how], capture_output=True, text=True, check=True)
    return int(done.stdout)


@pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="glibc is missing: it alone keeps such blocks")
def test_a_checked_secret_leaves_none_of_its_16_mib_behind():
    assert kept("given back") < 4 << 20 < kept("as it is")
