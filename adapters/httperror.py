"""HttpError: how ASP.NET Web API tells a fault, in JSON and in XML, with its own sentences.

Source: aspnet/AspNetWebStack, System.Web.Http (HttpError, SRResources), with error details off, as remote callers
see it.
"""

import re
from collections.abc import Mapping
from typing import TypeAlias
from urllib.parse import quote
from xml.sax.saxutils import escape

from adapters.protocol import Exchange
from gateway.outcome import FaultKind, FieldError
from gateway.wire import WireRequest
from schemas.api import NativeFault

HttpError: TypeAlias = Mapping[str, "str | Mapping[str, list[str]]"]

INVALID = "The request is invalid."
ERROR = "An error has occurred."
DENIED = "Authorization has been denied for this request."

_FIXED = {
    FaultKind.MALFORMED: INVALID,
    FaultKind.UNAUTHENTICATED: DENIED,
    FaultKind.INTERNAL: ERROR,
}
_FALLBACK = {FaultKind.INVALID: INVALID, FaultKind.FORBIDDEN: DENIED}
_NOT_IN_NAME = re.compile(r"[^\w.\-]")
_NOT_FIRST = re.compile(r"[\d.\-]")


def unsupported(media_type: str) -> str:
    """The sentence of a 415 for a named media type."""
    return f"The request entity's media type '{media_type}' is not supported for this resource."


NO_CONTENT_TYPE = (
    "The request contains an entity body but no Content-Type header. "
    "The inferred media type 'application/octet-stream' is not supported for this resource."
)


def http_error(exchange: Exchange, fault: NativeFault) -> HttpError:
    """The fault as HttpError's members, in their order."""
    error: dict[str, str | Mapping[str, list[str]]] = {"Message": _message(exchange.request, fault)}
    state = _model_state(exchange, fault)
    if state:
        error["ModelState"] = state
    return error


def _message(request: WireRequest, fault: NativeFault) -> str:
    """The API's own text, if it has one; else the platform's sentence; else what the fault says."""
    kind, told = fault.fault.kind, fault.fault.message
    if fault.text and fault.text != told:
        return fault.text
    if kind is FaultKind.NOT_FOUND_ROUTE:
        return f"No HTTP resource was found that matches the request URI '{_uri(request)}'."
    if kind is FaultKind.METHOD_NOT_ALLOWED:
        return f"The requested resource does not support http method '{request.method}'."
    if fault.fault.fields:
        return INVALID
    return _FIXED.get(kind) or told or _FALLBACK.get(kind, ERROR)


def _uri(request: WireRequest) -> str:
    path = request.raw_path or quote(request.path, safe="/:@!$&'()*+,;=-._~")
    return f"{request.base_url}{path}{f'?{request.query}' if request.query else ''}"


def _model_state(exchange: Exchange, fault: NativeFault) -> dict[str, list[str]]:
    """Wrong members under the name of the action's parameter, unless they travel beside the body."""
    prefix = str(exchange.api.options.get("model_prefix", "model")) if exchange.api is not None else "model"
    if fault.fault.kind is FaultKind.MALFORMED and not fault.fault.fields:
        return {prefix: [ERROR]}
    beside = _beside(exchange)
    state: dict[str, list[str]] = {}
    for field in fault.fault.fields:
        key = field.path if field.path in beside else f"{prefix}.{field.path}"
        state.setdefault(key, []).append(_sentence(field))
    return state


def _beside(exchange: Exchange) -> set[str]:
    if exchange.operation is None or not exchange.native:
        return set()
    return {member.name for member in exchange.operation.request.members if member.location != "body"}


def _sentence(field: FieldError) -> str:
    name = field.path.rpartition(".")[2]
    return f"The {name} field is required." if field.rule == "required" else field.message


def xml(error: HttpError) -> str:
    """The ``Error`` element: no namespace, one element a member, several messages joined by a blank."""
    return f"<Error>{''.join(_element(name, value) for name, value in error.items())}</Error>"


def _element(name: str, value: str | list[str] | Mapping[str, list[str]]) -> str:
    if isinstance(value, Mapping):
        inner = "".join(_element(key, part) for key, part in value.items())
    else:
        inner = escape(_clean(value if isinstance(value, str) else " ".join(value)))
    tag = encode_local_name(name)
    return f"<{tag}>{inner}</{tag}>" if inner else f"<{tag} />"


def _clean(text: str) -> str:
    return re.sub("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]", "\ufffd", text)


def encode_local_name(name: str) -> str:
    """``XmlConvert.EncodeLocalName``: what an XML name may not hold is written ``_xHHHH_``."""
    escaped = re.sub(r"_(?=x[0-9a-fA-F]{4}_)", "_x005F_", name)
    encoded = _NOT_IN_NAME.sub(lambda found: _hex(found[0]), escaped)
    return _hex(encoded[0]) + encoded[1:] if encoded and _NOT_FIRST.match(encoded) else encoded


def _hex(character: str) -> str:
    code = ord(character)
    return f"_x{code:04X}_" if code <= 0xFFFF else f"_x{code:08X}_"
