"""Which database an address means."""

from pathlib import Path

from gateway.store import mariadb, postgresql, sqlite
from gateway.store.dialect import Dialect, StoreError

DIALECTS = {
    "sqlite": sqlite.DIALECT,
    "postgresql": postgresql.DIALECT,
    "postgres": postgresql.DIALECT,
    "mariadb": mariadb.DIALECT,
    "mysql": mariadb.DIALECT,
}


def address(database: str) -> tuple[Dialect, str]:
    """The dialect and the place of an address: ``sqlite:///path`` or a bare path, else the URL itself."""
    scheme, separator, rest = database.partition("://")
    if not separator:
        return sqlite.DIALECT, str(Path(database).absolute())
    if scheme not in DIALECTS:
        raise StoreError(
            f"A database of kind {scheme!r} is not supported; use sqlite:///PATH, postgresql://USER@HOST/DATABASE or"
            " mariadb://USER@HOST/DATABASE."
        )
    if scheme != "sqlite":
        return DIALECTS[scheme], database
    path = rest.removeprefix("/")
    if not path:
        raise StoreError("The database address names no file; use sqlite:///PATH.")
    return sqlite.DIALECT, str(Path(path).absolute())


def file_of(database: str) -> Path | None:
    """The file that an address means, None for a database on a server."""
    dialect, place = address(database)
    return Path(place) if dialect is sqlite.DIALECT else None


def shown(database: str) -> str:
    """An address without its password, for people and logs."""
    scheme, separator, rest = database.partition("://")
    account, at, place = rest.rpartition("@")
    user, colon, _ = account.partition(":")
    return f"{scheme}{separator}{user}{':***' if colon else ''}{at}{place}" if at else database
