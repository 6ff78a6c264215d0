"""The XML Schemas of a contract, inlined and imported: every global component by kind and name."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any, TypeAlias
from urllib.parse import unquote

from adapters.codecs.soap import local, namespace
from gateway.scaffold.contract import ScaffoldError
from gateway.scaffold.from_xml import parse

XSD = "http://www.w3.org/2001/XMLSchema"
WSDL = "http://schemas.xmlsoap.org/wsdl/"
KNOWN = frozenset(
    {
        XSD,
        "http://www.w3.org/XML/1998/namespace",
        "http://schemas.xmlsoap.org/soap/encoding/",
        "http://schemas.microsoft.com/2003/10/Serialization/",
    }
)
"""Namespaces whose schemas nobody needs to give."""

QName: TypeAlias = tuple[str, str]


class UndeclaredPrefix(Exception):
    """A name has a prefix that nobody declared; the text says which and in what line."""


class Documents:
    """The documents of a contract: the first, and what it imports from beside it, each read once."""

    def __init__(self, root: Any, file: Path) -> None:
        self.roots: list[Any] = []
        self._read: set[Path] = set()
        self._add(root, file, "")

    def _add(self, root: Any, file: Path, space: str) -> None:
        self._read.add(file.resolve())
        self.roots.append(root)
        for element in list(root.iter(f"{{{XSD}}}schema")):
            if space and not element.get("targetNamespace"):
                element.set("targetNamespace", space)  # an included schema without one has that of its includer
        for element in root.iter(*(f"{{{XSD}}}{kind}" for kind in ("import", "include", "redefine"))):
            self._follow(element, element.get("schemaLocation"), file)
        for element in root.iter(f"{{{WSDL}}}import"):
            self._follow(element, element.get("location"), file)

    def _follow(self, element: Any, location: str | None, file: Path) -> None:
        if location is None or element.get("namespace") in KNOWN:
            return
        if "://" in location:
            raise ScaffoldError(
                f"{file.name}: it imports {location}, which is not fetched: save it beside {file.name}, and name the"
                f" file in line {element.sourceline}"
            )
        path = file.parent / unquote(location)
        if path.resolve() not in self._read:
            try:
                body = path.read_bytes()
            except OSError as error:
                raise ScaffoldError(
                    f"{file.name}: it imports {location}, which cannot be read: {error.strerror}"
                ) from None
            space = target(element) if local(element) in ("include", "redefine") else ""
            self._add(parse(body, path.name), path, space)

    def all(self, tag: str) -> Iterator[Any]:
        """Every element of this name in the namespace of WSDL that stands right below a document's root."""
        for root in self.roots:
            yield from root.findall(f"{{{WSDL}}}{tag}")


class Schemas:
    """Global elements, types and groups, by name."""

    def __init__(self, documents: Documents) -> None:
        self.components: dict[tuple[str, QName], Any] = {}
        for root in documents.roots:
            for schema in root.iter(f"{{{XSD}}}schema"):
                for child in schema:
                    if isinstance(child.tag, str) and child.get("name"):
                        kind = "type" if local(child) in ("complexType", "simpleType") else local(child)
                        self.components.setdefault((kind, (target(child), child.get("name"))), child)

    def find(self, kind: str, name: QName) -> Any | None:
        """The component of this kind and name; None when nothing has it."""
        return self.components.get((kind, name))


def schema_of(element: Any) -> Any:
    """The schema that a node of it stands in."""
    return next(each for each in (element, *element.iterancestors()) if each.tag == f"{{{XSD}}}schema")


def target(element: Any) -> str:
    """The target namespace of the schema that an element stands in."""
    return str(schema_of(element).get("targetNamespace", ""))


def qname(element: Any, text: str) -> QName:
    """A name with a prefix, as it is meant at ``element``."""
    prefix, _, name = text.strip().rpartition(":")
    space = element.nsmap.get(prefix or None, "")
    if prefix and prefix not in element.nsmap:
        raise UndeclaredPrefix(f"line {element.sourceline}: the prefix {prefix!r} of {text!r} is not declared")
    return space or "", name


def documentation(element: Any) -> str:
    """What its annotation says."""
    texts = element.iterfind(f"{{{XSD}}}annotation/{{{XSD}}}documentation")
    return " ".join(" ".join(text.itertext()) for text in texts).strip()


def is_schema(element: Any, *names: str) -> bool:
    """Whether an element is one of those of XML Schema."""
    return namespace(element) == XSD and local(element) in names
