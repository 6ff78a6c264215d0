"""A declared message, compiled once: what every codec, document writer and check reads instead of the declaration."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cache
from typing import Any, TypeAlias, TypeVar

from adapters.scalars import Kind
from gateway.outcome import Fault, FaultKind, FieldError
from schemas.checking import object_check, object_collect

Tree: TypeAlias = dict[str, Any]
T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Member:
    """One member of a message.

    ``key`` is its name in the tree, ``name`` on the wire. ``namespace`` is that of the declaring class level, in
    which its XML element stands; ``level`` counts class levels from the base (0). ``order`` is DataMember.Order (None
    sorts first). ``location`` is ``body``, ``path``, ``query`` or ``header`` (HTTP); ``part`` is ``body`` or
    ``header`` (SOAP). ``xml`` is False for members that the data contract does not have. ``credential`` members are
    never stored, logged or repeated. ``sample`` shows in documentation.
    """

    key: str
    name: str
    kind: Kind
    message: "Message | None" = None
    item: "Member | None" = None
    choices: tuple[str, ...] = ()
    namespace: str = ""
    level: int = 0
    order: int | None = None
    nillable: bool = True
    required: bool = False
    location: str = "body"
    part: str = "body"
    xml: bool = True
    emit_default: bool = True
    credential: bool = False
    sample: Any = None
    doc: str = ""
    validators: tuple[Callable[[Any], Any], ...] = ()


@dataclass(frozen=True, eq=False)
class Message:
    """A message: ``name`` and ``namespace`` are those of its root element (its data contract).

    ``members`` stand in declaration order, base class first. ``xml_members`` stand in data contract order: base class
    first, then by ``order``, then by name, ordinal. ``flat_members`` are those of a dialect without a SOAP Header:
    where Header and Body have a member of one name, the Body's stands. ``derived_members`` are the same with the most
    derived class first (ServiceStack's text formats). ``open`` messages keep unknown members, under their own
    spelling. ``clr_name`` is the full .NET type name, where an error text of the original server quotes it. A
    ``bare`` message has one member, and in plain JSON (``rest``, ``webapi``) it is that member's value, a list, say,
    without an object around it; other formats keep the message around it.
    """

    name: str
    namespace: str
    members: tuple[Member, ...]
    open: bool = False
    doc: str = ""
    clr_name: str = ""
    bare: bool = False
    xml_members: tuple[Member, ...] = field(init=False)
    derived_members: tuple[Member, ...] = field(init=False)
    flat_members: tuple[Member, ...] = field(init=False)
    by_key: Mapping[str, Member] = field(init=False)
    by_name: Mapping[str, Member] = field(init=False)
    by_folded: Mapping[str, Member] = field(init=False)
    _compiled: dict[Any, Any] = field(init=False, repr=False, default_factory=dict)

    def __post_init__(self) -> None:
        wire = [member for member in self.members if member.xml]
        put = object.__setattr__
        put(self, "xml_members", tuple(sorted(wire, key=_contract_order)))
        put(self, "by_key", {member.key: member for member in self.members})
        # Where there is no SOAP Header, its members are found by name, too, unless the body has one of that name.
        ranked = sorted(self.members, key=lambda member: member.part == "body")
        put(self, "by_name", {member.name: member for member in ranked})
        put(self, "by_folded", {member.name.lower(): member for member in ranked})
        put(self, "flat_members", tuple(member for member in self.members if self.by_name[member.name] is member))
        put(self, "derived_members", tuple(sorted(self.flat_members, key=lambda member: -member.level)))

    def compiled(self, make: "Callable[[Message], T]") -> T:
        """What ``make`` makes of this message; made once, and kept as long as the message is."""
        known = self._compiled
        if make not in known:
            known[make] = make(self)
        made: T = known[make]
        return made

    def at(self, location: str) -> tuple[Member, ...]:
        """The members that travel in one place of an HTTP request: ``body``, ``path``, ``query`` or ``header``."""
        places: Mapping[str, tuple[Member, ...]] = self.compiled(_places)
        return places.get(location, ())

    def check(self, tree: Tree) -> None:
        """Raise a fault of kind ``invalid``, with every wrong member named, unless ``tree`` fits this message."""
        check = self.compiled(object_check)
        if check is None:
            return
        errors: list[FieldError] = []
        check(tree, "", errors)
        if errors:
            raise Fault(FaultKind.INVALID, errors[0].message, fields=tuple(errors))


def _places(message: Message) -> Mapping[str, tuple[Member, ...]]:
    places = {member.location for member in message.members}
    return {place: tuple(member for member in message.members if member.location == place) for place in places}


def _contract_order(member: Member) -> tuple[int, int, str]:
    return member.level, -1 if member.order is None else member.order, member.name


def redact(message: Message, tree: Tree, mask: str = "***") -> Tree:
    """A copy of ``tree`` in which every declared credential that was sent reads ``mask``."""
    return {key: _redacted(message.by_key.get(key), value, mask) for key, value in tree.items()}


def _redacted(member: Member | None, value: Any, mask: str) -> Any:
    if member is None or value is None:
        return value
    if member.credential:
        return mask
    if member.message is not None and isinstance(value, dict):
        return redact(member.message, value, mask)
    if member.item is not None and isinstance(value, list):
        return [_redacted(member.item, item, mask) for item in value]
    return value


def is_secret(member: Member) -> bool:
    """Whether the member is, or holds, a credential."""
    inside = member.message is not None and _holds_secrets(member.message)
    return member.credential or inside or (member.item is not None and is_secret(member.item))


@cache
def _holds_secrets(message: Message) -> bool:
    return any(is_secret(member) for member in message.members)


def credentials(message: Message, tree: Tree) -> list[str]:
    """The values of every declared credential in ``tree``, as text; what must not be stored or logged."""
    found: list[str] = []
    collect = message.compiled(object_collect)
    if collect is not None:
        collect(tree, found)
    return found
