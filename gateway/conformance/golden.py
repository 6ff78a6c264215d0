"""Golden cases, both ways: from the request to the command and its outcome, and back to the answer, byte for byte."""

import difflib
from collections.abc import Callable, Iterable, Iterator

from gateway.conformance import case as cases
from gateway.conformance.case import RECORDED, Case
from gateway.conformance.findings import Finding, Trial
from gateway.conformance.kit import Kit


def trials(kit: Kit) -> Iterator[Trial]:
    """Each golden case."""
    for case in kit.cases:
        yield Trial(case.name, _of(_compared, kit, case))


def record_trials(kit: Kit) -> Iterator[Trial]:
    """Each golden case, recorded anew."""
    for case in kit.cases:
        yield Trial(case.name, _of(_recorded, kit, case))


def _of(function: Callable[[Kit, Case], Iterator[Finding]], kit: Kit, case: Case) -> Callable[[], Iterable[Finding]]:
    return lambda: function(kit, case)


def _compared(kit: Kit, case: Case) -> Iterator[Finding]:
    found = cases.files(kit.ran(case)[-1])
    for name in RECORDED:
        recorded, got = case.recorded(name), found[name]
        if recorded != got:
            yield Finding(_difference(name, recorded, got), str(case.folder / name), _REMEDY)


_REMEDY = (
    "if the new bytes are right by the published facts, record them (pytest --conformance NAME --conformance-record) "
    "and review the difference; else mend the mapping or the protocol"
)


def _difference(name: str, recorded: bytes | None, got: bytes | None) -> str:
    if recorded is None:
        return f"there is no {name}, but the case leads to one:\n{_text(got or b'')[:2000]}"
    if got is None:
        return f"{name} is recorded, but the case gets no further than a refusal"
    old, new = _text(recorded).splitlines(), _text(got).splitlines()
    lines = list(difflib.unified_diff(old, new, f"recorded {name}", f"now {name}", lineterm="", n=1))
    if not lines:
        return f"{name} differs in its line ends only"
    return "the bytes differ:\n" + "\n".join(line[:400] for line in lines[:40])


def _text(body: bytes) -> str:
    return body.decode("utf-8", "backslashreplace")


def _recorded(kit: Kit, case: Case) -> Iterator[Finding]:
    cases.record(case, kit.ran(case)[-1])
    yield from ()
