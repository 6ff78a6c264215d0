"""The page on attacks names what exists, and every item of the lists that the corpus was made from."""

import ast
import re
from pathlib import Path

import pytest

from tests.attacks.test_corpus import ATTACKS

pytestmark = pytest.mark.once

ROOT = Path(__file__).parent.parent.parent
PAGE = (ROOT / "docs" / "attacks.rst").read_text(encoding="utf-8")
NAMED = set(re.findall(r"``((?:xml|json|soap|jsv|csv|form|any): [^`]+|tests/[^`]+)``", PAGE))
SECTIONS = {
    "OWASP XML Security": "OWASP XML Security Cheat Sheet",
    "OWASP XXE Prevention": "OWASP XML External Entity Prevention Cheat Sheet",
    "OWASP Web Service Security": "OWASP Web Service Security Cheat Sheet",
    "OWASP REST Security": "OWASP REST Security Cheat Sheet",
    "WS-Attacker": "WS-Attacker",
}
ELSEWHERE = {"RFC 8259", "JSON interoperability", "SOAP 1.1 and 1.2", "Deserialization of other types"}
WS_ATTACKER = (
    "CoerciveParsing Compression HashCollisionDJBX31A HashCollisionDJBX33A HashCollisionDJBX33X "
    "SoapArrayAttack XmlAttributeCount XmlElementCount XmlEntityExpansion XmlExternalEntity "
    "XmlOverlongNames IntelligentDoS UnintelligentDoS SignatureExclusionAttack SignatureWrapping "
    "SoapActionSpoofing WsAddressingSpoofing XMLEncryptionAttack "
)
"""The plug-ins of WS-Attacker."""


def items(title: str) -> set[str]:
    """The items of one list on the page."""
    section = PAGE.split(f"\n{title}\n----")[1].split("\n---")[0]
    return set(re.findall(r"   \* - (.+)", section)) - {"Item"}


def test_what_the_page_names_exists() -> None:
    inputs = {attack.name for attack in ATTACKS}
    missing = {name for name in NAMED if not name.startswith("tests/") and name not in inputs}
    for name in NAMED:
        path, _, test = name.partition("::")
        if path.startswith("tests/") and test and test not in defined(ROOT / path):
            missing.add(name)
    assert missing == set()
    assert len(NAMED) > 120


def defined(file: Path) -> set[str]:
    """The names of the functions and classes of a file, and of what it assigns."""
    tree = ast.parse(file.read_text(encoding="utf-8")) if file.exists() else ast.Module([], [])
    made = {node.name for node in tree.body if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef))}
    return made | {
        name.id
        for node in tree.body
        if isinstance(node, ast.Assign)
        for name in node.targets
        if isinstance(name, ast.Name)
    }


def test_every_source_of_the_corpus_is_an_item_of_the_page() -> None:
    sources = {attack.source for attack in ATTACKS} - ELSEWHERE
    strays = {
        source for source in sources if source.partition(": ")[2] not in items(SECTIONS[source.partition(": ")[0]])
    }
    assert strays == set()


def test_every_plug_in_of_ws_attacker_is_named() -> None:
    assert set(WS_ATTACKER.split()) - items("WS-Attacker") == set()
