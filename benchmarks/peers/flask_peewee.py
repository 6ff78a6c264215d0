"""Flask with peewee on SQLite: the two published REST calls, one commit a request."""

import hashlib
import json
import os
import uuid
from datetime import UTC, datetime
from typing import Any

from flask import Flask, abort, jsonify, request
from peewee import BlobField, CharField, DateTimeField, Model, SqliteDatabase, TextField, UUIDField

KEYS = {hashlib.sha256(b"3f2504e0-4f89-41d3-9a0c-0305e82c3301").digest(): "demo"}
database = SqliteDatabase(os.environ["DATABASE"], pragmas={"journal_mode": "wal", "synchronous": 2}, timeout=30)


class Base(Model):
    """All tables."""

    class Meta:
        database = database


class UserSession(Base):
    """One session as of its latest event."""

    id = UUIDField(primary_key=True)
    state = CharField()
    body = TextField()

    class Meta:
        table_name = "sessions"


class Event(Base):
    """One event; ``key`` makes a repeated one known."""

    session_id = UUIDField()
    key = BlobField(unique=True)
    recorded_at = DateTimeField()
    body = TextField()

    class Meta:
        table_name = "events"


database.create_tables([UserSession, Event])
app = Flask(__name__)


@app.get("/")
def alive() -> str:
    """The harness waits for this."""
    return "ok"


@app.post("/sites/<company>/api/userSession/post")
def post(company: str) -> Any:
    """Make a session."""
    if hashlib.sha256(request.headers.get("Authorization", "").encode()).digest() not in KEYS:
        abort(401)
    tree = request.get_json()
    if not {"UserID", "LogInType", "LogInTime"} <= tree.keys():
        abort(400)
    text, uid = json.dumps(tree), uuid.uuid4()
    with database.atomic("IMMEDIATE"):
        UserSession.create(id=uid, state="open", body=text)
        key = hashlib.sha256(f"{company}{text}".encode()).digest()
        Event.create(session_id=uid, key=key, recorded_at=datetime.now(UTC), body=text)
    return jsonify({"ID": uid, **tree})


@app.patch("/device/v1/devices/<device>/usage-sessions/<uuid:uid>")
def patch(device: str, uid: uuid.UUID) -> Any:
    """Change a session's state."""
    if not request.headers.get("Authorization", "").startswith("Bearer "):
        abort(401)
    state = request.get_json()["_state"]
    with database.atomic("IMMEDIATE"):
        UserSession.insert(id=uid, state=state, body="{}").on_conflict_replace().execute()
        Event.create(session_id=uid, key=uuid.uuid4().bytes, recorded_at=datetime.now(UTC), body=state)
    return jsonify({"_id": uid, "_device": device, "_state": state})
