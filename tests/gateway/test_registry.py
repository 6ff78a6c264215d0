"""Plug-ins: found by entry points, disabled when they fail, refused when two have one name."""

from importlib.metadata import EntryPoint
from types import ModuleType
from typing import Any
from unittest import mock

import pytest

from gateway import registry
from gateway.outcome import FaultKind
from gateway.registry import APIS, PROTOCOLS, BootError
from gateway.settings import Settings, SettingsError
from schemas.api import Api, ApiPlugin, Native

BUILT_IN = {"workstation", "ontime", "biot", "mobileconnect", "partstream", "sessions"}


def broken(settings: Settings) -> Any:
    raise RuntimeError("cannot be built")


def misconfigured(settings: Settings) -> Any:
    raise SettingsError("mine.option: must be even")


def partial_faults(settings: Settings) -> Api:
    return Api("partial", "", ("rest",), ("/partial",), (), {FaultKind.INTERNAL: Native(500)})


def leaves(settings: Settings) -> Any:
    raise SystemExit(3)


def misnamed(settings: Settings) -> Api:
    return Api("other", "", ("rest",), ("/other",), (), {})


BROKEN = ApiPlugin("broken", broken)
UNFIT = {
    "partial": (ApiPlugin("partial", partial_faults), "its table of faults has no row for malformed, "),
    "misnamed": (ApiPlugin("misnamed", misnamed), "called 'misnamed', the API that it builds 'other'"),
    "nothing": (ApiPlugin("nothing", lambda settings: None), "is not an Api"),  # type: ignore[arg-type,return-value]
    "leaving": (ApiPlugin("leaving", leaves), "SystemExit: 3"),
    "newer": (ApiPlugin("newer", broken, spi="1.99"), "it needs gateway.spi 1.99"),
    "renamed": (ApiPlugin("other", broken), "the entry point is called 'renamed', its plug-in 'other'"),
}
MISCONFIGURED = ApiPlugin("misconfigured", misconfigured)


def with_points(*points: EntryPoint) -> Any:
    real = registry.entry_points

    def found(group: str) -> list[EntryPoint]:
        return [*real(group=group), *(point for point in points if point.group == group)]

    return mock.patch.object(registry, "entry_points", found)


def test_the_built_in_ones_come_by_the_public_door() -> None:
    found = registry.discover()
    assert {item.plugin.name for item in found.apis} >= BUILT_IN
    assert {item.plugin.name for item in found.protocols} >= {"rest", "webapi", "servicestack", "soap"}
    assert found.disabled == ()


def test_one_that_cannot_be_imported_is_named_and_harms_no_other() -> None:
    with with_points(EntryPoint("mine", "no.such.module:PLUGIN", APIS)):
        found = registry.discover()
    assert [(item.name, item.reason.split(":")[0]) for item in found.disabled] == [("mine", "ModuleNotFoundError")]
    assert {item.plugin.name for item in found.apis} >= BUILT_IN


def test_one_that_is_something_else_is_named() -> None:
    with with_points(EntryPoint("mine", "gateway.wire:WireRequest", PROTOCOLS)):
        found = registry.discover()
    assert "is not a ProtocolPlugin" in found.disabled[0].reason


def test_one_that_cannot_be_built_is_disabled() -> None:
    with (
        with_points(EntryPoint("broken", f"{__name__}:BROKEN", APIS)),
        importable(),
    ):
        built = registry.build(registry.discover(), _defaults())
    assert [item.name for item in built.disabled] == ["broken"]
    assert set(built.apis) >= BUILT_IN


@pytest.mark.parametrize("name", UNFIT)
def test_one_that_cannot_be_used_is_disabled_with_what_is_wrong(name: str) -> None:
    plugin, reason = UNFIT[name]
    module = ModuleType("unfit")
    module.PLUGIN = plugin  # type: ignore[attr-defined]
    with with_points(EntryPoint(name, "unfit:PLUGIN", APIS)), mock.patch.dict("sys.modules", {"unfit": module}):
        built = registry.build(registry.discover(), _defaults())
    ((found, told),) = ((item.name, item.reason) for item in built.disabled)
    assert found == name
    assert reason in told
    assert set(built.apis) == BUILT_IN


def test_what_is_set_for_one_that_is_disabled_is_passed_over() -> None:
    from gateway import boot

    with with_points(EntryPoint("mine", "no.such.module:PLUGIN", APIS)):
        settings = boot.load_settings(environment={"SESSION_GATEWAY_MINE_TEXT": "x", "SESSION_GATEWAY_DEMO": "true"})
        assert settings["demo"] is True
        with pytest.raises(SettingsError, match="YOURS_TEXT"):
            boot.load_settings(environment={"SESSION_GATEWAY_YOURS_TEXT": "x"})


def test_one_whose_settings_are_wrong_stops_the_boot() -> None:
    points = with_points(EntryPoint("misconfigured", f"{__name__}:MISCONFIGURED", APIS))
    with (
        points,
        importable(),
        pytest.raises(SettingsError, match="must be even"),
    ):
        registry.build(registry.discover(), _defaults())


def test_two_of_one_name_stop_the_boot_naming_both() -> None:
    points = with_points(EntryPoint("biot", "one:PLUGIN", APIS))
    with points, pytest.raises(BootError, match=r"both session-gateway \S+ and one:PLUGIN bring 'biot'|both one:"):
        registry.discover()


def _defaults() -> Settings:
    from gateway import boot

    return boot.load_settings(environment={})


def importable() -> Any:
    """This module under its own name, which pytest does not give it."""
    module = ModuleType(__name__)
    module.BROKEN, module.MISCONFIGURED = BROKEN, MISCONFIGURED  # type: ignore[attr-defined]
    return mock.patch.dict("sys.modules", {__name__: module})
