"""Requests as the store keeps them."""

import json
import sys
import textwrap
import types
import zlib
from dataclasses import replace
from pathlib import Path

import pytest
from store_kit import opened, work

from gateway.store import open_store, packing
from gateway.store.packing import packed, unpacked
from gateway.store.values import facts_text, whole_text
from gateway.work import RawRequest

ALLOWED = 1.05
"""Times zlib's size: the quick packer has code of its own for each kind of processor, a few bytes apart."""
REQUESTS = Path(__file__).parents[2] / "data" / "requests"
RECORDED = Path(__file__).parents[2] / "data" / "forms.json"
DOCUMENT = Path(__file__).parents[3] / "docs" / "operate" / "store.rst"
TEXT = (REQUESTS / "workstation-session-end.xml").read_bytes()
SIZES = [0, 1, 255, 256, 257, 1303, 4095, 4096, 4097, 8193, 40_000, 1_000_000]


def text_of(facts):
    return whole_text(facts, 'te",nant', ',"tenant":"x"', None)


def bodies(size):
    yield (TEXT * (size // len(TEXT) + 1))[:size]
    yield b"".join(number.to_bytes(2, "big") for number in range(30_000))[:size]


@pytest.mark.parametrize("size", SIZES)
def test_body_packed_alone_is_read_as_any_zlib_stream(size):
    for body in bodies(size):
        assert zlib.decompress(packed(body)) == body
        assert unpacked(packed(body), text_of('{"id":1')) == body


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("known", [{"id": 1}, {"a": ',"tenant":"y"', "€": "\ud800"}, {"a": TEXT.decode() * 30}])
def test_body_packed_with_its_event_is_read_with_the_text_of_that(known, size):
    facts = facts_text(known)
    for body in bodies(size):
        assert unpacked(packed(body, facts), text_of(facts)) == body


@pytest.mark.parametrize("path", sorted(REQUESTS.iterdir()), ids=lambda path: path.name)
def test_body_of_usual_size_is_packed_as_well_as_by_zlib(path):
    body = path.read_bytes()
    size, least = len(packed(body)), len(zlib.compress(body, 1))
    assert size == len(body) + 11 if len(body) <= 256 else size <= ALLOWED * least


@pytest.mark.parametrize(
    "name", ["workstation/SessionEnd__seed_sample_as_xml", "workstation/SessionEnd__seed_sample_as_json"]
)
def test_workstations_body_packed_with_its_event_is_as_small_as_by_zlib(name):
    (written,) = json.loads(RECORDED.read_text(encoding="utf-8"))[name]
    body = written["request"][2].encode()
    assert len(packed(body, written["facts"])) <= ALLOWED * len(zlib.compress(body, 1))


def test_large_body_is_packed_as_well_as_by_zlib():
    body = TEXT * 40
    assert len(packed(body)) <= len(zlib.compress(body, 1))


@pytest.mark.parametrize(
    "damage",
    [lambda raw: raw[:-1], lambda raw: raw + b"\0", lambda raw: b"", lambda raw: raw[:40] + b"\xff" + raw[41:]],
    ids=["cut", "longer", "empty", "changed"],
)
def test_what_was_damaged_is_not_read(damage):
    facts = facts_text({"mail": "larry@newmedia.com"})
    stored = packed(TEXT, facts)
    with pytest.raises(zlib.error):
        unpacked(damage(stored), text_of(facts))


def test_body_is_not_read_with_the_text_of_another_event():
    pytest.importorskip("isal", reason="isal is missing: bodies are packed without a text then")
    with pytest.raises(zlib.error):
        unpacked(packed(TEXT, facts_text({"id": 1})), text_of(facts_text({"id": 2})))


def test_the_recipe_of_the_documents_shows_a_request_as_it_came(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    store = open_store(str(tmp_path / "gateway.db"))
    store.submit(replace(work(opened()), raw=RawRequest("POST", "/x", "application/xml", TEXT))).result()
    store.close()
    recipe = DOCUMENT.read_text().partition("Any zlib reads it::")[2].partition("How a write")[0]
    exec(textwrap.dedent(recipe), {})
    assert capsys.readouterr().out.encode() == TEXT + b"\n"


def test_what_the_quick_packer_packed_is_read_without_it_and_the_other_way_round(monkeypatch):
    monkeypatch.setitem(sys.modules, "isal.isal_zlib", None)
    alone = types.ModuleType("alone")
    exec(compile(Path(packing.__file__).read_text(), packing.__file__, "exec"), alone.__dict__)
    facts = facts_text({"id": 1})
    for body in (b"", TEXT, TEXT * 40):
        assert alone.unpacked(packed(body, facts), text_of(facts)) == body
        assert unpacked(alone.packed(body, facts), text_of(facts)) == body
