"""A smaller run of ``make bench-query``: every page and every count of pages is that of a plain list."""

import pytest

from benchmarks.query import PAGE, ask, compare, facts, fill, opened, questions

pytestmark = pytest.mark.once

COUNT = 20_000


def test_pages_and_counts_of_every_filter(tmp_path):
    database = tmp_path / "log.db"
    gateway = opened(database)
    try:
        every = facts(COUNT)
        fill(database, every)
        for question in questions():
            expected = [fact for fact in every if question.wanted(fact)]
            assert expected, question.name
            last = (len(expected) - 1) // PAGE
            for index in {0, 1, last // 3, last // 2, last - 1, last, last + 1, last + 1000} - {-1}:
                compare(ask(gateway, question.members, index), expected, index)
    finally:
        gateway.close()
