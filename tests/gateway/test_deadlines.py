"""Waits that take too long end, and nothing else does."""

import asyncio

import pytest

from gateway.deadlines import Deadlines


def test_a_wait_that_takes_too_long_ends_as_a_timeout():
    async def wait():
        with Deadlines([0.05]).within(0.05):
            await asyncio.sleep(10)

    with pytest.raises(TimeoutError):
        asyncio.run(wait())


def test_a_task_goes_on_after_its_timeout():
    async def wait():
        deadlines = Deadlines([0.05])
        try:
            with deadlines.within(0.05):
                await asyncio.sleep(10)
        except TimeoutError:
            pass
        with deadlines.within(5):
            await asyncio.sleep(0.01)
        return "done"

    assert asyncio.run(wait()) == "done"


def test_a_cancellation_by_somebody_else_goes_on():
    async def wait():
        with Deadlines([5]).within(5):
            await asyncio.sleep(10)

    async def cancelled():
        task = asyncio.create_task(wait())
        await asyncio.sleep(0.01)
        task.cancel()
        await task

    with pytest.raises(asyncio.CancelledError):
        asyncio.run(cancelled())


def test_what_raises_by_itself_raises_that():
    async def wait():
        with Deadlines([5]).within(5):
            raise KeyError("own")

    with pytest.raises(KeyError):
        asyncio.run(wait())


def test_each_of_many_waits_has_its_own_time():
    async def ended(deadlines, seconds):
        try:
            with deadlines.within(seconds):
                await asyncio.sleep(0.5)
        except TimeoutError:
            return True
        return False

    async def all_of_them():
        deadlines = Deadlines([0.05])
        return await asyncio.gather(ended(deadlines, 0.05), ended(deadlines, 30), ended(deadlines, 0.1))

    assert asyncio.run(all_of_them()) == [True, False, True]
