"""Discovery of protocols and APIs: built-in ones and anyone's are found by the same entry points.

A plug-in that fails to import or to build is disabled and named with its reason; it harms no other. Two plug-ins of
one name stop the boot, naming both owners.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from importlib.metadata import EntryPoint, entry_points
from typing import Any, Generic, TypeVar

from adapters.protocol import Conflict, ProtocolPlugin, WireProtocol
from gateway.outcome import FaultKind
from gateway.settings import Setting, Settings, SettingsError
from gateway.spi import SPI_VERSION
from schemas.api import Api, ApiPlugin

PROTOCOLS = "session_gateway.protocols"
APIS = "session_gateway.apis"

P = TypeVar("P", ProtocolPlugin, ApiPlugin)


class BootError(Exception):
    """The gateway cannot start; the text says why and what to do."""


@dataclass(frozen=True, slots=True)
class Disabled:
    """A plug-in that could not be loaded or built, and why."""

    group: str
    name: str
    owner: str
    reason: str


@dataclass(frozen=True, slots=True)
class Found(Generic[P]):
    """A plug-in and the distribution that brought it."""

    plugin: P
    owner: str


@dataclass(frozen=True)
class Registry:
    """Every plug-in that was found, before any is built."""

    protocols: tuple[Found[ProtocolPlugin], ...]
    apis: tuple[Found[ApiPlugin], ...]
    disabled: tuple[Disabled, ...] = ()

    @property
    def owned_settings(self) -> Iterator[tuple[str, Setting]]:
        """The settings that the plug-ins declare, each with its owner."""
        found: list[Found[Any]] = [*self.protocols, *self.apis]
        return ((item.owner, setting) for item in found for setting in item.plugin.settings)


def discover() -> Registry:
    """Find and import every plug-in. Raises BootError when two have one name."""
    disabled: list[Disabled] = []
    protocols = tuple(_load(PROTOCOLS, ProtocolPlugin, disabled))
    apis = tuple(_load(APIS, ApiPlugin, disabled))
    return Registry(protocols, apis, tuple(disabled))


def _load(group: str, kind: type[P], disabled: list[Disabled]) -> Iterable[Found[P]]:
    points = sorted(entry_points(group=group), key=lambda point: point.name)
    _refuse_duplicates(group, points)
    for point in points:
        try:
            plugin = point.load()
            _check_plugin(point, plugin, kind)
        # A module that leaves the interpreter while it is imported must not take the gateway with it.
        except (Exception, SystemExit) as error:
            disabled.append(Disabled(group, point.name, owner_of(point), _reason(error)))
            continue
        yield Found(plugin, owner_of(point))


def owner_of(point: EntryPoint) -> str:
    """The distribution that brings an entry point, with its version; where it stands, if none does."""
    return f"{point.dist.name} {point.dist.version}" if point.dist else point.value


class Unfit(Exception):
    """What a plug-in gave cannot be used; the text says why."""


def _reason(error: BaseException) -> str:
    return str(error) if isinstance(error, Unfit) else f"{type(error).__name__}: {error}"


def _check_plugin(point: EntryPoint, plugin: object, kind: type[P]) -> None:
    if not isinstance(plugin, kind):
        raise Unfit(f"{point.value} is not a {kind.__name__}")
    if plugin.name != point.name:
        raise Unfit(f"the entry point is called {point.name!r}, its plug-in {plugin.name!r}; give both one name")
    if (reason := unsuited(plugin.spi)) is not None:
        raise Unfit(reason)


def unsuited(wanted: str, present: str = SPI_VERSION) -> str | None:
    """Why a plug-in written for version ``wanted`` of the SPI cannot run on version ``present``; None when it can.

    Versions are MAJOR.MINOR: of one major version, each minor version only adds.
    """
    try:
        (major, minor), (ours, reached) = (map(int, version.split(".")) for version in (wanted, present))
    except ValueError:
        return f"it states {wanted!r} as its version of gateway.spi; state MAJOR.MINOR, such as {present}"
    if (major, minor) > (ours, reached):
        return f"it needs gateway.spi {wanted}, and this gateway has {present}: install a newer gateway"
    if major < ours:
        return f"it was written for gateway.spi {wanted}, and this gateway has {present}: install a newer plug-in"
    return None


def _refuse_duplicates(group: str, points: Sequence[EntryPoint]) -> None:
    owners: dict[str, str] = {}
    for point in points:
        if point.name in owners:
            raise BootError(
                f"{group}: both {owners[point.name]} and {owner_of(point)} bring {point.name!r}; uninstall one"
            )
        owners[point.name] = owner_of(point)


@dataclass(frozen=True)
class Built:
    """The protocols and APIs in force, and those that could not be built; ``owners`` are their distributions."""

    protocols: dict[str, WireProtocol]
    apis: dict[str, Api]
    disabled: tuple[Disabled, ...]
    owners: Mapping[tuple[str, str], str] = field(default_factory=dict)

    def without(self, protocol: str, error: Exception) -> "Built":
        """The same without a protocol that cannot serve what it is offered."""
        kept = {name: made for name, made in self.protocols.items() if name != protocol}
        row = Disabled(PROTOCOLS, protocol, self.owners.get((PROTOCOLS, protocol), ""), _reason(error))
        return replace(self, protocols=kept, disabled=(*self.disabled, row))

    def refused(self, conflict: Conflict) -> BootError:
        """The boot's error for a conflict: both sides, and the distributions that brought them."""
        return BootError(f"{conflict} ({' and '.join(self._named(*side) for side in conflict.sides)})")

    def _named(self, api: str, protocol: str) -> str:
        named = ((name, self.owners.get((group, name))) for group, name in ((APIS, api), (PROTOCOLS, protocol)))
        return " over ".join(f"{name} of {owner}" for name, owner in named if owner)


def build(registry: Registry, settings: Settings) -> Built:
    """Build every plug-in from its settings; one that raises is disabled, but a wrong setting stops the boot."""
    disabled = list(registry.disabled)
    owners = {(PROTOCOLS, found.plugin.name): found.owner for found in registry.protocols}
    owners |= {(APIS, found.plugin.name): found.owner for found in registry.apis}
    protocols = {
        found.plugin.name: made
        for found in registry.protocols
        if (made := _attempt(PROTOCOLS, found, _check_protocol, settings, disabled)) is not None
    }
    apis = {
        found.plugin.name: made
        for found in registry.apis
        if (made := _attempt(APIS, found, _check_api, settings, disabled)) is not None
    }
    return Built(protocols, apis, tuple(disabled), owners)


def _attempt(
    group: str, found: Found[Any], check: Callable[[str, Any], None], settings: Settings, disabled: list[Disabled]
) -> Any:
    try:
        made = found.plugin.build(settings)
        check(found.plugin.name, made)
    except SettingsError:
        raise
    except (Exception, SystemExit) as error:
        disabled.append(Disabled(group, found.plugin.name, found.owner, _reason(error)))
        return None
    return made


def _check_protocol(name: str, made: object) -> None:
    lacking = [part for part in ("name", "bind", "open", "decode", "encode", "fault") if not hasattr(made, part)]
    if lacking:
        raise Unfit(f"what it builds is no WireProtocol: it has no {', '.join(lacking)}")
    if (own := getattr(made, "name", None)) != name:
        raise Unfit(f"the plug-in is called {name!r}, the protocol that it builds {own!r}; give both one name")


def _check_api(name: str, made: object) -> None:
    if not isinstance(made, Api):
        raise Unfit("what it builds is not an Api")
    if made.name != name:
        raise Unfit(f"the plug-in is called {name!r}, the API that it builds {made.name!r}; give both one name")
    if not made.native:
        raise Unfit("its Api names no native protocol: the first one gives the dialect of a fault on an unknown path")
    if untold := [kind.value for kind in FaultKind if kind not in made.faults]:
        raise Unfit(f"its table of faults has no row for {', '.join(untold)}")
    names = [operation.name.lower() for operation in made.operations]
    if twice := sorted({each for each in names if names.count(each) > 1}):
        raise Unfit(f"it has two operations of one name: {', '.join(twice)}")
