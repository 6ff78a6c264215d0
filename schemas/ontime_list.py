"""OnTime's list of UserSessions: identifiers alone, by user, log-in and log-out."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from adapters.scalars import NetDateTime
from gateway.commands import SearchSessions, SessionFilter
from gateway.model import Session
from gateway.outcome import Fault, FaultKind, Outcome
from schemas.api import Answer, Asked, Context, Mapped
from schemas.message import Tree


@dataclass(frozen=True, slots=True)
class Criteria:
    """Meets :class:`gateway.commands.Pick`: the company, and the latest log-out (a session without one fits none)."""

    realm: str
    ended_to: datetime | None = None

    def rank(self, session: Session) -> tuple[Any, ...] | None:
        """See :class:`gateway.commands.Pick`: in the order of the store."""
        bound = self.ended_to
        late = bound is not None and (session.ended_at is None or session.ended_at > bound)
        return None if late or session.key.realm != self.realm else ()

    def group(self, session: Session) -> str | None:
        """See :class:`gateway.commands.Pick`."""
        return None


def list_command(tree: Tree, context: Context, realm: str, limit: int) -> Mapped:
    """The search for the records of a company; DateTime.MinValue and the empty GUID are .NET's «any»."""
    user = tree.get("user_id")
    where = SessionFilter(
        api="ontime",
        subject_uid=None if user == UUID(int=0) else user,
        started_from=_bound(tree.get("log_in_time")),
    )
    return Mapped(SearchSessions(Criteria(realm, _bound(tree.get("log_out_time"))), where, limit))


def _bound(time: NetDateTime | None) -> datetime | None:
    return None if time is None or time.is_min else time.instant()


def present_list(outcome: Outcome, asked: Asked, limit: int) -> Answer:
    """The identifiers, as a bare array. Raises a Fault where an answer would have to leave some out."""
    if outcome.total > limit:
        text = f"More than {limit} UserSessions fit; narrow the request by userId, logInTime or logOutTime."
        raise Fault(FaultKind.UNSUPPORTED, text)
    return Answer({"IDs": [UUID(session.key.id) for session in outcome.sessions]})
