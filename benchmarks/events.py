"""How many events a database holds, asked of the database itself and not of the server that is measured."""

import sqlite3
import subprocess
from contextlib import closing, suppress

COUNT = "SELECT count(*) FROM events"


def count(database: str) -> int:
    """The rows of ``events`` in a PostgreSQL URL, or in an SQLite file; 0 before there is such a table."""
    if database.startswith("postgresql://"):
        found = subprocess.run(["psql", "-tAqc", COUNT, database], check=False, capture_output=True, text=True)
        return int(found.stdout or 0)
    with suppress(sqlite3.OperationalError), closing(sqlite3.connect(database)) as connection:
        return int(connection.execute(COUNT).fetchone()[0])
    return 0
