"""The tables, as peewee models. Every index that serves a query begins with the tenant.

Exact texts that a caller chose (keys, e-mail addresses, device names) are indexed by a 16-byte digest: no database's
collation, length limit or dislike of NUL takes part in a comparison, and the indexes stay small. The texts themselves
are in ``body``, the canonical JSON.
"""

from typing import Any

from peewee import SQL, BigIntegerField, BlobField, CompositeKey, IntegerField, Model, TextField


class Row(Model):
    """The base of all tables. Models are bound to a database only while tables are made."""

    class Meta:
        legacy_table_names = False


class SessionRow(Row):
    """One session as of its latest event. ``ordinal`` is the position of the event that made it."""

    ordinal: Any = BigIntegerField(primary_key=True)
    uid: Any = BlobField(unique=True)
    tenant: Any = TextField()
    key: Any = BlobField()
    is_open: Any = IntegerField()
    sort_at: Any = BigIntegerField()
    started_at: Any = BigIntegerField(null=True)
    state: Any = TextField()
    api: Any = TextField()
    body: Any = TextField()

    class Meta:
        table_name = "sessions"


def _index(model: Any, name: str, *names: str, where: Any = None) -> None:
    columns = [getattr(model, column) for column in names]
    model.add_index(model.index(*columns, name=name, where=where))


# The columns after the ordinal let filters be answered, and matches be counted, from the index alone.
_index(SessionRow, "sessions_key", "tenant", "key", "is_open", "ordinal")
_index(SessionRow, "sessions_sorted", "tenant", "sort_at", "ordinal", "started_at", "state", "api")
_index(
    SessionRow,
    "sessions_open",
    *("tenant", "is_open", "sort_at", "ordinal", "started_at", "state", "api"),
    where=SQL("is_open = 1"),
)


class TermRow(Row):
    """One name by which sessions are found: the digest of a person's uid, e-mail or id, or of a device's names.

    ``started`` is 0 when the session's start is not known, so that ``sort_at`` is another instant."""

    tenant: Any = TextField()
    term: Any = BlobField()
    sort_at: Any = BigIntegerField()
    ordinal: Any = BigIntegerField()
    started: Any = IntegerField(constraints=[SQL("DEFAULT 1")])

    class Meta:
        table_name = "terms"
        primary_key = CompositeKey("tenant", "term", "sort_at", "ordinal")
        without_rowid = True


class TokenRow(Row):
    """A session secret that was handed out, by its SHA-256."""

    api: Any = TextField()
    token: Any = BlobField()
    ordinal: Any = BigIntegerField()

    class Meta:
        table_name = "tokens"
        primary_key = CompositeKey("api", "token")
        without_rowid = True


class EventRow(Row):
    """One event; positions grow by one in the order in which events were committed."""

    position: Any = BigIntegerField(primary_key=True)
    id: Any = BlobField(unique=True)
    tenant: Any = TextField()
    session_uid: Any = BlobField(null=True)
    body: Any = TextField()

    class Meta:
        table_name = "events"


_index(EventRow, "events_tenant", "tenant", "position")
_index(EventRow, "events_session", "tenant", "session_uid", "position", where=SQL("session_uid IS NOT NULL"))


class RawRow(Row):
    """The request of an event, credentials masked: head is JSON, body zlib. ``size`` is the body's full length."""

    position: Any = BigIntegerField(primary_key=True)
    tenant: Any = TextField()
    head: Any = TextField()
    size: Any = IntegerField()
    body: Any = BlobField()

    class Meta:
        table_name = "raw_requests"


class OutcomeRow(Row):
    """An outcome kept for repeats until it expires. The slot's digest includes the tenant."""

    slot: Any = BlobField(primary_key=True)
    tenant: Any = TextField()
    command: Any = BlobField()
    expires_at: Any = BigIntegerField()
    position: Any = BigIntegerField()
    created: Any = IntegerField()
    session: Any = TextField(null=True)

    class Meta:
        table_name = "outcomes"


_index(OutcomeRow, "outcomes_expiry", "expires_at")


class CredentialRow(Row):
    """One credential; ``body`` is JSON of its fields, secrets hashed."""

    uid: Any = BlobField(primary_key=True)
    tenant: Any = TextField(null=True)
    revoked_at: Any = BigIntegerField(null=True)
    body: Any = TextField()

    class Meta:
        table_name = "credentials"


class MetaRow(Row):
    """Facts about the store: ``schema_version``, ``credentials_version``, ``probe``."""

    name: Any = TextField(primary_key=True)
    value: Any = BigIntegerField()

    class Meta:
        table_name = "meta"


class TallyRow(Row):
    """How many sessions of a tenant are sorted into one day (level 0) or one minute (level 1) since 1970, and how many
    of them have a known start. Kept in the transaction that changes the sessions."""

    tenant: Any = TextField()
    level: Any = IntegerField()
    bucket: Any = BigIntegerField()
    sessions: Any = BigIntegerField()
    started: Any = BigIntegerField()

    class Meta:
        table_name = "tallies"
        primary_key = CompositeKey("tenant", "level", "bucket")
        without_rowid = True


TABLES = (SessionRow, TermRow, TokenRow, EventRow, RawRow, OutcomeRow, CredentialRow, MetaRow)
