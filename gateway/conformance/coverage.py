"""What the golden cases leave out: operations without a success or a fault, members that no case has."""

from collections.abc import Iterator
from typing import Any, TypeAlias

from gateway.conformance.bench import Done
from gateway.conformance.case import Case
from gateway.conformance.findings import Finding, Trial
from gateway.conformance.kit import Kit
from gateway.conformance.members import fault_messages, members
from gateway.conformance.storing import succeeded
from gateway.outcome import Fault
from schemas.api import InBand, NativeFault, Operation
from schemas.message import Member, Message, Tree


def trials(kit: Kit) -> Iterator[Trial]:
    """Operations, then members."""
    yield Trial("operations", lambda: _operations(kit))
    yield Trial("requests", lambda: _requests(kit))
    yield Trial("answers", lambda: _answers(kit))
    yield Trial("exceptions", lambda: _stale(kit))


def _place(kit: Kit) -> str:
    return str(kit.subject.golden.path) if kit.subject.golden else f"tests/golden/{kit.subject.name}"


def operation_of(kit: Kit, case: Case, done: Done) -> Operation | None:
    """The operation that a case is about: the one that was prepared, else the one that its folder names."""
    if done.works:
        return done.works[0].operation
    exchange = getattr(done.prepared, "exchange", None)
    found = exchange.operation if exchange is not None else None
    return found or kit.api.operation(case.operation)


def _operations(kit: Kit) -> Iterator[Finding]:
    good: set[str] = set()
    bad: set[str] = set()
    for case in kit.cases:
        done = kit.ran(case)[-1]
        operation = operation_of(kit, case, done)
        if operation is not None:
            (good if succeeded(done) else bad).add(operation.name)
    for operation in kit.api.operations:
        for found, what in ((good, "succeeds"), (bad, "is refused")):
            excused = (f"{operation.name} {what}",)
            if operation.name not in found and not _excused(kit, *excused):
                remedy = f"add {_place(kit)}/{operation.name}__some_sentence/request.http and record it"
                yield Finding(f"no golden case of {operation.name} {what}", _place(kit), remedy)


def _excused(kit: Kit, *names: str) -> bool:
    """Whether the golden folder says that there can be no such case."""
    golden = kit.subject.golden
    return golden is not None and any(row.get("of") in names for row in golden.exceptions)


Seen: TypeAlias = "set[tuple[int, str]]"
"""Members by their message and key: a message that several operations share is shown once."""


def _see(message: Message, tree: Tree, seen: Seen) -> None:
    """Note every member that has a place in ``tree``."""
    for member in message.members:
        if member.key in tree:
            seen.add((id(message), member.key))
            _see_value(member, tree[member.key], seen)


def _see_value(member: Member, value: Any, seen: Seen) -> None:
    if member.message is not None and isinstance(value, dict):
        _see(member.message, value, seen)
    elif member.item is not None and isinstance(value, list):
        for item in value:
            _see_value(member.item, item, seen)


def _requests(kit: Kit) -> Iterator[Finding]:
    seen: Seen = set()
    for case in kit.cases:
        for done in kit.ran(case):
            for work in done.works:
                if work.api.name == kit.subject.name:
                    given = {key: value for key, value in work.asked.tree.items() if value is not None}
                    _see(kit.known(work.operation.name).request, given, seen)
    for operation in kit.api.operations:
        yield from _missing(kit, operation.name, "request", operation.request, seen)


def _missing(kit: Kit, name: str, role: str, message: Message, seen: Seen) -> Iterator[Finding]:
    """What is in no case, without what stands below that."""
    told: list[str] = []
    for path, owner, member in members(message):
        below = any(path.startswith((f"{above}.", f"{above}[]")) for above in told)
        if (id(owner), member.key) in seen or below:
            continue
        told.append(path)
        seen.add((id(owner), member.key))
        if not _excused(kit, f"{name}.{path}"):
            how = f"send it in a case of {name}" if role == "request" else "add a case that is answered with it"
            remedy = f'{how}, or say in conformance.toml why: [[exception]] of = "{name}.{path}" because = "..."'
            yield Finding(f"the member {path} of the {role} of {name} is in no golden case", _place(kit), remedy)


def _answers(kit: Kit) -> Iterator[Finding]:
    """Members of answers, and of the messages in which faults are told."""
    seen: Seen = set()
    for case in kit.cases:
        for done in kit.ran(case):
            for message, tree in _told(kit, done):
                _see(message, tree, seen)
    for operation in kit.api.operations:
        yield from _missing(kit, operation.name, "answer", operation.answer, seen)
    for message in fault_messages(kit.api):
        yield from _missing(kit, message.name, "answer", message, seen)


def _told(kit: Kit, done: Done) -> Iterator[tuple[Message, Tree]]:
    """The trees that a request was answered with, each with its message."""
    api, fault = kit.api, done.fault
    exchange = getattr(done.response, "exchange", None)
    if fault is None:
        for work, outcome in zip(done.works, done.outcomes, strict=False):
            if work.api.name == api.name:
                operation = kit.known(work.operation.name)
                answer = operation.present(outcome, work.asked)
                if answer.tree is not None:
                    yield answer.message or operation.answer, answer.tree
    elif exchange is not None and exchange.api is not None and exchange.api.name == api.name:
        yield from _told_fault(kit, fault, exchange.operation.name if exchange.operation else "", done)


def _told_fault(kit: Kit, fault: Fault, name: str, done: Done) -> Iterator[tuple[Message, Tree]]:
    api, row = kit.api, kit.api.row(fault)
    asked = done.works[0].asked if done.works else None
    if isinstance(row, InBand):
        own = kit.known(name).in_band if name else None
        row = own or row
        yield row.message, row.tree(fault, asked)
    elif api.fault_body is not None:
        native = NativeFault(row.status, fault.code or row.code or fault.kind.value, row.text or fault.message, fault)
        yield api.fault_body.message, api.fault_body.tree(native, "5" * 32)


def _stale(kit: Kit) -> Iterator[Finding]:
    """An exception says of what, and why."""
    golden = kit.subject.golden
    for row in golden.exceptions if golden else ():
        if not row.get("of") or len(row.get("because", "")) < 10:
            yield Finding(
                f"the exception {dict(row)} does not say of what and why", _place(kit), "give `of`, `because`"
            )
