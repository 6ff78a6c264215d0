"""Looking ahead: what the writes of one batch will look up, asked of the database all at once.

A look-up of its own costs each write several turns of the interpreter's lock, and beside a busy event loop each turn is
waited for. So the questions are derived from the writes, and those of one kind are asked with one statement; what is
found leads to the next question, for a few rounds. A question that comes up only later, since another write of the
batch made a difference, is answered by a look-up of its own.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Any

from gateway.commands import ByKey, ByToken, ByUid, Write
from gateway.handler import Draft, Policy, resolve, slot_of
from gateway.model import Key
from gateway.outcome import Fault
from gateway.places import key_of, number_of, place_of
from gateway.slots import closes
from gateway.store.columns import slot_name
from gateway.store.dialect import Question
from gateway.store.snapshot import Found, Snapshot, Stored, bytes_of, stored_of, token_of
from gateway.store.steps import Steps
from gateway.work import Work

_ROUNDS = 3
"""The caller's own session, the session that is named, the slot: nobody asks more in a row."""

_NONE: tuple[Found, Found] = (None, None)
"""No session has the key: a close of it repeats nothing."""
_UNKNOWN = [None, None]
"""A place with no sessions."""

Drafted = tuple[Work, Draft | None]
Ask = Callable[[Sequence[Question]], Steps[list[list[Any]]]]


@dataclass(slots=True)
class _Questions:
    """What is to be looked up, by kind: uids by their numbers; keys at their places, of which each has one."""

    uids: set[int] = field(default_factory=set)
    keys: dict[int, tuple[str, Key]] = field(default_factory=dict)
    tokens: set[tuple[str, str]] = field(default_factory=set)
    slots: set[str] = field(default_factory=set)


def look_ahead(stored: Snapshot, writes: Sequence[Drafted], policy: Policy, ask: Ask) -> Steps[None]:
    """Answer in ``stored.ahead`` what the writes will ask; ``ask`` gives the rows of several questions."""
    left = list(writes)
    for _ in range(_ROUNDS):
        if not left:
            return
        questions = _Questions()
        left = [drafted for drafted in left if _ask(stored, questions, *drafted, policy)]
        yield from _answer(stored, questions, ask)


def _ask(stored: Snapshot, questions: _Questions, work: Work, drafted: Draft | None, policy: Policy) -> bool:
    """Note what a write asks next; whether it may ask more."""
    write, ahead = work.command, stored.ahead
    if not isinstance(write, Write) or drafted is None:
        return False
    if (token := _token(work, write)) is not None and token not in ahead.tokens:
        questions.tokens.add(token)
        return True
    find = write.find
    if isinstance(find, ByUid) and find.uid.int not in ahead.uids:
        questions.uids.add(find.uid.int)
        return True
    if isinstance(find, ByKey):
        tenant = _tenant(stored, work, token)
        if tenant is None:
            return False
        if (known := ahead.keys.get((tenant, find.key))) is None:
            # Where it is known by now to be left to a look-up of its own, it is not asked for again.
            questions.keys[_place(tenant, find.key, drafted)] = tenant, find.key
            return True
        if known is _NONE and closes(work, write):
            return False
    return drafted.command is not None and _ask_slot(stored, questions, work, drafted, policy)


def _token(work: Work, write: Write) -> tuple[str, str] | None:
    """The secret that names the write's session, or its caller's."""
    if isinstance(write.find, ByToken):
        return write.find.api, write.find.digest
    return (work.api.name, work.token) if work.principal is None and work.token else None


def _tenant(stored: Snapshot, work: Work, token: tuple[str, str] | None) -> str | None:
    if work.principal is not None:
        return work.principal.tenant
    found = stored.ahead.tokens[token] if token is not None else None
    return found.session.tenant if found is not None else None


def _place(tenant: str, key: Key, drafted: Draft) -> int:
    """The place of a key, which a session that the write would make has as well, as nearly always."""
    made, forms = drafted.made, drafted.forms
    if made is not None and forms is not None and made.key is key and made.tenant == tenant:
        return int(forms.made.place[0])
    return number_of(place_of(tenant, key))


def _ask_slot(stored: Snapshot, questions: _Questions, work: Work, drafted: Draft, policy: Policy) -> bool:
    assert isinstance(work.command, Write)
    try:
        slot = slot_of(work, drafted, *resolve(stored, work, work.command, drafted), policy)
    except Fault:
        # It is refused again when the write is run, and told there.
        return False
    if slot is not None:
        questions.slots.add(slot.name)
    return False


def _answer(stored: Snapshot, asked: _Questions, ask: Ask) -> Steps[None]:
    kinds = [kind for kind in _kinds(stored, asked) if kind[1]]
    if kinds:
        found = yield from ask([kind[:2] for kind in kinds])
        for (_, _, learn), rows in zip(kinds, found, strict=True):
            learn(rows)


def _kinds(stored: Snapshot, asked: _Questions) -> Iterator[tuple[str, Sequence[Any], Callable[[list[Any]], None]]]:
    """What is asked of each kind, and what becomes of the rows that are found."""
    sql, slots, tokens = stored.sql, list(asked.slots), list(asked.tokens)
    yield sql.latest_by_key, [(place,) for place in sorted(asked.keys)], partial(_by_key, stored, asked.keys)
    yield sql.sessions_by_uid, [(bytes_of(uid),) for uid in asked.uids], partial(stored.learn, asked.uids)
    yield sql.sessions_by_token, [(api, token_of(token)) for api, token in tokens], partial(_by_token, stored, tokens)
    yield sql.kept_in, [slot_name(slot) for slot in slots], partial(_by_slot, stored, slots)


def _by_token(stored: Snapshot, tokens: Iterable[tuple[str, str]], rows: list[Any]) -> None:
    found = {(row[0], bytes(row[1])): stored_of(row[2:]) for row in rows}
    stored.ahead.tokens.update({(api, token): found.get((api, token_of(token))) for api, token in tokens})


def _by_slot(stored: Snapshot, slots: Sequence[str], rows: list[Any]) -> None:
    stored.ahead.slots.update(stored.kept_of(slots, rows))


def _by_key(stored: Snapshot, places: Mapping[int, tuple[str, Key]], latest: list[Any]) -> None:
    """Sessions by their places; a key that shares its place with another is left to a look-up of its own."""
    found = stored.ahead.keys
    wanted = {ordinal for row in latest for ordinal in row[1:] if ordinal is not None}
    rows = stored.connection.together(stored.sql.sessions_at, [(ordinal,) for ordinal in wanted])
    known = {row[2]: ((row[0], bytes(row[1])), stored_of(row[2:])) for row in rows}
    for place, *ordinals in latest:
        tenant, key = places[place]
        if ordinals == _UNKNOWN:
            found[tenant, key] = _NONE
            continue
        pair = [known.get(ordinal) for ordinal in ordinals]
        whole = (tenant, key_of(key))
        if all(one is None or (row and row[0] == whole) for one, row in zip(ordinals, pair, strict=True)):
            found[tenant, key] = _sessions(pair)


def _sessions(pair: list[tuple[tuple[str, bytes], Stored] | None]) -> tuple[Found, Found]:
    opened, closed = (row[1] if row is not None else None for row in pair)
    return opened, closed
