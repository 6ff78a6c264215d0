"""The tables, as peewee models. Every index that serves a query begins with the tenant.

Exact texts that a caller chose (keys, e-mail addresses, device names) are indexed by a 16-byte digest: no database's
collation, length limit or dislike of NUL takes part in a comparison, and the indexes stay small. The texts themselves
are in ``body``, the canonical JSON.
"""

from typing import Any

from peewee import SQL, BigIntegerField, BlobField, CompositeKey, IntegerField, Model, TextField


class DigestField(BlobField):
    """At most 32 bytes, so that every database can index them."""

    field_type = "DIGEST"


class NameField(TextField):
    """A name of at most 191 characters, so that every database can index it."""

    field_type = "NAME"


class Row(Model):
    """The base of all tables. Models are bound to a database only while tables are made."""

    class Meta:
        legacy_table_names = False


class SessionRow(Row):
    """One session as of its latest event. ``ordinal`` is the position of the event that made it.

    ``latest`` is the position of the event that left it as it is, and ``kept_until`` is when the outcome of that event
    is forgotten, 0 when none is kept: until then the row is also the session of that outcome."""

    ordinal: Any = BigIntegerField(primary_key=True)
    uid: Any = DigestField(unique=True)
    tenant: Any = NameField()
    key: Any = DigestField()
    is_open: Any = IntegerField()
    sort_at: Any = BigIntegerField()
    started_at: Any = BigIntegerField(null=True)
    state: Any = NameField()
    api: Any = NameField()
    latest: Any = BigIntegerField()
    kept_until: Any = BigIntegerField()
    body: Any = TextField()

    class Meta:
        table_name = "sessions"


def _index(model: Any, name: str, *names: str, where: Any = None) -> None:
    columns = [getattr(model, column) for column in names]
    model.add_index(model.index(*columns, name=name, where=where))


# The columns after the ordinal let filters be answered, and matches be counted, from the index alone.
_index(SessionRow, "sessions_sorted", "tenant", "sort_at", "ordinal", "started_at", "state", "api")
_index(
    SessionRow,
    "sessions_open",
    *("tenant", "is_open", "sort_at", "ordinal", "started_at", "state", "api"),
    where=SQL("is_open = 1"),
)


class NameRow(Row):
    """Where a key's sessions are, and the outcomes kept for its writes, side by side (:mod:`gateway.places`).

    Of a session: ``tag`` is 1 while it is open and 0 afterwards, ``position`` its ordinal. Of an outcome: ``tag`` is
    made of its slot, ``position`` is its event's. Whoever comes here compares the whole key, or the whole slot, too."""

    place: Any = BigIntegerField()
    tag: Any = BigIntegerField()
    position: Any = BigIntegerField()

    class Meta:
        table_name = "names"
        primary_key = CompositeKey("place", "tag", "position")
        without_rowid = True


class TermRow(Row):
    """One name by which sessions are found: the digest of a person's uid, e-mail or id, or of a device's names.

    ``started`` is 0 when the session's start is not known, so that ``sort_at`` is another instant."""

    tenant: Any = NameField()
    term: Any = DigestField()
    sort_at: Any = BigIntegerField()
    ordinal: Any = BigIntegerField()
    started: Any = IntegerField(constraints=[SQL("DEFAULT 1")])

    class Meta:
        table_name = "terms"
        primary_key = CompositeKey("tenant", "term", "sort_at", "ordinal")
        without_rowid = True


class TokenRow(Row):
    """A session secret that was handed out, by its SHA-256."""

    api: Any = NameField()
    token: Any = DigestField()
    ordinal: Any = BigIntegerField()

    class Meta:
        table_name = "tokens"
        primary_key = CompositeKey("api", "token")
        without_rowid = True


class EventRow(Row):
    """One event and the request that it came from; positions grow by one in the order in which events were committed.

    ``slot`` is where its outcome is kept for repeats, until ``expires_at``; null when it is not; ``command`` is the
    digest of the command. Of the request, credentials masked: ``head`` is JSON, ``raw`` the body, cut off at
    a limit and packed (:mod:`gateway.store.packing`), and ``size`` the body's full length."""

    position: Any = BigIntegerField(primary_key=True)
    id: Any = DigestField(unique=True)
    tenant: Any = NameField()
    session_uid: Any = DigestField(null=True)
    slot: Any = DigestField(null=True)
    command: Any = DigestField(null=True)
    expires_at: Any = BigIntegerField(null=True)
    created: Any = IntegerField()
    body: Any = TextField()
    head: Any = TextField()
    size: Any = IntegerField()
    raw: Any = BlobField()

    class Meta:
        table_name = "events"


_index(EventRow, "events_tenant", "tenant", "position")
_index(EventRow, "events_session", "tenant", "session_uid", "position", where=SQL("session_uid IS NOT NULL"))


class StateRow(Row):
    """A session as an event left it, while that event's outcome is kept and the session's row is another by now."""

    position: Any = BigIntegerField(primary_key=True)
    expires_at: Any = BigIntegerField()
    body: Any = TextField()

    class Meta:
        table_name = "states"


class CredentialRow(Row):
    """One credential; ``body`` is JSON of its fields, secrets hashed."""

    uid: Any = DigestField(primary_key=True)
    tenant: Any = NameField(null=True)
    revoked_at: Any = BigIntegerField(null=True)
    body: Any = TextField()

    class Meta:
        table_name = "credentials"


class MetaRow(Row):
    """Facts about the store: ``schema_version``, ``credentials_version``, ``probe``."""

    name: Any = NameField(primary_key=True)
    value: Any = BigIntegerField()

    class Meta:
        table_name = "meta"


class TallyRow(Row):
    """How many sessions of a tenant are sorted into one day (level 0) or one minute (level 1) since 1970, and how many
    of them have a known start. Kept in the transaction that changes the sessions."""

    tenant: Any = NameField()
    level: Any = IntegerField()
    bucket: Any = BigIntegerField()
    sessions: Any = BigIntegerField()
    started: Any = BigIntegerField()

    class Meta:
        table_name = "tallies"
        primary_key = CompositeKey("tenant", "level", "bucket")
        without_rowid = True


TABLES = (SessionRow, NameRow, TermRow, TokenRow, EventRow, StateRow, CredentialRow, MetaRow, TallyRow)
