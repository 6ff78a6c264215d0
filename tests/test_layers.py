"""Who may import whom: the layers of the house, read from the import statements."""

import ast
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent

JSON_PARTS = ("dates", "relaxed", "scalars", "text", "write")
LAYERS: list[set[str]] = [
    {
        "gateway",
        "gateway.model",
        "gateway.quick",
        "gateway.limits",
        "gateway.wire",
        "gateway.settings",
        "gateway.credentials",
        "gateway.ids",
    },
    {"gateway.outcome", "gateway.commands"},
    {
        "adapters",
        "adapters.codecs",
        "adapters.scalars",
        "adapters.xsd",
        "adapters.netdatetime",
        "adapters.xml",
        "adapters.soapstyle",
    },
    {"schemas", "schemas.checking", "schemas.message", "schemas.fields", "schemas.api"},
    {"adapters.protocol", "gateway.work"},
    {f"adapters.codecs.{name}" for name in ("json", *(f"json_{part}" for part in JSON_PARTS))},
    {"gateway.spi"},
]
ABOVE = len(LAYERS)

ONLY = {
    "flask": "gateway/web/",
    "peewee": "gateway/store/",
    "playhouse": "gateway/store/",
    "spyne": "wsdl/",
    "uvicorn": "gateway/",
    "gunicorn": "gateway/",
}
"""Packages that stand in one room only."""

DOORS = (
    "gateway.asgi",
    "gateway.server",
    "gateway.cli",
    "gateway.web",
    "gateway.boot",
    "gateway.demo",
    "gateway.telemetry",
)


def modules() -> dict[str, Path]:
    files = [file for package in ("gateway", "adapters", "schemas", "wsdl") for file in (ROOT / package).rglob("*.py")]
    return {name_of(file): file for file in files}


def name_of(file: Path) -> str:
    parts = file.relative_to(ROOT).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


@cache
def imports(file: Path) -> frozenset[str]:
    found: set[str] = set()
    for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            found.update(alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            found.add(node.module)
            found.update(f"{node.module}.{alias.name}" for alias in node.names)
    return frozenset(found)


def layer(name: str) -> int:
    return next((number for number, names in enumerate(LAYERS) if name in names), ABOVE)


MODULES = modules()


@pytest.mark.parametrize("name", [name for name in MODULES if layer(name) < ABOVE])
def test_a_low_layer_imports_nothing_above_it(name: str) -> None:
    ours = {other for other in imports(MODULES[name]) if other in MODULES}
    assert [other for other in sorted(ours) if layer(other) > layer(name)] == []


@pytest.mark.parametrize("name", [name for name in MODULES if name.startswith(("adapters", "schemas"))])
def test_adapters_and_schemas_know_no_door_store_or_pipeline(name: str) -> None:
    above = ("gateway.store", "gateway.pipeline", "gateway.identity", "gateway.registry", "gateway.router", *DOORS)
    assert [other for other in sorted(imports(MODULES[name])) if other.startswith(above)] == []


@pytest.mark.parametrize("name", [name for name in MODULES if name.startswith("adapters")])
def test_protocols_know_no_api(name: str) -> None:
    known = {"schemas", "schemas.checking", "schemas.message", "schemas.fields", "schemas.api"}
    apis = {other for other in imports(MODULES[name]) if other in MODULES and other.startswith("schemas")}
    assert apis - known == set()


@pytest.mark.parametrize("name", [name for name in MODULES if name.startswith("schemas.")])
def test_apis_know_no_protocol(name: str) -> None:
    allowed = {"adapters", "adapters.scalars", "adapters.xsd", "adapters.soapstyle"}
    assert {
        other for other in imports(MODULES[name]) if other in MODULES and other.startswith("adapters")
    } - allowed == set()


@pytest.mark.parametrize(("package", "room"), ONLY.items())
def test_a_framework_stays_in_its_room(package: str, room: str) -> None:
    users = [
        str(file.relative_to(ROOT))
        for file in MODULES.values()
        if any(name == package or name.startswith(f"{package}.") for name in imports(file))
    ]
    assert [user for user in users if not user.startswith(room)] == []


def test_only_one_module_calls_an_xml_parser() -> None:
    words = (
        "etree.fromstring",
        "etree.parse",
        "etree.XMLParser",
        "etree.XMLPullParser",
        "etree.iterparse",
        "ElementTree",
    )
    users = [name for name, file in MODULES.items() if any(word in file.read_text(encoding="utf-8") for word in words)]
    assert [name for name in users if name != "adapters.xml"] == []


def test_importing_the_package_imports_nothing_else() -> None:
    assert imports(ROOT / "gateway" / "__init__.py") == set()


def test_no_room_is_called_after_nothing() -> None:
    assert [name for name in MODULES if name.rsplit(".", 1)[-1] in {"utils", "helpers", "common", "misc"}] == []
