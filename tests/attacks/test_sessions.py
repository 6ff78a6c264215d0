"""Sessions of the whole gateway against a model: any order of writes leaves what the model says, or is refused."""

import json
import tempfile
from contextlib import ExitStack
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any
from unittest import mock

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import Bundle, RuleBasedStateMachine, consumes, invariant, rule

from gateway.wire import Headers, WireRequest
from tests.attacks.conftest import Answered, bench_in
from tests.attacks.targets import MOMENT, OWN_KEY

NAME = st.text("abc", min_size=1, max_size=3)


class Sessions(RuleBasedStateMachine):
    """Open, change, pause, resume, close, delete and read, in any order, over the own API.

    The model is a dict: what a session's state, name, version and kinds of event are. A deleted one is None.
    """

    opened = Bundle("opened")

    def __init__(self) -> None:
        super().__init__()
        self.stack = ExitStack()
        place = self.stack.enter_context(tempfile.TemporaryDirectory())
        self.stack.enter_context(mock.patch("gateway.credentials.SCRYPT_N", 2))
        self.bench = self.stack.enter_context(bench_in(Path(place)))
        self.model: dict[str, dict[str, Any] | None] = {}
        self.steps = 0

    def teardown(self) -> None:
        self.stack.close()

    def ask(self, method: str, path: str, body: Any = None) -> tuple[Answered, Any]:
        """One request, a second after the one before."""
        self.steps += 1
        fields = Headers([("authorization", f"Bearer {OWN_KEY}"), ("content-type", "application/json")])
        sent = b"" if body is None else json.dumps(body).encode()
        request = WireRequest(method, path, "", fields, sent, client="127.0.0.1", raw_path=path)
        answered = self.bench.ask(replace(request, received_at=MOMENT + timedelta(seconds=self.steps)))
        told = answered.response.body
        assert isinstance(told, bytes)
        return answered, json.loads(told)

    def wrote(self, uid: str, kind: str, answered: Answered, **changes: Any) -> None:
        """What the model makes of a write, if that may be; else it must have been refused."""
        session = self.model[uid]
        if session is None:
            assert (answered.kind, answered.stored) == ("not_found", 0)
        elif session["state"] == "closed" and changes.get("state", "closed") != "closed":
            assert (answered.kind, answered.stored) == ("invalid_transition", 0)
        else:
            assert (answered.kind, answered.stored) == ("accepted", 1)
            session.update(changes)
            session["version"] += 1
            session["kinds"].append(kind)

    @rule(target=opened, name=NAME)
    def open(self, name: str) -> str:
        answered, told = self.ask("POST", "/v1/sessions", {"name": name})
        assert (answered.response.status, answered.stored) == (201, 1)
        uid: str = told["uid"]
        assert uid not in self.model
        self.model[uid] = {"state": "open", "name": name, "version": 1, "kinds": ["opened"]}
        return uid

    @rule(uid=opened, name=NAME)
    def change(self, uid: str, name: str) -> None:
        answered, _ = self.ask("PATCH", f"/v1/sessions/{uid}", {"name": name, "index": str(self.steps)})
        self.wrote(uid, "updated", answered, name=name)

    @rule(uid=opened, kind=st.sampled_from(["paused", "resumed"]))
    def pause_or_resume(self, uid: str, kind: str) -> None:
        state = {"paused": "paused", "resumed": "open"}[kind]
        changes = {"index": str(self.steps)}
        answered, _ = self.ask("POST", "/v1/events", {"kind": kind, "session_uid": uid, "changes": changes})
        self.wrote(uid, kind, answered, state=state)

    @rule(uid=opened)
    def close(self, uid: str) -> None:
        session = self.model[uid]
        answered, _ = self.ask("POST", f"/v1/sessions/{uid}/end", {"stop_reason": f"at step {self.steps}"})
        if session is not None and session["state"] == "closed":
            assert (answered.kind, answered.stored) == ("invalid_transition", 0)
        else:
            self.wrote(uid, "closed", answered, state="closed")

    @rule(uid=consumes(opened))
    def delete(self, uid: str) -> None:
        answered, _ = self.ask("POST", "/v1/events", {"kind": "deleted", "session_uid": uid})
        session = self.model[uid]
        assert session is not None
        self.wrote(uid, "deleted", answered)
        self.model[uid] = None
        self.change(uid, "gone")

    @rule(uid=opened)
    def read(self, uid: str) -> None:
        _, told = self.ask("GET", f"/v1/sessions/{uid}")
        session = self.model[uid]
        assert session is not None
        assert {name: told[name] for name in ("state", "name", "version")} == {
            name: session[name] for name in ("state", "name", "version")
        }
        _, events = self.ask("GET", f"/v1/sessions/{uid}/events")
        assert [event["kind"] for event in events["items"]] == session["kinds"]

    @invariant()
    def the_list_is_the_model(self) -> None:
        _, told = self.ask("GET", "/v1/sessions")
        shown = {each["uid"]: each["state"] for each in told["items"] if each["key"]["api"] == "sessions"}
        assert shown == {uid: session["state"] for uid, session in self.model.items() if session is not None}


TestSessions = Sessions.TestCase
TestSessions.settings = settings(
    max_examples=5, stateful_step_count=25, deadline=None, suppress_health_check=list(HealthCheck)
)
