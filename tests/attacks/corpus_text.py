"""Hostile JSV, CSV and forms, which ServiceStack reads, and hostile transports of any body."""

from tests.attacks.corpus import MARKER, Attack, Make, after, before, member, nested, value, whole

BAD, BIG, NO = "malformed", "too_large", "invalid"
REST = "OWASP REST Security: "
ANY = ("json", "xml", "soap", "jsv", "csv", "form")


def _of(
    form: str, name: str, expect: str, make: Make, setting: str = "", headers: dict[str, str] | None = None
) -> Attack:
    return Attack(f"{form}: {name}", (form,), expect, REST + "Input validation", make, setting, headers)


JSV = [
    _of("jsv", "too deep", f"{BAD}", member(b"zz:" + nested(b"[", b"]", 33)), "limits.depth"),
    _of("jsv", "too deep with objects", BAD, member(b"zz:" + b"{a:" * 33 + b"1" + b"}" * 33), "limits.depth"),
    _of("jsv", "100,000 levels", BAD, whole(nested(b"[", b"]", 100_000))),
    _of("jsv", "100,000 levels without end", BAD, whole(b"{a:" * 100_000)),
    _of("jsv", "too many members", BIG, member(b",".join(b"m%d:1" % n for n in range(20_001))), "limits.members"),
    _of("jsv", "too long a text", BIG, value(b"x" * 65_537), "limits.text_bytes"),
    _of("jsv", "too long a name", BIG, member(b"n" * 1_025 + b":1"), "limits.name_bytes"),
    _of(
        "jsv",
        "a quote without end",
        f"accepted|{BAD}",
        lambda good: good.replace(MARKER, b'"x', 1) if MARKER in good else None,
    ),
    _of("jsv", "half a mebibyte of quotes", BAD, whole(b'{"' + b'"' * 500_000)),
    _of("jsv", "half a mebibyte of braces", BAD, whole(b"{" * 500_000)),
    _of("jsv", "half a mebibyte of commas", BAD, whole(b"{" + b"," * 500_000)),
    _of("jsv", "a NUL", BAD, value(b"a\0b")),
    _of("jsv", "what is not UTF-8", BAD, value(b"Zo\xeb")),
    _of("jsv", "UTF-16", BAD, lambda good: good.decode().encode("utf-16")),
    _of("jsv", "something behind the object", BAD, after(b"x")),
    _of("jsv", "no end", BAD, lambda good: good[:-1]),
    _of("jsv", "XML", BAD, whole(b"<a/>")),
    _of("jsv", "a type", "accepted", member(b"__type:System.Diagnostics.Process")),
    _of("jsv", "binary", BAD, whole(bytes(range(256)) * 8)),
    _of("jsv", "larger than a body may be", BIG, after(b" " * 1024 * 1024), "limits.body_bytes"),
]

CSV = [
    _of("csv", "too many columns", BIG, before(b"a," * 20_001), "limits.members"),
    _of("csv", "too long a field", BIG, lambda good: good.replace(MARKER, b"x" * 65_537, 1), "limits.text_bytes"),
    _of("csv", "much too long a field", BIG, lambda good: good.replace(MARKER, b"x" * 500_000, 1), "limits.text_bytes"),
    _of("csv", "too long a name", BIG, before(b"n" * 1_025 + b","), "limits.name_bytes"),
    _of("csv", "many rows", BAD, after(b"1\r\n" * 100_000)),
    _of("csv", "a header alone", BAD, lambda good: good[: good.index(b"\n") + 1]),
    _of("csv", "more values than names", BAD, lambda good: good.rstrip() + b",x\r\n"),
    _of("csv", "a quote without end", f"{BAD}|{NO}|{BIG}", before(b'"')),
    _of("csv", "half a mebibyte of quotes", f"{BAD}|{BIG}", whole(b'"' * 500_000)),
    _of("csv", "half a mebibyte of lines' ends", f"accepted|{NO}|unauthenticated|{BAD}", whole(b"\r\n" * 250_000)),
    _of("csv", "a NUL", BAD, lambda good: good.replace(MARKER, b"a\0b", 1)),
    _of("csv", "what is not UTF-8", BAD, lambda good: good.replace(MARKER, b"Zo\xeb", 1)),
    _of("csv", "UTF-16", f"{BAD}|{NO}|unauthenticated", lambda good: good.decode().encode("utf-16")),
    _of("csv", "a formula", "accepted", lambda good: good.replace(MARKER, b"=cmd|' /C calc'!A0", 1)),
    _of("csv", "binary", f"{BAD}|{NO}|unauthenticated", whole(bytes(range(256)) * 8)),
    _of("csv", "larger than a body may be", BIG, after(b" " * 1024 * 1024), "limits.body_bytes"),
]

MULTIPART = {"content-type": "multipart/form-data; boundary=x"}
PART = b'--x\r\nContent-Disposition: form-data; name="%s"\r\n\r\n%s\r\n'
FORMS = [
    _of("form", "too many pairs", BIG, after(b"&a=1" * 20_001), "limits.members"),
    _of("form", "half a mebibyte of ampersands", BIG, whole(b"&" * 500_000), "limits.members"),
    _of("form", "too long a name", BIG, after(b"&" + b"n" * 1_025 + b"=1"), "limits.name_bytes"),
    _of("form", "too long a text", BIG, value(b"x" * 65_537), "limits.text_bytes"),
    _of("form", "too long a text, escaped", BIG, value(b"%78" * 65_537), "limits.text_bytes"),
    _of("form", "a NUL", f"{BAD}|{NO}", value(b"a%00b")),
    _of("form", "broken escapes", "accepted", value(b"%%%zz%4")),
    _of("form", "what is not UTF-8", "accepted", value(b"Zo%eb")),
    _of("form", "the same member twice", "accepted", after(b"&a=1&A=2")),
    _of("form", "names in brackets", "accepted", after(b"&a[b][c]=1&a[]=2")),
    _of("form", "larger than a body may be", BIG, after(b"&" * 1024 * 1024), "limits.body_bytes"),
    _of(
        "form",
        "many parts",
        BIG,
        whole(PART % (b"a", b"1") * 15_000 + b"--x\r\n" * 6_000 + b"--x--"),
        "limits.members",
        MULTIPART,
    ),
    _of("form", "parts without anything", BIG, whole(b"--x\n\n\n" * 100_000 + b"--x--"), "limits.members", MULTIPART),
    _of(
        "form",
        "a part with many header fields",
        BAD,
        whole(b"--x\r\n" + b"A: b\r\n" * 100_000 + b"\r\n1\r\n--x--"),
        headers=MULTIPART,
    ),
    _of(
        "form",
        "a parameter in 50,000 pieces",
        BIG,
        whole(b"--x\r\nContent-Disposition: form-data; " + b"name*0*=a; " * 50_000 + b"\r\n\r\n1\r\n--x--"),
        "limits.name_bytes",
        MULTIPART,
    ),
    _of(
        "form",
        "encoded words in a part's name",
        BIG,
        whole(PART % (b"=?utf-8?q?a?=" * 30_000, b"1") + b"--x--"),
        "limits.name_bytes",
        MULTIPART,
    ),
    _of(
        "form",
        "forms in forms",
        BAD,
        whole(
            b"".join(
                b"--b%d\r\nContent-Type: multipart/mixed; boundary=b%d\r\n\r\n" % (n, n + 1) for n in range(10_000)
            )
        ),
        headers={"content-type": "multipart/form-data; boundary=b0"},
    ),
    _of(
        "form",
        "parts without a boundary",
        BAD,
        whole(PART % (b"a", b"1")),
        headers={"content-type": "multipart/form-data"},
    ),
    _of("form", "a part without end", BAD, whole(PART % (b"a", b"1" * 100_000)), headers=MULTIPART),
    _of(
        "form",
        "a boundary of 10,000 characters",
        BAD,
        whole(PART % (b"a", b"1")),
        headers={"content-type": "multipart/form-data; boundary=" + "y" * 10_000},
    ),
]


def _any(name: str, expect: str, source: str, make: Make, headers: dict[str, str] | None = None) -> Attack:
    return Attack(f"any: {name}", ANY, expect, source, make, "", headers)


def _same(good: bytes) -> bytes:
    return good


TRANSPORT = [
    _any(
        "a method in a header",
        "accepted servicestack=accepted|method_not_allowed|malformed|invalid|unauthenticated",
        REST + "Restrict HTTP methods",
        _same,
        {"x-http-method-override": "DELETE"},
    ),
    _any(
        "a method that is none, in a header",
        "accepted",
        REST + "Restrict HTTP methods",
        _same,
        {"x-http-method-override": "\u0130" * 100},
    ),
    _any(
        "a user in a header",
        "accepted",
        REST + "Access Control",
        _same,
        {"x-original-user": "admin", "x-forwarded-user": "admin"},
    ),
    _any(
        "a path in a header",
        "accepted",
        REST + "Access Control",
        _same,
        {"x-original-url": "/-/metrics", "x-rewrite-url": "/-/metrics"},
    ),
    _any(
        "an answer that nobody can write",
        "accepted|unsupported_media",
        REST + "Send safe response content types",
        _same,
        {"accept": "text/html;q=1, image/png"},
    ),
    _any(
        "an Accept of 10,000 types",
        "accepted|unsupported_media",
        REST + "Send safe response content types",
        _same,
        {"accept": ",".join(f"a/b{n};q=0.{n}" for n in range(10_000))},
    ),
    _any(
        "a charset of the answer that nobody writes",
        "accepted",
        REST + "Send safe response content types",
        _same,
        {"accept-charset": "utf-7, ebcdic;q=0.9"},
    ),
    _any(
        "an Idempotency-Key of 10,000 characters",
        "accepted|invalid|conflict",
        REST + "Input validation",
        _same,
        {"idempotency-key": "k" * 10_000},
    ),
    _any(
        "a traceparent that is none",
        "accepted",
        REST + "Audit logs",
        _same,
        {"traceparent": "00-" + "0" * 32 + "-x\r\n"},
    ),
    _any(
        "nothing",
        "accepted|malformed|invalid|unauthenticated|not_found_route|unsupported|method_not_allowed",
        REST + "Input validation",
        whole(b""),
    ),
]

ATTACKS = [*JSV, *CSV, *FORMS, *TRANSPORT]
