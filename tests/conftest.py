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
