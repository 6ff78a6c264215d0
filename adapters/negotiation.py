"""Content negotiation as ASP.NET Web API's DefaultContentNegotiator does it: an answer always has a format.

Source of the rules: aspnet/AspNetWebStack, System.Net.Http.Formatting. JSON is the first formatter, XML the second; an
Accept header that nothing fits is no error.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

from gateway.wire import Headers

MEDIA_TYPES = {"json": ("application/json", "text/json"), "xml": ("application/xml", "text/xml")}
"""The media types of each formatter, in the platform's order."""

CHARSETS = ("utf-8", "utf-16")
_Q = re.compile(r"(?:0(?:\.[0-9]*)?|1(?:\.0*)?)")


@dataclass(frozen=True, slots=True)
class Format:
    """How an answer will be written: ``name`` is ``json`` or ``xml``, ``charset`` ``utf-8`` or ``utf-16``."""

    name: str = "json"
    media_type: str = "application/json"
    charset: str = "utf-8"

    @property
    def content_type(self) -> str:
        """The Content-Type of the answer; the platform always names the charset."""
        return f"{self.media_type}; charset={self.charset}"


@dataclass(frozen=True, slots=True)
class MediaType:
    """A Content-Type: ``sent`` is the media type as it was spelled; ``charset`` may be empty."""

    sent: str
    charset: str = ""

    @property
    def name(self) -> str:
        """The media type, for comparison."""
        return self.sent.lower()


@dataclass(frozen=True, slots=True)
class _Weighted:
    value: str
    q: float


def content_type(headers: Headers) -> MediaType | None:
    """The request's Content-Type; None where it was not sent, or is empty."""
    return _media_type(headers.get("content-type", ""))


@lru_cache(maxsize=256)
def _media_type(text: str) -> MediaType | None:
    sent, *parameters = text.split(";")
    if not sent.strip():
        return None
    found = (parameter.partition("=") for parameter in parameters)
    charset = next((value for name, _, value in found if name.strip().lower() == "charset"), "")
    return MediaType(sent.strip(), charset.strip().strip('"').lower())


def formatter(media_type: str, formats: Sequence[str] = tuple(MEDIA_TYPES)) -> str | None:
    """The name of the format that reads ``media_type`` (in lower case); None where none does."""
    for name in formats:
        if media_type in MEDIA_TYPES[name]:
            return name
    return None


def negotiate(headers: Headers, formats: Sequence[str] = tuple(MEDIA_TYPES)) -> Format:
    """The format of the answer: best Accept match, else the request's own media type, else JSON. Never fails."""
    accept, charset = tuple(headers.getlist("accept")), tuple(headers.getlist("accept-charset"))
    return _negotiated(headers.get("content-type", ""), accept, charset, tuple(formats))


@lru_cache(maxsize=256)
def _negotiated(
    body: str, accept: tuple[str, ...], accept_charset: tuple[str, ...], formats: tuple[str, ...]
) -> Format:
    """The same for the lines of the three headers; callers of one kind send the same ones."""
    sent = _media_type(body)
    media_type = _accepted(accept, formats)
    if media_type is None:
        known = sent is not None and formatter(sent.name, formats) is not None
        media_type = sent.name if sent is not None and known else MEDIA_TYPES[formats[0]][0]
    name = formatter(media_type, formats) or formats[0]
    return Format(name, media_type, _charset(accept_charset, sent.charset if sent is not None else ""))


def _accepted(lines: Sequence[str], formats: Sequence[str]) -> str | None:
    """The best match of each category; a range replaces a literal only where its q is strictly higher."""
    accepts = sorted(_weighted(lines), key=lambda accept: (-accept.q, accept.value.count("*")))
    best: dict[int, tuple[float, str]] = {}
    for name in formats:
        match = _match(accepts, MEDIA_TYPES[name])
        if match is not None and match[1] > best.get(match[0], (0.0, ""))[0]:
            best[match[0]] = match[1:]
    chosen = (0.0, "")
    for category in sorted(best):
        if best[category][0] > chosen[0]:
            chosen = best[category]
    return chosen[1] or None


def _match(accepts: Sequence[_Weighted], media_types: Sequence[str]) -> tuple[int, float, str] | None:
    """Category (number of stars), q and media type of the first Accept value that covers a media type."""
    for accept in accepts:
        for media_type in media_types:
            if accept.value in (media_type, f"{media_type.partition('/')[0]}/*", "*/*"):
                return accept.value.count("*"), accept.q, media_type
    return None


def _charset(lines: Sequence[str], sent: str) -> str:
    for accept in sorted(_weighted(lines), key=lambda accept: -accept.q):
        if accept.value in CHARSETS:
            return accept.value
        if accept.value == "*":
            return CHARSETS[0]
    return sent if sent in CHARSETS else CHARSETS[0]


def accepted(headers: Headers) -> list[str]:
    """The media types of Accept, in lower case and without parameters: the best first, equal ones as they came."""
    lines = headers.getlist("accept")
    return [value.value for value in sorted(_weighted(lines), key=lambda accept: -accept.q)] if lines else []


def _weighted(lines: Sequence[str]) -> list[_Weighted]:
    """The values of a list header with their q, in order; what has q=0, or a q that is none, is left out."""
    parts = (part.split(";") for line in lines for part in line.split(","))
    values = (_Weighted(value.strip().lower(), _q(parameters)) for value, *parameters in parts)
    return [value for value in values if value.value and value.q > 0]


def _q(parameters: Sequence[str]) -> float:
    for parameter in parameters:
        name, _, value = parameter.partition("=")
        if name.strip().lower() == "q":
            return float(value.strip()) if _Q.fullmatch(value.strip()) else 0.0
    return 1.0
