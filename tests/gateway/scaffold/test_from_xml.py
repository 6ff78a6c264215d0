"""What one XML request gives away."""

from pathlib import Path

import pytest

from adapters.scalars import Kind
from gateway.scaffold import generate
from gateway.scaffold.contract import Contract, Field, ScaffoldError

NET = 'xmlns:i="http://www.w3.org/2001/XMLSchema-instance" xmlns="urn:a"'

ENVELOPE = "http://schemas.xmlsoap.org/soap/envelope/"


def read(tmp_path: Path, text: str, name: str = "sample.xml") -> Contract:
    file = tmp_path / name
    file.write_text(text, encoding="utf-8")
    return generate.finished(generate.contract(file, "made"), "made")


def fields(contract: Contract) -> dict[str, Field]:
    return {field.name: field for field in contract.calls[0].request.fields}


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("true", Kind.BOOLEAN),
        ("True", Kind.STRING),
        ("42", Kind.INT),
        ("042", Kind.STRING),
        ("-3000000000", Kind.LONG),
        ("12.50", Kind.DECIMAL),
        ("1e5", Kind.STRING),
        ("6F9619FF-8B86-D011-B42D-00CF4FC964FF", Kind.GUID),
        ("2019-10-01T08:00:00", Kind.DATETIME),
        ("2019-10-01T08:00:00.1234567+02:00", Kind.DATETIME),
        ("2019-13-01T08:00:00", Kind.STRING),
        ("PT1H30M", Kind.DURATION),
        ("02:15:22", Kind.STRING),
        ("", Kind.STRING),
    ],
)
def test_a_scalar_is_what_its_text_can_only_be(tmp_path: Path, text: str, kind: Kind) -> None:
    assert fields(read(tmp_path, f"<A><Value>{text}</Value></A>"))["Value"].kind is kind


@pytest.mark.parametrize("name", ["CustomerId", "Code", "ZIP", "PhoneNumber", "ApiKey"])
def test_digits_that_nobody_counts_with_stay_text(tmp_path: Path, name: str) -> None:
    assert fields(read(tmp_path, f"<A><{name}>170200123</{name}></A>"))[name].kind is Kind.STRING


def test_a_time_span_of_net_is_text_with_a_todo(tmp_path: Path) -> None:
    assert "time span" in fields(read(tmp_path, "<A><Used>02:15:22</Used></A>"))["Used"].todos[0]


def test_order_is_kept_where_it_is_not_that_of_names(tmp_path: Path) -> None:
    assert read(tmp_path, "<A><B>1</B><C>2</C></A>").calls[0].request.ordered is False
    assert read(tmp_path, "<A><C>2</C><B>1</B></A>").calls[0].request.ordered is True


def test_each_run_of_a_namespace_is_a_class_level(tmp_path: Path) -> None:
    text = '<A xmlns="urn:a"><X xmlns="urn:base">1</X><Y xmlns="urn:base">1</Y><B>2</B></A>'
    levels = read(tmp_path, text).calls[0].request.levels
    assert [(level.namespace, [field.name for field in level.fields]) for level in levels] == [
        ("urn:base", ["X", "Y"]),
        ("urn:a", ["B"]),
    ]


def test_a_list_is_seen_by_its_items(tmp_path: Path) -> None:
    found = fields(read(tmp_path, "<A><Apps><App><N>1</N></App><App><N>2</N><M>x</M></App></Apps></A>"))["Apps"]
    assert found.kind is Kind.LIST
    assert found.item is not None
    assert found.item.record is not None
    assert [field.name for field in found.item.record.fields] == ["N", "M"]


def test_one_item_is_a_list_when_the_name_around_it_is_its_plural(tmp_path: Path) -> None:
    found = fields(read(tmp_path, "<A><Apps><App><N>1</N></App></Apps><App><N>1</N></App></A>"))
    assert [found["Apps"].kind, found["App"].kind] == [Kind.LIST, Kind.OBJECT]


def test_primitive_items_of_data_contracts_are_read(tmp_path: Path) -> None:
    space = "http://schemas.microsoft.com/2003/10/Serialization/Arrays"
    text = f'<A><L xmlns:d="{space}"><d:int>1</d:int><d:int>2</d:int></L></A>'
    found = fields(read(tmp_path, text))["L"]
    assert found.item is not None
    assert found.item.kind is Kind.INT


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("<A><Tags><Tag>x</Tag><Tag>y</Tag></Tags></A>", "Tags holds Tag elements that are plain values"),
        ("<A><B><N>1</N></B><B><N>2</N></B></A>", "B stands 2 times in A"),
        ('<A><B unit="kg">1</B></A>', "the attribute unit of B is not read"),
        ('<A mode="x"><B>1</B></A>', "the attribute mode of A is not read"),
        (f'<A {NET}><B i:nil="true" /></A>', "B was nil in the sample"),
    ],
)
def test_what_cannot_be_declared_is_said_where_it_stands(tmp_path: Path, text: str, told: str) -> None:
    request = read(tmp_path, text).calls[0].request
    todos = [*request.todos, *(todo for field in request.fields for todo in field.todos)]
    assert [todo for todo in todos if todo.startswith(told)] != []


def test_an_envelope_is_soap_and_its_body_the_message(tmp_path: Path) -> None:
    text = (
        f'<s:Envelope xmlns:s="{ENVELOPE}"><s:Header><Key>1</Key></s:Header><s:Body>'
        '<Order xmlns="urn:o"><Line>1</Line><Line>2</Line></Order></s:Body></s:Envelope>'
    )
    found = read(tmp_path, text)
    assert (found.protocol, found.members, found.calls[0].name) == ("soap", "qualified", "Order")
    assert fields(found)["Line"].kind is Kind.LIST
    assert "the Header holds Key" in found.todos[0]


def test_children_without_a_namespace_are_told_from_those_with_one(tmp_path: Path) -> None:
    envelope = "http://www.w3.org/2003/05/soap-envelope"
    body = '<o:Order xmlns:o="urn:o"><Line>1</Line></o:Order>'
    found = read(tmp_path, f'<s:Envelope xmlns:s="{envelope}"><s:Body>{body}</s:Body></s:Envelope>')
    assert (found.members, found.media_type) == ("unqualified", "application/soap+xml; charset=utf-8")


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("<A>", "is not well-formed XML: line 1"),
        ("<!DOCTYPE A []><A/>", "DOCTYPE"),
        ('<Envelope xmlns="urn:x"/>', "is not that of SOAP 1.1 or 1.2"),
        (
            '<s:Envelope xmlns:s="http://schemas.xmlsoap.org/soap/envelope/"><s:Body/></s:Envelope>',
            "one element, not 0",
        ),
        ('<schema xmlns="http://www.w3.org/2001/XMLSchema"/>', "a schema alone names no operation"),
        ('<description xmlns="http://www.w3.org/ns/wsdl"/>', "WSDL 2.0 is not read"),
        ("", "is empty"),
        ("hello", "is neither XML nor JSON"),
    ],
)
def test_what_is_no_request_is_refused_with_one_line(tmp_path: Path, text: str, told: str) -> None:
    with pytest.raises(ScaffoldError) as refused:
        read(tmp_path, text)
    assert told in str(refused.value)
    assert "\n" not in str(refused.value)
