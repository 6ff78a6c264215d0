"""Credentials: what is stored of them, and how a secret is checked.

High-entropy secrets (keys made by us, GUIDs) are stored as SHA-256; short ones, which people choose, with scrypt. A
comparison takes the same time whether it fails early or late.
"""

import hashlib
import hmac
import os
import uuid
from dataclasses import dataclass
from datetime import datetime

SCRYPT_N, SCRYPT_R, SCRYPT_P = 2**14, 8, 1
"""scrypt cost: 16 MiB and about 33 ms a check."""


@dataclass(frozen=True, slots=True)
class Credential:
    """One stored credential.

    ``kind``: ``key`` (a secret alone: OnTime key, bearer key, MobileConnect SessionUid), ``pair`` (``name`` and a
    secret: workstation Id and Key,
    PartStream service user) or ``issuer`` (``name`` is the tenant claim, ``verifier`` a PEM public key or HMAC secret
    that signs JWTs). ``api`` is an API's name,
    or ``operator``. ``tenant`` is None for the operator alone. ``realms`` limits the accounts it may name; empty is
    any.
    """

    uid: uuid.UUID
    api: str
    kind: str
    verifier: str
    created_at: datetime
    tenant: str | None = None
    name: str = ""
    realms: tuple[str, ...] = ()
    scopes: tuple[str, ...] = ()
    expires_at: datetime | None = None
    revoked_at: datetime | None = None

    def is_valid(self, at: datetime) -> bool:
        """Whether it is neither revoked nor expired at this instant."""
        return self.revoked_at is None and (self.expires_at is None or at < self.expires_at)


def digest(secret: str) -> str:
    """SHA-256 (hex) of a secret: how keys and session secrets are stored and looked up."""
    return hashlib.sha256(secret.encode("utf-8", "surrogatepass")).hexdigest()


def key_verifier(secret: str) -> str:
    """The stored form of a high-entropy secret."""
    return f"sha256${digest(secret)}"


def pair_verifier(secret: str) -> str:
    """The stored form of a short secret, with a salt of its own."""
    salt = os.urandom(16)
    return f"scrypt${salt.hex()}${_scrypt(secret, salt).hex()}"


def verify(verifier: str, secret: str) -> bool:
    """Whether ``secret`` is the one that ``verifier`` was made of."""
    method, _, rest = verifier.partition("$")
    if method == "sha256":
        return hmac.compare_digest(rest, digest(secret))
    salt, _, expected = rest.partition("$")
    return hmac.compare_digest(expected, _scrypt(secret, bytes.fromhex(salt)).hex())


def _scrypt(secret: str, salt: bytes) -> bytes:
    return hashlib.scrypt(secret.encode("utf-8", "surrogatepass"), salt=salt, n=SCRYPT_N, r=SCRYPT_R, p=SCRYPT_P)
