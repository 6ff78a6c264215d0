"""A request to begin with, where the contract shows none: a tree that fits, in the bytes of its protocol."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any
from urllib.parse import quote
from uuid import UUID

from adapters.binding import body_of
from adapters.codecs.datacontract import WEBAPI
from adapters.codecs.json import STRICT
from adapters.codecs.soap import VERSIONS, SoapCodec
from adapters.protocol import Codec
from adapters.scalars import REFERENCE_KINDS, Kind, NetDateTime
from adapters.soapstyle import SoapStyle
from gateway.scaffold.contract import Call, Contract, Field, Record
from gateway.scaffold.names import key
from schemas.message import Member, Message, Tree

MOMENT = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)

VALUES: Mapping[Kind, Any] = {
    Kind.STRING: "text",
    Kind.BOOLEAN: True,
    Kind.INT: 1,
    Kind.LONG: 1,
    Kind.DECIMAL: Decimal("1.5"),
    Kind.DOUBLE: 1.5,
    Kind.DATETIME: NetDateTime.of(MOMENT),
    Kind.INSTANT: MOMENT,
    Kind.GUID: UUID("11111111-2222-4333-8444-555555555555"),
    Kind.DURATION: timedelta(minutes=90),
    Kind.BASE64: b"bytes",
    Kind.CHAR: "c",
    Kind.ANY: "anything",
}
"""What stands for a value of each kind in a made request."""


def style(contract: Contract) -> SoapStyle:
    """How the contract's envelopes are spelled."""
    return SoapStyle(qualified=contract.members != "none", local_members=contract.members == "unqualified")


def codec(contract: Contract, name: str) -> Codec:
    """What reads the requests of the contract."""
    if contract.protocol == "soap":
        version = next(one for one in VERSIONS.values() if one.media_type == contract.media_type)
        return SoapCodec(name, style(contract), version)
    return STRICT if contract.protocol == "rest" else WEBAPI


def body(contract: Contract, call: Call, name: str) -> bytes:
    """The body of a request to ``call``: the sample's, or a made one."""
    message = body_of(message_of(call.request))
    if call.body or (contract.protocol == "rest" and (call.method in ("GET", "DELETE") or not message.members)):
        return call.body
    return codec(contract, name).encode(tree(call.request), message)


def message_of(record: Record) -> Message:
    """The message that the record's class will declare."""
    taken: set[str] = set()
    members = []
    for number, level in enumerate(record.levels):
        for order, field in enumerate(level.fields):
            name = key(field.name, taken)
            taken.add(name)
            made = replace(_member(field, name), namespace=level.namespace, level=number)
            members.append(replace(made, order=order) if record.ordered else made)
    return Message(record.name, record.namespace, tuple(members), record.open, bare=record.bare)


def _member(field: Field, name: str) -> Member:
    return Member(
        name,
        field.name,
        field.kind,
        message_of(field.record) if field.record is not None else None,
        _member(field.item, "") if field.item is not None else None,
        field.choices,
        nillable=bool(field.nillable) or field.kind in REFERENCE_KINDS,
        required=field.required,
        location=field.location,
        credential=field.credential,
    )


def tree(record: Record, *, needed: bool = False) -> Tree:
    """A tree of the record with every member, or with those alone that are ``needed``."""
    made: Tree = {}
    taken: set[str] = set()
    for field in record.fields:
        name = key(field.name, taken)
        taken.add(name)
        if field.required or not needed:
            made[name] = _value(field, needed=needed)
    return made


def _value(field: Field, *, needed: bool) -> Any:
    if field.record is not None:
        return tree(field.record, needed=needed)
    if field.item is not None:
        return [] if needed else [_value(field.item, needed=needed)]
    if field.kind is Kind.ANY and field.sample is not None:
        return field.sample
    if field.choices:
        return field.sample if field.sample in field.choices else field.choices[0]
    if field.kind is Kind.STRING and isinstance(field.sample, str):
        return field.sample
    if field.kind in (Kind.INT, Kind.LONG) and type(field.sample) is int:
        return field.sample
    return VALUES[field.kind]


def texts(record: Record) -> dict[str, str]:
    """The values of what travels beside the body, as text by wire name; percent-encoded, but for headers."""
    beside = [(field, _text(_value(field, needed=False))) for field in record.fields if field.location != "body"]
    return {field.name: text if field.location == "header" else quote(text, safe="[]:") for field, text in beside}


def _text(value: Any) -> str:
    if isinstance(value, list):
        return "[]"
    if isinstance(value, bool):
        return "true" if value else "false"
    return value.isoformat().replace("+00:00", "Z") if isinstance(value, datetime) else str(value)
