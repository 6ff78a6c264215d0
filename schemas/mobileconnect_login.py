"""MobileConnect's login: a user's name and password open a session, whose secret is its SessionUid.

The request's members are published, in JSON; its answer, its XML namespace and the form of PasswordHash are not: see
docs/apis/mobileconnect.rst.
"""

from dataclasses import replace
from functools import partial
from uuid import UUID

from gateway.commands import Missing, Write
from gateway.model import Device, EventKind, Key, State, Subject, subject_uid
from gateway.outcome import Fault, FaultKind, Outcome
from schemas.api import Answer, Asked, Context, InBand, Mapped, Operation, Presented, Route
from schemas.fields import message_of
from schemas.message import Message, Tree
from schemas.mobileconnect_answers import Choices, bad, good, widened
from schemas.mobileconnect_messages import LOGIN, UserLoginRequest, UserLoginResponse

ROUTE = "/user/login"
WRONG = "The user name or the password is wrong."
_INCLUDES = ("IncludeAssignedRoutes", "IncludeUserData", "IncludeWebDashboardWorkFlows")


def login_operation(choices: Choices, namespace: str) -> Operation:
    """The operation; ``namespace`` is that of its two messages in XML."""
    answer = widened(_within(message_of(UserLoginResponse), namespace), choices)
    return Operation(
        "UserLoginRequest",
        _within(message_of(UserLoginRequest), namespace),
        answer,
        command=login,
        present=partial(present_login, choices),
        routes=(Route("*", ROUTE),),
        credentials=login_credentials,
        in_band=InBand(answer, partial(login_fault, choices)),
        doc=(UserLoginRequest.__doc__ or "").strip(),
    )


def _within(message: Message, namespace: str) -> Message:
    members = (
        replace(member, namespace=namespace) if member.namespace == LOGIN else member for member in message.members
    )
    return replace(message, namespace=namespace, members=tuple(members))


def login_credentials(tree: Tree) -> Presented | None:
    """User name and password; None when either is missing."""
    name, secret = tree.get("UserName"), tree.get("Password") or tree.get("PasswordHash")
    return Presented("pair", secret=secret, name=name) if name and secret else None


def login(tree: Tree, context: Context) -> Mapped:
    """Opens a session of the user on the device, now; every login opens another one."""
    tenant = context.principal.tenant if context.principal else None
    user = tree["UserName"]
    changes = {
        "state": State.OPEN,
        "started_at": context.received_at,
        "subject": Subject(uid=subject_uid(tenant, user) if tenant else None, user_id=user),
        "device": Device(serial=tree.get("DeviceSerialNumber") or None),
        "attributes": {name: tree[name] for name in _INCLUDES if tree.get(name) is not None},
    }
    key = Key("mobileconnect", "", "")
    volatile = ("started_at",)
    return Mapped(
        Write(EventKind.OPENED, key=key, missing=Missing.CREATE, changes=changes, grants=True, volatile=volatile)
    )


def present_login(choices: Choices, outcome: Outcome, asked: Asked) -> Answer:
    """The SessionUid: the session's secret, written as a GUID."""
    return Answer({"SessionUid": UUID(hex=asked.context.secret), **good(choices, asked)})


def login_fault(choices: Choices, fault: Fault, asked: Asked | None) -> Tree:
    """An answer without a SessionUid that says what went wrong."""
    text = WRONG if fault.kind in (FaultKind.UNAUTHENTICATED, FaultKind.EXPIRED) else ""
    return {"SessionUid": UUID(int=0), **bad(choices, fault, asked, text)}
