"""What a hostile input is, and how one is made of a good request."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TypeAlias

MARKER = b"MARKER"
"""The text of one member in every good body that has a text."""

Make: TypeAlias = Callable[[bytes], bytes | None]
"""A hostile body of a good one; None where the good one has nothing to attack."""

ACCEPTED = "accepted"


@dataclass(frozen=True)
class Attack:
    """One hostile input.

    ``formats`` are those of the bodies it is made of. ``expect`` is a fault's kind or ``accepted``; further words tell
    what differs by who is asked: ``soap=accepted``, ``servicestack=…`` or, closer, ``servicestack-xml=…``; alternatives
    stand with a bar between. ``source`` names the item of a published list. ``setting`` must stand in the log.
    ``headers`` replace those of the request.
    """

    name: str
    formats: tuple[str, ...]
    expect: str
    source: str
    make: Make
    setting: str = ""
    headers: Mapping[str, str] | None = None

    def expected(self, protocol: str, form: str) -> tuple[str, ...]:
        """What may come of it over a protocol, in a format."""
        first, *others = self.expect.split()
        named = dict(word.split("=") for word in others)
        found = named.get(f"{protocol}-{form}") or named.get(protocol) or first
        return tuple(found.split("|"))


def whole(body: bytes) -> Make:
    """A body of its own."""
    return lambda good: body


def before(text: bytes) -> Make:
    """Something in front of the body."""
    return lambda good: text + good


def after(text: bytes) -> Make:
    """Something behind the body."""
    return lambda good: good + text


def value(text: bytes) -> Make:
    """Another text in the place of the marked one."""
    return lambda good: good.replace(MARKER, text, 1) if MARKER in good else None


def encoded(encoding: str, declared: str | None = None) -> Make:
    """The body in another encoding, which its XML declaration names, if any."""
    line = f'<?xml version="1.0" encoding="{declared}"?>' if declared else ""
    return lambda good: (line + good.decode().replace("MARKER", "Zoë")).encode(encoding)


_ROOT = re.compile(rb"<([^\s<>/!?]+)")
_LAST = re.compile(rb"</[^<>]*>(?:</[^<>]*:Body></[^<>]*:Envelope>)?\Z")


def inside(text: bytes) -> Make:
    """An element more, as the last one of the message's element."""

    def make(good: bytes) -> bytes:
        found = _LAST.search(good)
        assert found is not None, good
        return good[: found.start()] + text + good[found.start() :]

    return make


def attribute(text: bytes) -> Make:
    """An attribute more on the document element."""
    return lambda good: _ROOT.sub(lambda found: found[0] + b" " + text, good, count=1)


def sibling(text: bytes) -> Make:
    """The marked element twice, with two texts."""

    def make(good: bytes) -> bytes | None:
        found = re.search(rb"<([^\s<>]+)[^<>]*>MARKER</\1>", good)
        return good.replace(found[0], found[0] + found[0].replace(MARKER, text)) if found else None

    return make


def member(text: bytes) -> Make:
    """A member more, as the first one of a JSON or JSV object."""
    return lambda good: good.replace(b"{", b"{" + text + b",", 1)


def quoted(text: bytes) -> Make:
    """Another JSON value in the place of the marked text, its quotes included."""
    return lambda good: good.replace(b'"MARKER"', text, 1) if b'"MARKER"' in good else None


def nested(opening: bytes, closing: bytes, times: int) -> bytes:
    """Something in itself."""
    return opening * times + closing * times
