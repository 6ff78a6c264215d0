"""OnTime's list: which records fit, and the bare array that is answered."""

import uuid
from datetime import UTC, datetime, timedelta

import pytest

from adapters.scalars import NetDateTime
from gateway.commands import SessionFilter
from gateway.model import Key, Principal, Session, State
from gateway.outcome import Fault, FaultKind, Outcome
from gateway.settings import load
from schemas.api import Asked, Context
from schemas.ontime import PLUGIN

NOW = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)
USER = uuid.UUID("7a1c1c0e-3c0f-4d5e-9a52-2f5b2d3c4e5f")
OPERATION = PLUGIN.build(load(PLUGIN.settings, flags={"ontime.max_ids": 2})).operation("UserSessionList")


def context(*scopes):
    return Context(Principal("key:1", "ontime", "demo", frozenset(scopes)), NOW)


def read(caller=None, **criteria):
    return OPERATION.command({"company_id": "Acme", **criteria}, caller or context()).command


def session(company="acme", ended_at=None):
    key = Key("ontime", company, str(uuid.uuid4()))
    return Session(uuid.uuid4(), "demo", key, State.OPEN, NOW, NOW, ended_at=ended_at)


def fits(one, **criteria):
    return read(**criteria).pick.rank(one) is not None


def test_user_and_log_in_are_left_to_the_store():
    found = read(user_id=USER, log_in_time=NetDateTime.of(NOW)).where
    assert found == SessionFilter(api="ontime", subject_uid=USER, started_from=NOW)


def test_what_dotnet_sends_for_nothing_asks_for_nothing():
    nothing = {"user_id": uuid.UUID(int=0), "log_in_time": NetDateTime(), "log_out_time": NetDateTime()}
    assert read(**nothing) == read() == read(user_id=None, log_in_time=None, log_out_time=None)


def test_only_records_of_the_company_fit():
    assert fits(session("acme"))
    assert not fits(session("other"))


@pytest.mark.parametrize(("hours", "expected"), [(-1, True), (0, True), (1, False), (None, False)])
def test_the_latest_log_out_is_a_bound_that_an_open_record_does_not_fit(hours, expected):
    ended = None if hours is None else NOW + timedelta(hours=hours)
    assert fits(session(ended_at=ended), log_out_time=NetDateTime.of(NOW)) is expected


def test_the_answer_is_the_array_itself():
    sessions = (session(), session())
    answer = OPERATION.present(Outcome(sessions=sessions, total=2), Asked({}, context()))
    assert OPERATION.answer.bare
    assert [str(found) for found in answer.tree["IDs"]] == [one.key.id for one in sessions]


def test_a_list_that_would_be_cut_is_refused():
    with pytest.raises(Fault) as caught:
        OPERATION.present(Outcome(sessions=(session(), session()), total=3), Asked({}, context()))
    assert caught.value.kind is FaultKind.UNSUPPORTED


@pytest.mark.parametrize(
    ("scopes", "reads", "writes"),
    [
        ((), True, True),
        (("userSession:read",), True, False),
        (("userSession:write",), False, True),
        (("x",), False, False),
    ],
)
def test_a_key_may_do_what_its_scopes_say(scopes, reads, writes):
    api = PLUGIN.build(load(PLUGIN.settings))
    trees = {"UserSessionGet": {"id": USER}, "UserSessionList": {}, "UserSessionPost": {}}
    for name, tree in trees.items():
        allowed = writes if name == "UserSessionPost" else reads
        if allowed:
            api.operation(name).command({"company_id": "acme", **tree}, context(*scopes))
            continue
        with pytest.raises(Fault) as caught:
            api.operation(name).command({"company_id": "acme", **tree}, context(*scopes))
        assert caught.value.kind is FaultKind.FORBIDDEN
