"""What a write is stored as, recorded: a store of yesterday must know today's repeats, and be read as it was written.

``python -m tests.gateway.store.test_forms`` records anew; a difference breaks running systems.
"""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from gateway import registry
from gateway.conformance import case as cases
from gateway.conformance import kit
from gateway.conformance.bench import Bench, works_of
from gateway.store.jobs import draft_all, job
from gateway.store.packing import unpacked
from gateway.store.values import whole_text
from gateway.work import Work

ROOT = Path(__file__).parent.parent.parent
RECORDED = ROOT / "data" / "forms.json"
CASES = (
    "workstation/SessionEnd__seed_sample_as_xml",
    "workstation/SessionEnd__seed_sample_as_json",
    "workstation/SessionStart__every_member_as_xml",
    "workstation/ProductLaunch__every_member",
    "workstation/SessionEnd__another_command_with_the_same_idempotency_key",
    "ontime/UserSessionPost__create",
    "ontime/UserSessionPost__update_replaces_everything",
    "biot/createSession__done_with_everything",
    "biot/updateSession__custom_attributes_everywhere",
    "biot/updateSession__explicit_nulls",
    "biot/updateSession__stop",
    "biot/startSession__with_everything",
    "biot/deleteSession__external_and_active",
    "mobileconnect/UserLoginRequest__everything_included",
    "partstream/SWServiceLogin__with_an_end_user",
    "partstream/SWServiceLogout__seed_sample",
    "sessions/appendEvent__every_change",
    "sessions/appendEvent__a_list",
    "sessions/appendEvent__a_cloudevent",
    "sessions/appendEvent__a_fact_about_no_session",
)


def forms_of(bench: Bench, name: str) -> list[dict[str, Any]]:
    """What the writes of a case are stored as; the first ids, secrets and so on of a store, whatever came before."""
    bench.numbers.set({})
    prepared = bench.gateway.prepare(cases.read(ROOT / "golden" / name).request(bench.secrets))
    return [_shown(work) for work in works_of(prepared)]


def _shown(work: Work) -> dict[str, Any]:
    waiting = job(work)
    draft_all((waiting,))
    (draft,) = waiting.drafts
    assert draft is not None
    forms = draft.forms
    head, size, raw = forms.request
    made = forms.made
    return {
        "command": draft.command,
        "slot": draft.slot,
        "kept": forms.slot and [list(forms.slot[0]), forms.slot[1].hex()],
        "facts": forms.facts,
        "event": forms.event,
        "uses": forms.uses,
        "request": [head, size, unpacked(raw, whole_text(forms.facts, "", "", None)).decode("utf-8")],
        "made": made
        and {
            "columns": [value.hex() if isinstance(value, bytes) else value for value in made.columns],
            "text": made.text,
            "place": list(made.place),
            "terms": sorted([tenant, term.hex(), at] for tenant, term, at in made.terms),
        },
    }


@pytest.fixture(scope="module")
def bench() -> Iterator[Bench]:
    found = registry.discover()
    (made,) = kit.kits(found, "sessions", "full")
    yield made.shared()
    made.close()


@pytest.mark.parametrize("name", CASES)
def test_a_write_is_stored_as_it_always_was(bench: Bench, name: str) -> None:
    recorded = json.loads(RECORDED.read_text(encoding="utf-8"))[name]
    assert recorded
    assert forms_of(bench, name) == recorded


def record() -> None:
    """Write the recorded forms anew."""
    (made,) = kit.kits(registry.discover(), "sessions", "full")
    found = {name: forms_of(made.shared(), name) for name in CASES}
    RECORDED.write_text(json.dumps(found, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
    made.close()


if __name__ == "__main__":
    record()
