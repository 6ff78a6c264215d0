"""Whether a body is what its media type says."""

import csv
import io
import json
import re
from collections.abc import Callable, Mapping
from typing import Any

from adapters import xml
from gateway.conformance.case import body_of
from gateway.limits import Limits
from gateway.outcome import Fault
from gateway.wire import WireResponse

ANY_SIZE = Limits(2**30, 10_000, 2**30, 2**16, 2**30, 2**20, 2**30)


def media_type(response: WireResponse) -> tuple[str, str]:
    """The media type of an answer, and its charset, both in lower case; empty where there is none."""
    headers = {name.lower(): value for name, value in response.headers}
    kind, _, rest = headers.get("content-type", "").partition(";")
    found = re.search(r"charset\s*=\s*\"?([^\s\";]+)", rest, re.IGNORECASE)
    return kind.strip().lower(), found[1].lower() if found else ""


def json_of(body: bytes, charset: str = "utf-8") -> Any:
    """The value of a JSON text. Raises ValueError, also for a name that stands twice and for numbers that are none."""
    return json.loads(_text(body, charset), object_pairs_hook=_once, parse_constant=_no_number)


def _text(body: bytes, charset: str) -> str:
    return body.decode("utf-16" if charset == "utf-16" else "utf-8")


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    made = dict(pairs)
    if len(made) < len(pairs):
        raise ValueError(f"a name stands twice in one object, which has {', '.join(name for name, _ in pairs)}")
    return made


def _no_number(text: str) -> Any:
    raise ValueError(f"{text} is no JSON number")


def _json(body: bytes, charset: str) -> None:
    json_of(body, charset)


def _xml(body: bytes, charset: str) -> None:
    try:
        xml.parse(body, ANY_SIZE, charset=charset or None, allow_pi=True)
    except Fault as fault:
        raise ValueError(fault.message + (f" {fault.log}" if fault.log else "")) from None


def _csv(body: bytes, charset: str) -> None:
    rows = list(csv.reader(io.StringIO(_text(body, charset)), strict=True))
    if len({len(row) for row in rows if row}) > 1:
        raise ValueError("rows of one table have different numbers of columns")


def _plain(body: bytes, charset: str) -> None:
    _text(body, charset)


_GRAMMARS: Mapping[str, Callable[[bytes, str], None]] = {
    "application/json": _json,
    "text/json": _json,
    "application/xml": _xml,
    "text/xml": _xml,
    "text/csv": _csv,
    "application/jsonl": _plain,
}


def flaw(response: WireResponse) -> str | None:
    """What is wrong with an answer as such, None when it is well-formed."""
    if not 200 <= response.status <= 599:
        return f"the status {response.status} is none of a final answer (200 to 599)"
    broken = [name for name, value in response.headers if re.search(r"[\r\n\0]", name + value)]
    if broken:
        return f"the header {broken[0]!r} has a line break in it"
    kind, charset = media_type(response)
    body = body_of(response)
    if not body:
        return None
    if not kind:
        return "there is a body, but no Content-Type"
    grammar = _GRAMMARS.get(kind) or (_json if kind.endswith("+json") else _xml if kind.endswith("+xml") else _plain)
    try:
        grammar(body, charset)
    except (ValueError, csv.Error) as error:
        return f"the body is not well-formed {kind}: {error}; it begins {body[:120]!r}"
    return None
