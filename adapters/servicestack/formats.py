"""The formats of ServiceStack, and how one is chosen: by path, suffix, ``?format=`` and Accept.

Rules and their order are those of the recorded v3 server (section 1.1 of the protocol's description).
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass

FORMS = ("application/x-www-form-urlencoded", "multipart/form-data")


@dataclass(frozen=True, slots=True)
class Format:
    """A format: its name in paths, the Content-Type of answers, and the type that error texts quote.

    ``reads`` says whether a body in it is understood; otherwise a body is ignored.
    """

    name: str
    media_type: str
    quoted: str
    reads: bool = True


XML = Format("xml", "application/xml", "application/xml")
JSON = Format("json", "application/json; charset=utf-8", "application/json")
JSV = Format("jsv", "application/jsv", "text/jsv")
CSV = Format("csv", "text/csv", "text/csv")
HTML = Format("html", "text/html", "text/html", reads=False)
JSON_REPORT = Format("jsonreport", "text/html", "text/html", reads=False)

FORMATS: Mapping[str, Format] = {item.name: item for item in (XML, JSON, JSV, CSV, HTML, JSON_REPORT)}

_PREFERRED = (
    ("text/html", HTML),
    ("application/json", JSON),
    ("application/xml", XML),
    ("application/jsv", JSV),
)
_CUSTOM = (("text/csv", CSV),)
_BODIES: Mapping[str, Format] = {
    "application/json": JSON,
    "text/json": JSON,
    "application/xml": XML,
    "text/xml": XML,
    "application/jsv": JSV,
    "text/jsv": JSV,
    "application/x-jsv": JSV,
    "text/csv": CSV,
}
_MEDIA_TYPE = re.compile(r"[\x20-\x7e]{1,200}")
_CHARSET = re.compile(r";\s*charset\s*=\s*\"?([^\s;\"]*)", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Chosen:
    """The format of an answer, and its Content-Type; a None format is one that nothing can write."""

    format: Format | None
    media_type: str

    @staticmethod
    def of(item: Format) -> "Chosen":
        """A format with its own Content-Type."""
        return Chosen(item, item.media_type)


def bare_type(content_type: str) -> str:
    """A media type without parameters, lower-case."""
    return content_type.partition(";")[0].strip().lower()


def is_form(content_type: str) -> bool:
    """Whether a body of this type is bound as keys and values."""
    return bare_type(content_type) in FORMS


def body_format(content_type: str) -> Format | None:
    """The format of a body on a [Route] path; None where the body is to be ignored."""
    return _BODIES.get(bare_type(content_type))


def by_query(value: str, *, exact: bool = False) -> Format | None:
    """``?format=``: what *contains* json, xml or jsv, in this order, else an exact name; later versions want it
    exact."""
    wanted = value.lower().partition(".")[0]
    if not exact:
        for name in ("json", "xml", "jsv"):
            if name in wanted and wanted != JSON_REPORT.name:
                return FORMATS[name]
    return FORMATS.get(wanted)


def by_accept(accept: str | None, content_type: str) -> Chosen:
    """The answer's format on a [Route] path. Quality values are ignored; a type that nothing can write gives None."""
    if accept is None:
        # Recorded: a body in XML and no Accept is answered in XML, as if anything had been accepted.
        echoed = _echoed(content_type)
        return echoed if echoed.format is not None else Chosen.of(HTML)
    entries = [entry.strip() for entry in accept.split(",")]
    listed = [(name, item) for name, item in _PREFERRED if any(entry.startswith(name) for entry in entries)]
    for name, item in listed:
        if content_type.startswith(name):
            return Chosen.of(item)
    if listed:
        return Chosen.of(listed[0][1])
    if content_type and any(entry.startswith("*/*") for entry in entries) and not is_form(content_type):
        return _echoed(content_type)
    custom = [item for name, item in _CUSTOM if any(entry.startswith(name) for entry in entries)]
    return Chosen.of(custom[0] if custom else HTML)


def _echoed(content_type: str) -> Chosen:
    """``*/*``: the request's own type, as it was spelled; every answer is UTF-8, whatever the request was."""
    item = _BODIES.get(bare_type(content_type))
    if item is None or not _MEDIA_TYPE.fullmatch(content_type):
        return Chosen(None, "text/plain")
    charset = _CHARSET.search(content_type)
    foreign = charset is not None and charset[1].lower() not in ("utf-8", "utf8")
    return Chosen(item, item.media_type if item is JSON or foreign else content_type)
