"""What holds over several processes, over their sudden death, and over a full disk."""

import os
import subprocess
import sys
import uuid
from pathlib import Path

from store_kit import work

from gateway.commands import ListEvents
from gateway.store import open_store


def started(*arguments):
    command = [sys.executable, str(Path(__file__).with_name("process.py")), *map(str, arguments)]
    environment = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[3])}
    return subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=environment)


def stored_events(path):
    store = open_store(str(path))
    try:
        return store.submit(work(ListEvents(limit=100_000))).result().events
    finally:
        store.close()


def test_what_was_acknowledged_outlives_a_kill(path):
    acknowledged = []
    for _ in range(3):
        with started("acknowledge", path) as process:
            acknowledged += [process.stdout.readline().strip() for _ in range(10)]
            process.kill()
            acknowledged += process.stdout.read().split("\n")[:-1]
    events = stored_events(path)
    assert {uuid.UUID(text) for text in acknowledged} <= {event.id for event in events}
    assert [event.position for event in events] == list(range(1, len(events) + 1))


def test_processes_that_start_at_once_make_one_store_and_one_event_a_command(path):
    processes = [started("same", path, 20, 4) for _ in range(3)]
    for process in processes:
        assert process.stdout.readline() == "ready\n"
    for process in processes:
        process.stdin.write("go\n")
        process.stdin.flush()
    accepted = [int(process.communicate(timeout=120)[0]) for process in processes]
    assert sum(accepted) == 20
    assert len(stored_events(path)) == 20


def test_full_disk_refuses_writes_keeps_what_it_has_and_recovers(path):
    with started("full", path, 1_500_000) as process:
        written, kind, unready = process.stdout.readline().split()
        position = process.stdout.readline().strip()
    assert int(written) > 10
    assert (kind, unready) == ("store_unavailable", "True")
    assert int(position) == int(written) + 1
    assert len(stored_events(path)) == int(position)
