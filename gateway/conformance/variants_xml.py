"""The same XML said otherwise: what every reader of XML must take for the same document."""

import codecs
import re
from collections.abc import Callable, Iterator, Mapping
from copy import deepcopy
from typing import Any, TypeAlias

from lxml import etree

from adapters import xml
from gateway.conformance.wellformed import ANY_SIZE
from gateway.outcome import Fault

Change: TypeAlias = Callable[[Any], bytes | None]
_SERIALIZATION = "http://schemas.microsoft.com/2003/10/Serialization/"


def variants(body: bytes, charset: str | None) -> Iterator[tuple[str, bytes, str | None]]:
    """Each variant of ``body``: its name, its bytes, and the charset to name in Content-Type. None of what is no
    XML."""
    try:
        root = xml.parse(body, ANY_SIZE, charset=charset, allow_pi=True)
    except Fault:
        return
    for name, change in CHANGES.items():
        made = change(deepcopy(root))
        if made is not None:
            yield name, made, None if charset is None else "utf-8"
    plain = etree.tostring(root, encoding="unicode")
    yield "byte order mark", codecs.BOM_UTF8 + plain.encode(), None if charset is None else "utf-8"
    declared = f'<?xml version="1.0" encoding="utf-16"?>{plain}'
    yield "utf-16", codecs.BOM_UTF16_LE + declared.encode("utf-16-le"), "utf-16"


def _bytes(root: Any) -> bytes:
    return etree.tostring(root, encoding="utf-8", xml_declaration=False)


def _renamed(root: Any) -> bytes | None:
    """Every prefix another one, the default namespace too; not where a value names a prefix."""
    if _names_prefixes(root):
        return None
    number: dict[str, str] = {}
    text = _write(root, {}, number)
    return text.encode()


def _names_prefixes(root: Any) -> bool:
    """Whether a text or an attribute may be a qualified name."""
    prefixes = {prefix for element in root.iter() for prefix in element.nsmap if prefix}
    values = [value for element in root.iter() for value in (element.text or "", *element.attrib.values())]
    return any(value.partition(":")[0].strip() in prefixes for value in values if ":" in value)


def _write(element: Any, known: Mapping[str, str], number: dict[str, str]) -> str:
    """The element, each namespace by a prefix of ours that is declared where it is first needed."""
    known, declared = dict(known), []

    def named(tag: str) -> str:
        name = etree.QName(tag)
        if not name.namespace:
            return name.localname
        if name.namespace == "http://www.w3.org/XML/1998/namespace":
            return f"xml:{name.localname}"
        if name.namespace not in known:
            known[name.namespace] = number.setdefault(name.namespace, f"other{len(number)}")
            declared.append(f' xmlns:{known[name.namespace]}="{xml.escape_attribute(name.namespace)}"')
        return f"{known[name.namespace]}:{name.localname}"

    tag = named(element.tag)
    attributes = "".join(f' {named(key)}="{xml.escape_attribute(value)}"' for key, value in element.attrib.items())
    inner = xml.escape(element.text or "").replace("\r", "&#13;")
    for child in element:
        inner += _write(child, known, number) + xml.escape(child.tail or "").replace("\r", "&#13;")
    return f"<{tag}{''.join(declared)}{attributes}>{inner}</{tag}>"


def _has_elements_only(element: Any) -> bool:
    texts = [element.text, *(child.tail for child in element)]
    return len(element) > 0 and not any(text and text.strip() for text in texts)


def _spaced(root: Any) -> bytes:
    """Blanks and line ends between elements, and inside tags."""
    for element in root.iter():
        if _has_elements_only(element):
            element.text = "\r\n\t  "
            for child in element:
                child.tail = "\n \t"
    return re.sub(rb"(<[^<>/!?\s]+)((?:\s+[^<>]*?)?)(/?>)", rb"\1\2 \n\3", _bytes(root)) + b"\n\n"


def _commented(root: Any) -> bytes:
    """Comments between elements."""
    for element in list(root.iter()):
        if _has_elements_only(element):
            for position in range(len(element), -1, -1):
                element.insert(position, etree.Comment(" <ignored/> & so on "))
    return b"<!-- before -->" + _bytes(root) + b"<!-- after -->"


def _comment_in_text(root: Any) -> bytes | None:
    """A comment in the middle of each text."""
    changed = False
    for element in list(root.iter()):
        if len(element) == 0 and element.text and len(element.text) > 1:
            middle = len(element.text) // 2
            comment = etree.Comment("x")
            comment.tail = element.text[middle:]
            element.text = element.text[:middle]
            element.append(comment)
            changed = True
    return _bytes(root) if changed else None


def _cdata(root: Any) -> bytes | None:
    """Texts as CDATA sections."""
    changed = False
    for element in root.iter():
        if len(element) == 0 and element.text and "]]>" not in element.text and "\r" not in element.text:
            element.text = etree.CDATA(element.text)
            changed = True
    return _bytes(root) if changed else None


def _references(root: Any) -> bytes | None:
    """Letters of texts as character references."""
    marks: dict[str, str] = {}
    for element in root.iter():
        if len(element) == 0 and element.text and element.text.strip():
            mark = f"\ue000{len(marks)}\ue001"
            marks[mark], element.text = element.text, mark
    text = etree.tostring(root, encoding="unicode")
    for mark, value in marks.items():
        text = text.replace(mark, "".join(f"&#{ord(letter)};" for letter in value))
    return text.encode() if marks else None


def _shuffled(root: Any) -> bytes | None:
    """Children backwards, those of one name in their own order; not in an envelope, nor where an object is named."""
    if any(f"{{{_SERIALIZATION}}}" in key for element in root.iter() for key in element.attrib):
        return None
    changed = False
    for element in list(root.iter()):
        if not _has_elements_only(element) or etree.QName(element).localname == "Envelope":
            continue
        tags = list(dict.fromkeys(child.tag for child in element))
        if len(tags) > 1:
            element[:] = [child for tag in reversed(tags) for child in list(element) if child.tag == tag]
            changed = True
    return _bytes(root) if changed else None


def _closed(root: Any) -> bytes | None:
    """Empty elements as a start and an end."""
    changed = False
    for element in root.iter():
        if len(element) == 0 and element.text is None:
            element.text = ""
            changed = True
    return _bytes(root) if changed else None


def _quoted(root: Any) -> bytes:
    """A declaration before it, with single quotes."""
    return b"<?xml version='1.0' encoding='utf-8' standalone='yes'?>\n" + _bytes(root)


CHANGES: Mapping[str, Change] = {
    "prefixes renamed": _renamed,
    "white space": _spaced,
    "comments": _commented,
    "comments in texts": _comment_in_text,
    "CDATA sections": _cdata,
    "character references": _references,
    "children shuffled": _shuffled,
    "empty elements closed": _closed,
    "declaration": _quoted,
}
"""What is changed, by its name; a change that does not apply gives None."""
