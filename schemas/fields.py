"""marshmallow fields with wire options, and the step that compiles a schema into a :class:`~schemas.message.Message`.

A message is declared once, as a class::

    class AuthenticationModel(WireSchema):
        class Wire:
            namespace = "http://schemas.datacontract.org/2004/07/Api.Models"

        Id = String(credential=True)
        Key = String(credential=True)

A subclass is a further class level of the data contract: the members it adds stand in its own namespace.
"""

from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from decimal import Decimal as PyDecimal
from functools import cache
from typing import Any, ClassVar
from uuid import UUID

from marshmallow import EXCLUDE, Schema
from marshmallow import fields as ma

from adapters.scalars import REFERENCE_KINDS, Kind, NetDateTime
from schemas.message import Member, Message


class WireField(ma.Field[Any]):
    """A member of a message; the options are those of :class:`schemas.message.Member`.

    ``nillable`` defaults to what .NET does: reference types may be null, value types may not.
    """

    kind: ClassVar[Kind] = Kind.ANY
    python: ClassVar[tuple[type, ...]] = (object,)

    def __init__(
        self,
        *,
        name: str | None = None,
        nillable: bool | None = None,
        required: bool = False,
        order: int | None = None,
        location: str = "body",
        part: str = "body",
        xml: bool = True,
        emit_default: bool = True,
        credential: bool = False,
        sample: Any = None,
        doc: str = "",
        validate: Callable[[Any], Any] | list[Callable[[Any], Any]] | None = None,
    ) -> None:
        allow_none = (self.kind in REFERENCE_KINDS) if nillable is None else nillable
        super().__init__(data_key=None, required=required, allow_none=allow_none and not required, validate=validate)
        self.nillable = allow_none
        self.options: Mapping[str, Any] = {
            "order": order,
            "location": location,
            "part": part,
            "xml": xml,
            "emit_default": emit_default,
            "credential": credential,
            "sample": sample,
            "doc": doc,
        }
        self.wire_name = name

    def _deserialize(self, value: Any, attr: str | None, data: Mapping[str, Any] | None, **kwargs: Any) -> Any:
        if not isinstance(value, self.python):
            raise self.make_error("validator_failed")
        return value

    def member(self, key: str, namespace: str = "", level: int = 0) -> Member:
        """This field, compiled."""
        return Member(
            key=key,
            name=self.wire_name or key,
            kind=self.kind,
            namespace=namespace,
            level=level,
            nillable=self.nillable,
            required=self.required,
            validators=tuple(self.validators),
            **self.options,
            **self.shape(),
        )

    def shape(self) -> dict[str, Any]:
        """What a composite field adds to its member."""
        return {}


class String(WireField):
    """Text."""

    kind = Kind.STRING
    python = (str,)


class Boolean(WireField):
    """True or false."""

    kind = Kind.BOOLEAN
    python = (bool,)


class Int(WireField):
    """A 32-bit integer."""

    kind = Kind.INT
    python = (int,)


class Long(WireField):
    """A 64-bit integer."""

    kind = Kind.LONG
    python = (int,)


class Decimal(WireField):
    """A decimal number that keeps its scale."""

    kind = Kind.DECIMAL
    python = (PyDecimal, int)


class Double(WireField):
    """A 64-bit floating point number."""

    kind = Kind.DOUBLE
    python = (float, int, PyDecimal)


class DateTime(WireField):
    """A .NET DateTime: its zone may be unknown, and it has ticks of 100 ns."""

    kind = Kind.DATETIME
    python = (NetDateTime,)


class Instant(WireField):
    """An instant, ISO 8601 with a zone."""

    kind = Kind.INSTANT
    python = (datetime,)


class Guid(WireField):
    """A GUID."""

    kind = Kind.GUID
    python = (UUID,)


class Duration(WireField):
    """A span of time."""

    kind = Kind.DURATION
    python = (timedelta,)


class Base64(WireField):
    """Bytes."""

    kind = Kind.BASE64
    python = (bytes,)


class Char(WireField):
    """One UTF-16 code unit."""

    kind = Kind.CHAR
    python = (str,)


class Any_(WireField):
    """Any JSON value, kept as it came."""

    kind = Kind.ANY


class Enum(WireField):
    """One name of a fixed list; ``Enum(names)`` gives the list in the order of its numbers, from 0."""

    kind = Kind.ENUM
    python = (str, int)

    def __init__(self, choices: tuple[str, ...], **options: Any) -> None:
        super().__init__(**options)
        self.choices = choices

    def shape(self) -> dict[str, Any]:
        return {"choices": self.choices}


class Nested(WireField):
    """Another message."""

    kind = Kind.OBJECT
    python = (dict,)

    def __init__(self, schema: "type[WireSchema]", **options: Any) -> None:
        super().__init__(**options)
        self.schema = schema

    def _deserialize(self, value: Any, attr: str | None, data: Mapping[str, Any] | None, **kwargs: Any) -> Any:
        return self.schema().load(value)

    def shape(self) -> dict[str, Any]:
        return {"message": message_of(self.schema)}


class List(WireField):
    """A list of items of one field; in XML each item's element is named by its message, or by its kind."""

    kind = Kind.LIST
    python = (list,)

    def __init__(self, item: WireField, **options: Any) -> None:
        super().__init__(**options)
        self.item = item

    def _deserialize(self, value: Any, attr: str | None, data: Mapping[str, Any] | None, **kwargs: Any) -> Any:
        return [
            None if item is None else self.item.deserialize(item) for item in super()._deserialize(value, attr, data)
        ]

    def shape(self) -> dict[str, Any]:
        return {"item": self.item.member("")}


class WireSchema(Schema):
    """Base of every declared message.

    The inner class ``Wire`` may set ``name`` (default: the class name), ``namespace``, ``open`` (unknown members are
    kept), ``clr_name`` and ``bare`` (an answer that is its one member's value); each class level has its own.
    """

    class Meta:
        unknown = EXCLUDE

    class Wire:
        namespace = ""


@cache
def message_of(schema: type[WireSchema]) -> Message:
    """The frozen Message that ``schema`` declares; compiled once."""
    levels = [level for level in reversed(schema.__mro__) if issubclass(level, WireSchema) and level is not WireSchema]
    members: list[Member] = []
    for depth, level in enumerate(levels):
        namespace = _wire(level, "namespace", "")
        own = vars(level)["_declared_fields"]
        inherited = {member.key for member in members}
        members += [
            item.member(key, namespace, depth)
            for key, item in own.items()
            if key not in inherited and isinstance(item, WireField)
        ]
    return Message(
        name=_wire(schema, "name", schema.__name__),
        namespace=_wire(schema, "namespace", ""),
        members=tuple(members),
        open=_wire(schema, "open", False),
        doc=(schema.__doc__ or "").strip(),
        clr_name=_wire(schema, "clr_name", ""),
        bare=_wire(schema, "bare", False),
    )


def _wire(level: type[WireSchema], name: str, default: Any) -> Any:
    own = vars(level).get("Wire")
    return getattr(own, name, default) if own is not None else default
