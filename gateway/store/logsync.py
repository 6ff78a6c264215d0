"""The write-ahead log's way to the disk: outside of the writers' lock, one sync for all that was committed before it.

A commit of SQLite with ``synchronous = NORMAL`` is in the log, and seen by all, but not yet on the disk. Syncing the
log's file is what ``FULL`` would do next, while every other writer waits. Here the lock is given back first, so that
others commit meanwhile; an answer leaves when all that it tells of is on the disk. Who syncs waits for the disk; an
event loop does so only where that takes no time to speak of (:attr:`LogSync.is_quick`).

For that all processes of a store share three counts, in the file of the writers' lock: of the commits that were begun,
that are in the log, and that are known to be on the disk. After a sync that failed nobody knows what the disk holds of
the log, since the system forgets what it could not write: until a checkpoint has copied all of the log into the
database, no write is answered.
"""

import mmap
import os
import time
from struct import Struct
from threading import Lock

from peewee import OperationalError

from gateway.store.pace import Pace

_COUNT = Struct("=Q")
_BEGUN, _LOGGED, _SYNCED, _DOUBTS = range(0, 32, 8)
_SIZE = 4096


class LogSync:
    """The log of one database; each process has its own."""

    def __init__(self, database: str) -> None:
        self._log = f"{database}-wal"
        self._file = -1
        self._seen: tuple[int, int] | None = None
        self._opening = Lock()
        self._pace = Pace()
        file = os.open(f"{database}.lock", os.O_RDWR | os.O_CREAT, 0o600)
        try:
            # Memory without room for it on the disk would end the process; what others have counted stays.
            os.posix_fallocate(file, 0, _SIZE)
            self._counts = mmap.mmap(file, _SIZE)
        finally:
            os.close(file)

    def _get(self, which: int) -> int:
        return int(_COUNT.unpack_from(self._counts, which)[0])

    def _set(self, which: int, count: int) -> None:
        _COUNT.pack_into(self._counts, which, count)

    def begin(self) -> int:
        """The number of the commit that comes next; the writers' lock is held."""
        number = 1 + max(self._get(_BEGUN), self._get(_LOGGED), self._get(_SYNCED))
        self._set(_BEGUN, number)
        return number

    def logged(self, number: int) -> None:
        """Tell that a commit is in the log; the lock is still held."""
        self._set(_LOGGED, number)

    @property
    def latest(self) -> int:
        """The latest commit that anybody may have seen by now."""
        return self._get(_BEGUN)

    @property
    def doubtful(self) -> bool:
        """Whether a sync has failed since the last :meth:`mend`."""
        return self._get(_DOUBTS) != 0

    def is_synced(self, number: int) -> bool:
        """Whether a commit, and so every one before it, is on the disk."""
        return self._get(_SYNCED) >= number and not self.doubtful

    @property
    def is_quick(self) -> bool:
        """Whether a sync takes no time to speak of, as far as those before it tell."""
        return self._pace.is_quick

    def sync(self, number: int) -> None:
        """Return when a commit that is in the log is on the disk. Raises OSError when nobody knows whether it is."""
        if self.is_synced(number):
            return
        covered, began = self._get(_LOGGED), time.monotonic()
        try:
            os.fdatasync(self._opened())
        except FileNotFoundError:
            # The database's last connection takes the log away once all of it is in the database, and synced.
            pass
        except OSError:
            self._set(_DOUBTS, 1)
            raise
        finally:
            self._pace.took(time.monotonic() - began)
        if self.doubtful:
            raise OSError(f"{self._log} could not be synced")
        # Two processes at once may leave the lesser count: then something is synced twice.
        if covered > self._get(_SYNCED):
            self._set(_SYNCED, covered)

    def _opened(self) -> int:
        """The log's file, the one that is there by now: a process that is alone makes a new one when it reconnects."""
        with self._opening:
            there = os.stat(self._log)
            if (seen := (there.st_dev, there.st_ino)) != self._seen:
                self._leave()
                self._file, self._seen = os.open(self._log, os.O_RDONLY), seen
            return self._file

    def mend(self, busy: int, there: int, copied: int) -> None:
        """Tell of a checkpoint that was made after a failed sync, under the writers' lock: what it could not do, the
        pages of the log, and those that are in the database now, which was synced with them. Raises OperationalError
        when that is not all."""
        if busy or there != copied:
            raise OperationalError(f"the log could not be synced, and of {there} pages {copied} are in the database")
        self._set(_SYNCED, self._get(_LOGGED))
        self._set(_DOUBTS, 0)

    def close(self) -> None:
        """Give the files back."""
        self._leave()
        self._counts.close()

    def _leave(self) -> None:
        if self._file >= 0:
            os.close(self._file)
        self._file, self._seen = -1, None
