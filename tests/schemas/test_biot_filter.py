"""BioT's filter language, operator by operator."""

from datetime import UTC, datetime
from decimal import Decimal

import pytest

from gateway.spi import Fault, FaultKind
from schemas.biot_filter import clause_of

NIGHT = datetime(2025, 12, 20, 10, 15, 30, tzinfo=UTC)
FOUND = {
    "_name": "Night Shift",
    "_state": "ACTIVE",
    "_startTime": NIGHT,
    "rate": 50,
    "ratio": Decimal("12.5"),
    "on": True,
    "colours": ["red", "green"],
    "day": "2025-12-20",
    "box": {"a": 1},
}


def fits(tree):
    return clause_of(tree, {}).holds(FOUND.get)


@pytest.mark.parametrize(
    ("prop", "condition", "expected"),
    [
        ("_state", {"in": ["ACTIVE", "DONE"]}, True),
        ("_state", {"in": ["DONE"]}, False),
        ("_state", {"in": []}, False),
        ("_state", {"notIn": ["DONE"]}, True),
        ("_state", {"notIn": ["ACTIVE"]}, False),
        ("_name", {"eq": "Night Shift"}, True),
        ("_name", {"eq": "night shift"}, False),
        ("rate", {"eq": 50}, True),
        ("rate", {"eq": Decimal("50.0")}, True),
        ("rate", {"in": ["50", "60"]}, True),
        ("ratio", {"eq": "12.50"}, True),
        ("on", {"eq": True}, True),
        ("on", {"eq": "true"}, True),
        ("on", {"eq": 1}, False),
        ("box", {"eq": {"a": 1}}, True),
        ("colours", {"eq": "red"}, True),
        ("colours", {"in": ["blue"]}, False),
        ("_startTime", {"eq": "2025-12-20T12:15:30+02:00"}, True),
        ("_state", {"not": "DONE"}, True),
        ("rate", {"not": 50}, False),
        ("rate", {"lt": 50}, False),
        ("rate", {"lte": 50}, True),
        ("rate", {"gt": Decimal("49.9"), "lt": 51}, True),
        ("rate", {"gte": 51}, False),
        ("_name", {"gt": 5}, False),
        ("_name", {"like": "shift"}, True),
        ("_name", {"like": "day"}, False),
        ("_name", {"like": "%"}, False),
        ("rate", {"like": "5"}, True),
        ("colours", {"like": "gre"}, True),
        ("_startTime", {"from": "2025-12-20T10:15:30Z", "to": "2025-12-20T10:15:30.000Z"}, True),
        ("_startTime", {"from": "2025-12-20T10:15:30.001Z"}, False),
        ("_startTime", {"to": "2025-12-20"}, False),
        ("day", {"from": "2025-12-20"}, True),
        ("_name", {"from": "2025-12-20"}, False),
        ("_name", {"isNull": True}, False),
        ("_name", {"isNotNull": True}, True),
        ("_name", {"isNull": False}, True),
        ("_name", {}, True),
        ("_name", {"eq": None, "like": None}, True),
    ],
)
def test_each_operator(prop, condition, expected):
    assert fits({prop: condition}) is expected


@pytest.mark.parametrize(
    ("condition", "expected"),
    [
        ({"eq": "x"}, False),
        ({"in": ["x"]}, False),
        ({"lt": 5}, False),
        ({"gte": 5}, False),
        ({"from": "2025-12-20"}, False),
        ({"like": "none"}, False),
        ({"not": "x"}, True),
        ({"notIn": ["x"]}, True),
        ({"isNull": True}, True),
        ({"isNotNull": True}, False),
    ],
)
def test_what_is_unknown_fits_no_condition_but_a_negative_one(condition, expected):
    assert fits({"stray": condition}) is expected


@pytest.mark.parametrize("condition", [{"eq": "3FA85F64-AA"}, {"in": ["3FA85F64-AA"]}, {"like": "AA"}])
def test_a_uuid_is_compared_without_case(condition):
    assert clause_of({"_id": condition}, {}).holds({"_id": "3fa85f64-aa"}.get)


YES, NO = {"_state": {"eq": "ACTIVE"}}, {"_state": {"eq": "DONE"}}


@pytest.mark.parametrize(
    ("tree", "expected"),
    [
        ({}, True),
        ({**NO, "$OR": {"filter": YES}}, True),
        ({**YES, "$OR": {"filter": NO}}, True),
        ({**NO, "$OR": {"filter": NO}}, False),
        ({"$OR": {"filter": NO}}, False),
        ({"$OR": {"filter": YES}}, True),
        ({**YES, "$AND": {"filter": NO}}, False),
        ({**YES, "$AND": {"filter": YES}}, True),
        ({**YES, "$NOT": {"filter": NO}}, True),
        ({"$NOT": {"filter": YES}}, False),
        ({**NO, "$OR": {"filter": {**YES, "$AND": {"filter": {"rate": {"eq": 50}}}}}}, True),
        ({**NO, "$OR": {"filter": {**YES, "$NOT": {"filter": {"rate": {"eq": 50}}}}}}, False),
    ],
)
def test_filters_are_joined_as_published(tree, expected):
    assert fits(tree) is expected


@pytest.mark.parametrize(
    ("tree", "path"),
    [
        ([], "searchRequest.filter"),
        ({"_name": "x"}, "searchRequest.filter._name"),
        ({"_name": {"equals": "x"}}, "searchRequest.filter._name.equals"),
        ({"_name": {"in": "x"}}, "searchRequest.filter._name.in"),
        ({"_name": {"like": 5}}, "searchRequest.filter._name.like"),
        ({"rate": {"lt": "many"}}, "searchRequest.filter.rate.lt"),
        ({"rate": {"gt": True}}, "searchRequest.filter.rate.gt"),
        ({"_startTime": {"from": "yesterday"}}, "searchRequest.filter._startTime.from"),
        ({"_startTime": {"to": "0001-01-01T00:00:00+14:00"}}, "searchRequest.filter._startTime.to"),
        ({"_name": {"isNull": "yes"}}, "searchRequest.filter._name.isNull"),
        ({"$OR": {"_name": {"eq": "x"}}}, "searchRequest.filter.$OR"),
        ({"$OR": {"filter": {"_name": {"is": 1}}}}, "searchRequest.filter.$OR.filter._name.is"),
    ],
)
def test_a_filter_that_cannot_be_understood_says_where(tree, path):
    with pytest.raises(Fault) as caught:
        clause_of(tree, {})
    assert caught.value.kind is FaultKind.INVALID
    assert caught.value.fields[0].path == path
