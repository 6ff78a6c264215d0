"""The documentation and the code say the same."""

import subprocess
import sys
from pathlib import Path

import pytest

from docs import mapping
from gateway import boot, registry

pytestmark = pytest.mark.once

ROOT = Path(__file__).parent.parent
TABLE = ROOT / "docs" / "settings-table.rst"


def test_the_table_of_settings_is_up_to_date() -> None:
    words = [sys.executable, "-m", "gateway.cli", "settings", "--rst"]
    printed = subprocess.run(words, capture_output=True, text=True, check=True, env={"PATH": ""}, cwd=ROOT).stdout
    assert TABLE.read_text(encoding="utf-8") == printed, "run: session-gateway settings --rst > docs/settings-table.rst"


def test_the_tables_of_members_are_up_to_date() -> None:
    found = (ROOT / "docs" / "mapping-table.rst").read_text(encoding="utf-8")
    assert found == mapping.text(), "run: make mapping"


def test_no_member_is_lost_without_a_word() -> None:
    """Nothing but what a caller says about itself, and repeats of what is known, is kept in the raw request only."""
    found = (ROOT / "docs" / "mapping-table.rst").read_text(encoding="utf-8")
    rows = found.split("   * - ")
    lost = {row.split("\n")[0] for row in rows if "kept in the raw request only" in row}
    assert lost == {"``GeneratedAt``", "``interfacename`` (SOAP header)"}


def test_every_setting_says_what_it_is_and_where_its_default_comes_from() -> None:
    for setting in boot.table(registry.discover()):
        assert len(setting.doc) > 10, setting.name
        assert setting.doc.endswith("."), setting.name
        assert setting.origin in ("ours", "D1", "D2", "D3"), setting.name


def test_make_help_documents_every_target() -> None:
    text = (ROOT / "Makefile").read_text(encoding="utf-8")
    phony = next(line for line in text.splitlines() if line.startswith(".PHONY:")).split()[1:]
    printed = subprocess.run(["make", "help"], cwd=ROOT, capture_output=True, text=True, check=True).stdout
    assert [target for target in phony if f"make {target} " not in printed] == []


@pytest.mark.parametrize("name", ["README.rst", "CHANGELOG.rst", "LICENSE", "SECURITY.rst", "CONTRIBUTING.rst"])
def test_what_a_newcomer_looks_for_is_there(name: str) -> None:
    assert (ROOT / name).stat().st_size > 200


def test_every_page_is_in_the_table_of_contents() -> None:
    index = (ROOT / "docs" / "index.rst").read_text(encoding="utf-8")
    pages = {str(page.relative_to(ROOT / "docs").with_suffix("")) for page in (ROOT / "docs").rglob("*.rst")}
    listed = {line.strip() for line in index.splitlines()}
    included = {"index", "settings-table", "mapping-table"}
    assert {page for page in pages if not page.startswith("_build")} - listed - included == set()
