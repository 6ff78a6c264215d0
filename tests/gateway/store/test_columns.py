"""Requests as the store keeps them."""

import sys
import types
import zlib
from pathlib import Path

import pytest

from gateway.store import columns
from gateway.store.columns import packed

ALLOWED = 1.05
"""Times zlib's size: the quick packer has code of its own for each kind of processor, a few bytes apart."""
REQUESTS = Path(__file__).parent.parent.parent / "data" / "requests"
TEXT = (REQUESTS / "workstation-session-end.xml").read_bytes()


@pytest.mark.parametrize("size", [0, 1, 255, 256, 257, 1303, 4095, 4096, 4097, 8193, 40_000, 1_000_000])
def test_packed_body_is_read_as_any_zlib_stream(size):
    body = (TEXT * (size // len(TEXT) + 1))[:size]
    assert zlib.decompress(packed(body)) == body
    noise = b"".join(number.to_bytes(2, "big") for number in range(30_000))[:size]
    assert zlib.decompress(packed(noise)) == noise


@pytest.mark.parametrize("path", sorted(REQUESTS.iterdir()), ids=lambda path: path.name)
def test_body_of_usual_size_is_packed_as_well_as_by_zlib(path):
    body = path.read_bytes()
    size, least = len(packed(body)), len(zlib.compress(body, 1))
    assert size == len(body) + 11 if len(body) <= 256 else size <= ALLOWED * least


def test_large_body_is_packed_as_well_as_by_zlib():
    body = TEXT * 40
    assert len(packed(body)) <= len(zlib.compress(body, 1))


def test_bodies_are_packed_the_same_without_the_quick_packer(monkeypatch):
    monkeypatch.setitem(sys.modules, "isal.isal_zlib", None)
    alone = types.ModuleType("alone")
    exec(compile(Path(columns.__file__).read_text(), columns.__file__, "exec"), alone.__dict__)
    for body in (b"", TEXT, TEXT * 40):
        assert zlib.decompress(alone.packed(body)) == zlib.decompress(packed(body)) == body
