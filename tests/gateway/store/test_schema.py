"""A store that an earlier release wrote says the same afterwards, and goes on knowing its repeats."""

from pathlib import Path

import pytest
from store_kit import ANNE, BOB, closed, database_of, key, logged_out, opened, upserted, work

from gateway.commands import ByKey, GetSession, ListEvents, ListSessions, SessionFilter
from gateway.model import Subject
from gateway.store import SCHEMA_VERSION, migrate, open_store
from gateway.store.check import check

EARLIER = Path(__file__).parents[2] / "data" / "store-v2.sql"
TO_FIRST = (
    "DROP TABLE tallies",
    "ALTER TABLE terms DROP COLUMN started",
    "UPDATE meta SET value = 1 WHERE name = 'schema_version'",
)


@pytest.fixture(params=[1, 2])
def earlier(path, request):
    """A store of an earlier version."""
    with database_of(path) as database:
        database.execute(EARLIER.read_text(encoding="utf-8"))
        for statement in TO_FIRST if request.param == 1 else ():
            database.execute(statement)
    assert migrate(str(path)) == request.param
    return open_store(str(path))


@pytest.fixture
def run(earlier):
    yield lambda prepared: earlier.submit(prepared).result(timeout=30)
    earlier.close()


def test_migrated_store_is_whole(path, earlier):
    earlier.close()
    assert migrate(str(path)) == SCHEMA_VERSION
    assert check(str(path)).problems == ()


def test_sessions_and_events_are_what_they_were(run):
    one = run(work(GetSession(ByKey(key("one"))))).session
    assert (one.mode, one.version, one.is_open) == ("b", 3, False)
    assert run(work(GetSession(ByKey(key("one"), open_only=True), optional=True))).session is None
    assert run(work(GetSession(ByKey(key("two"))), BOB)).session.name == "later"
    assert run(work(GetSession(ByKey(key("two"))), ANNE)).session.name is None
    positions = [event.position for event in run(work(ListEvents())).events]
    assert positions == [1, 2, 3, 4, 6, 7, 8, 9]
    named = run(work(ListSessions(SessionFilter(user="ann"), count=True)))
    assert named.total == 2


@pytest.mark.parametrize(
    ("write", "principal", "options", "position"),
    [
        (upserted("one", mode="b"), ANNE, {}, 2),
        (closed("one"), ANNE, {}, 3),
        (opened("two", name="later"), BOB, {"idempotency_key": "k1"}, 5),
    ],
)
def test_repeats_of_what_was_written_before_are_known(run, write, principal, options, position):
    outcome = run(work(write, principal, after=60, **options))
    assert outcome.repeated
    assert outcome.event.position == position
    assert outcome.session.last_event == outcome.event.id


def test_an_outcome_has_the_session_of_its_own_moment(run):
    assert run(work(upserted("one", mode="a", **_first()), after=60)).session.version == 1


def _first():
    from store_kit import NOON

    return {"started_at": NOON, "subject": Subject(user_id="ann")}


def test_secrets_still_open_their_sessions(run):
    assert not run(work(logged_out("s1"), after=60)).session.is_open
