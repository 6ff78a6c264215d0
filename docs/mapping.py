"""Writes ``docs/mapping-table.rst``: ``make mapping``, or ``python -m docs.mapping > docs/mapping-table.rst``.

Nothing here knows what an API maps where. Each member of a request is given one value and then another; where the two
canonical commands differ, there the member turns up. Each part of a session is changed in the same way; the members of
an answer that change with it show it.
"""

import sys
from collections.abc import Iterator

from docs.mapping_answers import answer_rows
from docs.mapping_probe import Probe, rows
from gateway import registry
from gateway.boot import load_settings
from schemas.api import Api, Operation


def main() -> int:
    """Print the tables."""
    sys.stdout.write(text())
    return 0


def text() -> str:
    """The tables of every API, with the settings at their defaults."""
    built = registry.build(registry.discover(), load_settings(environment={}))
    order = ("workstation", "ontime", "biot", "mobileconnect", "partstream", "sessions")
    found = [built.apis[name] for name in (*order, *sorted(set(built.apis) - set(order)))]
    return "\n".join(line for api in found for line in _api(api)).rstrip() + "\n"


def _api(api: Api) -> Iterator[str]:
    yield from (api.title, "-" * len(api.title), "")
    shown: dict[tuple[object, ...], str] = {}
    for operation in api.operations:
        yield from _operation(api, operation, shown)


def _operation(api: Api, operation: Operation, shown: dict[tuple[object, ...], str]) -> Iterator[str]:
    title = f"{api.name}/{operation.name}"
    yield from (title, "^" * len(title), "")
    probe = Probe.of(operation)
    asked = tuple(rows(probe))
    if asked:
        yield from _table(("Member of the request", "Kind", "Place in the canonical model"), asked)
    else:
        yield from ("The request has no members.", "")
    told = tuple(answer_rows(api, probe))
    key = (operation.answer.name, told)
    if not told:
        yield from ("The answer has no members.", "")
    elif key in shown:
        yield from (f"The answer is that of ``{shown[key]}``.", "")
    else:
        shown[key] = title
        yield from _table(("Member of the answer", "Where it comes from"), told)


def _table(head: tuple[str, ...], found: tuple[tuple[str, ...], ...]) -> Iterator[str]:
    yield from (".. list-table::", "   :header-rows: 1", "")
    for cells in (head, *found):
        yield from (f"   {'* -' if not index else '  -'} {cell}".rstrip() for index, cell in enumerate(cells))
    yield ""


if __name__ == "__main__":
    sys.exit(main())
