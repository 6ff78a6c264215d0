"""Assembly: settings, plug-ins, routes, identities and store become one Gateway; once a process."""

import logging
import os
import threading
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Any

from adapters.protocol import Conflict, Endpoint, Offer, WireProtocol
from gateway import demo, telemetry
from gateway import identity as identities
from gateway import registry as plugins
from gateway import settings as setting
from gateway.following import Tail
from gateway.identity import Identity, Unverified
from gateway.limits import Limits
from gateway.outcome import Fault, Outcome
from gateway.pipeline import Pipeline, Prepared, Refused, Result
from gateway.registry import BootError, Built, Disabled, Registry
from gateway.router import Router
from gateway.settings import Setting, Settings
from gateway.store import Store, open_store
from gateway.store import options as store_options
from gateway.wire import WireRequest, WireResponse
from gateway.work import Batch, Work
from schemas.api import Api

log = logging.getLogger("gateway.boot")

SETTINGS = (
    Setting(
        "database",
        "sqlite:///session-gateway.db",
        "Where events are stored: sqlite:///PATH, postgresql://USER@HOST/DATABASE or mariadb://USER@HOST/DATABASE.",
    ),
    Setting("demo", False, "Demo mode: loopback only, with known credentials."),
    Setting(
        "offer",
        (),
        "Which API is offered over which protocol, as api:protocol; api:* is every protocol and * is everything."
        " An API that is not named is offered over the protocols it was published for.",
    ),
    Setting(
        "fidelity",
        "lenient",
        "strict: what the original .NET server silently lost is lost here too; lenient: it is kept, with a note.",
        choices=("lenient", "strict"),
    ),
    *(Setting(f"limits.{bound.name}", bound.default, f"At most: {bound.metadata['doc']}") for bound in fields(Limits)),
)


@dataclass
class Gateway:
    """Everything a door needs; see :mod:`gateway.pipeline` for the three calls."""

    settings: Settings
    built: Built
    pipeline: Pipeline
    store: Store
    identity: Identity
    tail: Tail
    _stop: threading.Event = field(default_factory=threading.Event)

    def prepare(self, request: WireRequest, *, inline: bool = True) -> Prepared:
        """See :meth:`Pipeline.prepare`."""
        return self.pipeline.prepare(request, inline=inline)

    def prepare_all(self, requests: Sequence[WireRequest]) -> list[Prepared | Unverified]:
        """See :meth:`Pipeline.prepare_all`; nothing is checked that takes long."""
        return self.pipeline.prepare_all(requests, inline=False)

    def finish(self, prepared: Work | Batch, result: Result) -> WireResponse:
        """See :meth:`Pipeline.finish`."""
        return self.pipeline.finish(prepared, result)

    def reject(self, request: WireRequest, fault: Fault) -> WireResponse:
        """See :meth:`Pipeline.reject`."""
        return self.pipeline.reject(request, fault)

    def record(
        self,
        request: WireRequest,
        prepared: Prepared | None,
        result: Result | None,
        response: WireResponse,
        seconds: float,
    ) -> None:
        """One log line and the metrics of an answered request."""
        telemetry.observe(_record(request, prepared, result, response, seconds))

    @property
    def apis(self) -> Mapping[str, Api]:
        """The APIs in force, by name."""
        return self.built.apis

    @property
    def protocols(self) -> Mapping[str, WireProtocol]:
        """The protocols in force, by name."""
        return self.built.protocols

    @property
    def disabled(self) -> tuple[Disabled, ...]:
        """Plug-ins that could not be loaded, and why; named in ``/-/ready``."""
        return self.built.disabled

    def watch(self, seconds: float = 1.0) -> None:
        """Follow ``credentials_version`` in a thread, so that a revoked credential stops working within two seconds."""
        self.reload_credentials()
        threading.Thread(target=self._watch, args=(seconds,), name="credentials", daemon=True).start()

    def reload_credentials(self) -> None:
        """Load the credentials now in the store."""
        self._version = self.store.credentials_version()
        self.identity.load(self.store.credentials())

    def _watch(self, seconds: float) -> None:
        while not self._stop.wait(seconds):
            try:
                if self.store.credentials_version() != self._version:
                    self.reload_credentials()
            except Exception as error:
                log.warning("credentials could not be read: %s", error)

    def close(self) -> None:
        """Finish what the store still holds, and stop the watcher and those who follow."""
        self._stop.set()
        self.tail.close()
        self.store.close()


def table(registry: Registry) -> tuple[Setting, ...]:
    """Every setting there is: ours, then those of the plug-ins. Raises BootError when two have one name."""
    from gateway import server

    ours = (*SETTINGS, *server.SETTINGS, *store_options.SETTINGS, *identities.SETTINGS)
    rows = [*(("the gateway itself", row) for row in ours), *registry.owned_settings]
    owners: dict[str, str] = {}
    for owner, row in rows:
        if row.name in owners:
            raise BootError(f"the setting {row.name} is declared by both {owners[row.name]} and {owner}; uninstall one")
        owners[row.name] = owner
    return tuple(row for _, row in rows)


def load_settings(
    file: Path | None = None, environment: Mapping[str, str] | None = None, flags: Mapping[str, Any] | None = None
) -> Settings:
    """The settings in force for this process. Raises SettingsError or BootError."""
    given = os.environ if environment is None else environment
    found = plugins.discover()
    absent = tuple(row.name for row in found.disabled)
    return setting.load(table(found), file=file, environment=given, flags=flags, absent=absent)


def assemble(settings: Settings, *, watch: bool = True) -> Gateway:
    """A Gateway, ready to serve, with its store open. Raises BootError or StoreError."""
    router, built = route(plugins.build(plugins.discover(), settings), settings)
    for disabled in built.disabled:
        log.error("plug-in %s (%s) is disabled: %s", disabled.name, disabled.owner, disabled.reason)
    identity = Identity(settings)
    store = open_store(settings["database"], settings)
    if not settings["demo"] and any(demo.is_known(credential) for credential in store.credentials()):
        store.close()
        raise BootError("the database was made by the demo, whose secrets are known; name another with --database")
    tail = Tail(store.events, store.last_position)
    pipeline = Pipeline(router, built.protocols, identity, limits_of(settings), tail)
    gateway = Gateway(settings, built, pipeline, store, identity, tail)
    if watch:
        gateway.watch()
    else:
        gateway.reload_credentials()
    return gateway


def limits_of(settings: Settings) -> Limits:
    """The budgets in force."""
    return Limits(**{bound.name: settings[f"limits.{bound.name}"] for bound in fields(Limits)})


def route(built: Built, settings: Settings) -> tuple[Router, Built]:
    """The routes of everything that is offered, and what is left: a protocol that cannot bind is disabled.

    Raises BootError when two claim one address, naming whose they are.
    """
    endpoints: list[Endpoint] = []
    try:
        for name, protocol in built.protocols.items():
            offered = offers(name, built, settings)
            try:
                endpoints += protocol.bind(offered)
            except Conflict:
                raise
            except Exception as error:
                return route(built.without(name, error), settings)
        return Router(endpoints, built.apis.values()), built
    except Conflict as conflict:
        raise built.refused(conflict) from None


def offers(protocol: str, built: Built, settings: Settings) -> list[Offer]:
    """The APIs that ``protocol`` is to serve. Raises BootError when ``offer`` names what does not exist."""
    chosen = _chosen(settings, built)
    return [
        Offer(api, protocol in api.native)
        for api in built.apis.values()
        if protocol in chosen.get(api.name, (*api.native, *api.also))
    ]


def _chosen(settings: Settings, built: Built) -> dict[str, set[str]]:
    rows: Iterable[str] = settings["offer"] or (("*",) if settings["demo"] else ())
    chosen: dict[str, set[str]] = {}
    for row in rows:
        api, _, protocol = row.partition(":")
        names = set(built.protocols) if protocol in ("*", "") else {protocol}
        for name in built.apis if api == "*" else (api,):
            chosen.setdefault(name, set()).update(names)
    unknown = (set(chosen) - set(built.apis)) | (set().union(*chosen.values()) - set(built.protocols))
    # What is installed and failed is named where all that failed is named; the others are served.
    unknown -= {row.name for row in built.disabled}
    if unknown:
        raise BootError(f"the setting offer names {', '.join(sorted(unknown))}, which is not installed")
    return chosen


def _record(
    request: WireRequest, prepared: Prepared | None, result: Result | None, response: WireResponse, seconds: float
) -> telemetry.RequestRecord:
    work = prepared.works[0] if isinstance(prepared, Batch) else prepared
    exchange = work.exchange if isinstance(work, (Work, Refused)) else None
    api, operation = (exchange.api, exchange.operation) if exchange is not None else (None, None)
    principal, notes = (work.principal, work.notes) if isinstance(work, Work) else (None, ())
    fault, repeated = _ended(prepared, result, response)
    return telemetry.RequestRecord(
        api.name if api is not None else "",
        operation.name if operation is not None else "",
        exchange.protocol.name if exchange is not None else "",
        request.method,
        request.path,
        response.status,
        request.correlation_id,
        seconds,
        fault.kind.value if fault is not None else "",
        _told(fault) if fault is not None else "",
        tuple([str(note) for note in notes]) if notes else (),
        principal.name if principal is not None else "",
        (principal.tenant or "") if principal is not None else "",
        repeated,
        len(request.body),
        len(response.body) if isinstance(response.body, bytes) else 0,
    )


def _ended(prepared: Prepared | None, result: Result | None, response: WireResponse) -> tuple[Fault | None, bool]:
    """What went wrong, if anything did, and whether a write was a repeated one."""
    if isinstance(result, Outcome) and not isinstance(response, Refused):
        return None, result.repeated
    fault = next((item.fault for item in (response, prepared) if isinstance(item, Refused)), None)
    # Of several requests in one body, the first that was refused stands for them.
    results = result if isinstance(result, (list, tuple)) else (result,)
    fault = fault or next((each for each in results if isinstance(each, Fault)), None)
    return fault, any(isinstance(each, Outcome) and each.repeated for each in results)


def _told(fault: Fault) -> str:
    fields = "; ".join(f"{item.path}: {item.message}" for item in fault.fields)
    return " | ".join(part for part in (fault.code, fault.log or fault.message, fields) if part)
