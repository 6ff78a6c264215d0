"""A soak fails for whatever would be a loss in service, and its requests are what the gateway takes."""

from collections import Counter
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import pytest

from benchmarks import soak_load, soak_report, traffic
from benchmarks.soak_report import Report, Sample
from benchmarks.soak_server import Process
from gateway import boot
from tests.faults.sweep import answer, settings_of, template

pytestmark = pytest.mark.once


def samples(memory: float = 0.0, files: float = 0.0, seconds: float = 0.0, pid: int = 0) -> list[Sample]:
    """Forty samples of two processes; each value grows by so much with every one."""
    return [
        Sample(
            10.0 * n,
            [Process(1, 90, 7), Process(2 + pid * (n > 20), 100 + memory * n, int(40 + files * n))],
            {"ontime": [0.01 + seconds * n] * 3},
        )
        for n in range(40)
    ]


def failed(**changes: object) -> list[str]:
    soak = SimpleNamespace(accepted=["a"], requests=Counter(ontime=3), wrong=Counter(), followed=0)
    report = Report(1.0, 10.0, samples(), soak, [], (), (1, 1.0))
    for name, value in changes.items():
        if name in ("wrong", "accepted"):
            setattr(soak, name, value)
        else:
            report = replace(report, **{name: value})
    text, criteria = soak_report.render(report)
    assert ("Every criterion was met." in text) == (not criteria)
    return [criterion.text.split(":")[0] for criterion in criteria]


def test_a_flat_course_passes() -> None:
    assert failed() == []


@pytest.mark.parametrize(
    ("changes", "text"),
    [
        ({"samples": samples(memory=3.0)}, "memory of each process at the end"),
        ({"samples": samples(files=1.5)}, "open files of each process at the end"),
        ({"samples": samples(seconds=0.002)}, "median latency of each kind at the end"),
        ({"samples": samples(pid=1)}, "no worker was replaced"),
        ({"lost": ["a"]}, "every answered write is stored exactly once"),
        ({"accepted": []}, "every answered write is stored exactly once"),
        ({"problems": ("event 3",)}, "``session-gateway check`` finds the store whole"),
        ({"wrong": Counter({"ontime: 500": 1})}, "every request got the answer that it must get"),
    ],
)
def test_what_is_not_met_is_named(changes: dict[str, object], text: str) -> None:
    assert failed(**changes) == [text]


def test_each_request_of_a_soak_gets_the_answer_that_it_must_get(tmp_path: Path) -> None:
    keys = template(tmp_path / "soak.db")
    gateway = boot.assemble(settings_of(tmp_path / "soak.db"), watch=False)
    try:
        for number, write in enumerate(traffic.WRITES):
            status, text, _ = answer(gateway, write.ask(traffic.mark(1, number), keys))
            assert write.accepted(status, text), (write.name, text)
        for name, read in soak_load.READS.items():
            assert answer(gateway, read(keys))[0] == 200, name
        for name, (request, status, text) in soak_load.REFUSED.items():
            if name != "too large":  # a door's own budget
                found = answer(gateway, request)
                assert (found[0], text in found[1]) == (status, True), name
    finally:
        gateway.close()


def test_a_machine_that_others_keep_busy_is_not_taken_for_a_server_that_grows_slow() -> None:
    slow = samples(seconds=0.001)
    assert failed(samples=slow) == ["median latency of each kind at the end"]
    assert failed(samples=[replace(sample, pace=1.0 + number / 20) for number, sample in enumerate(slow)]) == []
