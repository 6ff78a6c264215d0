"""What a WSDL says, and what of it the gateway cannot do."""

from pathlib import Path
from typing import Any

import pytest

from adapters.scalars import Kind
from gateway.scaffold import generate
from gateway.scaffold.contract import Contract, Field, ScaffoldError, records

TYPES = """
<xs:element name="Start"><xs:complexType><xs:sequence>%s</xs:sequence></xs:complexType></xs:element>
<xs:element name="StartResponse"><xs:complexType><xs:sequence>
  <xs:element name="Ok" type="xs:boolean"/>
</xs:sequence></xs:complexType></xs:element>
<xs:complexType name="Person"><xs:sequence><xs:element name="Name" type="xs:string"/></xs:sequence></xs:complexType>
<xs:complexType name="Driver"><xs:complexContent><xs:extension base="t:Person">
  <xs:sequence><xs:element name="Licence" type="xs:string"/></xs:sequence>
</xs:extension></xs:complexContent></xs:complexType>
<xs:complexType name="Node"><xs:sequence>
  <xs:element name="Next" type="t:Node" minOccurs="0"/>
</xs:sequence></xs:complexType>
<xs:complexType name="Money"><xs:simpleContent><xs:extension base="xs:decimal">
  <xs:attribute name="currency" type="xs:string"/>
</xs:extension></xs:simpleContent></xs:complexType>
<xs:simpleType name="Colour"><xs:restriction base="xs:string">
  <xs:enumeration value="red"/><xs:enumeration value="green"/>
</xs:restriction></xs:simpleType>
"""
WSDL = """<wsdl:definitions xmlns:wsdl="http://schemas.xmlsoap.org/wsdl/" xmlns:soap="http://schemas.xmlsoap.org/wsdl/soap/"
  xmlns:xs="http://www.w3.org/2001/XMLSchema" xmlns:t="urn:t" name="Trips" targetNamespace="urn:t">
<wsdl:types>{extra}<xs:schema targetNamespace="urn:t" elementFormDefault="{form}">{types}</xs:schema></wsdl:types>
<wsdl:message name="In">{request}</wsdl:message>
<wsdl:message name="Out"><wsdl:part name="parameters" element="t:StartResponse"/></wsdl:message>
<wsdl:portType name="P"><wsdl:operation name="Start"><wsdl:documentation>Begins a trip.</wsdl:documentation>
  <wsdl:input message="t:In"/><wsdl:output message="t:Out"/></wsdl:operation></wsdl:portType>
<wsdl:binding name="B" type="t:P"><soap:binding style="{style}" transport="http://schemas.xmlsoap.org/soap/http"/>
  <wsdl:operation name="Start"><soap:operation soapAction="urn:t/Start"/>
    <wsdl:input><soap:body use="{use}" {body}/></wsdl:input><wsdl:output><soap:body use="literal"/></wsdl:output>
  </wsdl:operation></wsdl:binding>
<wsdl:service name="Trips"><wsdl:port name="P" binding="t:B"><soap:address location="http://old/trips.asmx"/></wsdl:port>
</wsdl:service></wsdl:definitions>"""
ELEMENT = '<wsdl:part name="parameters" element="t:Start"/>'


def read(tmp_path: Path, members: str = "", **parts: str) -> Contract:
    parts = {"form": "qualified", "request": ELEMENT, "style": "document", "use": "literal", "body": "", **parts}
    text = WSDL.format(types=TYPES % members, extra=parts.pop("extra", ""), **parts)
    file = tmp_path / "trips.wsdl"
    file.write_text(text, encoding="utf-8")
    return generate.finished(generate.contract(file, "made"), "made")


def field(tmp_path: Path, member: str) -> Field:
    return read(tmp_path, member).calls[0].request.fields[0]


def test_an_operation_has_its_names_and_its_documentation(tmp_path: Path) -> None:
    found = read(tmp_path)
    (call,) = found.calls
    assert (found.title, call.name, call.doc) == ("Trips", "Start", "Begins a trip.")
    assert (call.request.name, call.request.namespace, call.answer.name) == ("Start", "urn:t", "StartResponse")
    assert "http://old/trips.asmx" in found.todos[0]


@pytest.mark.parametrize(
    ("written", "kind"),
    [
        ("xs:string", Kind.STRING),
        ("xs:boolean", Kind.BOOLEAN),
        ("xs:short", Kind.INT),
        ("xs:long", Kind.LONG),
        ("xs:decimal", Kind.DECIMAL),
        ("xs:float", Kind.DOUBLE),
        ("xs:dateTime", Kind.DATETIME),
        ("xs:duration", Kind.DURATION),
        ("xs:base64Binary", Kind.BASE64),
        ("xs:anyType", Kind.ANY),
        ("t:Person", Kind.OBJECT),
        ("t:Colour", Kind.ENUM),
    ],
)
def test_types_have_their_kinds(tmp_path: Path, written: str, kind: Kind) -> None:
    assert field(tmp_path, f'<xs:element name="A" type="{written}"/>').kind is kind


def test_occurrences_say_what_is_required_nillable_or_a_list(tmp_path: Path) -> None:
    assert field(tmp_path, '<xs:element name="A" type="xs:int"/>').required
    assert not field(tmp_path, '<xs:element name="A" type="xs:int" minOccurs="0"/>').required
    nillable = field(tmp_path, '<xs:element name="A" type="xs:int" nillable="true"/>')
    assert (nillable.required, nillable.nillable) == (False, True)
    listed = field(tmp_path, '<xs:element name="A" type="xs:int" minOccurs="0" maxOccurs="unbounded"/>')
    assert (listed.kind, listed.item.kind if listed.item else None) == (Kind.LIST, Kind.INT)


def test_enumerations_keep_their_names_in_order(tmp_path: Path) -> None:
    assert field(tmp_path, '<xs:element name="A" type="t:Colour"/>').choices == ("red", "green")


def test_the_members_of_a_base_come_first(tmp_path: Path) -> None:
    record = field(tmp_path, '<xs:element name="A" type="t:Driver"/>').record
    assert record is not None
    assert [each.name for each in record.fields] == ["Name", "Licence"]


@pytest.mark.parametrize(
    ("member", "told"),
    [
        ('<xs:element name="A" type="t:Node"/>', "Next is a Node again, within itself"),
        ('<xs:element name="A" type="t:Money"/>', "the attribute currency of A is not read"),
        (
            '<xs:choice><xs:element name="A" type="xs:int"/><xs:element name="B" type="xs:int"/></xs:choice>',
            "one of A, B",
        ),
        ('<xs:any minOccurs="0"/>', "may have elements that nobody declared"),
        ('<xs:element name="A" type="t:Nothing"/>', "the type Nothing of A is not declared"),
        ('<xs:element name="A" type="xs:date"/>', "A is a date"),
        ('<xs:element name="A" type="xs:int" fixed="1"/>', "A is always '1'"),
        (
            '<xs:element name="A"><xs:simpleType><xs:restriction base="xs:string"><xs:maxLength value="3"/>'
            "</xs:restriction></xs:simpleType></xs:element>",
            "A has limits that nobody checks yet: maxLength",
        ),
    ],
)
def test_what_cannot_be_declared_is_said_where_it_stands(tmp_path: Path, member: str, told: str) -> None:
    found = records(read(tmp_path, member).calls[0].request)
    todos = [todo for each in found for todo in (*each.todos, *(one for each_ in each.fields for one in each_.todos))]
    assert [todo for todo in todos if told in todo] != []


@pytest.mark.parametrize(("form", "members"), [("qualified", "qualified"), ("unqualified", "unqualified")])
def test_the_form_of_elements_is_kept(tmp_path: Path, form: str, members: str) -> None:
    assert read(tmp_path, '<xs:element name="A" type="xs:int"/>', form=form).members == members


def test_rpc_literal_is_an_element_named_after_the_operation(tmp_path: Path) -> None:
    part = '<wsdl:part name="who" type="xs:string"/><wsdl:part name="car" type="xs:int"/>'
    found = read(tmp_path, request=part, style="rpc", body='namespace="urn:rpc"')
    request = found.calls[0].request
    assert (request.name, request.namespace, found.members) == ("Start", "urn:rpc", "unqualified")
    assert [each.name for each in request.fields] == ["who", "car"]


def test_imported_schemas_are_read_from_beside_the_wsdl(tmp_path: Path) -> None:
    (tmp_path / "types").mkdir()
    (tmp_path / "types" / "more.xsd").write_text(
        '<xs:schema xmlns:xs="http://www.w3.org/2001/XMLSchema" targetNamespace="urn:m" elementFormDefault="qualified">'
        '<xs:complexType name="Far"><xs:sequence><xs:element name="X" type="xs:int"/></xs:sequence></xs:complexType>'
        "</xs:schema>"
    )
    extra = '<xs:schema><xs:import namespace="urn:m" schemaLocation="types/more.xsd"/></xs:schema>'
    found = read(tmp_path, '<xs:element xmlns:m="urn:m" name="A" type="m:Far"/>', extra=extra)
    record = found.calls[0].request.fields[0].record
    assert record is not None
    assert [(level.namespace, level.fields[0].name) for level in record.levels] == [("urn:m", "X")]


def test_values_that_an_answer_needs_are_made_and_imported(tmp_path: Path) -> None:
    members = "".join(
        f'<xs:element name="{name}" type="xs:{name}"/>' for name in ("dateTime", "decimal", "duration", "base64Binary")
    )
    guid = '<xs:element xmlns:s="http://schemas.microsoft.com/2003/10/Serialization/" name="guid" type="s:guid"/>'
    answer = TYPES.replace('<xs:element name="Ok" type="xs:boolean"/>', members + guid)
    text = WSDL.format(
        types=answer % "", extra="", form="qualified", request=ELEMENT, style="document", use="literal", body=""
    )
    file = tmp_path / "trips.wsdl"
    file.write_text(text, encoding="utf-8")
    source = generate.files(file, "made")["session_gateway_made/answers.py"].decode()
    scope: dict[str, Any] = {}
    exec(compile(source, "answers.py", "exec"), scope)
    assert sorted(scope["start"](None, None).tree) == ["base64Binary", "dateTime", "decimal", "duration", "guid"]


def test_an_operation_that_only_a_binding_has_is_left_out_and_told(tmp_path: Path) -> None:
    more = '<wsdl:operation name="Stop"><soap:operation soapAction="urn:t/Stop"/></wsdl:operation></wsdl:binding>'
    text = WSDL.replace("</wsdl:binding>", more).format(
        types=TYPES % "", extra="", form="qualified", request=ELEMENT, style="document", use="literal", body=""
    )
    file = tmp_path / "trips.wsdl"
    file.write_text(text, encoding="utf-8")
    found = generate.contract(file, "made")
    assert [call.name for call in found.calls] == ["Start"]
    assert found.todos[0].startswith("Stop is bound")


IMPORT = '<xs:schema><xs:import namespace="urn:m" schemaLocation="%s"/></xs:schema>'


@pytest.mark.parametrize(
    ("parts", "told"),
    [
        ({"use": "encoded", "style": "rpc"}, "Start is rpc/encoded"),
        ({"request": '<wsdl:part name="p" type="xs:string"/>'}, "not one element"),
        ({"request": '<wsdl:part name="p" element="t:None"/>'}, "the element None"),
        ({"request": '<wsdl:part name="p" element="no:None"/>'}, "the prefix 'no'"),
        ({"extra": IMPORT % "http://example.com/x.xsd"}, "which is not fetched: save it beside trips.wsdl"),
        ({"extra": IMPORT % "gone.xsd"}, "imports gone.xsd, which cannot be read"),
    ],
)
def test_what_cannot_be_served_is_refused_with_one_line(tmp_path: Path, parts: dict[str, str], told: str) -> None:
    with pytest.raises(ScaffoldError) as refused:
        read(tmp_path, **parts)
    assert told in str(refused.value)
    assert "\n" not in str(refused.value)
