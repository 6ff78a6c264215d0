"""``session-gateway credentials``: add, list, revoke, and tokens for a first try."""

import argparse
import re
import secrets
import time
import uuid
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TypeAlias

from gateway.cli_settings import load, must_exist
from gateway.cli_table import columns
from gateway.credentials import Credential, key_verifier, pair_verifier
from gateway.settings import Settings, SettingsError

OPERATOR = "operator"
TOKEN_SECONDS = 30 * 86_400
SHORTEST_KEY = 20
_UNITS = {"m": 60, "h": 3600, "d": 86_400}

Made: TypeAlias = tuple[Credential, str]


def add_parser(made: argparse.ArgumentParser, shared: argparse.ArgumentParser) -> None:
    """The grammar of the sub-commands."""
    commands = made.add_subparsers(title="commands", metavar="COMMAND", required=True)
    adding = commands.add_parser("add", parents=[shared], help="add one; a secret that is made is shown once")
    _add_owner(adding)
    adding.add_argument("--name", default="", help="the name of a pair (Id, service user), or an issuer's tenant claim")
    adding.add_argument("--key", "--secret", dest="secret", help="its secret; left out, one is made")
    adding.add_argument("--public-key", metavar="FILE", type=Path, help="PEM key of an issuer of signed tokens")
    adding.set_defaults(command=add)
    listing = commands.add_parser("list", parents=[shared], help="list all, without their secrets")
    listing.set_defaults(command=listed)
    revoking = commands.add_parser("revoke", parents=[shared], help="revoke one; it stops working within two seconds")
    revoking.add_argument("uid", metavar="UID", type=uuid.UUID)
    revoking.set_defaults(command=revoke)
    tokens = commands.add_parser("token", parents=[shared], help="print a token: signed for biot, else a fresh key")
    _add_owner(tokens)
    tokens.add_argument("--private-key", metavar="FILE", type=Path, help="PEM key that signs; default: the demo's")
    tokens.set_defaults(command=token, name="", secret=None, public_key=None)


def _add_owner(made: argparse.ArgumentParser) -> None:
    made.add_argument("--api", required=True, help=f"the API's name, or {OPERATOR}")
    made.add_argument("--tenant", help="the boundary within which it sees sessions")
    made.add_argument("--realm", action="append", default=[], help="an account that it may name; default: any")
    made.add_argument("--scope", action="append", default=[], help="a permission that it carries")
    made.add_argument("--expires", metavar="WHEN", type=_when, help="an instant (2030-01-31T00:00Z), or 90m, 12h, 30d")


def _when(text: str) -> datetime:
    span = re.fullmatch(r"([1-9]\d{0,5})([mhd])", text)
    if span:
        return datetime.now(UTC) + timedelta(seconds=int(span[1]) * _UNITS[span[2]])
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        raise argparse.ArgumentTypeError(f"{text!r} is neither an instant nor a span such as 30d") from None
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


def add(arguments: argparse.Namespace) -> int:
    """Add a credential."""
    credential, secret = _made(arguments, load(arguments))
    print(f"added {credential.uid}")
    if secret:
        print(f"secret, shown only now: {secret}")
    return 0


def _made(arguments: argparse.Namespace, settings: Settings) -> Made:
    from gateway.store import open_store

    _check_owner(arguments, settings)
    credential, secret = _credential(arguments)
    store = open_store(settings["database"], settings)
    try:
        store.add_credential(credential)
    finally:
        store.close()
    return credential, secret


def _check_owner(arguments: argparse.Namespace, settings: Settings) -> None:
    from gateway import registry

    known = {*registry.build(registry.discover(), settings).apis, OPERATOR}
    if arguments.api not in known:
        raise SettingsError(f"--api: there is no API {arguments.api!r}; there are {', '.join(sorted(known))}")
    if (arguments.tenant is None) != (arguments.api == OPERATOR):
        raise SettingsError("--tenant: every credential needs one, but for the operator's, which sees all tenants")


def _credential(arguments: argparse.Namespace) -> Made:
    """The credential that was asked for, and its secret if that was made here."""
    if arguments.public_key is not None:
        return _stored(arguments, "issuer", _public_key(arguments.public_key)), ""
    if arguments.name:
        secret = arguments.secret or secrets.token_urlsafe(24)
        return _stored(arguments, "pair", pair_verifier(secret)), "" if arguments.secret else secret
    secret = arguments.secret or _FRESH.get(arguments.api, lambda: secrets.token_urlsafe(32))()
    if len(secret) < SHORTEST_KEY:
        raise SettingsError(
            f"--key: a key that stands alone has at least {SHORTEST_KEY} characters; leave it out, and one is made"
        )
    return _stored(arguments, "key", key_verifier(_spelled(arguments.api, secret))), "" if arguments.secret else secret


def _stored(arguments: argparse.Namespace, kind: str, verifier: str) -> Credential:
    return Credential(
        uid=uuid.uuid4(),
        api=arguments.api,
        kind=kind,
        verifier=verifier,
        created_at=datetime.now(UTC),
        tenant=arguments.tenant,
        name=arguments.name,
        realms=tuple(arguments.realm),
        scopes=tuple(arguments.scope),
        expires_at=arguments.expires,
    )


# Keys of these APIs are GUIDs in their callers' programs.
_FRESH: dict[str, Callable[[], str]] = {"ontime": lambda: str(uuid.uuid4()), "mobileconnect": lambda: str(uuid.uuid4())}


def _spelled(api: str, secret: str) -> str:
    """A key as its API looks it up: MobileConnect's SessionUid in its 32 digits, however it was written."""
    if api != "mobileconnect":
        return secret
    try:
        return uuid.UUID(secret).hex
    except ValueError:
        raise SettingsError("--key: a MobileConnect SessionUid is a GUID") from None


def _public_key(file: Path) -> str:
    text = _pem(file, "--public-key")
    if "PUBLIC KEY-----" not in text:
        raise SettingsError(f"--public-key: {file} holds no PEM public key")
    return text


def _pem(file: Path, flag: str) -> str:
    try:
        return file.read_text(encoding="ascii")
    except (OSError, UnicodeDecodeError) as error:
        raise SettingsError(f"{flag}: {file} cannot be read: {error}") from None


def listed(arguments: argparse.Namespace) -> int:
    """List all credentials; nothing that could be used is shown."""
    rows = [
        (str(row.uid), row.api, row.kind, row.tenant or "(all)", row.name, ",".join(row.realms), ",".join(row.scopes),
         _state(row))
        for row in _all(load(arguments))
    ]  # fmt: skip
    print(columns(("UID", "API", "KIND", "TENANT", "NAME", "REALMS", "SCOPES", "STATE"), rows))
    return 0


def _all(settings: Settings) -> list[Credential]:
    from gateway.store import open_store

    must_exist(settings["database"])
    store = open_store(settings["database"], settings)
    try:
        found: list[Credential] = store.credentials()
    finally:
        store.close()
    return sorted(found, key=lambda row: (row.api, row.created_at))


def _state(row: Credential) -> str:
    if row.revoked_at is not None:
        return f"revoked {row.revoked_at:%Y-%m-%d %H:%MZ}"
    if not row.is_valid(datetime.now(UTC)):
        return "expired"
    return f"until {row.expires_at:%Y-%m-%d %H:%MZ}" if row.expires_at else "valid"


def revoke(arguments: argparse.Namespace) -> int:
    """Revoke a credential."""
    from gateway.store import open_store

    settings = load(arguments)
    must_exist(settings["database"])
    store = open_store(settings["database"], settings)
    try:
        done = store.revoke_credential(arguments.uid, datetime.now(UTC))
    finally:
        store.close()
    if not done:
        raise SettingsError(f"there is no credential {arguments.uid} that is not revoked already")
    print(f"revoked {arguments.uid}")
    return 0


def token(arguments: argparse.Namespace) -> int:
    """Print a token and nothing else, so that a shell can catch it."""
    settings = load(arguments)
    if arguments.api == "biot":
        print(_signed(arguments, settings))
        return 0
    if arguments.tenant is None and arguments.api != OPERATOR and _demo_key(settings).exists():
        arguments.tenant = "demo"
    print(_made(arguments, settings)[1])
    return 0


def _demo_key(settings: Settings) -> Path:
    from gateway import demo

    return demo.key_file(settings["database"])


def _signed(arguments: argparse.Namespace, settings: Settings) -> str:
    """A JWT as BioT's own service makes them: RS512, claims ``tenantId`` and ``scopes``."""
    import jwt

    from gateway import demo

    file = arguments.private_key or _demo_key(settings)
    if arguments.private_key is None and not file.exists():
        raise SettingsError(f"there is no key {file}: start the demo once, or name a key with --private-key")
    now = int(time.time())
    claims = {
        "sub": "session-gateway",
        "tokenType": "USER",
        "tenantId": arguments.realm[0] if arguments.realm else demo.BIOT_TENANT,
        "scopes": arguments.scope,
        "iat": now,
        "exp": int(arguments.expires.timestamp()) if arguments.expires else now + TOKEN_SECONDS,
        "jti": str(uuid.uuid4()),
    }
    try:
        return jwt.encode(claims, _pem(file, "--private-key"), "RS512")
    except (ValueError, TypeError, jwt.PyJWTError) as error:
        raise SettingsError(f"--private-key: {file} cannot sign: {error}") from None
