"""The folder of golden cases: where it lies, and what ``conformance.toml`` in it says about all of its cases."""

import sys
import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

CONFIG = "conformance.toml"


@dataclass(frozen=True)
class Golden:
    """A folder of golden cases.

    ``credentials`` and ``tokens`` are known in every case, ``settings`` are in force in every case; see
    docs/conformance.rst for the form of ``conformance.toml``.
    """

    path: Path
    credentials: tuple[Mapping[str, Any], ...] = ()
    tokens: tuple[Mapping[str, Any], ...] = ()
    settings: Mapping[str, Any] = field(default_factory=dict)
    exceptions: tuple[Mapping[str, str], ...] = ()
    ask: str = ""

    @property
    def cases(self) -> tuple[Path, ...]:
        """The folders that hold a request, by name."""
        return tuple(sorted(path.parent for path in self.path.glob("*/request.http")))


def read(path: Path) -> Golden:
    """The golden folder at ``path``. Raises ValueError with a sentence when its ``conformance.toml`` is none."""
    file = path / CONFIG
    if not file.exists():
        return Golden(path)
    try:
        found = tomllib.loads(file.read_text(encoding="utf-8"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise ValueError(f"{file} is not TOML: {error}") from None
    known = {"credential", "token", "settings", "exception", "ask"}
    if set(found) - known:
        raise ValueError(f"{file} has {', '.join(sorted(set(found) - known))}; known are {', '.join(sorted(known))}")
    return Golden(
        path,
        tuple(found.get("credential", ())),
        tuple(found.get("token", ())),
        flat(found.get("settings", {})),
        tuple(found.get("exception", ())),
        str(found.get("ask", "")),
    )


_TABLES = frozenset({"biot.templates", "biot.usage_types"})
"""Settings whose value is a table."""


def flat(options: Mapping[str, Any], prefix: str = "", tables: frozenset[str] = _TABLES) -> dict[str, Any]:
    """Nested tables of settings by their full names."""
    found: dict[str, Any] = {}
    for name, value in options.items():
        if isinstance(value, dict) and f"{prefix}{name}" not in tables:
            found.update(flat(value, f"{prefix}{name}.", tables))
        else:
            found[f"{prefix}{name}"] = value
    return found


def find(name: str, module: str, given: Iterable[Path] = ()) -> Path | None:
    """The golden folder of the plug-in ``name``, defined in ``module``.

    Looked for in the folders ``given``, else as ``tests/golden/NAME`` beside the plug-in's module or below one of the
    folders above it, else below the working folder. None when there is none.
    """
    for place in given:
        for path in (place / name, place):
            if any(path.glob("*/request.http")):
                return path
    for place in () if any(True for _ in given) else (*_above(module), Path.cwd()):
        path = place / "tests" / "golden" / name
        if path.is_dir():
            return path
    return None


def _above(module: str) -> list[Path]:
    file = getattr(sys.modules.get(module), "__file__", None)
    return list(Path(file).resolve().parents)[:4] if file else []
