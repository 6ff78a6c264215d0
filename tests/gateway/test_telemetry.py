"""What an operator can read of each request."""

import asyncio
import io
import json
import logging
from dataclasses import asdict, replace

import pytest

from gateway import metrics, telemetry
from gateway.telemetry import RequestRecord

RECORD = RequestRecord("ontime", "UserSessionPost", "webapi", "POST", "/sites/a/x", 200, "c" * 32, 0.0042)


@pytest.fixture
def lines():
    stream = io.StringIO()
    handler = telemetry.handler(stream)
    telemetry.access.addHandler(handler)
    telemetry.access.setLevel(logging.INFO)
    yield lambda: [json.loads(line) for line in stream.getvalue().splitlines()]
    telemetry.access.removeHandler(handler)


def sample(name: str, **labels: str) -> float:
    return metrics.REGISTRY.get_sample_value(name, labels) or 0.0


def test_a_request_is_one_json_line_without_empty_fields(lines):
    telemetry.observe(replace(RECORD, notes=("unknown_member:Foo",), principal="key:1", repeated=True))
    (line,) = lines()
    assert line["time"].endswith("Z")
    assert {name: line[name] for name in ("level", "message", "api", "operation", "status", "seconds")} == {
        "level": "info", "message": "request", "api": "ontime", "operation": "UserSessionPost", "status": 200,
        "seconds": 0.0042,
    }  # fmt: skip
    assert line["notes"] == ["unknown_member:Foo"]
    assert line["repeated"] is True
    assert "fault" not in line


def test_each_line_tells_of_its_own_request(lines):
    rows = [
        replace(RECORD, correlation_id=f"{number:032x}", seconds=number / 8, bytes_in=number, bytes_out=2 * number)
        for number in range(3)
    ]
    odd = replace(rows[1], path='/sites/"ü"\\', principal='key:"1"', tenant="ten\nant", method="PÜT", api="")
    for row in (*rows, odd):
        telemetry.observe(row)
    shown = [{name: value for name, value in asdict(row).items() if value or name == "seconds"} for row in (*rows, odd)]
    rest = {"level": "info", "logger": "gateway.access", "message": "request"}
    assert [{name: value for name, value in line.items() if name != "time"} for line in lines()] == [
        {**rest, **row} for row in shown
    ]


@pytest.mark.parametrize(
    ("fault", "level"), [("internal", "error"), ("store_unavailable", "error"), ("invalid", "info")]
)
def test_only_our_own_failures_are_errors(lines, fault, level):
    telemetry.observe(replace(RECORD, fault=fault, fault_log="why"))
    assert lines()[0]["level"] == level
    assert lines()[0]["fault_log"] == "why"


def test_a_line_break_in_a_value_stays_inside_its_line(lines):
    telemetry.observe(replace(RECORD, path='/a\n{"level":"forged"}'))
    assert len(lines()) == 1


def test_a_text_that_is_no_unicode_is_logged_all_the_same(lines):
    telemetry.observe(replace(RECORD, fault="invalid", fault_log="bad \udc80"))
    assert lines()[0]["fault_log"] == "bad \udc80"


def test_what_is_no_text_or_no_id_does_not_keep_a_line_from_being_told(lines):
    telemetry.observe(replace(RECORD, fault="invalid", fault_log=ValueError("why"), correlation_id='"\n'))
    telemetry.observe(RECORD)
    assert [(line.get("fault_log"), line["correlation_id"]) for line in lines()] == [("why", '"\n'), (None, "c" * 32)]


def test_an_exception_is_told_with_its_place():
    stream = io.StringIO()
    logger = logging.getLogger("test.telemetry")
    logger.addHandler(telemetry.handler(stream))
    try:
        raise KeyError("lost")
    except KeyError:
        logger.exception("failed", extra={"correlation_id": "c1"})
    line = json.loads(stream.getvalue())
    assert line["correlation_id"] == "c1"
    assert "KeyError: 'lost'" in line["error"]


def test_requests_faults_notes_and_repeats_are_counted():
    labels = {"api": "counted", "operation": "UserSessionPost", "protocol": "webapi"}
    record = replace(
        RECORD, api="counted", status=409, fault="conflict", notes=("odd:caller's own word",), repeated=True
    )
    telemetry.observe(record)
    telemetry.observe(record)
    assert sample("session_gateway_requests_total", **labels, status="409") == 2
    assert sample("session_gateway_faults_total", **labels, kind="conflict") == 2
    assert sample("session_gateway_repeated_total", api="counted") == 2
    assert sample("session_gateway_request_seconds_count", **labels) == 2


def test_a_label_never_holds_a_callers_own_word():
    telemetry.observe(replace(RECORD, api="labelled", notes=("unknown_member:Secret",)))
    assert sample("session_gateway_notes_total", api="labelled", note="unknown_member") == 1
    assert b"Secret" not in metrics.exposition()[1]


def test_commits_are_counted_with_their_size():
    before = sample("session_gateway_commit_writes_sum")
    metrics.committed(7, 0.002)
    assert sample("session_gateway_commit_writes_sum") == before + 7


def test_on_a_loop_lines_and_counters_wait_a_moment_for_others(lines):
    labels = {"api": "waiting", "operation": "UserSessionPost", "protocol": "webapi"}

    async def two():
        telemetry.observe(replace(RECORD, api="waiting", seconds=0.003))
        telemetry.observe(replace(RECORD, api="waiting", seconds=20.0, fault="internal"))
        before = lines()
        await asyncio.sleep(telemetry.DELAY * 3)
        return before

    assert asyncio.run(two()) == []
    assert [line["level"] for line in lines()] == ["info", "error"]
    assert sample("session_gateway_requests_total", **labels, status="200") == 2
    assert sample("session_gateway_request_seconds_sum", **labels) == 20.003
    assert [
        sample("session_gateway_request_seconds_bucket", **labels, le=bound) for bound in ("0.0025", "0.005", "+Inf")
    ] == [0, 1, 2]


def test_what_waits_on_a_loop_that_ended_is_told_with_the_next_request(lines):
    async def one():
        telemetry.observe(replace(RECORD, status=201))

    asyncio.run(one())
    telemetry.observe(RECORD)
    assert [line["status"] for line in lines()] == [201, 200]
