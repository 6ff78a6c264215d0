"""Which golden cases there are; that they hold is what tests/conformance/test_built_in.py finds out."""

from pathlib import Path

import pytest

GOLDEN = Path(__file__).parent / "golden"


@pytest.mark.parametrize(
    "sample",
    [
        "workstation/SessionEnd__seed_sample_as_json",
        "workstation/SessionEnd__seed_sample_as_xml",
        "ontime/UserSessionPost__create",
        "biot/updateSession__stop",
        "mobileconnect/UserClientSessionLogRequest__seed_sample",
        "partstream/SWServiceLogout__seed_sample",
    ],
)
def test_a_published_sample_is_a_case(sample: str) -> None:
    assert (GOLDEN / sample / "request.http").is_file()
    assert (GOLDEN / sample / "response.http").is_file()


def test_every_request_has_its_answer() -> None:
    requests = {path.parent for path in GOLDEN.glob("*/*/request.http")}
    assert requests == {path.parent for path in GOLDEN.glob("*/*/response.http")}
    assert len(requests) > 350
