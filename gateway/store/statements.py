"""The hot statements: fixed SQL text, compiled once from the models, in the words of the database.

Placeholders take values in the order in which they stand in the text.
"""

from dataclasses import dataclass
from typing import Any

from peewee import EXCLUDED, SQL, Model, Select, SqliteDatabase, fn

from gateway.store.dialect import Dialect, compiled
from gateway.store.tables import EventRow, MetaRow, NameRow, SessionRow, StateRow, TallyRow, TermRow, TokenRow

_FOUND = (SessionRow.ordinal, SessionRow.latest, SessionRow.kept_until, SessionRow.body)


@dataclass(frozen=True, slots=True)
class Statements:
    """SQL text of every statement that a write or a look-up runs."""

    last_position: str
    sessions_by_uid: str
    sessions_by_token: str
    sessions_at: str
    latest_by_key: str
    kept_in: str
    states_at: str
    event_with: str
    session_by_uid: str
    latest_with_key: str
    session_by_open_key: str
    session_by_token: str
    add_session: str
    set_session: str
    set_body: str
    drop_session: str
    add_name: str
    drop_name: str
    add_term: str
    drop_term: str
    add_token: str
    add_tally: str
    add_event: str
    add_state: str
    expire: str
    probe: str


_GRAMMAR = SqliteDatabase(None)
"""What all statements are written in, before a dialect rewrites them."""


def compile_for(dialect: Dialect) -> Statements:
    """The statements in the SQL of this database."""
    mark = SQL(_GRAMMAR.param)

    def text(query: Any) -> str:
        sql, values = compiled(_GRAMMAR, query)
        assert not values
        return dialect.rewrite(sql)

    return Statements(
        last_position=text(EventRow.select(fn.MAX(EventRow.position))),
        event_with=text(EventRow.select(EventRow.position).where(EventRow.id == mark)),
        expire=text(_expire(mark)),
        probe=text(MetaRow.update({MetaRow.value: MetaRow.value + SQL("1")}).where(MetaRow.name == SQL("'probe'"))),
        latest_with_key=_both(*[text(_latest_of(mark, is_open)) for is_open in (1, 0)]),
        **{name: text(query) for name, query in (_finds(mark) | _finds_many(mark) | _changes(mark)).items()},
    )


def _finds(mark: SQL) -> dict[str, Any]:
    by_token = SessionRow.select(*_FOUND).join(TokenRow, on=(TokenRow.ordinal == SessionRow.ordinal))
    return {
        "session_by_uid": SessionRow.select(*_FOUND).where(SessionRow.uid == mark),
        "session_by_open_key": _latest_of(mark, 1),
        "session_by_token": by_token.where(TokenRow.api == mark, TokenRow.token == mark),
    }


def _latest_of(mark: SQL, is_open: int) -> Any:
    """The latest session of a place, below a bound, among the open or the closed; the first whose whole key fits."""
    found = SessionRow.select(*_FOUND).join(NameRow, on=(NameRow.position == SessionRow.ordinal))
    place = (NameRow.place == mark, NameRow.tag == SQL(str(is_open)), NameRow.position < mark)
    whole = (SessionRow.tenant == mark, SessionRow.key == mark)
    return found.where(*place, *whole).order_by(NameRow.position.desc()).limit(SQL("1"))


def _both(opened: str, closed: str) -> str:
    """What two statements find, of which each may have an order and a limit of its own."""
    return f"SELECT * FROM ({opened}) AS opened UNION ALL SELECT * FROM ({closed}) AS closed"  # noqa: S608 - fixed texts


def _values(mark: SQL, columns: int) -> SQL:
    """One row of values, which :meth:`gateway.store.dialect.Connection.together` makes several of."""
    return SQL(f"(VALUES ({', '.join([mark.sql] * columns)}))")


def _finds_many(mark: SQL) -> dict[str, Any]:
    """The same look-ups for many writes at once; each row says what it answers."""
    asked, (first, second) = SQL(f"{_values(mark, 2).sql} AS asked"), (SQL("asked.column1"), SQL("asked.column2"))
    event = (EventRow.position, EventRow.session_uid, EventRow.command, EventRow.created, EventRow.body)
    # Joined, since SQLite looks for none of several rows of values in an index, but goes through all of it.
    by_token = Select([asked, TokenRow, SessionRow], [TokenRow.api, TokenRow.token, *_FOUND])
    kept = Select([asked, NameRow, EventRow], [NameRow.place, EventRow.slot, EventRow.expires_at, *event])
    return {
        "sessions_at": SessionRow.select(SessionRow.tenant, SessionRow.key, *_FOUND).where(
            SessionRow.ordinal.in_(_values(mark, 1))
        ),
        "states_at": Select(
            [SQL(f"{_values(mark, 1).sql} AS asked"), StateRow], [StateRow.position, StateRow.body]
        ).where(StateRow.position == first),
        "sessions_by_uid": SessionRow.select(*_FOUND).where(SessionRow.uid.in_(_values(mark, 1))),
        "sessions_by_token": by_token.where(
            TokenRow.api == first, TokenRow.token == second, SessionRow.ordinal == TokenRow.ordinal
        ),
        "kept_in": kept.where(
            *(NameRow.place == first, NameRow.tag == second, EventRow.position == NameRow.position),
            EventRow.slot.is_null(False),
        ),
        "latest_by_key": _latest_of_many(mark),
    }


def _latest_of_many(mark: SQL) -> Any:
    """Of each place its latest open and its latest closed ordinal."""
    asked = SQL("asked.column1")

    def latest(is_open: int) -> Any:
        row = NameRow.alias("row")
        return row.select(fn.MAX(row.position)).where(row.place == asked, row.tag == SQL(str(is_open)))

    source = SQL(f"{_values(mark, 1).sql} AS asked")
    return Select([source], [asked, latest(1).alias("opened"), latest(0).alias("closed")])


def _changes(mark: SQL) -> dict[str, Any]:
    added = {
        "add_session": SessionRow,
        "add_name": NameRow,
        "add_term": TermRow,
        "add_event": EventRow,
        "add_state": StateRow,
    }
    indexed = (SessionRow.is_open, SessionRow.sort_at, SessionRow.started_at, SessionRow.state)
    rest = (SessionRow.latest, SessionRow.kept_until, SessionRow.body)
    this = SessionRow.ordinal == mark
    return {
        **{name: _insert(model, mark) for name, model in added.items()},
        "add_tally": _insert(TallyRow, mark).on_conflict(
            conflict_target=(TallyRow.tenant, TallyRow.level, TallyRow.bucket),
            update={column: column + EXCLUDED[column.name] for column in (TallyRow.sessions, TallyRow.started)},
        ),
        "add_token": _insert(TokenRow, mark).on_conflict(
            conflict_target=(TokenRow.api, TokenRow.token), update={TokenRow.ordinal: EXCLUDED.ordinal}
        ),
        "set_session": _set((*indexed, *rest), mark),
        "set_body": _set(rest, mark),
        "drop_session": SessionRow.delete().where(this),
        "drop_name": NameRow.delete().where(NameRow.place == mark, NameRow.tag == mark, NameRow.position == mark),
        "drop_term": TermRow.delete().where(
            TermRow.tenant == mark, TermRow.term == mark, TermRow.sort_at == mark, TermRow.ordinal == mark
        ),
    }


def _set(columns: tuple[Any, ...], mark: SQL) -> Any:
    """New values of some columns, then the ordinal of the session that they are for."""
    # A column of nothing but nulls has no type of its own.
    forms = ["CAST(changed.column{} AS BIGINT)" if column.null else "changed.column{}" for column in columns]
    values = {column: SQL(forms[number].format(number + 1)) for number, column in enumerate(columns)}
    source = SQL(f"{_values(mark, len(columns) + 1).sql} AS changed")
    return SessionRow.update(values).from_(source).where(SessionRow.ordinal == SQL(f"changed.column{len(columns) + 1}"))


def _insert(model: type[Model], mark: SQL) -> Any:
    return model.insert(dict.fromkeys(model._meta.sorted_fields, mark))


def _expire(mark: SQL) -> Any:
    """Forget some expired states, the oldest first."""
    old = StateRow.alias("old")
    expired = old.select(old.position).where(old.expires_at < mark).order_by(old.position).limit(SQL("1000"))
    return StateRow.delete().where(StateRow.position.in_(expired))
