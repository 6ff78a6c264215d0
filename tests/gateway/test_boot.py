"""Assembly with plug-ins of others: what is wrong with one harms no other, and two that clash are both named."""

import json
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from importlib import metadata
from pathlib import Path
from typing import Any
from unittest import mock

import pytest

from adapters.rest import Rest
from gateway import boot, cli, health
from gateway.outcome import Fault, FaultKind
from gateway.registry import APIS, PROTOCOLS, BootError
from gateway.spi import (
    Answer,
    Api,
    ApiPlugin,
    Mapped,
    Native,
    Operation,
    Probe,
    ProtocolPlugin,
    Route,
    Setting,
    WireSchema,
    message_of,
)
from gateway.wire import WireRequest, WireResponse
from tests.gateway.test_registry import with_points


class Ping(WireSchema):
    """Nothing."""


def ping(
    name: str, *routes: str, native: tuple[str, ...] = ("rest",), prefix: str = "", method: str = "GET", **options: Any
) -> ApiPlugin:
    """An API of one operation that anybody may call."""
    made = {
        "command": lambda tree, context: Mapped(Probe()),
        "present": lambda outcome, asked: Answer({}),
        "writes": False,
        "public": True,
        **options,
    }
    message = message_of(Ping)
    operation = Operation(name.title(), message, message, routes=tuple(Route(method, path) for path in routes), **made)
    faults = dict.fromkeys(FaultKind, Native(418, "TEAPOT"))
    api = Api(name, name, native, (prefix or f"/{name}",), (operation,), faults)
    return ApiPlugin(name, lambda settings: api)


class Distribution(metadata.Distribution):
    """What an installed package looks like to the registry."""

    def __init__(self, name: str) -> None:
        self._name = name

    def read_text(self, filename: str) -> str | None:
        return f"Metadata-Version: 2.1\nName: {self._name}\nVersion: 2.0\n" if filename == "METADATA" else None

    def locate_file(self, path: Any) -> Any:
        raise NotImplementedError


@contextmanager
def installed(*plugins: ApiPlugin | ProtocolPlugin) -> Iterator[None]:
    """Each plug-in as if ``<name>-dist`` had brought it."""
    points = []
    with ExitStack() as stack:
        for plugin in plugins:
            module = mock.Mock(PLUGIN=plugin)
            stack.enter_context(mock.patch.dict("sys.modules", {f"plug_{plugin.name}": module}))
            group = APIS if isinstance(plugin, ApiPlugin) else PROTOCOLS
            point = metadata.EntryPoint(plugin.name, f"plug_{plugin.name}:PLUGIN", group)
            vars(point).update(dist=Distribution(f"{plugin.name}-dist"))
            points.append(point)
        stack.enter_context(with_points(*points))
        yield


@contextmanager
def assembled(folder: Path, *plugins: ApiPlugin | ProtocolPlugin, **flags: Any) -> Iterator[boot.Gateway]:
    with installed(*plugins):
        given = {"database": f"sqlite:///{folder}/any.db", **flags}
        gateway = boot.assemble(boot.load_settings(environment={}, flags=given), watch=False)
        try:
            yield gateway
        finally:
            gateway.close()


def ask(gateway: boot.Gateway, path: str, method: str = "GET", body: bytes = b"") -> WireResponse:
    prepared = gateway.prepare(WireRequest(method, path, raw_path=path, body=body))
    if isinstance(prepared, WireResponse):
        return prepared
    try:
        result = gateway.store.submit(prepared).result(10)
    except Fault as fault:
        result = fault
    return gateway.finish(prepared, result)


def errors(group: str, plugin: str) -> float:
    from gateway.metrics import REGISTRY

    labels = {"group": group, "plugin": plugin}
    return REGISTRY.get_sample_value("session_gateway_plugin_errors_total", labels) or 0.0


def raising(*_: object) -> Any:
    raise ZeroDivisionError("of the plug-in")


def test_an_api_of_another_package_is_served(tmp_path: Path) -> None:
    with assembled(tmp_path, ping("kiosk", "/kiosk/ping")) as gateway:
        assert ask(gateway, "/kiosk/ping").status == 200
        assert ask(gateway, "/kiosk/other").status == 418


@pytest.mark.parametrize(
    ("plugins", "flags", "told"),
    [
        (
            (ping("one", "/same"), ping("two", "/same")),
            {},
            [
                "/same is claimed by two over rest and by one over rest",
                "one of one-dist 2.0 over rest of session-gateway",
                "two of two-dist 2.0",
            ],
        ),
        ((ping("one", "/a/{x}/c"), ping("two", "/a/{y}/c")), {}, ["one of one-dist 2.0", "two of two-dist 2.0"]),
        (
            (ping("one", "/API/v1/workstation/session/end", method="POST"),),
            {},
            ["one of one-dist 2.0 over rest", "workstation of session-gateway", "over webapi"],
        ),
        (
            (ping("one", "/1", prefix="/api/V1/workstation/"),),
            {},
            ["the prefix /api/v1/workstation is claimed", "one of one-dist 2.0", "workstation of session-gateway"],
        ),
        (
            (ping("one", "/1", native=("servicestack",)), ping("ONE", "/2", native=("servicestack",), prefix="/x")),
            {},
            ["the operation One is offered over servicestack by both", "one of one-dist 2.0", "ONE of ONE-dist 2.0"],
        ),
    ],
    ids=["route", "template", "any-case", "prefix", "operation"],
)
def test_two_that_clash_stop_the_boot_naming_both_owners(
    tmp_path: Path, plugins: tuple[ApiPlugin, ...], flags: dict[str, Any], told: list[str]
) -> None:
    with pytest.raises(BootError) as caught, assembled(tmp_path, *plugins, **flags):
        pass
    assert [part for part in told if part not in str(caught.value)] == [], str(caught.value)


def test_a_setting_declared_twice_stops_the_boot_naming_both_owners(tmp_path: Path) -> None:
    api = ping("one", "/1")
    twice = ApiPlugin("one", api.build, (Setting("biot.environment", "", "Mine."),))
    told = r"biot.environment is declared by both session-gateway \S+ and one-dist 2.0"
    with pytest.raises(BootError, match=told), assembled(tmp_path, twice):
        pass


def test_a_protocol_that_cannot_bind_is_disabled_and_the_others_serve(tmp_path: Path) -> None:
    class Unbindable(Rest):
        bind = raising

    broken = ProtocolPlugin("broken", lambda settings: Unbindable("broken"))
    with assembled(tmp_path, broken, offer="sessions:rest,ontime:broken") as gateway:
        assert [(row.name, row.owner, row.reason) for row in gateway.disabled] == [
            ("broken", "broken-dist 2.0", "ZeroDivisionError: of the plug-in")
        ]
        assert ask(gateway, "/v1/sessions").status == 401
        ready = health.answer(gateway, WireRequest("GET", "/-/ready"))
    assert ready.status == 200
    assert isinstance(ready.body, bytes)
    assert "plug-in broken (broken-dist 2.0)" in json.loads(ready.body)["problems"][0]


def test_an_api_whose_only_protocol_is_gone_is_an_unknown_path(tmp_path: Path) -> None:
    with assembled(tmp_path, ping("lonely", "/lonely/ping", native=("gone",))) as gateway:
        assert ask(gateway, "/lonely/ping").status == 404


@pytest.mark.parametrize("part", ["command", "present", "credentials"])
def test_an_api_that_raises_tells_its_caller_in_its_dialect_and_is_counted(tmp_path: Path, part: str) -> None:
    before = errors("api", "kiosk")
    with assembled(tmp_path, ping("kiosk", "/kiosk/ping", **{part: raising})) as gateway:
        answer = ask(gateway, "/kiosk/ping")
    assert answer.status == 418
    assert isinstance(answer.body, bytes)
    assert json.loads(answer.body)["code"] == "TEAPOT"
    assert b"ZeroDivision" not in answer.body
    assert errors("api", "kiosk") == before + 1


@pytest.mark.parametrize("part", ["open", "decode", "encode"])
def test_a_protocol_that_raises_tells_its_caller_in_its_dialect_and_is_counted(tmp_path: Path, part: str) -> None:
    class Raising(Rest):
        """REST, with a bug."""

    setattr(Raising, part, raising)
    broken = ProtocolPlugin("raising", lambda settings: Raising("raising"))
    before = errors("protocol", "raising")
    with assembled(tmp_path, broken, ping("kiosk", "/kiosk/ping", native=("raising",))) as gateway:
        answer = ask(gateway, "/kiosk/ping")
        assert ask(gateway, "/v1/sessions").status == 401
    assert answer.status == 418
    assert errors("protocol", "raising") == before + 1


@pytest.mark.parametrize("given", [None, b"bytes"])
def test_what_is_no_answer_is_a_defect_of_the_protocol(tmp_path: Path, given: object) -> None:
    class Wrong(Rest):
        def encode(self, *_: object) -> Any:
            return given

    broken = ProtocolPlugin("wrong", lambda settings: Wrong("wrong"))
    before = errors("protocol", "wrong")
    with assembled(tmp_path, broken, ping("kiosk", "/kiosk/ping", native=("wrong",))) as gateway:
        assert ask(gateway, "/kiosk/ping").status == 418
    assert errors("protocol", "wrong") == before + 1


def test_a_check_that_raises_inside_the_transaction_is_counted_too(tmp_path: Path) -> None:
    from gateway.spi import EventKind, Missing, Principal, Write

    made = Mapped(Write(EventKind.OPENED, missing=Missing.CREATE))
    plugin = ping("kiosk", "/kiosk/ping", writes=True, check=raising, command=lambda tree, context: made)
    before = errors("api", "kiosk")
    with assembled(tmp_path, plugin, offer="kiosk:webapi") as gateway:
        who = mock.patch.object(boot.Pipeline, "_who", return_value=(Principal("me", "kiosk", "t"), None))
        with who:
            answer = ask(gateway, "/webapi/kiosk/Kiosk", "POST")
        assert gateway.store.ready() is None
    assert answer.status == 418
    assert errors("api", "kiosk") == before + 1


@pytest.mark.parametrize("command", ["apis", "protocols"])
def test_a_disabled_one_is_named_in_the_log_and_on_the_command_line(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, capsys: pytest.CaptureFixture[str], command: str
) -> None:
    plugin = ApiPlugin("newer", raising, spi="1.99")
    reason = "it needs gateway.spi 1.99, and this gateway has 1.0: install a newer gateway"
    with assembled(tmp_path, plugin) as gateway:
        assert "workstation" in gateway.apis
        assert f"plug-in newer (newer-dist 2.0) is disabled: {reason}" in caplog.text
        assert cli.main([command]) == 0
    told = capsys.readouterr()
    assert f"not available: newer (newer-dist 2.0): {reason}" in told.err
    assert "workstation" in told.out
