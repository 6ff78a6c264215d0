"""Fixtures of the store's tests; makes their kit importable."""

import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))

from gateway.store import open_store


@pytest.fixture
def path(tmp_path):
    """Where the store of a test lies."""
    return tmp_path / "sessions.db"


@pytest.fixture
def store(path):
    """An open store, closed at the end."""
    store = open_store(f"sqlite:///{path}")
    yield store
    store.close()


@pytest.fixture
def run(store):
    """Run one prepared request; gives its outcome or raises its fault."""
    return lambda prepared: store.submit(prepared).result(timeout=30)
