"""How many write at the same time, as far as a ledger can see: what its batches wait for."""

ENOUGH = 32
"""Writes with which a batch begins in any case; a larger one costs hardly less for each."""
_LONGEST_PAUSE = 256
"""Batches between two tries to see one writer more."""


class Crowd:
    """How many writers there are, as far as can be seen: ``expected`` are as many as came together last.

    Now and then one more is waited for, since those who come a little later are never seen otherwise. Where nobody came
    that is tried less and less often, until somebody does. When one of those who are known comes too late, one more
    is looked for soon, but once.
    """

    def __init__(self) -> None:
        self.expected = 1
        self._pause = self._rest = 1
        self._trying = False

    def came(self, count: int) -> None:
        """Tell how many a batch held."""
        self.expected = min(count, ENOUGH)
        if self._trying:
            self._trying, self._pause, self._rest = False, 1, 1
        elif self._rest:
            self._rest -= 1
        elif self.expected < ENOUGH:
            self._trying = True
            self.expected += 1

    def missed(self, count: int) -> None:
        """Tell that only so many came in time."""
        if self._trying:
            self._pause = self._rest = min(2 * self._pause, _LONGEST_PAUSE)
        else:
            self._rest = min(self._rest, 1)
        self._trying, self.expected = False, count
