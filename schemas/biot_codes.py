"""BioT's published error codes: the kind of fault that each is, the details it carries, and when this gateway sends it.

Codes and the names of their details are those that the OpenAPI document of BioT's device service (2.3.33) lists for
the operations on usage sessions.
"""

from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from gateway.spi import Fault, FaultKind


class Reach(StrEnum):
    """When a caller of this gateway can meet a code."""

    ALWAYS = "always"
    TEMPLATES = "with attribute templates"
    USAGE_TYPES = "with usage types"
    NEVER = "never"


@dataclass(frozen=True, slots=True)
class Published:
    """One code. ``kind`` gives its HTTP status, ``details`` the names of its details, as published."""

    kind: FaultKind
    details: tuple[str, ...] = ()
    reach: Reach = Reach.ALWAYS


_INVALID, _FORBIDDEN, _CONFLICT = FaultKind.INVALID, FaultKind.FORBIDDEN, FaultKind.CONFLICT
_NAME = "attributeName"

CODES: dict[str, Published] = {
    "STOP_DATA_NOT_NULL_FOR_NON_DONE_SESSION": Published(_INVALID, (_NAME, "value", "state")),
    "STOP_DATA_NULL_FOR_DONE_SESSION": Published(_INVALID),
    "ATTRIBUTE_NOT_OF_CATEGORY": Published(_INVALID, (_NAME, "category"), Reach.TEMPLATES),
    "TIME_IN_FUTURE": Published(_INVALID, ("time", "currentTime")),
    "START_TIME_AFTER_END_TIME": Published(_INVALID, ("startTime", "endTime")),
    "END_TIME_VALUE_INVALID_FOR_SESSION_STATE": Published(_INVALID, ("value", "state")),
    "ATTRIBUTE_NOT_VALID_FOR_TEMPLATE": Published(_INVALID, (_NAME, "templateId"), Reach.TEMPLATES),
    "WRITE_MODE_NOT_VALID_FOR_ATTRIBUTE_TYPE": Published(
        _INVALID, (_NAME, "attributeType", "writeMode", "entityType"), Reach.TEMPLATES
    ),
    "ATTRIBUTE_IS_MANDATORY": Published(_INVALID, (_NAME,)),
    "ATTRIBUTE_VALUE_CONVERSION_FAILED": Published(_INVALID, (_NAME, "message"), Reach.TEMPLATES),
    "ATTRIBUTE_VALUE_TYPE_MISMATCH": Published(_INVALID, (_NAME, "value", "type")),
    "ATTRIBUTE_REGEX_VALIDATION_FAILED": Published(_INVALID, (_NAME, "value", "regex"), Reach.TEMPLATES),
    "REFERENCED_ENTITY_TYPE_MISMATCH": Published(_INVALID, (), Reach.NEVER),
    "DIFFERENT_REFERENCED_ENTITY_ORGANIZATION_ID": Published(_INVALID, (), Reach.NEVER),
    "NOT_VALID_TEMPLATE_TO_REFERENCE": Published(_INVALID, (), Reach.NEVER),
    "SELECT_ATTRIBUTE_DUPLICATED_VALUES": Published(_INVALID, (_NAME,), Reach.TEMPLATES),
    "SELECT_ATTRIBUTE_INVALID_VALUE": Published(_INVALID, ("value", "allowedValues", _NAME)),
    "VALIDATION_LOCALE_NOT_VALID": Published(_INVALID, ("value",), Reach.TEMPLATES),
    "VALIDATION_TIMEZONE_NOT_VALID": Published(_INVALID, ("value",), Reach.TEMPLATES),
    "VALIDATION_MAX_ALLOWED_VALUE": Published(_INVALID, (_NAME, "maxValue"), Reach.TEMPLATES),
    "VALIDATION_MINIMUM_ALLOWED_VALUE": Published(_INVALID, (_NAME, "minimum"), Reach.TEMPLATES),
    "TOKEN_NOT_VALID": Published(FaultKind.UNAUTHENTICATED),
    "ACCESS_DENIED": Published(_FORBIDDEN),
    "SESSION_INITIATOR_MISMATCH": Published(_FORBIDDEN, ("originalInitiator", "currentInitiator")),
    "OWNER_ORGANIZATION_ID_MISMATCH": Published(
        _FORBIDDEN, ("providedOwnerOrganizationId", "templateOwnerOrganizationId"), Reach.NEVER
    ),
    "ALREADY_REFERENCED_UNIQUELY": Published(_FORBIDDEN, (), Reach.NEVER),
    "SESSION_NOT_FOUND": Published(FaultKind.NOT_FOUND, ("id",)),
    "REFERENCE_CONFIGURATION_ENTITY_NOT_FOUND": Published(FaultKind.NOT_FOUND, (_NAME, "entityId"), Reach.NEVER),
    "SESSION_WRONG_DEVICE_ID": Published(_CONFLICT, ("id", "deviceId")),
    "SESSION_STATE_CHANGE_INVALID": Published(FaultKind.INVALID_TRANSITION, ("currentState", "targetState")),
    "SESSION_MISSING_PATIENT_ID": Published(_INVALID, ("deviceId",), Reach.NEVER),
    "SESSION_TEMPLATE_IS_NOT_CHILD_OF_DEVICE_TEMPLATE": Published(
        _INVALID, ("sessionTemplateId", "deviceTemplateId"), Reach.NEVER
    ),
    "ENTITY_TYPE_TEMPLATE_MISMATCH": Published(_FORBIDDEN, ("templateId", "entityType"), Reach.NEVER),
    "DEVICE_NOT_FOUND": Published(FaultKind.NOT_FOUND, ("id",), Reach.NEVER),
    "SESSION_TEMPLATE_NOT_FOUND_BY_USAGE_TYPE": Published(FaultKind.NOT_FOUND, ("entityName",), Reach.USAGE_TYPES),
    "MORE_THAN_ONE_TEMPLATE": Published(_CONFLICT, ("numOfTemplates", "entityName"), Reach.NEVER),
    "DEVICE_IN_SESSION_WITH_ANOTHER_PATIENT": Published(_CONFLICT, ("deviceId",), Reach.NEVER),
    "DEVICE_IN_SESSION_WITH_USAGE_TYPE": Published(_CONFLICT, ("deviceId", "usageTypeId"), Reach.NEVER),
    "CANNOT_DELETE_NON_DONE_SESSION": Published(_CONFLICT, ("id", "state")),
    "INTERNAL_SERVER_ERROR": Published(FaultKind.INTERNAL),
    "GATEWAY_TIMEOUT": Published(FaultKind.TIMEOUT),
}


def refusal(code: str, message: str, /, **details: Any) -> Fault:
    """The fault of a published code; ``details`` are named as published."""
    return Fault(CODES[code].kind, message, code=code, details=details)
