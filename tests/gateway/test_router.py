"""Routing: which endpoint a path means, and whose dialect refuses an unknown one."""

from types import SimpleNamespace
from typing import Any

import pytest

from adapters.protocol import Conflict, Endpoint, Match
from gateway.router import Miss, Router
from gateway.wire import WireRequest

PROTOCOL: Any = SimpleNamespace(name="rest")


def api(name: str, *prefixes: str) -> Any:
    return SimpleNamespace(name=name, prefixes=prefixes)


def endpoint(path: str, *methods: str, **options: Any) -> Endpoint:
    return Endpoint(PROTOCOL, path, frozenset(methods) or None, **options)


def ask(router: Router, method: str, path: str) -> Match | Miss:
    return router.match(WireRequest(method, path, raw_path=path))


def found(result: Match | Miss) -> tuple[str, dict[str, str]]:
    assert isinstance(result, Match)
    return result.endpoint.path, dict(result.path)


def test_a_literal_path_beats_a_template() -> None:
    router = Router([endpoint("/v1/{uid}", "GET"), endpoint("/v1/events", "GET")], [])
    assert found(ask(router, "GET", "/v1/events")) == ("/v1/events", {})
    assert found(ask(router, "GET", "/v1/x")) == ("/v1/{uid}", {"uid": "x"})


def test_a_template_serves_the_method_that_the_literal_path_lacks() -> None:
    router = Router([endpoint("/v1/{uid}", "DELETE"), endpoint("/v1/events", "GET")], [])
    assert found(ask(router, "DELETE", "/v1/events")) == ("/v1/{uid}", {"uid": "events"})


def test_path_values_are_percent_decoded_and_may_hold_a_slash() -> None:
    router = Router([endpoint("/devices/{id}/sessions", "GET")], [])
    assert found(ask(router, "GET", "/devices/a%2Fb%20c/sessions"))[1] == {"id": "a/b c"}


def test_dotnet_paths_match_in_any_case_with_any_slashes() -> None:
    router = Router([endpoint("/sites/{company}/api/post", "POST", ignore_case=True)], [])
    assert found(ask(router, "POST", "/Sites/Acme//API/Post/"))[1] == {"company": "Acme"}


def test_other_paths_are_exact() -> None:
    router = Router([endpoint("/v1/events", "GET")], [])
    assert isinstance(ask(router, "GET", "/V1/events"), Miss)
    assert isinstance(ask(router, "GET", "/v1/events/"), Miss)


def test_the_rest_of_a_path_is_taken_whole() -> None:
    router = Router([endpoint("/xml/reply/{name*}", ignore_case=True)], [])
    assert found(ask(router, "FOO", "/xml/reply/X/extra"))[1] == {"name": "X/extra"}


def test_a_known_path_with_a_wrong_method_names_the_right_ones() -> None:
    router = Router([endpoint("/a", "POST"), endpoint("/a", "PUT")], [])
    result = ask(router, "GET", "/a")
    assert isinstance(result, Miss)
    assert result.allow == ("POST", "PUT")


def test_the_longest_prefix_owns_an_unknown_path() -> None:
    short, long = api("short", "/api"), api("long", "/api/v1/workstation")
    router = Router([], [short, long])
    assert router.owner("/API/v1/Workstation/nope") is long
    assert router.owner("/api/v1") is short
    assert router.owner("/apiary") is None


def test_two_owners_of_one_path_stop_the_boot() -> None:
    with pytest.raises(Conflict, match=r"/a is claimed by first over rest and by second over rest"):
        Router([endpoint("/a", "GET", api=api("second")), endpoint("/a", "GET", api=api("first"))], [])
