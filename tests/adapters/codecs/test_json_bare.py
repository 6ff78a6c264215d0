"""Answers that are one member's value, without an object around it."""

from uuid import UUID

import pytest

from adapters.codecs.datacontract import WEBAPI
from adapters.codecs.json import NET, STRICT
from schemas.fields import Guid, List, WireSchema, message_of

ONE = UUID("3f2504e0-4f89-41d3-9a0c-0305e82c3301")


class Found(WireSchema):
    """A list of identifiers."""

    class Wire:
        bare = True

    IDs = List(Guid())


MESSAGE = message_of(Found)


@pytest.mark.parametrize("codec", [NET, STRICT])
@pytest.mark.parametrize(
    ("tree", "text"),
    [
        ({"IDs": [ONE]}, b'["3f2504e0-4f89-41d3-9a0c-0305e82c3301"]'),
        ({"IDs": []}, b"[]"),
        ({"IDs": None}, b"null"),
        ({}, b"null"),
        (None, b"null"),
    ],
)
def test_a_bare_message_is_its_members_value(codec, tree, text):
    assert codec.encode(tree, MESSAGE) == text


def test_xml_keeps_the_messages_element():
    text = WEBAPI.encode({"IDs": [ONE]}, MESSAGE).decode()
    assert "<Found" in text
    assert f">{ONE}</" in text
