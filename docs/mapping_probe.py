"""Where the members of a request turn up in its canonical command, found by trying."""

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from itertools import pairwise
from typing import Any
from uuid import UUID

from adapters.scalars import Kind, NetDateTime
from gateway.commands import canonical, plain
from gateway.model import Principal
from gateway.outcome import Fault, FaultKind
from schemas.api import Context, Operation, nobody
from schemas.leaves import Keys, put, without
from schemas.message import Member, Message, Tree

MOMENT = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)
CONTEXT = Context(Principal("probe", "probe", "demo"), MOMENT, "0" * 32)
_DAY = timedelta(days=1)
_TRIED: Mapping[Kind, tuple[Any, ...]] = {
    Kind.STRING: ("probe-a", "probe-b", "3", "4", '"3"', '"4"'),
    Kind.CHAR: ("a", "b"),
    Kind.BOOLEAN: (True, False),
    Kind.INT: (3, 4),
    Kind.LONG: (3, 4),
    Kind.DECIMAL: (Decimal("3.5"), Decimal("4.5")),
    Kind.DOUBLE: (3.5, 4.5),
    Kind.DATETIME: (NetDateTime.of(MOMENT - 9 * _DAY), NetDateTime.of(MOMENT - 8 * _DAY)),
    Kind.INSTANT: (MOMENT - 9 * _DAY, MOMENT - 8 * _DAY),
    Kind.GUID: (UUID(int=1 << 64), UUID(int=2 << 64)),
    Kind.DURATION: (timedelta(seconds=3), timedelta(seconds=4)),
    Kind.BASE64: (b"a", b"b"),
    Kind.ANY: ("probe-a", "probe-b", 1, 2),
}
CUSTOM = "*"
Flat = dict[str, Any]


@dataclass(frozen=True)
class Place:
    """One member that may be sent: ``path`` and ``keys`` as in :class:`schemas.leaves.Leaf`."""

    path: str
    keys: Keys
    member: Member | None
    required: bool

    def values(self) -> tuple[Any, ...]:
        """What to try: distinct values of its kind; of texts the sample, too, which may have a grammar."""
        if self.member is None:
            return "probe-a", "probe-b"
        if self.member.kind is Kind.ENUM:
            return self.member.choices
        return (*_TRIED.get(self.member.kind, ({},)), *_sampled(self.member))


def _sampled(member: Member) -> tuple[Any, ...]:
    if member.kind not in (Kind.STRING, Kind.ANY) or not member.sample:
        return ()
    if not isinstance(member.sample, str):
        return (member.sample,)
    other = re.sub(r"[1-8]", lambda digit: str(int(digit[0]) + 1), member.sample, count=3)
    return (member.sample, other if other != member.sample else f"{member.sample}x")


def places(message: Message, path: str = "", keys: Keys = (), required: bool = True) -> Iterator[Place]:
    """Every member that ``message`` declares, those of an item of a list once, and one that an open message keeps."""
    for member in message.members:
        yield from _places(member, f"{path}{member.name}", (*keys, member.key), required and member.required)
    if message.open:
        yield Place(f"{path}{CUSTOM}", (*keys, "probe"), None, False)


def _places(member: Member, path: str, keys: Keys, required: bool) -> Iterator[Place]:
    if member.message is not None:
        yield from places(member.message, f"{path}.", keys, required)
    elif member.item is not None:
        yield from _places(member.item, f"{path}[]", (*keys, 0), False)
    else:
        yield Place(path, keys, member, required)


@dataclass(frozen=True)
class Probe:
    """An operation, its members, and the trees that it takes: the fullest, and the least for each kind of request."""

    operation: Operation
    places: tuple[Place, ...]
    trees: tuple[Tree, ...]

    @staticmethod
    def of(operation: Operation) -> "Probe":
        """Find the trees by trying."""
        found = tuple(places(operation.request))
        least = [tree for tree in _starts(operation, found) if run(operation, tree) is not None]
        return Probe(operation, found, (_fullest(operation, found, least[0]), *least))

    def differing(self, place: Place, look: Callable[[Tree], Flat | None]) -> set[str]:
        """The names of what ``look`` sees differ between two values of ``place``, or between one and none."""
        seen: set[str] = set()
        for tree in self.trees:
            looks = [look(put(tree, place.keys, value)) for value in place.values()]
            kept = [each for each in (*looks, look(_omitted(tree, place.keys))) if each is not None]
            seen |= {name for one, two in pairwise(kept) for name in _changed(one, two)}
        return seen


def _omitted(tree: Tree, keys: Keys) -> Tree:
    found: Any = tree
    for key in keys:
        if not isinstance(found, (dict, list)) or (key not in found if isinstance(found, dict) else not found):
            return tree
        found = found[key]  # type: ignore[index]
    return without(tree, keys)  # type: ignore[no-any-return]


def _changed(one: Flat, two: Flat) -> set[str]:
    return {name for name in one.keys() | two.keys() if one.get(name) != two.get(name)}


def _starts(operation: Operation, found: tuple[Place, ...]) -> Iterator[Tree]:
    """A least tree, one for each choice of a required enumeration, and one with all that may say who asks."""
    needed = [place for place in found if place.required]
    chosen = [place for place in needed if place.member is not None and place.member.kind is Kind.ENUM]
    tree: Tree = {member.key: {} for member in operation.request.members if member.required and member.message}
    for place in needed:
        tree = put(tree, place.keys, place.values()[0])
    yield _accepted(operation, found, tree)
    if operation.credentials is not nobody:
        for place in found:
            tree = put(tree, place.keys, place.values()[0])
        yield _accepted(operation, found, tree)
    for place in chosen:
        for value in place.values():
            yield _accepted(operation, found, put(tree, place.keys, value))


def _accepted(operation: Operation, found: tuple[Place, ...], tree: Tree) -> Tree:
    """``tree`` with what the faults of the operation ask for."""
    tried: dict[str, int] = {}
    for _ in range(40):
        fault = _fault(operation, tree)
        wrong = {re.sub(r"\[\d+\]", "[]", error.path) for error in fault.fields} if fault else set()
        named = [place for place in found if place.path in wrong]
        if not named:
            return tree
        for place in named:
            number = tried.get(place.path, 0)
            tried[place.path] = number + 1
            tree = put(tree, place.keys, place.values()[number % len(place.values())])
    return tree


def _fullest(operation: Operation, found: tuple[Place, ...], tree: Tree) -> Tree:
    for place in found:
        fitting = (put(tree, place.keys, value) for value in place.values())
        tree = next((each for each in fitting if run(operation, each) is not None), tree)
    return tree


def _fault(operation: Operation, tree: Tree) -> Fault | None:
    try:
        operation.request.check(tree)
        if operation.credentials is not nobody and operation.credentials(tree) is None:
            return Fault(FaultKind.UNAUTHENTICATED)
        operation.command(tree, CONTEXT)
    except Fault as fault:
        return fault
    return None


def run(operation: Operation, tree: Tree) -> Flat | None:
    """The canonical command of ``tree`` and the caller that it names, flat; None when it is refused."""
    if _fault(operation, tree) is not None:
        return None
    command = canonical(operation.command(tree, CONTEXT).command)
    return flat({**command, "caller": plain(operation.credentials(tree))})


def flat(value: Any, path: str = "") -> Flat:
    """Every scalar in ``value`` by its path; an item of a list has no number in it."""
    if isinstance(value, dict):
        parts = [flat(item, f"{path}.{name}" if path else name) for name, item in value.items()]
    elif isinstance(value, (list, tuple)):
        parts = [flat(item, f"{path}[]") for item in value]
    else:
        return {path: value}
    return {name: item for part in parts for name, item in part.items()}


_CALLER = {
    "caller.name": "who asks: the credential's name",
    "caller.realm": "who asks: the credential's account",
    "caller.secret": "who asks: the credential's secret",
}


def rows(probe: Probe) -> Iterator[tuple[str, str, str]]:
    """A row for each member: its name, its kind, and its places."""
    for place in probe.places:
        yield f"``{place.path}``" + _where(place), _kind(place), _told(probe, place)


def _where(place: Place) -> str:
    member = place.member
    if member is None or (member.location == "body" and member.part == "body"):
        return ""
    return f" ({member.location if member.location != 'body' else 'SOAP header'})"


def _kind(place: Place) -> str:
    return ("any" if place.member is None else place.member.kind.value) + (", required" if place.required else "")


def _told(probe: Probe, place: Place) -> str:
    found = probe.differing(place, lambda tree: run(probe.operation, tree)) - {"caller", "caller.kind"}
    named = [f"``{name}``" for name in _canonical(found)]
    named += [text for name, text in _CALLER.items() if name in found]
    if place.member is not None and place.member.credential:
        return "; ".join(["credential, never kept" if not _canonical(found) else "credential", *named])
    return "; ".join(named) or _elsewhere(probe, place)


def _canonical(found: set[str]) -> list[str]:
    """The places in a command, those of a session by its own names; where a session is found by its key once."""
    names = {name for name in found if not name.startswith("caller") and name not in ("find", "volatile[]")}
    names -= {name for name in names if name.startswith("find.key.") and name.removeprefix("find.") in names}
    if "find.key.api" in names:  # what differs is whether a session is looked for at all
        names -= {"find.key.api", "find.key.realm", "find.open_only"}
    return sorted(starred(name.removeprefix("changes.")) for name in names)


def starred(name: str) -> str:
    """A path, with a star for a name of the caller's own."""
    return re.sub(r"\bprobe$", "*", name)


def _elsewhere(probe: Probe, place: Place) -> str:
    from docs.mapping_answers import answered, compared

    if any(compared(probe.operation, put(tree, place.keys, value)) for tree in probe.trees for value in place.values()):
        return "compared with the session that is found"
    if probe.differing(place, lambda tree: answered(probe.operation, tree)):
        return "the form of the answer alone"
    return "kept in the raw request only" if probe.operation.writes else "read, and of no effect"
