"""Clients that others wrote, against a running demo.

They live in an environment of their own, ``var/interop`` (or the folder that ``INTEROP`` names), since what one of them
depends on shadows the standard library::

    python3 -m venv var/interop/venv && var/interop/venv/bin/pip install servicestack==0.1.15 zeep==4.3.3
    npm --prefix var/interop install @servicestack/client@2.1.13
"""

import importlib.util
import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

HERE = Path(__file__).parent
ROOT = HERE.parent.parent
CLIENTS = Path(os.environ.get("INTEROP", ROOT / "var" / "interop")).resolve()
PYTHON = CLIENTS / "venv" / "bin" / "python"
NODE_MODULES = CLIENTS / "node_modules"


def _load(name, path):
    spec = importlib.util.spec_from_file_location(name, path)
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    spec.loader.exec_module(module)
    return module


starting = _load("interop_starting", ROOT / "tests" / "e2e" / "conftest.py")


@pytest.fixture(scope="module")
def base(tmp_path_factory):
    """The address of a running demo."""
    server = starting.start(tmp_path_factory.mktemp("demo") / "demo.db", "--demo", "--workers", "1")
    yield server.url
    server.stop()


def run(*words):
    """The JSON that a client's script printed."""
    environment = {name: value for name, value in os.environ.items() if "proxy" not in name.lower()}
    done = subprocess.run(words, capture_output=True, text=True, check=False, timeout=60, env=environment)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout.splitlines()[-1])


def needs_python(package):
    if not PYTHON.exists():
        pytest.skip(f"the PyPI package {package} is missing: there is no {PYTHON}")
    found = subprocess.run([PYTHON, "-c", f"import {package}"], capture_output=True, check=False, timeout=60)
    if found.returncode:
        pytest.skip(f"the PyPI package {package} is missing from {PYTHON}")


def test_every_recorded_exchange_agrees_with_the_running_server(base):
    script = ROOT / "tests" / "adapters" / "servicestack" / "replay_exchanges.py"
    golden = ROOT / "tests" / "golden" / "servicestack"
    words = [sys.executable, script, base, golden / "exchanges.jsonl", "-v", "--deviations", golden / "deviations.txt"]
    done = subprocess.run(words, capture_output=True, text=True, check=False, timeout=120)
    assert done.returncode == 0, done.stdout


@pytest.mark.external
def test_the_pypi_client_with_the_types_that_are_served(base, tmp_path):
    needs_python("servicestack")
    found = run(PYTHON, HERE / "servicestack_pypi.py", base, tmp_path)
    for dialect in ("api", "old"):
        assert found[dialect]["post"] == [1, "device-01"]
        assert found[dialect]["started"] == "2007-12-20T09:15:30+00:00"
        assert found[dialect]["get"] == [1, "Success"]
        assert found[dialect]["batch"] == [1, 0]
        assert found[dialect]["error"] == [400, "SerializationException"]


@pytest.mark.external
def test_the_npm_client(base):
    node = shutil.which("node")
    if node is None:
        pytest.skip("node (Debian: nodejs) is missing")
    if not (NODE_MODULES / "@servicestack" / "client").exists():
        pytest.skip(f"the npm package @servicestack/client is missing from {NODE_MODULES}")
    found = run(node, HERE / "servicestack_npm.mjs", base, NODE_MODULES)
    for dialect in ("api", "old"):
        assert found[dialect]["post"] == [1, "device-01"]
        assert found[dialect]["get"] == [1, "Success"]
        assert found[dialect]["batch"] == [1, 0]
        assert found[dialect]["error"] == "SerializationException"
    assert found["bare"] == 1


@pytest.mark.external
def test_a_soap_tool_that_knows_only_the_wsdl(base):
    needs_python("zeep")
    found = run(PYTHON, HERE / "servicestack_zeep.py", base)
    assert found == {"soap11": ["Success", "device-01"], "soap12": ["Success", "device-01"]}
