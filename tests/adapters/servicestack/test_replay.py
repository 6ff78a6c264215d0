"""The 94 exchanges recorded with a ServiceStack v3 server, asked of the protocol itself."""

import importlib.util
from http import HTTPStatus
from pathlib import Path

GOLDEN = Path(__file__).parents[2] / "golden" / "servicestack"


def _load(name, path):
    spec = importlib.util.spec_from_file_location(name, path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


replay = _load("replay_exchanges", Path(__file__).with_name("replay_exchanges.py"))
recording = _load("servicestack_recording", Path(__file__).with_name("conftest.py"))
DEVIATIONS = {
    line.split("#")[0].strip(): line.partition("#")[2].strip()
    for line in (GOLDEN / "deviations.txt").read_text(encoding="utf-8").splitlines()
    if line.split("#")[0].strip()
}


def differences(driver, exchange):
    body = (exchange["body"] or "").encode()
    response = driver(exchange["method"], exchange["path"], exchange["headers"], body)
    reason = response.reason or HTTPStatus(response.status).phrase
    content_type = dict(response.headers).get("Content-Type", "")
    return replay.differences(exchange["expect"], response.status, reason, content_type, response.body)


def test_answers_as_the_recorded_server_did(recorded):
    wrong = {}
    for exchange in recording.exchanges():
        found = differences(recorded, exchange)
        name = f"{exchange['method']} {exchange['path']}"
        if found and name not in DEVIATIONS:
            wrong[f"{name} {exchange['headers']}"] = found
    assert wrong == {}


def test_every_listed_deviation_has_a_reason_and_is_one(recorded):
    assert all(DEVIATIONS.values())
    differing = {f"{x['method']} {x['path']}" for x in recording.exchanges() if differences(recorded, x)}
    assert set(DEVIATIONS) == differing
