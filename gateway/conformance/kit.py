"""What is tested: one plug-in among all that are installed, with its golden cases."""

import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

from adapters.protocol import ProtocolPlugin, WireProtocol
from gateway import boot, registry
from gateway.conformance import case as cases
from gateway.conformance import folder
from gateway.conformance.bench import Bench, Done, bench
from gateway.conformance.case import Case
from gateway.conformance.findings import Level
from gateway.conformance.folder import Golden
from gateway.conformance.steady import steady
from gateway.registry import Built, Registry
from gateway.settings import Settings
from schemas.api import Api, ApiPlugin, Operation

_LOCKS = ("lockout.failures", "lockout.address_failures")
"""Settings that would shut out a check which sends wrong credentials many times."""


class NotTestable(Exception):
    """There is no such plug-in, or it does not load; the text says what to do."""


@dataclass(frozen=True)
class Subject:
    """One plug-in that is to be tested. ``golden`` is None where no golden folder was found."""

    plugin: ApiPlugin | ProtocolPlugin
    golden: Golden | None

    @property
    def name(self) -> str:
        """The name of the plug-in."""
        return self.plugin.name

    @property
    def is_api(self) -> bool:
        """Whether it is an API; else it is a protocol."""
        return isinstance(self.plugin, ApiPlugin)


@dataclass
class Kit:
    """One subject among all plug-ins of ``registry``.

    ``every`` thins out what is tried at each byte: 1 is at every one. :meth:`close` ends what it opened.
    """

    registry: Registry
    subject: Subject
    level: Level = "smoke"
    every: int = 1
    _open: ExitStack = field(default_factory=ExitStack)
    _benches: dict[str, Bench] = field(default_factory=dict)
    _ran: dict[str, Sequence[Done]] = field(default_factory=dict)

    def close(self) -> None:
        """Close the gateways that were opened, and remove their stores."""
        self._benches.clear()
        self._open.close()

    @cached_property
    def settings(self) -> Settings:
        """The settings of the demo, with what the golden folder says."""
        golden = self.subject.golden
        with steady(self.registry):
            return boot.load_settings(environment={}, flags={"demo": "true", **(golden.settings if golden else {})})

    @cached_property
    def built(self) -> Built:
        """Every plug-in, built."""
        return registry.build(self.registry, self.settings)

    @property
    def api(self) -> Api:
        """The API that is tested."""
        return self.built.apis[self.subject.name]

    @property
    def protocol(self) -> WireProtocol:
        """The protocol that is tested."""
        return self.built.protocols[self.subject.name]

    def known(self, name: str) -> Operation:
        """The operation of this name, as it was built for this kit."""
        found = self.api.operation(name)
        assert found is not None
        return found

    @cached_property
    def cases(self) -> Sequence[Case]:
        """The golden cases; none where there is no folder."""
        golden = self.subject.golden
        return [cases.read(path) for path in golden.cases] if golden else []

    @contextmanager
    def bench(self, options: Mapping[str, Any] | None = None) -> Iterator[Bench]:
        """A gateway with a new store."""
        known = self.subject.name if self.subject.is_api else ""
        with (
            tempfile.TemporaryDirectory() as place,
            bench(self.registry, self.subject.golden, Path(place), options or {}, known) as made,
        ):
            yield made

    def ran(self, case: Case) -> Sequence[Done]:
        """What came of each request of a case; run once."""
        if case.name not in self._ran:
            with self.bench(case.settings) as made:
                self._ran[case.name] = cases.run(case, made)
        return self._ran[case.name]

    def shared(self, options: Mapping[str, Any] | None = None) -> Bench:
        """A gateway that is kept for all checks which write nothing."""
        unlocked = {name: 0 for name in _LOCKS if name in self.settings}
        options = {**unlocked, **(options or {})}
        wanted = repr(sorted(options.items()))
        if wanted not in self._benches:
            self._benches[wanted] = self._open.enter_context(self.bench(options))
        return self._benches[wanted]


def subjects(found: Registry, name: str, given: Sequence[Path] = ()) -> list[Subject]:
    """The plug-ins of this name: an API, a protocol, or both. Raises NotTestable."""
    plugins: list[ApiPlugin | ProtocolPlugin] = [
        *(row.plugin for row in found.apis if row.plugin.name == name),
        *(row.plugin for row in found.protocols if row.plugin.name == name),
    ]
    broken = [row for row in found.disabled if row.name == name]
    if not plugins and broken:
        told = "; ".join(f"{row.name} of {row.owner} does not load: {row.reason}" for row in broken)
        raise NotTestable(f"{told}. Mend the import first: python -c 'import ...'")
    if not plugins:
        names = sorted({row.plugin.name for row in found.apis} | {row.plugin.name for row in found.protocols})
        raise NotTestable(
            f"no API and no protocol is called {name!r}; installed are {', '.join(names)}. A plug-in is found by its "
            f"entry point ({registry.APIS} or {registry.PROTOCOLS}): install its package (pip install -e .)"
        )
    return [Subject(plugin, _golden(plugin, given)) for plugin in plugins]


def _golden(plugin: ApiPlugin | ProtocolPlugin, given: Sequence[Path]) -> Golden | None:
    path = folder.find(plugin.name, plugin.build.__module__, given)
    try:
        return folder.read(path) if path else None
    except ValueError as error:
        raise NotTestable(str(error)) from None


def kits(found: Registry, name: str, level: Level, given: Sequence[Path] = (), every: int = 1) -> list[Kit]:
    """A kit for each plug-in of this name. Raises NotTestable, also when the plug-in cannot be built."""
    made = [Kit(found, subject, level, every) for subject in subjects(found, name, given)]
    for kit in made:
        built = kit.built
        broken = [row for row in built.disabled if row.name == name]
        if broken:
            raise NotTestable("; ".join(f"{row.name} of {row.owner} cannot be built: {row.reason}" for row in broken))
    return made
