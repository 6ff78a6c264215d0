"""The hot statements: fixed SQL text, compiled once for a database from the models.

Placeholders take values in the order in which they stand in the text.
"""

from dataclasses import dataclass
from typing import Any

from peewee import SQL, Database, Model, fn

from gateway.store.dialect import compiled
from gateway.store.tables import EventRow, MetaRow, OutcomeRow, RawRow, SessionRow, TermRow, TokenRow


@dataclass(frozen=True, slots=True)
class Statements:
    """SQL text of every statement that a write or a look-up runs."""

    last_position: str
    session_by_uid: str
    session_by_key: str
    session_by_open_key: str
    session_by_token: str
    event_at: str
    kept: str
    add_session: str
    set_session: str
    set_body: str
    drop_session: str
    add_term: str
    drop_term: str
    add_token: str
    add_event: str
    add_raw: str
    keep: str
    expire: str
    probe: str


def compile_for(database: Database) -> Statements:
    """The statements in the SQL of this database."""
    mark = SQL(database.param)

    def text(query: Any) -> str:
        sql, values = compiled(database, query)
        assert not values
        return sql

    return Statements(
        last_position=text(EventRow.select(fn.MAX(EventRow.position))),
        event_at=text(EventRow.select(EventRow.body).where(EventRow.position == mark)),
        kept=text(_kept(mark)),
        expire=text(_expire(mark)),
        probe=text(MetaRow.update({MetaRow.value: MetaRow.value + SQL("1")}).where(MetaRow.name == SQL("'probe'"))),
        **{name: text(query) for name, query in (_finds(mark) | _changes(mark)).items()},
    )


def _finds(mark: SQL) -> dict[str, Any]:
    columns = (SessionRow.ordinal, SessionRow.body)
    by_token = SessionRow.select(*columns).join(TokenRow, on=(TokenRow.ordinal == SessionRow.ordinal))
    return {
        "session_by_uid": SessionRow.select(*columns).where(SessionRow.uid == mark),
        "session_by_key": SessionRow.select(*columns).where(SessionRow.ordinal == _latest(mark)),
        "session_by_open_key": SessionRow.select(*columns).where(
            SessionRow.ordinal == _latest_where(SessionRow.alias("open"), mark, 1)
        ),
        "session_by_token": by_token.where(TokenRow.api == mark, TokenRow.token == mark),
    }


def _latest_where(row: Any, mark: SQL, is_open: int) -> Any:
    """The latest ordinal of a key, below a bound, among the open or the closed: one step in the index."""
    where = (row.tenant == mark, row.key == mark, row.is_open == SQL(str(is_open)), row.ordinal < mark)
    return row.select(fn.MAX(row.ordinal).alias("latest")).where(*where)


def _latest(mark: SQL) -> Any:
    both = _latest_where(SessionRow.alias("open"), mark, 1).union_all(
        _latest_where(SessionRow.alias("closed"), mark, 0)
    )
    source = both.alias("either")
    return SessionRow.alias("any").select(fn.MAX(source.c.latest)).from_(source)


def _changes(mark: SQL) -> dict[str, Any]:
    added = {
        "add_session": SessionRow,
        "add_term": TermRow,
        "add_event": EventRow,
        "add_raw": RawRow,
    }
    indexed = (SessionRow.is_open, SessionRow.sort_at, SessionRow.started_at, SessionRow.state)
    this = SessionRow.ordinal == mark
    return {
        **{name: _insert(model, mark) for name, model in added.items()},
        "add_token": _insert(TokenRow, mark).on_conflict_replace(),
        "keep": _insert(OutcomeRow, mark).on_conflict_replace(),
        "set_session": SessionRow.update(dict.fromkeys((*indexed, SessionRow.body), mark)).where(this),
        "set_body": SessionRow.update({SessionRow.body: mark}).where(this),
        "drop_session": SessionRow.delete().where(this),
        "drop_term": TermRow.delete().where(
            TermRow.tenant == mark, TermRow.term == mark, TermRow.sort_at == mark, TermRow.ordinal == mark
        ),
    }


def _insert(model: type[Model], mark: SQL) -> Any:
    return model.insert(dict.fromkeys(model._meta.sorted_fields, mark))


def _kept(mark: SQL) -> Any:
    columns = (OutcomeRow.command, OutcomeRow.position, OutcomeRow.created, OutcomeRow.session)
    return OutcomeRow.select(*columns).where(OutcomeRow.slot == mark, OutcomeRow.expires_at >= mark)


def _expire(mark: SQL) -> Any:
    """Forget some expired outcomes, the oldest first."""
    old = OutcomeRow.alias("old")
    expired = old.select(old.slot).where(old.expires_at < mark).order_by(old.expires_at).limit(SQL("1000"))
    return OutcomeRow.delete().where(OutcomeRow.slot.in_(expired))
