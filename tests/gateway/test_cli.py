"""The command line, as an operator or a script uses it."""

import os
import re
import stat
from datetime import UTC, datetime

import jwt
import pytest

from gateway import demo
from gateway.cli import main
from gateway.credentials import verify
from gateway.store import open_store


@pytest.fixture
def database(tmp_path, monkeypatch):
    for name in [name for name in os.environ if name.startswith("SESSION_GATEWAY_")]:
        monkeypatch.delenv(name)
    monkeypatch.chdir(tmp_path)
    return f"sqlite:///{tmp_path}/store.db"


@pytest.fixture
def run(database, capsys):
    def command(*arguments: str) -> tuple[int, str, str]:
        status = main([*arguments, "--database", database])
        said = capsys.readouterr()
        return status, said.out, said.err

    return command


def stored(database):
    store = open_store(database)
    try:
        return store.credentials()
    finally:
        store.close()


def added(run, database, *arguments: str):
    status, out, _ = run("credentials", "add", *arguments)
    assert status == 0
    (credential,) = stored(database)
    secret = re.search(r"secret, shown only now: (\S+)", out)
    return credential, secret and secret[1]


@pytest.mark.parametrize("arguments", [[], ["nothing"], ["serve", "--workers", "x"], ["credentials"], ["backup"]])
def test_wrong_usage_ends_with_2(arguments, capsys):
    with pytest.raises(SystemExit) as end:
        main(arguments)
    assert end.value.code == 2
    assert "usage: session-gateway" in capsys.readouterr().err


def test_version_is_told(capsys):
    with pytest.raises(SystemExit) as end:
        main(["--version"])
    assert end.value.code == 0
    assert capsys.readouterr().out.startswith("session-gateway ")


def test_migrate_makes_a_store_and_says_when_there_was_nothing_to_do(run):
    assert "came from version 0" in run("migrate")[1]
    assert "was there already" in run("migrate")[1]


def test_settings_name_value_default_origin_and_variable(run, monkeypatch):
    monkeypatch.setenv("SESSION_GATEWAY_LOG_LEVEL", "debug")
    _, out, _ = run("settings")
    assert re.search(r"^log_level +debug +info +ours +SESSION_GATEWAY_LOG_LEVEL +What is logged\.$", out, re.MULTILINE)
    assert re.search(r"^partstream\.path .* D3 ", out, re.MULTILINE)


def test_settings_for_the_documentation_show_no_value_of_this_machine(run, monkeypatch):
    monkeypatch.setenv("SESSION_GATEWAY_BASE_URL", "https://gw.example.test")
    _, out, _ = run("settings", "--rst")
    assert out.startswith(".. list-table::\n   :header-rows: 1\n\n   * - Name\n     - Default\n")
    assert "   * - ``bind``\n     - ``127.0.0.1:8080``\n     - ours\n     - ``SESSION_GATEWAY_BIND``\n" in out
    assert "gw.example.test" not in out


def test_every_wrong_setting_is_named_at_once(run, monkeypatch, tmp_path):
    config = tmp_path / "a.toml"
    config.write_text("workers = -1\nnonsense = 1\n")
    monkeypatch.setenv("SESSION_GATEWAY_PROXY_HEADER", "via")
    status, _, err = run("settings", "--config", str(config))
    assert status == 1
    assert all(name in err for name in ("workers", "nonsense", "proxy_header"))


def test_apis_and_protocols_are_listed(run):
    status, out, _ = run("apis")
    assert status == 0
    assert re.search(r"^ontime +OnTime", out, re.MULTILINE)
    assert run("protocols")[1].startswith("PROTOCOL")


def test_a_made_key_is_shown_once_and_stored_hashed(run, database):
    credential, secret = added(run, database, "--api", "ontime", "--tenant", "t", "--realm", "acme")
    assert re.fullmatch(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", secret)
    assert verify(credential.verifier, secret)
    assert (credential.api, credential.kind, credential.tenant, credential.realms) == ("ontime", "key", "t", ("acme",))
    assert secret not in run("credentials", "list")[1]


def test_a_given_secret_is_not_repeated(run, database):
    credential, secret = added(run, database, "--api", "workstation", "--tenant", "t", "--name", "17", "--key", "4675")
    assert secret is None
    assert (credential.kind, credential.name) == ("pair", "17")
    assert verify(credential.verifier, "4675")


def test_a_session_uid_is_found_however_it_was_written(run, database):
    given = "{1B4E28BA-2FA1-11D2-883F-0016D3CCA427}"
    credential, _ = added(run, database, "--api", "mobileconnect", "--tenant", "t", "--key", given)
    assert verify(credential.verifier, "1b4e28ba2fa111d2883f0016d3cca427")


def test_scopes_and_expiry_are_kept(run, database):
    scopes = ("--scope", "sessions:read", "--scope", "sessions:write")
    credential, _ = added(run, database, "--api", "sessions", "--tenant", "t", *scopes, "--expires", "2h")
    assert credential.scopes == ("sessions:read", "sessions:write")
    assert 7100 < (credential.expires_at - datetime.now(UTC)).total_seconds() < 7300


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--api", "nosuch", "--tenant", "t"], "there is no API 'nosuch'"),
        (["--api", "ontime"], "--tenant"),
        (["--api", "operator", "--tenant", "t"], "--tenant"),
        (["--api", "ontime", "--tenant", "t", "--key", "short"], "at least 20 characters"),
        (["--api", "mobileconnect", "--tenant", "t", "--key", "no guid but long enough"], "is a GUID"),
        (["--api", "biot", "--tenant", "t", "--public-key", "/no/such/file"], "cannot be read"),
    ],
)
def test_a_credential_that_could_not_work_is_refused(run, arguments, said):
    status, _, err = run("credentials", "add", *arguments)
    assert status == 1
    assert said in err


def test_an_impossible_expiry_is_wrong_usage(run):
    with pytest.raises(SystemExit) as end:
        run("credentials", "add", "--api", "ontime", "--tenant", "t", "--expires", "soon")
    assert end.value.code == 2


def test_revoking_works_once(run, database):
    credential, _ = added(run, database, "--api", "operator")
    assert run("credentials", "revoke", str(credential.uid))[0] == 0
    assert "revoked 20" in run("credentials", "list")[1]
    status, _, err = run("credentials", "revoke", str(credential.uid))
    assert status == 1
    assert str(credential.uid) in err


@pytest.mark.parametrize("command", [["credentials", "list"], ["backup", "copy.db"]])
def test_looking_at_a_store_never_makes_one(run, command, tmp_path):
    status, _, err = run(*command)
    assert status == 1
    assert "there is no store at" in err
    assert not (tmp_path / "store.db").exists()


def test_a_biot_token_is_signed_with_the_demos_key(run, database):
    private = demo.private_key(database)
    status, out, _ = run("credentials", "token", "--api", "biot", "--scope", "PROTECTED_API")
    assert status == 0
    claims = jwt.decode(out.strip(), demo._public(private), algorithms=["RS512"])
    assert claims["scopes"] == ["PROTECTED_API"]
    assert claims["tenantId"] == demo.BIOT_TENANT
    assert claims["exp"] > claims["iat"]


def test_a_biot_token_without_a_key_says_where_one_comes_from(run):
    status, out, err = run("credentials", "token", "--api", "biot")
    assert (status, out) == (1, "")
    assert "--private-key" in err


def test_a_token_of_another_api_is_a_fresh_key_alone_on_its_line(run, database):
    status, out, _ = run("credentials", "token", "--api", "sessions", "--tenant", "t", "--scope", "sessions:read")
    assert status == 0
    assert verify(stored(database)[0].verifier, out.strip())
    assert out.count("\n") == 1


def test_a_backup_can_be_opened_and_is_its_owners_alone(run, database, tmp_path):
    credential, _ = added(run, database, "--api", "operator")
    target = tmp_path / "copy.db"
    assert run("backup", str(target))[0] == 0
    assert stat.S_IMODE(target.stat().st_mode) == 0o600
    assert [row.uid for row in stored(f"sqlite:///{target}")] == [credential.uid]
