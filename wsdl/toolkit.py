"""spyne, importable on every Python that the project runs on.

spyne 2.14 carries an old copy of six, whose modules are found by ``find_module``; Python 3.12 asks for ``find_spec``
only. On Python 3.13 spyne also needs ``legacy-cgi``, which the extra ``wsdl`` installs.
"""

import sys
from collections.abc import Sequence
from importlib.abc import Loader, MetaPathFinder
from importlib.machinery import ModuleSpec
from types import ModuleType
from typing import Any

_MOVED = "spyne.util.six.moves"


class _Moves(MetaPathFinder, Loader):
    """Finds the modules that six makes up, by asking the copy of six for them."""

    def find_spec(self, name: str, path: Sequence[str] | None, target: ModuleType | None = None) -> ModuleSpec | None:
        known = name == _MOVED or name.startswith(f"{_MOVED}.")
        return ModuleSpec(name, self) if known and name in _importer().known_modules else None

    def create_module(self, spec: ModuleSpec) -> ModuleType:
        made: ModuleType = _importer().load_module(spec.name)
        return made

    def exec_module(self, module: ModuleType) -> None:
        """Nothing is left to do: six made the module complete."""


def _importer() -> Any:
    return sys.modules["spyne.util.six"]._importer


if not any(isinstance(finder, _Moves) for finder in sys.meta_path):
    sys.meta_path.append(_Moves())
