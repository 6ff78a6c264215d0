"""A package that was made, found by its entry point, serves at once: the sample's sender, and a client of others."""

import importlib.util
import json
import os
import subprocess
import sys
import tomllib
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import zeep
from zeep.transports import Transport

ROOT = Path(__file__).parents[3]
CUSTOMER = ROOT / "tests" / "data" / "scaffold" / "customer.wsdl"

spec = importlib.util.spec_from_file_location("scaffold_starting", ROOT / "tests" / "e2e" / "conftest.py")
assert spec is not None
starting = importlib.util.module_from_spec(spec)
sys.modules["scaffold_starting"] = starting
assert spec.loader is not None
spec.loader.exec_module(starting)


def install(folder: Path) -> None:
    """Let a package that is on the path be found by its entry points, as pip would."""
    project = tomllib.loads((folder / "pyproject.toml").read_text())["project"]
    info = folder / f"{project['name'].replace('-', '_')}-{project['version']}.dist-info"
    info.mkdir(exist_ok=True)
    head = f"Metadata-Version: 2.1\nName: {project['name']}\nVersion: {project['version']}\n"
    info.joinpath("METADATA").write_text(head)
    (name, value), *_ = project["entry-points"]["session_gateway.apis"].items()
    info.joinpath("entry_points.txt").write_text(f"[session_gateway.apis]\n{name} = {value}\n")


@pytest.fixture(scope="module")
def places(package: Callable[[str], Path]) -> list[Path]:
    """Two packages, installed."""
    made = [package("scaffold/customer.wsdl"), package("requests/biot-usage-session.json")]
    for folder in made:
        install(folder)
    return made


@pytest.fixture(scope="module", name="server")
def serving(places: list[Path], tmp_path_factory: pytest.TempPathFactory) -> Iterator[starting.Server]:
    """A demo that has found them, with a key for each."""
    before = os.environ.get("PYTHONPATH")
    os.environ["PYTHONPATH"] = os.pathsep.join([*map(str, places), *([before] if before else [])])
    try:
        database = tmp_path_factory.mktemp("served") / "served.db"
        for name in ("made-customer-wsdl", "made-biot-usage-session-json"):
            words = ("credentials", "add", "--api", name, "--tenant", "demo", "--key", f"a-key-long-enough-for-{name}")
            line = [sys.executable, "-m", "gateway.cli", *words, "--database", f"sqlite:///{database}"]
            subprocess.run(line, check=True, capture_output=True, cwd=ROOT)
        made = starting.start(database, "--demo")
    finally:
        os.environ.pop("PYTHONPATH") if before is None else os.environ.update(PYTHONPATH=before)
    yield made
    made.stop()


def test_the_sample_is_accepted_and_kept(server: starting.Server) -> None:
    name = "made-biot-usage-session-json"
    body = (ROOT / "tests" / "data" / "requests" / "biot-usage-session.json").read_bytes()
    headers = {"Authorization": f"Bearer a-key-long-enough-for-{name}", "Content-Type": "application/json"}
    with server.client() as client:
        answer = client.post(f"/{name}", content=body, headers=headers)
        refused = client.post(f"/{name}", content=body, headers={"Content-Type": "application/json"})
    assert (answer.status_code, answer.text, refused.status_code) == (200, "{}", 401)
    (event,) = [event for event in server.events() if event["api"] == name]
    kept = event["changes"]["attributes"]["made_biot_usage_session_json"]  # type: ignore[index]
    assert kept == {**json.loads(body), "_endTime": "2007-12-20T10:15:30+00:00"}


def test_a_soap_client_of_the_old_contract_is_understood_and_answered(server: starting.Server) -> None:
    transport = Transport()
    transport.session.trust_env = False
    transport.session.headers["Authorization"] = "Bearer a-key-long-enough-for-made-customer-wsdl"
    client = zeep.Client(str(CUSTOMER), transport=transport)
    binding = "{http://customerservice.example.com/}CustomerServiceServiceSoapBinding"
    service = client.create_service(binding, f"{server.url}/soap/made-customer-wsdl")
    customer = {"customerId": 7, "name": "Ada", "address": ["a", "b"], "revenue": 1.5, "type": "BUSINESS"}
    service.updateCustomer(customer=customer)
    assert service.getCustomersByName(name="Ada") in (None, [])
    (event,) = [event for event in server.events() if event["api"] == "made-customer-wsdl"]
    kept = event["changes"]["attributes"]["updateCustomer"]["customer"]  # type: ignore[index]
    assert {name: kept[name] for name in customer} == {**customer, "revenue": "1.5"}


def test_the_description_that_it_serves_has_members_without_a_namespace_too(server: starting.Server) -> None:
    transport = Transport()
    transport.session.trust_env = False
    transport.session.headers["Authorization"] = "Bearer a-key-long-enough-for-made-customer-wsdl"
    client = zeep.Client(f"{server.url}/soap/made-customer-wsdl?wsdl", transport=transport)
    message = client.create_message(client.service, "getCustomersByName", name="Ada")
    assert [element.tag for element in message.iter() if element.text == "Ada"] == ["name"]
    assert client.service.getCustomersByName(name="Ada") in (None, [])
