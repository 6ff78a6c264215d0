"""The faults that a preloaded C library makes: compiled when a test needs it, and steered while the server runs."""

import ctypes
import errno
import mmap
import os
import shutil
import subprocess
from pathlib import Path

import pytest

SOURCE = Path(__file__).with_name("shim.c")
DIES, DIES_WITHIN = -1, -2
"""Instead of an errno: the process dies before, or in the middle of, the call."""
KINDS = {
    "EIO": errno.EIO,
    "ENOSPC": errno.ENOSPC,
    "EROFS": errno.EROFS,
    "dies": DIES,
    "dies within": DIES_WITHIN,
}


class _Fields(ctypes.Structure):
    """``struct control`` of shim.c."""

    _fields_ = (
        ("armed", ctypes.c_int32),
        ("error", ctypes.c_int32),
        ("at", ctypes.c_int64),
        ("count", ctypes.c_int64),
        ("sticky", ctypes.c_int32),
        ("ahead", ctypes.c_int64),
    )


class Control:
    """What the shim is told, in memory that all processes share; the file must be there before a process starts."""

    def __init__(self, path: Path) -> None:
        with path.open("r+b") as file:
            self._fields = _Fields.from_buffer(mmap.mmap(file.fileno(), ctypes.sizeof(_Fields)))

    def arm(self, kind: str, at: int = 1, *, lasting: bool = False) -> None:
        """Let the ``at``-th write or sync from now on fail; with ``lasting`` every later one as well."""
        self._fields.armed = 0
        self._fields.error, self._fields.at, self._fields.count = KINDS[kind], at, 0
        self._fields.sticky = int(lasting)
        self._fields.armed = 1

    def lift(self) -> None:
        """Let everything succeed again."""
        self._fields.armed = 0

    def set_clock(self, ahead: int) -> None:
        """Set the time of day, in seconds beyond the true one. What measures how long something takes is left alone."""
        self._fields.ahead = ahead

    @property
    def calls(self) -> int:
        """How many writes and syncs there were while it was armed."""
        return int(self._fields.count)


class Shim(Control):
    """One preloaded library, acting on files whose path holds ``name``, in processes with this ``environment``."""

    def __init__(self, library: Path, folder: Path, name: str, *, order: bool = False) -> None:
        control = folder / "faults.control"
        control.write_bytes(bytes(ctypes.sizeof(_Fields)))
        super().__init__(control)
        self.order = folder / "faults.order"
        told = {"FAULTS_CONTROL": str(control), "FAULTS_FILE": name, "LD_PRELOAD": str(library)}
        self.variables = told | ({"FAULTS_ORDER": str(self.order)} if order else {})
        self.environment = {**os.environ, **self.variables}


def build(folder: Path) -> Path:
    """The compiled library. Skips the test where there is no C compiler."""
    compiler = shutil.which("gcc") or shutil.which("cc")
    if compiler is None:
        pytest.skip("gcc is missing, with which the library is made that lets writes fail: apt install gcc libc6-dev")
    made = folder / "shim.so"
    words = [compiler, "-O1", "-shared", "-fPIC", "-o", str(made), str(SOURCE), "-ldl"]
    done = subprocess.run(words, capture_output=True, text=True, check=False)
    if "No such file" in done.stderr:
        pytest.skip("the C library's headers are missing: apt install libc6-dev")
    assert done.returncode == 0, done.stderr
    return made
