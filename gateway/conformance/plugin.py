"""The pytest plug-in: ``pytest --conformance NAME``. It costs other runs of pytest nothing but its options."""

import traceback
from collections.abc import Iterable, Iterator
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from gateway.conformance.checks import Check
    from gateway.conformance.findings import Trial
    from gateway.conformance.kit import Kit


def pytest_addoption(parser: pytest.Parser) -> None:
    """The options of the kit."""
    group = parser.getgroup("conformance", "session gateway: conformance of an API or a protocol")
    group.addoption(
        "--conformance",
        metavar="NAME",
        action="append",
        default=[],
        help="test the installed API or protocol NAME; may be given several times. Without paths, nothing else is run.",
    )
    group.addoption(
        "--conformance-level",
        choices=("smoke", "full"),
        default="full",
        help="smoke: what a new plug-in must do from its first day; full: everything (default).",
    )
    group.addoption(
        "--conformance-cases",
        metavar="FOLDER",
        action="append",
        default=[],
        help="where the golden cases lie: FOLDER/NAME or FOLDER itself; default tests/golden/NAME beside the plug-in.",
    )
    group.addoption(
        "--conformance-every",
        metavar="N",
        type=int,
        default=1,
        help="cut and change requests at every Nth byte only; default 1, every byte.",
    )
    group.addoption(
        "--conformance-record",
        action="store_true",
        help="write command.json, outcome.json and response.http of the golden cases anew, for review.",
    )


def pytest_configure(config: pytest.Config) -> None:
    """Without paths on the command line, only the kit's checks are run."""
    if config.option.conformance and config.args_source is not pytest.Config.ArgsSource.ARGS:
        config.args = []


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(session: pytest.Session, config: pytest.Config, items: list[pytest.Item]) -> None:
    """Add the checks of every named plug-in."""
    if config.option.conformance:
        items.extend(_items(session, config))


def _items(session: pytest.Session, config: pytest.Config) -> Iterator[pytest.Item]:
    from gateway import registry
    from gateway.conformance import checks, kit

    places = [Path(place) for place in config.option.conformance_cases]
    missing = [str(place) for place in places if not place.is_dir()]
    if missing:
        raise pytest.UsageError(f"--conformance-cases: {', '.join(missing)} is no folder")
    found = registry.discover()
    for name in config.option.conformance:
        try:
            kits = kit.kits(found, name, config.option.conformance_level, places, config.option.conformance_every)
        except kit.NotTestable as error:
            raise pytest.UsageError(f"--conformance {name}: {error}") from None
        for each in kits:
            config.add_cleanup(each.close)
            if config.option.conformance_record:
                yield from _trials(session, each, checks.RECORD)
                continue
            for check in checks.of(each):
                yield from _trials(session, each, check)


def _trials(session: pytest.Session, kit: "Kit", check: "Check") -> Iterator[pytest.Item]:
    for trial in _prepared(kit, check):
        name = f"{check.name}[{trial.name}]"
        yield Item.from_parent(
            session, name=name, nodeid=f"conformance/{kit.subject.name}::{name}", check=check, trial=trial
        )


def _prepared(kit: "Kit", check: "Check") -> "Iterable[Trial]":
    """The trials of a check; where they cannot be made, one that says why."""
    from gateway.conformance.findings import Trial

    try:
        return list(check.trials(kit))
    except Exception as error:
        return [Trial("preparation", partial(_raise, error))]


def _raise(error: Exception) -> Any:
    raise error


FRAMES = 8
"""How many of the innermost frames of a traceback are shown."""


class NotConforming(Exception):
    """A promise is not kept; the text is for the author of the plug-in."""


class Item(pytest.Item):
    """One trial of one check."""

    def __init__(self, *, check: "Check", trial: "Trial", **options: Any) -> None:
        super().__init__(**options)
        self.check = check
        self.trial = trial

    def runtest(self) -> None:
        """Raise NotConforming when there is a finding."""
        from gateway.conformance import findings

        found = list(self.trial.run())
        if found:
            raise NotConforming(findings.told(self.check.promise, found))

    def repr_failure(self, excinfo: pytest.ExceptionInfo[BaseException], *_: Any) -> Any:
        """Findings as they are; a traceback for anything else, which is a defect of the plug-in or of the kit."""
        if isinstance(excinfo.value, NotConforming):
            return str(excinfo.value)
        last = "".join(traceback.format_exception(excinfo.value, limit=-FRAMES))
        return f"The promise: {self.check.promise}\n\nThe check was not finished, since this was raised:\n\n{last}"

    def reportinfo(self) -> tuple[Path, None, str]:
        """What the report calls it."""
        return Path("conformance"), None, f"{self.nodeid}"
