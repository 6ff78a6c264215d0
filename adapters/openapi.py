"""An OpenAPI 3.1 document of an API's native REST routes, made of the declared messages and of nothing else."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Any, TypeAlias

from marshmallow.validate import Length, Range

from adapters.binding import body_of
from adapters.eventstream import MEDIA_TYPE as EVENT_STREAM
from adapters.scalars import Kind
from gateway.outcome import FaultKind
from schemas.api import Api, Native, Operation
from schemas.message import Member, Message

Node: TypeAlias = dict[str, Any]

PATH = "openapi"
"""The option of an API that says where its document is served; without it there is none."""
_LONG = 1 << 63
_PHRASES = {**{status.value: status.phrase for status in HTTPStatus}, 413: "Content Too Large"}

_KINDS: Mapping[Kind, Node] = {
    Kind.STRING: {"type": "string"},
    Kind.BOOLEAN: {"type": "boolean"},
    Kind.INT: {"type": "integer", "format": "int32", "minimum": -(1 << 31), "maximum": (1 << 31) - 1},
    Kind.LONG: {"type": "integer", "format": "int64", "minimum": -_LONG, "maximum": _LONG - 1},
    Kind.DECIMAL: {"type": "number"},
    Kind.DOUBLE: {"type": "number", "format": "double"},
    Kind.DATETIME: {"type": "string"},
    Kind.INSTANT: {"type": "string", "format": "date-time"},
    Kind.GUID: {"type": "string", "format": "uuid"},
    Kind.DURATION: {"type": "string", "format": "duration"},
    Kind.BASE64: {"type": "string", "contentEncoding": "base64"},
    Kind.CHAR: {"type": "string", "minLength": 1, "maxLength": 1},
    Kind.ENUM: {"type": "string"},
    Kind.OBJECT: {"type": "object"},
    Kind.LIST: {"type": "array"},
    Kind.ANY: {},
}

_ALWAYS = (FaultKind.INVALID, FaultKind.UNAUTHENTICATED, FaultKind.FORBIDDEN, FaultKind.BUSY, FaultKind.INTERNAL)
_WRITES = (FaultKind.CONFLICT, FaultKind.INVALID_TRANSITION, FaultKind.UNSUPPORTED_MEDIA, FaultKind.TOO_LARGE)
_IDEMPOTENCY_KEY: Node = {
    "name": "Idempotency-Key",
    "in": "header",
    "description": "Makes a repeated request the same request: for a day it gets the first one's answer again",
    "schema": {"type": "string"},
}
_PROBLEM: Node = {
    "type": "object",
    "description": "Problem details (RFC 9457)",
    "required": ["type", "title", "status", "code"],
    "properties": {
        "type": {"type": "string", "format": "uri", "description": "urn:session-gateway:problem: and the kind"},
        "title": {"type": "string"},
        "status": {"type": "integer"},
        "detail": {"type": "string"},
        "code": {"type": "string"},
        "index": {"type": "integer", "description": "Which item of a list was refused, from 0"},
        "errors": {
            "type": "array",
            "items": {
                "type": "object",
                "required": ["path", "message"],
                "properties": {"path": {"type": "string"}, "message": {"type": "string"}},
            },
        },
        "correlation_id": {"type": "string"},
    },
}


def document(api: Api) -> Node:
    """The document; a server adds its own address as ``servers``."""
    components = _Components()
    paths: Node = {}
    for operation in api.operations:
        for route in operation.routes:
            paths.setdefault(route.path, {})[route.method.lower()] = _operation(api, operation, components)
    return {
        "openapi": "3.1.0",
        "info": {"title": api.title, "version": "1", "description": api.doc},
        "paths": paths,
        "components": {
            "schemas": {**components.schemas, "Problem": _PROBLEM},
            "securitySchemes": {"key": {"type": "http", "scheme": "bearer"}},
        },
        "security": [{"key": []}],
    }


@dataclass
class _Components:
    """The schemas of the messages met so far; two messages of one name are told apart by a number."""

    schemas: Node = field(default_factory=dict)
    _names: dict[Message, str] = field(default_factory=dict)

    def ref(self, message: Message) -> Node:
        if message not in self._names:
            name, number = message.name, 1
            while name in self.schemas or name == "Problem":
                number += 1
                name = f"{message.name}{number}"
            self._names[message] = name
            self.schemas[name] = {}
            self.schemas[name] = self._object(message)
        return {"$ref": f"#/components/schemas/{self._names[message]}"}

    def _object(self, message: Message) -> Node:
        properties = {member.name: self.member(member) for member in message.members}
        required = [member.name for member in message.members if member.required]
        made: Node = {"type": "object", "properties": properties}
        if required:
            made["required"] = required
        return {**made, "description": message.doc} if message.doc else made

    def member(self, member: Member) -> Node:
        """The schema of one member, null among its types where it may be null."""
        made = self.value(member)
        if member.nillable and not member.required and made:
            made = {"anyOf": [made, {"type": "null"}]} if "$ref" in made else {**made, "type": [made["type"], "null"]}
        if member.doc:
            made["description"] = member.doc
        if member.sample is not None:
            made["examples"] = [member.sample]
        return made

    def value(self, member: Member) -> Node:
        """The schema of a member's value."""
        if member.message is not None:
            return self.ref(member.message)
        made = {**_KINDS[member.kind]}
        if member.choices:
            made["enum"] = [*member.choices]
        if member.item is not None:
            made["items"] = self.value(member.item)
        for validator in member.validators:
            made.update(_bounds(validator))
        return made


def _bounds(validator: Any) -> Node:
    if isinstance(validator, Range):
        names = ("minimum", "maximum")
    elif isinstance(validator, Length):
        names = ("minLength", "maxLength")
    else:
        return {}
    pairs = zip(names, (validator.min, validator.max), strict=True)
    return {name: bound for name, bound in pairs if bound is not None}


def _operation(api: Api, operation: Operation, components: _Components) -> Node:
    made: Node = {
        "operationId": operation.name,
        "summary": operation.doc,
        "parameters": [*_parameters(operation, components)],
        "responses": _responses(api, operation, components),
    }
    if operation.scope:
        made["description"] = f"Needs the permission `{operation.scope}`."
    body = body_of(operation.request)
    if operation.writes and body.members:
        required = operation.batch or any(member.required for member in body.members)
        made["requestBody"] = {"required": required, "content": _content(operation, body, components, sent=True)}
    return made


def _parameters(operation: Operation, components: _Components) -> Iterator[Node]:
    for member in operation.request.members:
        if member.location != "body":
            place: Node = {"name": member.name, "in": member.location, "required": member.required}
            if member.location == "query" and not member.required:
                place["allowEmptyValue"] = True  # It is one that was not sent.
            yield {**place, "description": member.doc, "schema": components.value(member)}
    if operation.writes:
        yield _IDEMPOTENCY_KEY


def _content(operation: Operation, message: Message, components: _Components, *, sent: bool) -> Node:
    """The media types of a body: plain JSON, a list of it where lists are taken, and the other forms."""
    one = components.ref(message)
    schema = {"oneOf": [one, {"type": "array", "minItems": 1, "items": one}]} if operation.batch else one
    content: Node = {"application/json": {"schema": schema}}
    for form in operation.forms:
        item = components.ref(form.message if sent else form.answer)
        if operation.feed is None:
            content[form.one] = {"schema": item}
        if operation.batch or operation.feed is not None:
            content[form.many] = {"schema": {"type": "array", "items": item}}
    return content


def _responses(api: Api, operation: Operation, components: _Components) -> Node:
    content = _content(operation, operation.answer, components, sent=False)
    if operation.feed is not None:
        content[EVENT_STREAM] = {"schema": {"type": "string"}}
    problem = {"application/problem+json": {"schema": {"$ref": "#/components/schemas/Problem"}}}
    refusals: dict[int, list[str]] = {}
    for kind in _kinds(operation):
        row = api.faults[kind]
        if isinstance(row, Native):
            refusals.setdefault(row.status, []).append(row.code or kind.value)
    responses: Node = {str(operation.status): {"description": phrase(operation.status), "content": content}}
    for status, codes in sorted(refusals.items()):
        responses[str(status)] = {"description": f"{phrase(status)}: {', '.join(codes)}", "content": problem}
    return {**responses, "default": {"description": "Any other fault", "content": problem}}


def _kinds(operation: Operation) -> Iterator[FaultKind]:
    yield from _ALWAYS
    members = operation.request.members
    if operation.writes or any(member.location == "path" for member in members):
        yield FaultKind.NOT_FOUND
    if operation.writes:
        yield from _WRITES
    if any(member.name == "If-Match" for member in members):
        yield FaultKind.PRECONDITION_FAILED


def phrase(status: int) -> str:
    """What RFC 9110 calls a status; Python's own names differ between its versions."""
    return _PHRASES.get(status, "Error")
