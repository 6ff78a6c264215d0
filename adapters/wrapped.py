"""Document/literal *wrapped*, as .NET and Java name things: ``X`` holds the parameters of operation X, ``XResponse``
its one result, ``XResult``. What reads and writes envelopes and what describes them share these messages."""

from dataclasses import replace
from functools import cache

from adapters.scalars import Kind
from schemas.api import Operation
from schemas.message import Member, Message

RESULT = "result"
"""The key of the one member of an answer."""


@cache
def request_of(operation: Operation) -> Message:
    """The request, named as the operation. What travels in an HTTP header elsewhere goes by its key, which is a name
    in every language."""
    members = (
        replace(each, name=each.key) if each.location == "header" else each for each in operation.request.members
    )
    return replace(operation.request, name=operation.name, members=tuple(members))


@cache
def answer_of(operation: Operation) -> Message:
    """The answer, around the operation's own."""
    answer, name = operation.answer, operation.name
    result = Member(RESULT, f"{name}Result", Kind.OBJECT, answer, nillable=False, required=True)
    return Message(f"{name}Response", answer.namespace, (result,))
