"""Unrelated works of one body: each has its own end, reads see the writes, and neither holds the other up."""

import asyncio

from store_kit import closed, opened, work

from gateway.commands import ListSessions
from gateway.outcome import FaultKind
from gateway.work import Batch


def unrelated() -> Batch:
    works = (work(ListSessions()), work(opened("a")), work(closed("none")), work(opened("b")))
    return Batch(works, atomic=False, each=True)


def check(results):
    listed, first, failed, second = results
    assert failed.kind is FaultKind.NOT_FOUND
    assert first.created
    assert second.created
    assert {session.uid for session in listed.sessions} == {first.session.uid, second.session.uid}


def test_a_thread_gets_every_end_in_its_place(store):
    check(store.submit(unrelated()).result(10))


def test_an_event_loop_does_too(store):
    async def started():
        return await store.start(unrelated())

    check(asyncio.run(started()))


def test_reads_never_wait_for_the_ledger_alone(store):
    seen = []
    store.observer = lambda size, seconds: seen.append(size)
    works = (work(ListSessions()), work(ListSessions()))
    both = store.submit(Batch(works, atomic=False, each=True)).result(10)
    assert [one.sessions for one in both] == [(), ()]
    store.submit(unrelated()).result(10)
    assert seen == [3]


def test_a_store_that_is_closing_refuses_the_writes_and_still_reads(store):
    store.submit(work(opened("there"))).result(10)
    store._ledger.close()
    listed, first, failed, second = store.submit(unrelated()).result(10)
    assert len(listed.sessions) == 1
    assert {fault.kind for fault in (first, failed, second)} == {FaultKind.BUSY}
