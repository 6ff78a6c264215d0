"""The store as the rest of the gateway sees it: writes through the ledger, reads on readers."""

import asyncio
import os
import uuid
from collections.abc import Callable, Mapping
from concurrent.futures import Future
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from gateway.commands import ListEvents
from gateway.credentials import Credential
from gateway.handler import read
from gateway.outcome import Fault, Outcome
from gateway.store import keyring, mixed
from gateway.store.checkpoints import Checkpoints
from gateway.store.databases import address, shown
from gateway.store.dialect import Connection, Lock, StoreError
from gateway.store.jobs import Result, job, loop_job
from gateway.store.ledger import Ledger
from gateway.store.logsync import LogSync
from gateway.store.options import option, policy
from gateway.store.prune import Pruned, Pruner
from gateway.store.readers import Readers
from gateway.store.retention import Retention
from gateway.store.schema import upgrade
from gateway.store.server_turns import ServerLedger
from gateway.store.snapshot import Snapshot
from gateway.store.statements import compile_for
from gateway.store.turns import LoopLedger
from gateway.store.writer import Bounds, Writer
from gateway.work import Batch, Work


class Store:
    """An open store. It has threads, so a process opens its own, after a fork."""

    def __init__(self, database: str, settings: Mapping[str, Any] | None = None) -> None:
        self._dialect, self._place = address(database)
        self._busy = float(option(settings, "store.busy_seconds"))
        self._log = self._syncing()
        connection, lock, self.migrated_from = self._prepared()
        self._settings = settings
        statements = self._statements = compile_for(self._dialect)
        bounds = Bounds(
            int(option(settings, "store.batch")), int(option(settings, "store.raw_bytes")), policy(settings)
        )
        self._lock = lock
        self._writer = Writer(connection, statements, bounds, self._log)
        self._ledger: Ledger | LoopLedger = Ledger(self._writer, lock)
        self._readers = Readers(self._reader, statements, int(option(settings, "store.readers")), self._log)
        self._checkpoints = self._checkpointing()
        days = option(settings, "retention_days")
        self._retention = Retention(days, self._forget) if days else None

    def _prepared(self) -> tuple[Connection, Lock, int]:
        """A connection to a store of the present schema. Raises StoreError with a sentence for the operator."""
        connection = Connection(self._dialect, self._place, self._busy)
        try:
            lock = self._dialect.lock(self._place)
        except OSError as error:
            raise StoreError(f"The store {shown(self._place)} cannot be opened: {error.strerror}.") from error
        try:
            with lock.held():
                return connection, lock, upgrade(connection)
        except BaseException as error:
            connection.close()
            lock.close()
            if isinstance(error, connection.failures):
                raise StoreError(f"The store {shown(self._place)} cannot be opened: {error}.") from error
            raise

    def _syncing(self) -> LogSync | None:
        """What brings commits to the disk, where they do not go there by themselves. Raises StoreError."""
        try:
            return self._dialect.log(self._place) if self._dialect.log is not None else None
        except OSError as error:
            raise StoreError(f"The store {shown(self._place)} cannot be opened: {error.strerror}.") from error

    def _checkpointing(self) -> Checkpoints | None:
        if (statement := self._dialect.checkpoint) is None:
            return None
        checkpoints = Checkpoints(self._aside, statement)
        self._writer.committed = checkpoints.count
        return checkpoints

    def _aside(self) -> tuple[Connection, Lock]:
        """A connection and a lock of their own, like another process's."""
        return Connection(self._dialect, self._place, self._busy), self._dialect.lock(self._place)

    def _reader(self) -> Connection:
        return Connection(self._dialect, self._place, self._busy, read_only=True)

    @property
    def observer(self) -> Callable[[int, float], None] | None:
        """Called after each batch, in the ledger's thread, with its number of writes and its seconds."""
        return self._writer.observer

    @observer.setter
    def observer(self, observer: Callable[[int, float], None] | None) -> None:
        self._writer.observer = observer

    def attach(self, loop: asyncio.AbstractEventLoop) -> None:
        """Let the writes of this process run in this loop's thread, where the database allows that; before the first
        of them. The store must then be closed by another thread, while the loop runs."""
        if self._dialect.hurry is not None:
            self._ledger.close()
            driver = ServerLedger if self._dialect.pipelines else LoopLedger
            self._ledger = driver(self._writer, self._lock, loop)

    def submit(self, prepared: Work | Batch) -> "Future[Any]":
        """Run a Work (its result: an Outcome) or a Batch (a list of outcomes, the last one a Fault if it stopped;
        with ``each`` a Fault may stand anywhere).

        The future raises a Fault, and nothing else; that of an atomic batch has the number of the refused item in
        ``details["index"]``. A write is durable when the future is done.
        """
        if (halves := mixed.halves(prepared)) is not None:
            assert isinstance(prepared, Batch)
            return mixed.submitted(prepared, halves, self.submit)
        if _writes(prepared):
            waiting = job(prepared)
            self._ledger.put(waiting)
            future: Future[Any] = waiting.future
            return future
        return self._readers.submit(lambda view: _read(view, prepared))

    def start(self, prepared: Work | Batch) -> "asyncio.Future[Any]":
        """:meth:`submit` for the running event loop, whose future is given. Raises a Fault while the store closes."""
        return self._start(prepared, mixed.halves(prepared))

    def _start(self, prepared: Work | Batch, halves: tuple[Batch, Batch] | None) -> "asyncio.Future[Any]":
        if halves is not None:
            assert isinstance(prepared, Batch)
            return asyncio.ensure_future(self._mixed(prepared, halves))
        if _writes(prepared):
            waiting = loop_job(prepared)
            self._ledger.put(waiting)
            future: asyncio.Future[Any] = waiting.future
            return future
        return asyncio.wrap_future(self._readers.submit(lambda view: _read(view, prepared)))

    def put(self, prepared: Work | Batch, then: Callable[[Any], None]) -> "asyncio.Future[Any] | None":
        """:meth:`start` without a future for what only writes: ``then`` is called in the running event loop, with the
        result or with what went wrong. A future that is given may be cancelled."""
        halves = mixed.halves(prepared)
        if halves is None and _writes(prepared):
            self._ledger.put(loop_job(prepared, then))
            return None
        future = self._start(prepared, halves)
        future.add_done_callback(lambda done: then(_end_of(done)))
        return future

    async def _mixed(self, prepared: Batch, halves: tuple[Batch, Batch]) -> Result:
        return mixed.merged(prepared, *[await self._half(half) for half in halves])

    async def _half(self, half: Batch) -> mixed.Results:
        try:
            told: Any = await self.start(half)
            return mixed.of_half(half, told)
        except Fault as fault:
            return mixed.of_half(half, fault)

    def events(self, tenant: str | None, command: ListEvents) -> Outcome:
        """Events of a tenant (None: of all), for those who follow them. Waits for a reader; raises a Fault."""
        return self._readers.submit(lambda view: view.list_events(tenant, command)).result()

    def last_position(self) -> int:
        """The position of the newest event, 0 before the first. Waits for a reader; raises a Fault."""
        return self._readers.submit(lambda view: int(view.connection.one(view.sql.last_position)[0] or 0)).result()

    def ready(self) -> str | None:
        """None while the store takes writes, else a sentence that says why not."""
        return self._writer.trouble

    def statistics(self) -> dict[str, Any]:
        """Batches and writes since the store was opened, and how busy the readers are."""
        return {"batches": self._writer.batches, "writes": self._writer.writes, **self._readers.statistics()}

    def credentials(self) -> list[Credential]:
        """Every credential, revoked ones too."""
        return self._readers.submit(lambda view: keyring.credentials(view.connection)).result()

    def credentials_version(self) -> int:
        """A number that grows with every change of the credentials; one row, cheap to look at."""
        return self._readers.submit(lambda view: keyring.version(view.connection)).result()

    def add_credential(self, credential: Credential) -> None:
        """Keep a credential. Raises a Fault of kind ``conflict`` when its uid is taken."""
        self._run(lambda connection: keyring.add(connection, credential))

    def revoke_credential(self, uid: uuid.UUID, at: datetime) -> bool:
        """Revoke a credential; False when there is none with this uid that is not revoked yet."""
        return bool(self._run(lambda connection: keyring.revoke(connection, uid, at)))

    def _run(self, task: Callable[[Connection], Any]) -> Any:
        waiting = job(task)
        self._ledger.put(waiting)
        return waiting.future.result()

    def backup(self, path: str | os.PathLike[str]) -> None:
        """Copy the live store to ``path``, as of one moment; the file appears when it is complete."""
        target, part = Path(path), Path(f"{os.fspath(path)}.part")
        try:
            part.unlink(missing_ok=True)
            self._dialect.copy(self._place, part)
            part.replace(target)
        except (OSError, StoreError) as error:
            part.unlink(missing_ok=True)
            raise StoreError(f"The backup {target} cannot be written: {error}.") from error

    def prune(self, before: datetime, tenant: str | None = None) -> Pruned:
        """Forget closed sessions and events of before an instant (:mod:`gateway.store.prune`). Raises StoreError."""
        return self._forget(before, True, lambda: False, tenant)

    def _forget(self, before: datetime, sweep: bool, stopped: Callable[[], bool], tenant: str | None = None) -> Pruned:
        """With a connection of its own, like another process. What may still be repeated is kept in any case."""
        windows = policy(self._settings)
        latest = datetime.now(UTC) - max(windows.retry_window, windows.idempotency_window)
        connection, lock, _ = self._prepared()
        try:
            pruner = Pruner(connection, self._statements, lock, tenant, stopped)
            return pruner.prune(min(before, latest), sweep)
        except connection.failures as error:
            raise StoreError(f"The store {shown(self._place)} cannot be pruned: {error}.") from error
        finally:
            connection.close()
            lock.close()

    def close(self) -> None:
        """Finish what waits, then close everything; a second call does nothing."""
        if self._retention is not None:
            self._retention.close()
        self._ledger.close()
        if self._checkpoints is not None:
            self._checkpoints.close()
        self._readers.close()
        if self._log is not None:
            self._log.close()
        self._lock.close()


def _end_of(done: "asyncio.Future[Any]") -> Any:
    """The result of a future, or what went wrong."""
    error = asyncio.CancelledError() if done.cancelled() else done.exception()
    return done.result() if error is None else error


def _writes(prepared: Work | Batch) -> bool:
    return prepared.is_write if isinstance(prepared, Work) else any(work.is_write for work in prepared.works)


def _read(view: Snapshot, prepared: Work | Batch) -> Outcome | list[Outcome | Fault]:
    if isinstance(prepared, Work):
        return read(view, prepared)
    results: list[Outcome | Fault] = []
    for work in prepared.works:
        try:
            results.append(read(view, work))
        except Fault as fault:
            if prepared.atomic:
                raise
            results.append(fault)
            if not prepared.each:
                break
    return results


def open_store(database: str, settings: Mapping[str, Any] | None = None) -> Store:
    """Open the store at ``sqlite:///path`` (or a bare path), made or migrated as needed. Raises StoreError."""
    return Store(database, settings)


def migrate(database: str, settings: Mapping[str, Any] | None = None) -> int:
    """Bring a store to the present schema; gives the version it had, 0 for a new one. Raises StoreError."""
    store = open_store(database, settings)
    store.close()
    return store.migrated_from
