"""Identifiers are never given twice: by no thread, and not by a process and its child."""

import os
import uuid
from concurrent.futures import ThreadPoolExecutor

from gateway import ids


def test_an_event_id_is_an_ordinary_uuid_of_version_7():
    made = ids.event_id()
    assert made == uuid.UUID(str(made))
    assert hash(made) == hash(uuid.UUID(str(made)))
    assert (made.version, made.variant) == (7, uuid.RFC_4122)


def test_event_ids_are_in_the_order_of_their_making():
    made = [ids.event_id() for _ in range(10_000)]
    assert made == sorted(set(made))


def test_threads_never_get_the_same_secret():
    with ThreadPoolExecutor(8) as pool:
        made = [
            secret
            for part in pool.map(lambda _: [ids.session_secret() for _ in range(2000)], range(8))
            for secret in part
        ]
    assert len(set(made)) == len(made)
    assert {len(secret) for secret in made} == {32}


def test_a_forked_process_makes_other_secrets_than_its_parent():
    ids.session_secret()
    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:
        os.write(writing, "\n".join(ids.session_secret() for _ in range(100)).encode())
        os._exit(0)
    os.waitpid(child, 0)
    os.close(writing)
    theirs = set(os.read(reading, 65536).decode().split("\n"))
    os.close(reading)
    assert len(theirs) == 100
    assert theirs.isdisjoint(ids.session_secret() for _ in range(1000))
