"""The workstation API: a virtual workstation reports that a session started or ended, or that a product was launched.

Published as an ASP.NET Web API help page (JSON and XML). Business errors are told inside the answer, HTTP 200, by a
two-digit code of which only ``00`` is published; structural ones are Web API's own 400 with a ModelState.
"""

from collections.abc import Callable
from datetime import datetime
from functools import partial
from typing import Any

from gateway.commands import ByKey, Missing, Retry, Write
from gateway.model import ApplicationUse, Device, EventKind, Key, Subject
from gateway.outcome import Fault, FaultKind, FieldError, Note, Outcome
from gateway.settings import Setting, Settings
from schemas.api import (
    Always,
    Answer,
    Api,
    ApiPlugin,
    Asked,
    Context,
    Mapped,
    Operation,
    Presented,
    Route,
)
from schemas.fields import WireSchema, message_of
from schemas.message import Tree
from schemas.workstation_codes import ANSWER, CODES, INVALID, MISSING, OK, STRUCTURAL, fault_table
from schemas.workstation_messages import (
    ProductLaunchContactBindingModel,
    SessionContactBindingModel,
    SessionEndBindingModel,
)
from schemas.workstation_texts import FLAG_TEXTS, is_duration_alone, parse_date, parse_duration, parse_flag

NAME = "workstation"
PREFIX = "/api/v1/workstation"


def credentials(tree: Tree) -> Presented | None:
    """Id and Key of the body; None when either is missing."""
    shown = tree.get("Authentication") or {}
    account, key = shown.get("Id"), shown.get("Key")
    return Presented("pair", secret=key, name=account, realm=account) if account and key else None


def end_command(tree: Tree, context: Context, required: tuple[str, ...] = ()) -> Mapped:
    """The end of the open session of the same e-mail and index; a session whose start was never told is made."""
    request = _demanded(tree, required)
    ended = _date(request, "CurrentDate")
    applications, notes = _applications(request)
    kind = request.get("WorkstationType")
    key = session_key(tree)
    changes = _known(
        subject=_subject(request),
        device=Device(workstation_type=kind) if kind is not None else None,
        mode=request.get("MeasureMode"),
        index=request.get("Index"),
        ended_at=ended,
        applications=applications,
        attributes=_attributes("SessionEnd", request, "CurrentDate"),
    )
    find = ByKey(key, open_only=True)
    write = Write(EventKind.CLOSED, find, key, Missing.CREATE, changes, occurred_at=ended, retry=Retry.WINDOW)
    return Mapped(write, notes)


def start_command(tree: Tree, context: Context, required: tuple[str, ...] = ()) -> Mapped:
    """A new open session."""
    request = _demanded(tree, required)
    started = _date(request, "CurrentDate")
    names = ("CurrentDate", "ServerName", "SlotName", "GeoData", "PlatformData", "OperatingMode")
    server = request.get("ServerName")
    changes = _known(
        subject=_subject(request),
        device=Device(device_id=server) if server is not None else None,
        index=request.get("Index"),
        started_at=started,
        attributes=_attributes("SessionStart", request, *names),
    )
    key = session_key(tree)
    return Mapped(Write(EventKind.OPENED, None, key, Missing.CREATE, changes, occurred_at=started, retry=Retry.WINDOW))


def launch_command(tree: Tree, context: Context, required: tuple[str, ...] = ()) -> Mapped:
    """A fact about a person; it has no index, so it joins no session."""
    request = _demanded(tree, required)
    names = ("LaunchDate", "GeoData", "PlatformData", "ConfigId")
    changes = _known(subject=_subject(request), attributes=_attributes("ProductLaunch", request, *names))
    launched = _date(request, "LaunchDate")
    return Mapped(Write(EventKind.RECORDED, changes=changes, occurred_at=launched, retry=Retry.WINDOW))


def session_key(tree: Tree) -> Key:
    """What joins start and end: the account, and e-mail (without case) and index."""
    request, shown = tree["Request"], tree.get("Authentication")
    email, index = request.get("Email") or "", request.get("Index") or ""
    account = shown.get("Id") if shown else None
    return Key(NAME, account or "", f"{email.strip().lower()}/{index.strip()}")


def _demanded(tree: Tree, required: tuple[str, ...]) -> Tree:
    request: Tree = tree["Request"]
    missing = [name for name in required if not str(request.get(name) or "").strip()]
    if missing:
        raise _fault(MISSING, "required", *missing)
    return request


def _fault(code: str, rule: str, *names: str) -> Fault:
    what = "must be given" if rule == "required" else "has a wrong format"
    fields = tuple(FieldError(f"Request.{name}", f"{name} {what}", rule) for name in names)
    return Fault(FaultKind.INVALID, "; ".join(item.message for item in fields), fields=fields, code=code)


def _date(request: Tree, name: str) -> datetime | None:
    text = request.get(name)
    if text is None or not text.strip():
        return None
    instant = parse_date(text)
    if instant is None:
        raise _fault(INVALID, "invalid", name)
    return instant


def _applications(request: Tree) -> tuple[tuple[ApplicationUse, ...] | None, tuple[Note, ...]]:
    items = request.get("ApplicationsUsed")
    if items is None:
        return None, ()
    used = tuple([_application(item, at) for at, item in enumerate(items) if item is not None])
    if len(used) == len(items):
        return used, ()
    nulls = [at for at, item in enumerate(items) if item is None]
    return used, tuple(Note("null_item", f"Request.ApplicationsUsed[{at}]") for at in nulls)


def _application(item: Tree, at: int) -> ApplicationUse:
    get = item.get
    raw, flag = get("Duration"), get("OwnSoftwareLicenseUsed")
    duration = parse_duration(raw) if raw else None
    if duration is None and raw and not raw.isspace():
        raise _fault(INVALID, "invalid", f"ApplicationsUsed[{at}].Duration")
    owned = parse_flag(flag) if flag is not None else None
    kept = {}
    if raw is not None and not (duration is not None and is_duration_alone(raw)):
        kept["Duration"] = raw
    if flag is not None and (owned is None or FLAG_TEXTS[owned] != flag):
        kept["OwnSoftwareLicenseUsed"] = flag
    return ApplicationUse(
        get("Name"),
        get("ApplicationType"),
        duration,
        owned,
        get("SoftwareVersion"),
        get("ServicePack"),
        get("SoftwareId"),
        get("OperatingMode"),
        kept,
    )


def _subject(request: Tree) -> Subject | None:
    email = (request.get("Email") or "").strip()
    return Subject(email=email) if email else None


def _known(**values: Any) -> dict[str, Any]:
    return {name: value for name, value in values.items() if value is not None}


def _attributes(operation: str, request: Tree, *names: str) -> dict[str, Any] | None:
    """What has no field of its own, as it was sent; start and end of one session keep theirs apart."""
    sent = {name: _without_nulls(value) for name in names if (value := request.get(name)) is not None}
    return {operation: sent} if sent else None


def _without_nulls(value: Any) -> Any:
    return _known(**value) if isinstance(value, dict) else value


def present(outcome: Outcome, asked: Asked, answer: Always) -> Answer:
    """Code ``00``."""
    return answer


OPERATIONS: tuple[tuple[str, str, type[WireSchema], Callable[..., Mapped]], ...] = (
    ("SessionEnd", "session/end", SessionEndBindingModel, end_command),
    ("SessionStart", "session/start", SessionContactBindingModel, start_command),
    ("ProductLaunch", "launch", ProductLaunchContactBindingModel, launch_command),
)


def _applicable(required: tuple[str, ...], schema: type[WireSchema]) -> tuple[str, ...]:
    request = message_of(schema).by_key["Request"].message
    return tuple(name for name in required if request is not None and name in request.by_key)


def build(settings: Settings) -> Api:
    """The API, with the texts and the required members that the settings name."""
    texts = {code: settings[f"{NAME}.text_{code}"] for code in CODES}
    required = settings[f"{NAME}.required"]
    accepted = Always({"Message": {"Code": OK, "Description": texts[OK]}})
    operations = tuple(
        Operation(
            name,
            message_of(schema),
            ANSWER,
            command=partial(command, required=_applicable(required, schema)),
            present=partial(present, answer=accepted),
            routes=(Route("POST", f"{PREFIX}/{path}"),),
            credentials=credentials,
            doc=(schema.__doc__ or "").strip(),
        )
        for name, path, schema, command in OPERATIONS
    )
    return Api(
        NAME,
        "Virtual workstation sessions",
        native=("webapi",),
        prefixes=(PREFIX,),
        operations=operations,
        faults=fault_table(texts),
        structural=STRUCTURAL,
        options={"formats": ("json", "xml"), "model_prefix": "model"},
        doc=(__doc__ or "").strip(),
    )


SETTINGS = (
    Setting(
        "workstation.required",
        ("Email", "CurrentDate", "LaunchDate"),
        "Members of Request that must have a text, of those that the operation has; else code 02.",
        origin="D3",
    ),
    *(
        Setting(f"{NAME}.text_{code}", text, f"Message.Description of code {code}.", origin="D3")
        for code, (text, _) in CODES.items()
    ),
)

PLUGIN = ApiPlugin(NAME, build, SETTINGS)
