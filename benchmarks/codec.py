"""What one end of a session costs before the store: ``python -m benchmarks.codec``.

The published sample in DataContract XML is parsed, decoded and checked, and its answer encoded, in one process.
"""

from collections.abc import Callable, Mapping
from pathlib import Path
from statistics import median
from time import perf_counter_ns

from adapters import xml
from adapters.codecs.datacontract import WEBAPI
from gateway.limits import DEFAULT
from schemas.fields import message_of
from schemas.workstation_messages import ContactsOutgoingModel, SessionEndBindingModel

BODY = (Path(__file__).parent.parent / "tests" / "data" / "requests" / "workstation-session-end.xml").read_bytes()
ANSWER = {"Message": {"Code": "00", "Description": "Success"}}
REQUEST, TOLD = message_of(SessionEndBindingModel), message_of(ContactsOutgoingModel)

RUNS, CALLS = 300, 20
"""A figure is the median of so many runs of so many calls each."""


def steps() -> Mapping[str, Callable[[], object]]:
    """Each step by its name; ``all`` is what one request costs."""
    document = xml.parse(BODY, DEFAULT)
    tree = WEBAPI.decode(BODY, REQUEST, DEFAULT).tree
    return {
        "parse": lambda: xml.parse(BODY, DEFAULT),
        "decode": lambda: WEBAPI.read_element(document, REQUEST),
        "check": lambda: REQUEST.check(tree),
        "encode": lambda: WEBAPI.encode(ANSWER, TOLD),
        "all": _request,
    }


def _request() -> bytes:
    REQUEST.check(WEBAPI.decode(BODY, REQUEST, DEFAULT).tree)
    return WEBAPI.encode(ANSWER, TOLD)


def microseconds(step: Callable[[], object]) -> float:
    """The median time of one call."""
    return median(_run(step) for _ in range(RUNS)) / CALLS / 1000


def _run(step: Callable[[], object]) -> int:
    started = perf_counter_ns()
    for _ in range(CALLS):
        step()
    return perf_counter_ns() - started


def report() -> None:
    """Print a line for each step."""
    print(f"DataContract XML, {len(BODY)} bytes, microseconds:")
    for name, step in steps().items():
        print(f"  {name:8} {microseconds(step):7.1f}")


if __name__ == "__main__":
    report()
