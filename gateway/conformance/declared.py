"""What an API says about itself must fit together: names, routes, members, samples, faults; and be documented."""

import re
from collections import Counter
from collections.abc import Callable, Iterable, Iterator

from adapters.scalars import Kind
from gateway.conformance.findings import Finding, Trial
from gateway.conformance.kit import Kit
from gateway.conformance.members import fault_messages, members, messages, parts
from gateway.conformance.values import wrong_sample
from gateway.outcome import FaultKind
from schemas.api import Api, InBand, Native, Operation
from schemas.message import Member, Message

_NAME = re.compile(r"[a-z][a-z0-9_-]*")
_OPERATION = re.compile(r"[A-Za-z_][A-Za-z0-9_.-]*")
_PARAMETER = re.compile(r"\{([^{}*]+)\*?\}")
_PLACES = ("body", "path", "query", "header")


def api_trials(kit: Kit) -> Iterator[Trial]:
    """The API as a whole, then each operation."""
    api = kit.api
    yield Trial("api", lambda: _api(kit))
    yield Trial("faults", lambda: _faults(api))
    for operation in api.operations:
        yield Trial(operation.name, _of(_operation, api, operation))


def documented_trials(kit: Kit) -> Iterator[Trial]:
    """Texts of the API or protocol, its settings, operations and messages."""
    yield Trial("settings", lambda: _settings(kit))
    if not kit.subject.is_api:
        return
    api = kit.api
    yield Trial("api", lambda: _api_text(api))
    for operation in api.operations:
        yield Trial(operation.name, _of(_texts, operation))


def _of(function: Callable[..., Iterator[Finding]], *arguments: object) -> Callable[[], Iterable[Finding]]:
    return lambda: function(*arguments)


def _api(kit: Kit) -> Iterator[Finding]:
    api, where = kit.api, f"Api({kit.subject.name!r})"
    if api.name != kit.subject.name:
        yield Finding(
            f"the plug-in is called {kit.subject.name!r}, the Api that it builds {api.name!r}", where, "use one name"
        )
    if not _NAME.fullmatch(api.name):
        yield Finding(f"{api.name!r} cannot stand in settings and paths", where, "use lower-case letters, digits, -, _")
    if not api.operations:
        yield Finding("it has no operation", where, "declare at least one Operation")
    if not api.native:
        yield Finding("no protocol is native to it", where, "name in `native` the protocols that it was published over")
    for name in api.native:
        if name not in kit.built.protocols:
            known = ", ".join(sorted(kit.built.protocols))
            yield Finding(f"its native protocol {name!r} is not installed", where, f"use one of {known}, or install it")
    for prefix in api.prefixes:
        if not re.fullmatch(r"(/[^/{}?#\s]+)+", prefix):
            yield Finding(f"the prefix {prefix!r} is no path", where, "write it as /one/two, with no slash at its end")
    for name, count in Counter(operation.name.lower() for operation in api.operations).items():
        if count > 1:
            yield Finding(f"{count} operations are called {name}", where, "names differ in more than case: rename one")


def _faults(api: Api) -> Iterator[Finding]:
    for kind in FaultKind:
        where, row = f"Api({api.name!r}).faults[FaultKind.{kind.name}]", api.faults.get(kind)
        if row is None:
            yield Finding(f"no row tells {kind.value}", where, "map it to InBand(...) or Native(status, code, text)")
        elif isinstance(row, Native) and not 400 <= row.status <= 599:
            yield Finding(f"a native fault has status {row.status}", where, "use a status from 400 to 599, or InBand")
        elif isinstance(row, InBand) and not 200 <= row.status <= 599:
            yield Finding(f"the status {row.status} is none of a final answer", where, "use 200 to 599")


def _operation(api: Api, operation: Operation) -> Iterator[Finding]:
    if not _OPERATION.fullmatch(operation.name):
        yield Finding(
            f"{operation.name!r} cannot stand in a path or an XML name",
            f"Operation({operation.name!r})",
            "use letters, digits and underscores",
        )
    yield from _routes(api, operation)
    for role, message in messages(operation):
        for path, part in parts(message):
            yield from _message(part, f"{operation.name} {role} {path}".rstrip(), top=not path and role == "request")


def _routes(api: Api, operation: Operation) -> Iterator[Finding]:
    names = {member.name for member in operation.request.at("path")}
    for route in operation.routes:
        where, found = f"{operation.name}, route {route.method} {route.path}", set(_PARAMETER.findall(route.path))
        if not route.path.startswith("/"):
            yield Finding("the path does not begin with a slash", where, "write it as /one/{two}")
        if route.method != "*" and not re.fullmatch(r"[A-Z]+", route.method):
            yield Finding(f"{route.method!r} is no method", where, "write it in capitals, or * for any")
        for name in sorted(found - names):
            yield Finding(
                f"{{{name}}} names no member of {operation.request.name}",
                where,
                f"declare a member with that wire name and location='path' (there are: {', '.join(names) or 'none'})",
            )
        for name in sorted(names - found):
            yield Finding(f"the member {name} travels in the path, which has no {{{name}}}", where, "put it there")
        if operation.writes and route.method in ("GET", "HEAD", "OPTIONS", "TRACE"):
            yield Finding(
                f"it writes, but is routed by {route.method}", where, "route it by POST, PUT, PATCH or DELETE"
            )
        if api.prefixes and not any(_below(route.path, prefix) for prefix in api.prefixes):
            yield Finding(
                "the path lies below none of the API's prefixes",
                where,
                f"add its beginning to `prefixes` ({', '.join(api.prefixes)}): a wrong path there gets no dialect",
            )


def _below(path: str, prefix: str) -> bool:
    path, prefix = path.lower(), prefix.lower().rstrip("/")
    return path == prefix or path.startswith(f"{prefix}/")


def _message(message: Message, where: str, *, top: bool) -> Iterator[Finding]:
    for key in ("key", "name"):
        seen = Counter((getattr(member, key), member.location, member.part) for member in message.members)
        for (name, _, _), count in seen.items():
            if count > 1:
                yield Finding(f"{count} members have the {key} {name!r}", where, f"rename one (name= or key) of {name}")
    for member in message.members:
        yield from _member(member, f"{where}, member {member.name}", top=top)


def _member(member: Member, where: str, *, top: bool) -> Iterator[Finding]:
    if member.location not in _PLACES:
        yield Finding(f"the location {member.location!r} is none", where, f"use one of {', '.join(_PLACES)}")
    if member.location != "body" and not top:
        yield Finding(f"only a member of a request itself may travel in the {member.location}", where, "move it up")
    if (member.kind is Kind.OBJECT) != (member.message is not None):
        yield Finding("an object has a message, and nothing else has one", where, "declare it as Nested(Schema)")
    if (member.kind is Kind.LIST) != (member.item is not None):
        yield Finding("a list has an item, and nothing else has one", where, "declare it as List(item)")
    if member.kind is Kind.ENUM and not member.choices:
        yield Finding("an enumeration has no names", where, "declare it as Enum((first, second))")
    wrong = wrong_sample(member) if member.sample is not None else None
    if wrong:
        yield Finding(f"its sample {member.sample!r} does not fit it: {wrong}", where, "give a sample of its own type")


def _settings(kit: Kit) -> Iterator[Finding]:
    for setting in kit.subject.plugin.settings:
        where = f"Setting({setting.name!r})"
        if not setting.name.startswith(f"{kit.subject.name}."):
            yield Finding(
                "its name does not begin with that of the plug-in", where, f"call it {kit.subject.name}.something"
            )
        if len(setting.doc.strip()) < 10 or not setting.doc.strip().endswith("."):
            yield Finding("it is not documented", where, "say in `doc` what it does, as a sentence with a full stop")
        if setting.choices and setting.default not in setting.choices:
            yield Finding(f"its default {setting.default!r} is none of its choices", where, "add it, or change it")


def _api_text(api: Api) -> Iterator[Finding]:
    for name, text in (("title", api.title), ("doc", api.doc)):
        if not text.strip():
            yield Finding(f"the API has no {name}", f"Api({api.name!r})", f"say in `{name}` what it is for")
    for message in fault_messages(api):
        yield from _described(message, f"fault {message.name}")


def _texts(operation: Operation) -> Iterator[Finding]:
    if len(operation.doc.strip()) < 10:
        yield Finding("it is not documented", f"Operation({operation.name!r})", "say in `doc` what it does")
    for role, message in messages(operation):
        yield from _described(message, f"{operation.name} {role}")


def _described(message: Message, where: str) -> Iterator[Finding]:
    """A member is documented by its own `doc`, else by the docstring of the message that it belongs to."""
    for path, part in parts(message):
        if part.doc.strip():
            continue
        for member in part.members:
            if not member.doc.strip():
                place = f"{where}, member {path + '.' if path else ''}{member.name}"
                remedy = f"give the schema {part.name} a docstring, or the field doc='...'"
                yield Finding(f"neither the member nor {part.name} says what it is", place, remedy)


def reachable(api: Api) -> Iterator[tuple[str, Message, Member]]:
    """Every member that a request can have, by operation."""
    for operation in api.operations:
        for path, message, member in members(operation.request):
            yield f"{operation.name}.{path}", message, member
