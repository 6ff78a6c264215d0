"""Which endpoint a path means, and in whose dialect an unknown path is refused."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from urllib.parse import unquote

from adapters.protocol import Conflict, Endpoint, Match
from gateway.wire import WireRequest
from schemas.api import Api

_PARAMETER = re.compile(r"\{([^{}*]+)(\*?)\}")
_SLASHES = re.compile(r"/{2,}")
REMEMBERED = 256
"""Characters of a path up to which it is remembered where it leads to."""


@dataclass(frozen=True, slots=True)
class Miss:
    """No endpoint answers. ``api`` owns the path's longest known prefix, if any does.

    ``endpoint`` and ``allow`` are set when the path exists, but not with this method.
    """

    api: Api | None = None
    endpoint: Endpoint | None = None
    allow: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class _Template:
    pattern: re.Pattern[str]
    rank: tuple[int, ...]
    endpoint: Endpoint
    names: tuple[str, ...]
    first: str


class Router:
    """Routes by path, then by method; literal paths before templates, longer literals first.

    Raises Conflict when two endpoints claim one address with one method, or two APIs one prefix.
    """

    def __init__(self, endpoints: Iterable[Endpoint], apis: Iterable[Api]) -> None:
        self._exact: dict[str, list[Endpoint]] = {}
        self._folded: dict[str, list[Endpoint]] = {}
        templates: list[_Template] = []
        claimed: dict[str, list[Endpoint]] = {}
        for endpoint in endpoints:
            _claim(claimed, endpoint)
            if "{" in endpoint.path:
                templates.append(_compile(endpoint))
            else:
                self._add(endpoint)
        # By the first segment, so that a path is tried against the few templates that begin as it does.
        ranked = sorted(templates, key=lambda template: template.rank)
        starts = {template.first for template in ranked}
        self._templates = {
            start: tuple(template for template in ranked if template.first in (start, "")) for start in (*starts, "")
        }
        self._prefixes = tuple(sorted(_prefixes(apis).items(), key=lambda row: -len(row[0])))
        # Most callers ask for the same few paths all the time.
        self._known = lru_cache(maxsize=1024)(self._match)

    def _add(self, endpoint: Endpoint) -> None:
        table = self._folded if endpoint.ignore_case else self._exact
        path = _fold(endpoint.path) if endpoint.ignore_case else endpoint.path
        table.setdefault(path, []).append(endpoint)

    def match(self, request: WireRequest) -> Match | Miss:
        """The endpoint for this request's path and method."""
        raw = request.raw_path or request.path
        return (self._known if len(raw) <= REMEMBERED else self._match)(raw, request.method)

    def _match(self, raw: str, method: str) -> Match | Miss:
        found = self._literal(raw)
        chosen = _choose(found, method)
        if chosen is not None:
            return chosen
        templates = self._templates.get(_first(raw)) or self._templates[""]
        for template in templates:
            if _answers(template.endpoint, method) and (match := _try(template, raw)) is not None:
                return match
        found += [match for template in templates if (match := _try(template, raw)) is not None]
        if found:
            allow = sorted({method for match in found for method in match.endpoint.methods or ()})
            return Miss(self.owner(raw), found[0].endpoint, tuple(allow))
        return Miss(self.owner(raw))

    def owner(self, path: str) -> Api | None:
        """The API that owns the longest prefix of ``path``."""
        folded = _fold(path)
        for prefix, api in self._prefixes:
            if folded == prefix or folded.startswith(f"{prefix}/"):
                return api
        return None

    def _literal(self, raw: str) -> list[Match]:
        path = unquote(raw) if "%" in raw else raw
        exact, folded = self._exact.get(path), self._folded.get(_fold(path))
        return [Match(endpoint) for endpoint in (*(exact or ()), *(folded or ()))] if exact or folded else []


def _choose(found: list[Match], method: str) -> Match | None:
    for match in found:
        if _answers(match.endpoint, method):
            return match
    return None


def _answers(endpoint: Endpoint, method: str) -> bool:
    return endpoint.methods is None or method in endpoint.methods


def _fold(path: str) -> str:
    tidy = _SLASHES.sub("/", path) if "//" in path else path
    return tidy.rstrip("/").lower() or "/"


def _compile(endpoint: Endpoint) -> _Template:
    literal, position, pattern = 0, 0, ""
    for found in _PARAMETER.finditer(endpoint.path):
        text = endpoint.path[position : found.start()]
        literal += len(text)
        pattern += re.escape(text) + ("(.*)" if found[2] else "([^/]+)")
        position = found.end()
    tail = endpoint.path[position:]
    flags = re.IGNORECASE if endpoint.ignore_case else 0
    compiled = re.compile(pattern + re.escape(tail) + ("/*" if endpoint.ignore_case else ""), flags)
    names = tuple(name for name, _ in _PARAMETER.findall(endpoint.path))
    start = _first(endpoint.path)
    rank = ("*}" in endpoint.path, -(literal + len(tail)))
    return _Template(compiled, rank, endpoint, names, "" if "{" in start else start)


def _first(path: str) -> str:
    """The first segment, without case."""
    return path.lstrip("/").partition("/")[0].lower()


def _try(template: _Template, raw: str) -> Match | None:
    path = _SLASHES.sub("/", raw) if template.endpoint.ignore_case and "//" in raw else raw
    found = template.pattern.fullmatch(path)
    if found is None:
        return None
    pairs = zip(template.names, found.groups(), strict=True)
    values: Mapping[str, str] = {name: unquote(value) if "%" in value else value for name, value in pairs}
    return Match(template.endpoint, values)


def _claim(claimed: dict[str, list[Endpoint]], endpoint: Endpoint) -> None:
    """Note that an address is taken. Names in braces do not tell addresses apart, nor does case where it is ignored."""
    row = claimed.setdefault(_fold(_shape(endpoint)), [])
    for other in row:
        if _overlap(endpoint, other):
            raise _conflict(endpoint, other)
    row.append(endpoint)


def _overlap(one: Endpoint, other: Endpoint) -> bool:
    if not (one.ignore_case or other.ignore_case) and _shape(one) != _shape(other):
        return False
    return one.methods is None or other.methods is None or bool(one.methods & other.methods)


def _shape(endpoint: Endpoint) -> str:
    return _PARAMETER.sub(r"{\2}", endpoint.path)


def _prefixes(apis: Iterable[Api]) -> dict[str, Api]:
    owners: dict[str, Api] = {}
    for prefix, api in ((prefix.lower().rstrip("/"), each) for each in apis for prefix in each.prefixes):
        other = owners.setdefault(prefix, api)
        if other is not api:
            text = f"the prefix {prefix or '/'} is claimed by {other.name} and by {api.name}; change one's prefixes"
            raise Conflict(text, (other.name, ""), (api.name, ""))
    return owners


def _conflict(one: Endpoint, other: Endpoint) -> Conflict:
    text = f"{one.path} is claimed by {_who(one)} and by {_who(other)}; change one's path, or what is offered"
    return Conflict(text, _side(one), _side(other))


def _side(endpoint: Endpoint) -> tuple[str, str]:
    return endpoint.api.name if endpoint.api else "", endpoint.protocol.name


def _who(endpoint: Endpoint) -> str:
    api = endpoint.api.name if endpoint.api else "all APIs"
    return f"{api} over {endpoint.protocol.name}"
