"""A gateway to try a plug-in on: the demo with everything offered, on a store of its own."""

import uuid
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path
from typing import Any

from gateway import arrival, boot, demo
from gateway.commands import canonical, plain
from gateway.conformance.folder import Golden
from gateway.conformance.steady import MOMENT, Numbers, signing_key, steady
from gateway.credentials import Credential, key_verifier, pair_verifier
from gateway.outcome import Fault, Outcome
from gateway.pipeline import Prepared
from gateway.registry import Registry
from gateway.settings import Settings
from gateway.store import open_store
from gateway.wire import WireRequest, WireResponse
from gateway.work import Batch, Work

PATIENCE = 10.0
"""Seconds that a store may take for one request before the kit gives up."""


@dataclass(frozen=True)
class Bench:
    """A gateway in which identifiers count from one; ``secrets`` are what placeholders in requests stand for."""

    gateway: boot.Gateway
    secrets: Mapping[str, str]
    numbers: Numbers

    @contextmanager
    def restarted(self) -> "Iterator[Bench]":
        """The gateway stopped, and started again on the same store."""
        self.gateway.close()
        again = boot.assemble(self.gateway.settings, watch=False)
        try:
            yield replace(self, gateway=again)
        finally:
            again.close()

    def perform(self, request: WireRequest) -> "Done":
        """One request through all of the pipeline; a body beyond the budget is refused as a door refuses it."""
        limit = self.gateway.settings["limits.body_bytes"]
        if len(request.body) > limit:
            refused = self.gateway.reject(request, arrival.too_large(limit))
            return Done(refused, refused)
        prepared = self.gateway.prepare(request)
        if isinstance(prepared, WireResponse):
            return Done(prepared, prepared)
        result: Any
        try:
            result = self.gateway.store.submit(prepared).result(PATIENCE)
        except Fault as fault:
            result = fault
        return Done(self.gateway.finish(prepared, result), prepared, result)


@dataclass(frozen=True)
class Done:
    """An answered request: the answer, what was prepared, and what came of it."""

    response: WireResponse
    prepared: Prepared
    result: Any = None

    @property
    def works(self) -> tuple[Work, ...]:
        """What the request asked for; empty when it was refused before."""
        return works_of(self.prepared)

    @property
    def outcomes(self) -> list[Outcome]:
        """What the store did."""
        found = self.result if isinstance(self.result, list) else [self.result]
        return [each for each in found if isinstance(each, Outcome)]

    @property
    def fault(self) -> Fault | None:
        """Why it was refused, None for a success."""
        found = [*(self.result if isinstance(self.result, list) else [self.result])]
        refusals = [getattr(each, "fault", None) for each in (self.prepared, self.response)]
        return next((each for each in (*refusals, *found) if isinstance(each, Fault)), None)

    @property
    def command(self) -> Any:
        """The canonical commands, None when it was refused before."""
        return [canonical(work.command) for work in self.works] or None

    @property
    def outcome(self) -> Any:
        """The outcomes in the canonical model's names, None when there is none."""
        return [plain(each) for each in self.outcomes] or None


def works_of(prepared: Prepared) -> tuple[Work, ...]:
    """The works of a prepared request."""
    if isinstance(prepared, Batch):
        return prepared.works
    return (prepared,) if isinstance(prepared, Work) else ()


@dataclass(frozen=True)
class Seeded:
    """A store as it is before the first request: making one takes longer than most cases do."""

    content: bytes
    numbers: Mapping[str, int]
    secrets: Mapping[str, str]
    owners: tuple[Registry, Golden | None]


_SEEDED: dict[tuple[int, int, str], Seeded] = {}


def _key(registry: Registry, golden: Golden | None, flags: Mapping[str, Any]) -> tuple[int, int, str]:
    return id(registry), id(golden), repr(sorted(flags.items()))


@contextmanager
def bench(
    registry: Registry, golden: Golden | None, place: Path, options: Mapping[str, Any] = {}, known: str = ""
) -> Iterator[Bench]:
    """A gateway with a new store in the folder ``place``. ``known`` is the API that credentials without one are of."""
    with steady(registry) as numbers:
        flags = {"demo": "true", **(golden.settings if golden else {}), **options}
        settings = boot.load_settings(environment={}, flags={**flags, "database": f"sqlite:///{place}/case.db"})
        demo.key_file(settings["database"]).write_text(signing_key(), encoding="ascii")
        kept = _SEEDED.get(_key(registry, golden, flags))
        if kept is not None:
            (place / "case.db").write_bytes(kept.content)
            numbers.set(kept.numbers)
            secrets: Mapping[str, str] = kept.secrets
        else:
            secrets = {**demo.seed(settings, MOMENT), **_more(settings, golden, known)}
            _SEEDED[_key(registry, golden, flags)] = Seeded(
                (place / "case.db").read_bytes(), dict(numbers.last), secrets, (registry, golden)
            )
        gateway = boot.assemble(settings, watch=False)
        try:
            yield Bench(gateway, secrets, numbers)
        finally:
            gateway.close()


def _more(settings: Settings, golden: Golden | None, known: str) -> dict[str, str]:
    """Put the credentials of the golden folder into the store; gives its signed tokens by name."""
    if golden is None:
        return {}
    private = demo.private_key(settings["database"])
    store = open_store(settings["database"], settings)
    try:
        for number, row in enumerate(golden.credentials, 1):
            store.add_credential(_credential({"api": known, **row}, number, private))
    finally:
        store.close()
    return {
        row["name"]: demo.token(private, *row.get("scopes", ()), seconds=row.get("seconds", 3600))
        for row in golden.tokens
    }


_VERIFIERS = {"key": key_verifier, "pair": pair_verifier}


def _credential(row: Mapping[str, Any], number: int, private: str) -> Credential:
    kind = row.get("kind", "key")
    verifier = demo._public(private) if kind == "issuer" else _VERIFIERS[kind](row["secret"])
    return Credential(
        uuid.UUID(row["uid"]) if "uid" in row else uuid.UUID(int=number),
        row["api"],
        kind,
        verifier,
        MOMENT,
        tenant=row.get("tenant", demo.TENANT),
        name=row.get("name", ""),
        realms=tuple(row.get("realms", ())),
        scopes=tuple(row.get("scopes", ())),
        expires_at=MOMENT + timedelta(seconds=row["expires_in"]) if "expires_in" in row else None,
    )
