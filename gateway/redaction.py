"""Masking of declared credentials in what is kept of a request."""

import json
from collections.abc import Iterable

from gateway.commands import plain
from gateway.wire import WireRequest
from gateway.work import RawRequest
from schemas.message import Message, Tree, credentials, redact

MASK = "***"


def raw_request(request: WireRequest, message: Message, tree: Tree, *, part: bool = False) -> RawRequest:
    """The request to keep: every declared credential reads ``***``. One ``part`` of a list is kept without the others,
    as the decoded tree.

    A value that does not stand literally in body or target (it was escaped, or cut by a comment) cannot be masked in
    place; then the decoded tree is kept instead, as JSON.
    """
    secrets = [value for value in credentials(message, tree) if value]
    if not (secrets or part):
        return RawRequest(request.method, _target(request), request.headers.get("content-type", ""), request.body)
    path = request.raw_path or request.path
    target = _target(request)
    media_type = request.headers.get("content-type", "")
    encoded = [value.encode("utf-8", "surrogatepass") for value in secrets]
    in_place = all(value in request.body or secret in target for value, secret in zip(encoded, secrets, strict=True))
    if in_place and not part:
        return RawRequest(request.method, _without(target, secrets), media_type, _masked(request.body, encoded))
    body = json.dumps(redact(message, plain(tree), MASK), ensure_ascii=False).encode("utf-8", "surrogatepass")
    return RawRequest(request.method, path, media_type, body, "tree")


def _target(request: WireRequest) -> str:
    path = request.raw_path or request.path
    return f"{path}?{request.query}" if request.query else path


def _masked(body: bytes, secrets: Iterable[bytes]) -> bytes:
    for secret in secrets:
        body = body.replace(secret, MASK.encode())
    return body


def _without(target: str, secrets: Iterable[str]) -> str:
    for secret in secrets:
        target = target.replace(secret, MASK)
    return target
