"""Sphinx configuration."""

from importlib.metadata import version as installed

project = "Session gateway"
copyright = "the session gateway's contributors"
release = version = installed("session-gateway")
extensions: list[str] = []
exclude_patterns = ["_build"]
html_theme = "alabaster"
html_theme_options = {"description": "One gateway for session events", "fixed_sidebar": True}
nitpicky = True
