"""A value that is made quickly is the value that a frozen dataclass makes."""

import inspect
from collections.abc import Mapping
from copy import copy
from dataclasses import FrozenInstanceError, dataclass, field, fields, replace

import pytest

from gateway.quick import quick


@dataclass(frozen=True, slots=True)
class Plain:
    name: str
    size: int = 3
    facts: Mapping[str, int] = field(default_factory=dict)


@quick
@dataclass(frozen=True, slots=True)
class Quick:
    name: str
    size: int = 3
    facts: Mapping[str, int] = field(default_factory=dict)


@quick
@dataclass(frozen=True, slots=True)
class Longer(Quick):
    more: bool = False


@quick
@dataclass(frozen=True, slots=True)
class Many:
    one: int
    two: int
    three: int
    four: int
    five: int = 5
    six: int = 6
    seven: list[int] = field(default_factory=list)
    eight: int = 8


class Ordinary(Many):
    pass


class Slotted(Many):
    __slots__ = ()


@pytest.mark.parametrize("kind", [Many, Ordinary, Slotted])
def test_a_value_of_many_fields_is_of_its_class_and_frozen(kind):
    made = kind(1, 2, three=3, four=4, eight=9)
    assert type(made) is kind
    assert [getattr(made, item.name) for item in fields(made)] == [1, 2, 3, 4, 5, 6, [], 9]
    assert replace(made, one=2) != made == kind(1, 2, 3, 4, 5, 6, [], 9)
    assert type(replace(made, one=2)) is kind
    assert copy(made) == made
    with pytest.raises(FrozenInstanceError):
        made.one = 2
    with pytest.raises(TypeError, match="missing 1 required positional argument: 'four'"):
        kind(1, 2, 3)


@pytest.mark.parametrize("given", [("a",), ("a", 4), ("a", 4, {"x": 1})])
def test_it_has_the_fields_that_were_given_and_the_defaults_of_the_others(given):
    made, expected = Quick(*given), Plain(*given)
    assert (made.name, made.size, made.facts) == (expected.name, expected.size, expected.facts)
    assert repr(made).replace("Quick", "Plain") == repr(expected)


def test_its_signature_is_the_same():
    assert str(inspect.signature(Quick)) == str(inspect.signature(Plain))
    with pytest.raises(TypeError, match="missing 1 required positional argument: 'name'"):
        Quick()


def test_it_is_frozen_equal_by_its_fields_and_can_be_replaced():
    made = Quick("a")
    with pytest.raises(FrozenInstanceError):
        made.name = "b"
    assert replace(made, name="b") == Quick("b")
    assert Quick("a").facts is not made.facts


def test_what_is_made_of_it_takes_its_fields_first():
    assert Longer("a", more=True) == Longer("a", 3, {}, True)


def test_a_class_that_does_more_in_its_making_is_refused():
    @dataclass(frozen=True, slots=True)
    class Checked:
        name: str

        def __post_init__(self):
            raise ValueError

    with pytest.raises(TypeError, match="Checked does more"):
        quick(Checked)
