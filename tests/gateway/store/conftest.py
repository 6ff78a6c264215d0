"""Fixtures of the store's tests; makes their kit importable."""

import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))

from store_kit import openings

from tests import databases


@pytest.fixture
def path(tmp_path):
    """Where the store of a test lies."""
    return tmp_path / "sessions.db"


@pytest.fixture(params=["thread", "loop"])
def opening(path, request):
    """Opens the test's store with some settings; its writes run in the ledger's own thread, or in an event loop's."""
    with openings(str(path), in_loop=request.param == "loop") as opens:
        yield opens


@pytest.fixture
def store(opening):
    """An open store, closed at the end."""
    store = opening()
    yield store
    store.close()


@pytest.fixture
def run(store):
    """Run one prepared request; gives its outcome or raises its fault."""
    return lambda prepared: store.submit(prepared).result(timeout=30)


@pytest.fixture(scope="module")
def server():
    """A running PostgreSQL."""
    # ``why`` names what is missing and how to install it.
    if why := databases.postgres_missing():
        pytest.skip(why)
    with databases.postgres() as running:
        yield running
