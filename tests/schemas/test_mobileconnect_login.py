"""MobileConnect's login: what opens a session, and what its caller is told."""

from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest

from gateway.model import Device, EventKind, Principal, State, Subject, subject_uid
from gateway.outcome import Fault, FaultKind, Outcome
from gateway.settings import load
from schemas.api import Asked, Context, Presented
from schemas.message import redact
from schemas.mobileconnect import PLUGIN

NOW = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)
SECRET = "0123456789abcdef0123456789abcdef"
CONTEXT = Context(Principal("pair:anne", "mobileconnect", "north"), NOW, SECRET)
LOGIN = {"UserName": "anne", "Password": "secret", "DeviceSerialNumber": "PDA-7", "IncludeUserData": True}


def api_of(**flags):
    return PLUGIN.build(load(PLUGIN.settings, flags={f"mobileconnect.{name}": value for name, value in flags.items()}))


OPERATION = api_of().operation("UserLoginRequest")


def test_a_login_opens_a_session_of_the_user_on_the_device():
    write = OPERATION.command(LOGIN, CONTEXT).command
    assert (write.kind, write.grants, write.find) == (EventKind.OPENED, True, None)
    assert write.changes == {
        "state": State.OPEN,
        "started_at": NOW,
        "subject": Subject(uid=subject_uid("north", "anne"), user_id="anne"),
        "device": Device(serial="PDA-7"),
        "attributes": {"IncludeUserData": True},
    }


def test_neither_secret_is_part_of_the_write_or_of_what_is_kept():
    tree = {**LOGIN, "PasswordHash": "hash"}
    assert "secret" not in str(OPERATION.command(tree, CONTEXT).command)
    kept = redact(OPERATION.request, tree)
    assert (kept["Password"], kept["PasswordHash"], kept["UserName"]) == ("***", "***", "anne")


@pytest.mark.parametrize(
    ("tree", "shown"),
    [
        (LOGIN, Presented("pair", "secret", "anne")),
        ({**LOGIN, "Password": None, "PasswordHash": "hash"}, Presented("pair", "hash", "anne")),
        ({**LOGIN, "PasswordHash": "hash"}, Presented("pair", "secret", "anne")),
        ({**LOGIN, "Password": ""}, None),
        ({"Password": "secret"}, None),
        ({}, None),
    ],
)
def test_the_credentials_are_name_and_password(tree, shown):
    assert OPERATION.credentials(tree) == shown


def test_the_session_uid_is_the_secret_as_a_guid():
    answer = OPERATION.present(Outcome(), Asked(LOGIN, CONTEXT))
    OPERATION.answer.check(answer.tree)
    assert answer.tree["SessionUid"] == UUID(SECRET)
    assert (answer.tree["Result"], answer.tree["ServerErrorDetails"]) == ("Success", None)


@pytest.mark.parametrize("kind", [kind for kind in FaultKind if kind in (FaultKind.UNAUTHENTICATED, FaultKind.BUSY)])
def test_an_error_is_told_without_a_session_uid(kind):
    row = OPERATION.in_band
    tree = row.tree(Fault(kind), None)
    row.message.check(tree)
    assert (row.status, tree["SessionUid"], tree["Result"]) == (200, UUID(int=0), "Failure")
    text = tree["ServerErrorDetails"]["Description"]
    assert ("password" in text) is (kind is FaultKind.UNAUTHENTICATED)


def test_the_namespace_is_a_setting_for_both_messages():
    operation = api_of(login_namespace="urn:spirit").operation("UserLoginRequest")
    for message, key in ((operation.request, "UserName"), (operation.answer, "SessionUid")):
        assert (message.namespace, message.by_key[key].namespace) == ("urn:spirit", "urn:spirit")
    assert operation.request.by_key["DeviceSerialNumber"].namespace == "http://schemas.servicestack.net/types"


def test_how_long_a_session_uid_lasts_is_a_setting():
    assert api_of().operation("UserClientSessionLogRequest").lifetime is None
    lasting = api_of(session_lifetime=90).operation("UserClientSessionLogRequest")
    assert lasting.lifetime == timedelta(seconds=90)
