"""The one XML parse: what it refuses, and what a writer gets from it."""

import time

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from adapters import xml
from gateway.limits import Limits
from gateway.outcome import Fault, FaultKind

LIMITS = Limits()


def parse(body: bytes, limits: Limits = LIMITS, **options):
    return xml.parse(body, limits, **options)


def refused(body: bytes, limits: Limits = LIMITS, **options) -> Fault:
    with pytest.raises(Fault) as raised:
        xml.parse(body, limits, **options)
    return raised.value


def test_comments_and_cdata_become_plain_text():
    root = parse(b"<!-- a --><a>x<!-- y -->z<![CDATA[<&>]]>&amp;&#65;</a><!-- b -->")
    assert root.text == "xz<&>&A"
    assert len(root) == 0


@pytest.mark.parametrize(
    "body",
    [
        b"<!DOCTYPE a><a/>",
        b'<!DOCTYPE a SYSTEM "file:///etc/passwd"><a/>',
        b'<!DOCTYPE a [<!ENTITY e "x">]><a>&e;</a>',
        b'<?xml version="1.0"?>\n<!-- c --><!DOCTYPE a><a/>',
        b"<?p <!-- ?><!DOCTYPE a><a/><!-- -->",
        '<!DOCTYPE a [<!ENTITY e "x">]><a>&e;</a>'.encode("utf-16"),
    ],
)
@pytest.mark.parametrize("allow_pi", [False, True])
def test_every_doctype_is_refused(body, allow_pi):
    fault = refused(body, allow_pi=allow_pi)
    assert fault.kind is FaultKind.MALFORMED
    assert "DOCTYPE" in fault.message or "Processing instructions" in fault.message


def test_words_that_look_like_markup_are_text_inside_cdata_and_comments():
    assert parse(b"<a><![CDATA[<!DOCTYPE a><?p?>]]><!-- <!DOCTYPE b><?q?> --></a>").text == "<!DOCTYPE a><?p?>"


@pytest.mark.parametrize("body", [b"<?p x?><a/>", b"<a>l<?p?>r</a>", b"<a/><?p?>"])
def test_processing_instructions_are_refused_unless_the_caller_drops_them(body):
    assert "Processing instructions" in refused(body).message
    assert parse(body, allow_pi=True).tag == "a"


def test_a_second_xml_declaration_is_no_processing_instruction_to_drop():
    assert refused(b'<a><?xml version="1.0"?></a>', allow_pi=True).kind is FaultKind.MALFORMED


@pytest.mark.parametrize(
    "body",
    [b"", b"x", b"{}", b"<a>", b"<a></b>", b"<a/><b/>", b"<p:a/>", b"<a>&nbsp;</a>", b"<a>&#0;</a>", b"<a>\x01</a>"],
)
def test_what_is_not_well_formed_is_malformed(body):
    fault = refused(body)
    assert fault.kind is FaultKind.MALFORMED
    assert "line" in fault.message


@pytest.mark.parametrize(
    ("body", "charset"),
    [
        ("<a>é</a>".encode(), None),
        ("<a>é</a>".encode("utf-8-sig"), None),
        ("<a>é</a>".encode("utf-8-sig"), "UTF-8"),
        ('<?xml version="1.0" encoding="UTF-8"?><a>é</a>'.encode(), "utf-8"),
        ("<a>é</a>".encode("utf-16"), None),
        ("\ufeff<a>é</a>".encode("utf-16-be"), None),
        ("\ufeff<a>é</a>".encode("utf-16-be"), "utf-16"),
        ('<?xml version="1.0" encoding="utf-16"?><a>é</a>'.encode("utf-16"), '"utf-16"'),
        ("<a>é</a>".encode("utf-16-le"), "utf-16"),
        ("<a>é</a>".encode("utf-16-be"), "utf-16be"),
    ],
)
def test_encodings_that_are_read(body, charset):
    assert parse(body, charset=charset).text == "é"


@pytest.mark.parametrize(
    ("body", "charset"),
    [
        (b"<a>\xe9</a>", None),
        (b"<a>\xed\xa0\x80</a>", None),
        (b'<?xml version="1.0" encoding="iso-8859-1"?><a>\xe9</a>', None),
        (b'<?xml version="1.0" encoding="utf-16"?><a/>', None),
        (b'<?xml version="1.1"?><a/>', None),
        (b'<?xml encoding="utf-8"?><a/>', None),
        (b' <?xml version="1.0"?><a/>', None),
        ("<a/>".encode("utf-16-be"), None),
        ("<a/>".encode("utf-32"), None),
        ("<a/>".encode("utf-8-sig"), "utf-16"),
        ("<a/>".encode("utf-16"), "utf-8"),
        ('<?xml version="1.0" encoding="utf-8"?><a/>'.encode("utf-16"), None),
        (b"\xef\xbb\xbf\xef\xbb\xbf<a/>", None),
    ],
)
def test_encodings_that_contradict_each_other_are_malformed(body, charset):
    assert refused(body, charset=charset).kind is FaultKind.MALFORMED


def test_an_unknown_charset_is_unsupported_media():
    assert refused(b"<a/>", charset="iso-8859-1").kind is FaultKind.UNSUPPORTED_MEDIA


def test_the_caller_can_narrow_what_is_read_without_a_charset():
    only = frozenset({xml.UTF8, xml.UTF16_DECLARED})
    declared = '<?xml version="1.0" encoding="utf-16"?><a/>'.encode("utf-16")
    assert parse(declared, encodings=only).tag == "a"
    assert "charset" in refused("<a/>".encode("utf-16"), encodings=only).message


@pytest.mark.parametrize(
    ("body", "limits", "kind", "setting"),
    [
        (b"<a>" * 33 + b"</a>" * 33, Limits(), FaultKind.MALFORMED, "limits.depth"),
        (b"<a>" * 300 + b"</a>" * 300, Limits(depth=256), FaultKind.MALFORMED, "limits.depth"),
        (b"<a>" + b"<b/>" * 20_001 + b"</a>", Limits(), FaultKind.TOO_LARGE, "limits.elements"),
        (b"<a %s/>" % b" ".join(b"x%d='>'" % n for n in range(65)), Limits(), FaultKind.TOO_LARGE, "limits.attributes"),
        (b"<a %s/>" % b" ".join(b'xmlns:n%d="u"' % n for n in range(65)), Limits(), FaultKind.TOO_LARGE, "attributes"),
        (b"<a>%s</a>" % (b"x" * 65_537), Limits(), FaultKind.TOO_LARGE, "limits.text_bytes"),
        (b"<a>%s<!-- -->%s</a>" % (b"x" * 65_000, b"x" * 537), Limits(), FaultKind.TOO_LARGE, "limits.text_bytes"),
        (b"<a b='%s'/>" % (b"x" * 65_537), Limits(), FaultKind.TOO_LARGE, "limits.text_bytes"),
        (b"<%s/>" % (b"n" * 1025), Limits(), FaultKind.TOO_LARGE, "limits.name_bytes"),
        (b"<a %s='1'/>" % (b"n" * 1025), Limits(), FaultKind.TOO_LARGE, "limits.name_bytes"),
        (b"<a>%s</a>" % (b" " * 100), Limits(body_bytes=50), FaultKind.TOO_LARGE, "limits.body_bytes"),
    ],
)
def test_beyond_a_limit_the_fault_names_the_setting(body, limits, kind, setting):
    fault = refused(body, limits)
    assert fault.kind is kind
    assert setting in fault.message


def test_everything_at_its_limit_is_read():
    parse(b"<a>" * 32 + b"</a>" * 32)
    parse(b"<a %s/>" % b" ".join(b"x%d='='" % n for n in range(64)))
    parse(b"<a>%s</a>" % (b"x" * 65_536))
    parse(b"<%s/>" % (b"n" * 1024))


@pytest.mark.parametrize(
    "body",
    [
        b"<!--" * 250_000,
        b"<?" * 250_000 + b"<!DOCTYPE",
        b'<a "' * 250_000,
        b"<![CDATA[" * 100_000 + b"<?",
        b"<a=" * 300_000,
    ],
    ids=["comments", "instructions", "quotes", "cdata", "attributes"],
)
def test_hostile_markup_is_refused_within_a_second(body):
    begin = time.perf_counter()
    refused(body, Limits(elements=1_000_000))
    assert time.perf_counter() - begin < 1


def test_carriage_returns_in_cdata_are_kept_on_request():
    body = b"<a>\r\n<![CDATA[\r\n]]><!-- <![CDATA[\r]]> --></a>"
    assert parse(body).text == "\n\n"
    assert parse(body, keep_cdata_cr=True).text == "\n\r\n"


@given(st.binary(max_size=64) | st.text(alphabet="<>/a:=\"'!?-[]&;#x \n\r", max_size=40).map(str.encode))
@example(b"\xff\xfe")
@example(b"\xff\xfe\x00\xd8")
def test_any_bytes_give_an_element_or_a_fault(body):
    try:
        assert parse(body).tag
    except Fault as fault:
        assert fault.message  # noqa: PT017 - either end is fine, and nothing else


@given(st.text(alphabet=st.characters(codec="utf-8")))
def test_escaped_text_reads_back(text):
    clean = xml.printable(text)
    root = parse(f'<a b="{xml.escape_attribute(clean)}">{xml.escape(clean)}</a>'.encode())
    assert root.get("b") == clean
    assert (root.text or "") == clean.replace("\r\n", "\n").replace("\r", "\n")


@pytest.mark.parametrize("bound", [1, 2, 5, 7])
@pytest.mark.parametrize(
    "data", [b"", b"<", b"<<", b"ab<cd<", b"<abcde<f", b"abcdef<", b"<a<bcdefgh", b"<abcdefg", b"abcdefgh"]
)
def test_a_run_without_markup_is_found_wherever_it_stands(data: bytes, bound: int) -> None:
    assert xml._has_run(data, bound) == (max(map(len, data.split(b"<"))) > bound)
