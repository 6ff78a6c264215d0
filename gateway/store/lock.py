"""One writer at a time, over all processes: a lock on a file beside the database.

The kernel wakes the next waiter, so nobody polls; and it frees the lock of a process that dies.
"""

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


def _private(path: str, flags: int) -> int:
    return os.open(path, flags, 0o600)


class WriterLock:
    """The lock of one database file; each object is a waiter of its own, within one process too."""

    def __init__(self, path: Path) -> None:
        self._file = open(path, "ab", opener=_private)  # noqa: SIM115 - held as long as the store is open

    def hold(self) -> None:
        """Wait for the lock."""
        fcntl.flock(self._file, fcntl.LOCK_EX)

    def try_hold(self) -> bool:
        """Take the lock, if nobody else has it."""
        try:
            fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
        return True

    def release(self) -> None:
        """Let others have the lock."""
        fcntl.flock(self._file, fcntl.LOCK_UN)

    @contextmanager
    def held(self) -> Iterator[None]:
        """Wait for the lock, and hold it."""
        self.hold()
        try:
            yield
        finally:
            self.release()

    def close(self) -> None:
        """Give the file back."""
        self._file.close()
