"""Every golden case: the request means the recorded command, leads to the recorded outcome, and gets the recorded
bytes."""

from pathlib import Path

import pytest

from tests import cases


def recorded(folder: Path, name: str) -> str | None:
    file = folder / name
    return file.read_text(encoding="utf-8") if file.exists() else None


@pytest.mark.parametrize("folder", cases.folders(), ids=lambda folder: f"{folder.parent.name}/{folder.name}")
def test_case(folder: Path, tmp_path: Path) -> None:
    result = cases.run(folder, tmp_path / "case.db")
    assert result.response == (folder / "response.http").read_bytes()
    assert result.command == recorded(folder, "command.json")
    assert result.outcome == recorded(folder, "outcome.json")


def test_the_seeds_own_samples_are_cases() -> None:
    names = {f"{folder.parent.name}/{folder.name}" for folder in cases.folders()}
    for sample in (
        "workstation/SessionEnd__seed_sample_as_json",
        "workstation/SessionEnd__seed_sample_as_xml",
        "ontime/UserSessionPost__create",
        "biot/updateSession__stop",
        "mobileconnect/UserClientSessionLogRequest__seed_sample",
        "partstream/SWServiceLogout__seed_sample",
    ):
        assert sample in names
