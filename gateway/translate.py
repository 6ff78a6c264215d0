"""``session-gateway translate``: a request of one protocol, as its canonical command or in another's terms."""

import argparse
import json
import sys
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from adapters.soap import style_of
from gateway import hub
from gateway.bodies import FORMATS, Form
from gateway.commands import Write, canonical, plain
from gateway.limits import Limits
from gateway.outcome import Fault, FaultKind
from gateway.redaction import MASK
from gateway.registry import Built
from schemas.api import Context, Mapped, nobody
from schemas.leaves import leaves, without
from schemas.message import Message, Tree, credentials

DONE, FAILED, WRONG_USAGE = 0, 1, 2


class UsageError(Exception):
    """The command line names what is not there, or what cannot be done."""


def add_parser(translating: argparse.ArgumentParser) -> None:
    """The grammar of the command."""
    form = "PROTOCOL[:FORMAT]/API/OPERATION"
    translating.add_argument("--from", dest="source", metavar=form, required=True, help="what the request is")
    translating.add_argument("--to", dest="target", metavar=form, help="what to write; default: the canonical command")
    translating.add_argument(
        "--member",
        metavar="NAME=VALUE",
        action="append",
        default=[],
        help="a member that travels in the path, the query or a header; may be repeated",
    )
    translating.add_argument("file", metavar="FILE", nargs="?", type=Path, help="the body; default: standard input")
    translating.set_defaults(command=translate)


def translate(arguments: argparse.Namespace) -> int:
    """Read a request, and write what it becomes; what is lost on the way is told on standard error."""
    from gateway import boot, registry
    from gateway.cli_settings import load

    given = load(arguments)
    built = registry.build(registry.discover(), given)
    try:
        source = form_of(arguments.source, built)
        target = form_of(arguments.target, built) if arguments.target else None
        beside = _beside(arguments.member, source)
        _refuse_unsupported(source, target)
    except UsageError as error:
        return _told(str(error), WRONG_USAGE)
    body = arguments.file.read_bytes() if arguments.file else sys.stdin.buffer.read()
    try:
        written, remarks = translated(source, target, body, beside, boot.limits_of(given))
    except Fault as fault:
        return _told(_explained(fault, source), FAILED)
    sys.stdout.buffer.write(written + b"\n" if written else b"")
    sys.stdout.buffer.flush()
    for remark in remarks:
        print(remark, file=sys.stderr)
    return DONE


def _explained(fault: Fault, source: Form) -> str:
    beside = {member.name for member in source.operation.request.members if member.location != "body"}
    missing = [each.path for each in fault.fields if each.rule == "required" and each.path in beside]
    hint = (f"give it as --member {name}=VALUE" for name in missing)
    return "; ".join([*(dict.fromkeys(each.message for each in fault.fields) or [str(fault)]), *hint])


def _told(text: str, status: int) -> int:
    print(f"session-gateway: {text}", file=sys.stderr)
    return status


def form_of(text: str, built: Built) -> Form:
    """The form that ``PROTOCOL[:FORMAT]/API/OPERATION`` names. Raises UsageError, naming what there is."""
    first, _, rest = text.partition("/")
    api_name, _, operation_name = rest.partition("/")
    protocol, _, chosen = first.partition(":")
    if protocol not in FORMATS:
        raise UsageError(f"{text}: the protocol must be one of {', '.join(FORMATS)}")
    if chosen and chosen not in FORMATS[protocol]:
        raise UsageError(f"{text}: the format of {protocol} must be one of {', '.join(FORMATS[protocol])}")
    api = built.apis.get(api_name)
    if api is None:
        raise UsageError(f"{text}: the API must be one of {', '.join(sorted(built.apis))}")
    if protocol == "soap" and chosen and chosen not in style_of(api).versions:
        raise UsageError(f"{text}: {api.name} speaks SOAP {', '.join(style_of(api).versions)}")
    operation = api.operation(operation_name)
    if operation is None:
        offered = ", ".join(each.name for each in api.operations)
        raise UsageError(f"{text}: the operation of {api.name} must be one of {offered}")
    return Form(protocol, chosen, api, operation)


def _beside(words: list[str], source: Form) -> Mapping[str, str]:
    known = {member.name for member in source.operation.request.members if member.location != "body"}
    pairs = [word.partition("=") for word in words]
    wrong = [name for name, sign, _ in pairs if not sign or name not in known]
    if wrong:
        there = ", ".join(sorted(known)) or "none"
        raise UsageError(f"--member {wrong[0]}: give NAME=VALUE; {source.operation.name} has beside its body: {there}")
    return {name: value for name, _, value in pairs}


def _refuse_unsupported(source: Form, target: Form | None) -> None:
    if target is None or target.operation is source.operation:
        return
    if target.api.name != hub.API or target.operation.name not in hub.TARGETS:
        to = " or ".join(f"{hub.API}/{name}" for name in hub.TARGETS)
        raise UsageError(f"{source.operation.name} can become itself in another protocol, or {to}")
    if not source.operation.writes:
        raise UsageError(f"{source.operation.name} is a read; only a write can become {target.operation.name}")


def translated(
    source: Form, target: Form | None, body: bytes, beside: Mapping[str, str], limits: Limits
) -> tuple[bytes, list[str]]:
    """What ``body`` becomes, and remarks: where to send it, what was odd, what is lost. Raises a Fault."""
    decoded = source.read(body, beside, limits)
    mapped = _mapped(source, decoded.tree)
    remarks = [f"note: {note}" for note in (*decoded.notes, *mapped.notes)]
    if target is None:
        masked = _masked(canonical(mapped.command), set(credentials(source.operation.request, decoded.tree)))
        return json.dumps(masked, indent=2, ensure_ascii=False).encode("utf-8", "surrogatepass"), remarks
    tree = decoded.tree if target.operation is source.operation else _crossed(target, mapped)
    if target.operation is not source.operation:
        remarks += _uncrossed(source, target, decoded.tree, tree)
    written = target.write(tree)
    remarks += _lost(target, tree, written, limits)
    return written, [*(f"send it to: {line}" for line in target.address(tree)), *remarks]


def _mapped(source: Form, tree: Tree) -> Mapped:
    operation = source.operation
    operation.request.check(tree)
    if operation.credentials is not nobody and operation.credentials(tree) is None:
        raise Fault(FaultKind.UNAUTHENTICATED, "the request does not say who asks; any credentials will do here")
    return _command(source, tree)


def _command(source: Form, tree: Tree) -> Mapped:
    source.operation.request.check(tree)
    return source.operation.command(tree, Context(None, datetime.now(UTC)))


def _masked(value: Any, secrets: set[str]) -> Any:
    if isinstance(value, dict):
        return {name: _masked(item, secrets) for name, item in value.items()}
    if isinstance(value, list):
        return [_masked(item, secrets) for item in value]
    return MASK if isinstance(value, str) and value and value in secrets else value


def _crossed(target: Form, mapped: Mapped) -> Tree:
    assert isinstance(mapped.command, Write)
    tree = hub.TARGETS[target.operation.name](mapped.command)
    _mapped(target, tree)
    return tree


def _uncrossed(source: Form, target: Form, tree: Tree, crossed: Tree) -> Iterator[str]:
    """Each member of the source without which the target's request would be the same, and what else differs."""
    for leaf in leaves(source.operation.request, tree):
        try:
            same = _crossed(target, _command(source, without(tree, leaf.keys))) == crossed
        except (Fault, LookupError):  # a command may rely on what its credentials need
            same = False
        secret = leaf.member is not None and leaf.member.credential
        if same and leaf.value is not None:
            yield f"not carried: {leaf.path}{' (a credential)' if secret else ''}"
    command = _mapped(source, tree).command
    assert isinstance(command, Write)
    yield from (f"differs: {text}" for text in hub.differences(command, target.operation.name))


def _lost(target: Form, tree: Tree, written: bytes, limits: Limits) -> Iterator[str]:
    """What a server would not read in ``written`` as it stands in ``tree``, by member; found by reading it."""
    beside = {member.key for member in target.operation.request.members} - {each.key for each in target.message.members}
    sent = {name: value for name, value in tree.items() if name not in beside}
    read = target.read(written, {}, limits).tree if written else {}
    before, after = _by_path(target.message, sent), _by_path(target.message, read)
    for path, value in before.items():
        if path not in after:
            yield f"not carried: {path}"
        elif after[path] != value:
            yield f"carried otherwise: {path}"
    yield from (
        f"says what was not said: {path} = {_shown(value)}" for path, value in after.items() if path not in before
    )


def _shown(value: Any) -> str:
    return "null" if value is None else json.dumps(plain(value), ensure_ascii=False)


def _by_path(message: Message, tree: Tree) -> dict[str, Any]:
    return {leaf.path: leaf.value for leaf in leaves(message, tree)}
