"""The cursor of PostgreSQL: psycopg's values and libpq's pipeline, and nothing between them.

psycopg's own cursor takes some 50 microseconds for each statement, whatever it does, and a batch of writes has
ten of them. All statements of the gateway are few and fixed: each is prepared when it is met first, by the types of its
values, and only its values are sent from then on.
"""

import select
import threading
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from functools import lru_cache
from typing import Any

from psycopg import Connection, OperationalError
from psycopg.adapt import PyFormat, Transformer
from psycopg.errors import error_from_result
from psycopg.pq import ConnStatus, ExecStatus, PipelineStatus
from psycopg.pq.abc import PGresult

_PREPARED = 1000
"""Statements that a connection keeps prepared; then it begins anew."""
_HURRY_MS = 250
"""For how long a thread that is in a hurry waits for the server at most."""
_DONE = frozenset({ExecStatus.COMMAND_OK, ExecStatus.TUPLES_OK, ExecStatus.EMPTY_QUERY})


@lru_cache(1024)
def _numbered(sql: str) -> bytes:
    """A statement with PostgreSQL's own marks for its values; none of ours has a percent sign of another meaning."""
    first, *rest = sql.split("%s")
    return "".join([first, *[f"${number}{part}" for number, part in enumerate(rest, 1)]]).encode()


class Cursor:
    """What the gateway uses of a DB-API cursor. What the server refuses is raised as psycopg raises it, as is the loss
    of the connection."""

    def __init__(self, connection: Connection[Any]) -> None:
        self._wire = connection.pgconn
        self._values = Transformer(connection)
        self._prepared: dict[tuple[str, tuple[int, ...]], bytes] = {}
        self._names = 0
        self._piped = False
        self._hurried = 0
        self._results: Sequence[PGresult] = ()
        self._came: list[PGresult] = []
        self._all_came = self._all_sent = True
        self.pending = False

    def hurry(self) -> None:
        """Let this thread, which has others to serve, wait for the server for a quarter of a second at most; the
        connection counts as lost then."""
        self._hurried = threading.get_ident()

    def execute(self, sql: str, values: Sequence[Any] = ()) -> None:
        """Run one statement; within :meth:`pipeline` it is only sent."""
        self._results = ()
        self._send(sql, values)
        if not self._piped:
            self._sync()
            self.complete()

    def executemany(self, sql: str, rows: Iterable[Sequence[Any]]) -> None:
        """Run one statement once for each row."""
        for row in rows:
            self.execute(sql, row)

    @contextmanager
    def pipeline(self, wait: bool = True) -> Iterator[None]:
        """Statements within it do not wait for each other. Where one is refused, those behind it are not run, and it is
        raised at the end; where that is not waited for, at the end of :meth:`complete`. One within another is part of
        it."""
        if self._piped:
            yield
            return
        self._piped = True
        try:
            yield
        except BaseException:
            wait = True
            raise
        finally:
            self._piped = False
            self._sync()
            if wait:
                self.complete()

    def fetchone(self) -> Any:
        """The first row, None when there is none."""
        return next(iter(self.fetchall()), None)

    def fetchall(self) -> list[Any]:
        """Every row of the last statement."""
        return self._load(self._results[-1]) if self._results else []

    def fetchlast(self, count: int) -> list[list[Any]]:
        """Every row of each of the last statements of a pipeline that is over; of those that look for rows."""
        found = [result for result in self._results if result.status == ExecStatus.TUPLES_OK]
        return [self._load(result) for result in found[len(found) - count :]]

    def _load(self, result: PGresult) -> list[Any]:
        self._values.set_pgresult(result)
        return self._values.load_rows(0, result.ntuples, tuple)

    def _send(self, sql: str, values: Sequence[Any]) -> None:
        wire, adapt = self._wire, self._values
        if wire.pipeline_status == PipelineStatus.OFF:
            wire.enter_pipeline_mode()
        written = adapt.dump_sequence(values, [PyFormat.AUTO] * len(values))
        types = adapt.types or ()
        name = self._prepared.get((sql, types)) or self._prepare(sql, types)
        wire.send_query_prepared(name, written, adapt.formats)

    def _prepare(self, sql: str, types: tuple[int, ...]) -> bytes:
        if len(self._prepared) >= _PREPARED:
            self._prepared.clear()
            self._wire.send_query_params(b"DEALLOCATE ALL", None)
        self._names += 1
        name = self._prepared[sql, types] = b"gateway_%d" % self._names
        self._wire.send_prepare(name, _numbered(sql), types)
        return name

    def _sync(self) -> None:
        """Mark the end of what is sent, and send what the socket takes at once."""
        if self._wire.pipeline_status != PipelineStatus.OFF:
            self._wire.pipeline_sync()
            self.pending = True
            self._came, self._all_came = [], False
            self._all_sent = not self._wire.flush()

    @property
    def socket(self) -> int | None:
        """What can be read when the server answers; None while it does not even take all that it is told."""
        return self._wire.socket if self._all_sent else None

    def has_come(self) -> bool:
        """Read what the server has said by now; whether that is all that was waited for."""
        self._wire.consume_input()
        return self._take_in()

    def complete(self) -> None:
        """Wait for all that was sent; raises what the server refused."""
        if not self.pending:
            return
        try:
            self.wait()
        finally:
            self.pending = False
        self._wire.exit_pipeline_mode()
        for result in self._came:
            if result.status not in _DONE:
                # Which statements were prepared by then is not known.
                self._prepared.clear()
                raise error_from_result(result)
        self._results, self._came = self._came, []

    def wait(self) -> None:
        """Wait until all of it has come; raises nothing but the loss of the connection."""
        self._flush()
        while not self._take_in():
            self._poll(select.POLLIN)
            self._wire.consume_input()

    def _flush(self) -> None:
        """Send everything; a server that cannot take more may wait until what it says is read."""
        while not self._all_sent and self._wire.flush():
            self._poll(select.POLLIN | select.POLLOUT)
            self._wire.consume_input()
        self._all_sent = True

    def _take_in(self) -> bool:
        """Whether everything up to the pipeline's end has come."""
        while not (self._all_came or self._wire.is_busy()):
            result = self._wire.get_result()
            if result is not None:
                self._all_came = result.status == ExecStatus.PIPELINE_SYNC
                self._came += [] if self._all_came else [result]
            elif self._wire.status == ConnStatus.BAD:
                raise OperationalError(self._wire.get_error_message())
        return self._all_came

    def _poll(self, events: int) -> None:
        poll = select.poll()
        poll.register(self._wire.socket, events)
        hurried = threading.get_ident() == self._hurried
        if not poll.poll(_HURRY_MS if hurried else None):
            raise OperationalError(f"the server has not answered for {_HURRY_MS} ms")
