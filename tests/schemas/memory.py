"""A store of dicts, and a caller that runs one operation of an API through handler and check, without a wire."""

import uuid
from datetime import UTC, datetime, timedelta

from gateway.handler import Kept, execute
from gateway.outcome import Outcome
from gateway.spi import Answer, Api, Context, Fault, FaultKind, Key, NativeFault, Principal, Session, SessionEvent, Tree
from gateway.work import RawRequest, Work
from schemas.api import Asked, Native

NOW = datetime(2026, 1, 2, 3, 4, 5, 678000, tzinfo=UTC)
TRACE = "0af7651916cd43dd8448eb211c80319c"


class Memory:
    """Meets :class:`gateway.handler.Transaction` as far as these tests need it."""

    def __init__(self) -> None:
        self.sessions: dict[uuid.UUID, Session] = {}
        self.events: list[SessionEvent] = []
        self.slots: dict[str, Kept] = {}

    def by_uid(self, tenant, uid):
        session = self.sessions.get(uid)
        return session if session is not None and tenant in (None, session.tenant) else None

    def by_key(self, tenant, key, open_only):
        found = [each for each in self.sessions.values() if each.key == key and tenant in (None, each.tenant)]
        return next((each for each in reversed(found) if each.is_open or not open_only), None)

    def list_sessions(self, tenant, command):
        return Outcome(sessions=tuple(self.sessions.values()))

    def list_events(self, tenant, command):
        return Outcome(events=tuple(self.events))

    def save_session(self, session):
        self.sessions[session.uid] = session

    def drop_session(self, session):
        self.sessions.pop(session.uid)

    def kept(self, slot, at):
        return self.slots.get(slot)

    def keep(self, slot, outcome):
        self.slots[slot.name] = Kept(slot.command, outcome)

    @property
    def next(self):
        return len(self.events) + 1

    def append(self, event, raw):
        self.events.append(event)


class Caller:
    """Calls operations of one API, each a second after the one before."""

    def __init__(self, api: Api, principal: Principal | None) -> None:
        self.api, self.principal, self.store = api, principal, Memory()
        self.at = NOW

    def __call__(self, name: str, tree: Tree) -> Answer:
        self.at += timedelta(seconds=1)
        operation = self.api.operation(name)
        assert operation is not None
        operation.request.check(tree)
        context = Context(self.principal, self.at, TRACE)
        mapped = operation.command(tree, context)
        asked = Asked(tree, context, "http://gateway.example", TRACE)
        work = Work(
            api=self.api,
            operation=operation,
            protocol="rest",
            command=mapped.command,
            principal=self.principal,
            event_id=uuid.uuid4(),
            session_uid=uuid.uuid4(),
            secret="secret",
            received_at=self.at,
            correlation_id=TRACE,
            asked=asked,
            raw=RawRequest("PATCH", "/", "application/json", b"{}"),
            notes=mapped.notes,
        )
        answer = operation.present(execute(self.store, work), asked)
        (answer.message or operation.answer).check(answer.tree)
        return answer

    def put(self, key: Key, **values) -> Session:
        """Put a session into the store as it is."""
        session = Session(uid=uuid.uuid4(), tenant="demo", key=key, recorded_at=self.at, updated_at=self.at, **values)
        self.store.save_session(session)
        return session


def native(api: Api, fault: Fault) -> NativeFault:
    """The fault as the pipeline hands it to a protocol."""
    row = api.faults[fault.kind]
    assert isinstance(row, Native)
    return NativeFault(row.status, fault.code or row.code, row.text or fault.message, fault)


def total(api: Api) -> bool:
    """Whether the table of faults names every kind there is, and no other."""
    return set(api.faults) == set(FaultKind)
