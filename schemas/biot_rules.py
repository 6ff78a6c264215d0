"""What BioT refuses: the rules of a usage session, in the order in which they are checked.

Nobody published a transition table; the codes, the documentation's examples and public client suites lead to these.
"""

from collections.abc import Mapping
from datetime import timedelta
from typing import Any, NamedTuple

from gateway.spi import Session, State, Write
from schemas.biot_codes import refusal
from schemas.biot_options import Options
from schemas.biot_templates import check_attributes
from schemas.instants import instant_text

STATE_OF: Mapping[str, State] = {
    "ACTIVE": State.OPEN,
    "DONE": State.CLOSED,
    "PAUSED": State.PAUSED,
    "ACTIVATING": State.OPENING,
    "PAUSING": State.PAUSING,
    "RESUMING": State.RESUMING,
    "STOPPING": State.CLOSING,
}
NATIVE_OF: Mapping[State, str] = {state: native for native, state in STATE_OF.items()}

TIGHT: Mapping[str, frozenset[str]] = {
    "ACTIVATING": frozenset({"ACTIVE", "DONE", "STOPPING"}),
    "ACTIVE": frozenset({"PAUSING", "PAUSED", "STOPPING", "DONE"}),
    "PAUSING": frozenset({"PAUSED", "ACTIVE", "STOPPING", "DONE"}),
    "PAUSED": frozenset({"RESUMING", "ACTIVE", "STOPPING", "DONE"}),
    "RESUMING": frozenset({"ACTIVE", "PAUSED", "STOPPING", "DONE"}),
    "STOPPING": frozenset({"DONE"}),
    "DONE": frozenset(),
}
"""The natural order of a remote-controlled session; used with ``biot.transitions = tight``."""

LOOSE: Mapping[str, frozenset[str]] = {
    state: frozenset() if state == "DONE" else frozenset(STATE_OF) for state in STATE_OF
}
"""DONE is final, everything else may follow anything."""

EXTERNAL = "EXTERNAL"
REMOTE = "REMOTE_CONTROL"


class Case(NamedTuple):
    """One write under check: the session before (None: a new one) and after it, the state after it as BioT spells it,
    and what is set."""

    before: Session | None
    after: Session
    state: str
    write: Write
    options: Options

    def sets(self, *names: str) -> bool:
        """Whether the request sent any of these canonical members."""
        return not self.write.changes.keys().isdisjoint(names)


def stored(session: Session) -> Mapping[str, Any]:
    """What BioT keeps in a session's attributes; empty for a session that another API made."""
    found = session.attributes.get("biot")
    return found if isinstance(found, dict) else {}


def initiator(session: Session) -> str:
    """Who started the session: EXTERNAL unless the store says REMOTE_CONTROL."""
    return REMOTE if stored(session).get("initiator") == REMOTE else EXTERNAL


def native_id(session: Session) -> str:
    """The session's id as BioT callers know it."""
    return session.key.id or str(session.uid)


def check_device(session: Session, device_id: str) -> None:
    """Raise SESSION_WRONG_DEVICE_ID unless the session is on this device."""
    if session.device.device_id != device_id:
        found = native_id(session)
        text = f"Session [{found}] is not a session of device [{device_id}]"
        raise refusal("SESSION_WRONG_DEVICE_ID", text, id=found, deviceId=device_id)


def check(options: Options, before: Session | None, after: Session, write: Write) -> None:
    """Raise the first published fault that a write earns: device, initiator, transition, then business rules."""
    case = Case(before, after, NATIVE_OF[after.state], write, options)
    if before is not None:
        check_device(before, write.facts["device_id"])
        if options.remote_control == "direct":
            check_initiator(before, EXTERNAL)
        check_transition(before, case.state, options)
    for rule in (_end_time, _stop_data, _future, _order, _attributes):
        rule(case)


def check_initiator(session: Session, current: str) -> None:
    """Raise SESSION_INITIATOR_MISMATCH unless the session was started in the way in which it is changed now."""
    original = initiator(session)
    if original != current:
        raise refusal(
            "SESSION_INITIATOR_MISMATCH",
            f"A session that was started as [{original}] is not changed as [{current}]",
            originalInitiator=original,
            currentInitiator=current,
        )


def check_transition(before: Session, target: str, options: Options) -> None:
    """Raise SESSION_STATE_CHANGE_INVALID unless the state may follow the session's present one."""
    current = NATIVE_OF[before.state]
    allowed = TIGHT if options.transitions == "tight" else LOOSE
    if target != current and target not in allowed[current]:
        text = f"A session cannot go from [{current}] to [{target}]"
        raise refusal("SESSION_STATE_CHANGE_INVALID", text, currentState=current, targetState=target)


def check_delete(options: Options, before: Session | None, after: Session, write: Write) -> None:
    """Raise the first published fault that a delete earns: device, then state."""
    assert before is not None
    check_device(before, write.facts["device_id"])
    free = options.delete == "all" or (options.delete == "external" and initiator(before) == EXTERNAL)
    if before.is_open and not free:
        found, state = native_id(before), NATIVE_OF[before.state]
        text = f"Session [{found}] cannot be deleted in state [{state}]"
        raise refusal("CANNOT_DELETE_NON_DONE_SESSION", text, id=found, state=state)


def _end_time(case: Case) -> None:
    if not case.sets("state", "ended_at"):
        return
    ended = case.after.ended_at
    if (ended is None) is (case.state == "DONE"):
        raise refusal(
            "END_TIME_VALUE_INVALID_FOR_SESSION_STATE",
            f"_endTime must {'' if ended is None else 'not '}be set when the state is [{case.state}]",
            value=None if ended is None else instant_text(ended),
            state=case.state,
        )


def _stop_data(case: Case) -> None:
    if not case.sets("state", "stop_reason", "stop_code"):
        return
    found = {"_stopReason": case.after.stop_reason, "_stopReasonCode": case.after.stop_code}
    present = [name for name, value in found.items() if value is not None]
    if case.state != "DONE" and present:
        name = present[0]
        text = f"[{name}] must not be set when the state is [{case.state}]"
        raise refusal(
            "STOP_DATA_NOT_NULL_FOR_NON_DONE_SESSION",
            text,
            attributeName=name,
            value=found[name],
            state=case.state,
        )
    if case.state == "DONE" and len(present) < {"none": 0, "either": 1, "both": 2}[case.options.stop_data]:
        raise refusal("STOP_DATA_NULL_FOR_DONE_SESSION", "A session that is DONE must say why it was stopped")


def _future(case: Case) -> None:
    # The instant of the write itself: it is the same when the write is run again.
    now = case.after.updated_at
    for name in ("started_at", "ended_at"):
        sent = case.write.changes.get(name)
        if sent is not None and sent > now + timedelta(seconds=case.options.clock_skew):
            text = f"Time [{instant_text(sent)}] is in the future"
            raise refusal("TIME_IN_FUTURE", text, time=instant_text(sent), currentTime=instant_text(now))


def _order(case: Case) -> None:
    start, end = case.after.started_at, case.after.ended_at
    if case.sets("started_at", "ended_at") and start is not None and end is not None and start > end:
        raise refusal(
            "START_TIME_AFTER_END_TIME",
            "_startTime is after _endTime",
            startTime=instant_text(start),
            endTime=instant_text(end),
        )


def _attributes(case: Case) -> None:
    if case.options.attributes:
        sent = case.write.changes.get("attributes", {}).get("biot", {})
        template = str(stored(case.after).get("template_id") or case.options.usage_template)
        check_attributes(case.options.attributes, sent, template_id=template, created=case.before is None)
