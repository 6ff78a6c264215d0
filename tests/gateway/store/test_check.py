"""``session-gateway check`` finds whatever does not fit, and says so of nothing else."""

import pytest
from store_kit import closed, database_of, logged_in, opened, upserted, work

from gateway.cli import main
from gateway.commands import ByUid, Write
from gateway.model import EventKind
from gateway.store import StoreError, open_store
from gateway.store.check import check


@pytest.fixture
def filled(path):
    """A store with sessions that were made, changed, ended, deleted and asked for by repeats."""
    store = open_store(f"sqlite:///{path}")
    run = lambda *parts, **more: store.submit(work(*parts, **more)).result(timeout=30)  # noqa: E731
    for name in ("one", "two"):
        run(upserted(name, mode="a"))
        run(upserted(name, mode="a"))
        run(upserted(name, mode="b"), after=1.0)
        run(closed(name), after=2.0)
    gone = run(opened("gone")).session
    run(Write(EventKind.DELETED, ByUid(gone.uid)))
    run(logged_in("secret"))
    store.close()
    return path


def damaged(path, sql):
    with database_of(path) as connection:
        connection.execute(sql)
        assert connection.changes() > 0, sql
    return "\n".join(check(str(path)).problems)


def test_a_store_that_was_used_is_whole(filled):
    report = check(str(filled))
    assert report.problems == ()
    assert report.rows["sessions"] == 3
    assert report.rows["events"] == 9


@pytest.mark.parametrize(
    ("sql", "found"),
    [
        ("DELETE FROM events WHERE position = 2", "event 3: there is no event at the position before"),
        ("DELETE FROM sessions WHERE ordinal = 1", "its session "),
        ("DELETE FROM sessions WHERE ordinal = 1", "(3, 0) instead of (2, 0)"),
        ("DELETE FROM sessions", "(3, 0) instead of none"),
        ("DELETE FROM events WHERE position = 9", "session 9: no event of its tenant made it"),
        ("DELETE FROM events WHERE position = 6", "session 4: it is not what its 2 events left"),
        ("UPDATE events SET raw = x'00' WHERE position = 2", "event 2: its request cannot be read"),
        ("UPDATE events SET session_uid = NULL WHERE position = 2", "event 2: its columns are not those of its text"),
        ("UPDATE events SET body = '{' WHERE position = 3", "event 3: its text cannot be read"),
        ("UPDATE sessions SET is_open = 1 WHERE ordinal = 1", "session 1: its columns are not those of its text"),
        ("UPDATE sessions SET body = '{' WHERE ordinal = 1", "session 1: its text cannot be read"),
        ("UPDATE states SET position = 99 WHERE position = 1", "a kept session 99: there is no event at this position"),
        ("UPDATE states SET body = '{'", "its session cannot be read"),
        ("UPDATE names SET position = 99 WHERE position = 2", "a place of event 99: there is no such event"),
        ("UPDATE names SET place = 1 WHERE tag < 2", "session 1: it is not found by its key"),
        ("UPDATE sessions SET ordinal = 5 WHERE ordinal = 1", "a place of session 1: there is no such session"),
        ("UPDATE tokens SET ordinal = 99", "a session's secret: no event made session 99"),
        ("UPDATE tallies SET sessions = sessions + 1", "tally ('north', 0, "),
        ("DELETE FROM tallies", "(0, 0) instead of (3, 0)"),
    ],
)
def test_what_does_not_fit_is_named(filled, sql, found):
    assert found in damaged(filled, sql)


def test_names_by_which_nobody_would_be_found_are_named(path):
    from gateway.model import Subject

    store = open_store(f"sqlite:///{path}")
    store.submit(work(opened(subject=Subject(user_id="anne")))).result(timeout=30)
    store.close()
    assert check(str(path)).problems == ()
    assert "session 1: it is not found by its names" in damaged(path, "UPDATE terms SET sort_at = sort_at + 1")
    assert "a name of session 9: there is no such session" in damaged(path, "UPDATE terms SET ordinal = 9")


def test_a_file_with_a_broken_page_is_told_page_by_page(filled):
    content = bytearray(filled.read_bytes())
    content[8192:12288] = b"\xa5" * 4096
    filled.write_bytes(content)
    try:
        told = "\n".join(check(str(filled)).problems)
    except StoreError as error:
        told = str(error)
    assert "malformed" in told or "the file: " in told


def test_a_store_in_use_can_be_checked_and_is_not_changed(path):
    store = open_store(f"sqlite:///{path}")
    store.submit(work(opened())).result(timeout=30)
    before = path.read_bytes()
    assert check(str(path)).problems == ()
    assert path.read_bytes() == before
    store.submit(work(opened("two"))).result(timeout=30)
    store.close()


def test_what_is_no_store_is_refused(tmp_path, capsys):
    assert main(["check", "--database", f"sqlite:///{tmp_path}/none.db"]) == 1
    assert "there is no store" in capsys.readouterr().err
    assert not (tmp_path / "none.db").exists()
    (tmp_path / "text.db").write_text("this is no database" * 1000)
    assert main(["check", "--database", f"sqlite:///{tmp_path}/text.db"]) == 1
    assert "cannot be read: file is not a database" in capsys.readouterr().err


def test_the_command_tells_by_its_exit_status(filled, capsys):
    assert main(["check", "--database", f"sqlite:///{filled}"]) == 0
    assert "3 sessions" in (said := capsys.readouterr().out)
    assert said.endswith("The store is whole.\n")
    damaged(filled, "DELETE FROM events WHERE position = 9")
    assert main(["check", "--database", f"sqlite:///{filled}"]) == 1
    assert "session 9" in capsys.readouterr().out
