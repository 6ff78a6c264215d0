"""What a check says: nothing when all is well, else findings that tell the author what is wrong, where, what to do."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Literal, TypeAlias

Level: TypeAlias = Literal["smoke", "full"]


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that is wrong: ``what``, ``where`` (operation, member, file, byte), and the ``remedy``."""

    what: str
    where: str
    remedy: str

    def __str__(self) -> str:
        return f"wrong: {self.what}\nwhere: {self.where}\n   do: {self.remedy}"


@dataclass(frozen=True, slots=True)
class Trial:
    """One run of a check on one thing, which ``name`` names (an operation, a golden folder, a kind of fault)."""

    name: str
    run: Callable[[], Iterable[Finding]]


SHOWN = 10
"""How many findings of one trial are told in full."""


def told(promise: str, found: list[Finding]) -> str:
    """Findings as the text of a failure."""
    more = f"\n\n... and {len(found) - SHOWN} more of this kind" if len(found) > SHOWN else ""
    return f"The promise: {promise}\n\n" + "\n\n".join(str(each) for each in found[:SHOWN]) + more
