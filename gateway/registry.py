"""Discovery of protocols and APIs: built-in ones and anyone's are found by the same entry points.

A plug-in that fails to import is disabled and named with its reason; it harms no other. Two plug-ins of one name stop
the boot, naming both owners.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from importlib.metadata import EntryPoint, entry_points
from typing import Any, Generic, TypeVar

from adapters.protocol import ProtocolPlugin, WireProtocol
from gateway.settings import Setting, Settings, SettingsError
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
    def settings(self) -> tuple[Setting, ...]:
        """The settings that the plug-ins declare."""
        plugins: list[ProtocolPlugin | ApiPlugin] = [found.plugin for found in self.protocols]
        plugins += [found.plugin for found in self.apis]
        return tuple(setting for plugin in plugins for setting in plugin.settings)


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
        except Exception as error:
            disabled.append(Disabled(group, point.name, _owner(point), f"{type(error).__name__}: {error}"))
            continue
        if isinstance(plugin, kind):
            yield Found(plugin, _owner(point))
        else:
            reason = f"{point.value} is not a {kind.__name__}"
            disabled.append(Disabled(group, point.name, _owner(point), reason))


def _owner(point: EntryPoint) -> str:
    return f"{point.dist.name} {point.dist.version}" if point.dist else point.value


def _refuse_duplicates(group: str, points: Sequence[EntryPoint]) -> None:
    owners: dict[str, str] = {}
    for point in points:
        if point.name in owners:
            raise BootError(
                f"{group}: both {owners[point.name]} and {_owner(point)} bring {point.name!r}; uninstall one"
            )
        owners[point.name] = _owner(point)


@dataclass(frozen=True)
class Built:
    """The protocols and APIs in force, and those that could not be built."""

    protocols: dict[str, WireProtocol]
    apis: dict[str, Api]
    disabled: tuple[Disabled, ...]


def build(registry: Registry, settings: Settings) -> Built:
    """Build every plug-in from its settings; one that raises is disabled, but a wrong setting stops the boot."""
    disabled = list(registry.disabled)
    protocols = {
        found.plugin.name: made
        for found in registry.protocols
        if (made := _attempt(PROTOCOLS, found, found.plugin.build, settings, disabled)) is not None
    }
    apis = {
        found.plugin.name: made
        for found in registry.apis
        if (made := _attempt(APIS, found, found.plugin.build, settings, disabled)) is not None
    }
    return Built(protocols, apis, tuple(disabled))


def _attempt(
    group: str, found: Found[Any], make: Callable[[Settings], Any], settings: Settings, disabled: list[Disabled]
) -> Any:
    try:
        return make(settings)
    except SettingsError:
        raise
    except Exception as error:
        disabled.append(Disabled(group, found.plugin.name, found.owner, f"{type(error).__name__}: {error}"))
        return None
