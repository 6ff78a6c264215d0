"""Requests as the store keeps them."""

import zlib
from pathlib import Path

import pytest

from gateway.store.columns import packed

REQUESTS = Path(__file__).parent.parent.parent / "data" / "requests"
TEXT = (REQUESTS / "workstation-session-end.xml").read_bytes()


@pytest.mark.parametrize("size", [0, 1, 255, 256, 257, 1303, 4095, 4096, 4097, 8193, 40_000, 1_000_000])
def test_packed_body_is_read_as_any_zlib_stream(size):
    body = (TEXT * (size // len(TEXT) + 1))[:size]
    assert zlib.decompress(packed(body)) == body
    noise = b"".join(number.to_bytes(2, "big") for number in range(30_000))[:size]
    assert zlib.decompress(packed(noise)) == noise


@pytest.mark.parametrize("path", sorted(REQUESTS.iterdir()), ids=lambda path: path.name)
def test_body_of_usual_size_is_packed_as_well_as_with_the_largest_window(path):
    body = path.read_bytes()
    assert len(packed(body)) <= max(len(zlib.compress(body, 1)), len(body) + 11 if len(body) <= 256 else 0)
