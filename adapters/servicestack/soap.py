"""SOAP as ServiceStack speaks it: dispatch by the Action header of August 2004, and never a soap:Fault."""

import re
from dataclasses import replace
from datetime import UTC

from adapters.codecs.datacontract import DataContract
from adapters.codecs.jsv import read_text
from adapters.codecs.soap import SOAP_11, SOAP_12, Envelope, local, open_envelope, sniff, text_of
from adapters.protocol import Decoded, Exchange
from adapters.servicestack.binding import Pairs
from adapters.servicestack.errors import SERIALIZATION, unknown_operation
from adapters.servicestack.formats import XML
from adapters.servicestack.reply import Reply, SoapReply
from adapters.servicestack.routes import Offered, Target
from gateway.limits import Limits
from gateway.outcome import Fault, FaultKind
from schemas.message import Message, Tree

ADDRESSING = "http://schemas.xmlsoap.org/ws/2004/08/addressing"
_ACTION = f"{{{ADDRESSING}}}Action"
_ACTION_PARAMETER = re.compile(r';\s*action\s*=\s*"?([^";\s]+)"?', re.IGNORECASE)
_SAFE_TYPE = re.compile(r"[\x20-\x7e]{1,300}")


def open_envelope_exchange(exchange: Exchange, target: Target, query: Pairs) -> Exchange:
    """The exchange of a SOAP request; its envelope is parsed here, since only it names the operation."""
    request = exchange.request
    try:
        envelope = open_envelope(request.body, target.limits)
    except Fault as fault:
        version = sniff(request.body) or (SOAP_12 if target.kind == "soap12" else SOAP_11)
        broken = SoapReply(version.namespace, _plain_type(version.namespace))
        return replace(exchange, reply=_reply(query, broken, "", _broken(fault)))
    action, name = _operation_name(envelope, request.headers.get("content-type", ""), target)
    found = target.table.get(name.lower()) or _by_message(name, request.headers.get("soapaction", ""), target)
    media_type = _media_type(request.headers.get("content-type", ""), envelope)
    soap = SoapReply(envelope.version.namespace, media_type, action, envelope)
    reply = _reply(query, soap, name, None if found else unknown_operation(name))
    if found is None:
        return replace(exchange, reply=reply)
    return replace(exchange, api=found.api, operation=found.operation, native=found.native, reply=reply)


def _reply(query: Pairs, soap: SoapReply, name: str, pending: Fault | None) -> Reply:
    return Reply("soap", XML, soap.media_type, "POST", name, XML, query, pending=pending, soap=soap)


def _broken(fault: Fault) -> Fault:
    return fault if fault.kind is FaultKind.TOO_LARGE else Fault(fault.kind, fault.message, code=SERIALIZATION)


def _operation_name(envelope: Envelope, content_type: str, target: Target) -> tuple[bool, str]:
    """Whether the 2004/08 Action header is there, and the operation's name."""
    header = next((element for element in envelope.header if element.tag == _ACTION), None)
    parameter = _ACTION_PARAMETER.search(content_type)
    if parameter is not None:
        name = parameter[1].rpartition("/")[2]
        if name.lower() in target.table:
            return header is not None, name
    if header is not None:
        return True, (text_of(header) or "").strip()
    return False, local(envelope.body[0]) if envelope.body else ""


def _by_message(name: str, soap_action: str, target: Target) -> Offered | None:
    """The operation whose request is called ``name``: it is all that a client knows which was made from the WSDL. Where
    several operations have one message, SOAPAction tells them apart."""
    wanted = name.lower()
    found = [item for item in target.table.values() if item.operation.request.name.lower() == wanted]
    action = soap_action.strip(' "').rpartition("/")[2].lower()
    named = [item for item in found if item.operation.name.lower() == action]
    return found[0] if len(found) == 1 else named[0] if named else None


def _plain_type(namespace: str) -> str:
    return "application/soap+xml" if namespace == SOAP_12.namespace else SOAP_11.media_type


def _media_type(content_type: str, envelope: Envelope) -> str:
    """The request's own type, its action turned into the answer's, else that of the SOAP version."""
    parameter = _ACTION_PARAMETER.search(content_type)
    if parameter is None or not _SAFE_TYPE.fullmatch(content_type):
        return _plain_type(envelope.version.namespace)
    return content_type[: parameter.end(1)] + "Response" + content_type[parameter.end(1) :]


def read_envelope(exchange: Exchange, message: Message, limits: Limits, codec: DataContract) -> Decoded:
    """The tree of the Body's first child. Raises a Fault in the words of the recorded server."""
    try:
        envelope = exchange.reply.soap.envelope
        if not envelope.body:
            raise Fault(FaultKind.MALFORMED, "The Body of the envelope is empty.")
        decoded = codec.read_element(envelope.body[0], message, limits)
    except Fault as fault:
        if fault.kind is FaultKind.TOO_LARGE:
            raise
        text = f"3) Error trying to deserialize requestType: {message.clr_name or message.name}: {fault.message}"
        raise Fault(fault.kind, text, code=SERIALIZATION, log=fault.log) from None
    header = _header_members(envelope, message, limits)
    return replace(decoded, tree={**header, **decoded.tree}, notes=(*envelope.notes, *decoded.notes))


def _header_members(envelope: Envelope, message: Message, limits: Limits) -> Tree:
    """Members that the API has in the Header of an envelope, found there by name."""
    texts = envelope.header_texts()
    tree: Tree = {}
    for member in message.members:
        if member.part == "header" and texts.get(member.name):
            value, fits = read_text(texts[member.name], member, UTC, limits)
            if fits:
                tree[member.key] = value
    return tree


def write_envelope(soap: SoapReply, called: str, tree: Tree | None, message: Message, codec: DataContract) -> bytes:
    """The envelope of an answer; it has an Action header only if the request had one."""
    body = codec.write_element(tree, message, 3)
    addressing = f' xmlns:a="{ADDRESSING}"' if soap.action else ""
    action = f'<s:Header><a:Action s:mustUnderstand="1">{_name(called)}Response</a:Action></s:Header>'
    header = action if soap.action else ""
    start = f'<?xml version="1.0" encoding="utf-8"?><s:Envelope{addressing} xmlns:s="{soap.namespace}">'
    bom = "\ufeff" if codec.bom else ""
    return f"{bom}{start}{header}<s:Body>{body}</s:Body></s:Envelope>".encode()


def _name(called: str) -> str:
    return re.sub(r"[^\w.:/-]", "", called)
