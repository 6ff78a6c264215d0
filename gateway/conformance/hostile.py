"""Broken requests: cut off at every byte, and changed at random. Each leads to a command or a fault, in little time."""

import random
import signal
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from functools import partial
from types import FrameType

from gateway.commands import canonical
from gateway.conformance.bench import Bench, works_of
from gateway.conformance.case import Case
from gateway.conformance.findings import Finding, Trial
from gateway.conformance.kit import Kit
from gateway.conformance.variants import fault_of, prepared, said
from gateway.conformance.wellformed import flaw
from gateway.outcome import FaultKind
from gateway.wire import Headers, WireRequest, WireResponse

SECONDS = 1.0
"""Processor time that one request may take; an ordinary one takes less than a thousandth of it."""
HANG = 20.0
"""Seconds after which a request that does not end is interrupted."""
MUTATIONS = 300
"""Random changes of each golden request."""

_SPLINTERS = (
    b"", b"\0", b"\xff", b"\xc3\x28", b"\xed\xa0\x80", b"<", b">", b"&", b"]]>", b"<!--", b"<!DOCTYPE x>", b"&#0;",
    b"{", b"}", b"[", b"]", b'"', b"\\", b"\\ud800", b",", b":", b"null", b"true", b"-", b"1e999", b"NaN",
    b"9" * 40, b"0.0000000000000000000000000000000000001", b"2026-02-30T25:61:61Z", b"0001-01-01T00:00:00+14:00",
    b"/Date(9999999999999999)/", b"P1Y", b"[" * 40, b"<a>" * 40, b"%00", b"\r\n\r\n", b"\xe2\x80\xae", b" " * 50,
)  # fmt: skip


class TooSlow(BaseException):
    """A request did not end. No plug-in may catch it, so it is no Exception."""


@contextmanager
def interrupted(seconds: float) -> Iterator[None]:
    """Raise TooSlow in what does not end, where the platform has a way to: in the main thread of POSIX."""
    if threading.current_thread() is not threading.main_thread() or not hasattr(signal, "setitimer"):
        yield
        return

    def stop(number: int, frame: FrameType | None) -> None:
        raise TooSlow

    before = signal.signal(signal.SIGALRM, stop)
    signal.setitimer(signal.ITIMER_REAL, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)


def truncation_trials(kit: Kit) -> Iterator[Trial]:
    """Each golden request with a body, cut off."""
    for case in kit.cases:
        yield Trial(case.name, _of(kit, case, partial(_cut, every=kit.every)))


def mutation_trials(kit: Kit) -> Iterator[Trial]:
    """Each golden request, changed."""
    for case in kit.cases:
        yield Trial(case.name, _of(kit, case, partial(_changed, name=case.name, every=kit.every)))


Broken = Iterator[tuple[str, WireRequest]]


def _of(kit: Kit, case: Case, broken: Callable[[WireRequest], Broken]) -> Callable[[], Iterable[Finding]]:
    return lambda: _tried(kit, case, broken)


def _cut(request: WireRequest, every: int) -> Broken:
    for at in range(0, len(request.body), every):
        yield f"cut off after {at} of {len(request.body)} bytes", said(request, request.body[:at], None)
    for at in range(0, len(request.query), every):
        yield f"its query cut off after {at} characters", replace(request, query=request.query[:at])


def _changed(request: WireRequest, name: str, every: int) -> Broken:
    chance = random.Random(name)  # noqa: S311 # the same changes in every run
    for number in range(max(MUTATIONS // every, 10)):
        change = chance.choice(_BODY if request.body and chance.random() < 0.8 else _REST)
        yield f"change {number} ({change.__name__.strip('_').replace('_', ' ')})", change(request, chance)


def _splinter(request: WireRequest, chance: random.Random) -> WireRequest:
    at = chance.randrange(len(request.body) + 1)
    until = at + chance.choice((0, 0, 1, 1, 2, 5, 20))
    return said(request, request.body[:at] + chance.choice(_SPLINTERS) + request.body[until:], None)


def _other_byte(request: WireRequest, chance: random.Random) -> WireRequest:
    body = bytearray(request.body)
    body[chance.randrange(len(body))] = chance.randrange(256)
    return said(request, bytes(body), None)


def _part_twice(request: WireRequest, chance: random.Random) -> WireRequest:
    one, other = sorted(chance.randrange(len(request.body) + 1) for _ in range(2))
    return said(request, request.body[:other] + request.body[one:], None)


def _query(request: WireRequest, chance: random.Random) -> WireRequest:
    at = chance.randrange(len(request.query) + 1)
    return replace(request, query=request.query[:at] + chance.choice(_SPLINTERS).decode("latin-1") + request.query[at:])


def _media_type(request: WireRequest, chance: random.Random) -> WireRequest:
    name = chance.choice(("content-type", "accept", "accept-encoding"))
    fields = [(each, value) for each, value in request.headers.items() if each != name]
    return replace(request, headers=Headers([*fields, (name, chance.choice(_KINDS))]))


def _header(request: WireRequest, chance: random.Random) -> WireRequest:
    fields = list(request.headers.items())
    at = chance.randrange(len(fields)) if fields else 0
    if fields:
        fields[at] = (fields[at][0], chance.choice(_SPLINTERS).decode("latin-1") + fields[at][1][:5])
    return replace(request, headers=Headers(fields))


_KINDS = (
    "", "application/json", "application/xml", "text/xml; charset=utf-16", "x", "text/plain; charset=nope", ";;;=",
    "application/x-www-form-urlencoded", "multipart/form-data", 'application/json; charset="utf-8',
)  # fmt: skip
_BODY = (_splinter, _splinter, _other_byte, _part_twice)
_REST = (_query, _media_type, _header)


def _tried(kit: Kit, case: Case, broken: Callable[[WireRequest], Broken]) -> Iterator[Finding]:
    """One finding of each sort: what breaks one reader breaks it at many places."""
    bench = kit.shared(case.settings)
    told: set[str] = set()
    for how, request in broken(case.request(bench.secrets)):
        wrong = _wrong(bench, request)
        if wrong is not None and wrong[0] not in told:
            told.add(wrong[0])
            where = f"{case.folder / 'request.http'}, {how}; {request.method} {request.path}?{request.query}"
            yield Finding(wrong[0], f"{where}; the body was {request.body[-200:]!r}", wrong[1])


def _wrong(bench: Bench, request: WireRequest) -> tuple[str, str] | None:
    """What is wrong with how a broken request is taken, and what to do."""
    started = time.thread_time()
    try:
        with interrupted(HANG):
            found = prepared(bench, request)
    except TooSlow:
        return f"it did not end within {HANG:.0f} s", "look for a loop or a regular expression that goes on and on"
    taken = time.thread_time() - started
    if taken > SECONDS:
        return f"it took more than {SECONDS} s of the processor", "make the time grow with the size of the body only"
    if isinstance(found, Exception):
        return f"{type(found).__name__} escaped: {found}", "raise a Fault of kind malformed or invalid instead"
    if isinstance(found, WireResponse):
        fault = fault_of(found)
        if fault is not None and fault.kind is FaultKind.INTERNAL:
            return f"it is an internal error: {fault.log}", "raise a Fault of kind malformed or invalid instead"
        flawed = flaw(found)
        return (
            (f"its refusal is flawed: {flawed}", "escape what the refusal repeats of the request") if flawed else None
        )
    try:
        [canonical(work.command) for work in works_of(found)]
    except TypeError as error:
        return f"its command has no canonical form: {error}", "put only values of the canonical model into a command"
    return None
