"""End to end on a real store: what was acknowledged is there, a retry is one event, and trouble is told as trouble."""

import time
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future
from contextlib import contextmanager
from dataclasses import replace
from datetime import timedelta
from typing import Any, TypeAlias
from unittest import mock

from gateway.commands import ListEvents, Retry, Write
from gateway.conformance import case as cases
from gateway.conformance.bench import PATIENCE, Bench, Done
from gateway.conformance.case import Case
from gateway.conformance.findings import Finding, Trial
from gateway.conformance.kit import Kit
from gateway.conformance.wellformed import flaw
from gateway.model import EventKind, SessionEvent
from gateway.outcome import Fault, FaultKind
from gateway.wire import Headers, WireRequest
from gateway.work import Batch, Work
from schemas.api import InBand

Submit: TypeAlias = Callable[[Work | Batch], "Future[Any]"]
SLOW = 0.2
"""Seconds by which the slow store is late."""


def succeeded(done: Done) -> bool:
    """Whether a request did what it asked for."""
    return done.fault is None and bool(done.outcomes)


def successes(kit: Kit) -> Iterator[tuple[Case, Done]]:
    """The golden cases that end well."""
    for case in kit.cases:
        done = kit.ran(case)[-1]
        if not case.trouble and succeeded(done):
            yield case, done


def first_of_each(kit: Kit) -> Iterator[tuple[str, Case, Done]]:
    """One successful case of each operation."""
    seen: set[str] = set()
    for case, done in successes(kit):
        work = done.works[0]
        name = work.operation.name if kit.subject.is_api else f"{work.api.name}-{work.operation.name}"
        if name not in seen and not any(outcome.repeated for outcome in done.outcomes):
            seen.add(name)
            yield name, case, done


def _of(function: Callable[..., Iterator[Finding]], *arguments: Any) -> Callable[[], Iterable[Finding]]:
    return lambda: function(*arguments)


def durable_trials(kit: Kit) -> Iterator[Trial]:
    """Each successful golden write."""
    for case in _plain(kit):
        yield Trial(case.name, _of(_durable, kit, case))


def repeat_trials(kit: Kit) -> Iterator[Trial]:
    """Each successful golden request."""
    for case in _plain(kit):
        yield Trial(case.name, _of(_repeated, kit, case))


def trouble_trials(kit: Kit) -> Iterator[Trial]:
    """Each operation, on a store in trouble."""
    yield Trial("operations", lambda: _each_troubled(kit))


def _plain(kit: Kit) -> list[Case]:
    """Cases that do not bring trouble of their own."""
    return [case for case in kit.cases if not case.trouble]


def events(bench: Bench) -> tuple[SessionEvent, ...]:
    """Every event in the store."""
    return bench.gateway.store.events(None, ListEvents(limit=10_000)).events


def _durable(kit: Kit, case: Case) -> Iterator[Finding]:
    """What was acknowledged is there after the store was closed and opened again, as other readers show it."""
    if not succeeded(kit.ran(case)[-1]):
        return
    with kit.bench(case.settings) as bench:
        cases.prime(case, bench)
        done = bench.perform(case.request(bench.secrets))
        written = [outcome for outcome in done.outcomes if outcome.event is not None]
        with bench.restarted() as again:
            kept = {event.id: event for event in events(again)}
            for outcome in written:
                assert outcome.event is not None
                if outcome.event.id not in kept:
                    yield Finding(
                        "an event was acknowledged that is not in the store",
                        str(case.folder),
                        "acknowledge nothing that was not committed",
                    )
                elif outcome.session is not None and outcome.event.kind is not EventKind.DELETED:
                    yield from _shown(again, str(outcome.session.uid), case)


def _shown(bench: Bench, uid: str, case: Case) -> Iterator[Finding]:
    """The gateway's own API shows the session; a mapping may put nothing into it that no reader can show."""
    request = WireRequest(
        "GET",
        f"/v1/sessions/{uid}",
        headers=Headers([("Authorization", "Bearer demo")]),
        raw_path=f"/v1/sessions/{uid}",
    )
    done = bench.perform(request)
    wrong = flaw(done.response) or (
        "" if done.response.status == 200 else f"the answer is {cases.show(done.response)!r}"
    )
    if wrong:
        yield Finding(
            f"the session that was written cannot be shown: {wrong}",
            f"{case.folder}, GET /v1/sessions/{uid}",
            "put only values of the canonical model into a write's changes",
        )


def later(request: WireRequest, seconds: int = 1) -> WireRequest:
    """The same request, sent again."""
    at = request.received_at + timedelta(seconds=seconds)
    return replace(request, received_at=at, correlation_id=f"{0xABC + seconds:032x}")


def keyed(request: WireRequest, key: str = "conformance") -> WireRequest:
    """The request with an Idempotency-Key."""
    return replace(request, headers=Headers([*request.headers.items(), ("Idempotency-Key", key)]))


def _repeated(kit: Kit, case: Case) -> Iterator[Finding]:
    if not succeeded(kit.ran(case)[-1]):
        return
    with kit.bench(case.settings) as bench:
        cases.prime(case, bench)
        yield from _twice(bench, case, case.request(bench.secrets))
    if writes(kit.ran(case)[-1]) and not any(outcome.repeated for outcome in kit.ran(case)[-1].outcomes):
        with kit.bench(case.settings) as bench:
            cases.prime(case, bench)
            yield from _twice(bench, case, keyed(case.request(bench.secrets)))


def writes(done: Done) -> bool:
    """Whether a request wrote something."""
    return any(isinstance(work.command, Write) for work in done.works)


def _twice(bench: Bench, case: Case, request: WireRequest) -> Iterator[Finding]:
    first = bench.perform(request)
    if not succeeded(first):
        yield Finding(
            f"with an Idempotency-Key it fails: {first.fault!r}",
            str(case.folder),
            "let the pipeline deal with that header",
        )
        return
    if not writes(first):
        again = bench.perform(request)
        if cases.show(again.response) != cases.show(first.response):
            yield Finding(
                f"a read asked twice at one moment is answered differently:\n  {cases.show(first.response)[:400]!r}\n"
                f"  {cases.show(again.response)[:400]!r}",
                str(case.folder),
                "let an answer depend on the request and the store only, not on clocks or chance",
            )
        return
    count = len(events(bench))
    second = bench.perform(later(request))
    yield from _sound(second, f"{case.folder}, sent twice")
    if all(_is_once(work) for work in first.works):
        yield from _once(case, first, second, len(events(bench)) - count)


def _is_once(work: Work) -> bool:
    """Whether the same again is no further event."""
    return isinstance(work.command, Write) and (work.command.retry is not Retry.NONE or bool(work.idempotency_key))


_ONCE = (
    "put into a Write nothing of the moment or of chance (Context.received_at, secrets), or name it in `volatile`: the "
    "same request must map to the same command; let `check` take a change that was made before"
)


def _once(case: Case, first: Done, second: Done, more: int) -> Iterator[Finding]:
    where = f"{case.folder}, sent twice"
    if more:
        yield Finding(f"the repeated request made {more} more event(s)", where, _ONCE)
    elif not second.outcomes or not all(outcome.repeated for outcome in second.outcomes):
        yield Finding(f"the repeated request was not taken as a repetition: {second.fault!r}", where, _ONCE)
    elif first.response.status != second.response.status:
        statuses = f"{first.response.status} and then {second.response.status}"
        yield Finding(
            f"the same outcome is told with the status {statuses}", where, "tell a repetition as the original"
        )


def _sound(done: Done, where: str) -> Iterator[Finding]:
    """Whatever came of it: no defect, and well-formed."""
    wrong = flaw(done.response)
    if wrong:
        yield Finding(wrong, where, "mend what writes the answer")
    if done.fault is not None and done.fault.kind is FaultKind.INTERNAL:
        yield Finding(
            f"it is an internal error: {done.fault.log}", where, "raise a Fault where a change cannot be made"
        )


@contextmanager
def _store(bench: Bench, wrap: Callable[[Submit], Submit]) -> Iterator[None]:
    """Another store in the place of the real one, which it may use."""
    store = bench.gateway.store
    with mock.patch.object(store, "submit", wrap(store.submit)):
        yield


def _failing(kind: FaultKind, times: int) -> Callable[[Submit], Submit]:
    """A store that refuses ``times`` times before it works."""

    def wrap(submit: Submit) -> Submit:
        left = [times]

        def fail(prepared: Work | Batch) -> "Future[Any]":
            left[0] -= 1
            if left[0] < 0:
                return submit(prepared)
            refused: Future[Any] = Future()
            refused.set_exception(Fault(kind, "the store has trouble", retry_after=5))
            return refused

        return fail

    return wrap


def _losing(submit: Submit) -> Submit:
    """A store that does its work, but whose first answer is lost: the caller is told that it took too long."""
    asked = [0]

    def lose(prepared: Work | Batch) -> "Future[Any]":
        done = submit(prepared)
        asked[0] += 1
        if asked[0] > 1:
            return done
        done.result(PATIENCE)
        lost: Future[Any] = Future()
        lost.set_exception(Fault(FaultKind.TIMEOUT, "the store took too long", retry_after=5))
        return lost

    return lose


def _slowed(submit: Submit) -> Submit:
    def slow(prepared: Work | Batch) -> "Future[Any]":
        time.sleep(SLOW)
        return submit(prepared)

    return slow


def _each_troubled(kit: Kit) -> Iterator[Finding]:
    for name, case, _ in first_of_each(kit):
        for trouble, check in _TROUBLES.items():
            with kit.bench(case.settings) as bench:
                cases.prime(case, bench)
                for finding in check(kit, bench, case):
                    yield replace(finding, where=f"{name}, a store that {trouble}; {finding.where}")


def _for_good(kit: Kit, bench: Bench, case: Case) -> Iterator[Finding]:
    before = len(events(bench))
    with _store(bench, _failing(FaultKind.STORE_UNAVAILABLE, 1_000_000)):
        done = bench.perform(case.request(bench.secrets))
    yield from _told(kit, done, case, FaultKind.STORE_UNAVAILABLE)
    if len(events(bench)) != before:
        yield Finding("something was written all the same", str(case.folder), "write by the command only")


def _told(kit: Kit, done: Done, case: Case, kind: FaultKind) -> Iterator[Finding]:
    """The caller is told of the trouble, not of a success."""
    yield from _sound(done, str(case.folder))
    work = kit.ran(case)[-1].works[0]
    row = work.api.faults.get(kind)
    own = work.operation.in_band if isinstance(row, InBand) else None
    recorded = kit.ran(case)[-1].response
    if cases.body_of(done.response) == cases.body_of(recorded) and done.response.status == recorded.status:
        yield Finding(
            "the caller is told what a success is told", str(case.folder), f"tell {kind.value} in the row of `faults`"
        )
    if row is not None and own is None and isinstance(row, InBand) and done.response.status != row.status:
        yield Finding(
            f"the status is {done.response.status}, the row of {kind.value} says {row.status}",
            str(case.folder),
            "tell in-band faults with the status of their row",
        )
    if not any(name.lower() == "retry-after" for name, _ in done.response.headers):
        yield Finding("there is no Retry-After", str(case.folder), "keep the header that the pipeline adds to a fault")


def _for_a_moment(kit: Kit, bench: Bench, case: Case) -> Iterator[Finding]:
    request, before = case.request(bench.secrets), len(events(bench))
    with _store(bench, _failing(FaultKind.BUSY, 1)):
        first, second = bench.perform(request), bench.perform(later(request))
    yield from _told(kit, first, case, FaultKind.BUSY)
    yield from _made_up(kit, case, second, len(events(bench)) - before)


def _lost(kit: Kit, bench: Bench, case: Case) -> Iterator[Finding]:
    request, before = keyed(case.request(bench.secrets)), len(events(bench))
    with _store(bench, _losing):
        first, second = bench.perform(request), bench.perform(later(request))
    yield from _told(kit, first, case, FaultKind.TIMEOUT)
    yield from _made_up(kit, case, second, len(events(bench)) - before)


def _made_up(kit: Kit, case: Case, second: Done, more: int) -> Iterator[Finding]:
    """What failed and was sent again has happened once."""
    golden = kit.ran(case)[-1]
    wanted = len([outcome for outcome in golden.outcomes if outcome.event is not None and not outcome.repeated])
    if not succeeded(second):
        yield Finding(f"the second attempt fails: {second.fault!r}", str(case.folder), _ONCE)
    elif more != wanted:
        yield Finding(f"two attempts made {more} event(s) instead of {wanted}", str(case.folder), _ONCE)


def _slow(kit: Kit, bench: Bench, case: Case) -> Iterator[Finding]:
    with _store(bench, _slowed):
        done = bench.perform(case.request(bench.secrets))
    golden = kit.ran(case)[-1].response
    if cases.show(done.response) != cases.show(golden):
        yield Finding(
            f"the answer is another one: {cases.show(done.response)[:400]!r}",
            str(case.folder),
            "let an answer depend on the request and the store only, not on how long it took",
        )


_TROUBLES: dict[str, Callable[[Kit, Bench, Case], Iterator[Finding]]] = {
    "fails for good": _for_good,
    "fails for a moment": _for_a_moment,
    "works, but loses its answer": _lost,
    "is slow": _slow,
}
"""Every kind of trouble that is tried, by what the store does."""
