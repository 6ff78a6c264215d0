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


def test_one_who_comes_too_late_now_and_then_does_not_make_a_crowd_wait_for_others_again_and_again():
    batches(crowd := Crowd(), present=11, count=600)
    misses = 0
    for number in range(1, 600):
        size = 7 if number % 60 == 0 else 11
        if crowd.expected > size:
            misses += 1
            crowd.missed(size)
        crowd.came(size)
    late = 600 // 60
    assert misses <= 2 * late


def test_those_who_come_between_two_batches_are_seen_again_after_a_long_quiet_time():
    batches(crowd := Crowd(), present=4, count=2000)
    sizes, _ = batches(crowd, present=8, count=300)
    assert sizes[-1] == 8


def test_no_more_are_waited_for_than_one_more_than_a_batch_holds():
    crowd = Crowd()
    for _ in range(200):
        # Many are there, of whom a batch takes four.
        crowd.came(4)
        assert crowd.expected <= 5


def test_a_large_batch_is_remembered_at_once_and_enough_is_enough():
    crowd = Crowd()
    crowd.came(5)
    assert crowd.expected == 5
    crowd.came(500)
    assert crowd.expected == ENOUGH
