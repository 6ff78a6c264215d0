"""The hot statements: fixed SQL text, compiled once for a database from the models.

Placeholders take values in the order in which they stand in the text.
"""

from dataclasses import dataclass
from typing import Any

from peewee import EXCLUDED, SQL, Database, Model, Select, Tuple, fn

from gateway.store.dialect import compiled
from gateway.store.tables import EventRow, MetaRow, OutcomeRow, RawRow, SessionRow, TallyRow, TermRow, TokenRow

_KEPT = (OutcomeRow.command, OutcomeRow.position, OutcomeRow.created, OutcomeRow.session)


@dataclass(frozen=True, slots=True)
class Statements:
    """SQL text of every statement that a write or a look-up runs."""

    last_position: str
    sessions_by_uid: str
    sessions_by_token: str
    sessions_at: str
    latest_by_key: str
    kept_in: str
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
    add_tally: str
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
        **{name: text(query) for name, query in (_finds(mark) | _finds_many(mark) | _changes(mark)).items()},
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


def _values(mark: SQL, columns: int) -> SQL:
    """One row of values, which :meth:`gateway.store.dialect.Connection.together` makes several of."""
    return SQL(f"(VALUES ({', '.join([mark.sql] * columns)}))")


def _finds_many(mark: SQL) -> dict[str, Any]:
    """The same look-ups for many writes at once; each row says what it answers."""
    columns = (SessionRow.ordinal, SessionRow.body)
    by_token = SessionRow.select(TokenRow.api, TokenRow.token, *columns)
    kept = OutcomeRow.select(OutcomeRow.slot, OutcomeRow.expires_at, *_KEPT, EventRow.body)
    return {
        "sessions_at": SessionRow.select(*columns).where(SessionRow.ordinal.in_(_values(mark, 1))),
        "sessions_by_uid": SessionRow.select(*columns).where(SessionRow.uid.in_(_values(mark, 1))),
        "sessions_by_token": by_token.join(TokenRow, on=(TokenRow.ordinal == SessionRow.ordinal)).where(
            Tuple(TokenRow.api, TokenRow.token).in_(_values(mark, 2))
        ),
        "kept_in": kept.join(EventRow, on=(EventRow.position == OutcomeRow.position)).where(
            OutcomeRow.slot.in_(_values(mark, 1))
        ),
        "latest_by_key": _latest_of_many(mark),
    }


def _latest_of_many(mark: SQL) -> Any:
    """Of each tenant and key its latest open and its latest closed ordinal; no row for a key that has none."""
    asked = (SQL("asked.column1"), SQL("asked.column2"))

    def latest(is_open: int) -> Any:
        row = SessionRow.alias("row")
        where = (row.tenant == asked[0], row.key == asked[1], row.is_open == SQL(str(is_open)))
        return row.select(fn.MAX(row.ordinal)).where(*where)

    found = Select(
        [SQL(f"{_values(mark, 2).sql} AS asked")], [*asked, latest(1).alias("opened"), latest(0).alias("closed")]
    )
    return found.where(SQL("opened IS NOT NULL OR closed IS NOT NULL"))


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
        "add_tally": _insert(TallyRow, mark).on_conflict(
            conflict_target=(TallyRow.tenant, TallyRow.level, TallyRow.bucket),
            update={column: column + EXCLUDED[column.name] for column in (TallyRow.sessions, TallyRow.started)},
        ),
        "add_token": _insert(TokenRow, mark).on_conflict_replace(),
        "keep": _insert(OutcomeRow, mark).on_conflict_replace(),
        "set_session": _set((*indexed, SessionRow.body), mark),
        "set_body": _set((SessionRow.body,), mark),
        "drop_session": SessionRow.delete().where(this),
        "drop_term": TermRow.delete().where(
            TermRow.tenant == mark, TermRow.term == mark, TermRow.sort_at == mark, TermRow.ordinal == mark
        ),
    }


def _set(columns: tuple[Any, ...], mark: SQL) -> Any:
    """New values of some columns, then the ordinal of the session that they are for."""
    values = {column: SQL(f"changed.column{number}") for number, column in enumerate(columns, 1)}
    source = SQL(f"{_values(mark, len(columns) + 1).sql} AS changed")
    return SessionRow.update(values).from_(source).where(SessionRow.ordinal == SQL(f"changed.column{len(columns) + 1}"))


def _insert(model: type[Model], mark: SQL) -> Any:
    return model.insert(dict.fromkeys(model._meta.sorted_fields, mark))


def _kept(mark: SQL) -> Any:
    return OutcomeRow.select(*_KEPT).where(OutcomeRow.slot == mark, OutcomeRow.expires_at >= mark)


def _expire(mark: SQL) -> Any:
    """Forget some expired outcomes, the oldest first."""
    old = OutcomeRow.alias("old")
    expired = old.select(old.slot).where(old.expires_at < mark).order_by(old.expires_at).limit(SQL("1000"))
    return OutcomeRow.delete().where(OutcomeRow.slot.in_(expired))
