"""The WSDL and the XSDs of ServiceStack: valid, complete, and true to what is really sent."""

import importlib.util
from pathlib import Path

import pytest
from lxml import etree

from schemas import fields as f
from wsdl.files import BASE, PUBLISHED
from wsdl.servicestack import SOAP_11, Described, describe
from wsdl.servicestack_files import documents

_spec = importlib.util.spec_from_file_location(
    "servicestack_recording", Path(__file__).parents[1] / "adapters" / "servicestack" / "conftest.py"
)
recording = importlib.util.module_from_spec(_spec)
_spec.loader.exec_module(recording)

NAMES = {
    "w": "http://schemas.xmlsoap.org/wsdl/",
    "xs": "http://www.w3.org/2001/XMLSchema",
    "soap": "http://schemas.xmlsoap.org/wsdl/soap/",
    "soap12": "http://schemas.xmlsoap.org/wsdl/soap12/",
}
DRIVER = recording.Driver(recording.recorded_protocol(), (recording.api_of(recording.operation()),))


def document(path):
    return etree.fromstring(DRIVER("GET", path).body)


@pytest.fixture(scope="module")
def schema(tmp_path_factory):
    """The schemas of the WSDL, as one: each in a file, since imports inside a document name no place."""
    folder = tmp_path_factory.mktemp("xsd")
    schemas = document("/soap11").findall(".//xs:schema", NAMES)
    places = {found.get("targetNamespace"): f"{number}.xsd" for number, found in enumerate(schemas)}
    for found in schemas:
        for imported in found.findall("xs:import", NAMES):
            imported.set("schemaLocation", places[imported.get("namespace")])
        (folder / places[found.get("targetNamespace")]).write_bytes(etree.tostring(found))
    imports = "".join(f'<xs:import namespace="{name}" schemaLocation="{place}"/>' for name, place in places.items())
    main = folder / "all.xsd"
    main.write_text(f'<xs:schema xmlns:xs="{NAMES["xs"]}">{imports}</xs:schema>')
    return etree.XMLSchema(file=str(main))


@pytest.mark.parametrize(
    "name",
    ["v3-datacontract-response.xml", "v3-datacontract-response-empty.xml", "v3-datacontract-response-emptylist.xml"],
)
def test_recorded_answers_fit_the_schema(schema, golden_file, name):
    schema.assertValid(etree.fromstring(golden_file(name)))


def test_recorded_errors_fit_the_schema(schema, golden_file):
    schema.assertValid(etree.fromstring(golden_file("v3-datacontract-error-validation.xml")))


def test_a_recorded_request_fits_the_schema(schema, golden_file):
    body = etree.fromstring(golden_file("soap11-request.xml")).find(".//{*}Body")[0]
    schema.assertValid(body)


def test_another_order_does_not_fit(schema, golden_file):
    root = etree.fromstring(golden_file("v3-datacontract-response-empty.xml"))
    root.append(root[0])
    assert not schema.validate(root)


@pytest.mark.parametrize(("path", "prefix"), [("/soap11", "soap"), ("/soap12", "soap12")])
def test_every_name_that_is_used_is_declared(path, prefix):
    root = document(path)
    messages = {found.get("name") for found in root.findall("w:message", NAMES)}
    assert messages == {"UserClientSessionLogRequestIn", "UserClientSessionLogRequestOut"}
    elements = {found.get("name") for found in root.findall(".//xs:schema/xs:element", NAMES)}
    parts = {found.get("element").rpartition(":")[2] for found in root.findall(".//w:part", NAMES)}
    assert parts <= elements
    address = root.find(f".//{prefix}:address", NAMES)
    assert address.get("location") == f"http://localhost{path}"


@pytest.fixture(scope="module")
def golden_file():
    """Reads one recorded file."""
    return lambda name: (recording.GOLDEN / name).read_bytes()


FILES = documents(BASE)


def test_the_published_files_are_what_is_declared_now():
    found = {path.name for path in PUBLISHED.glob("servicestack-*")}
    assert found == set(FILES), "run `make wsdl` and remove what it no longer writes"


@pytest.mark.parametrize("name", FILES)
def test_a_published_file_is_what_is_declared_now(name):
    assert (PUBLISHED / name).read_bytes() == FILES[name](), "run `make wsdl`"


def test_the_published_schemas_describe_the_published_request():
    main = "servicestack-Spirit.Server.Common.Message.Sessions.xsd"
    schema = etree.XMLSchema(file=str(PUBLISHED / main))
    request = Path(__file__).parents[1] / "data" / "requests" / "mobileconnect-session-log.xml"
    schema.assertValid(etree.fromstring(request.read_bytes()))


def test_the_published_wsdl_names_the_operation_that_is_published():
    root = etree.fromstring((PUBLISHED / "servicestack-soap11.wsdl").read_bytes())
    names = {found.get("name") for found in root.findall("w:portType/w:operation", NAMES)}
    assert "UserClientSessionLogRequest" in names
    assert all(found.get("location") == f"{BASE}/soap11" for found in root.findall(".//soap:address", NAMES))


@pytest.mark.parametrize("number", range(5))
def test_every_schema_of_the_wsdl_is_served_under_its_number(number):
    inside = document("/soap11").findall(".//xs:schema", NAMES)
    found = document(f"/metadata?xsd={number}")
    assert found.get("targetNamespace") == inside[number].get("targetNamespace")
    assert [etree.QName(one).localname for one in found] == [etree.QName(one).localname for one in inside[number]]
    for imported in found.findall("xs:import", NAMES):
        base, _, place = imported.get("schemaLocation").rpartition("=")
        assert base == "http://localhost/metadata?xsd"
        assert inside[int(place)].get("targetNamespace") == imported.get("namespace")


def test_the_first_three_schemas_are_scalars_types_and_collections():
    found = [document(f"/metadata?xsd={number}").get("targetNamespace") for number in range(3)]
    serialization = "http://schemas.microsoft.com/2003/10/Serialization/"
    assert found == [serialization, recording.TYPES, serialization + "Arrays"]


@pytest.mark.parametrize("number", ["5", "999", "-1", "x", "1e1", "99999999999999999999"])
def test_there_is_no_schema_of_another_number(number):
    assert DRIVER("GET", f"/metadata?xsd={number}").status == 404


@pytest.mark.parametrize("query", ["flash", "flash=1", "FLASH=true"])
def test_flash_makes_a_guid_a_text(query):
    plain, flash = DRIVER("GET", "/soap11").body, DRIVER("GET", f"/soap11?{query}").body
    assert b'name="SessionUid" minOccurs="0" type="ser:guid"' in plain
    assert b'name="SessionUid" minOccurs="0" type="xs:string"' in flash
    assert b'"ser:guid"' not in flash
    etree.fromstring(flash)


class Bare(f.WireSchema):
    Word = f.String()


def test_an_operation_whose_messages_have_no_namespace_is_not_in_the_wsdl():
    known, bare = recording.operation(), recording.operation("Bare", request=f.message_of(Bare))
    root = etree.fromstring(describe(Described([known, bare]), BASE, SOAP_11))
    names = [found.get("name") for found in root.findall("w:portType/w:operation", NAMES)]
    assert names == ["UserClientSessionLogRequest"]
    assert None not in [found.get("targetNamespace") for found in root.findall(".//xs:schema", NAMES)]
