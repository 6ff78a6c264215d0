"""Keys that share a place are told apart, and a key that is a new uid is placed at the end."""

import sys
import uuid
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent / "store"))

from store_kit import BOB, again, closed, key, upserted, work

from gateway import ids, places
from gateway.commands import ByKey, GetSession
from gateway.model import Key
from gateway.places import number_of, place_of
from gateway.store import open_store


@pytest.fixture
def crowded(monkeypatch):
    """Every key of every tenant has the same place."""
    whole = places._digest
    monkeypatch.setattr(places, "_digest", lambda parts, size: bytes(size) if size == 8 else whole(parts, size))
    place_of.cache_clear()
    yield
    place_of.cache_clear()


def test_keys_of_one_place_are_told_apart(crowded, tmp_path):
    store = open_store(str(tmp_path / "crowded.db"))
    assert place_of("north", key("a")) == place_of("south", key("b")) == "0" * 16
    requests = [work(upserted(name, mode=name)) for name in "abc"] + [work(upserted("a", mode="x"), BOB)]
    made = [store.submit(one).result() for one in requests]
    assert [outcome.created for outcome in made] == [True] * 4
    together = [store.submit(again(one, 5)) for one in requests] + [store.submit(work(closed("b"), after=6))]
    outcomes = [future.result() for future in together]
    assert [outcome.repeated for outcome in outcomes] == [True] * 4 + [False]
    for one, outcome in zip(requests, made, strict=True):
        found = store.submit(work(GetSession(ByKey(one.command.find.key)), one.principal, after=7)).result()
        assert (found.session.uid, found.session.mode) == (outcome.session.uid, outcome.session.mode)
    assert not store.submit(work(GetSession(ByKey(key("b"))))).result().session.is_open
    store.close()


def test_uids_made_later_have_later_places():
    uids = [ids.session_uid() for _ in range(50)]
    earlier = uuid.UUID(int=uids[0].int - (1000 << 80))
    found = [int(place_of("north", Key("biot", "", str(uid))), 16) >> 16 for uid in (earlier, *uids)]
    assert found[0] < min(found[1:])
    assert found[1:] == sorted(found[1:])


@pytest.mark.parametrize(("digits", "number"), [("0" * 16, 0), ("7" + "f" * 15, 2**63 - 1), ("f" * 16, -1)])
def test_a_place_is_a_number_of_64_bits(digits, number):
    assert number_of(digits) == number
