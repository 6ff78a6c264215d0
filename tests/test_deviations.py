"""The page of deviations says what the codecs do: its table is theirs, and every example on it is read."""

import re
from dataclasses import replace
from pathlib import Path

import pytest

from adapters.codecs import datacontract, datacontract_reader
from adapters.codecs.json import NET
from adapters.protocol import Codec, Decoded
from gateway.limits import DEFAULT
from gateway.outcome import Fault
from schemas import fields
from schemas.fields import WireSchema, message_of

PAGE = (Path(__file__).parent.parent / "docs" / "deviations.rst").read_text(encoding="utf-8")
SECTION = PAGE.split("ASP.NET Web API and DataContract XML\n---", 1)[1]
LENIENT = datacontract.WEBAPI
STRICT = replace(LENIENT, fidelity="strict")


class Probe(WireSchema):
    class Wire:
        namespace = "urn:a"

    Count = fields.Int(nillable=True)
    Items = fields.List(fields.String())
    Key = fields.String(credential=True)
    Text = fields.String()
    When = fields.DateTime(nillable=True)


PROBE = message_of(Probe)


def rows(number: int) -> list[list[str]]:
    """The cells of the section's table of this number, without its head."""
    tables = re.findall(r"\.\. list-table::\n(?: +:.*\n)+\n((?:   .*\n)+)", SECTION)
    return [re.findall(r"(?:\* )?- (.*)", row) for row in re.split(r"(?=^   \* - )", tables[number], flags=re.M)[2:]]


def literal(cell: str) -> str:
    return cell.removeprefix("``").removesuffix("``")


def in_xml(content: str) -> bytes:
    return f'<Probe xmlns="urn:a" xmlns:b="urn:b">{content}</Probe>'.encode()


def read(codec: Codec, body: bytes) -> Decoded:
    return codec.decode(body, PROBE, DEFAULT)


def test_the_table_of_refusals_is_the_codecs() -> None:
    assert dict(rows(0)) == datacontract.REFUSED


@pytest.mark.parametrize("example", [literal(example) for example, _ in rows(1)])
@pytest.mark.parametrize("codec", [LENIENT, STRICT])
def test_what_is_said_to_be_refused_in_xml_is(codec: Codec, example: str) -> None:
    with pytest.raises(Fault):
        read(codec, in_xml(example))


@pytest.mark.parametrize(("note", "example", "strict", "lenient"), [list(map(literal, row)) for row in rows(2)])
def test_what_is_said_to_be_kept_or_lost_is(note: str, example: str, strict: str, lenient: str) -> None:
    first = read(STRICT, in_xml(example.partition("><")[0] + ">")).tree if "><" in example else {}
    for codec, said in ((STRICT, strict), (LENIENT, lenient)):
        found = read(codec, in_xml(example))
        assert (found.tree != first) == (said == "kept")
        named = [each.name for each in found.notes]
        assert note in named or (codec is STRICT and note == "unreadable_member")


def test_every_note_of_the_reader_is_on_the_page() -> None:
    source = Path(datacontract_reader.__file__).read_text(encoding="utf-8")
    names = set(re.findall(r'note\("(\w+)"', source)) | set(re.findall(r'\["(\w+)"\]', source))
    assert {literal(row[0]) for row in rows(2)} | {"nil_root"} == names
    assert "``nil_root``" in SECTION


@pytest.mark.parametrize("example", [literal(example) for example, _ in rows(3)])
def test_what_is_said_to_be_refused_in_json_is(example: str) -> None:
    with pytest.raises(Fault):
        read(NET, example.encode())


def test_what_is_said_to_be_read_in_json_is() -> None:
    found = read(NET, b"{Text: 'a', /* b */ Count: 0x1F, When: '/Date(0)/', Items: ['a',],}")
    assert (found.tree["Text"], found.tree["Count"], found.tree["Items"]) == ("a", 31, ["a"])
    assert [note.name for note in found.notes] == ["relaxed-json"]
    assert read(NET, b'{"Text":"a","text":"b"}') == read(NET, b'{"Text":"a","TEXT":"c"}')
