"""ServiceStack: every offered operation over XML, JSON, JSV, CSV, HTML and SOAP, as old and new clients call it.

``/xml|json|jsv|csv|html/reply|syncreply|oneway|asynconeway/X`` and native routes speak the dialect of version 3, the
one that the published metadata page shows; ``/api/X`` speaks that of later versions.
"""

from collections.abc import Sequence
from dataclasses import dataclass, fields, replace
from datetime import UTC, tzinfo
from zoneinfo import ZoneInfo

from adapters.codecs.csv import Csv
from adapters.codecs.datacontract import SERVICESTACK_V3, SERVICESTACK_V4
from adapters.codecs.jsv import Jsv
from adapters.codecs.text_json import TextJson
from adapters.protocol import Codec, Decoded, Endpoint, Exchange, Match, Offer, ProtocolPlugin
from adapters.servicestack import answers, reading
from adapters.servicestack.binding import Binding
from adapters.servicestack.opening import open_exchange
from adapters.servicestack.pages import page
from adapters.servicestack.routes import endpoints
from gateway.limits import DEFAULT, Limits
from gateway.settings import Setting, Settings
from gateway.wire import WireRequest, WireResponse
from schemas.api import Answer, NativeFault
from schemas.message import Message

NAME = "servicestack"


@dataclass(frozen=True, eq=False)
class ServiceStack:
    """The protocol; it keeps nothing between requests."""

    readers: reading.Readers
    writers: answers.Writers
    limits: Limits = DEFAULT
    name: str = NAME

    def bind(self, offers: Sequence[Offer]) -> Sequence[Endpoint]:
        """The endpoints of ``offers``. Raises ValueError when two operations have one name."""
        return tuple(endpoints(self, offers, self.limits))

    def open(self, request: WireRequest, match: Match | None) -> Exchange:
        """Operation, formats and dialect of a request; never raises."""
        exchange = open_exchange(self, request, match, self.writers.json[False, False])
        if match is not None and exchange.reply.called and exchange.reply.dialect == "unknown":
            ready = page(exchange, match.endpoint.data, self.writers)
            return replace(exchange, reply=replace(exchange.reply, page=ready))
        return exchange

    def decode(self, exchange: Exchange, limits: Limits) -> Sequence[Decoded]:
        """The request's trees. Raises a Fault, and nothing else."""
        return reading.read(exchange, limits, self.readers)

    def encode(self, exchange: Exchange, message: Message, found: Sequence[Answer]) -> WireResponse:
        """The answer in the format that was chosen."""
        return answers.encode(exchange, message, found, self.writers)

    def fault(self, exchange: Exchange, fault: NativeFault) -> WireResponse:
        """The ErrorResponse of a fault, in the format that was chosen."""
        return answers.fault(exchange, fault, self.writers)


def build(settings: Settings) -> ServiceStack:
    """The protocol, as the settings say. Raises ValueError or KeyError for an unknown zone."""
    zone: tzinfo = ZoneInfo(settings["servicestack.zone"]) if settings["servicestack.zone"] != "UTC" else UTC
    fidelity = settings.get("fidelity", "lenient")
    xml = replace(SERVICESTACK_V3, zone=zone, controls="reference", fidelity=fidelity)
    modern_xml = replace(SERVICESTACK_V4, zone=zone, controls="reference", fidelity=fidelity)
    csv = Csv(zone, settings["servicestack.csv_rows"] == "entries", _NEWLINES[settings["servicestack.csv_newline"]])
    dates = settings["servicestack.json_dates"]
    json = {
        (camel, iso): TextJson(zone, "iso" if iso else dates, camel) for camel in (False, True) for iso in (False, True)
    }
    texts: dict[str, Codec] = {"jsv": Jsv(zone), "csv": csv}
    readers = reading.Readers(
        {"xml": xml, "json": json[False, False], **texts},
        xml,
        Binding(zone, DEFAULT, joined=False),
        settings["servicestack.batch_max"],
    )
    limits = Limits(**{bound.name: settings.get(f"limits.{bound.name}", bound.default) for bound in fields(Limits)})
    return ServiceStack(readers, answers.Writers(xml, modern_xml, json, texts), limits)


_NEWLINES = {"crlf": "\r\n", "lf": "\n"}

SETTINGS = (
    Setting(
        "servicestack.zone",
        "UTC",
        "The server's time zone (IANA name): that of date-times without one, and of local date-times in answers.",
    ),
    Setting(
        "servicestack.json_dates",
        "plain",
        "Dates in JSON: plain is /Date(ms)/ alone, as the published page shows it; offset adds -0000 to an unspecified "
        "and +hhmm to a local date-time, as version 3 does.",
        origin="D2",
        choices=("plain", "offset"),
    ),
    Setting(
        "servicestack.csv_rows",
        "message",
        "CSV answers: message is one row of the whole answer, as the published page shows it; entries is a row for "
        "each entry of its list, as types with [DataContract] have it.",
        origin="D2",
        choices=("message", "entries"),
    ),
    Setting(
        "servicestack.csv_newline",
        "crlf",
        "What ends a row of CSV: crlf as on Windows, or lf.",
        origin="D2",
        choices=("crlf", "lf"),
    ),
    Setting("servicestack.batch_max", 1000, "The most requests in one batch (X[])."),
)

PLUGIN = ProtocolPlugin(NAME, build, SETTINGS)
