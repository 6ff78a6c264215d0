"""How a client of JSON-RPC asks: what the conformance kit sends of itself, for every operation of every API."""

from collections.abc import Iterator

from gateway.spi import JSON, Api, Headers, Operation, Tree, WireRequest


def ask(api: Api, operation: Operation, tree: Tree) -> Iterator[WireRequest]:
    """The call of an operation, alone and as a batch of one."""
    method, params = f"{api.name}.{operation.name}", JSON.encode(tree, operation.request)
    call = b'{"jsonrpc":"2.0","method":"%s","params":%s,"id":1}' % (method.encode(), params)
    for body in (call, b"[%s]" % call):
        headers = Headers([("Content-Type", "application/json"), ("Content-Length", str(len(body)))])
        yield WireRequest("POST", "/jsonrpc", headers=headers, body=body, raw_path="/jsonrpc")
