"""Every hostile input, over every API and protocol that can carry it: refused as told or accepted, in dialect, at once,
with nothing stored of what was refused."""

import socket
import time
from collections.abc import Iterator

import pytest

from tests.attacks import corpus_dtd, corpus_flood, corpus_json, corpus_secured, corpus_soap, corpus_text, corpus_xml
from tests.attacks.conftest import Answered, Bench
from tests.attacks.corpus import Attack
from tests.attacks.targets import Target

pytestmark = pytest.mark.once

CORPORA = (corpus_dtd, corpus_flood, corpus_json, corpus_secured, corpus_soap, corpus_text, corpus_xml)
ATTACKS = [attack for part in CORPORA for attack in part.ATTACKS]
LISTENER = b"{listener}"
SHAPE = b'<p:Envelope xmlns:p="u"><p:Body><a>MARKER</a></p:Body></p:Envelope>'
CALLING = [attack for attack in ATTACKS if "soap" in attack.formats and LISTENER in (attack.make(SHAPE) or b"")]
"""Attacks that want somebody called."""
SECONDS = 1.0
"""CPU time that one request may take; measured ones take a tenth of it."""


@pytest.fixture(scope="module")
def listener() -> Iterator[socket.socket]:
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        found.listen()
        found.setblocking(False)
        yield found


def asked(bench: Bench, attack: Attack, address: bytes = b"127.0.0.1:9") -> Iterator[tuple[Target, Answered]]:
    """What comes of an attack, over everything that can carry it."""
    for target in bench.targets:
        body = attack.make(target.request.body) if target.form in attack.formats else None
        if body is not None:
            yield target, bench.ask(target.sent(body.replace(LISTENER, address), attack.headers))


def wrong(attack: Attack, target: Target, answered: Answered) -> Iterator[str]:
    """What should not have come of it."""
    expected = attack.expected(target.protocol, target.form)
    if answered.kind not in expected:
        yield f"{answered.kind}, not {' or '.join(expected)}: {answered.record.fault_log[:200]}"
    if answered.kind == "internal":
        yield "a defect"
    if answered.response.status == 500 and target.protocol not in ("soap", "servicestack"):
        yield "HTTP 500"
    if answered.fault is not None and answered.stored:
        yield "stored although it was refused"
    if answered.fault is not None and attack.setting not in answered.record.fault_log:
        yield f"the log does not name {attack.setting}: {answered.record.fault_log[:200]}"
    if len(answered.record.notes) > 250:
        yield f"{len(answered.record.notes)} notes, to be kept with the event"
    if answered.seconds > SECONDS:
        yield f"{answered.seconds:.1f} s of CPU time"


@pytest.mark.parametrize("attack", ATTACKS, ids=[attack.name for attack in ATTACKS])
def test_an_attack_comes_to_what_is_told_of_it(bench: Bench, attack: Attack) -> None:
    found: list[str] = []
    for target, answered in asked(bench, attack):
        found += [f"{target.name}: {text}" for text in wrong(attack, target, answered)]
        answered.check_form()
    assert found == []


def test_a_good_request_is_accepted_everywhere(bench: Bench) -> None:
    """Else an attack could be refused for what it has in common with everything else."""
    for target in bench.targets:
        answered = bench.ask(target.request)
        assert (answered.kind, answered.record.notes) == ("accepted", ()), (target.name, answered.record)
    assert len(bench.targets) > 60


def test_nothing_is_ever_fetched(bench: Bench, listener: socket.socket) -> None:
    host, port = listener.getsockname()
    asks = 0
    for attack in CALLING:
        asks += sum(1 for _ in asked(bench, attack, f"{host}:{port}".encode()))
    time.sleep(0.1)
    with pytest.raises(BlockingIOError):
        listener.accept()
    assert (len(CALLING) > 20, asks > 500) == (True, True)
    with socket.create_connection((host, port)):  # it would have heard of it
        time.sleep(0.05)
        listener.accept()[0].close()


def test_the_corpus_is_large_and_its_names_are_told_apart() -> None:
    names = [attack.name for attack in ATTACKS]
    assert len(set(names)) == len(names) >= 300
    assert all(attack.source for attack in ATTACKS)
