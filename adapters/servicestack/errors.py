"""ServiceStack's error document: ErrorResponse with a ResponseStatus, and which reason phrase goes with it."""

import re
from typing import Any

from gateway.outcome import Fault, FaultKind, FieldError
from schemas.api import NativeFault
from schemas.fields import List, Nested, String, WireSchema, message_of
from schemas.message import Message, Tree

TYPES = "http://schemas.servicestack.net/types"
SERIALIZATION = "SerializationException"
BINDING = "RequestBindingException"
NOT_IMPLEMENTED = "NotImplementedException"

REQUEST_ERRORS = frozenset({SERIALIZATION, BINDING, NOT_IMPLEMENTED})
"""Codes of errors before the service runs: standard reason phrase, and no list of errors instead of an empty one."""

_RULES = {
    "required": "NotEmpty",
    "null": "NotNull",
    "length": "Length",
    "choice": "Enum",
    "range": "InclusiveBetween",
    "pattern": "RegularExpression",
    "type": SERIALIZATION,
}
_REASON = re.compile(r"[\x21-\x7e][\x20-\x7e]{0,99}")


class ResponseError(WireSchema):
    """One wrong member."""

    class Wire:
        namespace = TYPES

    ErrorCode = String(order=1, emit_default=False)
    FieldName = String(order=2, emit_default=False)
    Message = String(order=3, emit_default=False)


class ResponseStatus(WireSchema):
    """What went wrong."""

    class Wire:
        namespace = TYPES

    ErrorCode = String(order=1)
    Message = String(order=2)
    StackTrace = String(order=3)
    Errors = List(Nested(ResponseError), order=4)


class ErrorResponse(WireSchema):
    """The answer to any request that failed."""

    class Wire:
        namespace = TYPES

    ResponseStatus = Nested(ResponseStatus)


ERROR_RESPONSE: Message = message_of(ErrorResponse)


def unknown_operation(name: str) -> Fault:
    """ServiceStack answers 405 to a name that it does not know."""
    text = f"The operation '{name[:200]}' does not exist for this service"
    return Fault(FaultKind.METHOD_NOT_ALLOWED, text, code=NOT_IMPLEMENTED)


def is_request_error(fault: Fault) -> bool:
    """Whether ServiceStack itself refused the request, before its service ran."""
    return fault.code in REQUEST_ERRORS


def error_tree(native: NativeFault) -> Tree:
    """The ErrorResponse of a fault."""
    fault = native.fault
    own = is_request_error(fault)
    status: dict[str, Any] = {"ErrorCode": native.code or "Error", "Message": fault.message if own else _text(native)}
    errors = [_error(item) for item in fault.fields]
    status["Errors"] = errors if errors or not own else None
    return {"ResponseStatus": status}


def _text(native: NativeFault) -> str:
    """The message; several violations follow it, a line each."""
    text = native.text or native.fault.message or native.fault.kind.value.replace("_", " ")
    if not native.fault.fields:
        return text
    lines = "".join(f"\n  - {item.message} [{item.path}]" for item in native.fault.fields)
    return f"{text}\n{lines}"


def _error(item: FieldError) -> Tree:
    return {"ErrorCode": _RULES.get(item.rule, "Predicate"), "FieldName": item.path, "Message": item.message}


def reason_of(native: NativeFault) -> str | None:
    """The reason phrase: the error code of a service's error, else the standard one (None)."""
    if is_request_error(native.fault) or not _REASON.fullmatch(native.code):
        return None
    return native.code
