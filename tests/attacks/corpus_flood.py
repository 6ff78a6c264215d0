"""Hostile XML that is too much of something."""

from tests.attacks.corpus import after, attribute, before, inside, nested, value, whole
from tests.attacks.corpus_words import BAD, BIG, OWASP, WSA, xml


def _attributes(count: int, text: bytes) -> bytes:
    return b" ".join(text % number for number in range(count))


FLOODS = [
    xml("too deep", BAD, OWASP + "Traditional Jumbo Payloads", inside(nested(b"<a>", b"</a>", 33)), "limits.depth"),
    xml("much too deep", BAD, WSA + "CoerciveParsing", inside(nested(b"<a>", b"</a>", 9_000)), "limits.depth"),
    xml("deep and never closed", f"{BIG}|{BAD}", OWASP + "Handling coercive parsing", whole(b"<a>" * 100_000)),
    xml(
        "deep, never closed, few enough",
        BAD,
        OWASP + "Handling coercive parsing",
        whole(b"<a>" * 15_000),
        "limits.depth",
    ),
    xml(
        "closed and never opened",
        f"{BIG}|{BAD}",
        OWASP + "Malformed XML documents require extra time",
        whole(b"</a>" * 200_000),
    ),
    xml("too many elements", BIG, WSA + "XmlElementCount", inside(b"<a/>" * 20_001), "limits.elements"),
    xml("many elements, few enough", "accepted", WSA + "XmlElementCount", inside(b"<a/>" * 15_000)),
    xml("a list of everything", BIG, OWASP + "Occurrences", inside(b"<a>1</a>" * 30_000), "limits.elements"),
    xml(
        "too many attributes",
        BIG,
        WSA + "XmlAttributeCount",
        inside(b"<a " + _attributes(65, b"a%d='1'") + b"/>"),
        "limits.attributes",
    ),
    xml(
        "many thousand attributes",
        BIG,
        WSA + "XmlAttributeCount",
        inside(b"<a " + _attributes(60_000, b"a%d='1'") + b"/>"),
        "limits.attributes",
    ),
    xml(
        "too many attributes on the document element",
        BIG,
        WSA + "XmlAttributeCount",
        attribute(_attributes(65, b"a%d='1'")),
        "limits.attributes",
    ),
    xml("the same attribute twice", BAD, OWASP + "Violation of XML Specification Rules", inside(b"<a b='1' b='2'/>")),
    xml(
        "the same attribute through two prefixes",
        BAD,
        OWASP + "Violation of XML Specification Rules",
        inside(b"<a xmlns:p='u' xmlns:q='u' p:b='1' q:b='2'/>"),
    ),
    xml(
        "too many namespaces",
        BIG,
        WSA + "XmlAttributeCount",
        inside(b"<a " + _attributes(65, b"xmlns:n%d='u'") + b"/>"),
        "limits.attributes",
    ),
    xml(
        "namespaces on every level",
        "accepted",
        WSA + "XmlAttributeCount",
        inside(b"".join(b"<a " + _attributes(60, b"xmlns:n%d='u'") + b">" for _ in range(20)) + b"</a>" * 20),
    ),
    xml(
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
    xml(
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
    xml(
        "elements that collide in DJBX33X",
        "accepted",
        WSA + "HashCollisionDJBX33X",
        inside(b"".join(b"<%s%d/>" % (x, n) for x in (b"tt", b"uS") for n in range(3_000))),
    ),
    xml("too long a name", BIG, WSA + "XmlOverlongNames", inside(b"<" + b"n" * 1025 + b"/>"), "limits.name_bytes"),
    xml(
        "much too long a name",
        BIG,
        WSA + "XmlOverlongNames",
        inside(b"<" + b"n" * 600_000 + b"/>"),
        "limits.name_bytes",
    ),
    xml(
        "too long a name of an attribute",
        BIG,
        WSA + "XmlOverlongNames",
        inside(b"<a " + b"n" * 1025 + b"='1'/>"),
        "limits.name_bytes",
    ),
    xml(
        "too long a prefix",
        BIG,
        WSA + "XmlOverlongNames",
        inside(b"<%s:a xmlns:%s='u'/>" % (b"n" * 1025, b"n" * 1025)),
        "limits.name_bytes",
    ),
    xml(
        "too long a namespace",
        BIG,
        WSA + "XmlOverlongNames",
        inside(b"<a xmlns='" + b"n" * 1025 + b"'/>"),
        "limits.name_bytes",
    ),
    xml(
        "a long namespace for many elements",
        BIG,
        OWASP + '"Small" Jumbo Payloads',
        inside(b"<a xmlns:p='" + b"n" * 500_000 + b"'>" + b"<p:b/>" * 15_000 + b"</a>"),
        "limits.name_bytes",
    ),
    xml("too long a text", BIG, OWASP + "String Data Types", value(b"x" * 65_537), "limits.text_bytes"),
    xml(
        "too long a text in pieces",
        BIG,
        OWASP + "String Data Types",
        value(b"<!-- -->".join([b"x" * 1000] * 70)),
        "limits.text_bytes",
    ),
    xml(
        "too long a text of references",
        BIG,
        OWASP + "String Data Types",
        value(b"&#120;" * 65_537),
        "limits.text_bytes",
    ),
    xml(
        "too long a text of carriage returns in CDATA",
        BIG,
        OWASP + "String Data Types",
        value(b"<![CDATA[" + b"\r" * 65_537 + b"]]>"),
        "limits.text_bytes",
    ),
    xml(
        "too long a text beside an element",
        BIG,
        OWASP + "String Data Types",
        value(b"x" * 65_537 + b"<b/>"),
        "limits.text_bytes",
    ),
    xml(
        "too long a text of an attribute",
        BIG,
        OWASP + "String Data Types",
        inside(b"<a b='" + b"x" * 65_537 + b"'/>"),
        "limits.text_bytes",
    ),
    xml("flood of comments", BIG, OWASP + "Jumbo Payloads", before(b"<!---->" * 50_000), "limits.elements"),
    xml("flood of CDATA sections", BIG, OWASP + "Jumbo Payloads", value(b"<![CDATA[]]>" * 20_001), "limits.elements"),
    xml("one long comment", "accepted", OWASP + "Jumbo Payloads", before(b"<!--" + b"x" * 500_000 + b"-->")),
    xml("half a mebibyte of blanks", "accepted", OWASP + "Jumbo Payloads", after(b" \n" * 250_000)),
    xml(
        "an endless comment",
        f"{BAD}|{BIG}",
        OWASP + "Malformed XML documents require extra time",
        before(b"<!--" * 200_000),
    ),
    xml(
        "an endless CDATA section",
        BAD,
        OWASP + "Malformed XML documents require extra time",
        value(b"<![CDATA[" + b"x" * 500_000),
    ),
    xml(
        "an endless attribute",
        f"{BAD}|{BIG}",
        OWASP + "Malformed XML documents require extra time",
        before(b'<a b="' + b"x" * 500_000),
    ),
    xml(
        "quotes without end",
        f"{BAD}|{BIG}",
        OWASP + "Malformed XML documents require extra time",
        before(b'<a "' * 5_000),
    ),
    xml("ampersands", BAD, OWASP + "Malformed XML documents require extra time", value(b"&" * 500_000)),
    xml(
        "larger than a body may be",
        BIG,
        "OWASP Web Service Security: Message Size",
        after(b" " * 1024 * 1024),
        "limits.body_bytes",
    ),
]


ATTACKS = FLOODS
