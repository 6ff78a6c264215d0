"""Masking of credentials in what is kept of a request: declared ones, its header's, and what is called like one."""

import json
import re
from collections.abc import Iterable

from gateway.commands import plain
from gateway.wire import WireRequest
from gateway.work import RawRequest
from schemas.message import Message, Tree, credentials, redact

MASK = "***"
_MASK = MASK.encode()


def raw_request(request: WireRequest, message: Message, tree: Tree, *, part: bool = False) -> RawRequest:
    """The request to keep: every declared credential reads ``***``. One ``part`` of a list is kept without the others,
    as the decoded tree.

    A value that does not stand literally in body or target (it was escaped, or cut by a comment) cannot be masked in
    place; then the decoded tree is kept instead, as JSON.
    """
    target, body = _target(request), request.body
    secrets = [value for value in credentials(message, tree) if value]
    found = None if part else _in_place(target, body, secrets)
    if found is not None:
        return _masked_strays(request, *found)
    body = json.dumps(redact(message, plain(tree), MASK), ensure_ascii=False).encode("utf-8", "surrogatepass")
    return _masked_strays(request, request.raw_path or request.path, body, "tree")


def _in_place(target: str, body: bytes, secrets: Iterable[str]) -> tuple[str, bytes] | None:
    """Target and body, each secret masked where it stands; None when one stands in neither."""
    shown, kept = target, body
    for secret in secrets:
        encoded = secret.encode("utf-8", "surrogatepass")
        if body.find(encoded) < 0 and secret not in target:
            return None
        shown, kept = shown.replace(secret, MASK), kept.replace(encoded, _MASK)
    return shown, kept


def _masked_strays(request: WireRequest, target: str, body: bytes, form: str = "bytes") -> RawRequest:
    """The request, with what is secret in places where it does not belong masked, too: the header's credential when it
    is repeated, and whatever is called a password or the like, such as the one of WS-Security."""
    shown = request.headers.get("authorization", "").rpartition(" ")[2]
    if len(shown) >= SHORTEST:
        target, body = target.replace(shown, MASK), body.replace(shown.encode("latin-1", "replace"), _MASK)
    if request.query:
        target = _IN_QUERY.sub(rf"\1{MASK}", target)
    if _is_suspect(body):
        for pattern in _IN_BODY:
            body = pattern.sub(rb"\1" + _MASK, body)
    return RawRequest(request.method, target, request.headers.get("content-type", ""), body, form)


def _is_suspect(body: bytes) -> bool:
    """Whether a search for names is worth its time. Written out, since a loop takes four times as long; by ``find``,
    since ``in`` takes its left side for a number first, and makes an exception of that."""
    find = body.find
    return (
        find(b"assw") >= 0
        or find(b"ASSWORD") >= 0
        or find(b"ecret") >= 0
        or (find(b"_") >= 0 and (find(b"ccess_t") >= 0 or find(b"pi_k") >= 0))
        or find(b"ccessT") >= 0
        or find(b"piK") >= 0
    )


SHORTEST = 8
"""A text in the header below this length is no secret, and could be a word of the request."""
_NAME = "(?:password|passwd|secret|access_?token|api_?key)"
_IN_QUERY = re.compile(
    rf"((?:[?&])[^=&]{{0,64}}(?:{_NAME}|token|authorization|signature)[^=&]{{0,64}}=)[^&]+", re.IGNORECASE
)
# Bounded, so that no body makes them slow. The name is any that holds one of those words.
_IN_BODY = tuple(
    re.compile(pattern.replace("NAME", _NAME).encode(), re.IGNORECASE)
    for pattern in (
        r'("[^"]{0,64}NAME[^"]{0,64}"\s{0,9}:\s{0,9}")(?:[^"\\]|\\.)+',
        r"(<[\w.:-]{0,64}NAME[\w.:-]{0,64}(?:\s[^<>]{0,999})?>)[^<]+",
    )
)


def _target(request: WireRequest) -> str:
    path = request.raw_path or request.path
    return f"{path}?{request.query}" if request.query else path
