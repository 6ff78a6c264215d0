"""What an OpenAPI document says, and what of it the gateway cannot do."""

import json
from pathlib import Path
from typing import Any

import pytest

from adapters.scalars import Kind
from gateway.scaffold import generate
from gateway.scaffold.contract import Call, Contract, Field, ScaffoldError


def read(tmp_path: Path, operation: dict[str, Any], schemas: dict[str, Any] | None = None, **parts: Any) -> Contract:
    document = {
        "openapi": "3.1.0",
        "info": {"title": "Trips", "version": "1"},
        "paths": {"/trips/{id}": {parts.pop("method", "post"): operation}},
        "components": {"schemas": schemas or {}},
        **parts,
    }
    file = tmp_path / "api.json"
    file.write_text(json.dumps(document), encoding="utf-8")
    return generate.finished(generate.contract(file, "made"), "made")


def called(tmp_path: Path, schema: dict[str, Any], schemas: dict[str, Any] | None = None) -> Call:
    return read(tmp_path, {"requestBody": {"content": {"application/json": {"schema": schema}}}}, schemas).calls[0]


def field(tmp_path: Path, schema: dict[str, Any]) -> Field:
    return called(tmp_path, {"type": "object", "properties": {"a": schema}}).request.fields[-1]


@pytest.mark.parametrize(
    ("schema", "kind"),
    [
        ({"type": "string"}, Kind.STRING),
        ({"type": "string", "format": "uuid"}, Kind.GUID),
        ({"type": "string", "format": "date-time"}, Kind.INSTANT),
        ({"type": "string", "enum": ["x", "y"]}, Kind.ENUM),
        ({"type": "integer", "format": "int32"}, Kind.INT),
        ({"type": "integer"}, Kind.LONG),
        ({"type": "number"}, Kind.DECIMAL),
        ({"type": "number", "format": "double"}, Kind.DOUBLE),
        ({"type": ["boolean", "null"]}, Kind.BOOLEAN),
        ({"anyOf": [{"type": "integer"}, {"type": "null"}]}, Kind.LONG),
        ({"type": "array", "items": {"type": "string"}}, Kind.LIST),
        ({"type": "object", "properties": {"b": {"type": "string"}}}, Kind.OBJECT),
        ({}, Kind.ANY),
    ],
)
def test_schemas_have_their_kinds(tmp_path: Path, schema: dict[str, Any], kind: Kind) -> None:
    assert field(tmp_path, schema).kind is kind


def test_references_and_all_of_are_followed(tmp_path: Path) -> None:
    schemas = {
        "Base": {"type": "object", "required": ["id"], "properties": {"id": {"type": "integer"}}},
        "Trip": {"allOf": [{"$ref": "#/components/schemas/Base"}, {"properties": {"note": {"type": "string"}}}]},
    }
    request = called(tmp_path, {"$ref": "#/components/schemas/Trip"}, schemas).request
    assert [(each.name, each.location, each.required) for each in request.fields] == [
        ("id", "path", True),
        ("id", "body", True),
        ("note", "body", False),
    ]


def test_parameters_travel_where_the_document_says(tmp_path: Path) -> None:
    parameters = [
        {"name": "id", "in": "path", "required": True, "schema": {"type": "string", "format": "uuid"}},
        {"name": "limit", "in": "query", "schema": {"type": "integer"}},
        {"name": "X-Trace", "in": "header", "schema": {"type": "string"}},
        {"name": "theme", "in": "cookie", "schema": {"type": "string"}},
    ]
    (call,) = read(tmp_path, {"parameters": parameters}, method="get").calls
    assert [(each.name, each.location) for each in call.request.fields] == [
        ("id", "path"),
        ("limit", "query"),
        ("X-Trace", "header"),
    ]
    assert not call.writes
    assert "the cookie parameter theme is not read" in call.todos[0]


def test_a_list_as_body_is_a_batch_and_as_answer_a_bare_list(tmp_path: Path) -> None:
    rows = {"type": "array", "items": {"type": "object", "properties": {"a": {"type": "string"}}}}
    content = {"application/json": {"schema": rows}}
    (call,) = read(tmp_path, {"requestBody": {"content": content}, "responses": {"201": {"content": content}}}).calls
    assert (call.batch, call.answer.bare, call.status) == (True, True, 201)


@pytest.mark.parametrize(
    ("schema", "told"),
    [
        ({"oneOf": [{"type": "string"}, {"type": "integer"}]}, "a is oneOf 2 schemas"),
        ({"type": "string", "pattern": "x"}, "a has limits that nobody checks yet: pattern"),
        ({"type": "string", "format": "email"}, "a has the format email"),
        ({"type": "integer", "enum": [1, 2]}, "a is one of [1, 2]"),
        ({"type": "object"}, "a is an object without declared members"),
    ],
)
def test_what_cannot_be_declared_is_said_where_it_stands(tmp_path: Path, schema: dict[str, Any], told: str) -> None:
    assert [todo for todo in field(tmp_path, schema).todos if told in todo] != []


def test_a_schema_within_itself_ends_in_anything(tmp_path: Path) -> None:
    schemas = {"Node": {"type": "object", "properties": {"next": {"$ref": "#/components/schemas/Node"}}}}
    request = called(tmp_path, {"$ref": "#/components/schemas/Node"}, schemas).request
    assert (request.fields[-1].kind, "again, within itself" in request.fields[-1].todos[0]) == (Kind.ANY, True)


def test_other_answers_are_told(tmp_path: Path) -> None:
    (call,) = read(tmp_path, {"responses": {"204": {}, "404": {}, "409": {}}}).calls
    assert call.status == 204
    assert "further answers are published: 404, 409" in call.todos[0]


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ('{"swagger": "2.0"}', "is Swagger 2.0; convert it to OpenAPI 3 first"),
        ('{"openapi": "3.0.0", "paths": {}}', "it has no operation"),
        ('{"openapi": "3.0.0", "paths": {"/a\\nb": {"get": {}}}}', "is no path"),
        ('{"openapi": "3.0.0", "paths": {"/a": {"get": {"parameters": 1}}}}', "is not built as OpenAPI says"),
        ('{"openapi": "3.0.0", "paths": {"/a": {"$ref": "#/gone"}}}', "the reference #/gone leads nowhere"),
        ('{"openapi": "3.0.0", "paths": {"/a": {"$ref": "other.yaml#/a"}}}', "leads out of the document"),
    ],
)
def test_what_is_no_document_is_refused_with_one_line(tmp_path: Path, text: str, told: str) -> None:
    file = tmp_path / "api.json"
    file.write_text(text)
    with pytest.raises(ScaffoldError) as refused:
        generate.finished(generate.contract(file, "made"), "made")
    assert told in str(refused.value)


YAML = """
openapi: 3.0.3
info: {title: T, version: 1}
paths:
  /a:
    post:
      requestBody:
        content:
          application/json:
            schema: {properties: {day: {type: string, example: 2020-01-01}}}
      responses: {200: {description: fine}}
"""


def test_yaml_is_read_as_json_has_it(tmp_path: Path) -> None:
    file = tmp_path / "api.yaml"
    file.write_text(YAML)
    (call,) = generate.contract(file, "made").calls
    assert (call.status, call.request.fields[0].sample) == (200, "2020-01-01")
    file.write_text("openapi: [")
    with pytest.raises(ScaffoldError, match="is not YAML"):
        generate.contract(file, "made")
