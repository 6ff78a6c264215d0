"""How the pages for people look: one self-contained document, readable on a phone, in light and in dark."""

from adapters.webapi_html import CSS, Html, text

POLICY = ("Content-Security-Policy", "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'")
"""The pages load nothing and run nothing."""

_OWN = """\
nav { display: flex; flex-wrap: wrap; gap: .3rem 1rem; }
nav b { font-weight: 600; }
td code { overflow-wrap: anywhere; }
td a { margin-right: .6rem; white-space: nowrap; }
pre { margin: .5rem 0 1.25rem; }
.wide { overflow-x: auto; }
.items td, .object td { overflow-wrap: anywhere; }
.items th { padding-right: .75rem; }
.object > tbody > tr > th { width: 12rem; font-weight: 600; }
.object td > table { margin: 0; }
ol { margin: 0; padding-left: 1.25rem; }
summary { margin-top: 1.5rem; cursor: pointer; }
#dto { white-space: pre-wrap; overflow-wrap: anywhere; }
td.path { overflow-wrap: anywhere; font: .9rem/1.6 ui-monospace, monospace; }
@media (max-width: 40rem) { .object > tbody > tr > th { width: auto; }
  .object > tbody > tr > td::before { content: none; } }
"""


def document(title: str, navigation: Html, content: Html) -> bytes:
    """The whole page."""
    bar = f"<nav>{navigation}</nav>" if navigation else ""
    return (
        '<!doctype html>\n<html lang="en">\n<head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<title>{text(title)}</title>\n<style>\n{CSS}{_OWN}</style></head>\n"
        f"<body>\n{bar}<main>\n{content}\n</main>\n</body>\n</html>\n"
    ).encode("utf-8", "replace")
