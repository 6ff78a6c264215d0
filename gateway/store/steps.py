"""Steps: work that waits for a database now and then, for those who wait there and for those who have others to serve.

A function whose work is steps yields each time that it has asked something, and expects to go on when the answer can be
read. A thread goes on at once, since reading waits; an event loop goes on when the connection's socket tells it to.
"""

from collections.abc import Generator
from typing import TypeAlias, TypeVar

T = TypeVar("T")
Steps: TypeAlias = Generator[None, None, T]


def finished(steps: Steps[T]) -> T:
    """What comes of all steps, waiting for each."""
    while True:
        try:
            next(steps)
        except StopIteration as end:
            result: T = end.value
            return result
