"""The steps from a file to the files of a package."""

import re
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from adapters.codecs.soap import local, namespace
from gateway.limits import Limits
from gateway.outcome import Fault
from gateway.scaffold import from_json, from_openapi, from_wsdl, from_xml, names, sample
from gateway.scaffold.contract import Call, Contract, ScaffoldError
from gateway.scaffold.package import package

NAME = re.compile(r"[a-z][a-z0-9]*(?:[-_][a-z0-9]+)*")
LONGEST = 40
WSDL = "http://schemas.xmlsoap.org/wsdl/"
OTHERS = {
    "http://www.w3.org/ns/wsdl": "WSDL 2.0 is not read; take the service's WSDL 1.1",
    "http://www.w3.org/2001/XMLSchema": "a schema alone names no operation; take the WSDL that uses it, or a sample",
}


def files(source: Path, name: str, taken: Mapping[str, str] = {}) -> dict[str, bytes]:
    """The files of a package called after the API ``name``, by path; ``taken`` are names of operations (in lower case)
    and the APIs that have them. Raises ScaffoldError, and OSError when a file cannot be read."""
    if not NAME.fullmatch(name) or len(name) > LONGEST:
        told = f"use at most {LONGEST} lower-case letters, digits, - and _, as in my-api"
        raise ScaffoldError(f"{name!r} cannot be an API's name: {told}")
    return package(finished(contract(source, name), name, taken), name)


def contract(source: Path, name: str) -> Contract:
    """What the file says, whichever of the known kinds it is."""
    body = source.read_bytes()
    if source.suffix.lower() in (".yaml", ".yml"):
        return _openapi(from_openapi.parse_yaml(body, source.name), source.name)
    if body.removeprefix(b"\xef\xbb\xbf").lstrip()[:1] in (b"{", b"["):
        value = from_json.parse(body, source.name)
        if isinstance(value, dict) and ("openapi" in value or "swagger" in value):
            return _openapi(value, source.name)
        return from_json.contract(value, body, source.name, name)
    if not body.strip():
        raise ScaffoldError(f"{source.name}: is empty")
    return _xml(source, body)


def _openapi(document: Any, source: str) -> Contract:
    try:
        return from_openapi.contract(document, source)
    except (AttributeError, KeyError, TypeError, ValueError, RecursionError) as error:
        told = f"{type(error).__name__}: {error}"
        raise ScaffoldError(f"{source}: is not built as OpenAPI says ({told[:100]}); validate it first") from None


def _xml(source: Path, body: bytes) -> Contract:
    if b"<" not in body and b"<\0" not in body:
        raise ScaffoldError(f"{source.name}: is neither XML nor JSON; give a request, a WSDL or an OpenAPI document")
    root = from_xml.parse(body, source.name)
    if namespace(root) in OTHERS:
        raise ScaffoldError(f"{source.name}: {OTHERS[namespace(root)]}")
    if namespace(root) == WSDL and local(root) == "definitions":
        return from_wsdl.contract(root, source)
    return from_xml.contract(root, body, source.name)


def finished(found: Contract, name: str, taken: Mapping[str, str] = {}) -> Contract:
    """The contract with a path and a name of its own for each operation, whose samples its messages read."""
    if not found.calls:
        raise ScaffoldError(f"{found.source}: it has no operation")
    calls: list[Call] = []
    for each in found.calls:
        used = {**taken, **{call.name.lower(): name for call in calls}}
        calls.append(_checked(found, _pathed(found, _named(each, used), name), name))
    prefix = found.prefix or (f"/{name}" if found.protocol == "webapi" else "")
    shared = _shared(calls)
    told = [f"{todo} ({', '.join(where[:5])}{' and more' if len(where) > 5 else ''})" for todo, where in shared.items()]
    own = (replace(each, todos=tuple(todo for todo in each.todos if todo not in shared)) for each in calls)
    return replace(found, calls=tuple(own), prefix=prefix, todos=(*found.todos, *told))


def _shared(calls: list[Call]) -> dict[str, list[str]]:
    """What is to be said of several operations, each with their names: it is said once for all."""
    found: dict[str, list[str]] = {}
    for each in calls:
        for todo in each.todos:
            found.setdefault(todo, []).append(each.name)
    return {todo: where for todo, where in found.items() if len(where) > 1}


def _named(each: Call, used: Mapping[str, str]) -> Call:
    plain = re.sub(r"[^A-Za-z0-9_]", "_", each.name) or "call"
    plain = plain if not plain[0].isdigit() else f"_{plain}"
    made = plain
    for number in range(2, 1000):
        if made.lower() not in used:
            break
        made = f"{plain}{number}"
    if made == each.name:
        return each
    owner = used.get(plain.lower())
    taken = f"{owner} has an operation of this name, and names are all that ServiceStack tells operations apart by"
    todo = f"published as {each.name}: {taken if owner else 'a name has letters, digits and underscores only'}"
    return replace(each, name=made, todos=(*each.todos, todo))


def _pathed(found: Contract, each: Call, name: str) -> Call:
    if each.path or found.protocol in ("soap", "servicestack"):
        return each
    return replace(each, path=f"/{name}/{each.name}")


def _checked(found: Contract, each: Call, name: str) -> Call:
    """The operation, with what its message does not read of its own sample told as a TODO."""
    if not each.body:
        return each
    message = sample.message_of(each.request)
    try:
        decoded = sample.codec(found, name).decode(each.body, message, Limits())
        message.check(decoded.tree)
    except Fault as fault:
        what = "; ".join(error.message for error in fault.fields) or fault.message
        raise ScaffoldError(f"{found.source}: the gateway would refuse this request: {what}") from None
    told = names.unique(str(note) for note in decoded.notes if not note.path.startswith("Header."))
    if not told:
        return each
    return replace(each, todos=(*each.todos, f"of the sample, this is accepted but odd: {', '.join(told[:10])}"))
