"""The table of checks: what each promises, for what, and from which level on."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from gateway.conformance import coverage, declared, faults, golden, hostile, speaking, storing, variants
from gateway.conformance.findings import Finding, Level, Trial
from gateway.conformance.kit import Kit


@dataclass(frozen=True, slots=True)
class Check:
    """One check: its ``promise`` is what a pass means, ``trials`` gives its runs for a plug-in."""

    name: str
    promise: str
    level: Level
    trials: Callable[[Kit], Iterable[Trial]]


REQUESTS: Sequence[Check] = (
    Check(
        "variants",
        "A golden request, said otherwise as its format allows, means the same command.",
        "full",
        variants.trials,
    ),
    Check(
        "truncation",
        "A golden request, cut off at any byte, is a command or a fault, and nothing else, within a second.",
        "full",
        hostile.truncation_trials,
    ),
    Check(
        "mutation",
        "A golden request, changed at random, is a command or a fault, and nothing else, within a second.",
        "full",
        hostile.mutation_trials,
    ),
)
"""What is done with golden requests, whether they are those of an API or of a protocol."""

STORED: Sequence[Check] = (
    Check(
        "durable",
        "What was acknowledged is in the store after it was closed and opened again, and other APIs can show it.",
        "full",
        storing.durable_trials,
    ),
    Check(
        "repeat",
        "The same request twice is one event where the API says so, and always with an Idempotency-Key; a read asked "
        "twice is answered alike.",
        "full",
        storing.repeat_trials,
    ),
    Check(
        "trouble",
        "A store that fails for good, fails for a moment, loses its answer or is slow is told as it is; a second "
        "attempt makes up for it, and nothing happens twice.",
        "full",
        storing.trouble_trials,
    ),
)
"""What is done on a real store."""

APIS: Sequence[Check] = (
    Check(
        "declared",
        "What the API declares fits together: names, routes, members, samples, and a row for every kind of fault.",
        "smoke",
        declared.api_trials,
    ),
    Check(
        "documented",
        "The API, each operation, setting and member says what it is.",
        "smoke",
        declared.documented_trials,
    ),
    Check(
        "faults",
        "Every kind of fault is told over every protocol: well-formed, as declared, without what only the operator "
        "may read.",
        "smoke",
        faults.api_trials,
    ),
    Check(
        "golden",
        "Every golden request means the recorded command, leads to the recorded outcome, and gets the recorded answer, "
        "byte for byte.",
        "smoke",
        golden.trials,
    ),
    *REQUESTS,
    *STORED,
    Check(
        "coverage",
        "Each operation has a golden case that succeeds and one that is refused; each member is in some case.",
        "full",
        coverage.trials,
    ),
)
"""The checks of an API, in the order in which they are run."""

PROTOCOLS: Sequence[Check] = (
    Check("documented", "Each setting says what it is.", "smoke", declared.documented_trials),
    Check(
        "faults",
        "Every kind of fault of every API is told: well-formed, as declared, without what only the operator may read.",
        "smoke",
        faults.protocol_trials,
    ),
    Check(
        "golden",
        "Every golden request means the recorded command, leads to the recorded outcome, and gets the recorded answer, "
        "byte for byte.",
        "smoke",
        golden.trials,
    ),
    Check(
        "binding",
        "It has an address for every operation of every API, alone and together, and no address twice.",
        "smoke",
        speaking.binding_trials,
    ),
    Check(
        "answers",
        "It writes every answer of every API: well-formed, and as the message declares.",
        "smoke",
        speaking.answer_trials,
    ),
    Check(
        "unknown",
        "It opens whatever comes, and refuses an unknown path in its own form.",
        "smoke",
        speaking.unknown_trials,
    ),
    Check(
        "methods",
        "Nothing is written by GET, HEAD or OPTIONS; a refused method is told which are allowed.",
        "smoke",
        speaking.method_trials,
    ),
    Check(
        "carries",
        "Every member of every request of every API arrives as it was sent.",
        "full",
        speaking.carrying_trials,
    ),
    *REQUESTS,
    *STORED,
)
"""The checks of a protocol."""

RECORD = Check("record", "The golden cases are recorded anew.", "smoke", golden.record_trials)


def of(kit: Kit) -> list[Check]:
    """The checks of a kit's subject, at its level."""
    table = APIS if kit.subject.is_api else PROTOCOLS
    return [check for check in table if check.level == "smoke" or kit.level == "full"]


def findings(kit: Kit, name: str) -> list[Finding]:
    """Everything that one check finds."""
    check = next(check for check in of(kit) if check.name == name)
    return [finding for trial in check.trials(kit) for finding in trial.run()]
