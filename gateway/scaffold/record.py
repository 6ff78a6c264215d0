"""Runs the golden cases of a new package once, and keeps what they lead to: a package that does not serve is no use."""

import importlib
import sys
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import replace
from pathlib import Path

from gateway import registry
from gateway.conformance import checks, folder
from gateway.conformance.kit import Kit, Subject
from gateway.registry import Found, Registry
from gateway.scaffold.contract import ScaffoldError
from gateway.scaffold.package import Names
from schemas.api import ApiPlugin


def record(place: Path, name: str, found: Registry) -> None:
    """Record the golden cases of the package in ``place``. Raises ScaffoldError when one of them does not succeed."""
    golden = folder.read(place / "tests" / "golden" / name)
    with _imported(place, Names(name).package) as plugin:
        others = tuple(row for row in found.apis if row.plugin.name != name)
        among = replace(found, apis=(*others, Found(plugin, Names(name).distribution)))
        with closing(Kit(among, Subject(plugin, golden))) as kit:
            for trial in checks.RECORD.trials(kit):
                list(trial.run())
    for path in golden.cases:
        if not (path / "outcome.json").exists():
            answer = (path / "response.http").read_text(encoding="utf-8", errors="replace")
            told = " ".join(answer.split())
            raise ScaffoldError(f"{path.name}: the gateway refuses this request with {told[:300]}")


@contextmanager
def _imported(place: Path, package: str) -> Iterator[ApiPlugin]:
    """The plug-in of a package that is not installed; forgotten afterwards."""
    sys.path.insert(0, str(place))
    importlib.invalidate_caches()
    kept = {name: sys.modules.pop(name) for name in _modules(package)}
    writing, sys.dont_write_bytecode = sys.dont_write_bytecode, True
    try:
        plugin = importlib.import_module(f"{package}.api").PLUGIN
        assert isinstance(plugin, ApiPlugin)
        yield plugin
    finally:
        sys.dont_write_bytecode = writing
        sys.path.remove(str(place))
        for name in _modules(package):
            del sys.modules[name]
        sys.modules.update(kept)


def _modules(package: str) -> list[str]:
    return [name for name in sys.modules if name == package or name.startswith(f"{package}.")]


def operations(found: Registry, name: str) -> dict[str, str]:
    """The names, in lower case, of the operations of every installed API but ``name``, each with its API."""
    from gateway import boot

    settings = boot.load_settings(environment={})
    built = registry.build(found, settings)
    others = [api for api in built.apis.values() if api.name != name]
    return {operation.name.lower(): api.name for api in others for operation in api.operations}
