"""Which paths are pages for people. Fixed, so that no request of an API ever meets a page's routing."""

EXACT = frozenset({"/", "/docs", "/favicon.ico"})
BELOW = ("/static/",)


def is_page(path: str) -> bool:
    """Whether the Flask application answers this path."""
    return path in EXACT or path.startswith(BELOW)
