"""Every message and member that an API declares, with the path that leads to it."""

from collections.abc import Iterator

from schemas.api import Api, InBand, Operation
from schemas.message import Member, Message


def messages(operation: Operation) -> Iterator[tuple[str, Message]]:
    """The messages of an operation, each with its role."""
    yield "request", operation.request
    yield "answer", operation.answer
    if operation.in_band is not None:
        yield "fault", operation.in_band.message


def fault_messages(api: Api) -> Iterator[Message]:
    """The messages in which the API tells faults of its own."""
    rows = {id(row.message): row.message for row in api.faults.values() if isinstance(row, InBand)}
    yield from rows.values()
    if api.fault_body is not None:
        yield api.fault_body.message


def members(message: Message, path: str = "", above: tuple[Message, ...] = ()) -> Iterator[tuple[str, Message, Member]]:
    """Every member below ``message``: its path in wire names, the message that has it, and itself."""
    for member in message.members:
        here = f"{path}{member.name}"
        yield here, message, member
        inner, below = _inner(member)
        if inner is not None and inner not in (*above, message):
            yield from members(inner, f"{here}{below}.", (*above, message))


def _inner(member: Member) -> tuple[Message | None, str]:
    """The message below a member, through lists."""
    below = ""
    while member.message is None and member.item is not None:
        member, below = member.item, f"{below}[]"
    return member.message, below


def parts(message: Message) -> Iterator[tuple[str, Message]]:
    """``message`` and every message below it, each once, with the path that leads to it."""
    seen: set[int] = {id(message)}
    yield "", message
    for path, _, member in members(message):
        inner, below = _inner(member)
        if inner is not None and id(inner) not in seen:
            seen.add(id(inner))
            yield path + below, inner
