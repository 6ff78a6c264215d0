"""WS-Addressing 1.0, as far as a SOAP client over plain HTTP needs it: .NET's WSHttpBinding demands it of answers."""

from adapters.codecs.soap import Envelope, Version, local, namespace, open_envelope, text
from adapters.soapstyle import ADDRESSING
from gateway.limits import Limits
from gateway.outcome import Fault

FAULT = f"{ADDRESSING}/soap/fault"
"""The action of every fault that WS-Addressing itself does not define."""


def addressed(envelope: Envelope) -> dict[str, str]:
    """The texts of the envelope's addressing headers by local name; the first of one name wins."""
    found: dict[str, str] = {}
    for block in envelope.header:
        if namespace(block) == ADDRESSING:
            found.setdefault(local(block), (block.text or "").strip())
    return found


def answer_header(body: bytes, version: Version, *, failed: bool = False) -> str:
    """The Header blocks of the answer to ``body``: its action and the message that it answers; empty when that request
    did not use addressing."""
    if ADDRESSING.encode() not in body:
        return ""
    try:
        # It was decoded before with the limits in force; here only its size bounds the work.
        headers = addressed(open_envelope(body, Limits(body_bytes=len(body), elements=len(body))))
    except Fault:
        return ""
    if "Action" not in headers:
        return ""
    action = FAULT if failed else f"{headers['Action']}Response"
    must = f'xmlns:s="{version.namespace}" s:mustUnderstand="1"'
    blocks = f'<a:Action xmlns:a="{ADDRESSING}" {must}>{text(action)}</a:Action>'
    if "MessageID" in headers:
        blocks += f'<a:RelatesTo xmlns:a="{ADDRESSING}">{text(headers["MessageID"])}</a:RelatesTo>'
    return blocks
