"""What all tests share."""

import os
from collections.abc import Iterator

import pytest
from hypothesis import settings

from gateway import credentials

# A loaded machine is no finding; and what a change is checked by must be the same in each run of it.
settings.register_profile("gateway", deadline=None, derandomize=os.environ.get("CI") == "true")
settings.load_profile("gateway")


_COST = credentials.SCRYPT_N


@pytest.fixture(scope="module", autouse=True)
def what_a_secret_costs_is_put_back() -> Iterator[None]:
    """A module that lowers it and leaves it so makes credentials that no server of a later module knows."""
    yield
    assert credentials.SCRYPT_N == _COST


TOGETHER = (
    "tests/conformance/test_built_in.py",
    "tests/attacks/",
    "tests/e2e/",
    "tests/gateway/scaffold/",
    "tests/wsdl/",
)
"""Modules whose tests share what takes long to start."""
EARLY = (
    "tests/gateway/store/test_databases.py",
    "tests/faults/test_cluster.py",
    "tests/conformance/",
    "tests/benchmarks/",
    "tests/fuzz/",
    "tests/faults/",
    "tests/e2e/",
    "tests/attacks/",
    "tests/gateway/scaffold/",
    "tests/interop/",
    "tests/wsdl/",
)
"""What takes longest, in this order; then all else."""


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """For ``-n 2 --dist loadgroup --no-loadscope-reorder``: what tests share is started once and not in each process,
    and what takes long begins first, lest one process waits for the other in the end."""
    if not config.getoption("loadgroup", False):
        return
    for item in items:
        module = item.location[0]
        if module.startswith(TOGETHER) and item.get_closest_marker("xdist_group") is None:
            item.add_marker(pytest.mark.xdist_group(module))
    items.sort(key=_turn)


def _turn(item: pytest.Item) -> int:
    return next((turn for turn, start in enumerate(EARLY) if item.location[0].startswith(start)), len(EARLY))
