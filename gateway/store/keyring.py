"""Credentials in the store. Every change raises ``credentials_version`` by one, which workers look at."""

import uuid
from dataclasses import asdict, replace
from datetime import datetime
from typing import Any

from peewee import SQL

from gateway.credentials import Credential
from gateway.store.dialect import Connection
from gateway.store.tables import CredentialRow, MetaRow
from gateway.store.values import dumps, loads, micros

_INSTANTS = ("created_at", "expires_at", "revoked_at")


def text_of(credential: Credential) -> str:
    """A credential as stored text."""
    tree: dict[str, Any] = {**asdict(credential), "uid": str(credential.uid)}
    for name in _INSTANTS:
        tree[name] = tree[name].isoformat() if tree[name] is not None else None
    return dumps(tree)


def credential_of(text: str) -> Credential:
    """The credential of a stored text."""
    tree = loads(text)
    for name in _INSTANTS:
        tree[name] = datetime.fromisoformat(tree[name]) if tree[name] is not None else None
    lists = {name: tuple(tree[name]) for name in ("realms", "scopes")}
    return Credential(**{**tree, **lists, "uid": uuid.UUID(tree["uid"])})


def credentials(connection: Connection) -> list[Credential]:
    """Every credential, revoked ones too, the oldest first."""
    found = (credential_of(row[0]) for row in connection.rows(CredentialRow.select(CredentialRow.body)))
    return sorted(found, key=lambda credential: credential.created_at)


def version(connection: Connection) -> int:
    """The number of the last change."""
    rows = connection.rows(MetaRow.select(MetaRow.value).where(MetaRow.name == "credentials_version"))
    return int(rows[0][0])


def add(connection: Connection, credential: Credential) -> None:
    """Keep a new credential."""
    revoked = micros(credential.revoked_at) if credential.revoked_at is not None else None
    row = CredentialRow.insert(
        uid=credential.uid.bytes, tenant=credential.tenant, revoked_at=revoked, body=text_of(credential)
    )
    connection.change(row)
    _bump(connection)


def revoke(connection: Connection, uid: uuid.UUID, at: datetime) -> bool:
    """Revoke a credential; False when there is none, or when it had been revoked before."""
    mine = CredentialRow.uid == uid.bytes
    rows = connection.rows(CredentialRow.select(CredentialRow.body).where(mine, CredentialRow.revoked_at.is_null()))
    if not rows:
        return False
    revoked = replace(credential_of(rows[0][0]), revoked_at=at)
    connection.change(CredentialRow.update(revoked_at=micros(at), body=text_of(revoked)).where(mine))
    _bump(connection)
    return True


def _bump(connection: Connection) -> None:
    connection.change(MetaRow.update(value=MetaRow.value + SQL("1")).where(MetaRow.name == "credentials_version"))
