"""Lock-out: a guesser must wait, and nobody else."""

import uuid
from datetime import UTC, datetime
from types import SimpleNamespace
from typing import Any

import pytest

from gateway.credentials import Credential, key_verifier, pair_verifier
from gateway.identity import SETTINGS, Identity, Unverified
from gateway.lockout import Lockout, place
from gateway.outcome import Fault, FaultKind
from gateway.settings import load
from schemas.api import Presented

NOW = datetime(2026, 1, 2, tzinfo=UTC)
API: Any = SimpleNamespace(name="a")
HERE, THERE = "192.0.2.1", "192.0.2.2"
RIGHT = pair_verifier("right")


class Clock:
    now = 1000.0

    def __call__(self) -> float:
        return self.now


def made(**settings: Any) -> Identity:
    identity = Identity(load(SETTINGS).with_(lockout__failures=3, **settings))
    identity.load(
        [
            Credential(uuid.uuid4(), "a", "pair", RIGHT, NOW, tenant="t", name="n"),
            Credential(uuid.uuid4(), "a", "key", key_verifier("right"), NOW, tenant="t"),
        ]
    )
    return identity


@pytest.fixture(autouse=True)
def quick_check(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """What was checked with scrypt; the check itself is left out."""
    checked: list[str] = []

    def verify(verifier: str, secret: str) -> bool:
        checked.append(secret)
        return verifier == RIGHT and secret == "right"

    monkeypatch.setattr("gateway.identity.verify", verify)
    return checked


def tried(identity: Identity, secret: str, client: str = HERE, name: str = "n", kind: Any = "pair") -> str:
    """``in``, or the kind of the refusal."""
    try:
        identity.authenticate(API, Presented(kind, secret, name=name), NOW, client=client)
    except Fault as fault:
        return fault.kind.value
    return "in"


def locked_for(counts: Lockout, *key: str) -> int | None:
    with pytest.raises(Fault) as caught:
        counts.check(*key)
    assert caught.value.kind is FaultKind.LOCKED_OUT
    return caught.value.retry_after


def test_a_guesser_must_wait_and_is_checked_no_more(quick_check: list[str]) -> None:
    identity = made()
    assert [tried(identity, f"guess {number}") for number in range(5)] == ["unauthenticated"] * 3 + ["locked_out"] * 2
    assert quick_check == ["guess 0", "guess 1", "guess 2"]
    assert tried(identity, "right") == "locked_out"


def test_the_same_name_at_another_address_is_let_in() -> None:
    identity = made()
    for number in range(9):
        tried(identity, f"guess {number}")
    assert tried(identity, "right", THERE) == "in"


def test_a_client_with_an_old_secret_must_wait_and_its_siblings_behind_the_same_address_need_not() -> None:
    identity = made()
    assert [tried(identity, "old") for _ in range(5)] == ["unauthenticated"] * 3 + ["locked_out"] * 2
    assert tried(identity, "right") == "in"


@pytest.mark.parametrize("kind", ["key", "jwt"])
def test_a_flood_of_wrong_keys_is_told_to_wait_and_the_right_key_is_let_in(kind: str) -> None:
    identity = made()
    told = [tried(identity, f"wrong {number}", kind=kind) for number in range(5)]
    assert told == ["unauthenticated"] * 3 + ["locked_out"] * 2
    assert tried(identity, "right", kind="key") == "in"


def test_a_name_that_does_not_exist_is_told_the_same() -> None:
    identity = made()
    nobody = [tried(identity, f"guess {number}", name="nobody") for number in range(5)]
    assert nobody == [tried(identity, f"guess {number}") for number in range(5)]


def test_an_address_that_tries_many_names_is_checked_no_more_but_what_was_known_goes_on(quick_check: list[str]) -> None:
    identity = made(lockout__address_failures=5)
    assert tried(identity, "right") == "in"
    for number in range(9):
        tried(identity, "guess", name=f"name {number}")
    assert len(quick_check) == 1 + 5
    assert tried(identity, "right") == "in"
    assert tried(identity, "right", THERE, name="unseen") == "unauthenticated"


def test_who_queued_up_before_the_first_failure_is_not_checked_either(quick_check: list[str]) -> None:
    identity = made()
    waiting = []
    for number in range(6):
        with pytest.raises(Unverified) as caught:
            identity.authenticate(API, Presented("pair", f"guess {number}", name="n"), NOW, inline=False, client=HERE)
        waiting.append(caught.value)
    for number, each in enumerate(waiting):
        each.settle()
        tried(identity, f"guess {number}")
    assert quick_check == ["guess 0", "guess 1", "guess 2"]


def test_without_an_address_nobody_is_held() -> None:
    identity = made()
    assert {tried(identity, f"guess {number}", "") for number in range(9)} == {"unauthenticated"}


def test_zero_failures_turn_it_off() -> None:
    identity = Identity(load(SETTINGS).with_(lockout__failures=0))
    assert {tried(identity, f"guess {number}") for number in range(30)} == {"unauthenticated"}


def test_the_wait_doubles_up_to_its_cap_and_is_forgotten() -> None:
    clock = Clock()
    given = load(SETTINGS).with_(lockout__failures=2, lockout__first_seconds=1.0, lockout__max_seconds=10.0)
    counts = Lockout(given, clock)
    counts.failed("a", "n", "0", HERE)
    counts.check("a", "n", HERE)
    waits = []
    for number in range(1, 8):
        counts.failed("a", "n", str(number), HERE)
        wait = locked_for(counts, "a", "n", HERE)
        assert wait is not None
        waits.append(wait)
        clock.now += wait
        counts.check("a", "n", HERE)
    assert waits == [1, 2, 4, 8, 10, 10, 10]
    clock.now += 10.5
    counts.failed("a", "n", "later", HERE)
    counts.check("a", "n", HERE)


def test_the_memory_is_bounded_and_the_quietest_is_forgotten_first() -> None:
    counts = Lockout(load(SETTINGS).with_(lockout__failures=1, lockout__memory=100), Clock())
    for number in range(1000):
        counts.failed("a", f"n{number}", "x" * 10_000, HERE)
    assert len(counts.held) == 100
    counts.check("a", "n1", HERE)
    assert locked_for(counts, "a", "n999", HERE)


def test_a_long_name_does_not_fill_the_memory() -> None:
    counts = Lockout(load(SETTINGS).with_(lockout__failures=1), Clock())
    counts.failed("a", "n" * 60_000, "x", HERE)
    assert locked_for(counts, "a", "n" * 60_000, HERE)
    counts.check("a", "n" * 59_999, HERE)
    assert all(len(part) < 200 for key in counts.held for part in key)


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("192.0.2.1", "::ffff:192.0.2.1", True),
        ("2001:db8::1", "2001:db8::2:3", True),
        ("2001:db8::1", "2001:db8:0:1::1", False),
        ("192.0.2.1", "192.0.2.2", False),
        ("fe80::1%eth0", "fe80::2%eth0", True),
    ],
)
def test_one_customer_of_ipv6_is_one_address(one: str, other: str, same: bool) -> None:
    assert (place(one) == place(other)) is same
