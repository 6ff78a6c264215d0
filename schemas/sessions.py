"""The gateway's own API: every session and event of the caller's tenant, in the canonical model's own names."""

from collections.abc import Mapping

from adapters.soapstyle import SoapStyle
from gateway.spi import (
    Api,
    ApiPlugin,
    FaultKind,
    FaultTable,
    Feed,
    Native,
    Operation,
    Presented,
    Route,
    Settings,
    WireRequest,
    message_of,
)
from schemas import sessions_answers as answers
from schemas import sessions_cloudevents as cloudevents
from schemas import sessions_commands as commands
from schemas import sessions_messages as messages
from schemas.bearer import bearer

READ = "sessions:read"
WRITE = "sessions:write"


def header(request: WireRequest, path: Mapping[str, str]) -> Presented | None:
    """The key of ``Authorization: Bearer``: one of a tenant, or the operator token."""
    key = bearer(request)
    return Presented("key", key) if key else None


FAULTS: FaultTable = {
    FaultKind.MALFORMED: Native(400, "malformed"),
    FaultKind.UNSUPPORTED_MEDIA: Native(415, "unsupported_media"),
    FaultKind.NOT_FOUND_ROUTE: Native(404, "not_found_route"),
    FaultKind.METHOD_NOT_ALLOWED: Native(405, "method_not_allowed"),
    FaultKind.INVALID: Native(400, "invalid"),
    FaultKind.UNAUTHENTICATED: Native(401, "unauthenticated"),
    FaultKind.FORBIDDEN: Native(403, "forbidden"),
    FaultKind.LOCKED_OUT: Native(429, "locked_out"),
    FaultKind.NOT_FOUND: Native(404, "not_found"),
    FaultKind.EXPIRED: Native(410, "expired"),
    FaultKind.INVALID_TRANSITION: Native(409, "invalid_transition"),
    FaultKind.CONFLICT: Native(409, "conflict"),
    FaultKind.PRECONDITION_FAILED: Native(412, "precondition_failed"),
    FaultKind.UNSUPPORTED: Native(501, "unsupported"),
    FaultKind.TOO_LARGE: Native(413, "too_large"),
    FaultKind.TIMEOUT: Native(504, "timeout"),
    FaultKind.BUSY: Native(503, "busy"),
    FaultKind.STORE_UNAVAILABLE: Native(503, "store_unavailable"),
    FaultKind.INTERNAL: Native(500, "internal"),
}
"""Each kind under its own name, with the HTTP status that says the same."""

SESSION = message_of(messages.SessionView)
EVENT = message_of(messages.EventView)
EVENTS = message_of(messages.EventPage)
FEED = Feed(EVENT, items=lambda tree: tree["items"], id=lambda item: str(item["position"]))
"""A follower of events goes on after the position of the last one it got."""

READS = (
    Operation(
        name="ListSessions",
        request=message_of(messages.SessionQuery),
        answer=message_of(messages.SessionPage),
        command=commands.list_sessions,
        present=answers.show_sessions,
        routes=(Route("GET", "/v1/sessions"),),
        writes=False,
        scope=READ,
        doc="Sessions, newest first unless asked otherwise.",
    ),
    Operation(
        name="ReadSession",
        request=message_of(messages.SessionPath),
        answer=SESSION,
        command=commands.read_session,
        present=answers.show_session,
        routes=(Route("GET", "/v1/sessions/{uid}"),),
        writes=False,
        scope=READ,
        doc="One session.",
    ),
    Operation(
        name="ListSessionEvents",
        request=message_of(messages.SessionEventsQuery),
        answer=EVENTS,
        command=commands.list_events,
        present=answers.show_events,
        routes=(Route("GET", "/v1/sessions/{uid}/events"),),
        writes=False,
        scope=READ,
        forms=(cloudevents.FORM,),
        feed=FEED,
        doc="The events of one session, in order.",
    ),
    Operation(
        name="ListEvents",
        request=message_of(messages.EventQuery),
        answer=EVENTS,
        command=commands.list_events,
        present=answers.show_events,
        routes=(Route("GET", "/v1/events"),),
        writes=False,
        scope=READ,
        forms=(cloudevents.FORM,),
        feed=FEED,
        doc="Events of all sessions, in order.",
    ),
)

WRITES = (
    Operation(
        name="OpenSession",
        request=message_of(messages.OpenSession),
        answer=SESSION,
        command=commands.open_session,
        present=answers.show_opened,
        routes=(Route("POST", "/v1/sessions"),),
        check=commands.check,
        scope=WRITE,
        status=201,
        doc="Make a session.",
    ),
    Operation(
        name="ChangeSession",
        request=message_of(messages.ChangeSession),
        answer=SESSION,
        command=commands.change_session,
        present=answers.show_session,
        routes=(Route("PATCH", "/v1/sessions/{uid}"),),
        check=commands.check,
        scope=WRITE,
        doc="Change a session: absent stays, null clears.",
    ),
    Operation(
        name="EndSession",
        request=message_of(messages.EndSession),
        answer=SESSION,
        command=commands.end_session,
        present=answers.show_session,
        routes=(Route("POST", "/v1/sessions/{uid}/end"),),
        check=commands.check_end,
        scope=WRITE,
        doc="End a session.",
    ),
    Operation(
        name="AppendEvent",
        request=message_of(messages.AppendEvent),
        answer=EVENT,
        command=commands.append_event,
        present=answers.show_appended,
        routes=(Route("POST", "/v1/events"),),
        check=commands.check,
        scope=WRITE,
        status=201,
        batch=True,
        forms=(cloudevents.FORM,),
        doc="Append one event, or a list of events: all of them or none.",
    ),
)


SOAP = SoapStyle(path="/v1/soap", wrapped=True, wsdl="sessions.wsdl")
"""The same operations over SOAP; the description is made before a release and served as it is."""


def build(settings: Settings) -> Api:
    """The API; it has no settings."""
    return Api(
        name=commands.NAME,
        title="Session gateway",
        native=("rest", "soap"),
        prefixes=("/v1",),
        operations=(*READS, *WRITES),
        faults=FAULTS,
        header=header,
        options={"openapi": "/v1/openapi.json", "soap": SOAP},
        doc="Sessions and events of every API, in one form.",
    )


PLUGIN = ApiPlugin(commands.NAME, build)
