"""Wrong credentials, over every API and native protocol: refused in the dialect, all in the same words."""

import re
from collections.abc import Callable, Iterator
from dataclasses import replace
from itertools import count
from pathlib import Path

import pytest

from gateway import boot
from tests.two_tenants import (
    ONE,
    TWO,
    Ask,
    Call,
    Caller,
    Door,
    Headers,
    biot,
    caller,
    door,
    gateway,
    guid,
    log,
    login,
    logout,
    ontime,
    own,
    own_soap,
    partstream,
    token,
    workstation,
    workstation_xml,
)

ASKS: dict[str, tuple[Ask, int, str]] = {
    "workstation, JSON": (workstation, 200, '"Code":"01"'),
    "workstation, XML": (workstation_xml, 200, "<d2p1:Code>01</d2p1:Code>"),
    "ontime": (ontime, 401, '{"Message":"Authorization key is invalid or no longer exists."}'),
    "biot": (biot, 401, '"code":"TOKEN_NOT_VALID"'),
    "mobileconnect login, JSON": (login, 200, '"Result":"Failure"'),
    "mobileconnect login, JSV": (lambda who: login(who, "jsv"), 200, "Result:Failure"),
    "mobileconnect log": (log, 200, '"Result":"Failure"'),
    "partstream login": (partstream, 200, "<faultcode>1005</faultcode>"),
    "partstream logout": (lambda who: logout(who.guid), 200, "<faultcode>1001</faultcode>"),
    "sessions": (own, 401, '"code":"unauthenticated"'),
    "sessions, SOAP": (own_soap, 500, "<code>unauthenticated</code>"),
}
"""How a caller asks, and how a wrong credential is told."""

GUESSED = [name for name in ASKS if name not in ("mobileconnect log", "partstream logout")]
"""Where a guess counts: the others show a session's own secret of 128 bits."""

LOCKED = {
    "workstation, JSON": (200, '"Code":"05"'),
    "workstation, XML": (200, "<d2p1:Code>05</d2p1:Code>"),
    "ontime": (429, "Too many requests with an invalid authorization key. Try again later."),
    "biot": (401, '"code":"TOKEN_NOT_VALID"'),
    "mobileconnect login, JSON": (200, "Too many failed attempts. Try again later."),
    "mobileconnect login, JSV": (200, "Too many failed attempts. Try again later."),
    "partstream login": (200, "<faultcode>1006</faultcode>"),
    "sessions": (429, '"code":"locked_out"'),
    "sessions, SOAP": (500, "<code>locked_out</code>"),
}


NUMBERS = count(1)


class Guesser(Caller):
    """Says that it is somebody, and guesses the secret."""

    guess = ""

    @property
    def secret(self) -> str:
        return self.guess

    @property
    def key(self) -> str:
        return self.guess

    @property
    def signed(self) -> str:
        return token("nobody", self.name, jti=self.guess)


def guess(name: str, secret: str) -> Caller:
    made = Guesser(name, name, guid(secret))
    object.__setattr__(made, "guess", secret)
    return made


WRONG = {
    "wrong": guess("one", "wrong"),
    "a name that does not exist": guess("nobody", "wrong"),
    "revoked": caller("revoked"),
    "expired": caller("expired"),
    "of nobody": caller("nobody"),
}


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Iterator[boot.Gateway]:
    with gateway(tmp_path_factory.mktemp("who")) as running:
        yield running


@pytest.fixture
def doors(made: boot.Gateway) -> Door:
    """A door through which each test comes from an address of its own."""
    number = next(NUMBERS)
    return replace(door(made), address=f"198.18.{number >> 8}.{number & 255}")


def told(doors: Door, call: tuple[Call, Headers]) -> tuple[int, str]:
    """Status and text, without what differs from answer to answer."""
    answer = doors.send(*call)
    text = re.sub(r'"(traceId|correlation_id)":"\w+"', "", answer.get_data(as_text=True))
    text = re.sub(r"<sessionid>[^<]*<", "", text)  # repeated as it was sent
    return answer.status_code, re.sub(r"\d{4}-\d\d-\d\dT[\d:.]+Z|Date\(\d+\)", "", text)


@pytest.mark.parametrize("name", ASKS)
def test_every_wrong_credential_is_told_in_the_dialect_and_in_the_same_words(doors: Door, name: str) -> None:
    ask, status, text = ASKS[name]
    answers = {why: told(doors, ask(who)) for why, who in WRONG.items()}
    assert set(answers.values()) == {answers["wrong"]}
    assert answers["wrong"][0] == status
    assert text in answers["wrong"][1]


@pytest.mark.parametrize("name", [name for name in ASKS if name != "partstream logout"])
def test_the_right_credential_is_let_in(doors: Door, name: str) -> None:
    ask, _, text = ASKS[name]
    assert text not in told(doors, ask(ONE))[1]


KEYS = ["sessions", "sessions, SOAP", "ontime", "biot"]


OTHERS = ["key", "guid", "signed", "secret"]


@pytest.mark.parametrize(
    ("name", "own"), [("sessions", "key"), ("sessions, SOAP", "key"), ("ontime", "guid"), ("biot", "signed")]
)
@pytest.mark.parametrize("other", OTHERS)
def test_another_apis_credential_is_refused(doors: Door, name: str, own: str, other: str) -> None:
    ask, status, text = ASKS[name]
    call, _ = ask(ONE)
    secret = "operator-token" if other == own and own == "guid" else "" if other == own else getattr(ONE, other)
    for scheme in ("", "Bearer ", "Basic "):
        answer = told(doors, (call, {"Authorization": f"{scheme}{secret}"}))
        assert (answer[0], text in answer[1]) == (status, True), answer


def unsigned() -> str:
    return ".".join((*token("one", "one").split(".")[:2], ""))


@pytest.mark.parametrize(
    "bad",
    [
        pytest.param(lambda: token("one", "one", seconds=-60), id="expired"),
        pytest.param(lambda: token("two", "one"), id="signed by another tenant"),
        pytest.param(lambda: token("one", "two"), id="names another tenant"),
        pytest.param(lambda: token("one", "one", nbf=4_000_000_000), id="not yet"),
        pytest.param(unsigned, id="without a signature"),
    ],
)
def test_a_token_that_is_not_its_issuers_is_refused(doors: Door, bad: Callable[[], str]) -> None:
    answer = told(doors, biot(replace(ONE, token=bad())))
    assert (answer[0], '"code":"TOKEN_NOT_VALID"' in answer[1]) == (401, True)


@pytest.mark.parametrize("name", KEYS)
def test_a_credential_in_the_wrong_place_is_none(doors: Door, name: str) -> None:
    ask, status, text = ASKS[name]
    call, headers = ask(ONE)
    shown = headers["Authorization"]
    for where in ({"Cookie": f"Authorization={shown}"}, {"X-Api-Key": shown}, {"Proxy-Authorization": shown}):
        assert text in told(doors, (call, where))[1]
    there = replace(call, path=f"{call.path}?Authorization={shown}&access_token={shown}")
    assert told(doors, (there, {}))[0] == status


@pytest.mark.parametrize("name", GUESSED)
def test_who_guesses_must_wait_in_the_dialect_and_the_right_one_elsewhere_is_let_in(doors: Door, name: str) -> None:
    ask, _, wrong = ASKS[name]
    status, locked = LOCKED[name]
    answers = [doors.send(*ask(guess("one", f"{name} {number}"))) for number in range(12)]
    assert wrong in answers[0].get_data(as_text=True)
    assert "Retry-After" not in answers[0].headers
    assert (answers[-1].status_code, locked in answers[-1].get_data(as_text=True)) == (status, True)
    assert 1 <= int(answers[-1].headers["Retry-After"]) <= 2
    elsewhere = replace(doors, address="203.0.113.7")
    assert wrong not in told(elsewhere, ask(ONE))[1]
    assert wrong not in told(doors, ask(TWO))[1]


def test_behind_a_trusted_proxy_the_address_is_the_callers(tmp_path: Path) -> None:
    with gateway(tmp_path, trusted_proxies="192.0.2.0/24") as running:
        proxy = door(running)

        def status(who: Caller, client: str) -> int:
            call, headers = own(who)
            return proxy.send(call, {**headers, "X-Forwarded-For": client}).status_code

        assert [status(guess("one", f"guess {number}"), "203.0.113.1") for number in range(11)][-1] == 429
        assert status(guess("one", "guess"), "203.0.113.2") == 401
        assert status(ONE, "203.0.113.1") == 200
