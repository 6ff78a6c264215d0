"""What can be set about the BioT API, and the frozen value of what was set."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from gateway.spi import Setting, Settings
from schemas.biot_templates import Attribute, attributes_of

SETTINGS = (
    Setting(
        "biot.transitions",
        "loose",
        "Which state may follow which: loose (anything but leaving DONE) or tight (the order of a remote-controlled "
        "session).",
        origin="D2",
        choices=("loose", "tight"),
    ),
    Setting(
        "biot.stop_data",
        "either",
        "What a DONE session must carry: either (a stop reason or its code), both, or none.",
        origin="D3",
        choices=("either", "both", "none"),
    ),
    Setting(
        "biot.strict_required",
        False,
        "Demand _startTime and _state in every update, as the published table reads.",
        origin="D1",
    ),
    Setting("biot.clock_skew", 0, "Seconds by which a caller's clock may be ahead before TIME_IN_FUTURE.", origin="D3"),
    Setting(
        "biot.templates",
        {},
        "A table of custom attributes, by name: category, type, regex, min, max, mandatory, values, writable. Empty: "
        "any custom attribute is accepted.",
        origin="D3",
    ),
    Setting(
        "biot.usage_types",
        {},
        "A table of usage types: the template's id (a UUID) by the template's name. Empty: any name is a usage type, "
        "with an id made of it.",
        origin="D3",
    ),
    Setting(
        "biot.delete",
        "external",
        "Which sessions may be deleted before DONE: external (those that an application or a device made itself), all, "
        "or none.",
        origin="D2",
        choices=("external", "all", "none"),
    ),
    Setting(
        "biot.remote_control",
        "direct",
        "Who carries out remote control: direct (the gateway, at once), or device (the device, which reports each new "
        "state by an update).",
        origin="D3",
        choices=("direct", "device"),
    ),
    Setting("biot.search_limit", 10_000, "The most results in one page of a search.", origin="D3"),
    Setting(
        "biot.search_reach",
        100_000,
        "How many sessions one search may look at, after those that the store rules out by state, start, device or "
        "patient.",
        origin="D3",
    ),
    Setting("biot.service_name", "Device Service", "serviceName in errors.", origin="D3"),
    Setting("biot.environment", "production", "environment in errors.", origin="D3"),
    Setting("biot.version", "2.3.33", "The platform version that healthCheck tells.", origin="D3"),
    Setting("biot.measurement_interval", 1000, "_requiredMeasurementIntervalMilliseconds in answers.", origin="D3"),
    Setting("biot.organization_name", "Organization", "Name of the owner organisation in answers.", origin="D3"),
    Setting("biot.organization_template", "Organization", "Template name of the owner organisation.", origin="D3"),
    Setting("biot.patient_template", "Patient", "Template name of patients.", origin="D3"),
    Setting("biot.device_template", "DeviceType1", "Template name of devices.", origin="D3"),
    Setting("biot.usage_template", "usage_type", "Template name of usage sessions.", origin="D3"),
)


@dataclass(frozen=True, slots=True)
class Options:
    """The settings of this API, by their meaning."""

    transitions: str = "loose"
    stop_data: str = "either"
    strict_required: bool = False
    clock_skew: int = 0
    usage_types: Mapping[str, str] = field(default_factory=dict)
    delete: str = "external"
    remote_control: str = "direct"
    search_limit: int = 10_000
    search_reach: int = 100_000
    service_name: str = "Device Service"
    environment: str = "production"
    version: str = "2.3.33"
    measurement_interval: int = 1000
    organization_name: str = "Organization"
    organization_template: str = "Organization"
    patient_template: str = "Patient"
    device_template: str = "DeviceType1"
    usage_template: str = "usage_type"
    attributes: Mapping[str, Attribute] = field(default_factory=dict)


def options_of(settings: Settings) -> Options:
    """The options in ``settings``. Raises ValueError that names every wrong attribute template."""
    names = (setting.name.removeprefix("biot.") for setting in SETTINGS)
    plain = {name: settings[f"biot.{name}"] for name in names if name not in ("templates", "usage_types")}
    types = usage_types_of(settings["biot.usage_types"])
    bounds = {name: max(1, plain[name]) for name in ("search_limit", "search_reach")}
    return Options(**{**plain, **bounds}, usage_types=types, attributes=attributes_of(settings["biot.templates"]))


def usage_types_of(table: Mapping[str, Any]) -> Mapping[str, str]:
    """The usage types that ``biot.usage_types`` declares. Raises ValueError that names every wrong one."""
    wrong = [name for name, found in table.items() if not _is_uuid(found)]
    if wrong:
        raise ValueError("; ".join(f"biot.usage_types.{name}: must be a UUID" for name in wrong))
    return {name: str(UUID(found)) for name, found in table.items()}


def _is_uuid(value: Any) -> bool:
    try:
        return isinstance(value, str) and bool(str(UUID(value)))
    except ValueError:
        return False
