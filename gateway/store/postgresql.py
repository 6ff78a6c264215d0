"""PostgreSQL, by psycopg 3: ``postgresql://user:password@host:port/database``, with libpq's options behind ``?``.

Several hosts (``host1:port1,host2:port2``) are tried in order, as libpq does. Writers wait for each other on an
advisory lock, which ends with the transaction that holds it, even when its process or its network dies.
"""

from operator import methodcaller
from typing import Any

from peewee import Database, PeeweeException, PostgresqlDatabase

from gateway.store.dialect import NO_LOCK, Dialect, StoreError, server_copy

LOCK = 0x5E5510
"""The advisory lock of the gateway's writers, one for a database."""
_DEAD_SECONDS = 15
"""After so long a writer that says nothing within its transaction is taken for dead."""
_LOST = ("08", "57P", "25P03")
"""SQLSTATE classes: connection exceptions, the server's shutdown, an idle transaction that was ended."""
_AGAIN = ("40", "55P03")
"""Serialization failures and deadlocks, and locks that were not to be had."""


class _Postgresql(PostgresqlDatabase):
    """Sessions whose answers mean what the gateway promises."""

    def _connect(self) -> Any:
        connection = super()._connect()  # type: ignore[misc]
        _prepare(connection)
        return connection


def _open(url: str, busy_seconds: float, read_only: bool) -> Database:
    try:
        import psycopg  # noqa: F401 - peewee looks for it, and tells less when it is not there
    except ImportError:
        raise StoreError("PostgreSQL needs psycopg: pip install 'session-gateway[postgresql]'.") from None
    settings = [f"lock_timeout={max(1000, round(busy_seconds * 5000))}", "client_encoding=UTF8", "timezone=UTC"]
    settings += ["default_transaction_read_only=on"] if read_only else []
    settings += [f"idle_in_transaction_session_timeout={_DEAD_SECONDS * 1000}"]
    return _Postgresql(
        url,
        prefer_psycopg3=True,
        field_types={"DIGEST": "BYTEA", "NAME": "TEXT"},
        thread_safe=False,
        connect_timeout=max(2, round(busy_seconds)),
        keepalives_idle=_DEAD_SECONDS,
        keepalives_interval=5,
        keepalives_count=3,
        application_name="session-gateway",
        options=" ".join(f"-c {setting}" for setting in settings),
    )


def _prepare(connection: Any) -> None:
    """Send integers as of one size, so that a statement stays one; :mod:`gateway.store.libpq` prepares it."""
    from psycopg.types.numeric import Int8Dumper

    connection.adapters.register_dumper(int, Int8Dumper)
    connection.prepare_threshold = None
    found = {name: connection.execute(f"SHOW {name}").fetchone()[0] for name in ("fsync", "synchronous_commit")}
    off = [name for name, value in found.items() if value == "off"]
    if off:
        connection.close()
        raise StoreError(
            f"This PostgreSQL has {off[0]} = off, so that an answer would not mean that its event is durable;"
            " turn it on."
        )


def _cursor(connection: Any) -> Any:
    from gateway.store.libpq import Cursor

    return Cursor(connection)


def _state(error: BaseException) -> str:
    return str(getattr(error, "sqlstate", None) or "")


def _is_lost(error: BaseException) -> bool:
    import psycopg

    if isinstance(error, PeeweeException):
        return _is_lost(error.__cause__ or error.__context__ or Exception())
    # An error without a state never came from the server: it is the connection's own.
    return isinstance(error, psycopg.OperationalError) and (not _state(error) or _state(error).startswith(_LOST))


def _is_again(error: BaseException) -> bool:
    return _state(error).startswith(_AGAIN)


def _failures() -> tuple[type[Exception], ...]:
    try:
        import psycopg
    except ImportError:
        return (PeeweeException,)
    return PeeweeException, psycopg.Error


def _clash(error: BaseException) -> bool:
    return _state(error) == "23505"


def _surprise(error: BaseException) -> bool:
    return _state(error) == "22P02"


DIALECT = Dialect(
    name="postgresql",
    open=_open,
    begin_write=("BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE", f"SELECT pg_advisory_xact_lock({LOCK})"),
    begin_read=("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY",),
    failures=_failures,
    is_clash=_clash,
    is_lost=_is_lost,
    is_again=_is_again,
    is_surprise=_surprise,
    lock=lambda _: NO_LOCK,
    copy=server_copy("pg_dump --format=custom"),
    ddl=lambda sql: sql.replace(" WITHOUT ROWID", ""),
    cursor=_cursor,
    pipelines=True,
    hurry=methodcaller("hurry"),
    rewrite=lambda sql: sql.replace("?", "%s"),
)
