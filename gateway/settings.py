"""Settings: one table of what can be set, and one frozen object of what was set.

Later sources win: defaults, then the file of ``--config`` (TOML), then the environment (``SESSION_GATEWAY_<NAME>``,
dots as underscores), then flags. A wrong setting stops the boot, and every wrong one is named at once.
"""

import tomllib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

PREFIX = "SESSION_GATEWAY_"


@dataclass(frozen=True, slots=True)
class Setting:
    """One setting: its full name (``workstation.required``), default, and meaning.

    ``origin`` says where the default comes from: ``ours``, or how sure a protocol fact is that nobody published in
    full (``D1`` almost forced, ``D2`` natural by convention, ``D3`` free choice). The type of the default is the type
    of the setting; a tuple is a list of texts, separated by commas where it is written as one text.
    """

    name: str
    default: Any
    doc: str
    origin: str = "ours"
    choices: tuple[str, ...] = ()
    secret: bool = False

    @property
    def variable(self) -> str:
        """The environment variable that sets it."""
        return PREFIX + self.name.upper().replace(".", "_").replace("-", "_")

    def parse(self, raw: Any) -> Any:
        """``raw`` (text, or a TOML value) as this setting's type; raises ValueError with a sentence for the
        operator."""
        value = _convert(raw, self.default)
        if self.choices and value not in self.choices:
            raise ValueError(f"must be one of {', '.join(self.choices)}, not {raw!r}")
        return value


def _convert(raw: Any, default: Any) -> Any:
    if isinstance(default, bool):
        return _boolean(raw)
    if isinstance(default, (int, float)):
        return _number(raw, type(default))
    if isinstance(default, tuple):
        return (
            tuple(raw) if isinstance(raw, list) else tuple(part.strip() for part in str(raw).split(",") if part.strip())
        )
    if isinstance(default, dict):
        if not isinstance(raw, dict):
            raise ValueError(f"must be a table in the configuration file, not {raw!r}")
        return raw
    return str(raw)


def _boolean(raw: Any) -> bool:
    text = str(raw).strip().lower()
    if text in ("true", "1", "yes", "on"):
        return True
    if text in ("false", "0", "no", "off"):
        return False
    raise ValueError(f"must be true or false, not {raw!r}")


def _number(raw: Any, kind: type) -> Any:
    try:
        value = kind(raw)
    except (TypeError, ValueError):
        raise ValueError(f"must be a number, not {raw!r}") from None
    if value < 0:
        raise ValueError(f"must not be negative: {raw!r}")
    return value


class SettingsError(Exception):
    """One or more settings are wrong; the text names each of them and what to do."""


class Settings(Mapping[str, Any]):
    """The settings in force, read-only, by full name: ``settings["workstation.required"]``."""

    __slots__ = ("_values",)

    def __init__(self, values: Mapping[str, Any]) -> None:
        self._values = dict(values)

    def __getitem__(self, name: str) -> Any:
        return self._values[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._values)

    def __len__(self) -> int:
        return len(self._values)

    def with_(self, **changes: Any) -> "Settings":
        """A copy with some values changed; double underscores stand for dots."""
        return Settings({**self._values, **{name.replace("__", "."): value for name, value in changes.items()}})


def load(
    table: Iterable[Setting],
    *,
    file: Path | None = None,
    environment: Mapping[str, str] | None = None,
    flags: Mapping[str, Any] | None = None,
    absent: Sequence[str] = (),
) -> Settings:
    """The settings in force. Raises SettingsError that lists every wrong or unknown one.

    ``absent`` names plug-ins that are installed but could not be loaded: what is set for them is passed over.
    """
    rows = {setting.name: setting for setting in table}
    errors: list[str] = []
    passed = tuple(f"{name}." for name in absent) + tuple(Setting(f"{name}.", None, "").variable for name in absent)
    values = {name: setting.default for name, setting in rows.items()}
    for source, given in _sources(rows, file, environment or {}, flags or {}, errors):
        for name, raw in given.items():
            if name in rows or not name.startswith(passed):
                _put(values, rows, name, raw, source, errors)
    if errors:
        raise SettingsError("\n".join(errors))
    return Settings(values)


def _sources(
    rows: Mapping[str, Setting],
    file: Path | None,
    environment: Mapping[str, str],
    flags: Mapping[str, Any],
    errors: list[str],
) -> Iterator[tuple[str, Mapping[str, Any]]]:
    if file is not None:
        yield str(file), _file_values(file, rows, errors)
    variables = {setting.variable: name for name, setting in rows.items()}
    known = {name: value for name, value in environment.items() if name.startswith(PREFIX)}
    yield "the environment", {variables.get(name, name): value for name, value in known.items()}
    yield "the command line", {name: value for name, value in flags.items() if value is not None}


def _put(
    values: dict[str, Any], rows: Mapping[str, Setting], name: str, raw: Any, source: str, errors: list[str]
) -> None:
    if name not in rows:
        errors.append(f"{name} (from {source}): there is no such setting; see `session-gateway settings`")
        return
    try:
        values[name] = rows[name].parse(raw)
    except ValueError as error:
        errors.append(f"{name} (from {source}): {error}")


def _file_values(file: Path, rows: Mapping[str, Setting], errors: list[str]) -> Mapping[str, Any]:
    try:
        tree = tomllib.loads(file.read_text(encoding="utf-8"))
    except OSError as error:
        errors.append(f"--config {file}: cannot be read: {error.strerror}")
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        errors.append(f"--config {file}: is not TOML: {error}")
    else:
        return dict(_flat(tree, rows, ""))
    return {}


def _flat(tree: Mapping[str, Any], rows: Mapping[str, Setting], prefix: str) -> Iterator[tuple[str, Any]]:
    for name, value in tree.items():
        full = f"{prefix}{name}"
        if isinstance(value, dict) and full not in rows:
            yield from _flat(value, rows, f"{full}.")
        else:
            yield full, value
