"""The modules ``api.py``, ``commands.py`` and ``answers.py`` of a package."""

import re
from collections.abc import Collection, Iterator, Mapping

from adapters.scalars import Kind
from gateway.scaffold import names, sample
from gateway.scaffold.contract import Call, Contract, Record, records
from gateway.scaffold.layout import (
    STEP,
    WIDTH,
    Node,
    Source,
    comment,
    docstring,
    literal,
    prefixed,
    quoted,
    render,
    short,
)
from gateway.scaffold.mapping import Guess, guess


def functions(contract: Contract) -> Mapping[str, str]:
    """The name of the function of each operation; unlike those that the modules have themselves."""
    found: dict[str, str] = {}
    for each in contract.calls:
        found[each.name] = names.free(names.snake(each.name), {*found.values(), *_OWN})
    return found


_OWN = frozenset({"recorded", "kept", "text"})


def commands(contract: Contract, title: str, given: Mapping[str, str]) -> str:
    """The mapping of every operation to a canonical command."""
    guesses = {each.name: guess(each) for each in contract.calls}
    writes = [each for each in contract.calls if each.writes]
    reads = [each for each in contract.calls if not each.writes]
    secrets = _secrets(contract)
    found = any(guesses[each.name].subject or guesses[each.name].device for each in writes)
    imports = {"Context", "Mapped", "Tree"}
    imports |= {"EventKind", "Retry", "Write"} if writes else set()
    imports |= {"NetDateTime"} if writes and Kind.DATETIME in _kinds(contract) else set()
    imports |= {"ListSessions"} if reads else set()
    imports |= {"Device"} if any(guesses[each.name].device for each in writes) else set()
    imports |= {"Subject"} if any(guesses[each.name].subject for each in writes) else set()
    parts = [docstring(f"What the requests of {title} mean in the canonical model"), ""]
    parts += ["from typing import Any", ""] if writes else []
    parts += [imported(imports)]
    if writes:
        parts += ["", _declared(secrets)] if secrets else []
    for each in contract.calls:
        parts += ["", "", _command(each, given[each.name], guesses[each.name])]
    if writes:
        parts += ["", "", _RECORDED, "", "", _kept(contract, secrets)]
    if found:
        parts += ["", "", _TEXT]
    return "\n".join(parts) + "\n"


def imported(found: Collection[str]) -> str:
    """The import of names from the SPI, in the order that ruff wants."""
    ordered = sorted(found, key=lambda name: (not name.isupper(), name[0].islower(), name))
    line = f"from gateway.spi import {', '.join(ordered)}"
    return line if len(line) <= WIDTH else render(Node("from gateway.spi import (", tuple(ordered)), more=WIDTH)


def _secrets(contract: Contract) -> list[str]:
    found = records(*(each.request for each in contract.calls))
    return names.unique(
        sorted(names.key(field.name) for record in found for field in record.fields if field.credential)
    )


def _declared(secrets: list[str]) -> str:
    value = render(Node("SECRETS = frozenset(", (Node("{", tuple(map(quoted, secrets)), "}"),)))
    return f'{value}\n"""Members that are never kept: the credentials of messages.py."""'


def _kept(contract: Contract, secrets: list[str]) -> str:
    """The function that keeps what was sent, as much of it as the contract needs."""
    kinds = _kinds(contract)
    unless = " if name not in SECRETS" if secrets else ""
    lines = [
        "def kept(value: Any) -> Any:",
        '    """What was sent, as JSON without credentials."""' if secrets else '    """What was sent, as JSON."""',
        "    if isinstance(value, dict):",
        f"        return {{name: kept(each) for name, each in value.items(){unless}}}",
        "    if isinstance(value, list):",
        "        return [kept(each) for each in value]",
    ]
    if Kind.DATETIME in kinds:
        lines += ["    if isinstance(value, NetDateTime):", "        return value.instant().isoformat()"]
    if Kind.BASE64 in kinds:
        lines += ["    if isinstance(value, bytes):", "        return value.hex()"]
    return "\n".join(
        [*lines, "    return value if value is None or isinstance(value, (str, bool, int)) else str(value)"]
    )


def _kinds(contract: Contract) -> set[Kind]:
    found: set[Kind] = set()
    for record in records(*(each.request for each in contract.calls)):
        for field in record.fields:
            while field.item is not None:
                field = field.item  # noqa: PLW2901 # down to what the list is made of
            found.add(field.kind)
    return found


def _command(each: Call, name: str, found: Guess) -> str:
    head = f"def {name}(tree: Tree, context: Context) -> Mapped:"
    doc = docstring(short(each.doc) or f"What {each.name} asks for", STEP)
    if not each.writes:
        todo = comment(f"say what {each.name} asks for: GetSession, ListSessions with a filter, or ListEvents.", STEP)
        return "\n".join([head, doc, todo, f"{STEP}return Mapped(ListSessions())"])
    changes = [
        Node(f"{field}={kind}(", tuple(prefixed(f"{one}=", _text(path)) for one, path in rows.items()))
        for field, kind, rows in (("subject", "Subject", found.subject), ("device", "Device", found.device))
        if rows
    ]
    made = render(Node("return recorded(", (quoted(each.name), "tree", *changes)), STEP)
    return "\n".join([head, doc, comment(found.todo, STEP), made])


def _text(path: tuple[str, ...]) -> Source:
    return Node("text(", ("tree", *(quoted(names.key(name)) for name in path)))


_RECORDED = '''def recorded(operation: str, tree: Tree, **changes: Any) -> Mapped:
    """A fact that is kept with everything that was sent, and changes no session."""
    changes["attributes"] = {operation: kept(tree)}
    return Mapped(Write(EventKind.RECORDED, changes=changes, retry=Retry.WINDOW))'''

_TEXT = '''def text(value: Any, *path: str) -> str | None:
    """The value at a path of keys, as text; None where it was not sent."""
    for name in path:
        value = value.get(name) if isinstance(value, dict) else None
    return None if value is None else str(value)'''


_MODULES = (
    ("datetime", ("UTC", "datetime", "timedelta")),
    ("decimal", ("Decimal",)),
    ("uuid", ("UUID",)),
)


def answers(contract: Contract, title: str, given: Mapping[str, str]) -> str:
    """What every operation answers."""
    made = [_answer(contract, each, given[each.name]) for each in contract.calls]
    used = set(re.findall(r"\b(?:UTC|datetime|timedelta|Decimal|UUID|NetDateTime)(?=[()])", "\n".join(made)))
    standard = [
        f"from {module} import {', '.join(name for name in names_ if name in used)}"
        for module, names_ in _MODULES
        if used & set(names_)
    ]
    ours = imported({"Answer", "Asked", "Outcome"} | (used & {"NetDateTime"}))
    head = [docstring(f"What the callers of {title} are told"), "", *standard, *([""] if standard else []), ours]
    return "\n".join([*head, *(f"\n\n{each}" for each in made)]) + "\n"


def _answer(contract: Contract, each: Call, name: str) -> str:
    lines = [f"def {name}(outcome: Outcome, asked: Asked) -> Answer:", docstring(f"What {each.name} answers", STEP)]
    status = [] if each.status == 200 else [f"status={each.status}"]
    if not each.answer.fields:
        tree = "None" if contract.protocol == "rest" else "{}"
        return "\n".join([*lines, render(Node("return Answer(", (tree, *status)), STEP)])
    lines.append(comment(f"tell what came of it: fill {_members(each.answer)} from outcome and asked.tree.", STEP))
    shown = literal(sample.tree(each.answer, needed=True))
    return "\n".join([*lines, render(Node("return Answer(", (shown, *status)), STEP)])


def _members(record: Record) -> str:
    found = [field.name for field in record.fields]
    return ", ".join(found[:6]) + (" and the rest" if len(found) > 6 else "")


def operations(contract: Contract, name: str, given: Mapping[str, str], classes: Mapping[Record, str]) -> Iterator[str]:
    """The declaration of each operation, in the table of ``api.py``."""
    for each in contract.calls:
        function = given[each.name]
        arguments = [
            quoted(each.name),
            f"request=message_of(messages.{classes[each.request]})",
            f"answer=message_of(messages.{classes[each.answer]})",
            f"command=commands.{function}",
            f"present=answers.{function}",
            *_routes(contract, each),
            *([] if each.writes else ["writes=False"]),
            *([] if each.status == 200 else [f"status={each.status}"]),
            *(["batch=True"] if each.batch else []),
            f"doc={quoted(_doc(contract, each))}",
        ]
        if each.todos:
            yield comment("; ".join(each.todos), STEP)
        yield "\n".join([f"{STEP}Operation(", *(f"{STEP * 2}{argument}," for argument in arguments), f"{STEP}),"])


def _doc(contract: Contract, each: Call) -> str:
    return short(each.doc) if len(each.doc) >= 10 else f"The operation {each.name} of {contract.title}."


def _routes(contract: Contract, each: Call) -> Iterator[str]:
    if contract.protocol not in ("soap", "servicestack"):
        path = each.path.removeprefix(contract.prefix)
        told = f'f"{{PREFIX}}{_escaped(path)}"' if contract.prefix and path else "PREFIX" if not path else quoted(path)
        yield f"routes=(Route({quoted(each.method)}, {told}),)"


def _escaped(path: str) -> str:
    return path.replace("{", "{{").replace("}", "}}").replace("\\", "").replace('"', "%22")
