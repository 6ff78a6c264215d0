"""Hostile XML that is broken, is not in the encoding it says, or means something else."""

from tests.attacks.corpus import after, attribute, before, encoded, inside, sibling, value, whole
from tests.attacks.corpus_words import BAD, OWASP, XSI, xml

ENCODINGS = [
    xml(
        "UTF-8 with a byte order mark",
        "accepted",
        OWASP + "Violation of XML Specification Rules",
        before(b"\xef\xbb\xbf"),
    ),
    xml(
        "two byte order marks", BAD, OWASP + "Violation of XML Specification Rules", before(b"\xef\xbb\xbf\xef\xbb\xbf")
    ),
    xml(
        "UTF-16 with a byte order mark alone",
        f"{BAD} soap=accepted servicestack-soap=accepted",
        OWASP + "Violation of XML Specification Rules",
        encoded("utf-16"),
        headers={"content-type": "text/xml"},
    ),
    xml(
        "UTF-16 with byte order mark and declaration",
        f"accepted webapi={BAD}",
        OWASP + "Violation of XML Specification Rules",
        encoded("utf-16", "utf-16"),
        headers={"content-type": "text/xml"},
    ),
    xml(
        "UTF-16, big end first, without anything",
        BAD,
        OWASP + "Violation of XML Specification Rules",
        encoded("utf-16-be"),
        headers={"content-type": "text/xml"},
    ),
    xml(
        "UTF-16, little end first, without anything",
        BAD,
        OWASP + "Violation of XML Specification Rules",
        encoded("utf-16-le"),
        headers={"content-type": "text/xml"},
    ),
    xml(
        "UTF-16 that calls itself UTF-8",
        BAD,
        OWASP + "Violation of XML Specification Rules",
        encoded("utf-16", "utf-8"),
    ),
    xml(
        "UTF-8 that calls itself UTF-16",
        BAD,
        OWASP + "Violation of XML Specification Rules",
        encoded("utf-8", "utf-16"),
    ),
    xml("UTF-32", BAD, OWASP + "Violation of XML Specification Rules", encoded("utf-32")),
    xml(
        "UTF-32 that calls itself so",
        BAD,
        OWASP + "Violation of XML Specification Rules",
        encoded("utf-32-be", "utf-32"),
    ),
    xml(
        "Latin-1 that calls itself so",
        BAD,
        OWASP + "Violation of XML Specification Rules",
        encoded("latin-1", "iso-8859-1"),
    ),
    xml(
        "UTF-8 that calls itself Latin-1",
        BAD,
        OWASP + "Violation of XML Specification Rules",
        encoded("utf-8", "iso-8859-1"),
    ),
    xml("Latin-1 that says nothing", BAD, OWASP + "Violation of XML Specification Rules", value(b"Zo\xeb")),
    xml("UTF-7", BAD, OWASP + "Violation of XML Specification Rules", encoded("utf-7", "utf-7")),
    xml("EBCDIC", BAD, OWASP + "Violation of XML Specification Rules", encoded("cp037")),
    xml(
        "EBCDIC that calls itself so",
        BAD,
        OWASP + "Violation of XML Specification Rules",
        encoded("cp037", "ebcdic-cp-us"),
    ),
    xml("an unknown encoding", BAD, OWASP + "Violation of XML Specification Rules", encoded("utf-8", "x-nonsense")),
    xml(
        "an encoding of Python's",
        BAD,
        OWASP + "Violation of XML Specification Rules",
        encoded("utf-8", "unicode_escape"),
    ),
    xml("a mark of UTF-16 before UTF-8", BAD, OWASP + "Violation of XML Specification Rules", before(b"\xff\xfe")),
    xml("overlong UTF-8", BAD, OWASP + "Violation of XML Specification Rules", value(b"\xc0\xbcb\xc0\xbe")),
    xml("surrogates in UTF-8", BAD, OWASP + "Violation of XML Specification Rules", value(b"\xed\xa0\xbd\xed\xb8\x80")),
    xml(
        "half a surrogate pair in UTF-16",
        BAD,
        OWASP + "Violation of XML Specification Rules",
        lambda good: b"\xff\xfe" + good.decode().replace("MARKER", "\ud800").encode("utf-16-le", "surrogatepass"),
        headers={"content-type": "text/xml"},
    ),
    xml(
        "an odd number of bytes of UTF-16",
        BAD,
        OWASP + "Violation of XML Specification Rules",
        lambda good: b"\xff\xfe" + good.decode().encode("utf-16-le") + b"x",
        headers={"content-type": "text/xml"},
    ),
    xml(
        "a charset of the transport that nobody reads",
        "unsupported_media webapi=accepted servicestack=accepted",
        OWASP + "Violation of XML Specification Rules",
        lambda good: good,
        headers={"content-type": "text/xml; charset=utf-7"},
    ),
    xml(
        "a charset of the transport that is not that of the declaration",
        BAD + " servicestack=accepted",
        OWASP + "Violation of XML Specification Rules",
        encoded("utf-8", "utf-8"),
        headers={"content-type": "text/xml; charset=utf-16"},
    ),
]

BROKEN = [
    xml("no end", BAD, OWASP + "Handling malformed XML documents", lambda good: good[: len(good) // 2]),
    xml("the last character is missing", BAD, OWASP + "Handling malformed XML documents", lambda good: good[:-1]),
    xml("two documents", BAD, OWASP + "Handling malformed XML documents", lambda good: good + good),
    xml("text after the document", BAD, OWASP + "Handling malformed XML documents", after(b"x")),
    xml("text before the document", BAD, OWASP + "Handling malformed XML documents", before(b"x")),
    xml("another element's end", BAD, OWASP + "Malformed Document to Malformed Document", inside(b"<a></b>")),
    xml("crossed elements", BAD, OWASP + "Malformed Document to Malformed Document", inside(b"<a><b></a></b>")),
    xml("a reference to NUL", BAD, OWASP + "Violation of XML Specification Rules", value(b"&#0;")),
    xml("a reference to a control character", BAD, OWASP + "Violation of XML Specification Rules", value(b"&#x1F;")),
    xml("a reference beyond Unicode", BAD, OWASP + "Violation of XML Specification Rules", value(b"&#x110000;")),
    xml(
        "a reference to half a surrogate pair", BAD, OWASP + "Violation of XML Specification Rules", value(b"&#xD800;")
    ),
    xml("a reference without end", BAD, OWASP + "Violation of XML Specification Rules", value(b"&#" + b"9" * 10_000)),
    xml("a NUL", BAD, OWASP + "Violation of XML Specification Rules", value(b"a\0b")),
    xml("a control character", BAD, OWASP + "Violation of XML Specification Rules", value(b"a\x08b")),
    xml("an ampersand alone", BAD, OWASP + "Violation of XML Specification Rules", value(b"a & b")),
    xml("the end of CDATA in a text", BAD, OWASP + "Violation of XML Specification Rules", value(b"a]]>b")),
    xml("an attribute without quotes", BAD, OWASP + "Violation of XML Specification Rules", inside(b"<a b=c/>")),
    xml("an attribute without a value", BAD, OWASP + "Violation of XML Specification Rules", inside(b"<a b/>")),
    xml("an undeclared prefix", BAD, OWASP + "Violation of XML Specification Rules", inside(b"<p:a/>")),
    xml(
        "the prefix xml for something else",
        BAD,
        OWASP + "Violation of XML Specification Rules",
        inside(b"<a xmlns:xml='urn:x'/>"),
    ),
    xml("a prefix declared empty", BAD, OWASP + "Violation of XML Specification Rules", inside(b"<p:a xmlns:p=''/>")),
    xml("two hyphens in a comment", BAD, OWASP + "Violation of XML Specification Rules", before(b"<!-- a -- b -->")),
    xml("only a comment", BAD, OWASP + "Handling malformed XML documents", whole(b"<!-- -->")),
    xml("only blanks", BAD, OWASP + "Handling malformed XML documents", whole(b" \n ")),
    xml("HTML", BAD, OWASP + "Document without Schema", whole(b"<!DOCTYPE html><html><p>x<br></html>")),
    xml("JSON", BAD, "OWASP REST Security: Validate request content types", whole(b'{"a": 1}')),
    xml("binary", BAD, OWASP + "Handling malformed XML documents", whole(bytes(range(256)) * 8)),
    xml("another document", BAD, OWASP + "Document without Schema", whole(b"<a xmlns='urn:x'><b/></a>")),
]

MEANING = [
    xml("a member more", "accepted", OWASP + "Unrestrictive Schema", inside(b"<IsAdmin>true</IsAdmin>")),
    xml(
        "the same member twice",
        "accepted soap=malformed|accepted",
        OWASP + "Improper Data Validation",
        sibling(b"other"),
    ),
    xml("a member as an element of elements", BAD, OWASP + "String Data Types", value(b"<a>1</a>")),
    xml("markup as text", "accepted", OWASP + "String Data Types", value(b"&lt;/a&gt;&lt;a&gt;")),
    xml("SQL", "accepted", OWASP + "String Data Types", value(b"'; DROP TABLE sessions; --")),
    xml("XPath", "accepted", OWASP + "String Data Types", value(b"' or '1'='1")),
    xml(
        "another type of .NET",
        f"{BAD} soap=accepted servicestack-soap=accepted",
        "Deserialization of other types",
        attribute(
            XSI
            + b' xsi:type="o:ObjectDataProvider" xmlns:o="http://schemas.datacontract.org/2004/07/System.Windows.Data"'
        ),
    ),
    xml(
        "another type of .NET for a member",
        "accepted",
        "Deserialization of other types",
        inside(
            b"<a "
            + XSI
            + b' xsi:type="o:Process" xmlns:o="http://schemas.datacontract.org/2004/07/System.Diagnostics"><b/></a>'
        ),
    ),
    xml(
        "a reference to an object that is not there",
        f"{BAD} soap=accepted servicestack-soap=accepted",
        OWASP + "Recursive Entity Reference",
        attribute(b'xmlns:z="http://schemas.microsoft.com/2003/10/Serialization/" z:Ref="i9"'),
    ),
    xml(
        "a null that is none",
        f"{BAD} soap=accepted servicestack-soap=accepted",
        OWASP + "General Data Restrictions",
        attribute(XSI + b' xsi:nil="maybe"'),
    ),
]


ATTACKS = [*ENCODINGS, *BROKEN, *MEANING]
