"""Which writes are the same write: the natural key of a command, and the plain form of its values."""

import hashlib
import json
import math
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from uuid import UUID

import pytest

from gateway.commands import UNSET, ByKey, ByToken, ByUid, Missing, Probe, Retry, Write, canonical, natural_key, plain
from gateway.model import ApplicationUse, EventKind, Key, Subject

KEY = Key("api", "realm", "1")
WRITE = Write(
    EventKind.CLOSED,
    ByKey(KEY),
    KEY,
    changes={"index": "1", "applications": (ApplicationUse(name="a", duration=timedelta(seconds=1.5)),)},
    occurred_at=datetime(2020, 1, 2, tzinfo=UTC),
    facts={"device_id": "d"},
)

OTHERS = {
    "kind": EventKind.UPDATED,
    "key": replace(KEY, realm="other"),
    "missing": Missing.CREATE,
    "replace": True,
    "retry": Retry.WINDOW,
    "grants": True,
    "occurred_at": datetime(2020, 1, 2, 0, 0, 1, tzinfo=UTC),
    "facts": {"device_id": "e"},
    "changes": {"index": "2"},
}


@pytest.mark.parametrize("name", OTHERS)
def test_whatever_a_write_says_makes_it_another_one(name):
    assert natural_key(replace(WRITE, **{name: OTHERS[name]})) != natural_key(WRITE)


@pytest.mark.parametrize(
    "find", [None, ByKey(KEY, open_only=True), ByKey(replace(KEY, id="2")), ByUid(UUID(int=1)), ByToken("api", "d")]
)
def test_another_way_to_find_the_session_makes_another_write(find):
    assert natural_key(replace(WRITE, find=find)) != natural_key(WRITE)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (None, math.nan),
        (math.nan, math.inf),
        (None, False),
        (1, "1"),
        (True, 1),
        ("\udc80", "\udc81"),
        (10**30, 10**30 + 1),
        (["a", "b"], ["b", "a"]),
        ({"a": None}, {}),
    ],
)
def test_values_that_differ_make_two_writes(one, other):
    keys = {natural_key(replace(WRITE, changes={"attributes": {"x": value}})) for value in (one, other)}
    assert len(keys) == 2


def test_the_order_of_names_makes_no_other_write():
    one, other = {"index": "1", "mode": "2"}, {"mode": "2", "index": "1"}
    assert natural_key(replace(WRITE, changes=one)) == natural_key(replace(WRITE, changes=other))


def test_what_was_made_of_the_moment_makes_no_other_write():
    one = replace(
        WRITE, changes={"index": "1", "started_at": datetime(2020, 1, 1, tzinfo=UTC)}, volatile=("started_at",)
    )
    other = replace(one, changes={"index": "1", "started_at": datetime(2021, 1, 1, tzinfo=UTC)})
    assert natural_key(one) == natural_key(other)
    assert natural_key(one, "somebody") != natural_key(one)


@pytest.mark.parametrize(
    "write",
    [WRITE, replace(WRITE, find=ByUid(UUID(int=1)), key=None, occurred_at=None), replace(WRITE, volatile=("index",))],
)
def test_the_key_is_that_of_the_plain_command(write):
    tree = plain(write)
    tree["changes"] = {name: value for name, value in tree["changes"].items() if name not in (write.volatile or ())}
    text = json.dumps([["anne"], tree], sort_keys=True, separators=(",", ":"))
    assert natural_key(write, "anne") == hashlib.sha256(text.encode()).hexdigest()


def test_plain_values_leave_out_what_is_unset_in_a_record():
    @dataclass(frozen=True)
    class Both:
        one: object
        other: object

    value = Both(UNSET, (Decimal("1.50"), EventKind.CLOSED, b"\x01", {2, 1}, Subject(email="a@b")))
    assert plain(value) == {"other": ["1.50", "closed", "01", [1, 2], {"email": "a@b"}]}
    assert canonical(Probe()) == {"command": "Probe"}


def test_a_value_without_a_plain_form_is_told():
    with pytest.raises(TypeError, match="no canonical form for object"):
        plain(object())
