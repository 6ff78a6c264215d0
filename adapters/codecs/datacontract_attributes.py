"""What the attributes of an element say before its content is read: i:nil, i:type, z:Id and z:Ref.

Also the state of one reading, which these rules and the reader of content share.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, TypeAlias

from lxml import etree

from adapters.codecs.datacontract_names import ID, NIL, REF, TYPE, item_name
from adapters.scalars import REFERENCE_KINDS, Kind
from adapters.xml import malformed
from adapters.xsd import NAMES, Parse
from gateway.outcome import Fault, FaultKind, FieldError, Note
from schemas.message import Member

BLANKS = " \t\r\n"
MAX_NOTES = 100


@dataclass(slots=True)
class Reading:
    """The state of one document.

    ``path`` is where we are, ``notes`` what was odd, ``ids`` what z:Id named (shape, value, size), ``budget`` how many
    characters z:Ref may still stand for.
    """

    budget: int
    path: list[str] = field(default_factory=list)
    notes: list[Note] = field(default_factory=list)
    ids: dict[str, tuple[str, Any, int]] = field(default_factory=dict)

    def at(self, name: str) -> str:
        """The full path of a member here; of here itself when ``name`` is empty."""
        return ".".join([*self.path, name]) if name else ".".join(self.path)

    def note(self, name: str, member: str) -> None:
        """Note something odd; a hostile document gets no more than :data:`MAX_NOTES`."""
        if len(self.notes) < MAX_NOTES:
            self.notes.append(Note(name, self.at(member)))


Read: TypeAlias = Callable[[etree._Element, Reading], Any]


def wrong(reading: Reading, member: Member, message: str, value: Any = None, rule: str = "type") -> Fault:
    shown = None if member.credential else value
    wrong = FieldError(reading.at(member.name), message, rule, shown)
    return Fault(FaultKind.INVALID, message, fields=(wrong,))


def attributed(read: Read, member: Member, contract: tuple[str, str] | None) -> Read:
    """``read``, and before it what i:nil, i:type, z:Ref and z:Id say. Most elements have no attribute."""

    def attributed(element: etree._Element, reading: Reading) -> Any:
        if not element.keys():
            return read(element, reading)
        if member.kind not in REFERENCE_KINDS:
            if not is_nil(element):
                return read(element, reading)
            if member.nillable:
                return None
            raise wrong(reading, member, f"ValueType 'System.{_clr(member)}' cannot be null.", rule="null")
        if element.get(REF) is not None:
            return _referenced(element, member, reading)
        if is_nil(element):
            return None
        if contract is not None:
            check_type(element, *contract)
        return _identified(read, element, member, reading)

    return attributed


def _clr(member: Member) -> str:
    return "Enum" if member.kind is Kind.ENUM else NAMES[member.kind][1]


_NILS = {"true": True, "1": True, "false": False, "0": False}


def is_nil(element: etree._Element) -> bool:
    """Whether the element says i:nil; anything but true, 1, false and 0 is malformed."""
    text = element.get(NIL)
    if text is None:
        return False
    said = _NILS.get(text.strip(BLANKS))
    if said is None:
        raise malformed(f"The value '{text[:100]}' of i:nil cannot be parsed as the type 'Boolean'.")
    return said


def said_type(element: etree._Element) -> tuple[str, str] | None:
    """Local name and namespace of the contract that i:type names; None without i:type."""
    said = element.get(TYPE)
    if said is None:
        return None
    prefix, colon, local = said.strip(BLANKS).rpartition(":")
    return local, element.nsmap.get(prefix if colon else None) or ""


def check_type(element: etree._Element, name: str, namespace: str) -> None:
    """Refuse an i:type that names another contract than the declared one: no derived types are known."""
    found = said_type(element)
    if found is not None and found != (name, namespace):
        raise malformed(
            f"Element '{element.tag}' contains data of the '{found[1]}:{found[0]}' data contract. "
            f"Send '{name}' of namespace '{namespace}', or leave i:type out."
        )


def _shape(member: Member) -> str:
    return f"{member.kind}:{item_name(member)}"


def _identified(read: Read, element: etree._Element, member: Member, reading: Reading) -> Any:
    identity = element.get(ID)
    if identity is None:
        return read(element, reading)
    before = reading.budget
    value = read(element, reading)
    size = sum(1 + len(node.text or "") for node in element.iter())
    reading.ids[identity] = (_shape(member), value, size + before - reading.budget)
    return value


def _referenced(element: etree._Element, member: Member, reading: Reading) -> Any:
    """The value that an earlier z:Id named. Each reference costs what a copy would, so that nothing multiplies."""
    shape, value, size = reading.ids.get(element.get(REF) or "", ("", None, 0))
    if shape != _shape(member):
        raise malformed(
            f"Deserialized object with reference id '{(element.get(REF) or '')[:100]}' not found in stream."
        )
    reading.budget -= size
    if reading.budget < 0:
        raise Fault(FaultKind.TOO_LARGE, "The references (z:Ref) stand for more data than a body may hold.")
    return value


def enum_parser(member: Member) -> Parse:
    """What reads the name of a choice; raises ValueError for any other text."""
    choices = frozenset(member.choices)

    def parse(text: str) -> str:
        if choices and text not in choices:
            raise ValueError(text)
        return text

    return parse
