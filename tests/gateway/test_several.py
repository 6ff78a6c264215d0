"""Several unrelated requests in one body, as the example of JSON-RPC has them."""

import json
from collections.abc import Iterator
from importlib import util
from pathlib import Path
from typing import Any
from unittest import mock

import pytest

from gateway import boot, demo
from gateway.conformance.steady import MOMENT
from gateway.outcome import Fault, FaultKind
from gateway.wire import Headers, WireRequest, WireResponse
from tests.gateway.test_boot import errors, installed, raising

EXAMPLE = Path(__file__).parent.parent.parent / "examples" / "jsonrpc" / "jsonrpc_protocol.py"
KEY = {"Id": "170200123", "Key": "467512342123"}


def example() -> Any:
    spec = util.spec_from_file_location("jsonrpc_protocol", EXAMPLE)
    assert spec is not None
    assert spec.loader is not None
    module = util.module_from_spec(spec)
    with mock.patch.dict("sys.modules", {"jsonrpc_protocol": module}):
        spec.loader.exec_module(module)
    return module


JSONRPC = example()


@pytest.fixture
def gateway(tmp_path: Path) -> Iterator[boot.Gateway]:
    with installed(JSONRPC.PLUGIN):
        flags = {"database": f"sqlite:///{tmp_path}/any.db", "demo": "true"}
        settings = boot.load_settings(environment={}, flags=flags)
        demo.seed(settings, MOMENT)
        made = boot.assemble(settings, watch=False)
        yield made
        made.close()


def ask(gateway: boot.Gateway, calls: Any, **headers: str) -> WireResponse:
    fields = [("Authorization", "Bearer demo"), *((name.replace("_", "-"), value) for name, value in headers.items())]
    body = json.dumps(calls).encode()
    request = WireRequest("POST", "/jsonrpc", "", Headers(fields), body, received_at=MOMENT, raw_path="/jsonrpc")
    prepared = gateway.prepare(request)
    if isinstance(prepared, WireResponse):
        return prepared
    try:
        result = gateway.store.submit(prepared).result(10)
    except Fault as fault:
        result = fault
    return gateway.finish(prepared, result)


def told(response: WireResponse) -> Any:
    assert isinstance(response.body, bytes)
    return json.loads(response.body)


def call(method: str, number: int, **params: Any) -> dict[str, Any]:
    return {"jsonrpc": "2.0", "method": method, "params": params, "id": number}


def end(number: int, key: dict[str, str] = KEY) -> dict[str, Any]:
    request = {"Email": f"{number}@example.com", "CurrentDate": "2025-12-04 06:57:36", "Index": "1"}
    return call("workstation.SessionEnd", number, Authentication=key, Request=request)


def stored(gateway: boot.Gateway) -> list[str]:
    """The e-mail addresses of the workstation's sessions."""
    rows = told(ask(gateway, call("sessions.ListSessions", 0, api="workstation")))["result"]["items"]
    return sorted(row["subject"]["email"] for row in rows)


def test_each_has_its_own_end(gateway: boot.Gateway) -> None:
    answers = told(ask(gateway, [end(1), call("no.Such", 2), call("sessions.ListSessions", 3, limit="x"), end(4)]))
    assert [(answer["id"], answer.get("error", {}).get("code")) for answer in answers] == [
        (1, None),
        (2, -32601),
        (3, -32602),
        (4, None),
    ]
    assert stored(gateway) == ["1@example.com", "4@example.com"]


def test_each_write_counts_by_its_place_below_an_idempotency_key(gateway: boot.Gateway) -> None:
    both = [end(1), end(2)]
    first = told(ask(gateway, both, Idempotency_Key="one"))
    assert told(ask(gateway, both, Idempotency_Key="one")) == first
    swapped = told(ask(gateway, [end(2), end(1)], Idempotency_Key="one"))
    assert [answer["result"]["Message"]["Code"] for answer in swapped] == ["07", "07"]
    assert stored(gateway) == ["1@example.com", "2@example.com"]


def test_a_store_in_trouble_is_told_to_each_and_how_long_to_wait_to_all(gateway: boot.Gateway) -> None:
    fault = Fault(FaultKind.STORE_UNAVAILABLE, "no", retry_after=5)
    with mock.patch.object(gateway.store, "submit", side_effect=fault):
        response = ask(gateway, [end(1), call("no.Such", 2), end(3)])
    codes = [answer.get("result", {}).get("Message", {}).get("Code") for answer in told(response)]
    assert codes == ["91", None, "91"]
    assert dict(response.headers)["Retry-After"] == "5"


def test_too_many_are_refused_before_any_is_carried_out(gateway: boot.Gateway) -> None:
    assert told(ask(gateway, [end(1)] * 1001))["error"]["data"]["kind"] == "too_large"
    assert stored(gateway) == []


def test_one_body_cannot_be_used_to_try_many_secrets(gateway: boot.Gateway) -> None:
    guesses = [end(number, {"Id": "170200123", "Key": str(number)}) for number in range(11)]
    with mock.patch("gateway.identity.verify", side_effect=AssertionError("checked")):
        assert told(ask(gateway, guesses))["error"]["data"]["kind"] == "too_large"


@pytest.mark.parametrize("part", ["split", "join"])
def test_a_protocol_that_raises_there_is_told_in_its_dialect_and_counted(gateway: boot.Gateway, part: str) -> None:
    before = errors("protocol", "jsonrpc")
    with mock.patch.object(JSONRPC.JsonRpc, part, raising):
        assert told(ask(gateway, [end(1)]))["error"]["code"] == -32603
    assert errors("protocol", "jsonrpc") == before + 1


def test_an_answer_of_refusals_alone_needs_no_store(gateway: boot.Gateway) -> None:
    with mock.patch.object(gateway.store, "submit", side_effect=AssertionError("asked")):
        assert [answer["error"]["code"] for answer in told(ask(gateway, [1, call("no.Such", 2)]))] == [-32600, -32601]
