"""The WSDL of ServiceStack: valid, complete, and true to what is really sent."""

import importlib.util
from pathlib import Path

import pytest
from lxml import etree

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
