"""FastAPI with SQLAlchemy's asyncio extension on PostgreSQL: the two published REST calls, one commit a request."""

import hashlib
import os
import uuid
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from typing import Annotated, Any

from fastapi import Depends, FastAPI, Header, HTTPException
from pydantic import BaseModel
from sqlalchemy import JSON, LargeBinary, String, text
from sqlalchemy.ext.asyncio import AsyncSession, async_sessionmaker, create_async_engine
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

KEYS = {hashlib.sha256(b"3f2504e0-4f89-41d3-9a0c-0305e82c3301").digest(): "demo"}


class Base(DeclarativeBase):
    """All tables."""


class UserSession(Base):
    """One session as of its latest event."""

    __tablename__ = "sessions"
    id: Mapped[uuid.UUID] = mapped_column(primary_key=True)
    state: Mapped[str] = mapped_column(String)
    body: Mapped[Any] = mapped_column(JSON)


class Event(Base):
    """One event; ``key`` makes a repeated one known."""

    __tablename__ = "events"
    id: Mapped[int] = mapped_column(primary_key=True, autoincrement=True)
    session_id: Mapped[uuid.UUID]
    key: Mapped[bytes] = mapped_column(LargeBinary, unique=True)
    recorded_at: Mapped[datetime]
    body: Mapped[Any] = mapped_column(JSON)


engine = create_async_engine(os.environ["DATABASE"].replace("postgresql://", "postgresql+asyncpg://"), pool_size=8)
Session = async_sessionmaker(engine, expire_on_commit=False)


@asynccontextmanager
async def lifespan(_: FastAPI) -> AsyncIterator[None]:
    """Make the tables once, whichever process comes first."""
    async with engine.begin() as connection:
        await connection.execute(text("SELECT pg_advisory_xact_lock(1)"))
        await connection.run_sync(Base.metadata.create_all)
    yield
    await engine.dispose()


app = FastAPI(lifespan=lifespan)


async def session() -> AsyncIterator[AsyncSession]:
    """One database session a request."""
    async with Session() as one:
        yield one


Database = Annotated[AsyncSession, Depends(session)]


class UserSessionModel(BaseModel):
    """The body of ``api/userSession/post``."""

    UserID: uuid.UUID
    Vehicle: str | None = None
    LogInType: str
    LogInTime: str
    StartMileage: int | None = None


class UsageSessionModel(BaseModel):
    """The body of the usage session's update."""

    state: str

    def __init__(self, **values: Any) -> None:
        super().__init__(state=values.pop("_state"), **values)


@app.get("/")
async def alive() -> str:
    """The harness waits for this."""
    return "ok"


@app.post("/sites/{company}/api/userSession/post")
async def post(
    company: str, body: UserSessionModel, database: Database, authorization: Annotated[str, Header()]
) -> Any:
    """Make a session."""
    if hashlib.sha256(authorization.encode()).digest() not in KEYS:
        raise HTTPException(401)
    tree = body.model_dump(mode="json")
    row = UserSession(id=uuid.uuid4(), state="open", body=tree)
    key = hashlib.sha256(f"{company}{tree}".encode()).digest()
    database.add(row)
    database.add(Event(session_id=row.id, key=key, recorded_at=_now(), body=tree))
    await database.commit()
    return {"ID": row.id, **tree}


@app.patch("/device/v1/devices/{device}/usage-sessions/{uid}")
async def patch(
    device: str, uid: uuid.UUID, body: UsageSessionModel, database: Database, authorization: Annotated[str, Header()]
) -> Any:
    """Change a session's state."""
    if not authorization.startswith("Bearer "):
        raise HTTPException(401)
    found = await database.get(UserSession, uid)
    if found is None:
        found = UserSession(id=uid, state="ACTIVE", body={})
        database.add(found)
    found.state = body.state
    database.add(Event(session_id=uid, key=uuid.uuid4().bytes, recorded_at=_now(), body={"_state": body.state}))
    await database.commit()
    return {"_id": uid, "_device": device, "_state": found.state}


def _now() -> datetime:
    return datetime.now(UTC).replace(tzinfo=None)
