"""The words that the tables of hostile XML share.

``{listener}`` stands for the address of a listener that must stay silent.
"""

from tests.attacks.corpus import Attack, Make

XML = ("xml", "soap")
BAD, BIG = "malformed", "too_large"
OWASP, XXE, WSA = "OWASP XML Security: ", "OWASP XXE Prevention: ", "WS-Attacker: "
XSI = b'xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance"'
OUT = b"http://{listener}/"


def xml(
    name: str,
    expect: str,
    source: str,
    make: Make,
    setting: str = "",
    headers: dict[str, str] | None = None,
) -> Attack:
    return Attack(f"xml: {name}", XML, expect, source, make, setting, headers)
