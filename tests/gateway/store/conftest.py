"""Fixtures of the store's tests; makes their kit importable."""

import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))

from store_kit import turning

from gateway.store import open_store


@pytest.fixture
def path(tmp_path):
    """Where the store of a test lies."""
    return tmp_path / "sessions.db"


@pytest.fixture(params=["thread", "loop"])
def opening(path, request):
    """Opens the test's store with some settings; its writes run in the ledger's own thread, or in an event loop's."""
    if request.param == "thread":
        yield lambda settings=None: open_store(str(path), settings)
        return
    with turning() as loop:

        def attached(settings=None):
            store = open_store(str(path), settings)
            store.attach(loop)
            return store

        yield attached


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
