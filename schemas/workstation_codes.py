"""The two-digit codes of the workstation API, and how each fault is told: by a code, or in Web API's own form."""

from collections.abc import Mapping
from functools import partial

from gateway.outcome import Fault, FaultKind
from schemas.api import Asked, FaultTable, InBand, Native
from schemas.fields import message_of
from schemas.message import Tree
from schemas.workstation_messages import ContactsOutgoingModel

OK, UNAUTHENTICATED, MISSING, INVALID = "00", "01", "02", "03"

CODES: Mapping[str, tuple[str, frozenset[FaultKind]]] = {
    OK: ("Success", frozenset()),
    UNAUTHENTICATED: ("Authentication failed", frozenset({FaultKind.UNAUTHENTICATED})),
    MISSING: ("Required data is missing", frozenset()),
    INVALID: ("A value is invalid or has a wrong format", frozenset({FaultKind.INVALID})),
    "04": ("Not permitted", frozenset({FaultKind.FORBIDDEN})),
    "05": ("Too many failed attempts, try again later", frozenset({FaultKind.LOCKED_OUT})),
    "06": ("No such session", frozenset({FaultKind.NOT_FOUND, FaultKind.EXPIRED})),
    "07": (
        "The session or an earlier request does not allow this",
        frozenset({FaultKind.INVALID_TRANSITION, FaultKind.CONFLICT, FaultKind.PRECONDITION_FAILED}),
    ),
    "08": ("Not supported", frozenset({FaultKind.UNSUPPORTED})),
    "90": ("Busy, try again later", frozenset({FaultKind.BUSY, FaultKind.TIMEOUT})),
    "91": ("Temporarily unavailable, try again later", frozenset({FaultKind.STORE_UNAVAILABLE})),
    "99": ("Internal error", frozenset({FaultKind.INTERNAL})),
}
"""Every code, its default text, and the faults that it tells; ``00`` alone is published."""

EXPLAINED = frozenset({MISSING, INVALID, "06", "07", "08"})
"""Codes whose text is followed by what the fault says: which member, and what to do."""

STRUCTURAL = Native(400, text="The request is invalid.")
NATIVE: FaultTable = {
    FaultKind.MALFORMED: STRUCTURAL,
    FaultKind.UNSUPPORTED_MEDIA: Native(415),
    FaultKind.NOT_FOUND_ROUTE: Native(404),
    FaultKind.METHOD_NOT_ALLOWED: Native(405),
    FaultKind.TOO_LARGE: Native(413),
}

ANSWER = message_of(ContactsOutgoingModel)


def fault_tree(fault: Fault, asked: Asked | None, code: str = "99", texts: Mapping[str, str] | None = None) -> Tree:
    """The answer that tells ``fault``: its own code, else the one of its kind."""
    told = fault.code if fault.code is not None and fault.code in CODES else code
    described = (texts or {}).get(told, CODES[told][0])
    if told in EXPLAINED and fault.message:
        described = f"{described}: {fault.message}"
    return {"Message": {"Code": told, "Description": described}}


def fault_table(texts: Mapping[str, str]) -> FaultTable:
    """Every kind of fault: native before an operation is known or its message readable, in-band after that."""
    in_band = {
        kind: InBand(ANSWER, partial(fault_tree, code=code, texts=texts))
        for code, (_, kinds) in CODES.items()
        for kind in kinds
    }
    return {**in_band, **NATIVE}
