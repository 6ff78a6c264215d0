"""The one hardened XML parse, and the few steps that every XML writer shares. No other module calls an XML parser.

What :func:`parse` refuses, whatever the caller says: any DOCTYPE (so there are no entities, no external files and no
expansion), text that is not in the encoding that the transport, the byte order mark or the declaration names, XML 1.1,
undeclared prefixes, and anything beyond the limits. The tree it returns has no comments and no processing
instructions; text on both sides of one is joined, as every consumer of data wants it.
"""

import codecs
import re
from functools import lru_cache

from lxml import etree

from gateway.limits import Limits
from gateway.outcome import Fault, FaultKind

UTF8 = "utf-8"
UTF16 = "utf-16"
UTF16_DECLARED = "utf-16 declared"
"""UTF-16 with a byte order mark *and* a declaration that names it: all that .NET's text reader detects by itself."""

ANY_ENCODING = frozenset({UTF8, UTF16, UTF16_DECLARED})

_BOMS = (
    (b"\xff\xfe\x00\x00", "utf-32"),
    (b"\x00\x00\xfe\xff", "utf-32"),
    (codecs.BOM_UTF8, UTF8),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)
_CHARSETS = {
    "utf-8": UTF8,
    "utf8": UTF8,
    "us-ascii": UTF8,
    "utf-16": UTF16,
    "unicode": UTF16,
    "utf-16le": "utf-16-le",
    "utf-16be": "utf-16-be",
}
_DECLARATION = re.compile(
    r"""<\?xml\s+version\s*=\s*(?P<q>["'])1\.0(?P=q)"""
    r"""(?:\s+encoding\s*=\s*(?P<r>["'])(?P<encoding>[A-Za-z][A-Za-z0-9._-]*)(?P=r))?"""
    r"""(?:\s+standalone\s*=\s*(?P<s>["'])(?:yes|no)(?P=s))?\s*\?>"""
)
# What is not closed runs to the end: it is an error anyway, and this keeps the scan linear.
_MARKUP = re.compile(
    rb"<!--.*?(?:-->|\Z)|(?P<cdata><!\[CDATA\[.*?(?:\]\]>|\Z))|(?P<pi><\?.*?(?:\?>|\Z))|(?P<doctype><!DOCTYPE)",
    re.DOTALL,
)


def parse(
    body: bytes,
    limits: Limits,
    *,
    charset: str | None = None,
    encodings: frozenset[str] = ANY_ENCODING,
    allow_pi: bool = False,
    keep_cdata_cr: bool = False,
) -> etree._Element:
    """The root element of ``body``.

    ``charset`` is the transport's (the ``charset`` parameter of Content-Type), None when it said nothing; a byte order
    mark and a declaration must agree with it. Without it the text is UTF-8, or UTF-16 by its byte order mark, as far
    as ``encodings`` allows. ``allow_pi`` drops processing instructions instead of refusing them. ``keep_cdata_cr``
    keeps carriage returns inside CDATA sections, as .NET's text reader does and XML does not.

    Raises a Fault of kind ``too_large`` or ``malformed`` whose message says what and, where known, in which line.
    """
    data = _utf8(body, charset, encodings)
    _scan(data, allow_pi)
    _check_size(data, limits)
    if keep_cdata_cr and b"\r" in data and b"<![CDATA[" in data:
        data = _MARKUP.sub(_cdata_cr, data)
    root = _tree(data)
    _check_shape(root, data, limits)
    return root


def malformed(message: str, log: str = "") -> Fault:
    """A fault for a body that is not the XML it should be."""
    return Fault(FaultKind.MALFORMED, message, log=log)


def _utf8(body: bytes, charset: str | None, encodings: frozenset[str]) -> bytes:
    """``body`` as UTF-8 without byte order mark and declaration; what both of them say is checked."""
    if charset is None and UTF8 in encodings and body[:1] == b"<" and body[1:2] != b"?" and body.isascii():
        return body
    bom, actual = next(((mark, name) for mark, name in _BOMS if body.startswith(mark)), (b"", ""))
    wanted = _wanted(charset)
    if actual and wanted and actual != wanted and not (wanted == UTF16 and actual.startswith(UTF16)):
        raise malformed(f"The body begins with a byte order mark of {actual}, but its charset is {charset}.")
    encoding = actual or ("utf-16-le" if wanted == UTF16 else wanted) or UTF8
    try:
        text = body[len(bom) :].decode(encoding)
    except (UnicodeDecodeError, LookupError):
        raise malformed(f"The body is not valid {encoding} text.") from None
    if text.startswith("\ufeff"):
        raise malformed("The body begins with two byte order marks.")
    declared, text = _declaration(text)
    family = UTF8 if encoding == UTF8 else "utf-16" if encoding.startswith(UTF16) else encoding
    if declared is not None and declared not in (family, encoding.replace("6-", "6")):
        raise malformed(f"The XML declaration says {declared}, but the body is {family}.")
    if wanted is None and not _accepted(family, declared, encodings):
        raise malformed(f"The body is {family} text; send UTF-8, or name the charset in Content-Type.")
    return text.encode(UTF8, "surrogatepass")


def _wanted(charset: str | None) -> str | None:
    if charset is None:
        return None
    wanted = _CHARSETS.get(charset.strip("\"' ").lower())
    if wanted is None:
        raise Fault(FaultKind.UNSUPPORTED_MEDIA, f"The charset {charset[:40]!r} is not supported; send UTF-8.")
    return wanted


def _accepted(family: str, declared: str | None, encodings: frozenset[str]) -> bool:
    return family in encodings or (family == UTF16 and declared is not None and UTF16_DECLARED in encodings)


def _declaration(text: str) -> tuple[str | None, str]:
    """The encoding that the XML declaration names, in lower case, and the text after the declaration."""
    if not text.startswith("<?xml") or text[5:6] not in (" ", "\t", "\r", "\n", "?"):
        return None, text
    found = _DECLARATION.match(text)
    if found is None:
        raise malformed('The XML declaration must read <?xml version="1.0" encoding="utf-8"?>.')
    encoding = found["encoding"]
    return encoding.lower() if encoding else None, text[found.end() :]


def _scan(data: bytes, allow_pi: bool) -> None:
    """Refuse a DOCTYPE, and processing instructions unless allowed, before the parser sees them."""
    # Rare bytes first: they are looked for much faster.
    if b"!DOCTYPE" not in data and (b"?" not in data or b"<?" not in data):
        return
    for token in _MARKUP.finditer(data):
        if token.lastgroup == "doctype":
            raise malformed("A document type declaration (DOCTYPE) is not accepted; remove it.")
        if token.lastgroup == "pi" and not (allow_pi and not token[0].lower().startswith(b"<?xml ")):
            raise malformed("Processing instructions (other than the XML declaration) are not accepted; remove them.")


def _cdata_cr(token: re.Match[bytes]) -> bytes:
    return token[0].replace(b"\r", b"]]>&#13;<![CDATA[") if token.lastgroup == "cdata" else token[0]


@lru_cache(maxsize=32)
def _attributes_beyond(bound: int) -> re.Pattern[bytes]:
    """A start tag with more than ``bound`` attributes; declarations of prefixes count, too."""
    return re.compile(rb"""<[^\s<>/!?]++(?:[^<>"']*+(?:"[^"<]*+"|'[^'<]*+')){%d}""" % (bound + 1))


@lru_cache(maxsize=32)
def _long_names(bound: int) -> re.Pattern[bytes]:
    """An element's name, or the name of a namespace, of more than ``bound`` bytes. lxml writes a namespace anew into
    the tag of each element in it: one long one would become gigabytes."""
    more = bound * 4 + 1  # bytes of as many characters; exactly is counted in the tree
    value = rb"""(?:"[^"<]{%d}|'[^'<]{%d})""" % (bound + 1, bound + 1)
    return re.compile(rb"""<[^\s<>/!?"'=&]{%d}|\sxmlns(?::[^\s=<>"'&]*+)?\s*+=\s*+%s""" % (more, value))


def _check_size(data: bytes, limits: Limits) -> None:
    """Everything that can be counted before a tree is built. Comments and ``<`` in CDATA sections count as elements."""
    if len(data) > limits.body_bytes:
        raise _beyond("The body", "body_bytes", limits.body_bytes)
    if data.count(b"<") > limits.elements and data.count(b"<") - data.count(b"</") > limits.elements:
        raise _beyond("The number of elements", "elements", limits.elements)
    if _has_run(data, limits.name_bytes) and _long_names(limits.name_bytes).search(data):
        raise _beyond("The length of one name or namespace", "name_bytes", limits.name_bytes)
    if data.count(b"=") > limits.attributes and _attributes_beyond(limits.attributes).search(data):
        raise _beyond("The number of attributes of one element", "attributes", limits.attributes)


def _has_run(data: bytes, bound: int) -> bool:
    """Whether more than ``bound`` bytes stand anywhere without a ``<`` between them."""
    at = -1
    while len(data) - at - 1 > bound:
        at = data.rfind(b"<", at + 1, at + bound + 2)
        if at < 0:
            return True
    return False


def _beyond(what: str, setting: str, bound: int) -> Fault:
    return Fault(FaultKind.TOO_LARGE, f"{what} is beyond the limit of {bound} (limits.{setting}).")


def _tree(data: bytes) -> etree._Element:
    # A parser of its own for each call costs half a microsecond; a shared one would serialise threads.
    parser = etree.XMLParser(
        encoding=UTF8,
        resolve_entities=False,
        load_dtd=False,
        no_network=True,
        huge_tree=False,
        remove_comments=True,
        remove_pis=True,
        collect_ids=False,
    )
    try:
        root = etree.fromstring(data, parser)
    except etree.XMLSyntaxError as error:
        raise _syntax_fault(error) from None
    if b"DOCTYPE" in data and root.getroottree().docinfo.internalDTD is not None:
        raise malformed("A document type declaration (DOCTYPE) is not accepted; remove it.")
    return root


MOST_NAME_BYTES = 50_000
"""The parser's own bound for a name; a setting beyond it has no effect."""


def _syntax_fault(error: etree.XMLSyntaxError) -> Fault:
    line, column = error.position
    if "Excessive depth" in (error.msg or ""):
        return malformed("The elements are nested too deeply (limits.depth).")
    if getattr(error, "code", None) == etree.ErrorTypes.ERR_NAME_TOO_LONG:
        return _beyond("The length of one name", "name_bytes", MOST_NAME_BYTES)
    return malformed(f"The body is not well-formed XML: line {line}, column {column}.", log=error.msg or "")


@lru_cache(maxsize=32)
def _deeper_than(depth: int) -> etree.XPath:
    return etree.XPath(f"boolean({'/*' * (depth + 1)})")


# A comment cuts a text in two, which only a leaf joins; what has children may hold a long text beside them.
_LONG_TEXT = etree.XPath(
    "boolean(//*[not(*)][string-length(.) > $bound] | //text()[string-length(.) > $bound]"
    " | //@*[string-length(.) > $bound])"
)
_LONG_NAME = etree.XPath("boolean(//*[string-length(name()) > $bound] | //@*[string-length(name()) > $bound])")


def _check_shape(root: etree._Element, data: bytes, limits: Limits) -> None:
    """What needs the tree. Each check is left out where the size of the body already answers it."""
    if data.count(b"</") >= limits.depth and _deeper_than(limits.depth)(root):
        raise malformed(f"The elements are nested deeper than {limits.depth} (limits.depth).")
    if len(data) > limits.text_bytes and _LONG_TEXT(root, bound=limits.text_bytes):
        raise _beyond("The length of one text", "text_bytes", limits.text_bytes)
    if _has_run(data, limits.name_bytes) and _LONG_NAME(root, bound=limits.name_bytes):
        raise _beyond("The length of one name", "name_bytes", limits.name_bytes)


_ESCAPES = {"&": "&amp;", "<": "&lt;", ">": "&gt;"}
_MARKUP_CHARACTERS = re.compile("[&<>]")
_ATTRIBUTE_CHARACTERS = re.compile('[&<>"\t\r\n]')
_ATTRIBUTE_ESCAPES = {**_ESCAPES, '"': "&quot;", "\t": "&#x9;", "\r": "&#xD;", "\n": "&#xA;"}
INVALID_CHARACTERS = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")
"""What XML 1.0 cannot carry, not even as a reference."""


def escape(text: str) -> str:
    """``text`` as element content: ``&``, ``<`` and ``>`` as entities, all else as it is."""
    if _MARKUP_CHARACTERS.search(text) is None:
        return text
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def escape_attribute(text: str) -> str:
    """``text`` as an attribute value between double quotes."""
    return _ATTRIBUTE_CHARACTERS.sub(lambda found: _ATTRIBUTE_ESCAPES[found[0]], text)


def printable(text: str) -> str:
    """``text`` with U+FFFD for every character that XML 1.0 cannot carry."""
    return INVALID_CHARACTERS.sub("\ufffd", text)
