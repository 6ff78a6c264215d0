"""Writes that an event loop runs itself are committed together when they come together."""

import asyncio

from store_kit import opened, work

from gateway.store import open_store


async def batches_of(store, groups):
    """The sizes of the batches of writes of which each group was put in one turn of the loop."""
    sizes = []
    store.observer = lambda size, seconds: sizes.append(size)
    store.attach(asyncio.get_running_loop())
    for group, count in enumerate(groups):
        await asyncio.gather(*[store.start(work(opened(f"{group}-{number}"))) for number in range(count)])
    await asyncio.to_thread(store.close)
    return sizes


def test_writes_of_one_turn_are_one_batch_however_many_were_expected(path):
    groups = [1, 8, 3, 12, 2]
    assert asyncio.run(batches_of(open_store(str(path)), groups)) == groups
