"""Attribute templates: what a custom attribute of a usage session may hold, when the operator says so.

BioT keeps templates in a service of its own, which this gateway has not; ``biot.templates`` stands in for it.
"""

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Any, TypeAlias

from schemas.biot_codes import refusal

CATEGORIES = {"regular": "custom", "configuration": "configuration", "summary": "summary"}
"""The category of an attribute, and the part of a stored session that holds it."""

_OPTIONS = frozenset({"category", "type", "regex", "min", "max", "mandatory", "values", "writable"})
_LOCALE = re.compile(r"[a-z]{2,3}([-_][A-Z][a-z]{3})?([-_]([A-Z]{2}|[0-9]{3}))?")
_ZONE = re.compile(r"UTC|GMT|[A-Z][A-Za-z_]+(/[A-Z][A-Za-z0-9_+-]+){1,2}")


@dataclass(frozen=True, slots=True)
class Attribute:
    """One custom attribute: where it stands, its type, and its bounds."""

    name: str
    category: str = "regular"
    type: str = "label"
    regex: str | None = None
    minimum: Decimal | None = None
    maximum: Decimal | None = None
    mandatory: bool = False
    values: tuple[str, ...] = ()
    writable: bool = True


def _is_number(value: Any) -> bool:
    return isinstance(value, (int, float, Decimal)) and not isinstance(value, bool)


def _is_integer(value: Any) -> bool:
    if isinstance(value, Decimal):
        return value.is_finite() and value == value.to_integral_value()
    return value.is_integer() if isinstance(value, float) else _is_number(value)


def _is_text(value: Any) -> bool:
    return isinstance(value, str)


TYPES: Mapping[str, Callable[[Any], bool]] = {
    "label": _is_text,
    "boolean": lambda value: isinstance(value, bool),
    "integer": _is_integer,
    "decimal": _is_number,
    "date": _is_text,
    "date_time": _is_text,
    "single_select": _is_text,
    "multi_select": lambda value: isinstance(value, list) and all(isinstance(item, str) for item in value),
    "locale": _is_text,
    "timezone": _is_text,
    "object": lambda value: isinstance(value, dict),
}
"""The types that a template may name, and which JSON values have them."""


_SELECTS = frozenset({"single_select", "multi_select"})


def attributes_of(table: Mapping[str, Any]) -> Mapping[str, Attribute]:
    """The attributes that ``biot.templates`` declares. Raises ValueError that names every wrong one."""
    errors = [f"biot.templates.{name}: {text}" for name, row in table.items() for text in _wrong(row)]
    if errors:
        raise ValueError("; ".join(errors))
    return {name: _attribute(name, row) for name, row in table.items()}


def _wrong(row: Any) -> Iterator[str]:
    if not isinstance(row, Mapping):
        yield "must be a table"
        return
    if unknown := sorted(set(row) - _OPTIONS):
        yield f"has no option {', '.join(unknown)}; there are {', '.join(sorted(_OPTIONS))}"
    if row.get("category", "regular") not in CATEGORIES:
        yield f"category must be one of {', '.join(CATEGORIES)}"
    if row.get("type", "label") not in TYPES:
        yield f"type must be one of {', '.join(TYPES)}"
    for bound in ("min", "max"):
        if bound in row and not _is_number(row[bound]):
            yield f"{bound} must be a number"
    try:
        re.compile(row.get("regex", ""))
    except (re.error, TypeError) as error:
        yield f"regex is not one: {error}"


def _attribute(name: str, row: Mapping[str, Any]) -> Attribute:
    bounds = {bound: Decimal(str(row[bound])) if bound in row else None for bound in ("min", "max")}
    return Attribute(
        name=name,
        category=row.get("category", "regular"),
        type=row.get("type", "label"),
        regex=row.get("regex"),
        minimum=bounds["min"],
        maximum=bounds["max"],
        mandatory=bool(row.get("mandatory", False)),
        values=tuple(str(value) for value in row.get("values", ())),
        writable=bool(row.get("writable", True)),
    )


def check_attributes(
    known: Mapping[str, Attribute], sent: Mapping[str, Any], *, template_id: str, created: bool = False
) -> None:
    """Raise the published fault of the first attribute in ``sent`` that breaks its template.

    ``sent`` holds the parts ``custom``, ``configuration`` and ``summary``. A new session must have what is mandatory.
    """
    for category, part in CATEGORIES.items():
        for name, value in (sent.get(part) or {}).items():
            if name not in known:
                text = f"Attribute [{name}] is not part of the template"
                raise refusal("ATTRIBUTE_NOT_VALID_FOR_TEMPLATE", text, attributeName=name, templateId=template_id)
            _check(known[name], category, value)
    if created:
        _check_mandatory(known, sent)


def _check_mandatory(known: Mapping[str, Attribute], sent: Mapping[str, Any]) -> None:
    for attribute in known.values():
        if attribute.mandatory and attribute.name not in (sent.get(CATEGORIES[attribute.category]) or {}):
            raise _missing(attribute)


def _missing(attribute: Attribute) -> Exception:
    text = f"Attribute [{attribute.name}] is mandatory"
    return refusal("ATTRIBUTE_IS_MANDATORY", text, attributeName=attribute.name)


def _check(attribute: Attribute, category: str, value: Any) -> None:
    if attribute.category != category:
        text = f"Attribute [{attribute.name}] is not of category [{category.upper()}]"
        raise refusal(
            "ATTRIBUTE_NOT_OF_CATEGORY", text, attributeName=attribute.name, category=attribute.category.upper()
        )
    if not attribute.writable:
        raise _read_only(attribute)
    if value is None:
        if attribute.mandatory:
            raise _missing(attribute)
        return
    for rule in _RULES:
        rule(attribute, value)


def _read_only(attribute: Attribute) -> Exception:
    return refusal(
        "WRITE_MODE_NOT_VALID_FOR_ATTRIBUTE_TYPE",
        f"Attribute [{attribute.name}] cannot be written",
        attributeName=attribute.name,
        attributeType=attribute.type.upper(),
        writeMode="READ_ONLY",
        entityType="USAGE_SESSION",
    )


def _type(attribute: Attribute, value: Any) -> None:
    if not TYPES[attribute.type](value):
        text = f"Attribute [{attribute.name}] must be of type [{attribute.type.upper()}]"
        raise refusal(
            "ATTRIBUTE_VALUE_TYPE_MISMATCH",
            text,
            attributeName=attribute.name,
            value=value,
            type=attribute.type.upper(),
        )


def _conversion(attribute: Attribute, value: Any) -> None:
    reader = {"date": date.fromisoformat, "date_time": datetime.fromisoformat}.get(attribute.type)
    if reader is None:
        return
    try:
        reader(value)
    except ValueError as error:
        text = f"Attribute [{attribute.name}] cannot be read"
        raise refusal(
            "ATTRIBUTE_VALUE_CONVERSION_FAILED", text, attributeName=attribute.name, message=str(error)
        ) from None


def _regex(attribute: Attribute, value: Any) -> None:
    if attribute.regex is not None and isinstance(value, str) and not re.fullmatch(attribute.regex, value):
        text = f"Attribute [{attribute.name}] does not match [{attribute.regex}]"
        raise refusal(
            "ATTRIBUTE_REGEX_VALIDATION_FAILED",
            text,
            attributeName=attribute.name,
            value=value,
            regex=attribute.regex,
        )


def _select(attribute: Attribute, value: Any) -> None:
    if attribute.type not in _SELECTS:
        return
    chosen = value if isinstance(value, list) else [value]
    if len(set(chosen)) < len(chosen):
        text = f"Attribute [{attribute.name}] has a value twice"
        raise refusal("SELECT_ATTRIBUTE_DUPLICATED_VALUES", text, attributeName=attribute.name)
    wrong = [item for item in chosen if item not in attribute.values]
    if wrong:
        text = f"Attribute [{attribute.name}] has no value [{wrong[0]}]"
        raise refusal(
            "SELECT_ATTRIBUTE_INVALID_VALUE",
            text,
            value=wrong[0],
            allowedValues=list(attribute.values),
            attributeName=attribute.name,
        )


def _range(attribute: Attribute, value: Any) -> None:
    if not _is_number(value):
        return
    if attribute.maximum is not None and value > attribute.maximum:
        text = f"Attribute [{attribute.name}] is above [{attribute.maximum}]"
        raise refusal(
            "VALIDATION_MAX_ALLOWED_VALUE", text, attributeName=attribute.name, maxValue=_json(attribute.maximum)
        )
    if attribute.minimum is not None and value < attribute.minimum:
        text = f"Attribute [{attribute.name}] is below [{attribute.minimum}]"
        raise refusal(
            "VALIDATION_MINIMUM_ALLOWED_VALUE", text, attributeName=attribute.name, minimum=_json(attribute.minimum)
        )


def _json(bound: Decimal) -> int | float:
    return int(bound) if bound == bound.to_integral_value() else float(bound)


def _locale(attribute: Attribute, value: Any) -> None:
    if attribute.type == "locale" and not _LOCALE.fullmatch(value):
        raise refusal("VALIDATION_LOCALE_NOT_VALID", f"[{value}] is not a locale", value=value)


def _timezone(attribute: Attribute, value: Any) -> None:
    if attribute.type == "timezone" and not _ZONE.fullmatch(value):
        raise refusal("VALIDATION_TIMEZONE_NOT_VALID", f"[{value}] is not a time zone", value=value)


_Rule: TypeAlias = Callable[[Attribute, Any], None]
_RULES: tuple[_Rule, ...] = (_type, _conversion, _regex, _select, _range, _locale, _timezone)
