"""Sphinx configuration."""

from importlib.metadata import version as installed
from typing import Any

from gateway import spi

project = "Session gateway"
copyright = "the session gateway's contributors"
release = version = installed("session-gateway")
extensions = ["sphinx.ext.autodoc"]
exclude_patterns = ["_build"]
html_theme = "alabaster"
html_theme_options = {"description": "One gateway for session events", "fixed_sidebar": True}
nitpicky = True
add_module_names = False
autodoc_default_options = {"members": True, "member-order": "bysource"}
autodoc_typehints = "none"
autodoc_class_signature = "separated"


def at_its_public_name(app: Any, env: Any, node: Any, content: Any) -> Any:
    """A reference to where a public name is written leads to where it is documented; to others it is plain text."""
    if node.get("refdomain") != "py" or not node["reftarget"].startswith(("gateway.", "adapters.", "schemas.")):
        return None
    parts = node["reftarget"].split(".")
    place = next((number for number, part in enumerate(parts) if part in spi.__all__), None)
    if place is None:
        return content
    name = ".".join(("gateway.spi", *parts[place:]))
    found = env.get_domain("py").resolve_xref(env, node["refdoc"], app.builder, "obj", name, node, content)
    return found if found is not None else content


def setup(app: Any) -> None:
    """Connect what this configuration adds."""
    app.connect("missing-reference", at_its_public_name)
