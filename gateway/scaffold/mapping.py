"""What the names of members and operations suggest about the canonical model. Only what is harmless becomes code."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import pairwise
from typing import TypeAlias

from adapters.scalars import Kind
from gateway.scaffold.contract import Call, Field, walk
from gateway.scaffold.names import words

Found: TypeAlias = list[tuple[tuple[str, ...], Field]]

_SCALARS = frozenset(Kind) - {Kind.OBJECT, Kind.LIST, Kind.ANY}

SUBJECT: Mapping[str, frozenset[str]] = {
    "email": frozenset({"email", "emailaddress", "useremail", "mail"}),
    "user_id": frozenset({"userid", "username", "user", "login", "loginname", "enduser", "employeeid", "personid"}),
}
DEVICE: Mapping[str, frozenset[str]] = {
    "serial": frozenset({"serial", "serialnumber", "deviceserialnumber", "deviceserial"}),
    "vehicle": frozenset({"vehicle", "vehicleid", "registration", "numberplate"}),
    "device_id": frozenset({"deviceid", "device", "workstation", "workstationid", "terminal", "terminalid", "kioskid"}),
}
TIMES: Mapping[str, frozenset[str]] = {
    "started_at": frozenset({"starttime", "startedat", "start", "startdate", "logintime", "begin", "sessionstart"}),
    "ended_at": frozenset({"endtime", "endedat", "end", "enddate", "logouttime", "sessionend", "stoptime"}),
}
SESSION = frozenset({"sessionid", "sessionuid", "session", "sessionkey", "usagesessionid", "index", "sessionindex"})

VERBS: Mapping[str, frozenset[str]] = {
    "opens": frozenset({"start", "begin", "open", "login", "logon", "signin", "checkin"}),
    "closes": frozenset({"end", "stop", "close", "logout", "logoff", "signout", "checkout", "finish"}),
    "pauses": frozenset({"pause", "suspend"}),
    "resumes": frozenset({"resume", "continue"}),
    "changes": frozenset({"update", "change", "edit", "modify", "set"}),
}
KINDS = {"opens": "OPENED", "closes": "CLOSED", "pauses": "PAUSED", "resumes": "RESUMED", "changes": "UPDATED"}
READS = frozenset(
    {"get", "list", "find", "search", "query", "fetch", "read", "lookup", "count", "is", "has", "check", "show", "log"}
)
"""Words of operations that ask and change nothing: at the start of a name, or ``log`` at its end."""


@dataclass(frozen=True, slots=True)
class Guess:
    """What seems plain about a request: fields of subject and device, each with the names that lead to its value."""

    subject: Mapping[str, tuple[str, ...]]
    device: Mapping[str, tuple[str, ...]]
    todo: str


def reads(name: str) -> bool:
    """Whether an operation of this name asks only."""
    found = words(name)
    found = found[:-1] if found[-1:] in (["request"], ["rq"]) else found
    return found[:1] != [] and (found[0] in READS - {"log"} or found[-1] == "log")


def guess(call: Call) -> Guess:
    """What the names of a request suggest."""
    found = [(path, field) for path, field in walk(call.request) if field.kind in _SCALARS and not field.credential]
    subject, device = _only(SUBJECT, found), _only(DEVICE, found)
    return Guess(subject, device, _todo(call, found))


def _only(table: Mapping[str, frozenset[str]], found: Found) -> dict[str, tuple[str, ...]]:
    """The canonical names that exactly one member suggests."""
    plain = [(path, "".join(words(path[-1]))) for path, _ in found]
    paths = {name: [path for path, said in plain if said in known] for name, known in table.items()}
    return {name: candidates[0] for name, candidates in paths.items() if len(candidates) == 1}


def verb(name: str) -> str | None:
    """What the name of an operation says that it does to a session; None when it says nothing, or two things."""
    found = words(name)
    pairs = {*found, *(one + other for one, other in pairwise(found))}
    said = [does for does, known in VERBS.items() if pairs & known]
    return said[0] if len(said) == 1 else None


def _todo(call: Call, found: Found) -> str:
    does = verb(call.name)
    if does is None:
        first = f"say what {call.name} does to a session: nothing so far, it is kept as a fact"
    else:
        first = f"the name says that {call.name} {does} a session: then make it EventKind.{KINDS[does]} with a Key"
    hints = list(_hints(found))
    return f"{first}. {'Candidates: ' + ', '.join(hints) + '.' if hints else ''}".strip()


def _hints(found: Found) -> Iterator[str]:
    for path, _ in found:
        name = "".join(words(path[-1]))
        if name in SESSION:
            yield f"{'.'.join(path)} for the key"
        for canonical, known in TIMES.items():
            if name in known:
                yield f"{'.'.join(path)} for {canonical}"
