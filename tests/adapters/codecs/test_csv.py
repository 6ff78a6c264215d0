"""CSV against what the recorded v3 server wrote."""

import importlib.util
from datetime import datetime
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from adapters.codecs.csv import Csv
from adapters.protocol import Decoded
from adapters.scalars import DateTimeKind, NetDateTime
from gateway.limits import DEFAULT
from gateway.outcome import Fault
from schemas import fields as f

_spec = importlib.util.spec_from_file_location("servicestack_dto", Path(__file__).with_name("servicestack_dto.py"))
dto = importlib.util.module_from_spec(_spec)
_spec.loader.exec_module(dto)
CODEC = Csv(dto.ZONE, newline="\n")


class Answer(f.WireSchema):
    Results = f.List(f.Nested(dto.SubDto))


ANSWER = f.message_of(Answer)
SUBS = [
    {"X": "a,b", "N": 1},
    {"X": 'q"r', "N": 2},
    {"X": "l1\nl2", "N": 0},
    {"X": " sp ", "N": 0},
    {"X": None, "N": 0},
]


def test_a_row_for_each_entry_as_recorded():
    codec = Csv(dto.ZONE, rows=True, newline="\n")
    assert codec.encode({"Results": SUBS}, ANSWER).decode() == dto.csv_record("list")
    assert codec.encode({"Results": []}, ANSWER).decode() == dto.csv_record("empty")
    assert codec.encode({}, ANSWER).decode() == dto.csv_record("empty")


def test_one_row_of_the_whole_message_as_recorded():
    assert CODEC.encode({"Results": [{"X": "a", "N": 1}]}, ANSWER).decode() == dto.csv_record("resp1list")


def test_every_member_of_a_message_as_recorded():
    date = NetDateTime.wall(datetime(2024, 1, 2, 3, 4, 5), DateTimeKind.LOCAL)
    tree = {"S": "x", "B": True, "D": date, "E": "One", "Ls": ["a", "b"]}
    header, row, _ = CODEC.encode(tree, dto.DTO).decode().split("\n")
    recorded_header, recorded_row = dto.csv_record("dto").splitlines()
    keep = [index for index, name in enumerate(recorded_header.split(",")) if name not in ("F", "Do", "Di")]
    fields = recorded_row.replace('"[a,b]"', "LIST").split(",")
    assert header == ",".join(recorded_header.split(",")[index] for index in keep)
    assert row.replace('"[a,b]"', "LIST") == ",".join(fields[index] for index in keep)


def test_rows_end_as_the_platform_has_it():
    assert Csv().encode({"Results": None}, ANSWER) == b"Results\r\n\r\n"


def test_reads_a_header_and_one_row():
    body = 's,I,Ls,D,Nope,Sub\r\n"a ""q"", b",5,"[a,b]",2024-01-02,x,"{X:q,N:1}"\r\n'
    decoded = CODEC.decode(body.encode(), dto.DTO, DEFAULT)
    assert dto.shown(decoded.tree) == (
        "{S='a \"q\", b'; I=5; D=2024-01-02T00:00:00.0000000+02:00/Local; Ls=['a','b']; Sub={X='q'; N=1}}"
    )
    assert [str(note) for note in decoded.notes] == ["unknown_member:Nope"]


def test_reads_what_it_writes():
    tree = {"S": 'a,"b"\r\nc', "I": 7, "Ls": ["x", "y,z"], "Sub": {"X": "q", "N": 1}}
    back = CODEC.decode(CODEC.encode(tree, dto.DTO), dto.DTO, DEFAULT).tree
    assert {key: back[key] for key in tree} == tree


def test_a_wrong_value_is_ignored_with_a_note():
    decoded = CODEC.decode(b"I,S\nx,a\n", dto.DTO, DEFAULT)
    assert decoded.tree == {"S": "a"}
    assert [str(note) for note in decoded.notes] == ["ignored_value:I"]


def test_several_requests_are_refused():
    with pytest.raises(Fault, match="one row"):
        CODEC.decode(b"S\na\nb\n", dto.DTO, DEFAULT)


@given(
    st.binary(max_size=200) | st.text('S,I"\r\n{}[]:ab\0', max_size=60).map(lambda text: f"S,I,Sub,Ls\n{text}".encode())
)
def test_any_bytes_give_a_tree_or_a_fault(body):
    try:
        decoded = CODEC.decode(body, dto.DTO, DEFAULT)
    except Fault:
        return
    assert isinstance(decoded, Decoded)
    CODEC.encode(decoded.tree, dto.DTO)
