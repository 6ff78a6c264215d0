"""The store's promises on real PostgreSQL and MariaDB servers, which are started, killed and started again here.

The contract is that of SQLite: the same tests, with another store.
"""

import itertools
import threading
import time

import pytest
from hypothesis import HealthCheck, settings
from store_kit import again, opened, openings, upserted, work
from test_prune import (  # noqa: F401 - the same contract
    history,
    test_a_key_that_was_forgotten_can_be_used_anew,
    test_closed_sessions_go_with_everything_and_the_others_stay_whole,
    test_lists_count_what_is_left,
    test_one_tenant_can_be_pruned_alone,
    test_positions_go_on_where_they_were,
    test_the_setting_forgets_while_the_gateway_runs,
    test_very_many_events_of_one_session_go_in_slices,
    test_what_can_still_be_repeated_is_kept,
    test_writers_do_not_wait_for_long,
)
from test_queries import (  # noqa: F401 - the same contract
    fill,
    pages_are_the_matches_in_order,
    questions,
    test_changed_session_is_found_by_its_new_names_alone,
    test_cursor_of_nobodys_is_a_fault,
    test_events_come_in_pages,
)
from test_store import (  # noqa: F401 - the same contract
    TestBatches,
    TestCredentials,
    TestIdempotencyKey,
    TestRepeats,
    TestTenants,
    test_caller_who_went_away_does_not_stop_the_others,
    test_closing_finishes_what_waits_and_refuses_more,
    test_command_without_a_canonical_form_is_an_internal_fault_of_its_own,
    test_deleted_session_is_not_found_and_its_events_stay,
    test_event_loop_gets_outcomes_and_faults,
    test_fact_without_a_session_is_an_event,
    test_latest_session_of_a_key_is_found_and_the_latest_open_one_on_request,
    test_one_session_may_read_with_its_secret_until_it_ends,
    test_positions_grow_by_one_in_the_order_of_commits,
    test_threads_that_send_the_same_request_make_one_event,
    test_write_is_there_after_the_store_was_closed_and_opened,
)

from gateway.commands import ListEvents
from gateway.outcome import Fault
from gateway.store import StoreError, open_store
from gateway.store.check import check
from gateway.store.databases import shown
from tests import databases

pytestmark = [pytest.mark.external, pytest.mark.xdist_group("databases")]
IN_A_LOOP = "postgresql, in an event loop"
KINDS = {
    "postgresql": (databases.postgres, databases.postgres_missing),
    IN_A_LOOP: (databases.postgres, databases.postgres_missing),
    "mariadb": (databases.mariadb, databases.mariadb_missing),
}
_numbers = itertools.count()


@pytest.fixture(scope="module", params=KINDS)
def server(request):
    """A running server; the tests of one kind come together."""
    start, missing = KINDS[request.param]
    # ``why`` names what is missing and how to install it.
    if why := missing():
        pytest.skip(why)
    with start() as running:
        yield running


@pytest.fixture
def path(server):
    """The address of a database that nobody has used."""
    return databases.empty(server, f"test{next(_numbers)}")


@pytest.fixture
def opening(path, request):
    """Opens the store on that database; its writes run in the ledger's own thread, or in an event loop's."""
    with openings(path, in_loop=request.node.callspec.params["server"] == IN_A_LOOP) as opens:
        yield opens


@pytest.fixture
def store(path, opening):
    """An open store on that database; whole, when the test has ended."""
    store = opening()
    yield store
    store.close()
    assert check(path).problems == ()


@pytest.fixture(scope="module")
def filled(server):
    """A store with the sessions of the tests of lists."""
    yield from fill(open_store(databases.empty(server, f"test{next(_numbers)}")))


@settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture])
@questions
def test_pages_by_offset_and_by_cursor_are_the_matches_in_order(filled, where, order, limit, who):
    pages_are_the_matches_in_order(filled, where, order, limit, who)


def written(store, count=10_000):
    """The names in the events of a store."""
    events = store.submit(work(ListEvents(limit=count))).result(timeout=30).events
    return [event.changes["name"] for event in events]


class Writers:
    """Threads that write one after another, and remember what they were told."""

    def __init__(self, stores, each=4):
        self.answered, self.refused, self.stop = [], [], threading.Event()
        self.threads = [
            threading.Thread(target=self.write, args=(store, f"{place}.{number}"))
            for place, store in enumerate(stores)
            for number in range(each)
        ]

    def write(self, store, name):
        for number in itertools.count():
            if self.stop.is_set():
                return
            one = work(upserted(f"{name}.{number}", name=f"{name}.{number}"))
            try:
                store.submit(one).result(timeout=60)
                self.answered.append(f"{name}.{number}")
            except Fault as fault:
                self.refused.append((one, fault))
                time.sleep(0.05)

    def __enter__(self):
        for thread in self.threads:
            thread.start()
        return self

    def __exit__(self, *_):
        self.stop.set()
        for thread in self.threads:
            thread.join(90)
            assert not thread.is_alive()

    def progress(self, more=20, seconds=40):
        """Wait until some more writes were answered."""
        wanted, deadline = len(self.answered) + more, time.monotonic() + seconds
        while len(self.answered) < wanted:
            assert time.monotonic() < deadline, self.refused[-1:]
            time.sleep(0.01)


def test_server_killed_and_started_again_loses_nothing_and_doubles_nothing(server, path, opening):
    store = opening()
    try:
        with Writers([store]) as writers:
            for _ in range(3):
                writers.progress()
                server.kill()
                time.sleep(0.1)
                server.start()
                writers.progress(1)
        for one, _ in writers.refused:
            store.submit(again(one, 1)).result(timeout=30)
        names = written(store)
        assert len(names) == len(set(names))
        assert set(writers.answered) <= set(names)
        assert store.ready() is None
    finally:
        store.close()
    assert check(path).problems == ()


def test_connection_lost_while_a_commit_is_under_way_makes_no_second_event(opening, monkeypatch):
    store = opening()
    try:
        connection = store._writer.connection
        commit = type(connection).commit

        def lost_after(one):
            commit(one)
            one.database.connection().close()
            one.run("SELECT 1")

        def lost_before(one):
            one.database.connection().close()
            commit(one)

        for number, lost in enumerate((lost_after, lost_before)):
            with monkeypatch.context() as patched:
                calls = iter([lost])
                patched.setattr(type(connection), "commit", lambda one, calls=calls: next(calls, commit)(one))
                outcome = store.submit(work(opened(name=str(number)))).result(timeout=30)
            assert outcome.event.position == number + 1
        assert written(store) == ["0", "1"]
    finally:
        store.close()


def test_stores_of_several_processes_take_turns(opening):
    stores = [opening() for _ in range(3)]
    try:
        with Writers(stores, each=2) as writers:
            writers.progress(100)
        events = stores[0].submit(work(ListEvents(limit=10_000))).result(timeout=30).events
        assert [event.position for event in events] == list(range(1, len(events) + 1))
        assert sorted(event.changes["name"] for event in events) == sorted(writers.answered)
        assert writers.refused == []
    finally:
        for store in stores:
            store.close()


def test_server_that_is_away_is_told_and_the_address_without_its_password(server, path):
    away = path.replace("@127.0.0.1:", ":secret@127.0.0.1:").replace(str(server.url.split(":")[-1].split("/")[0]), "1")
    with pytest.raises(StoreError) as caught:
        open_store(away)
    assert shown(away) in str(caught.value)
    assert "secret" not in str(caught.value)
