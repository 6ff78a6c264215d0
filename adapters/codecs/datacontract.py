"""The DataContract codec: XML as .NET's DataContractSerializer reads and writes it, in the setups of its hosts.

Recorded with the .NET runtimes: tests/golden/datacontract. :data:`WEBAPI` and its variants are ASP.NET Web API,
:data:`SERVICESTACK_V3` and :data:`SERVICESTACK_V4` are ServiceStack. For a message inside another document (SOAP) use
:meth:`DataContract.write_element` and :meth:`DataContract.read_element`.
"""

import codecs
from dataclasses import dataclass, field, replace
from datetime import UTC, tzinfo
from typing import Any, Literal

from lxml import etree

from adapters import xml
from adapters.codecs.datacontract_attributes import Reading
from adapters.codecs.datacontract_reader import compile_list_reader, compile_reader
from adapters.codecs.datacontract_usual import ReadUsual, compile_usual
from adapters.codecs.datacontract_writer import Style, compile_list_writer, compile_writer
from adapters.protocol import Decoded
from gateway.limits import DEFAULT, Limits
from schemas.message import Message, Tree

REFUSED = {
    "references to characters that XML forbids": "not well-formed (&#0;, &#1;, &#xFFFE;), whatever is done with them",
    "surrogate halves as two references": "not well-formed; the character itself is accepted",
    "text after the document element": "not well-formed; the original stops reading at the end of the element",
    "more than the limits allow": "the original reads any size; limits.body_bytes and limits.text_bytes bound it here",
    "a time, day or month without a year": "the original takes today's date, so the result would depend on the clock",
}
"""What the original accepts and this codec refuses in both fidelities, and why."""


@dataclass(frozen=True)
class DataContract:
    """One setup of the serializer. Every option names what it sets in .NET.

    ``fidelity`` ``strict`` loses the members that the original loses, ``lenient`` keeps them with a note. ``zone`` is
    the server's, for local DateTimes. ``encoding`` is what is written, ``charset`` what the transport says of what is
    read (None: nothing), ``accepts`` the encodings read when it says nothing. ``declaration`` writes the XML
    declaration, ``bom`` a byte order mark. ``newline`` replaces line ends in texts (None: as they are). ``controls``
    ``reference`` writes control characters as references (CheckCharacters=false, or XmlTextWriter), ``refuse`` is a
    fault. ``space`` stands before the ``/>`` of an empty element. ``collapse`` writes an empty string as an empty
    element (XmlTextWriter), not as a pair of tags.
    """

    media_type: str = "application/xml; charset=utf-8"
    fidelity: Literal["lenient", "strict"] = "lenient"
    zone: tzinfo = UTC
    declaration: bool = False
    bom: bool = False
    indent: bool = False
    encoding: Literal["utf-8", "utf-16"] = "utf-8"
    newline: str | None = "\n"
    controls: Literal["reference", "refuse"] = "reference"
    space: bool = True
    collapse: bool = False
    charset: str | None = None
    accepts: frozenset[str] = frozenset({xml.UTF8})
    name: str = "datacontract"
    _compiled: dict[Any, Any] = field(default_factory=dict, init=False, repr=False, compare=False)

    def decode(self, body: bytes, message: Message, limits: Limits) -> Decoded:
        """The tree of ``body``: absent members stay absent, nil ones are None. Raises a Fault and nothing else."""
        if self.charset in (None, "utf-8"):
            usual = self._usual(message)
            tree = usual(body, limits) if usual is not None else None
            if tree is not None:
                return Decoded(tree)
        return self.read_element(self._parse(body, limits), message, limits)

    def _usual(self, message: Message) -> ReadUsual | None:
        if (message, "usual") not in self._compiled:
            self._compiled[message, "usual"] = compile_usual(message, self.zone)
        usual: ReadUsual | None = self._compiled[message, "usual"]
        return usual

    def encode(self, tree: Tree | None, message: Message) -> bytes:
        """The document of ``tree``; None is a nil root. Absent members are written as nil, or as .NET's default."""
        return self._document(self.write_element(tree, message))

    def read_element(self, element: etree._Element, message: Message, limits: Limits = DEFAULT) -> Decoded:
        """The tree of one element of a document from :func:`adapters.xml.parse`, as :meth:`decode` reads a root."""
        read = self._compiled.get((message, "read"))
        if read is None:
            read = self._compiled[message, "read"] = compile_reader(message, self.zone, self.fidelity == "strict")
        reading = Reading(limits.body_bytes)
        tree = read(element, reading)
        return Decoded(tree, tuple(reading.notes))

    def write_element(self, tree: Tree | None, message: Message, depth: int = 1) -> str:
        """``tree`` as one element at ``depth`` of a document (1: the root; the child of a SOAP Body: 3).

        The element declares the prefix ``i`` and its own default namespace; prefixes count from its depth.
        """
        write = self._compiled.get((message, depth))
        if write is None:
            write = self._compiled[message, depth] = compile_writer(message, self._style(), depth)
        text: str = write(tree)
        return text

    def decode_list(self, body: bytes, message: Message, limits: Limits) -> list[Decoded]:
        """The trees of a document ``ArrayOf…`` (a batch); the notes of all are with the first."""
        element, reading = self._parse(body, limits), Reading(limits.body_bytes)
        trees = compile_list_reader(message, self.zone, self.fidelity == "strict")(element, reading)
        return [Decoded(tree, () if index else tuple(reading.notes)) for index, tree in enumerate(trees)]

    def encode_list(self, trees: list[Tree], message: Message) -> bytes:
        """A document ``ArrayOf…`` of ``trees``."""
        return self._document(compile_list_writer(message, self._style())(trees))

    def _parse(self, body: bytes, limits: Limits) -> etree._Element:
        return xml.parse(body, limits, charset=self.charset, encodings=self.accepts, keep_cdata_cr=True)

    def _document(self, text: str) -> bytes:
        if self.declaration:
            line = (self.newline or "\n") if self.indent else ""
            text = f'<?xml version="1.0" encoding="{self.encoding}"?>{line}{text}'
        if self.encoding == "utf-16":
            return (codecs.BOM_UTF16_LE if self.bom else b"") + text.encode("utf-16-le")
        return (codecs.BOM_UTF8 if self.bom else b"") + text.encode("utf-8")

    def _style(self) -> Style:
        return Style(self.zone, self.indent, self.newline, self.controls, self.space, self.collapse)


WEBAPI = DataContract()
"""ASP.NET Web API: one line, no declaration, no byte order mark."""

WEBAPI_INDENT = replace(WEBAPI, indent=True)
"""The same, indented by two blanks."""

WEBAPI_UTF16 = replace(
    WEBAPI, media_type="application/xml; charset=utf-16", encoding="utf-16", bom=True, charset="utf-16"
)
"""The same for callers that ask for UTF-16 (Accept-Charset) or send it (charset of Content-Type)."""

SERVICESTACK_V4 = DataContract(
    media_type="application/xml",
    declaration=True,
    controls="refuse",
    accepts=frozenset({xml.UTF8, xml.UTF16_DECLARED}),
)
"""ServiceStack 4 and later: an XML declaration, no byte order mark."""

SERVICESTACK_V3 = replace(
    SERVICESTACK_V4, declaration=False, bom=True, newline=None, controls="reference", collapse=True
)
"""ServiceStack 3: what XmlTextWriter writes, so a byte order mark, no XML declaration, line ends as they are."""
