"""Settings: defaults, then file, then environment, then flags; every wrong one is named at once."""

from pathlib import Path

import pytest

from gateway.settings import Setting, SettingsError, load

TABLE = (
    Setting("bind", "127.0.0.1:8080", "Where to listen."),
    Setting("workers", 2, "How many."),
    Setting("demo", False, "Demo."),
    Setting("fidelity", "lenient", "How.", choices=("lenient", "strict")),
    Setting("biot.algorithms", ("RS512",), "Which."),
    Setting("biot.templates", {}, "Attributes."),
)


def file(tmp_path: Path, text: str) -> Path:
    path = tmp_path / "gateway.toml"
    path.write_text(text, encoding="utf-8")
    return path


def test_later_sources_win(tmp_path: Path) -> None:
    path = file(tmp_path, "workers = 3\nbind = 'file:1'\n[biot]\nalgorithms = ['RS256', 'HS256']\n")
    settings = load(TABLE, file=path, environment={"SESSION_GATEWAY_BIND": "env:1"}, flags={"workers": "5"})
    assert (settings["bind"], settings["workers"]) == ("env:1", 5)
    assert settings["biot.algorithms"] == ("RS256", "HS256")


def test_text_becomes_the_type_of_the_default() -> None:
    environment = {"SESSION_GATEWAY_DEMO": "on", "SESSION_GATEWAY_BIOT_ALGORITHMS": "RS512, HS256"}
    settings = load(TABLE, environment=environment)
    assert settings["demo"] is True
    assert settings["biot.algorithms"] == ("RS512", "HS256")


def test_a_table_is_kept_whole(tmp_path: Path) -> None:
    settings = load(TABLE, file=file(tmp_path, "[biot.templates.mode]\ntype = 'string'\n"))
    assert settings["biot.templates"] == {"mode": {"type": "string"}}


def test_every_wrong_setting_is_named_at_once(tmp_path: Path) -> None:
    path = file(tmp_path, "workers = 'many'\n[nope]\nx = 1\n")
    with pytest.raises(SettingsError) as caught:
        load(TABLE, file=path, environment={"SESSION_GATEWAY_FIDELITY": "exact"}, flags={"demo": "perhaps"})
    text = str(caught.value)
    for wrong in ("workers", "nope.x", "fidelity", "demo"):
        assert wrong in text
    assert "must be one of lenient, strict" in text


@pytest.mark.parametrize(("text", "sentence"), [(None, "cannot be read"), ("a = = 1", "is not TOML")])
def test_a_bad_file_is_named(tmp_path: Path, text: str | None, sentence: str) -> None:
    path = tmp_path / "missing.toml" if text is None else file(tmp_path, text)
    with pytest.raises(SettingsError, match=sentence):
        load(TABLE, file=path)
