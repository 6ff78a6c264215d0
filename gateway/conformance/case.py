"""A golden case: a folder with a request, the canonical command it means, its outcome, and the answer, byte for byte.

``<operation>__<sentence>/`` holds

* ``request.http``: the raw HTTP request, its header with LF as line end; ``{biot-token}`` and its like stand for
  freshly signed tokens. The Content-Length is computed.
* ``before*.http``: requests made first, in the order of their names.
* ``case.toml``: settings of the case; ``[case]`` may hold ``store = "unavailable"`` or ``raises = true`` (a plug-in
  that fails).
* ``command.json``, ``outcome.json``: what the request means and what it led to; absent where it got no further.
* ``response.http``: the answer.
"""

import json
import re
import tomllib
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any
from unittest import mock

from gateway.conformance.bench import Bench, Done
from gateway.conformance.folder import flat
from gateway.conformance.steady import MOMENT
from gateway.outcome import Fault, FaultKind
from gateway.pipeline import Pipeline
from gateway.wire import Headers, WireRequest, WireResponse

RECORDED = ("command.json", "outcome.json", "response.http")
NUMBER = 50
"""The number of the request that a case is about, after those that were made before it."""


@dataclass(frozen=True)
class Case:
    """One golden case, as its files have it."""

    folder: Path
    settings: Mapping[str, Any]
    trouble: Mapping[str, Any]

    @property
    def name(self) -> str:
        """The name of the folder."""
        return self.folder.name

    @property
    def operation(self) -> str:
        """The part of the name before the two underscores."""
        return self.folder.name.partition("__")[0]

    def request(self, secrets: Mapping[str, str]) -> WireRequest:
        """The request that the case is about."""
        return parse((self.folder / "request.http").read_bytes(), NUMBER, secrets)

    def before(self, secrets: Mapping[str, str]) -> Iterator[WireRequest]:
        """The requests that are made first."""
        for number, path in enumerate(sorted(self.folder.glob("before*.http")), 1):
            yield parse(path.read_bytes(), number, secrets)

    def recorded(self, name: str) -> bytes | None:
        """The bytes of a recorded file, None where there is none."""
        file = self.folder / name
        return file.read_bytes() if file.exists() else None


def read(folder: Path) -> Case:
    """The case in ``folder``. Raises ValueError when its ``case.toml`` is none."""
    file = folder / "case.toml"
    try:
        found = tomllib.loads(file.read_text(encoding="utf-8")) if file.exists() else {}
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise ValueError(f"{file} is not TOML: {error}") from None
    return Case(folder, flat({name: value for name, value in found.items() if name != "case"}), found.get("case", {}))


def run(case: Case, bench: Bench) -> list[Done]:
    """Run the case on a new store; the last of what was done is what the case is about."""
    before = prime(case, bench)
    with trouble(bench, case.trouble):
        return [*before, bench.perform(case.request(bench.secrets))]


def prime(case: Case, bench: Bench) -> list[Done]:
    """Make the requests that the case says were made before."""
    return [bench.perform(request) for request in case.before(bench.secrets)]


def files(done: Done) -> dict[str, bytes | None]:
    """What came of a case, as its recorded files; None where there is to be none."""
    told = {"command.json": done.command, "outcome.json": done.outcome}
    return {
        **{name: None if value is None else _json(value) for name, value in told.items()},
        "response.http": show(done.response),
    }


def record(case: Case, done: Done) -> None:
    """Write the recorded files anew."""
    for name, content in files(done).items():
        if content is None:
            (case.folder / name).unlink(missing_ok=True)
        else:
            (case.folder / name).write_bytes(content)


def parse(raw: bytes, number: int, secrets: Mapping[str, str]) -> WireRequest:
    """The request in a file; placeholders are filled in. Raises ValueError when it is no request."""
    for name, value in secrets.items():
        raw = raw.replace(b"{%s}" % name.encode(), value.encode())
    head, _, body = raw.partition(b"\n\n")
    lines = head.decode("latin-1").split("\n")
    method, target, _ = lines[0].split(" ")
    fields = [tuple(line.split(": ", 1)) for line in lines[1:]]
    headers = [(name, value) for name, value in fields if name.lower() != "content-length"]
    if body or method in ("POST", "PUT", "PATCH"):
        headers.append(("Content-Length", str(len(body))))
    path, _, query = target.partition("?")
    return WireRequest(
        method,
        path,
        query,
        Headers(headers),
        body,
        client="127.0.0.1",
        base_url="http://gateway.example",
        correlation_id=f"{number:032x}",
        received_at=MOMENT + timedelta(seconds=number),
        raw_path=path,
    )


def body_of(response: WireResponse) -> bytes:
    """The whole body of an answer."""
    return response.body if isinstance(response.body, bytes) else b"".join(response.body)


def show(response: WireResponse) -> bytes:
    """A response as bytes: status line, headers, body."""
    reason = f" {response.reason}" if response.reason else ""
    head = "".join(f"{name}: {value}\n" for name, value in response.headers)
    return f"{response.status}{reason}\n{head}\n".encode() + body_of(response)


@contextmanager
def trouble(bench: Bench, wanted: Mapping[str, Any]) -> Iterator[None]:
    """The trouble that a case asks for."""
    if wanted.get("store") == "unavailable":
        fault = Fault(FaultKind.STORE_UNAVAILABLE, "the store cannot be written", retry_after=5)
        with mock.patch.object(bench.gateway.store, "submit", mock.Mock(side_effect=fault)):
            yield
    elif wanted.get("raises"):
        with mock.patch.object(Pipeline, "_work", mock.Mock(side_effect=RuntimeError("a bug"))):
            yield
    else:
        yield


def _json(value: Any) -> bytes:
    text = json.dumps(value, indent=2, sort_keys=True, ensure_ascii=False)
    return (re.sub(r'("digest": ")[0-9a-f]{64}', r"\1…", text) + "\n").encode()
