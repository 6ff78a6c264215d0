"""BioT's filter language: conditions on properties of a usage session, joined by ``$AND``, ``$OR`` and ``$NOT``.

As published: conditions side by side must all hold; ``$OR`` joins what stands beside it with the filter inside it
(https://docs.biot-med.com/docs/advanced-filters). What is unknown fits no condition but ``not``, ``notIn`` and
``isNull``.
"""

import operator
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal, InvalidOperation
from functools import partial
from typing import Any

from gateway.spi import Fault, FaultKind, FieldError

Lookup = Callable[[str], Any]
"""The value of a property; None when it is not known."""


@dataclass(frozen=True, slots=True)
class Condition:
    """One condition on one property; ``value`` has been read as its operator needs it."""

    prop: str
    operator: str
    value: Any

    def holds(self, lookup: Lookup) -> bool:
        """Whether the property is as wanted."""
        return OPERATORS[self.operator].test(lookup(self.prop), self.value)


@dataclass(frozen=True, slots=True)
class Clause:
    """One filter: conditions, and the filters inside its ``$AND``, ``$NOT`` and ``$OR``."""

    conditions: tuple[Condition, ...] = ()
    also: "Clause | None" = None
    never: "Clause | None" = None
    either: "Clause | None" = None

    @property
    def is_bare(self) -> bool:
        """Whether nothing stands beside its ``$OR``."""
        return not self.conditions and self.also is None and self.never is None

    def holds(self, lookup: Lookup) -> bool:
        """Whether a session fits."""
        if self.either is None:
            return self._beside(lookup)
        return (not self.is_bare and self._beside(lookup)) or self.either.holds(lookup)

    def _beside(self, lookup: Lookup) -> bool:
        return (
            all(condition.holds(lookup) for condition in self.conditions)
            and (self.also is None or self.also.holds(lookup))
            and (self.never is None or not self.never.holds(lookup))
        )


_UUIDS = frozenset({"_id", "_patient.id", "_templateId", "_ownerOrganization.id"})
LOGIC = {"$AND": "also", "$OR": "either", "$NOT": "never"}


def clause_of(tree: Any, names: Mapping[str, str], path: str = "searchRequest.filter") -> Clause:
    """The filter in ``tree``; ``names`` gives the property that another name stands for. Raises a Fault that says
    where it is wrong."""
    conditions: list[Condition] = []
    inner: dict[str, Clause] = {}
    for name, value in _object(tree, path).items():
        where = f"{path}.{name}"
        if name in LOGIC:
            inside = _object(value, where)
            if list(inside) != ["filter"]:
                raise wrong(where, "must hold one member, filter")
            inner[LOGIC[name]] = clause_of(inside["filter"], names, f"{where}.filter")
        else:
            conditions += _conditions(names.get(name, name), _object(value, where), where)
    return Clause(tuple(conditions), **inner)


def _conditions(prop: str, wanted: Mapping[str, Any], path: str) -> list[Condition]:
    found = []
    for name, value in wanted.items():
        if name not in OPERATORS:
            raise wrong(f"{path}.{name}", f"is no operator; there are {', '.join(OPERATORS)}")
        if value is not None:
            try:
                found.append(Condition(prop, name, OPERATORS[name].read(_lower(value) if prop in _UUIDS else value)))
            except ValueError as error:
                raise wrong(f"{path}.{name}", str(error)) from None
    return found


def _lower(value: Any) -> Any:
    """UUIDs as this gateway spells them; some platforms write them in upper case."""
    if isinstance(value, list):
        return [_lower(item) for item in value]
    return value.lower() if isinstance(value, str) else value


def _object(value: Any, path: str) -> Mapping[str, Any]:
    if not isinstance(value, dict):
        raise wrong(path, "must be an object")
    return value


def wrong(path: str, reason: str) -> Fault:
    """The fault of a search that cannot be understood."""
    text = f"{path[:200]} {reason}"
    return Fault(FaultKind.INVALID, text, fields=(FieldError(path[:200], text),))


@dataclass(frozen=True, slots=True)
class Operator:
    """How an operator's value is read (ValueError: what it must be), and what it asks of a property."""

    read: Callable[[Any], Any]
    test: Callable[[Any, Any], bool]


def moment(value: Any) -> datetime | None:
    """An instant; text without a zone is UTC. None for what is none."""
    if isinstance(value, datetime) or not isinstance(value, str):
        return value if isinstance(value, datetime) else None
    try:
        found = datetime.fromisoformat(value)
        return found.replace(tzinfo=UTC) if found.tzinfo is None else found.astimezone(UTC)
    except (ValueError, OverflowError):
        return None


def number(value: Any) -> Decimal | None:
    """A number, or a text that is one; None for anything else."""
    if isinstance(value, bool) or not isinstance(value, (int, float, Decimal, str)):
        return None
    try:
        found = Decimal(str(value))
    except InvalidOperation:
        return None
    return found if found.is_finite() else None


def _same(found: Any, wanted: Any) -> bool:
    if isinstance(found, list) and not isinstance(wanted, list):
        return any(_same(item, wanted) for item in found)
    if isinstance(found, datetime):
        return found == moment(wanted)
    if isinstance(found, bool) or isinstance(wanted, bool):
        return str(found).lower() == str(wanted).lower() and found is not None
    if isinstance(found, str):
        return found == str(wanted)
    return found == wanted or (number(found) is not None and number(found) == number(wanted))


def _any_same(found: Any, wanted: Any) -> bool:
    return any(_same(found, each) for each in wanted)


def _compared(compare: Callable[[Any, Any], bool], found: Any, wanted: Any) -> bool:
    left: Any = number(found) if isinstance(wanted, Decimal) else moment(found)
    return left is not None and compare(left, wanted)


def contains(found: Any, wanted: str) -> bool:
    """Whether ``wanted``, in lower case, is in the text of a property, compared without case."""
    if isinstance(found, list):
        return any(contains(item, wanted) for item in found)
    return found is not None and not isinstance(found, datetime) and wanted in str(found).lower()


def _list(value: Any) -> list[Any]:
    if not isinstance(value, list):
        raise ValueError("must be a list")
    return value


def _bound(value: Any) -> Decimal | datetime:
    found = number(value)
    if found is not None:
        return found
    return _moment(value, "must be a number")


def _moment(value: Any, text: str = "must be a date, ISO 8601") -> datetime:
    found = moment(value)
    if found is None:
        raise ValueError(text)
    return found


def _text(value: Any) -> str:
    if not isinstance(value, str):
        raise ValueError("must be a string")
    return value.lower()


def _flag(value: Any) -> bool:
    if not isinstance(value, bool):
        raise ValueError("must be true or false")
    return value


OPERATORS: Mapping[str, Operator] = {
    "in": Operator(_list, _any_same),
    "notIn": Operator(_list, lambda found, wanted: not _any_same(found, wanted)),
    "eq": Operator(lambda value: value, _same),
    "not": Operator(lambda value: value, lambda found, wanted: not _same(found, wanted)),
    "lt": Operator(_bound, partial(_compared, operator.lt)),
    "lte": Operator(_bound, partial(_compared, operator.le)),
    "gt": Operator(_bound, partial(_compared, operator.gt)),
    "gte": Operator(_bound, partial(_compared, operator.ge)),
    "like": Operator(_text, contains),
    "from": Operator(_moment, partial(_compared, operator.ge)),
    "to": Operator(_moment, partial(_compared, operator.le)),
    "isNull": Operator(_flag, lambda found, wanted: not wanted or found is None),
    "isNotNull": Operator(_flag, lambda found, wanted: not wanted or found is not None),
}
"""The published operators. ``isNull`` and ``isNotNull`` ask for something when they are true only, as published."""
