"""What a server has cost does not become less."""

import subprocess
import sys

from benchmarks.servers import cpu_seconds

PARENT = """
import subprocess, sys
burn = "import time\\nwhile time.process_time() < 0.3: pass"
subprocess.run([sys.executable, "-c", burn])
print("reaped", flush=True)
sys.stdin.read()
"""


def test_the_time_of_a_worker_that_has_ended_still_counts():
    command = [sys.executable, "-c", PARENT]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as server:
        assert server.stdout is not None
        assert server.stdout.readline() == b"reaped\n"
        assert cpu_seconds(server.pid) >= 0.29
