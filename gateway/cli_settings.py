"""Settings on the command line: how they are read, and how they are listed."""

import argparse
from collections.abc import Iterable

from gateway.cli_table import columns
from gateway.settings import Setting, Settings, SettingsError

_FLAGS = ("bind", "database", "workers", "demo", "tls_cert", "tls_key", "base_url", "trusted_proxies")


def load(arguments: argparse.Namespace) -> Settings:
    """The settings in force for a command. Raises SettingsError."""
    from gateway import boot

    flags = {name: getattr(arguments, name, None) for name in _FLAGS}
    return boot.load_settings(arguments.config, flags=flags)


def must_exist(database: str) -> None:
    """Raise SettingsError when a command that only looks at a store would make one."""
    from gateway.store.databases import file_of

    file = file_of(database)
    if file is not None and not file.exists():
        raise SettingsError(f"database: there is no store at {database}; name it with --database")


def place(settings: Settings) -> str:
    """The address of the database, without its password."""
    from gateway.store.databases import shown

    return shown(settings["database"])


def listing(arguments: argparse.Namespace) -> int:
    """List every setting."""
    from gateway import boot, registry

    table = boot.table(registry.discover())
    if arguments.rst:
        print(rst(table))
        return 0
    given = load(arguments)
    rows = [
        (row.name, _shown(row, given[row.name]), _shown(row, row.default), row.origin, row.variable, row.doc)
        for row in table
    ]
    print(columns(("NAME", "VALUE", "DEFAULT", "ORIGIN", "ENVIRONMENT", "MEANING"), rows))
    return 0


def _shown(row: Setting, value: object) -> str:
    """A value as it would be written; a secret one is only said to be there."""
    if row.secret and value:
        return "***"
    if row.name == "database":
        from gateway.store.databases import shown

        return shown(str(value))
    if isinstance(value, bool):
        return str(value).lower()
    return ",".join(map(str, value)) if isinstance(value, tuple) else str(value)


def rst(table: Iterable[Setting]) -> str:
    """The settings as a reStructuredText list-table."""
    lines = [".. list-table::", "   :header-rows: 1", ""]
    for cells in (
        ("Name", "Default", "Origin", "Environment", "Meaning"),
        *((f"``{row.name}``", _literal(_shown(row, row.default)), row.origin, f"``{row.variable}``", _meaning(row))
          for row in table),
    ):  # fmt: skip
        lines += [f"   {'* -' if index == 0 else '  -'} {cell}".rstrip() for index, cell in enumerate(cells)]
    return "\n".join(lines)


def _literal(text: str) -> str:
    return f"``{text}``" if text else ""


def _meaning(row: Setting) -> str:
    choices = f" One of {', '.join(f'``{choice}``' for choice in row.choices)}." if row.choices else ""
    return row.doc.replace("*", r"\*").replace("|", r"\|").replace("`", r"\`") + choices
