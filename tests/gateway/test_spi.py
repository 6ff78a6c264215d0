"""The public door for plug-ins: a name that leaves it, or comes to it, is a decision."""

import ast
import re
from collections.abc import Iterable
from pathlib import Path

import pytest

from gateway import registry, spi
from tests.gateway import spi_pin

ROOT = Path(__file__).parent.parent.parent
PIN = ROOT / "tests" / "data" / f"spi-{spi.SPI_VERSION}.txt"
AGAIN = f"python -m tests.gateway.spi_pin > {PIN.relative_to(ROOT)}"


def test_everything_promised_is_there() -> None:
    assert [name for name in spi.__all__ if not hasattr(spi, name)] == []
    assert sorted(set(spi.__all__)) == sorted(spi.__all__)


def pinned() -> dict[str, tuple[str, list[str]]]:
    return promises(PIN.read_text(encoding="utf-8").splitlines())


def promises(lines: Iterable[str]) -> dict[str, tuple[str, list[str]]]:
    """Stability and parts of each name."""
    found = (line.partition(": ") for line in lines)
    heads = ((head.split(), re.findall(r"[\w=]+(?:\([^)]*\))?", shape)) for head, _, shape in found)
    return {name: (level, parts) for (name, level), parts in heads}


def test_a_name_that_comes_or_goes_or_changes_its_stability_is_recorded() -> None:
    levels = {name: level for name, (level, _) in promises(spi_pin.lines()).items()}
    assert levels == {name: level for name, (level, _) in pinned().items()}, f"a change of the SPI? {AGAIN}"


def test_nothing_promised_goes_and_nothing_new_is_demanded() -> None:
    """What has a default may be added within a version, and a method where plug-ins have none to write."""
    present = promises(spi_pin.lines())
    for name, (_, parts) in pinned().items():
        found = present[name][1]
        assert [part for part in parts if part not in found] == [], f"{name} lost something: a major version? {AGAIN}"
        free = ("=",) if getattr(getattr(spi, name), "_is_protocol", False) else ("=", ")")
        added = [part for part in found if part not in parts and not part.endswith(free)]
        assert added == [], f"{name} demands something new: a major version? {AGAIN}"


def test_what_is_provisional_is_promised_and_everything_else_is_stable() -> None:
    assert set(spi.__all__) >= spi.PROVISIONAL
    assert {level for level, _ in pinned().values()} == {"stable", "provisional"}


def test_every_public_name_says_what_it_means() -> None:
    undocumented = [
        name
        for name in spi.__all__
        if isinstance(getattr(spi, name), type) and not (getattr(spi, name).__doc__ or "").strip()
    ]
    assert undocumented == []


def test_the_reference_has_every_name() -> None:
    page = (ROOT / "docs" / "reference.rst").read_text(encoding="utf-8")
    documented = re.findall(r"^\.\. \S+:: gateway\.spi\.(\w+)$", page, re.MULTILINE)
    assert sorted(documented) == sorted(set(spi.__all__))


@pytest.mark.parametrize("package", ["kiosk-checkout", "jsonrpc"])
def test_an_example_is_short(package: str) -> None:
    """Fewer than 150 lines of code, without blank lines and docstrings."""
    (module,) = (ROOT / "examples" / package).glob("*.py")
    text = module.read_text(encoding="utf-8")
    told = {
        line
        for node in ast.walk(ast.parse(text))
        if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)
        for line in range(node.lineno, (node.end_lineno or node.lineno) + 1)
    }
    code = [line for number, line in enumerate(text.splitlines(), 1) if line.strip() and number not in told]
    assert len(code) < 150


@pytest.mark.parametrize("package", ["kiosk-checkout", "jsonrpc"])
def test_the_examples_import_nothing_else_of_the_gateway(package: str) -> None:
    (module,) = (ROOT / "examples" / package).glob("*.py")
    nodes = ast.walk(ast.parse(module.read_text(encoding="utf-8")))
    found = {node.module or "" for node in nodes if isinstance(node, ast.ImportFrom)}
    assert {name for name in found if name.split(".")[0] in ("gateway", "adapters", "schemas")} == {"gateway.spi"}


@pytest.mark.parametrize("wanted", ["1.0", spi.SPI_VERSION])
def test_a_plug_in_for_this_version_or_an_earlier_minor_one_runs(wanted: str) -> None:
    assert registry.unsuited(wanted) is None
    assert registry.unsuited(wanted, "1.7") is None


@pytest.mark.parametrize(
    ("wanted", "present", "reason"),
    [
        ("1.3", "1.2", "it needs gateway.spi 1.3, and this gateway has 1.2: install a newer gateway"),
        ("2.0", "1.9", "it needs gateway.spi 2.0, and this gateway has 1.9: install a newer gateway"),
        ("1.9", "2.0", "it was written for gateway.spi 1.9, and this gateway has 2.0: install a newer plug-in"),
        ("one", "1.0", "it states 'one' as its version of gateway.spi; state MAJOR.MINOR, such as 1.0"),
        ("1.0.0", "1.0", "it states '1.0.0' as its version of gateway.spi; state MAJOR.MINOR, such as 1.0"),
    ],
)
def test_another_version_is_refused_with_what_to_do(wanted: str, present: str, reason: str) -> None:
    assert registry.unsuited(wanted, present) == reason


def test_the_version_is_major_and_minor() -> None:
    assert re.fullmatch(r"\d+\.\d+", spi.SPI_VERSION)
