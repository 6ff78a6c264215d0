"""The pipeline: what a plug-in does wrong, or a caller, is answered in the caller's dialect."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from unittest import mock

import pytest

from adapters.protocol import Exchange
from adapters.rest import Rest
from gateway import boot, demo
from gateway.conformance.steady import MOMENT
from gateway.identity import Unverified
from gateway.outcome import Fault, FaultKind, Outcome
from gateway.pipeline import Pipeline, Refused
from gateway.wire import Headers, WireRequest, WireResponse
from gateway.work import Work


@pytest.fixture(scope="module")
def gateway(tmp_path_factory: pytest.TempPathFactory) -> Iterator[boot.Gateway]:
    database = tmp_path_factory.mktemp("pipeline") / "any.db"
    settings = boot.load_settings(environment={}, flags={"database": f"sqlite:///{database}", "demo": "true"})
    demo.seed(settings, MOMENT)
    made = boot.assemble(settings, watch=False)
    yield made
    made.close()


def request(method: str, path: str, body: bytes = b"", **headers: str) -> WireRequest:
    fields = [(name.replace("_", "-"), value) for name, value in headers.items()]
    return WireRequest(method, path, headers=Headers(fields), body=body, received_at=MOMENT, raw_path=path)


def operator(path: str, method: str = "GET", body: bytes = b"") -> WireRequest:
    return request(method, path, body, authorization="Bearer demo")


def kind(prepared: Any) -> FaultKind | None:
    assert isinstance(prepared, Refused)
    return prepared.fault.kind if prepared.fault else None


def test_prepare_gives_work_without_doing_it(gateway: boot.Gateway) -> None:
    prepared = gateway.prepare(operator("/v1/sessions"))
    assert isinstance(prepared, Work)
    assert not prepared.is_write


def test_a_protocol_that_raises_gives_its_caller_an_internal_fault(gateway: boot.Gateway) -> None:
    with mock.patch.object(Rest, "decode", side_effect=ZeroDivisionError):
        prepared = gateway.prepare(operator("/v1/sessions"))
    assert kind(prepared) is FaultKind.INTERNAL
    assert isinstance(prepared, WireResponse)
    assert isinstance(prepared.body, bytes)
    assert json.loads(prepared.body)["status"] == 500
    assert b"ZeroDivision" not in prepared.body


def test_an_api_that_raises_while_it_answers_is_told_apart_in_the_log_only(gateway: boot.Gateway) -> None:
    prepared = gateway.prepare(operator("/v1/sessions"))
    assert isinstance(prepared, Work)
    with mock.patch.object(Rest, "encode", side_effect=ZeroDivisionError("secret detail")):
        answer = gateway.finish(prepared, Outcome())
    assert kind(answer) is FaultKind.INTERNAL
    assert isinstance(answer, Refused)
    assert answer.fault is not None
    assert "secret detail" in answer.fault.log
    assert b"secret detail" not in bytes(answer.body if isinstance(answer.body, bytes) else b"")


def test_even_a_fault_that_cannot_be_rendered_is_answered(gateway: boot.Gateway) -> None:
    with mock.patch.object(Rest, "fault", side_effect=ZeroDivisionError):
        answer = gateway.prepare(request("GET", "/v1/sessions"))
    assert isinstance(answer, WireResponse)
    assert (answer.status, answer.body) == (500, b"Internal Server Error")


@pytest.mark.parametrize("method", ["GET", "HEAD", "OPTIONS", "TRACE"])
def test_a_write_never_happens_by_a_safe_method(gateway: boot.Gateway, method: str) -> None:
    for path in ("/json/reply/SessionEnd", "/api/v1/workstation/session/end", "/3dpartstream/xml"):
        prepared = gateway.prepare(request(method, path))
        assert not isinstance(prepared, Work), path


def test_a_door_refuses_in_the_dialect_of_the_path(gateway: boot.Gateway) -> None:
    fault = Fault(FaultKind.TOO_LARGE, "The body is larger than 5 bytes.")
    workstation = gateway.reject(request("POST", "/api/v1/workstation/session/end"), fault)
    partstream = gateway.reject(request("POST", "/3dpartstream/xml"), fault)
    assert workstation.status == 413
    assert b"<faultcode>1007</faultcode>" in bytes(partstream.body if isinstance(partstream.body, bytes) else b"")


def test_nothing_secret_stands_in_the_repr_of_work(gateway: boot.Gateway) -> None:
    body = (Path(__file__).parent.parent / "data" / "requests" / "workstation-session-end.json").read_bytes()
    prepared = gateway.prepare(
        request("POST", "/api/v1/workstation/session/end", body, content_type="application/json")
    )
    assert isinstance(prepared, Work)
    assert b"467512342123" not in prepared.raw.body
    assert "467512342123" not in repr(prepared.command)


def test_every_protocol_carries_every_api_in_the_demo(gateway: boot.Gateway) -> None:
    for name, protocol in gateway.protocols.items():
        offered = boot.offers(name, gateway.built, gateway.settings)
        assert {offer.api.name for offer in offered} == set(gateway.apis)
        assert protocol.bind(offered)


@pytest.mark.parametrize("path", ["/webapi/partstream/SWServiceLogout", "/rest/partstream/SWServiceLogout"])
def test_a_soap_operation_speaks_json_too(gateway: boot.Gateway, path: str) -> None:
    prepared = gateway.prepare(request("POST", path, b'{"sessionid":"0000"}', content_type="application/json"))
    assert isinstance(prepared, Work)
    assert prepared.operation.name == "SWServiceLogout"


def test_a_pipeline_keeps_nothing_between_requests() -> None:
    assert {name for name in vars(Pipeline) if not name.startswith("_")} >= {"prepare", "finish", "open", "refuse"}
    assert Exchange.__dataclass_params__.frozen  # type: ignore[attr-defined]


def test_requests_that_come_together_are_prepared_as_each_would_be_alone(gateway: boot.Gateway) -> None:
    workstation = (Path(__file__).parents[1] / "data" / "requests" / "workstation-session-end.xml").read_bytes()
    end = "/api/v1/workstation/session/end"
    requests = [
        operator("/v1/sessions"),
        request("POST", end, workstation, content_type="application/xml"),
        request("POST", end, workstation[:-9], content_type="application/xml"),
        request("GET", end),
        request("GET", "/nowhere"),
        request("POST", end, workstation.replace(b">467512342123<", b">another<"), content_type="application/xml"),
        operator("/v1/sessions?limit=no"),
    ]
    gateway.prepare(requests[1])  # its secret is known from now on, and that of the sixth is not
    alone: list[object] = []
    for each in requests:
        try:
            alone.append(gateway.prepare(each, inline=False))
        except Unverified as unverified:
            alone.append(unverified)
    together = gateway.prepare_all(requests)
    assert [shape(made) for made in together] == [shape(made) for made in alone]
    assert len({repr(shape(made)) for made in together}) > 4
    assert isinstance(together[1], Work)
    assert isinstance(together[5], Unverified)
    with mock.patch.object(Rest, "decode", side_effect=ZeroDivisionError):
        broken = gateway.prepare_all(requests)
    assert kind(broken[0]) is FaultKind.INTERNAL
    assert [shape(made) for made in broken[1:6]] == [shape(made) for made in alone[1:6]]


def shape(made: Any) -> object:
    if isinstance(made, Refused):
        return made.status, made.body, made.fault.kind if made.fault else None
    return (type(made), made.command) if isinstance(made, Work) else type(made)
