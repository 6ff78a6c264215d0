"""A batch waits for the writers that there seem to be."""

from gateway.store.crowd import ENOUGH, Crowd


def batches(crowd, present, count):
    """Sizes of batches when so many write all the time, each coming again in time; and how often nobody came."""
    sizes, misses = [], 0
    for _ in range(count):
        if crowd.expected > present:
            misses += 1
            crowd.missed(present)
        size = min(crowd.expected, present)
        sizes.append(size)
        crowd.came(size)
    return sizes, misses


def test_a_crowd_that_comes_one_by_one_is_soon_waited_for_as_a_whole():
    sizes, _ = batches(Crowd(), present=8, count=40)
    assert sizes[-1] == 8
    assert sizes == sorted(sizes)


def test_one_who_writes_alone_waits_less_and_less_often():
    _, early = batches(crowd := Crowd(), present=1, count=64)
    _, late = batches(crowd, present=1, count=640)
    assert early <= 6
    assert late <= 10


def test_a_crowd_that_has_gone_is_not_waited_for_again():
    batches(crowd := Crowd(), present=8, count=40)
    _, misses = batches(crowd, present=2, count=64)
    assert misses <= 6


def test_a_large_batch_is_remembered_at_once_and_enough_is_enough():
    crowd = Crowd()
    crowd.came(5)
    assert crowd.expected == 5
    crowd.came(500)
    assert crowd.expected == ENOUGH
