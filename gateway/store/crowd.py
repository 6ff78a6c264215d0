"""How many write at the same time, as far as a ledger can see: what its batches wait for."""

ENOUGH = 32
"""Writes with which a batch begins in any case; a larger one costs hardly less for each."""
_LONGEST_PAUSE = 64
"""Batches between two tries to see one writer more."""


class Crowd:
    """How many writers there are, as far as can be seen: ``expected`` are as many as came together last.

    Now and then one more is waited for, since those who come a little later are never seen otherwise. Where nobody came
    that is tried again after more and more batches.
    """

    def __init__(self) -> None:
        self.expected = 1
        self._pause = self._rest = 1

    def came(self, count: int) -> None:
        """Tell how many a batch held."""
        if count > self.expected:
            self.expected, self._pause, self._rest = min(count, ENOUGH), 1, 1
        elif self._rest:
            self._rest -= 1
        else:
            self.expected = min(count + 1, ENOUGH)
            self._rest = self._pause

    def missed(self, count: int) -> None:
        """Tell that only so many came in time."""
        self.expected, self._pause = count, min(2 * self._pause, _LONGEST_PAUSE)
        self._rest = self._pause
