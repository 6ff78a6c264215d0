"""Clients that others wrote, against a running demo that holds sessions written over other APIs.

``make interop`` installs them into ``var/interop`` (another folder: ``INTEROP=``). Those from PyPI that get along with
the tests' own environment are in it; the package ``servicestack`` has one of its own, since what it depends on shadows
the standard library.
"""

import importlib.util
import json
import os
import re
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import pytest

HERE = Path(__file__).parent
ROOT = HERE.parent.parent
CLIENTS = Path(os.environ.get("INTEROP", ROOT / "var" / "interop")).resolve()
REQUESTS = ROOT / "tests" / "data" / "requests"
JSON = {"Content-Type": "application/json"}
DRIVER = "7a1c1c0e-3c0f-4d5e-9a52-2f5b2d3c4e5f"
VEHICLE = "0c5c9d3e-58c4-4f3e-8f5b-6a1f0f6f1b2a"

LIBRARIES = {
    "System.Runtime.Serialization": "libmono-system-runtime-serialization4.0-cil",
    "System.ServiceModel": "libmono-system-servicemodel4.0a-cil",
}
"""Debian's package of each .NET library."""


def _load(name, path):
    spec = importlib.util.spec_from_file_location(name, path)
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    spec.loader.exec_module(module)
    return module


starting = _load("interop_starting", ROOT / "tests" / "e2e" / "conftest.py")


def write_sessions(server):
    """One session each over workstation, OnTime and BioT, none of which speaks ServiceStack."""
    driver = {"UserID": DRIVER, "Vehicle": VEHICLE, "LogInType": "Driver", "LogInTime": "2019-10-01T08:00:00"}
    biot = {**JSON, "Authorization": f"Bearer {server.token()}"}
    session = "/device/v1/devices/device-01/usage-sessions/3fa85f64-5717-4562-b3fc-2c963f66afa6"
    ended = (REQUESTS / "workstation-session-end.json").read_text(encoding="utf-8")
    stopped = (REQUESTS / "biot-usage-session.json").read_text(encoding="utf-8")
    key = {**JSON, "Authorization": "3f2504e0-4f89-41d3-9a0c-0305e82c3301"}
    with server.client() as client:
        answers = (
            client.post("/api/v1/workstation/session/end", content=ended, headers=JSON),
            client.post("/sites/acme/api/userSession/post", content=json.dumps(driver), headers=key),
            client.patch(session, content=stopped, headers=biot),
        )
    assert [answer.text for answer in answers if not answer.is_success] == []


@pytest.fixture(scope="session")
def base(tmp_path_factory):
    """The address of a demo that holds the sessions."""
    server = starting.start(tmp_path_factory.mktemp("interop") / "demo.db", "--demo", "--workers", "1")
    try:
        write_sessions(server)
        yield server.url
    finally:
        server.stop()


@pytest.fixture(scope="session")
def run():
    """Runs a client's script and gives the JSON that it printed."""

    def run(*words):
        environment = {name: value for name, value in os.environ.items() if "proxy" not in name.lower()}
        for _ in range(2):
            done = subprocess.run(words, capture_output=True, text=True, check=False, timeout=60, env=environment)
            # Mono aborts now and then by an assertion of its own, in its thread pool.
            if done.returncode != -signal.SIGABRT:
                break
        assert done.returncode == 0, done.stderr
        return json.loads(done.stdout.splitlines()[-1])

    return run


@pytest.fixture(scope="session")
def pypi():
    """The Python that has the PyPI package ``servicestack``."""
    python = CLIENTS / "venv" / "bin" / "python"
    if not python.exists():
        pytest.skip(f"the PyPI package servicestack is missing: there is no {python} (make interop)")
    if subprocess.run([python, "-c", "import servicestack"], capture_output=True, check=False, timeout=60).returncode:
        pytest.skip(f"the PyPI package servicestack is missing from {python} (make interop)")
    return python


@pytest.fixture(scope="session")
def node():
    """Node and the folder of its packages."""
    found = shutil.which("node")
    if found is None:
        pytest.skip("node is missing (Debian: nodejs; make interop)")
    modules = CLIENTS / "node_modules"
    if not (modules / "@servicestack" / "client").exists():
        pytest.skip(f"the npm package @servicestack/client is missing from {modules} (make interop)")
    return found, modules


@pytest.fixture(scope="session")
def dotnet(tmp_path_factory):
    """Compiles a .NET program and gives the words that run it."""
    for tool, package in (("mcs", "mono-mcs"), ("mono", "mono-runtime")):
        if shutil.which(tool) is None:
            pytest.skip(f"{tool} is missing (Debian: {package}; make interop)")

    def compiled(name, *libraries):
        program = tmp_path_factory.mktemp("dotnet") / f"{name}.exe"
        words = ["mcs", f"-out:{program}", *(f"-r:{one}.dll" for one in libraries), str(HERE / f"{name}.cs")]
        done = subprocess.run(words, capture_output=True, text=True, check=False, timeout=120)
        missing = re.search(r"CS0006: Metadata file `(.*?)\.dll'", done.stdout + done.stderr)
        if missing:
            pytest.skip(f"{missing[1]} is missing (Debian: {LIBRARIES.get(missing[1], 'mono')}; make interop)")
        assert done.returncode == 0, done.stdout + done.stderr
        return ["mono", program]

    return compiled
