"""Whole answers against the recorded files."""

import importlib.util
from pathlib import Path

import pytest

from adapters.codecs.csv import Csv
from gateway.outcome import Fault, FaultKind, FieldError
from schemas.api import Answer, NativeFault

_spec = importlib.util.spec_from_file_location("servicestack_recording", Path(__file__).with_name("conftest.py"))
recording = importlib.util.module_from_spec(_spec)
_spec.loader.exec_module(recording)

ASKED = {"ClientReferUid": "sed", "DeviceSerialNumber": "abc"}
TREES = {"": recording.full_answer(ASKED), "-empty": {}, "-emptylist": {"LogEntries": []}}
EMPTY_MESSAGE = "'Device Serial Number' should not be empty."
POSITIVE = "'Records Per Page' must be greater than '0'."


def answer(recorded, path, tree):
    exchange = opened(recorded, path)
    return recorded.protocol.encode(exchange, recording.RESPONSE, [Answer(tree)])


def opened(recorded, path):
    recorded("GET", f"{path}?ClientReferUid=empty")
    return recorded.last


@pytest.mark.parametrize("suffix", TREES)
@pytest.mark.parametrize("name", ["xml", "json", "jsv"])
def test_writes_the_recorded_bytes(recorded, golden, name, suffix):
    tree = TREES[suffix]
    if not suffix:
        tree = {**tree, "RecordsPerPage": 10}
    response = answer(recorded, f"/{name}/reply/UserClientSessionLogRequest", tree)
    assert response.body == golden(f"v3-datacontract-response{suffix}.{name}")


def test_writes_the_recorded_csv(recorded, golden):
    tree = {**TREES[""], "RecordsPerPage": 10}
    response = answer(recorded, "/csv/reply/UserClientSessionLogRequest", tree)
    assert response.body == golden("v3-poco-response.csv")
    assert dict(response.headers)["Content-Disposition"] == "attachment;filename=UserClientSessionLogRequest.csv"


@pytest.mark.parametrize("suffix", TREES)
def test_writes_a_row_for_each_entry_as_recorded(golden, suffix):
    codec = Csv(recording.ZONE, rows=True, newline="\n")
    assert codec.encode(TREES[suffix], recording.RESPONSE) == golden(f"v3-datacontract-response{suffix}.csv")


@pytest.mark.parametrize("name", ["xml", "json", "jsv", "csv"])
def test_tells_every_violation_as_recorded(recorded, golden, name):
    fields = (FieldError("DeviceSerialNumber", EMPTY_MESSAGE, "required"), FieldError("RecordsPerPage", POSITIVE))
    fault = Fault(FaultKind.INVALID, EMPTY_MESSAGE, fields=fields)
    exchange = opened(recorded, f"/{name}/reply/UserClientSessionLogRequest")
    response = recorded.protocol.fault(exchange, NativeFault(400, "NotEmpty", EMPTY_MESSAGE, fault))
    expected = golden(f"v3-datacontract-error-validation.{name}").replace(b"GreaterThan", b"Predicate")
    assert response.body == expected
    assert (response.status, response.reason) == (400, "NotEmpty")


def test_an_error_told_inside_an_answer_is_one_document_also_for_a_batch(recorded):
    recorded("POST", "/json/reply/UserClientSessionLogRequest[]", {}, b'[{"ClientReferUid":"empty"}]')
    own = recording.f.message_of(recording.ServerErrorDetails)
    response = recorded.protocol.encode(recorded.last, own, [Answer({"Description": "no"}, 200, own)])
    assert response.body == b'{"Code":"ClientDataSubmissionFailure","Description":"no"}'
