"""Hostile JSON. ``rest`` reads RFC 8259, ``webapi`` what Json.NET reads, ``servicestack`` what its own reader does.

Where the recorded ServiceStack server reads leniently, so does the gateway, with a note; what writes refuses what would
be lost.
"""

from tests.attacks.corpus import Attack, Make, after, before, member, nested, quoted, value, whole

BAD, BIG, NO = "malformed", "too_large", "invalid"
REST = "OWASP REST Security: Input validation"
SIZE = "OWASP REST Security: request size limit"
RFC = "RFC 8259"
INTEROPERABLE = "JSON interoperability"


def _json(
    name: str, expect: str, source: str, make: Make, setting: str = "", headers: dict[str, str] | None = None
) -> Attack:
    return Attack(f"json: {name}", ("json",), expect, source, make, setting, headers)


NUMBERS = [
    _json("NaN", f"{BAD} webapi=accepted|{NO} servicestack=accepted|{BAD}", RFC, member(b'"zz":NaN')),
    _json("Infinity", f"{BAD} webapi=accepted|{NO} servicestack=accepted|{BAD}", RFC, member(b'"zz":Infinity')),
    _json("minus Infinity", f"{BAD} webapi=accepted|{NO} servicestack=accepted|{BAD}", RFC, member(b'"zz":-Infinity')),
    _json("1e999", f"accepted|{NO} servicestack=accepted|{BAD}", RFC, member(b'"zz":1e999')),
    _json("-1e-999999999", f"accepted|{NO} servicestack=accepted|{BAD}", RFC, member(b'"zz":-1e-999999999')),
    _json(
        "an exponent of a million digits",
        f"accepted|{NO} servicestack=accepted|{BAD}|{BIG}",
        RFC,
        member(b'"zz":1e' + b"9" * 500_000),
    ),
    _json(
        "a number of 5,000 digits", f"accepted|{NO} servicestack=accepted|{BAD}", RFC, member(b'"zz":' + b"9" * 5_000)
    ),
    _json(
        "a number of 500,000 digits",
        f"accepted|{NO} servicestack=accepted|{BAD}|{BIG}",
        RFC,
        member(b'"zz":' + b"9" * 500_000),
    ),
    _json("a number of 500,000 digits for a text", f"{NO} servicestack={BIG}", RFC, quoted(b"9" * 500_000)),
    _json("a number beyond 64 bits", "accepted", RFC, member(b'"zz":123456789012345678901234567890')),
    _json("a negative number beyond 64 bits", "accepted", RFC, member(b'"zz":[-123456789012345678901234567890]')),
    _json("a fraction of many digits", "accepted", RFC, member(b'"zz":0.1234567890123456789012345678901234567890')),
    _json("a leading zero", f"{BAD} servicestack=accepted|{BAD}", RFC, member(b'"zz":01')),
    _json("a plus sign", f"{BAD} servicestack=accepted|{BAD}", RFC, member(b'"zz":+1')),
    _json("hexadecimal", f"{BAD} webapi=accepted servicestack=accepted|{BAD}", RFC, member(b'"zz":0xff')),
    _json("no digit behind the point", f"{BAD} webapi=accepted servicestack=accepted|{BAD}", RFC, member(b'"zz":1.')),
    _json("a number where a text is", f"{NO} webapi=accepted servicestack=accepted", REST, quoted(b"1")),
    _json("true where a text is", f"{NO} webapi=accepted|{NO} servicestack=accepted", REST, quoted(b"true")),
]

TEXTS = [
    _json("half a surrogate pair", f"{BAD} webapi=accepted servicestack={BAD}", RFC, value(b"\\ud800")),
    _json("the other half", f"{BAD} webapi=accepted servicestack={BAD}", RFC, value(b"\\udc00x")),
    _json("the halves the wrong way round", f"{BAD} webapi=accepted servicestack={BAD}", RFC, value(b"\\ude00\\ud83d")),
    _json("half a surrogate pair in an undeclared member", f"accepted|{BAD}", RFC, member(b'"zz":["\\ud800"]')),
    _json(
        "half a surrogate pair in a name",
        f"{BAD} webapi=accepted servicestack=accepted|{BAD}",
        RFC,
        member(b'"\\ud800":1'),
    ),
    _json("a whole surrogate pair", "accepted", RFC, value(b"\\ud83d\\ude00")),
    _json("an escaped NUL", BAD, RFC, value(b"a\\u0000b")),
    _json("an escaped NUL in a name", f"{BAD} servicestack=accepted|{BAD}", RFC, member(b'"a\\u0000b":1')),
    _json("a NUL", BAD, RFC, value(b"a\0b")),
    _json("a control character", f"{BAD} webapi=accepted servicestack=accepted", RFC, value(b"a\x08b")),
    _json("an escaped control character", "accepted", RFC, value(b"a\\u0008b")),
    _json("a line break in a text", f"{BAD} webapi=accepted servicestack=accepted", RFC, value(b"a\nb")),
    _json("an unknown escape", f"{BAD} servicestack=accepted", RFC, value(b"a\\qb")),
    _json("an escape without digits", f"{BAD} servicestack=accepted", RFC, value(b"a\\uZZZZ")),
    _json("a text without end", BAD, RFC, lambda good: good[: good.rindex(b'"')]),
    _json("backslashes without end", f"{BAD}|{BIG}", RFC, value(b"\\" * 500_001)),
    _json("too long a text", BIG, SIZE, value(b"x" * 65_537), "limits.text_bytes"),
    _json("too long a text of escapes", BIG, SIZE, value(b"\\u0078" * 65_537), "limits.text_bytes"),
    _json("too long a name", BIG, SIZE, member(b'"' + b"n" * 1_025 + b'":1'), "limits.name_bytes"),
    _json("much too long a name", BIG, SIZE, member(b'"' + b"n" * 500_000 + b'":1'), "limits.name_bytes"),
    _json("script", "accepted", "OWASP Web Service Security: Output Encoding", value(b"<script>alert(1)</script>")),
    _json("the end of a script", "accepted", "OWASP Web Service Security: Output Encoding", value(b"</script><!--")),
    _json("SQL", "accepted", REST, value(b"'; DROP TABLE sessions; --")),
    _json("a template", "accepted", REST, value(b"{{7*7}}${jndi:ldap://127.0.0.1/a}%s%n")),
    _json("direction marks", "accepted", REST, value(b"\\u202eexe.txt")),
    _json("noncharacters", "accepted", RFC, value(b"\\uffff\\ufffe")),
]

SHAPES = [
    _json(
        "too deep",
        f"{BAD} servicestack={BAD}|accepted",
        SIZE,
        member(b'"zz":' + nested(b"[", b"]", 33)),
        "limits.depth",
    ),
    _json("too deep with objects", BAD, SIZE, member(b'"zz":' + b'{"a":' * 33 + b"1" + b"}" * 33), "limits.depth"),
    _json("100,000 levels", BAD, SIZE, whole(nested(b"[", b"]", 100_000))),
    _json("100,000 levels without end", BAD, SIZE, whole(b'{"a":' * 100_000)),
    _json("100,000 levels in a member", BAD, SIZE, member(b'"zz":' + nested(b"[", b"]", 100_000))),
    _json(
        "too many members",
        f"{BAD} servicestack={BIG}",
        SIZE,
        member(b",".join(b'"m%d":1' % n for n in range(20_001))),
        "limits.members",
    ),
    _json("too many items", f"{BAD} servicestack=accepted|{BAD}", SIZE, member(b'"zz":[' + b"1," * 20_001 + b"1]")),
    _json(
        "the same member 20,001 times",
        f"{BAD} servicestack={BIG}",
        SIZE,
        member(b",".join([b'"zz":1'] * 20_001)),
        "limits.members",
    ),
    _json(
        "members that collide",
        "accepted servicestack=accepted",
        "WS-Attacker: HashCollisionDJBX33A",
        member(b",".join(b'"%s%d":1' % (x, n) for x in (b"tt", b"uS") for n in range(3_000))),
    ),
    _json("larger than a body may be", BIG, SIZE, after(b" " * 1024 * 1024), "limits.body_bytes"),
    _json("half a mebibyte of blanks", "accepted", SIZE, after(b" \n" * 250_000)),
    _json("half a mebibyte of commas", f"{BAD}", SIZE, whole(b"{" + b"," * 500_000)),
    _json("half a mebibyte of quotes", BAD, SIZE, whole(b'{"' + b'"' * 500_000)),
    _json(
        "comments that hide members", f"{BAD}", SIZE, lambda good: b'/*"*/{"zz":[' + b"1," * 300_000 + b"1]," + good[1:]
    ),
]

GRAMMAR = [
    _json("something behind the object", f"{BAD} servicestack={BAD}", RFC, after(b"x")),
    _json("two objects", f"{BAD}", RFC, lambda good: good + good),
    _json("the end is missing", f"{BAD}", RFC, lambda good: good[:-1]),
    _json("half of it", BAD, RFC, lambda good: good[: len(good) // 2]),
    _json(
        "a comma before the end", f"{BAD} webapi=accepted servicestack=accepted", RFC, lambda good: good[:-1] + b",}"
    ),
    _json("single quotes", f"{BAD} webapi=accepted servicestack=accepted|{BAD}", RFC, member(b"'zz':'1'")),
    _json("a name without quotes", f"{BAD} webapi=accepted servicestack=accepted|{BAD}", RFC, member(b"zz:1")),
    _json("a comment", f"{BAD} webapi=accepted servicestack={BAD}", RFC, before(b"/* x */")),
    _json("a comment without end", BAD, RFC, before(b"/* x ")),
    _json("a constructor", f"{BAD} servicestack=accepted|{BAD}", RFC, member(b'"zz":new Date(0)')),
    _json("a function call around it", f"{BAD}", RFC, lambda good: b"f(" + good + b")"),
    _json("a guard in front", BAD, RFC, before(b")]}',\n")),
    _json("only a number", BAD, RFC, whole(b"1")),
    _json("only a text", BAD, RFC, whole(b'"x"')),
    _json("only null", f"{BAD} webapi={NO}", RFC, whole(b"null")),
    _json("only blanks", f"{BAD} webapi={NO} servicestack=invalid|unauthenticated|accepted", RFC, whole(b"  \n ")),
    _json("a list", f"{BAD}|{NO}", RFC, whole(b"[]")),
    _json("a list of it", f"{BAD} rest={BAD}|accepted|{NO}", RFC, lambda good: b"[" + good + b"]"),
    _json("XML", BAD, "OWASP REST Security: Validate request content types", whole(b"<a/>")),
    _json(
        "XML with an entity",
        BAD,
        "OWASP XXE Prevention: content types",
        whole(b'<!DOCTYPE a [<!ENTITY e SYSTEM "file:///etc/passwd">]><a>&e;</a>'),
    ),
    _json("binary", BAD, RFC, whole(bytes(range(256)) * 8)),
]

ENCODINGS = [
    _json("a byte order mark", "accepted", RFC, before(b"\xef\xbb\xbf")),
    _json("two byte order marks", BAD, RFC, before(b"\xef\xbb\xbf\xef\xbb\xbf")),
    _json("UTF-16 with a mark", f"{BAD} webapi=accepted", RFC, lambda good: good.decode().encode("utf-16")),
    _json("UTF-16 without a mark", f"{BAD}", RFC, lambda good: good.decode().encode("utf-16-le")),
    _json(
        "UTF-16 in Content-Type",
        "unsupported_media webapi=accepted servicestack=malformed",
        RFC,
        lambda good: good.decode().encode("utf-16-le"),
        headers={"content-type": "application/json; charset=utf-16"},
    ),
    _json("UTF-16, an odd byte more", f"{BAD}", RFC, lambda good: good.decode().encode("utf-16") + b"x"),
    _json("UTF-32", BAD, RFC, lambda good: good.decode().encode("utf-32")),
    _json(
        "UTF-7",
        f"{BAD}|accepted",
        RFC,
        lambda good: good.replace(b'"MARKER"', b"+ACI-MARKER+ACI-") if b'"MARKER"' in good else None,
    ),
    _json("Latin-1", f"{BAD}", RFC, value(b"Zo\xeb")),
    _json("overlong UTF-8", f"{BAD}", RFC, value(b"\xc0\xa2")),
    _json("surrogates in UTF-8", f"{BAD}", RFC, value(b"\xed\xa0\xbd")),
    _json(
        "a charset that nobody reads",
        "unsupported_media webapi=accepted servicestack=accepted",
        RFC,
        lambda good: good,
        headers={"content-type": "application/json; charset=utf-7"},
    ),
]

MEANING = [
    _json(
        "an undeclared member twice",
        f"{NO}|accepted",
        INTEROPERABLE,
        lambda good: good.replace(b'"MARKER"', b'"MARKER","zz":1,"zz":2', 1) if b'"MARKER"' in good else None,
    ),
    _json("__proto__", "accepted", INTEROPERABLE, member(b'"__proto__":{"isAdmin":true}')),
    _json(
        "a type of Json.NET",
        "accepted",
        "Deserialization of other types",
        member(b'"$type":"System.Windows.Data.ObjectDataProvider, PresentationFramework"'),
    ),
    _json(
        "a type of ServiceStack",
        "accepted",
        "Deserialization of other types",
        member(b'"__type":"System.Diagnostics.Process, System"'),
    ),
    _json(
        "a reference of Json.NET", "accepted", "Deserialization of other types", member(b'"$id":"1","zz":{"$ref":"1"}')
    ),
    _json(
        "a member more", "accepted", "OWASP REST Security: mass assignment", member(b'"tenant":"other","is_admin":true')
    ),
    _json("a member without a name", "accepted", INTEROPERABLE, member(b'"":1')),
    _json("an object where a text is", f"{NO} servicestack=accepted", REST, quoted(b'{"$ne":null}')),
    _json("a list where a text is", f"{NO} servicestack=accepted", REST, quoted(b'["a","b"]')),
]

ATTACKS = [*NUMBERS, *TEXTS, *SHAPES, *GRAMMAR, *ENCODINGS, *MEANING]
