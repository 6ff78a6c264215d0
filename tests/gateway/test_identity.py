"""Identity: which credentials are accepted, and how the slow check stays out of the event loop."""

import uuid
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from typing import Any
from unittest import mock

import jwt
import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa

from gateway.credentials import Credential, digest, key_verifier, pair_verifier
from gateway.identity import SETTINGS, Identity, Unverified, require
from gateway.outcome import Fault, FaultKind
from gateway.settings import load
from schemas.api import Presented

NOW = datetime(2026, 1, 2, tzinfo=UTC)
API: Any = SimpleNamespace(name="a")
PRIVATE = rsa.generate_private_key(public_exponent=65537, key_size=2048)
PUBLIC = (
    PRIVATE.public_key()
    .public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo)
    .decode()
)


def credential(kind: str, verifier: str, **options: Any) -> Credential:
    return Credential(uuid.uuid4(), "a", kind, verifier, NOW, tenant="t", **options)


def identity(*credentials: Credential, **settings: Any) -> Identity:
    made = Identity(load(SETTINGS).with_(**settings))
    made.load(credentials)
    return made


def refusal(made: Identity, shown: Presented, at: datetime = NOW) -> FaultKind:
    with pytest.raises(Fault) as caught:
        made.authenticate(API, shown, at)
    return caught.value.kind


def token(algorithm: str = "RS512", key: Any = PRIVATE, **claims: Any) -> str:
    return jwt.encode({"scopes": ["P"], "tenantId": "x", "sub": "u", **claims}, key, algorithm)


def test_a_key_names_its_tenant_and_scopes() -> None:
    made = identity(credential("key", key_verifier("secret"), scopes=("s",)))
    principal = made.authenticate(API, Presented("key", "secret"), NOW)
    assert (principal.tenant, principal.scopes) == ("t", {"s"})


def test_a_wrong_revoked_or_expired_key_is_refused() -> None:
    good = credential("key", key_verifier("secret"))
    assert refusal(identity(good), Presented("key", "other")) is FaultKind.UNAUTHENTICATED
    assert refusal(identity(replace(good, revoked_at=NOW)), Presented("key", "secret")) is FaultKind.UNAUTHENTICATED
    expired = identity(replace(good, expires_at=NOW - timedelta(seconds=1)))
    assert refusal(expired, Presented("key", "secret")) is FaultKind.UNAUTHENTICATED


def test_another_apis_key_is_refused() -> None:
    made = identity(replace(credential("key", key_verifier("secret")), api="b"))
    assert refusal(made, Presented("key", "secret")) is FaultKind.UNAUTHENTICATED


def test_a_key_limited_to_accounts_may_not_name_another() -> None:
    made = identity(credential("key", key_verifier("secret"), realms=("Acme",)))
    assert made.authenticate(API, Presented("key", "secret", realm="acme"), NOW).tenant == "t"
    assert refusal(made, Presented("key", "secret", realm="other")) is FaultKind.FORBIDDEN


def test_a_short_secret_is_checked_in_the_slow_lane_once() -> None:
    made = identity(credential("pair", pair_verifier("pw"), name="n"))
    shown = Presented("pair", "pw", name="n")
    with pytest.raises(Unverified) as caught:
        made.authenticate(API, shown, NOW, inline=False)
    caught.value.settle()
    assert made.authenticate(API, shown, NOW, inline=False).name == "pair:n"


def test_many_who_come_with_one_new_secret_wait_for_one_check(monkeypatch: pytest.MonkeyPatch) -> None:
    made = identity(credential("pair", pair_verifier("pw"), name="n"))
    waiting = []
    for _ in range(3):
        with pytest.raises(Unverified) as caught:
            made.authenticate(API, Presented("pair", "pw", name="n"), NOW, inline=False)
        waiting.append(caught.value)
    checks: list[str] = []

    def verify(verifier: str, secret: str) -> bool:
        checks.append(secret)
        return True

    monkeypatch.setattr("gateway.identity.verify", verify)
    for each in waiting:
        each.settle()
    assert checks == ["pw"]


def test_a_wrong_short_secret_is_remembered_as_refused() -> None:
    made = identity(credential("pair", pair_verifier("pw"), name="n"))
    assert refusal(made, Presented("pair", "bad", name="n")) is FaultKind.UNAUTHENTICATED
    with pytest.raises(Fault):
        made.authenticate(API, Presented("pair", "bad", name="n"), NOW, inline=False)


def test_what_was_accepted_is_forgotten_when_credentials_change() -> None:
    made = identity(credential("pair", pair_verifier("pw"), name="n"))
    made.authenticate(API, Presented("pair", "pw", name="n"), NOW)
    made.load(())
    assert refusal(made, Presented("pair", "pw", name="n")) is FaultKind.UNAUTHENTICATED


def test_a_signed_token_gives_its_claims() -> None:
    principal = identity(credential("issuer", PUBLIC)).authenticate(API, Presented("jwt", token()), NOW)
    assert (principal.tenant, principal.scopes, principal.claims["tenantId"]) == ("t", {"P"}, "x")


@pytest.mark.parametrize(
    "bad",
    [
        "",
        "not.a.token",
        token(exp=1),
        token("RS256"),
        token("HS256", "x" * 64),
        token("none", None),
        token(key=rsa.generate_private_key(public_exponent=65537, key_size=2048)),
    ],
    ids=["empty", "garbage", "expired", "RS256 not enabled", "HS256 not enabled", "none", "another key"],
)
def test_a_bad_token_is_refused(bad: str) -> None:
    assert refusal(identity(credential("issuer", PUBLIC)), Presented("jwt", bad)) is FaultKind.UNAUTHENTICATED


def test_the_public_key_is_never_taken_for_an_hmac_secret() -> None:
    made = identity(credential("issuer", PUBLIC), jwt__algorithms=("RS512", "HS256"))
    header, body, _ = token("HS256", "x" * 64).split(".")
    import base64
    import hashlib
    import hmac

    signature = hmac.new(PUBLIC.encode(), f"{header}.{body}".encode(), hashlib.sha256).digest()
    forged = f"{header}.{body}.{base64.urlsafe_b64encode(signature).rstrip(b'=').decode()}"
    assert refusal(made, Presented("jwt", forged)) is FaultKind.UNAUTHENTICATED


def test_an_issuer_of_one_account_signs_for_no_other() -> None:
    made = identity(credential("issuer", PUBLIC, name="x"))
    assert made.authenticate(API, Presented("jwt", token()), NOW).tenant == "t"
    assert refusal(made, Presented("jwt", token(tenantId="y"))) is FaultKind.UNAUTHENTICATED


def test_an_issuer_whose_time_is_over_signs_for_nobody() -> None:
    made = identity(credential("issuer", PUBLIC, expires_at=NOW + timedelta(seconds=10)))
    shown = Presented("jwt", token())
    assert made.authenticate(API, shown, NOW).tenant == "t"
    assert refusal(made, shown, NOW + timedelta(seconds=11)) is FaultKind.UNAUTHENTICATED


def test_a_missing_scope_is_forbidden() -> None:
    principal = identity(credential("issuer", PUBLIC)).authenticate(API, Presented("jwt", token()), NOW)
    require(principal, "P")
    with pytest.raises(Fault) as caught:
        require(principal, "Q")
    assert caught.value.kind is FaultKind.FORBIDDEN


def test_a_check_that_began_before_a_revocation_is_not_remembered_after_it() -> None:
    good = credential("pair", pair_verifier("pw"), name="n")
    made = identity(good)
    shown = Presented("pair", "pw", name="n")

    def revoked_meanwhile(verifier: str, secret: str) -> bool:
        made.load(())
        return True

    with mock.patch("gateway.identity.verify", revoked_meanwhile):
        made._settle(("a", "n", digest("pw")), shown)
    assert refusal(made, shown) is FaultKind.UNAUTHENTICATED
