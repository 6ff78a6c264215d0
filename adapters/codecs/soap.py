"""SOAP envelopes: bytes to tree and back, by a declared message and a style.

Document/literal is the default: the Body's one child is the message's element, members are its children by name, and
the items of a list are repeated elements. A :class:`~adapters.soapstyle.SoapStyle` says where an API differs.
"""

import re
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from adapters import xml, xsd
from adapters.protocol import Decoded
from adapters.scalars import Kind
from adapters.soapstyle import ADDRESSING, DOCUMENT_LITERAL, SoapStyle, target_namespace
from gateway.limits import Limits
from gateway.outcome import Fault, FaultKind, FieldError, Note
from gateway.quick import quick
from schemas.message import Member, Message, Tree, is_secret

XSI = "http://www.w3.org/2001/XMLSchema-instance"
DECLARATION = '<?xml version="1.0" encoding="utf-8"?>'
NOTES = 100
"""So many notes are kept for one envelope."""
SOAP_CODE = "soap"
"""The key in ``Fault.details`` of a fault code that SOAP itself defines."""


@dataclass(frozen=True, slots=True)
class Version:
    """A version of SOAP: the namespace of its envelope, and the content type of its answers."""

    name: str
    namespace: str
    media_type: str


SOAP_11 = Version("1.1", "http://schemas.xmlsoap.org/soap/envelope/", "text/xml; charset=utf-8")
SOAP_12 = Version("1.2", "http://www.w3.org/2003/05/soap-envelope", "application/soap+xml; charset=utf-8")
VERSIONS = {version.namespace: version for version in (SOAP_11, SOAP_12)}

_ULTIMATE = frozenset(
    {
        "",
        "http://schemas.xmlsoap.org/soap/actor/next",
        "http://www.w3.org/2003/05/soap-envelope/role/next",
        "http://www.w3.org/2003/05/soap-envelope/role/ultimateReceiver",
    }
)
_ROOT = re.compile(rb"<(?:([\w.-]+):)?Envelope\b([^>]*)>")
_NAME = re.compile(r"[^\W\d][\w.-]*")
_PARSERS = xsd.parsers()
_FORMATS = xsd.formats()


@dataclass(frozen=True, slots=True)
class Envelope:
    """A request's envelope, taken apart: the children of its Header and of its Body."""

    version: Version
    header: tuple[Any, ...]
    body: tuple[Any, ...]
    notes: tuple[Note, ...] = ()

    def header_texts(self) -> dict[str, str]:
        """The text of each Header child by local name; the first of one name wins."""
        found: dict[str, str] = {}
        for element in self.header:
            found.setdefault(local(element), text_of(element) or "")
        return found


def local(element: Any) -> str:
    """The element's name without its namespace."""
    return str(element.tag).rpartition("}")[2]


def namespace(element: Any) -> str:
    """The element's namespace, empty for none."""
    return str(element.tag).rpartition("}")[0].removeprefix("{")


def text_of(element: Any) -> str | None:
    """The element's text; None when it has child elements."""
    return None if len(element) else element.text or ""


def sniff(body: bytes) -> Version | None:
    """The SOAP version of an envelope that has not been parsed, for its answer; None when that cannot be told."""
    head = body[:4096]
    root = _ROOT.search(head.replace(b"\0", b"") if b"\0" in head else head)
    return _declared(root[1], root[2]) if root is not None else None


@lru_cache(maxsize=256)
def _declared(prefix: bytes | None, attributes: bytes) -> Version | None:
    """The version whose namespace an Envelope's tag declares for its prefix; one caller's tags are all the same."""
    name = b"xmlns:" + prefix if prefix else b"xmlns"
    found = re.search(rb"(?:^|\s)" + re.escape(name) + rb"\s*=\s*[\"']([^\"']*)[\"']", attributes)
    return VERSIONS.get(found[1].decode("latin-1")) if found else None


def open_envelope(
    body: bytes, limits: Limits, *, charset: str | None = None, versions: Collection[str] = ("1.1", "1.2")
) -> Envelope:
    """Parse an envelope. Raises a Fault of kind ``malformed``, ``unsupported_media`` (charset) or ``too_large``."""
    root = xml.parse(body, limits, charset=charset)
    if local(root) != "Envelope":
        raise malformed(f"the document element is {local(root)}, not a SOAP Envelope")
    version = VERSIONS.get(namespace(root))
    if version is None or version.name not in versions:
        spoken = " or ".join(each.namespace for each in VERSIONS.values() if each.name in versions)
        raise malformed(f"the Envelope's namespace must be {spoken}", "VersionMismatch")
    return _take_apart(root, version)


def _take_apart(root: Any, version: Version) -> Envelope:
    parts: dict[str, tuple[Any, ...]] = {}
    notes: list[Note] = []
    for child in root:
        name = local(child)
        if namespace(child) != version.namespace:
            notes.append(Note("soap-stray-element", f"Envelope.{name}"))
        elif name in parts or name not in ("Header", "Body") or (name == "Header" and "Body" in parts):
            raise malformed(f"the Envelope may hold one Header, then one Body; {name} is one too many or out of place")
        else:
            parts[name] = tuple(child)
    if "Body" not in parts:
        raise malformed("the Envelope has no Body")
    return Envelope(version, parts.get("Header", ()), parts["Body"], tuple(notes[:NOTES]))


def refuse_not_understood(envelope: Envelope, understood: Iterable[str], spaces: Collection[str] = ()) -> None:
    """Raise a MustUnderstand fault for a Header block that demands what nobody here understands: neither its name is
    ``understood`` nor all of its namespace is."""
    space, known = envelope.version.namespace, frozenset(understood)
    for block in envelope.header:
        must = block.get(f"{{{space}}}mustUnderstand", "").strip() in ("1", "true")
        role = block.get(f"{{{space}}}actor") or block.get(f"{{{space}}}role") or ""
        if must and role in _ULTIMATE and local(block) not in known and namespace(block) not in spaces:
            raise malformed(f"the Header block {local(block)} is not understood", "MustUnderstand")


def malformed(text: str, soap_code: str | None = None) -> Fault:
    """A fault about the envelope, with SOAP's own code if it has one for it."""
    return Fault(FaultKind.MALFORMED, text, details={SOAP_CODE: soap_code} if soap_code else None)


@quick
@dataclass(frozen=True, slots=True)
class SoapCodec:
    """The codec ``soap`` for one API, in one style, answering in one version of SOAP."""

    api: str = ""
    style: SoapStyle = DOCUMENT_LITERAL
    version: Version = SOAP_11
    name: str = "soap"

    @property
    def media_type(self) -> str:
        """The Content-Type of answers."""
        return self.version.media_type

    def target(self, message: Message) -> str:
        """The namespace of a message's element."""
        return target_namespace(self.api, message.namespace) if self.style.qualified else ""

    def decode(self, body: bytes, message: Message, limits: Limits) -> Decoded:
        """The tree of a whole envelope."""
        return self.read(open_envelope(body, limits, versions=self.style.versions), message)

    def read(self, envelope: Envelope, message: Message) -> Decoded:
        """The tree of an envelope that was taken apart before."""
        header = [member for member in message.members if member.part == "header"]
        spaces = (ADDRESSING,) if self.style.dispatch == "body" else ()
        refuse_not_understood(envelope, (member.name for member in header), spaces)
        reader = _Reader(not self.style.wrapper, list(envelope.notes), skip_nil=self.style.wrapped)
        blocks = [block for block in envelope.header if namespace(block) not in spaces]
        tree = reader.members(blocks, header, "Header.")
        payload = [member for member in message.members if member.part == "body"]
        tree |= reader.members(self._parameters(envelope, message), payload, "", is_open=message.open)
        return Decoded(tree, tuple(reader.notes[:NOTES]))

    def _parameters(self, envelope: Envelope, message: Message) -> list[Any]:
        if len(envelope.body) > 1:
            raise malformed("the Body must hold one element")
        if not envelope.body:
            return []
        wrapper = envelope.body[0]
        if self.style.wrapper and local(wrapper) != self.style.wrapper:
            raise malformed(f"the Body must hold {self.style.wrapper}, not {local(wrapper)}")
        return list(wrapper)

    def encode(self, tree: Tree | None, message: Message, blocks: str = "") -> bytes:
        """An envelope with ``tree`` (None is an empty element) and further Header ``blocks``, as XML text."""
        values = tree or {}
        header, body = blocks + _write_part(message, values, "header"), _write_part(message, values, "body")
        if not self.style.bare_answer:
            space = f"={attribute(self.target(message))}" if self.style.qualified else ""
            if space and self.style.local_members:
                body = _element(f"m:{message.name}", body, f" xmlns:m{space}")
            else:
                body = _element(message.name, body, space and f" xmlns{space}")
        return self.envelope(header, body)

    def envelope(self, header: str, body: str) -> bytes:
        """An envelope around XML text."""
        prefix, style = self.style.prefix, self.style
        attributes = f' xmlns:{prefix}="{self.version.namespace}"'
        if " xsi:nil=" in header or " xsi:nil=" in body:
            attributes += f' xmlns:xsi="{XSI}"'
        if style.encoding_style:
            attributes += f' {prefix}:encodingStyle="{style.encoding_style}"'
        parts = _element(f"{prefix}:Header", header) if header else ""
        parts += _element(f"{prefix}:Body", body)
        text = _element(f"{prefix}:Envelope", parts, attributes)
        return ((DECLARATION if style.declaration else "") + text).encode("utf-8")


def _write_part(message: Message, values: Mapping[str, Any], part: str) -> str:
    present = [member for member in message.members if member.part == part and member.key in values]
    written = "".join(write(member, values[member.key]) for member in present)
    if message.open and part == "body":
        written += "".join(write_any(key, value) for key, value in values.items() if key not in message.by_key)
    return written


@dataclass(slots=True)
class _Reader:
    """Elements to members; ``strict`` refuses every repeated member, else only credentials (the first one wins). With
    ``skip_nil`` a nil item of a list is no item, so that one alone is an empty list."""

    strict: bool
    notes: list[Note]
    skip_nil: bool = False

    def members(self, elements: Iterable[Any], members: list[Member], path: str, *, is_open: bool = False) -> Tree:
        names = {member.name: member for member in members}
        folded = {member.name.lower(): member for member in members}
        tree: Tree = {}
        for element in elements:
            name = local(element)
            member = names.get(name) or folded.get(name.lower())
            if member is not None:
                self._put(tree, member, element, path)
            elif is_open:
                tree.setdefault(name, read_any(element))
            else:
                self.notes.append(Note("unknown-member", path + name))
        return tree

    def _put(self, tree: Tree, member: Member, element: Any, path: str) -> None:
        where = path + member.name
        if local(element) != member.name:
            self.notes.append(Note("member-case", where))
        if member.kind is Kind.LIST and member.item is not None:
            if tree.get(member.key) is None:
                tree[member.key] = []
            item = self.value(member.item, element, where)
            if item is not None or not self.skip_nil:
                tree[member.key].append(item)
        elif member.key not in tree:
            tree[member.key] = self.value(member, element, where)
        elif self.strict or is_secret(member):
            raise malformed(f"{where} is given more than once")
        else:
            self.notes.append(Note("duplicate-member", where))

    def value(self, member: Member, element: Any, path: str) -> Any:
        if element.get(f"{{{XSI}}}nil", "").strip() in ("1", "true"):
            return None
        if member.kind is Kind.ANY:
            return read_any(element)
        if member.kind is Kind.OBJECT and member.message is not None:
            inner = member.message
            if (text_of(element) or "").strip():
                raise malformed(f"{path} must hold elements, not text")
            return self.members(element, list(inner.members), f"{path}.", is_open=inner.open)
        text = text_of(element)
        if text is None:
            raise malformed(f"{path} must hold text, not elements")
        return _scalar(member, text, path)


def _scalar(member: Member, content: str, path: str) -> Any:
    parse = _PARSERS.get(member.kind, str)
    try:
        return parse(content)
    except (ValueError, ArithmeticError):
        value = None if member.credential else content[:100]
        error = FieldError(path, f"{path} is not a valid {member.kind.value}", "type", value)
        raise Fault(FaultKind.INVALID, error.message, fields=(error,)) from None


def read_any(element: Any) -> Any:
    """An element without a declaration: its text, or a dict of its children (repeated ones as a list)."""
    if element.get(f"{{{XSI}}}nil", "").strip() in ("1", "true"):
        return None
    text = text_of(element)
    if text is not None:
        return text
    tree: Tree = {}
    for child in element:
        name = child.get("name") if local(child) == "member" and child.get("name") else local(child)
        value = read_any(child)
        if name not in tree:
            tree[name] = value
        elif isinstance(tree[name], list):
            tree[name].append(value)
        else:
            tree[name] = [tree[name], value]
    return tree


def write(member: Member, value: Any) -> str:
    """A member as an element, or as one for each item of a list."""
    if member.kind is Kind.LIST and member.item is not None and isinstance(value, (list, tuple)):
        return "".join(_write_one(member.name, member.item, item) for item in value)
    return _write_one(member.name, member, value)


def _write_one(name: str, member: Member, value: Any) -> str:
    if value is None:
        return _nil(name)
    if member.kind is Kind.OBJECT and member.message is not None:
        return _element(name, _write_part(member.message, value, "body"))
    if member.kind is Kind.ANY:
        return write_any(name, value)
    return _element(name, text(_FORMATS.get(member.kind, str)(value)))


def write_any(name: str, value: Any) -> str:
    """A JSON value as elements; a name that XML does not allow becomes ``<member name="...">``."""
    if isinstance(value, (list, tuple)):
        return "".join(write_any(name, item) for item in value)
    if value is None:
        return _nil(name)
    if isinstance(value, Mapping):
        return _named(name, "".join(write_any(str(key), item) for key, item in value.items()))
    return _named(name, text(str(value).lower() if isinstance(value, bool) else str(value)))


def _named(name: str, content: str) -> str:
    if _NAME.fullmatch(name):
        return _element(name, content)
    return _element("member", content, f" name={attribute(name)}")


def _nil(name: str) -> str:
    return f'<{name} xsi:nil="true" />'


def _element(name: str, content: str, attributes: str = "") -> str:
    return f"<{name}{attributes}>{content}</{name}>"


_ESCAPED = re.compile("[&<>\r]").search


def text(value: str) -> str:
    """Text, escaped; a character that XML cannot carry becomes U+FFFD, a carriage return a reference."""
    if value.isprintable() and value.isascii() and _ESCAPED(value) is None:
        return value
    return xml.escape(xml.printable(value)).replace("\r", "&#xD;")


def attribute(value: str) -> str:
    """An attribute's value, escaped and in quotes."""
    return f'"{xml.escape_attribute(xml.printable(value))}"'
