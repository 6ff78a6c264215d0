"""ServiceStack's real clients read what was written over other APIs; see conftest.py for how they are installed."""

import subprocess
import sys
from pathlib import Path

import pytest

HERE = Path(__file__).parent
ROOT = HERE.parent.parent
DRIVER = "7a1c1c0e-3c0f-4d5e-9a52-2f5b2d3c4e5f"
VEHICLE = "0c5c9d3e-58c4-4f3e-8f5b-6a1f0f6f1b2a"
NEVER, EMPTY = "0001-01-01T00:00:00", "00000000-0000-0000-0000-000000000000"

# What the log tells of each session: User, ClientReferUid, SessionStart, SessionEnd, UserReferUid.
BIOT = [None, "device-01", "2007-12-20T09:15:30", "2007-12-20T10:15:30", EMPTY]
ONTIME = [DRIVER, VEHICLE, "2019-10-01T08:00:00", NEVER, DRIVER]
WORKSTATION = ["larry@newmedia.com", None, NEVER, "2025-12-04T06:57:36"]
REFUSED = ["Failure", "ClientDataSubmissionFailure"]


def uids(rows):
    """The rows with each GUID as it is written with dashes."""
    return [[*row[:4], row[4] if "-" in row[4] else "-".join(_groups(row[4]))] for row in rows]


def _groups(text):
    return text[:8], text[8:12], text[12:16], text[16:20], text[20:]


def test_every_recorded_exchange_agrees_with_the_running_server(base):
    script = ROOT / "tests" / "adapters" / "servicestack" / "replay_exchanges.py"
    golden = ROOT / "tests" / "golden" / "servicestack"
    words = [sys.executable, script, base, golden / "exchanges.jsonl", "-v", "--deviations", golden / "deviations.txt"]
    done = subprocess.run(words, capture_output=True, text=True, check=False, timeout=120)
    assert done.returncode == 0, done.stdout
    assert done.stdout.startswith("94 of 94 agree")


def check_json_client(found):
    rows = uids(found["all"])
    assert BIOT in rows
    assert ONTIME in rows
    assert WORKSTATION in [row[:4] for row in rows]
    assert uids(found["post"]) == [BIOT]
    assert uids(found["get"]) == [ONTIME]
    assert [uids(one) for one in found["started"]] == [[ONTIME], [ONTIME]]
    assert found["page"] == [1, 1, True, 1]
    assert found["result"] == "Success"
    assert [uids(one) for one in found["batch"]] == [[BIOT], [ONTIME]]
    assert found["error"] == [400, "SerializationException"]
    assert found["stranger"] == REFUSED


@pytest.mark.external
def test_the_pypi_client_with_the_types_that_are_served(base, run, pypi, tmp_path):
    found = run(pypi, HERE / "servicestack_pypi.py", base, tmp_path)
    for dialect in ("api", "old"):
        check_json_client(found[dialect])


@pytest.mark.external
def test_the_npm_clients(base, run, node):
    program, modules = node
    found = run(program, HERE / "servicestack_npm.mjs", base, modules)
    for dialect in ("api", "old", "bare"):
        check_json_client(found[dialect])


@pytest.mark.external
def test_a_dotnet_client_with_the_real_datacontractserializer(base, run, dotnet):
    found = run(*dotnet("DotNetClient", "System.Runtime.Serialization", "System.Xml"), base)
    assert found["end"] == ["00", "Success"]
    assert found["wrong_key"][0] != "00"
    assert BIOT in found["all"]
    assert ONTIME in found["all"]
    ended = [row[:4] for row in found["all"]]
    assert WORKSTATION in ended
    assert ["dotnet@newmedia.com", None, NEVER, "2025-12-05T08:00:00"] in ended
    assert found["post"] == [BIOT]
    assert found["route"] == found["oneway"] == found["started"] == [ONTIME]
    assert found["page"] == [1, 1, 1]
    assert found["stranger"] == REFUSED
    assert found["error"] == [400, "Bad Request", "SerializationException"]
    assert found["unknown"] == [405, "Method Not Allowed", "NotImplementedException"]


@pytest.mark.external
def test_a_dotnet_client_over_soap_by_wcf(base, run, dotnet):
    libraries = ("System.Runtime.Serialization", "System.ServiceModel", "System.Xml")
    found = run(*dotnet("WcfClient", *libraries), base)
    for version in ("soap11", "soap12"):
        name, result, *entry = found[version]
        assert (name, result) == ("UserClientSessionLogResponse", "Success")
        assert entry == ["device-01", "2007-12-20T09:15:30Z", "2007-12-20T10:15:30Z"]
    assert found["stranger"] == ["UserClientSessionLogResponse", *REFUSED]
