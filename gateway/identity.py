"""Who is asking, and may they.

Verification reads one table in memory. It is loaded from the store and replaced when ``credentials_version`` moves,
so a revoked credential stops working in every worker within two seconds. Only a scrypt check is slow: an asynchronous
door gets :class:`Unverified` for it and runs it in the one thread per process that may; its result is remembered.
"""

import threading
import time
import uuid
from collections import OrderedDict
from collections.abc import Callable, Iterable, Mapping
from datetime import datetime
from functools import lru_cache
from typing import Any, TypeAlias

import jwt

from gateway import lockout
from gateway.credentials import Credential, digest, verify
from gateway.model import Principal
from gateway.outcome import Fault, FaultKind
from gateway.settings import Setting, Settings
from schemas.api import Api, Presented

OPERATOR = "operator"

SETTINGS = (
    Setting(
        "jwt.algorithms",
        ("RS512",),
        "Signature algorithms accepted in bearer tokens: RS512, RS256, HS256 and no others.",
        origin="D2",
    ),
    Setting("jwt.leeway", 5, "Seconds by which a token's clock may differ from ours."),
    Setting("jwt.scopes_claim", "scopes", "The claim that lists a token's permissions.", origin="D2"),
    Setting("jwt.tenant_claim", "tenantId", "The claim that names the caller's account.", origin="D2"),
    *lockout.SETTINGS,
)

Memory: TypeAlias = tuple[str, str, str]
"""API, name, and the digest of a secret."""

_REMEMBERED = 10_000
_REFUSAL_SECONDS = 30.0


class Unverified(Exception):
    """A short secret that this process has not seen yet: call :meth:`settle` in the slow lane, then prepare again.
    ``secret`` tells two of them apart."""

    def __init__(self, settle: Callable[[], object], secret: object = None) -> None:
        super().__init__("a credential waits for its check")
        self.settle = settle
        self.secret = secret


class Identity:
    """The credentials in force, by what a caller can show."""

    def __init__(self, settings: Settings) -> None:
        self._algorithms = tuple(settings["jwt.algorithms"])
        self._leeway = int(settings["jwt.leeway"])
        self._scopes_claim = str(settings["jwt.scopes_claim"])
        self._tenant_claim = str(settings["jwt.tenant_claim"])
        self._slow = threading.Lock()
        self._lockout = lockout.Lockout(settings)
        self.load(())

    def load(self, credentials: Iterable[Credential]) -> None:
        """Replace the table; what was remembered of earlier checks is forgotten."""
        keys: dict[tuple[str, str], Credential] = {}
        pairs: dict[tuple[str, str], list[Credential]] = {}
        issuers: dict[str, list[Credential]] = {}
        for credential in credentials:
            if credential.revoked_at is not None:
                continue
            if credential.kind == "key":
                keys[credential.api, credential.verifier.partition("$")[2]] = credential
            elif credential.kind == "pair":
                pairs.setdefault((credential.api, credential.name), []).append(credential)
            else:
                issuers.setdefault(credential.api, []).append(credential)
        self._keys, self._pairs, self._issuers = keys, pairs, issuers
        self._accepted: OrderedDict[Memory, Credential] = OrderedDict()
        self._refused: OrderedDict[Memory, float] = OrderedDict()
        self._tokens: OrderedDict[str, tuple[Principal, float]] = OrderedDict()

    def authenticate(
        self, api: Api, shown: Presented, at: datetime, *, inline: bool = True, client: str = ""
    ) -> Principal:
        """The principal of a credential. Raises a Fault (``unauthenticated``, ``forbidden``) or, unless ``inline``,
        Unverified. ``client`` is the caller's address: too many failures there are answered ``locked_out``."""
        if shown.kind == "jwt":
            principal = self._bearer(api, shown.secret, at, client)
        elif shown.kind == "pair":
            principal = _principal(self._pair(api, shown, at, inline, client), at)
        else:
            principal = self._key(api, shown.secret, at, client)
        if (
            principal.realms
            and shown.realm
            and shown.realm.lower() not in {realm.lower() for realm in principal.realms}
        ):
            raise Fault(FaultKind.FORBIDDEN, f"this credential may not name {shown.realm!r}")
        return principal

    def operator(self, secret: str, at: datetime) -> Principal | None:
        """The operator, when ``secret`` is an operator token."""
        found = self._keys.get((OPERATOR, digest(secret)))
        return _principal(found, at) if found is not None and found.is_valid(at) else None

    def key(self, api: Api, secret: str, at: datetime) -> Principal | None:
        """The principal of a stored key, None when there is none of this value in force."""
        found = self._keys.get((api.name, digest(secret)))
        return _principal(found, at) if found is not None and found.is_valid(at) else None

    def _key(self, api: Api, secret: str, at: datetime, client: str) -> Principal:
        found = self.key(api, secret, at)
        if found is not None:
            return found
        operator = self.operator(secret, at) if api.name == "sessions" else None
        if operator is None:
            raise self._wrong(api, "", digest(secret), client, "no valid key of this value")
        return operator

    def _wrong(self, api: Api, name: str, secret: str, client: str, reason: str, *, slow: bool = False) -> Fault:
        """The fault of a failed check, which is counted; raises the one of who must wait."""
        self._lockout.check_secret(api.name, name, secret, client)
        self._lockout.failed(api.name, name, secret, client, slow=slow)
        return refused(reason)

    def _pair(self, api: Api, shown: Presented, at: datetime, inline: bool, client: str) -> Credential:
        memory = (api.name, shown.name, digest(shown.secret))
        found = self._accepted.get(memory)
        if self._lockout.held:
            self._lockout.check(api.name, shown.name, client)
        if found is None:
            found = self._checked(memory, shown, inline, client)
        if found is None or not found.is_valid(at):
            raise self._wrong(api, shown.name, memory[2], client, "wrong name or secret", slow=True)
        return found

    def _checked(self, memory: Memory, shown: Presented, inline: bool, client: str) -> Credential | None:
        """The credential of a secret that was not seen before. Raises Unverified, or the fault of who must wait."""
        self._lockout.check_secret(*memory, client)
        if self._refused.get(memory, 0.0) > time.monotonic():
            return None
        self._lockout.check_address(client)
        if not inline:
            raise Unverified(lambda: self._settle(memory, shown, client), memory)
        self._settle(memory, shown, client)
        found = self._accepted.get(memory)
        if found is None:
            self._lockout.check_address(client)
        return found

    def _settle(self, memory: Memory, shown: Presented, client: str = "") -> None:
        # The memory of this table: what a table replaced meanwhile would have accepted is forgotten with it.
        accepted, refusals = self._accepted, self._refused
        with self._slow:
            # Whoever came with the same secret meanwhile needs no check of its own.
            if memory in accepted or refusals.get(memory, 0.0) > time.monotonic():
                return
            # Nor does who must wait by now: many may have queued up before the first of them failed.
            try:
                self._lockout.check_secret(*memory, client)
                self._lockout.check_address(client)
            except Fault:
                return
            candidates = self._pairs.get(memory[:2]) or [_NOBODY]
            matching = [credential for credential in candidates if verify(credential.verifier, shown.secret)]
        if matching:
            _remember(accepted, memory, matching[0])
        else:
            _remember(refusals, memory, time.monotonic() + _REFUSAL_SECONDS)

    def _bearer(self, api: Api, token: str, at: datetime, client: str) -> Principal:
        memory = f"{api.name} {digest(token)}"
        tokens = self._tokens
        known = tokens.get(memory)
        if known is not None and known[1] > time.time() - self._leeway:
            return known[0]
        try:
            claims, issuer = self._claims(api, token, at)
        except Fault as fault:
            raise self._wrong(api, "", digest(token), client, fault.log) from None
        principal = self._token_principal(claims, issuer)
        _remember(tokens, memory, (principal, self._known_until(claims, issuer)))
        return principal

    def _known_until(self, claims: Mapping[str, Any], issuer: Credential) -> float:
        """Until when a token need not be checked again: it ends with its issuer's credential at the latest."""
        ends = float(claims.get("exp", time.time() + 60))
        return ends if issuer.expires_at is None else min(ends, issuer.expires_at.timestamp() - self._leeway)

    def _claims(self, api: Api, token: str, at: datetime) -> tuple[Mapping[str, Any], Credential]:
        reason = "no trusted issuer"
        for issuer in self._issuers.get(api.name, ()):
            if not issuer.is_valid(at):
                reason = "the issuer's credential has expired"
                continue
            family = "RS" if issuer.verifier.startswith("-----BEGIN") else "HS"
            allowed = [
                name for name in self._algorithms if name.startswith(family) and name in ("RS512", "RS256", "HS256")
            ]
            try:
                claims = jwt.decode(
                    token, issuer.verifier, algorithms=allowed, leeway=self._leeway, options={"verify_aud": False}
                )
            except (jwt.InvalidTokenError, ValueError) as error:
                reason = type(error).__name__
                continue
            if not issuer.name or claims.get(self._tenant_claim) == issuer.name:
                return claims, issuer
            reason = "the token's account is not this issuer's"
        raise refused(reason)

    def _token_principal(self, claims: Mapping[str, Any], issuer: Credential) -> Principal:
        scopes = claims.get(self._scopes_claim)
        names = frozenset(str(scope) for scope in scopes) if isinstance(scopes, list) else frozenset()
        subject = str(claims.get("sub") or claims.get("userId") or issuer.uid)
        return Principal(f"jwt:{subject}", issuer.api, issuer.tenant, names, frozenset(issuer.realms), dict(claims))


_NOBODY = Credential(
    uid=uuid.UUID(int=0),
    api="",
    kind="pair",
    verifier="scrypt$" + "00" * 16 + "$" + "00" * 64,
    created_at=datetime.min,
)
"""Checked when a name is unknown, so that an unknown name takes as long as a wrong secret."""


def refused(reason: str) -> Fault:
    """The fault of every failed check: one text for the caller, the reason for the log alone."""
    return Fault(FaultKind.UNAUTHENTICATED, "the credentials are missing or not valid", log=reason)


def require(principal: Principal, scope: str | None) -> None:
    """Raise a Fault of kind ``forbidden`` unless the principal holds ``scope``; the operator holds all."""
    if scope is not None and scope not in principal.scopes and principal.api != OPERATOR:
        raise Fault(FaultKind.FORBIDDEN, f"this credential lacks the permission {scope}", details={"scope": scope})


def _principal(credential: Credential, at: datetime) -> Principal:
    if not credential.is_valid(at):
        raise refused("expired")
    name = f"{credential.kind}:{credential.name or credential.uid}"
    return _named(name, credential.api, credential.tenant, credential.scopes, credential.realms)


@lru_cache(maxsize=1024)
def _named(name: str, api: str, tenant: str | None, scopes: tuple[str, ...], realms: tuple[str, ...]) -> Principal:
    return Principal(name, api, tenant, frozenset(scopes), frozenset(realms))


def _remember(table: "OrderedDict[Any, Any]", key: Any, value: Any) -> None:
    table[key] = value
    while len(table) > _REMEMBERED:
        table.popitem(last=False)
