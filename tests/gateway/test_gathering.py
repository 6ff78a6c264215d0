"""What comes in one turn of an event loop goes on together."""

import asyncio

from gateway.gathering import TOGETHER, Gathering


def test_what_comes_in_one_turn_goes_on_in_the_next_in_its_order():
    async def turns():
        loop, seen = asyncio.get_running_loop(), []
        gathering = Gathering(seen.append)
        for turn in range(3):
            for number in range(turn + 1):
                gathering.add((turn, number), loop)
            assert len(seen) == turn
            await asyncio.sleep(0)
        return seen

    assert asyncio.run(turns()) == [[(0, 0)], [(1, 0), (1, 1)], [(2, 0), (2, 1), (2, 2)]]


def test_many_go_on_in_groups():
    async def many():
        seen = []
        gathering = Gathering(lambda items: seen.append(len(items)))
        for number in range(2 * TOGETHER + 1):
            gathering.add(number, asyncio.get_running_loop())
        await asyncio.sleep(0)
        return seen

    assert asyncio.run(many()) == [TOGETHER, TOGETHER, 1]


def test_what_is_added_meanwhile_waits_for_its_own_turn():
    async def again():
        loop, seen = asyncio.get_running_loop(), []

        def then(items):
            seen.append(list(items))
            if len(seen) == 1:
                gathering.add("later", loop)

        gathering = Gathering(then)
        gathering.add("now", loop)
        await asyncio.sleep(0)
        first = list(seen)
        await asyncio.sleep(0)
        return first, seen

    assert asyncio.run(again()) == ([["now"]], [["now"], ["later"]])
