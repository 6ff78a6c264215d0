"""Values of a tree, one by one."""

from schemas import fields
from schemas.fields import WireSchema, message_of
from schemas.leaves import leaves, put, without


class Part(WireSchema):
    class Wire:
        open = True

    name = fields.String(name="Name")


class Whole(WireSchema):
    parts = fields.List(fields.Nested(Part), name="Parts")
    title = fields.String(name="Title")


TREE = {"parts": [{"name": "a", "own": {"x": 1}}, {}], "title": None}


def test_every_value_is_named_as_on_the_wire() -> None:
    found = {leaf.path: leaf.value for leaf in leaves(message_of(Whole), TREE)}
    assert found == {"Parts[0].Name": "a", "Parts[0].own": {"x": 1}, "Parts[1]": {}, "Title": None}


def test_a_value_is_put_where_it_stood_and_what_leads_there_is_made() -> None:
    for leaf in leaves(message_of(Whole), TREE):
        assert put(TREE, leaf.keys, leaf.value) == TREE
    assert put({}, ("parts", 0, "name"), "b") == {"parts": [{"name": "b"}]}


def test_a_tree_without_a_value_is_a_copy() -> None:
    assert without(TREE, ("parts", 0, "name")) == {"parts": [{"own": {"x": 1}}, {}], "title": None}
    assert without(TREE, ("parts", 1))["parts"] == TREE["parts"][:1]
    assert TREE["parts"][0]["name"] == "a"
