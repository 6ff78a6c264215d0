"""What the store's tests are made of: prepared requests of an API with no bytes, and writes to send."""

import asyncio
import threading
import uuid
from contextlib import closing, contextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from functools import partial

import apsw

from gateway.commands import ByKey, ByToken, Missing, Retry, Write
from gateway.credentials import digest
from gateway.model import EventKind, Key, Principal
from gateway.outcome import Fault, FaultKind
from gateway.store import open_store
from gateway.work import RawRequest, Work
from schemas.api import Api, Asked, Context, Operation

NOON = datetime(2026, 1, 2, 12, 0, 0, 123456, tzinfo=UTC)


def refuse_closed(before, after, write):
    """The check of the operation: a session that has ended is not changed."""
    if before is not None and not before.is_open and write.facts.get("strict"):
        raise Fault(FaultKind.INVALID_TRANSITION, "The session has ended.")
    if write.facts.get("bug"):
        raise ZeroDivisionError("a bug in an API")


OPERATION = Operation("Change", None, None, None, None, check=refuse_closed)
OTHER_OPERATION = Operation("Other", None, None, None, None)
API = Api("biot", "BioT", ("rest",), ("/",), (OPERATION, OTHER_OPERATION), {})
ANNE = Principal("anne", "biot", "north")
BOB = Principal("bob", "biot", "south")
OPERATOR = Principal("operator", "operator", None)


def database_of(path):
    """A store's database as another program sees it. (Two SQLites in one process see none of each other's locks.)"""
    return closing(apsw.Connection(str(path)))


def work(command, principal=ANNE, at=NOON, after=0.0, operation=OPERATION, secret="", **options):
    """One prepared request, ``after`` seconds later than ``at``."""
    received = at + timedelta(seconds=after)
    return Work(
        api=API,
        operation=operation,
        protocol="rest",
        command=command,
        principal=principal,
        event_id=uuid.uuid4(),
        session_uid=uuid.uuid4(),
        secret=secret or uuid.uuid4().hex,
        received_at=received,
        correlation_id="ab" * 16,
        asked=Asked({}, Context(principal, received)),
        raw=RawRequest("POST", "/x", "application/json", b'{"name":"one"}'),
        **options,
    )


def again(prepared, after):
    """The same request, sent again some seconds later: new ids, the same command."""
    received = prepared.received_at + timedelta(seconds=after)
    fresh = {"event_id": uuid.uuid4(), "session_uid": uuid.uuid4(), "secret": uuid.uuid4().hex}
    return replace(prepared, received_at=received, **fresh)


def key(name="one"):
    """A session's key."""
    return Key("biot", "realm", name)


def opened(name="one", /, retry=Retry.NONE, **changes):
    """A write that makes a session each time."""
    return Write(EventKind.OPENED, key=key(name), missing=Missing.CREATE, changes=changes, retry=retry)


def upserted(name="one", /, retry=Retry.WINDOW, kind=EventKind.UPDATED, **changes):
    """A write that changes the latest session of a key, or makes one."""
    return Write(kind, ByKey(key(name)), missing=Missing.CREATE, changes=changes, retry=retry)


def closed(name="one", /, retry=Retry.WINDOW, **changes):
    """A write that ends the latest open session of a key."""
    return Write(EventKind.CLOSED, ByKey(key(name), open_only=True), changes=changes, retry=retry)


def logged_out(secret):
    """A write that ends the session of a secret; it is refused when the session has ended."""
    find = ByToken("biot", digest(secret))
    return Write(EventKind.CLOSED, find, retry=Retry.WINDOW, facts={"strict": True})


def logged_in(name="one"):
    """A write that makes a session and asks for a secret."""
    return Write(EventKind.OPENED, key=key(name), missing=Missing.CREATE, grants=True, retry=Retry.WINDOW)


@contextmanager
def turning():
    """An event loop that runs in a thread of its own."""
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever)
    thread.start()
    try:
        yield loop
    finally:
        loop.call_soon_threadsafe(loop.stop)
        thread.join()
        loop.close()


@contextmanager
def openings(path, in_loop):
    """What opens the store there, with some settings; its writes run in the ledger's own thread, or in a loop's."""
    if not in_loop:
        yield partial(open_store, path)
        return
    with turning() as loop:

        def attached(settings=None):
            store = open_store(path, settings)
            store.attach(loop)
            return store

        yield attached
