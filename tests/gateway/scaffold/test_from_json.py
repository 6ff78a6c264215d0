"""What one JSON request gives away."""

from pathlib import Path

import pytest

from adapters.scalars import Kind
from gateway.scaffold import generate
from gateway.scaffold.contract import Field, ScaffoldError


def fields(tmp_path: Path, text: str) -> dict[str, Field]:
    file = tmp_path / "sample.json"
    file.write_text(text, encoding="utf-8")
    found = generate.finished(generate.contract(file, "made"), "made")
    return {field.name: field for field in found.calls[0].request.fields}


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("true", Kind.BOOLEAN),
        ("42", Kind.INT),
        ("3000000000", Kind.LONG),
        ("1.5", Kind.DECIMAL),
        ('"42"', Kind.STRING),
        ('"3fa85f64-5717-4562-b3fc-2c963f66afa6"', Kind.GUID),
        ('"2007-12-20T10:15:30Z"', Kind.DATETIME),
        ('"/Date(1569916800000)/"', Kind.DATETIME),
        ('"PT5M"', Kind.DURATION),
        ('"02:15:22"', Kind.STRING),
        ("null", Kind.ANY),
        ("{}", Kind.OBJECT),
        ("[]", Kind.LIST),
    ],
)
def test_a_value_has_the_kind_that_json_and_its_form_say(tmp_path: Path, text: str, kind: Kind) -> None:
    assert fields(tmp_path, f'{{"value": {text}}}')["value"].kind is kind


@pytest.mark.parametrize(("text", "told"), [("null", "was null"), ("[]", "was empty"), ('"01:00:00"', "time span")])
def test_what_the_sample_does_not_show_is_a_todo(tmp_path: Path, text: str, told: str) -> None:
    assert told in fields(tmp_path, f'{{"value": {text}}}')["value"].todos[0]


def test_items_of_a_list_are_joined(tmp_path: Path) -> None:
    found = fields(tmp_path, '{"rows": [{"a": 1, "b": null}, {"a": 2.5, "b": "x", "c": true}]}')["rows"]
    assert found.item is not None
    assert found.item.record is not None
    kinds = {field.name: field.kind for field in found.item.record.fields}
    assert kinds == {"a": Kind.DECIMAL, "b": Kind.STRING, "c": Kind.BOOLEAN}


def test_unlike_items_are_anything_with_a_todo(tmp_path: Path) -> None:
    found = fields(tmp_path, '{"rows": [1, "x"]}')["rows"]
    assert found.item is not None
    assert found.item.kind is Kind.ANY
    assert "anything is taken" in found.todos[-1]


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ('{"a": }', "line 1, column 7"),
        ("[1]", "must be a JSON object, not a list"),
        ('{"a": 1, "a": 2}', "'a' stands twice"),
        ('{"a": "\\u0000"}', "the gateway would refuse this request"),
        ("{" + '"a":{' * 40 + "}" * 41, "deeper than"),
    ],
)
def test_what_is_no_request_is_refused_with_one_line(tmp_path: Path, text: str, told: str) -> None:
    with pytest.raises(ScaffoldError) as refused:
        fields(tmp_path, text)
    assert told in str(refused.value)
    assert "\n" not in str(refused.value)
