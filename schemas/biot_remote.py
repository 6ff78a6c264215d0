"""BioT's remote control of usage sessions: start, stop, pause, resume.

In the published service a command goes to the device: the session is ACTIVATING, PAUSING, RESUMING or STOPPING until
the device has answered. The gateway has no line to devices. So it either takes every command for carried out at once
(``direct``): the answer tells the passing state, as at that moment in the published service, and the next read tells
the state that it passes into; or the session stays in the passing state until the device reports by an update
(``device``).
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from gateway.spi import Answer, Asked, ByKey, Context, EventKind, Mapped, Outcome, Session, State, Tree, Write
from schemas.biot_answers import present_session
from schemas.biot_commands import key_of, made
from schemas.biot_options import Options
from schemas.biot_rules import NATIVE_OF, REMOTE, STATE_OF, check_device, check_initiator, check_transition


@dataclass(frozen=True, slots=True)
class Control:
    """One command: the state that a session passes, the one that it passes into, and what that makes happen."""

    passing: str
    final: State
    kind: EventKind


REMOTE_CONTROL: Mapping[str, Control] = {
    "start": Control("ACTIVATING", State.OPEN, EventKind.OPENED),
    "stop": Control("STOPPING", State.CLOSED, EventKind.CLOSED),
    "pause": Control("PAUSING", State.PAUSED, EventKind.PAUSED),
    "resume": Control("RESUMING", State.OPEN, EventKind.RESUMED),
}


def _state(options: Options, wanted: Control) -> State:
    return wanted.final if options.remote_control == "direct" else STATE_OF[wanted.passing]


def start(options: Options, tree: Tree, context: Context) -> Mapped:
    """The write of a ``startSession``: the session starts now."""
    state = _state(options, REMOTE_CONTROL["start"])
    origin = {"state": NATIVE_OF[state], "template_id": str(tree["_templateId"]), "initiator": REMOTE}
    mapped = made(tree, context, origin, {"state": state, "started_at": context.received_at})
    assert isinstance(mapped.command, Write)
    # It happens when it arrives, which makes it no other command when it is sent again.
    return replace(mapped, command=replace(mapped.command, occurred_at=None, volatile=("started_at",)))


def control(options: Options, wanted: Control, tree: Tree, context: Context) -> Mapped:
    """The write of a command to a session."""
    state = _state(options, wanted)
    changes: dict[str, Any] = {"state": state, "attributes": {"biot": {"state": NATIVE_OF[state]}}}
    volatile = ("ended_at",) if state is State.CLOSED else None
    if volatile:
        changes |= {"ended_at": context.received_at, "stop_code": "COMPLETION"}
    kind = wanted.kind if state is wanted.final else EventKind.UPDATED
    facts = {"device_id": tree["device_id"]}
    return Mapped(Write(kind, ByKey(key_of(tree, context)), changes=changes, facts=facts, volatile=volatile))


def check_control(options: Options, wanted: Control, before: Session | None, after: Session, write: Write) -> None:
    """Raise the first published fault that a command earns: device, initiator, transition."""
    assert before is not None
    check_device(before, write.facts["device_id"])
    check_initiator(before, REMOTE)
    check_transition(before, wanted.passing, options)


def present_control(options: Options, status: int, wanted: Control, outcome: Outcome, asked: Asked) -> Answer:
    """The session while the device carries out the command."""
    answer = present_session(options, status, outcome, asked)
    if options.remote_control == "device" or answer.tree is None:
        return answer
    summary = {**answer.tree["_summary"], "_stopReason": None, "_stopReasonCode": None}
    passing = {"_state": wanted.passing, "_endTime": None, "_summary": summary}
    return Answer({**answer.tree, **passing}, status)
