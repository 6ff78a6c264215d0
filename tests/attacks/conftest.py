"""One gateway for all attacks: the demo, everything offered over everything, on a store of its own."""

import gc
import json
import time
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from unittest import mock

import pytest
from lxml import etree

from gateway import boot, demo, telemetry
from gateway.arrival import too_large
from gateway.credentials import Credential, key_verifier
from gateway.outcome import Fault
from gateway.pipeline import Refused
from gateway.wire import WireRequest, WireResponse
from tests.attacks.targets import MOMENT, OWN_KEY, Target, targets


@pytest.fixture(autouse=True, scope="module")
def own_garbage() -> Iterator[None]:
    """Processor time is measured here: to look through what thousands of tests left behind takes a second of it."""
    gc.collect()
    gc.freeze()
    yield
    gc.unfreeze()


@dataclass
class Bench:
    """A gateway, its good requests, and what it logged last."""

    gateway: boot.Gateway
    targets: list[Target]
    records: list[telemetry.RequestRecord]

    def ask(self, request: WireRequest) -> "Answered":
        """One request through all of the pipeline. Whatever escapes it fails the test."""
        before, begin = self.gateway.store.last_position(), time.process_time()
        limit = self.gateway.settings["limits.body_bytes"]
        large = len(request.body) > limit  # no door would have read it
        prepared = self.gateway.reject(request, too_large(limit)) if large else self.gateway.prepare(request)
        result: Any = None
        if isinstance(prepared, WireResponse):
            response = prepared
        else:
            try:
                result = self.gateway.store.submit(prepared).result(10)
            except Fault as fault:
                result = fault
            response = self.gateway.finish(prepared, result)
        seconds = time.process_time() - begin
        self.gateway.record(request, prepared, result, response, seconds)
        fault = response.fault if isinstance(response, Refused) else result if isinstance(result, Fault) else None
        stored = self.gateway.store.last_position() - before
        return Answered(response, fault, stored, seconds, self.records[-1])


@dataclass
class Answered:
    """An answer, the fault that it tells, how many events were stored, CPU seconds, and the line of the log."""

    response: WireResponse
    fault: Fault | None
    stored: int
    seconds: float
    record: telemetry.RequestRecord

    @property
    def kind(self) -> str:
        """What came of it."""
        return self.fault.kind.value if self.fault is not None else "accepted"

    def check_form(self) -> None:
        """The answer is whole in the format that it says it is in."""
        body = self.response.body
        assert isinstance(body, bytes)
        media_type = {name.lower(): text for name, text in self.response.headers}.get("content-type", "")
        if "json" in media_type:
            json.loads(body.decode("utf-16" if "utf-16" in media_type else "utf-8"), parse_constant=_no_constant)
        elif "xml" in media_type:
            etree.fromstring(body.decode("utf-16").encode() if "utf-16" in media_type else body)
        else:
            assert media_type.startswith(("text/", "application/jsv")) or not body, media_type
            body.decode()


def _no_constant(name: str) -> None:
    raise AssertionError(f"{name} is not JSON")


# For a module at a time: what is patched here would change the tests of others.
@pytest.fixture(scope="module", name="bench")
def gateway_to_attack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Bench]:
    with mock.patch("gateway.credentials.SCRYPT_N", 2), bench_in(tmp_path_factory.mktemp("attacks")) as made:
        yield made


@contextmanager
def bench_in(place: Path) -> Iterator[Bench]:
    """A gateway to attack, with its store in a folder."""
    flags = {"database": f"sqlite:///{place}/gateway.db", "demo": "true"}
    settings = boot.load_settings(environment={}, flags=flags)
    token = demo.seed(settings, MOMENT)["biot-token"]
    gateway = boot.assemble(settings, watch=False)
    scopes = ("sessions:read", "sessions:write")
    gateway.store.add_credential(
        Credential(uuid.uuid4(), "sessions", "key", key_verifier(OWN_KEY), MOMENT, tenant="demo", scopes=scopes)
    )
    gateway.reload_credentials()
    records: list[telemetry.RequestRecord] = []
    with mock.patch("gateway.telemetry.observe", records.append):
        try:
            yield Bench(gateway, list(targets(gateway.apis, token)), records)
        finally:
            gateway.close()
