"""HTML in small pieces: what is :class:`Html` is markup, everything else is text and is escaped."""

from collections.abc import Iterable, Sequence
from html import escape


class Html(str):
    """Text that is markup already."""

    __slots__ = ()


def joined(parts: Iterable[Html]) -> Html:
    """The parts, one after the other."""
    return Html("".join(parts))


def text(value: str) -> Html:
    """``value`` as markup: itself if it is, else escaped."""
    return value if isinstance(value, Html) else Html(escape(value))


def link(address: str, label: str) -> Html:
    """A link; long addresses in its label may break after a slash."""
    return Html(f'<a href="{escape(address)}">{_breaking(label)}</a>')


def _breaking(label: str) -> str:
    return escape(label).replace("/", "/<wbr>")


def paragraph(value: str) -> Html:
    """A paragraph, or nothing where there is nothing to say."""
    return Html(f"<p>{text(value)}</p>") if value else Html("")


def section(title: str, *content: Html, level: int = 2) -> Html:
    """A heading and what stands below it."""
    return Html(f"<section><h{level}>{text(title)}</h{level}>{joined(content)}</section>")


def table(columns: Sequence[str], rows: Iterable[Sequence[Html]]) -> Html:
    """A table whose first column heads its rows; each cell knows its column, for narrow screens."""
    head = "".join(f'<th scope="col">{text(column)}</th>' for column in columns)
    body = "".join(f"<tr>{_row(columns, row)}</tr>" for row in rows)
    return Html(f"<table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>")


def _row(columns: Sequence[str], row: Sequence[Html]) -> str:
    first, *rest = row
    cells = (f'<td data-column="{escape(name)}">{cell}</td>' for name, cell in zip(columns[1:], rest, strict=True))
    return f'<th scope="row">{first}</th>{"".join(cells)}'


def code_block(title: str, content: str) -> Html:
    """A sample, below the media types that it is sent with."""
    return Html(f'<h4>{text(title)}</h4><p>Sample:</p><pre tabindex="0"><code>{text(content)}</code></pre>')


def page(title: str, stylesheet: str, navigation: Html, content: Html) -> str:
    """The whole document."""
    return (
        '<!DOCTYPE html>\n<html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f'<title>{text(title)}</title><link rel="stylesheet" href="{escape(stylesheet)}"></head>'
        f"<body><nav>{navigation}</nav><main><h1>{_breaking(title)}</h1>{content}</main></body></html>\n"
    )


CSS = """\
:root { color-scheme: light dark; --line: #8886; --soft: #8881; --accent: #1d5fd0; }
@media (prefers-color-scheme: dark) { :root { --accent: #82b1ff; } }
* { box-sizing: border-box; }
body { margin: 0 auto; max-width: 60rem; padding: 1rem 1.25rem 4rem; font: 1rem/1.55 system-ui, sans-serif; }
nav { padding-bottom: .6rem; border-bottom: 3px solid var(--accent); }
a { color: var(--accent); text-underline-offset: .15em; }
h1 { margin: 1.5rem 0 .5rem; font-size: 1.6rem; line-height: 1.25; overflow-wrap: anywhere; }
h2 { margin: 2.5rem 0 .5rem; padding-bottom: .2rem; border-bottom: 1px solid var(--line); font-size: 1.3rem; }
h3 { margin: 1.75rem 0 .25rem; font-size: 1.05rem; }
h4 { margin: 1.25rem 0 0; font: 600 .9rem/1.5 ui-monospace, monospace; }
p { margin: .4rem 0; }
h4 + p { font-size: .85rem; opacity: .75; }
table { width: 100%; margin: .6rem 0; border-collapse: collapse; }
th, td { padding: .45rem .75rem .45rem 0; border-bottom: 1px solid var(--line); text-align: left; vertical-align: top; }
thead th { font-size: .85rem; font-weight: 600; opacity: .75; white-space: nowrap; }
tbody th { font-weight: 600; overflow-wrap: break-word; }
pre { margin: .25rem 0; padding: .9rem 1rem; overflow-x: auto; border: 1px solid var(--line); border-radius: 6px;
  background: var(--soft); font: .85rem/1.5 ui-monospace, monospace; tab-size: 2; }
@media (max-width: 40rem) {
  thead { display: none; }
  table, tbody, tr, tbody th, td { display: block; padding-right: 0; border: 0; }
  tr { padding: .5rem 0; border-bottom: 1px solid var(--line); }
  tbody th, td { padding: .1rem 0; }
  td:empty { display: none; }
  td::before { content: attr(data-column) ": "; font-size: .85rem; opacity: .75; }
}
"""
