"""The OpenAPI document of the own API tells the truth: schemathesis asks the whole gateway whatever it allows."""

import json
import uuid
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from schemathesis import GenerationMode
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    ignored_auth,
    negative_data_rejection,
    response_headers_conformance,
    response_schema_conformance,
    status_code_conformance,
    unsupported_method,
)
from werkzeug.test import Client

from adapters import openapi
from gateway import boot
from gateway.credentials import Credential, key_verifier
from gateway.settings import Settings
from gateway.web.wsgi import WsgiDoor
from schemas.sessions import PLUGIN

CHECKS = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
    unsupported_method,
    ignored_auth,
    negative_data_rejection,
]
EXAMPLES = 15
KEY = "a-key-of-the-document-test"
ROOT = Path(__file__).parent.parent.parent
API = PLUGIN.build(Settings({}))
DOCUMENT = openapi.document(API)


@pytest.fixture(scope="module")
def app(tmp_path_factory: pytest.TempPathFactory) -> Iterator[WsgiDoor]:
    database = tmp_path_factory.mktemp("document") / "gateway.db"
    gateway = boot.assemble(
        boot.load_settings(environment={}, flags={"database": f"sqlite:///{database}"}), watch=False
    )
    scopes = ("sessions:read", "sessions:write")
    at = datetime(2026, 1, 1, tzinfo=UTC)
    gateway.store.add_credential(
        Credential(uuid.uuid4(), "sessions", "key", key_verifier(KEY), at, tenant="demo", scopes=scopes)
    )
    gateway.reload_credentials()
    yield WsgiDoor(gateway)
    gateway.close()


@pytest.fixture(scope="module")
def document(app: WsgiDoor):
    return schemathesis.openapi.from_wsgi("/v1/openapi.json", app)


ROUTES = [(route.method, route.path) for operation in API.operations for route in operation.routes]


@pytest.mark.parametrize("mode", [GenerationMode.POSITIVE, GenerationMode.NEGATIVE], ids=lambda mode: mode.value)
@pytest.mark.parametrize(("method", "path"), ROUTES)
def test_every_operation_answers_as_the_document_says(document, method: str, path: str, mode: GenerationMode) -> None:
    @given(case=document[path][method].as_strategy(generation_mode=mode))
    @settings(
        max_examples=EXAMPLES,
        deadline=None,
        derandomize=True,
        database=None,
        phases=[Phase.explicit, Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    def ask(case: schemathesis.Case) -> None:
        case.call_and_validate(headers={"Authorization": f"Bearer {KEY}"}, checks=CHECKS)

    ask()


def test_the_document_has_every_route_and_no_other() -> None:
    declared = {
        (route.method.lower(), route.path): operation.name for operation in API.operations for route in operation.routes
    }
    documented = {
        (method, path): entry["operationId"]
        for path, entries in DOCUMENT["paths"].items()
        for method, entry in entries.items()
    }
    assert documented == declared
    assert all(path.startswith("/v1/") for _, path in documented)


def test_the_manual_names_every_route_and_every_problem() -> None:
    text = (ROOT / "docs" / "apis" / "sessions.rst").read_text(encoding="utf-8")
    for operation in API.operations:
        for route in operation.routes:
            assert f"``{route.path}``" in text
            assert operation.name in text
    for kind in API.faults:
        assert f"``{kind.value}``" in text


def test_the_document_is_json_and_every_reference_leads_somewhere() -> None:
    text = json.dumps(DOCUMENT)
    for part in text.split('"#/components/schemas/')[1:]:
        assert part.split('"')[0] in DOCUMENT["components"]["schemas"]
    assert DOCUMENT["openapi"].startswith("3.1.")


def test_every_write_takes_an_idempotency_key_and_every_change_a_precondition() -> None:
    for path, entries in DOCUMENT["paths"].items():
        for method, entry in entries.items():
            names = {parameter["name"] for parameter in entry["parameters"]}
            assert ("Idempotency-Key" in names) is (method != "get")
            assert ("If-Match" in names) is (method != "get" and "{uid}" in path)


def test_the_page_for_people_shows_every_operation_and_message(app: WsgiDoor) -> None:
    page = Client(app).get("/docs")
    assert page.status_code == 200
    text = page.get_data(as_text=True)
    for operation in API.operations:
        assert f'id="{operation.name}"' in text
    for name in DOCUMENT["components"]["schemas"]:
        assert f'<h3 id="{name}">' in text
    assert 'list of <a href="#SessionEvent">SessionEvent</a>' in text
    assert "<script" not in text
    assert "undefined" not in text.lower()
