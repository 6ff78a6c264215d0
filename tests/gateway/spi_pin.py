"""What the SPI promises, one line a name: its stability, and what can be given to it or asked of it.

``python -m tests.gateway.spi_pin > tests/data/spi-1.0.txt`` records it anew.
"""

import inspect
from collections.abc import Iterator
from dataclasses import MISSING, fields, is_dataclass
from enum import Enum
from types import ModuleType
from typing import Any

from gateway import spi


def lines() -> Iterator[str]:
    """Every promised name in order."""
    for name in sorted(spi.__all__):
        level = "provisional" if name in spi.PROVISIONAL else "stable"
        yield f"{name} {level}: {_shape(getattr(spi, name))}".rstrip(": ")


def _shape(value: Any) -> str:
    if isinstance(value, ModuleType):
        return ", ".join(sorted(_declared(value)))
    if not isinstance(value, type):
        return _parameters(value) if inspect.isfunction(inspect.unwrap(value)) else ""
    if issubclass(value, Enum):
        return ", ".join(value.__members__)
    if is_dataclass(value):
        parts = (each.name if _is_needed(each) else f"{each.name}=" for each in fields(value) if each.init)
        return ", ".join([*parts, *_methods(value)])
    return ", ".join(_methods(value))


def _is_needed(field: Any) -> bool:
    return field.default is MISSING and field.default_factory is MISSING


def _declared(module: ModuleType) -> Iterator[str]:
    own = ((name, value) for name, value in vars(module).items() if not name.startswith("_"))
    return (name for name, value in own if getattr(value, "__module__", "") == module.__name__)


def _methods(kind: type) -> Iterator[str]:
    for name, value in vars(kind).items():
        called = value.__func__ if isinstance(value, (staticmethod, classmethod)) else value
        if not name.startswith("_") and (inspect.isfunction(called) or isinstance(value, property)):
            yield name if isinstance(value, property) else f"{name}{_parameters(called)}"


def _parameters(call: Any) -> str:
    parts = inspect.signature(call).parameters.values()
    shown = (each.name if each.default is each.empty else f"{each.name}=" for each in parts if each.name != "self")
    return f"({', '.join(shown)})"


if __name__ == "__main__":
    print("\n".join(lines()))
