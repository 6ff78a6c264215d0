"""MariaDB, alone or as a Galera cluster, by PyMySQL: ``mariadb://user:password@host:port/database``.

Several hosts (``host1:port1,host2:port2``) are tried in order: the nodes of a cluster. Writers wait for each other on
the row ``writer`` of the table ``meta``. On one node that is a lock; between the nodes of a cluster it makes two
batches that met conflict when they are certified, so that one of them is run again.
"""

import re
from typing import Any
from urllib.parse import SplitResult, parse_qsl, unquote, urlsplit

from peewee import Database, MySQLDatabase, PeeweeException

from gateway.store.dialect import NO_LOCK, Dialect, StoreError, server_copy

_LOST = {
    1047,
    1053,
    1077,
    1079,
    1152,
    1153,
    1158,
    1159,
    1160,
    1161,
    1180,
    1927,
    2002,
    2003,
    2006,
    2013,
    2014,
    2055,
    4031,
}
"""Connection lost or refused, server going down, node not (or no longer) part of its cluster."""
_AGAIN = {1020, 1205, 1213}
"""Changed by someone else, lock wait timeout, deadlock: what a failed certification is told as."""
_TABLE = re.compile(r"\(VALUES \(([%s, ]+)\)\) AS (\w+)")
_UPSERT = re.compile(r"ON CONFLICT \([^)]*\) DO UPDATE SET (.*)", re.DOTALL)
_UPDATE = re.compile(r"UPDATE (\S+) SET (.*) FROM (\(WITH .*?\) AS \w+) WHERE (.*)", re.DOTALL)


class _Mariadb(MySQLDatabase):
    """A connection to the first host that takes one."""

    def init(self, database: str | None, mariadb: bool | None = True, **kwargs: Any) -> None:
        self._hosts, self._session = tuple(kwargs.pop("hosts")), tuple(kwargs.pop("session"))
        super().init(database, mariadb=mariadb, **kwargs)

    def _connect(self) -> Any:
        import pymysql

        for number, (host, port) in enumerate(self._hosts):
            try:
                connection = pymysql.connect(
                    host=host, port=port, database=self.database, autocommit=True, **self.connect_params
                )
                _prepare(connection, self._session)
                return connection
            except pymysql.OperationalError:
                if number + 1 == len(self._hosts):
                    raise
        raise StoreError("The database address names no host; use mariadb://USER:PASSWORD@HOST/DATABASE.")


def _open(url: str, busy_seconds: float, read_only: bool) -> Database:
    try:
        import pymysql  # noqa: F401 - peewee looks for it, and tells less when it is not there
    except ImportError:
        raise StoreError("MariaDB needs PyMySQL: pip install 'session-gateway[mariadb]'.") from None
    parts = urlsplit(url)
    user, _, password = parts.netloc.rpartition("@")[0].partition(":")
    seconds = max(2, round(busy_seconds))
    session = [f"SET SESSION innodb_lock_wait_timeout = {seconds * 5}", "SET SESSION time_zone = '+00:00'"]
    session += ["SET SESSION sql_mode = 'STRICT_ALL_TABLES,ANSI_QUOTES'"]
    session += [f"SET SESSION TRANSACTION ISOLATION LEVEL {'REPEATABLE READ' if read_only else 'READ COMMITTED'}"]
    options: dict[str, Any] = dict(parse_qsl(parts.query))
    if "ssl_ca" in options:
        options["ssl"] = {"ca": options.pop("ssl_ca")}
    return _Mariadb(
        unquote(parts.path.strip("/")),
        hosts=_hosts(parts),
        session=session,
        field_types={"DIGEST": "VARBINARY(32)", "NAME": "VARCHAR(191)", "TEXT": "LONGTEXT", "BLOB": "LONGBLOB"},
        thread_safe=False,
        user=unquote(user),
        password=unquote(password),
        connect_timeout=seconds,
        read_timeout=seconds * 10,
        write_timeout=seconds * 10,
        **options,
    )


def _hosts(parts: SplitResult) -> list[tuple[str, int]]:
    each = [name.rpartition(":") for name in parts.netloc.rpartition("@")[2].split(",") if name]
    return [(host or port, int(port) if host else 3306) for host, _, port in each]


def _prepare(connection: Any, session: tuple[str, ...]) -> None:
    """A cluster makes a commit durable on its nodes; a single server has to do so itself."""
    names = "'innodb_flush_log_at_trx_commit', 'wsrep_on'"
    with connection.cursor() as cursor:
        for statement in session:
            cursor.execute(statement)
        cursor.execute(f"SHOW VARIABLES WHERE Variable_name IN ({names})")
        found = dict(cursor.fetchall())
        if found.get("wsrep_on") == "ON":
            cursor.execute("SET SESSION wsrep_sync_wait = 1")
        elif found.get("innodb_flush_log_at_trx_commit") != "1":
            connection.close()
            raise StoreError(
                "This MariaDB has innodb_flush_log_at_trx_commit other than 1, so that an answer would not mean that"
                " its event is durable; set it to 1."
            )


def _code(error: BaseException) -> int:
    """MariaDB's number of an error, 0 for one of another origin."""
    if isinstance(error, PeeweeException):
        return _code(error.__cause__ or error.__context__ or Exception())
    return error.args[0] if error.args and isinstance(error.args[0], int) else 0


def _is_lost(error: BaseException) -> bool:
    import pymysql

    return _code(error) in _LOST or isinstance(error, pymysql.InterfaceError)


def _failures() -> tuple[type[Exception], ...]:
    try:
        import pymysql
    except ImportError:
        return (PeeweeException,)
    return PeeweeException, pymysql.MySQLError


def rewritten(sql: str) -> str:
    """A statement in MariaDB's words. Its tables of values have no names for their columns; its updates join them; and
    it looks for a conflict in every unique key."""
    text = _TABLE.sub(_named, sql.replace("?", "%s").replace("AS BIGINT)", "AS SIGNED)"))
    text = _UPDATE.sub(r"UPDATE \1 JOIN \3 ON \4 SET \2", text)
    return re.sub(r'EXCLUDED\.("\w+")', r"VALUES(\1)", _UPSERT.sub(r"ON DUPLICATE KEY UPDATE \1", text))


def _named(found: "re.Match[str]") -> str:
    columns = ", ".join(f"column{number}" for number in range(1, found[1].count("%s") + 1))
    return f"(WITH v({columns}) AS (VALUES ({found[1]})) SELECT * FROM v) AS {found[2]}"  # noqa: S608 - marks alone


def _ddl(sql: str) -> str:
    """No partial indexes: they begin with what the condition asks for, and so serve as whole ones."""
    text = sql.replace(" WITHOUT ROWID", "").replace("INDEX `", "INDEX IF NOT EXISTS `")
    return text.partition(" WHERE ")[0] if " INDEX " in text else text


DIALECT = Dialect(
    name="mariadb",
    open=_open,
    begin_write=("BEGIN", "UPDATE meta SET value = value + 1 WHERE name = 'writer'"),
    begin_first=("BEGIN",),
    begin_read=("START TRANSACTION WITH CONSISTENT SNAPSHOT, READ ONLY",),
    failures=_failures,
    is_clash=lambda error: _code(error) == 1062,
    is_lost=_is_lost,
    is_again=lambda error: _code(error) in _AGAIN,
    lock=lambda _: NO_LOCK,
    copy=server_copy("mariadb-dump --single-transaction"),
    ddl=_ddl,
    rewrite=rewritten,
)
