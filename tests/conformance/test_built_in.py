"""The APIs and protocols that come with the gateway keep every promise of the conformance kit.

Cuts and changes are tried here at some places only; ``make conformance`` tries all.
"""

from collections.abc import Iterator
from typing import Any

import pytest

from gateway import registry
from gateway.conformance import checks, findings, kit
from gateway.conformance.checks import Check
from gateway.conformance.kit import Kit

EVERY = 151
"""A prime, so that the places differ from case to case."""
NAMES = (
    "workstation",
    "ontime",
    "biot",
    "mobileconnect",
    "partstream",
    "sessions",
    "rest",
    "webapi",
    "soap",
    "servicestack",
)
APIS = NAMES[:6]
TRIED = [
    (name, check)
    for name in NAMES
    for check in (checks.APIS if name in APIS else checks.PROTOCOLS)
    # The faults of every API over every protocol are tried with the APIs.
    if name in APIS or check.name != "faults"
]
EACH_PYTHON = {"declared", "documented", "golden"}
"""Checks that could find what one version of Python alone does: the bytes of every recorded answer. The others try the
same code with more requests."""


@pytest.fixture(scope="module")
def made() -> Iterator[dict[str, Kit]]:
    found = registry.discover()
    kits: dict[str, Kit] = {}
    for name in NAMES:
        (kits[name],) = kit.kits(found, name, "full", every=EVERY)
    yield kits
    for each in kits.values():
        each.close()


def _case(name: str, check: Check) -> Any:
    marks = () if check.name in EACH_PYTHON else pytest.mark.once
    return pytest.param(name, check, id=f"{name}-{check.name}", marks=marks)


@pytest.mark.parametrize(("name", "check"), [_case(name, check) for name, check in TRIED])
def test_a_promise_is_kept(made: dict[str, Kit], name: str, check: Check) -> None:
    found = [finding for trial in check.trials(made[name]) for finding in trial.run()]
    assert not found, findings.told(check.promise, found)


@pytest.mark.parametrize("name", APIS)
def test_the_checks_have_something_to_try(made: dict[str, Kit], name: str) -> None:
    """A kit that finds no golden cases would find nothing wrong with them, either."""
    counts = {check.name: len(list(check.trials(made[name]))) for check in checks.APIS}
    assert min(counts.values()) > 3 or counts["trouble"] == 1, counts
    assert counts["golden"] > 20
