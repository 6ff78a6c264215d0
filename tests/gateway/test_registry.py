"""Plug-ins: found by entry points, disabled when they fail, refused when two have one name."""

from importlib.metadata import EntryPoint
from types import ModuleType
from typing import Any
from unittest import mock

import pytest

from gateway import registry
from gateway.registry import APIS, PROTOCOLS, BootError
from gateway.settings import Settings, SettingsError
from schemas.api import ApiPlugin

BUILT_IN = {"workstation", "ontime", "biot", "mobileconnect", "partstream", "sessions"}


def broken(settings: Settings) -> Any:
    raise RuntimeError("cannot be built")


def misconfigured(settings: Settings) -> Any:
    raise SettingsError("mine.option: must be even")


BROKEN = ApiPlugin("broken", broken)
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


def test_one_whose_settings_are_wrong_stops_the_boot() -> None:
    points = with_points(EntryPoint("misconfigured", f"{__name__}:MISCONFIGURED", APIS))
    with (
        points,
        importable(),
        pytest.raises(SettingsError, match="must be even"),
    ):
        registry.build(registry.discover(), _defaults())


def test_two_of_one_name_stop_the_boot_naming_both() -> None:
    points = with_points(EntryPoint("biot", "one:PLUGIN", APIS), EntryPoint("biot", "two:PLUGIN", APIS))
    with points, pytest.raises(BootError, match="'biot'"):
        registry.discover()


def _defaults() -> Settings:
    from gateway import boot

    return boot.load_settings(environment={})


def importable() -> Any:
    """This module under its own name, which pytest does not give it."""
    module = ModuleType(__name__)
    module.BROKEN, module.MISCONFIGURED = BROKEN, MISCONFIGURED  # type: ignore[attr-defined]
    return mock.patch.dict("sys.modules", {__name__: module})
