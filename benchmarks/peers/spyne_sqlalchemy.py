"""spyne with SQLAlchemy on SQLite: the workstation's end of a session, and a login and logout, over SOAP."""

import hashlib
import json
import os
import secrets
from datetime import UTC, datetime
from typing import Any

from spyne import Application, Array, ComplexModel, Fault, ServiceBase, Unicode, rpc
from spyne.protocol.soap import Soap11
from spyne.server.wsgi import WsgiApplication
from sqlalchemy import JSON, DateTime, LargeBinary, String, create_engine, event
from sqlalchemy.orm import DeclarativeBase, Mapped, Session, mapped_column, sessionmaker
from sqlalchemy.schema import CreateTable

KEYS = {("170200123", hashlib.sha256(b"467512342123").digest()): "demo"}
NAMESPACE = "http://peers.example/sessions"


class Base(DeclarativeBase):
    """All tables."""


class SessionRow(Base):
    """One session as of its latest event."""

    __tablename__ = "sessions"
    id: Mapped[str] = mapped_column(String, primary_key=True)
    state: Mapped[str] = mapped_column(String)


class EventRow(Base):
    """One event; ``key`` makes a repeated one known."""

    __tablename__ = "events"
    id: Mapped[int] = mapped_column(primary_key=True, autoincrement=True)
    key: Mapped[bytes] = mapped_column(LargeBinary, unique=True)
    recorded_at: Mapped[datetime] = mapped_column(DateTime)
    body: Mapped[Any] = mapped_column(JSON)


engine = create_engine(f"sqlite:///{os.environ['DATABASE']}", connect_args={"timeout": 30})


@event.listens_for(engine, "connect")
def _durable(connection: Any, _: Any) -> None:
    connection.execute("PRAGMA journal_mode=WAL")
    connection.execute("PRAGMA synchronous=FULL")


with engine.begin() as first:
    for table in Base.metadata.tables.values():
        first.execute(CreateTable(table, if_not_exists=True))
Database = sessionmaker(engine)


class ApplicationUsed(ComplexModel):
    """One application."""

    __namespace__ = NAMESPACE
    ApplicationType = Unicode
    Duration = Unicode
    Name = Unicode(min_occurs=1)
    OperatingMode = Unicode
    OwnSoftwareLicenseUsed = Unicode
    ServicePack = Unicode
    SoftwareId = Unicode
    SoftwareVersion = Unicode


def _keep(database: Session, key: str, body: Any) -> None:
    database.add(
        EventRow(
            key=hashlib.sha256(key.encode()).digest(), recorded_at=datetime.now(UTC).replace(tzinfo=None), body=body
        )
    )


class Sessions(ServiceBase):
    """The operations."""

    @rpc(Unicode, Unicode, Unicode, Unicode, Unicode, Array(ApplicationUsed), _returns=Unicode)
    def SessionEnd(ctx: Any, Id: str, Key: str, Email: str, CurrentDate: str, Index: str, Uses: Any) -> str:
        """Keep the end of a session."""
        if (Id, hashlib.sha256((Key or "").encode()).digest()) not in KEYS:
            raise Fault("Client.Authentication", "wrong credentials")
        if not Email or not Uses:
            raise Fault("Client.Validation", "Email and Uses are required")
        uses = [{name: getattr(use, name) for name in ApplicationUsed._type_info} for use in Uses]
        body = {"Email": Email, "CurrentDate": CurrentDate, "Index": Index, "Uses": uses}
        with Database.begin() as database:
            _keep(database, json.dumps(body), body)
        return "00"

    @rpc(Unicode, Unicode, _returns=Unicode)
    def SWServiceLogin(ctx: Any, serviceuser: str, password: str) -> str:
        """Open a session."""
        if (serviceuser, password) != ("demo", "demo"):
            raise Fault("Client.Authentication", "wrong credentials")
        uid = secrets.token_hex(16)
        with Database.begin() as database:
            database.add(SessionRow(id=uid, state="open"))
            _keep(database, f"login {uid}", {"user": serviceuser})
        return uid

    @rpc(Unicode, _returns=Unicode)
    def SWServiceLogout(ctx: Any, sessionid: str) -> str:
        """Close a session."""
        with Database.begin() as database:
            found = database.get(SessionRow, sessionid)
            if found is None or found.state != "open":
                raise Fault("Client.Session", "no such session")
            found.state = "closed"
            _keep(database, f"logout {sessionid}", {"id": sessionid})
        return "Logged out"


soap = WsgiApplication(Application([Sessions], NAMESPACE, in_protocol=Soap11(validator="lxml"), out_protocol=Soap11()))


def app(environ: Any, start: Any) -> Any:
    """The service; any GET is the harness's question whether it is there."""
    if environ["REQUEST_METHOD"] == "GET":
        start("200 OK", [("Content-Type", "text/plain")])
        return [b"ok"]
    return soap(environ, start)
